/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waits for what block/ does beside the main loop. */
#ifndef VIREO_TEST_BLOCK_LATE_H
#define VIREO_TEST_BLOCK_LATE_H

#include "block/node.h"

typedef struct Late {
    gboolean done;
    GError *error;
} Late;

static inline void late_done(void *opaque, GError *error)
{
    *(Late *)opaque = (Late){ TRUE, error };
}

static inline gboolean late_wait(Late *late, GError **errp)
{
    gboolean ok;

    while (!late->done) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    ok = !late->error;
    if (!ok) {
        g_propagate_error(errp, g_steal_pointer(&late->error));
    }
    return ok;
}

/* The first one that is attached. */
static inline BlockChild *node_user(const BlockNode *node)
{
    return block_node_next_user(node, NULL);
}

static inline void node_detach(const BlockNode *node)
{
    block_node_detach(node_user(node));
}

static inline gboolean node_del(const char *name, GError **errp)
{
    Late late = { FALSE };

    block_node_del_later(name, late_done, &late);
    return late_wait(&late, errp);
}

static inline gboolean nodes_activate(GError **errp)
{
    Late late = { FALSE };

    block_activate_all(late_done, &late);
    return late_wait(&late, errp);
}

static inline gboolean nodes_inactivate(GError **errp)
{
    Late late = { FALSE };

    block_inactivate_all(late_done, &late);
    return late_wait(&late, errp);
}

#endif
