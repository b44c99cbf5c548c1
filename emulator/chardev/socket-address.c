/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls slow: socket(0=AF_UNIX) socket(0=AF_INET) connect setsockopt bind listen
 *     getsockname fcntl close
 * #syscalls slow: socket(0=AF_INET6) -- rare: addresses of IPv6
 * #syscalls slow: getsockopt -- rare: a descriptor that is given
 * #syscalls slow: socketpair sendmsg poll read -- rare: names of hosts
 * #syscalls main: socket(0=AF_UNIX) socket(0=AF_INET) socket(0=AF_INET6) connect
 * getsockopt
 *     -- rare: reconnect
 */
#include "config.h"

#include "chardev/socket-address.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/address.h"
#include "util/created.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/resolver.h"
#include "util/tcp-port.h"

gboolean socket_address_init(SocketAddress *addr, GError **errp)
{
    addr->fd = addr->shared_fd = -1;
    if (!!addr->path + !!addr->port + !!addr->fd_text != 1 ||
        (addr->host && !addr->port)) {
        return error_set(errp, "exactly one of 'path', 'fd' and 'port' is required");
    }
    /* what begins with a letter is the name of a service */
    if (addr->port && !g_ascii_isalpha(*addr->port) &&
        !tcp_port_check(addr->port, "Parameter 'port'", errp)) {
        return FALSE;
    }
    if (addr->fd_text) {
        addr->fd = fd_claim(addr->fd_text, errp);
        return addr->fd >= 0;
    }
    return TRUE;
}

void socket_address_clear(SocketAddress *addr)
{
    if (addr->fd >= 0) {
        fd_unclaim(addr->fd, addr->fd_text); /* it was not what it should be */
        addr->fd = -1;
    }
    g_clear_pointer(&addr->made, created_remove);
}

char *socket_address_describe(const SocketAddress *addr)
{
    if (addr->path) {
        return g_strdup_printf("unix:%s", addr->path);
    }
    if (addr->port) {
        g_autofree char *bound = g_strdup_printf("%u", addr->bound_port);

        return g_strdup_printf("tcp:%s:%s", addr->host ? addr->host : "",
                               addr->bound_port ? bound : addr->port);
    }
    return g_strdup("fd");
}

static gboolean unix_address(const char *path, struct sockaddr_un *sun, GError **errp)
{
    if (strlen(path) >= sizeof(sun->sun_path)) {
        return error_set(errp, "UNIX socket path '%s' is too long", path);
    }
    sun->sun_family = AF_UNIX;
    strcpy(sun->sun_path, path);
    return TRUE;
}

static int unix_listen(SocketAddress *addr, GError **errp)
{
    struct sockaddr_un sun = { 0 };
    const char *path = addr->path;
    autofd int fd = -1;

    if (!unix_address(path, &sun, errp)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    addr->made = fd < 0 ? NULL : created_bind(fd, path);
    if (!addr->made || listen(fd, 1) < 0) {
        error_set_errno(errp, errno, "Failed to bind socket to %s", path);
        return -1;
    }
    return fd_steal(&fd);
}

static void remember_peer(SocketAddress *addr, const void *peer, socklen_t len)
{
    memcpy(&addr->peer, peer, len);
    addr->peer_len = len;
}

static int unix_connect(SocketAddress *addr, GError **errp)
{
    struct sockaddr_un sun = { 0 };
    const char *path = addr->path;
    autofd int fd = -1;

    if (!unix_address(path, &sun, errp)) {
        return -1;
    }
    remember_peer(addr, &sun, sizeof(sun));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
        error_set_errno(errp, errno, "Failed to connect to '%s'", path);
        return -1;
    }
    return fd_steal(&fd);
}

/* On a thread of its own: asks, and waits for the answer. */
static GArray *resolve_late(const SocketAddress *addr, gboolean server, GError **errp)
{
    autofd int fd = resolver_ask(addr->host, addr->port, server, errp);
    struct pollfd pfd = { .fd = fd, .events = POLLIN };

    if (fd < 0) {
        return NULL;
    }
    while (poll(&pfd, 1, -1) < 0 && errno == EINTR) {
    }
    return resolver_answer(fd, errp);
}

