/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a failed request of a disk leads to: werror=, rerror=, and the event.
 *
 * Requests fail in the loop of their node, events are emitted on the main loop: what is
 * to be told is put down with all that it says. What has not been told yet is not put
 * down a second time, so that a medium that fails fast makes no crowd of events.
 */
#include "block/on-error.h"

#include "accel/run-state.h"
#include "event/vm-event.h"
#include "util/error.h"

const char *const block_on_error_names[] = { "auto",   "report", "ignore",
                                             "enospc", "stop",   NULL };

static const char *const action_names[] = {
    [BLOCK_ERROR_REPORT] = "report",
    [BLOCK_ERROR_IGNORE] = "ignore",
    [BLOCK_ERROR_STOP] = "stop",
};

typedef struct Note {
    const char *operation;
    BlockErrorAction action;
    int error;
    char *drive, *node, *path;
} Note;

static GMutex lock; /* for: */
static GQueue notes = G_QUEUE_INIT;

static void note_free(Note *note)
{
    g_free(note->drive);
    g_free(note->node);
    g_free(note->path);
    g_free(note);
}

static gboolean same(const Note *a, const Note *b)
{
    return a->operation == b->operation && a->action == b->action &&
           a->error == b->error && g_str_equal(a->node, b->node) &&
           g_str_equal(a->path, b->path);
}

static void emit(const Note *note)
{
    ConfigNode *data = config_map_new();

    config_map_set(data, "device", config_string_new(note->drive));
    config_map_set(data, "qom-path", config_string_new(note->path));
    config_map_set(data, "node-name", config_string_new(note->node));
    config_map_set(data, "operation", config_string_new(note->operation));
    config_map_set(data, "action", config_string_new(action_names[note->action]));
    config_map_set(data, "nospace", config_bool_new(note->error == ENOSPC));
    config_map_set(data, "reason", config_string_new(error_text(note->error)));
    vm_event_emit("BLOCK_IO_ERROR", data);
}

static void emit_next(void *opaque)
{
    g_mutex_lock(&lock);
    Note *note = g_queue_pop_head(&notes);
    g_mutex_unlock(&lock);
    emit(note);
    note_free(note);
}

/* Takes note. */
static void tell(Note *note)
{
    gboolean known = FALSE;

    g_mutex_lock(&lock);
    for (GList *l = notes.head; l && !known; l = l->next) {
        known = same(l->data, note);
    }
    if (!known) {
        g_queue_push_tail(&notes, note);
        event_loop_post(event_loop_main(), emit_next, NULL);
    }
    g_mutex_unlock(&lock);
    if (known) {
        note_free(note);
    }
}

static BlockErrorAction choose(int policy, gboolean read, int error)
{
    switch (policy) {
    case BLOCK_ON_ERROR_AUTO:
        return !read && error == ENOSPC ? BLOCK_ERROR_STOP : BLOCK_ERROR_REPORT;
    case BLOCK_ON_ERROR_IGNORE:
        return BLOCK_ERROR_IGNORE;
    case BLOCK_ON_ERROR_ENOSPC:
        return error == ENOSPC ? BLOCK_ERROR_STOP : BLOCK_ERROR_REPORT;
    case BLOCK_ON_ERROR_STOP:
        return BLOCK_ERROR_STOP;
    default:
        return BLOCK_ERROR_REPORT;
    }
}

BlockErrorAction block_failed(const BlockFailure *failure)
{
    BlockErrorAction action = choose(failure->policy, failure->read, failure->error);
    Note *note = g_new(Note, 1);

    note->operation = failure->read ? "read" : "write";
    note->action = action;
    note->error = failure->error;
    note->drive = g_strdup(block_node_drive(failure->node));
    note->node = g_strdup(block_node_name(failure->node));
    note->path = g_strdup(failure->path);
    tell(note);
    if (action == BLOCK_ERROR_STOP) {
        block_status_failed(failure->stats, failure->error);
        vm_request_stop(RUN_STATE_IO_ERROR);
    }
    return action;
}
