/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(GError **errp, int fd, const char *what, const char *name, int error)
{
    g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(error), "%s '%s': %s",
                what, name, g_strerror(error));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static int unix_socket(const char *path, struct sockaddr_un *addr, GError **errp)
{
    int fd;

    memset(addr, 0, sizeof(*addr));
    addr->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(addr->sun_path)) {
        return fail(errp, -1, "cannot use the socket", path, ENAMETOOLONG);
    }
    strcpy(addr->sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? fail(errp, -1, "cannot create the socket", path, errno) : fd;
}

/*
 * Whether a process has the socket. One that asks with a socket of another kind is told
 * so without being a client. What cannot be found out counts as being in use.
 */
static gboolean is_in_use(const struct sockaddr_un *addr)
{
    int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    gboolean unused = probe >= 0 &&
                      connect(probe, (const struct sockaddr *)addr, sizeof(*addr)) < 0 &&
                      errno == ECONNREFUSED;

    if (probe >= 0) {
        close(probe);
    }
    return !unused;
}

/* Makes room for a socket. Returns 0, or why there is none. */
static int make_room(const char *path, const struct sockaddr_un *addr)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    int error = 0;

    if (dir_fd < 0) {
        return errno;
    }
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        error = errno == ENOENT ? 0 : errno;
    } else if (!S_ISSOCK(st.st_mode)) {
        error = EEXIST;
    } else if (is_in_use(addr)) {
        error = EADDRINUSE;
    } else if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT) {
        error = errno;
    }
    close(dir_fd);
    return error;
}

void process_remove_unix(const char *path)
{
    struct sockaddr_un addr;
    int fd = unix_socket(path, &addr, NULL);

    if (fd >= 0) {
        make_room(path, &addr);
        close(fd);
    }
}

int process_listen_unix(const char *path, GError **errp)
{
    struct sockaddr_un addr;
    int fd = unix_socket(path, &addr, errp), error;

    if (fd < 0) {
        return -1;
    }
    error = make_room(path, &addr);
    if (error) {
        return fail(errp, fd, "cannot listen on", path, error);
    }
    /* The mode of a socket's name comes from the socket's inode, before bind. */
    if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        chmod(path, 0600) < 0 || listen(fd, 1) < 0) {
        return fail(errp, fd, "cannot listen on", path, errno);
    }
    return fd;
}

int process_connect_unix(const char *path, guint timeout_ms, GError **errp)
{
    /* A limit of 0 would be none. */
    struct timeval none = { 0 }, limit = {
        .tv_sec = timeout_ms / 1000,
        .tv_usec = (suseconds_t)MAX(timeout_ms % 1000, 1) * 1000,
    };
    struct sockaddr_un addr;
    int fd = unix_socket(path, &addr, errp);

    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        return fail(errp, fd, "cannot connect to", path, errno);
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none));
    return fd;
}

/*
 * Of all families: AI_ADDRCONFIG would leave out those that only loopback has, and so
 * 127.0.0.1, even as a number, where IPv6 alone is configured. What cannot be reached
 * comes last (RFC 6724, rule 1).
 */
static struct addrinfo *resolve(const char *host, guint port, int flags, GError **errp)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags };
    struct addrinfo *list = NULL;
    char service[16];
    int r;

    snprintf(service, sizeof(service), "%u", port);
    r = getaddrinfo(host, service, &hints, &list);
    if (r != 0) {
        g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "cannot resolve the address '%s': %s", host ? host : "*",
                    r == EAI_SYSTEM ? g_strerror(errno) : gai_strerror(r));
        return NULL;
    }
    return list;
}

static int listen_on(const struct addrinfo *ai, guint port, gboolean both)
{
    struct sockaddr_storage addr;
    int one = 1, only = !both, saved;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    memcpy(&addr, ai->ai_addr, ai->ai_addrlen);
    if (ai->ai_family == AF_INET6) {
        ((struct sockaddr_in6 *)&addr)->sin6_port = htons((guint16)port);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
    } else {
        ((struct sockaddr_in *)&addr)->sin_port = htons((guint16)port);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&addr, ai->ai_addrlen) == 0 && listen(fd, 1) == 0) {
        return fd;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int process_listen_tcp(const char *address, guint min, guint max, guint *port,
                       GError **errp)
{
    struct addrinfo *list = resolve(address, min, AI_PASSIVE, errp), *ai, *use;
    int fd = -1;

    if (!list) {
        return -1;
    }
    /* The wildcard of IPv6 takes IPv4 too, so prefer it where there is IPv6. */
    for (ai = list, use = list; ai && !address; ai = ai->ai_next) {
        if (ai->ai_family == AF_INET6) {
            fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (fd >= 0) {
                use = ai;
                close(fd);
            }
        }
    }
    fd = -1;
    for (guint p = min; fd < 0 && p <= max; p++) {
        fd = listen_on(use, p, address == NULL);
        *port = p;
        if (fd < 0 && errno != EADDRINUSE) {
            break;
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                    "cannot listen on '%s', ports %u to %u: %s", address ? address : "*",
                    min, max, g_strerror(errno));
    }
    return fd;
}

static int connect_one(const struct addrinfo *ai, gint64 deadline)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = 0, one = 1;
    socklen_t len = sizeof(error);

    if (fd < 0) {
        return -1;
    }
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0) {
        error = errno;
    }
    if (error == EINPROGRESS) {
        struct pollfd pfd = { .fd = fd, .events = POLLOUT };
        gint64 left = MAX(deadline - g_get_monotonic_time(), 0) / 1000;

        error = ETIMEDOUT;
        if (poll(&pfd, 1, (int)MIN(left, G_MAXINT)) > 0) {
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
        }
    }
    if (error == 0 && fcntl(fd, F_SETFL, 0) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        return fd;
    }
    close(fd);
    errno = error ? error : EIO;
    return -1;
}

int process_connect_tcp(const char *host, guint port, int timeout_ms, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    struct addrinfo *list = resolve(host, port, 0, errp);
    int fd = -1, error = 0;

    if (!list) {
        return -1;
    }
    for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next) {
        fd = connect_one(ai, deadline);
        error = error ? error : errno; /* the best address's */
    }
    freeaddrinfo(list);
    if (fd < 0) {
        g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(error),
                    "cannot connect to '%s:%u': %s", host, port, g_strerror(error));
    }
    return fd;
}
