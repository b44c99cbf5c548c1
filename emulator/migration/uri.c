/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migration/uri.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "migration/channel.h"

static gboolean parse_tcp(MigUri *out, const char *rest, GError **errp)
{
    const char *colon = strrchr(rest, ':');

    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "Migration URI 'tcp:%s' has no port", rest);
        return FALSE;
    }
    out->kind = MIG_URI_TCP;
    out->port = g_strdup(colon + 1);
    if (rest[0] == '[' && colon > rest + 1 && colon[-1] == ']') {
        out->host = g_strndup(rest + 1, colon - rest - 2);
    } else {
        out->host = g_strndup(rest, colon - rest);
    }
    return TRUE;
}

MigUri *mig_uri_parse(const char *uri, GError **errp)
{
    g_autoptr(MigUri) out = g_new0(MigUri, 1);

    if (g_str_has_prefix(uri, "tcp:")) {
        if (!parse_tcp(out, uri + 4, errp)) {
            return NULL;
        }
    } else if (g_str_has_prefix(uri, "unix:") && uri[5]) {
        out->kind = MIG_URI_UNIX;
        out->path = g_strdup(uri + 5);
        if (strlen(out->path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
            g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                        "UNIX socket path '%s' is too long", out->path);
            return NULL;
        }
    } else if (g_str_has_prefix(uri, "fd:") && uri[3]) {
        out->kind = MIG_URI_FD;
        out->path = g_strdup(uri + 3);
    } else {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "unknown migration protocol: %s", uri);
        return NULL;
    }
    return g_steal_pointer(&out);
}

void mig_uri_free(MigUri *uri)
{
    if (uri) {
        g_free(uri->host);
        g_free(uri->port);
        g_free(uri->path);
        g_free(uri);
    }
}

static int fail_errno(GError **errp, const char *what, const char *where, int fd)
{
    g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED, "Failed to %s '%s': %s",
                what, where, g_strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static int unix_socket(const MigUri *uri, gboolean listening, GError **errp)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int ret, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(addr.sun_path, uri->path, sizeof(addr.sun_path));
    if (fd < 0) {
        return fail_errno(errp, "create a socket for", uri->path, -1);
    }
    if (!listening) {
        if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
            return fail_errno(errp, "connect to", uri->path, fd);
        }
        return fd;
    }
    unlink(uri->path);
    fchmod(fd, 0600); /* the mode that bind() gives the socket's file */
    ret = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
    if (ret < 0 || chmod(uri->path, 0600) < 0 || listen(fd, 1) < 0) {
        return fail_errno(errp, "listen on", uri->path, fd);
    }
    return fd;
}

static int tcp_try(const struct addrinfo *ai, gboolean listening)
{
    int one = 1, fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    if (listening) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, 1) == 0) {
            return fd;
        }
    } else if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        return fd;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int tcp_socket(const MigUri *uri, gboolean listening, GError **errp)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    g_autofree char *where = g_strdup_printf("%s:%s", uri->host, uri->port);
    int ret, fd = -1;

    hints.ai_flags = AI_NUMERICSERV | (listening ? AI_PASSIVE : 0);
    ret = getaddrinfo(*uri->host ? uri->host : NULL, uri->port, &hints, &list);
    if (ret) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "Failed to resolve '%s': %s", where, gai_strerror(ret));
        return -1;
    }
    for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next) {
        fd = tcp_try(ai, listening);
    }
    if (fd < 0) {
        fail_errno(errp, listening ? "listen on" : "connect to", where, -1);
    }
    freeaddrinfo(list);
    return fd;
}

int mig_uri_connect(const MigUri *uri, GError **errp)
{
    return uri->kind == MIG_URI_TCP ? tcp_socket(uri, FALSE, errp)
                                    : unix_socket(uri, FALSE, errp);
}

int mig_uri_listen(const MigUri *uri, GError **errp)
{
    return uri->kind == MIG_URI_TCP ? tcp_socket(uri, TRUE, errp)
                                    : unix_socket(uri, TRUE, errp);
}
