/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block-set-write-threshold: the first write beyond a place of a node is told of, once;
 * whoever has thin storage below it makes that larger then. Writes come on any thread.
 */
#include "block/node.h"
#include "event/vm-event.h"
#include "util/error.h"

typedef struct Note {
    char *node;
    guint64 threshold, end;
} Note;

static void emit(void *opaque)
{
    Note *note = opaque;
    ConfigNode *data = config_map_new();

    config_map_set_string(data, "node-name", note->node);
    config_map_set_int(data, "amount-exceeded", (gint64)(note->end - note->threshold));
    config_map_set_int(data, "write-threshold", (gint64)note->threshold);
    vm_event_emit("BLOCK_WRITE_THRESHOLD", data);
    g_free(note->node);
    g_free(note);
}

guint64 block_write_threshold(const BlockNode *node)
{
    return __atomic_load_n(&node->write_threshold, __ATOMIC_RELAXED);
}

void block_node_check_threshold(BlockNode *node, guint64 end)
{
    guint64 threshold = block_write_threshold(node);

    if (end > threshold &&
        __atomic_compare_exchange_n(&node->write_threshold, &threshold, 0, FALSE,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        Note *note = g_new(Note, 1);
        *note = (Note){ g_strdup(node->name), threshold, end };
        event_loop_post(event_loop_main(), emit, note);
    }
}

gboolean block_node_set_threshold(const char *name, guint64 threshold, GError **errp)
{
    BlockNode *node = block_node_find(name);

    if (!node) {
        return error_set(errp, "Device '%s' not found", name);
    }
    __atomic_store_n(&node->write_threshold, threshold, __ATOMIC_RELAXED);
    return TRUE;
}