static GArray *resolve(const SocketAddress *addr, gboolean server, GError **errp)
{
    GArray *list = address_numeric(addr->host, addr->port, server);

    if (!list) {
        list = resolver_sealed() ? resolve_late(addr, server, errp)
                                 : resolver_here(addr->host, addr->port, server, errp);
    }
    if (!list) {
        g_prefix_error(errp, "address resolution failed for %s:%s: ",
                       addr->host ? addr->host : "", addr->port);
    }
    return list;
}

static gboolean tcp_try(int fd, const NetAddress *a, gboolean server)
{
    const struct sockaddr *sa = (const struct sockaddr *)&a->addr;
    int one = 1;

    if (!server) {
        return connect(fd, sa, a->len) == 0;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return bind(fd, sa, a->len) == 0 && listen(fd, 1) == 0;
}

static int tcp_open(SocketAddress *addr, gboolean server, GError **errp)
{
    g_autoptr(GArray) list = resolve(addr, server, errp);
    autofd int fd = -1;
    int saved = 0;

    for (guint i = 0; list && i < list->len && fd < 0; i++) {
        const NetAddress *a = &g_array_index(list, NetAddress, i);

        remember_peer(addr, &a->addr, a->len);
        fd = socket(a->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        saved = errno;
        if (fd >= 0 && !tcp_try(fd, a, server)) {
            saved = errno;
            fd_clear(&fd);
        }
    }
    if (list && fd < 0) {
        error_set_errno(errp, saved,
                        server ? "Failed to bind socket to %s:%s"
                               : "Failed to connect to '%s:%s'",
                        addr->host ? addr->host : "", addr->port);
    }
    return fd_steal(&fd);
}

static guint16 port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } addr;
    socklen_t len = sizeof(addr);

    if (getsockname(fd, &addr.any, &len) < 0) {
        return 0;
    }
    return ntohs(addr.any.sa_family == AF_INET6 ? addr.in6.sin6_port : addr.in.sin_port);
}

static int tcp_listen(SocketAddress *addr, GError **errp)
{
    int fd = tcp_open(addr, TRUE, errp);

    addr->bound_port = fd < 0 ? 0 : port_of(fd);
    return fd;
}

/* An inherited descriptor, which must be what it is said to be. */
static int take_fd(SocketAddress *addr, gboolean server, GError **errp)
{
    int listening = 0;
    socklen_t len = sizeof(listening);
    int fd = addr->fd;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0) {
        error_set_errno(errp, errno, "File descriptor '%s' is not a socket",
                        addr->fd_text);
        return -1;
    }
    if (!!listening != server) {
        error_set(errp, "File descriptor '%s' is %s listening socket", addr->fd_text,
                  server ? "not a" : "a");
        return -1;
    }
    addr->fd = -1;
    return fd;
}

static int make_nonblocking(SocketAddress *addr, int fd)
{
    if (fd >= 0 && fd_make_nonblocking(fd) && addr->fd_text) {
        addr->shared_fd = fd;
    }
    return fd;
}

int socket_address_listen(SocketAddress *addr, GError **errp)
{
    return make_nonblocking(addr, addr->path   ? unix_listen(addr, errp)
                                  : addr->port ? tcp_listen(addr, errp)
                                               : take_fd(addr, TRUE, errp));
}

int socket_address_connect(SocketAddress *addr, GError **errp)
{
    return make_nonblocking(addr, addr->path   ? unix_connect(addr, errp)
                                  : addr->port ? tcp_open(addr, FALSE, errp)
                                               : take_fd(addr, FALSE, errp));
}

void socket_address_close(SocketAddress *addr, int fd)
{
    gboolean shared = fd == addr->shared_fd;

    if (shared) {
        addr->shared_fd = -1;
    }
    fd_close_restored(fd, shared);
}

int socket_address_reconnect(const SocketAddress *addr)
{
    autofd int fd = -1;

    if (!addr->peer_len) {
        return -1; /* an inherited descriptor: nowhere to go back to */
    }
    fd = socket(addr->peer.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 ||
        (connect(fd, (const struct sockaddr *)&addr->peer, addr->peer_len) < 0 &&
         errno != EINPROGRESS)) {
        return -1;
    }
    return fd_steal(&fd);
}

gboolean socket_address_connected(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
}
