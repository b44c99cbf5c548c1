/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main: read close
 */
#include "migration/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "event/acceptor.h"
#include "event/loop.h"
#include "migration/stream.h"
#include "util/fd.h"
#include "util/log.h"

#define PENDING_MAX 8 /* then the oldest goes: a source speaks at once */

typedef struct Pending {
    MigListener *listener;
    int fd;
    EventHandler *handler;
    char magic[sizeof(MIG_MAGIC) - 1];
    gsize length; /* of what has come of it */
} Pending;

struct MigListener {
    int fd;
    Acceptor *acceptor;
    GQueue pending;
    MigListenerFn found;
    void *opaque;
};

static void pending_free(gpointer data)
{
    Pending *p = data;

    event_handler_remove(p->handler);
    fd_clear(&p->fd);
    g_free(p);
}

static void drop(Pending *p, const char *why)
{
    log_warn("-incoming: a connection was closed: %s", why);
    g_queue_remove(&p->listener->pending, p);
    pending_free(p);
}

static void on_readable(void *opaque, GIOCondition ready)
{
    Pending *p = opaque;
    MigListener *l = p->listener;
    ssize_t n = read(p->fd, p->magic + p->length, sizeof(p->magic) - p->length);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        drop(p, "it ended before a migration stream began");
        return;
    }
    p->length += n;
    if (memcmp(p->magic, MIG_MAGIC, p->length) != 0) {
        drop(p, "Not a vireo migration stream");
    } else if (p->length == sizeof(p->magic)) {
        int fd = fd_steal(&p->fd);

        g_queue_remove(&l->pending, p);
        pending_free(p);
        l->found(fd, l->opaque);
    }
}

static void on_connection(int fd, void *opaque)
{
    MigListener *l = opaque;
    Pending *p;

    if (l->pending.length == PENDING_MAX) {
        drop(g_queue_peek_head(&l->pending), "others connect, and it is silent");
    }
    p = g_new0(Pending, 1);
    p->listener = l;
    p->fd = fd;
    p->handler = event_loop_add_fd(event_loop_main(), fd, G_IO_IN, on_readable, p);
    g_queue_push_tail(&l->pending, p);
}

MigListener *mig_listener_new(int fd, MigListenerFn found, void *opaque)
{
    MigListener *l = g_new0(MigListener, 1);

    l->fd = fd;
    l->found = found;
    l->opaque = opaque;
    l->acceptor = acceptor_new(fd, on_connection, l);
    return l;
}

void mig_listener_free(MigListener *l)
{
    g_queue_clear_full(&l->pending, pending_free);
    acceptor_free(l->acceptor);
    fd_clear(&l->fd);
    g_free(l);
}
