/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening sockets: UNIX, TCP, and those that systemd has bound. */
#include "config.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rpc/internal.h"
#include "util/file-name.h"

struct RpcListener {
    RpcServer *server;
    int fd;
    RpcListenFlags flags;
    FileName *name; /* a socket to remove at the end, or NULL */
    GSource *source;
};

typedef struct ListenerSource {
    GSource source;
    RpcListener *listener;
    GPollFD poll;
    gint64 not_before; /* after a failed accept */
} ListenerSource;

/* ---- accepting ---- */

static gboolean listener_prepare(GSource *source, int *timeout)
{
    ListenerSource *ls = (ListenerSource *)source;
    gboolean room = rpc_server_n_clients(ls->listener->server) < RPC_MAX_CLIENTS;
    gint64 now = g_source_get_time(source);

    ls->poll.events = room && now >= ls->not_before ? G_IO_IN : 0;
    *timeout = now < ls->not_before ? (int)((ls->not_before - now) / 1000 + 1) : -1;
    return FALSE;
}

static gboolean listener_check(GSource *source)
{
    ListenerSource *ls = (ListenerSource *)source;

    return (ls->poll.revents & ls->poll.events) != 0;
}

static gboolean listener_dispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    ListenerSource *ls = (ListenerSource *)source;
    RpcListener *listener = ls->listener;
    int one = 1;

    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        /* Out of descriptors or memory: the peer stays in the backlog for a second. */
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            g_message("cannot accept a client: %s", g_strerror(errno));
            ls->not_before = g_source_get_time(source) + G_TIME_SPAN_SECOND;
        }
        return G_SOURCE_CONTINUE;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* fails on UNIX */
    rpc_server_accepted(listener->server, fd, listener->flags);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs listener_funcs = {
    .prepare = listener_prepare,
    .check = listener_check,
    .dispatch = listener_dispatch,
};

void rpc_listener_start(RpcListener *listener, GMainContext *context)
{
    ListenerSource *ls;

    listener->source = g_source_new(&listener_funcs, sizeof(ListenerSource));
    ls = (ListenerSource *)listener->source;
    ls->listener = listener;
    ls->poll.fd = listener->fd;
    g_source_add_poll(listener->source, &ls->poll);
    g_source_attach(listener->source, context);
}

void rpc_listener_free(RpcListener *listener)
{
    if (listener->source) {
        g_source_destroy(listener->source);
        g_source_unref(listener->source);
    }
    close(listener->fd);
    if (listener->name && !file_name_remove(listener->name))
        g_message("cannot remove '%s': %s", file_name_path(listener->name),
                  g_strerror(errno));
    file_name_free(listener->name);
    g_free(listener);
}

/* ---- making ---- */

static RpcListener *add(RpcServer *server, int fd, RpcListenFlags flags)
{
    RpcListener *listener = g_new0(RpcListener, 1);

    listener->server = server;
    listener->fd = fd;
    listener->flags = flags;
    server->listeners = g_slist_prepend(server->listeners, listener);
    return listener;
}

static gboolean fail(GError **errp, int fd, const char *what)
{
    int error = errno;

    if (fd >= 0)
        close(fd);
    g_set_error(errp, G_IO_ERROR, g_io_error_from_errno(error), "cannot listen on %s: %s",
                what, g_strerror(error));
    return FALSE;
}

gboolean rpc_server_listen_unix(RpcServer *server, const char *path, gid_t gid,
                                RpcListenFlags flags, GError **errp)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
        sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return fail(errp, -1, path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || (unlink(path) < 0 && errno != ENOENT))
        return fail(errp, fd, path);
    /* Nobody but the owner gets in before the group is set. */
    mode_t mask = umask(0177);
    int r = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (r < 0)
        return fail(errp, fd, path);
    RpcListener *listener = add(server, fd, flags);
    listener->name = file_name_new(path);
    if (!listener->name)
        return fail(errp, -1, path);
    if (gid != (gid_t)-1 && (chown(path, -1, gid) < 0 || chmod(path, 0660) < 0))
        return fail(errp, -1, path);
    return listen(fd, SOMAXCONN) == 0 || fail(errp, -1, path);
}

/* Splits [ADDRESS:]PORT; NULL with an error. */
static struct addrinfo *parse_address(const char *text, GError **errp)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                              .ai_socktype = SOCK_STREAM },
                    *info = NULL;
    const char *colon = strrchr(text, ':');
    const char *port = colon ? colon + 1 : text;
    g_autofree char *host =
        g_strndup(colon ? text : "127.0.0.1", colon ? colon - text : 9);
    gsize len = strlen(host);
    guint64 number;

    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = 0;
        memmove(host, host + 1, len - 1);
    }
    if (!*host || !g_ascii_string_to_unsigned(port, 10, 1, 65535, &number, NULL) ||
        getaddrinfo(host, port, &hints, &info)) {
        g_set_error(errp, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "'%s' is not of the form [ADDRESS:]PORT with a numeric address",
                    text);
        return NULL;
    }
    return info;
}

gboolean rpc_server_listen_tcp(RpcServer *server, const char *text, GError **errp)
{
    struct addrinfo *info = parse_address(text, errp);
    int one = 1;

    if (!info)
        return FALSE;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    gboolean ok = fd >= 0 &&
                  !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) &&
                  (info->ai_family != AF_INET6 ||
                   !setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one))) &&
                  !bind(fd, info->ai_addr, info->ai_addrlen) && !listen(fd, SOMAXCONN);
    if (ok)
        add(server, fd, 0);
    else
        fail(errp, fd, text);
    freeaddrinfo(info);
    return ok;
}

gboolean rpc_server_listen_fd(RpcServer *server, int fd, RpcListenFlags flags,
                              GError **errp)
{
    int listening = 0;
    socklen_t len = sizeof(listening);

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0 || !listening) {
        errno = EINVAL;
        return fail(errp, fd, "a descriptor that is not a listening socket");
    }
    if (!g_unix_set_fd_nonblocking(fd, TRUE, errp)) {
        close(fd);
        return FALSE;
    }
    add(server, fd, flags);
    return TRUE;
}
