/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main: socket(0=AF_INET) setsockopt bind listen
 * #syscalls main: socket(0=AF_INET6) -- rare: addresses of IPv6
 * #syscalls slow: socket(0=AF_UNIX) listen close
 * #syscalls migration: socket(0=AF_UNIX) socket(0=AF_INET) connect getsockopt setsockopt
 *     poll close
 * #syscalls migration: socket(0=AF_INET6) -- rare: addresses of IPv6
 */
#include "migration/uri.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "migration/channel.h"
#include "util/created.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/resolver.h"
#include "util/tcp-port.h"

#define BACKLOG    8
#define BACKLOG_MS 20

static gboolean parse_tcp(MigUri *out, const char *rest, GError **errp)
{
    const char *colon = strrchr(rest, ':');

    g_autofree char *owner = g_strdup_printf("Migration URI 'tcp:%s'", rest);

    if (!colon || !colon[1]) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED, "%s has no port",
                    owner);
        return FALSE;
    }
    if (!tcp_port_check(colon + 1, owner, errp)) {
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
        g_clear_pointer(&uri->made, created_remove);
        g_free(uri->host);
        g_free(uri->port);
        g_free(uri->path);
        g_free(uri);
    }
}

/* Closes fd, and keeps errno. */
static void drop(int fd)
{
    int saved = errno;

    if (fd >= 0) {
        close(fd);
    }
    errno = saved;
}

static int fail_errno(GError **errp, const char *what, const char *where, int fd)
{
    drop(fd);
    if (errp && !*errp) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "Failed to %s '%s': %s", what, where, error_text(errno));
    }
    return -1;
}

/* FALSE: errno says why, or *errp that it was cancelled. */
static gboolean connect_fd(int fd, const struct sockaddr *addr, socklen_t addr_len,
                           MigChannel *ch, GError **errp)
{
    int error = 0;
    socklen_t len = sizeof(error);

    while (connect(fd, addr, addr_len) < 0) {
        if (errno == EAGAIN) {
            /* a full backlog of a unix socket: the kernel tells nobody when it is not */
            if (!mig_channel_wait(ch, -1, 0, BACKLOG_MS, errp)) {
                return FALSE;
            }
            continue;
        }
        if (errno != EINPROGRESS || !mig_channel_wait(ch, fd, POLLOUT, -1, errp)) {
            return FALSE;
        }
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
        errno = error;
        return error == 0;
    }
    return TRUE;
}

/* ch: to connect; NULL: to listen. */
static int unix_socket(MigUri *uri, MigChannel *ch, GError **errp)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_strlcpy(addr.sun_path, uri->path, sizeof(addr.sun_path));
    if (fd < 0) {
        return fail_errno(errp, "create a socket for", uri->path, -1);
    }
    if (ch) {
        if (!connect_fd(fd, (struct sockaddr *)&addr, sizeof(addr), ch, errp)) {
            return fail_errno(errp, "connect to", uri->path, fd);
        }
        return fd;
    }
    uri->made = created_bind(fd, uri->path);
    if (!uri->made || listen(fd, BACKLOG) < 0) {
        return fail_errno(errp, "listen on", uri->path, fd);
    }
    return fd;
}

/* -1: errno or *errp. */
static int tcp_try(const NetAddress *a, MigChannel *ch, GError **errp)
{
    const struct sockaddr *sa = (const struct sockaddr *)&a->addr;
    int one = 1,
        fd = socket(a->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    if (ch) {
        if (connect_fd(fd, sa, a->len, ch, errp)) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            return fd;
        }
    } else {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (bind(fd, sa, a->len) == 0 && listen(fd, BACKLOG) == 0) {
            return fd;
        }
    }
    drop(fd);
    return -1;
}

static int tcp_socket(MigUri *uri, GArray *list, MigChannel *ch, GError **errp)
{
    g_autofree char *where = g_strdup_printf("%s:%s", uri->host, uri->port);
    g_autoptr(GError) err = NULL;
    int fd = -1;

    for (guint i = 0; i < list->len && fd < 0 && !err; i++) {
        fd = tcp_try(&g_array_index(list, NetAddress, i), ch, &err);
    }
    if (fd < 0) {
        fail_errno(&err, ch ? "connect to" : "listen on", where, -1);
        g_propagate_error(errp, g_steal_pointer(&err));
    }
    return fd;
}

GArray *mig_uri_addresses(const MigUri *uri, gboolean passive)
{
    return address_numeric(uri->host, uri->port, passive);
}

/* Asks, and waits for the answer. */
static GArray *look_up(MigUri *uri, MigChannel *ch, GError **errp)
{
    autofd int fd = resolver_ask(uri->host, uri->port, FALSE, errp);
    GArray *list = NULL;

    if (fd >= 0) {
        if (!mig_channel_wait(ch, fd, POLLIN, -1, errp)) {
            return NULL;
        }
        list = resolver_answer(fd, errp);
    }
    if (!list) {
        mig_uri_explain(uri, errp);
    }
    return list;
}

int mig_uri_connect(MigUri *uri, MigChannel *ch, GError **errp)
{
    g_autoptr(GArray) list = NULL;

    if (uri->kind == MIG_URI_UNIX) {
        return unix_socket(uri, ch, errp);
    }
    list = mig_uri_addresses(uri, FALSE);
    list = list ? list : look_up(uri, ch, errp);
    return list ? tcp_socket(uri, list, ch, errp) : -1;
}

void mig_uri_explain(const MigUri *uri, GError **errp)
{
    g_prefix_error(errp, "Failed to resolve '%s:%s': ", uri->host, uri->port);
}

int mig_uri_listen(MigUri *uri, GArray *addresses, GError **errp)
{
    return uri->kind == MIG_URI_TCP ? tcp_socket(uri, addresses, NULL, errp)
                                    : unix_socket(uri, NULL, errp);
}
