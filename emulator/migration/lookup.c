/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migration/lookup.h"

#include "event/loop.h"
#include "migration/uri.h"
#include "util/fd.h"
#include "util/resolver.h"

struct MigLookup {
    MigUri *uri;
    int fd;
    EventHandler *handler;
    MigLookupFn done;
    void *opaque;
};

static void answered(void *opaque, GIOCondition ready)
{
    MigLookup *l = opaque;
    g_autoptr(GError) err = NULL;
    g_autoptr(GArray) list = resolver_answer(l->fd, &err);
    g_autoptr(MigUri) uri = g_steal_pointer(&l->uri);

    if (!list) {
        mig_uri_explain(uri, &err);
    }
    l->done(uri, list, err, l->opaque);
}

MigLookup *mig_lookup_new(MigUri *uri, MigLookupFn done, void *opaque, GError **errp)
{
    int fd = resolver_ask(uri->host, uri->port, TRUE, errp);
    MigLookup *l;

    if (fd < 0) {
        mig_uri_explain(uri, errp);
        return NULL;
    }
    l = g_new0(MigLookup, 1);
    *l = (MigLookup){ .uri = uri, .fd = fd, .done = done, .opaque = opaque };
    l->handler = event_loop_add_fd(event_loop_main(), fd, G_IO_IN, answered, l);
    return l;
}

void mig_lookup_free(MigLookup *l)
{
    if (l) {
        event_handler_remove(l->handler);
        fd_clear(&l->fd);
        mig_uri_free(l->uri);
        g_free(l);
    }
}
