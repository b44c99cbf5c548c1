/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migration/late-listen.h"

#include "event/gate.h"
#include "event/slow.h"
#include "migration/uri.h"
#include "util/fd.h"

/* The thread's, until it is back. */
typedef struct Listen {
    MigUri *uri;
    int fd;
    GError *error;
} Listen;

static void listen_run(void *data)
{
    Listen *l = data;

    gate_pass("listen");
    l->fd = mig_uri_listen(l->uri, NULL, &l->error);
}

/* Where nobody waits for it any more the socket goes again. */
static void listen_drop(void *data)
{
    Listen *l = data;

    fd_clear(&l->fd);
    g_clear_error(&l->error);
    mig_uri_free(l->uri);
    g_free(l);
}

static void listen_done(void *opaque, void *data)
{
    MigListenFn done = (MigListenFn)opaque;
    Listen *l = data;

    if (!l) {
        done(NULL, -1, NULL);
        return;
    }
    done(l->uri, fd_steal(&l->fd), l->error);
    listen_drop(l);
}

gboolean mig_late_listen(MigUri *uri, MigListenFn done, GError **errp)
{
    static const SlowCall calls = { listen_run, listen_done, listen_drop };
    Listen *l = g_new(Listen, 1);

    *l = (Listen){ .uri = uri, .fd = -1 };
    if (!slow_start(&calls, l, (void *)done, errp)) {
        g_free(l);
        return FALSE;
    }
    return TRUE;
}
