/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may take the host long (a file system whose server does not answer), done beside
 * the control plane: each call on a thread of its own, while the main loop goes on.
 */
#ifndef VIREO_EVENT_SLOW_H
#define VIREO_EVENT_SLOW_H

#include <glib.h>

typedef struct SlowCall {
    /* On its thread, which has data for itself, and nothing of what the main loop has. */
    void (*run)(void *data);
    /*
     * Main loop, under the machine lock: data is back. NULL: the process ends, and data
     * stays with the thread.
     */
    void (*done)(void *opaque, void *data);
    /* Frees what nobody waits for any more: on its thread, if it has come to one. */
    void (*drop)(void *data);
    /*
     * It is not refused when too many do not come back, but waits for one of a few
     * threads that such calls have apart from the others: what undoes something, and
     * whose number something else bounds.
     */
    gboolean waits;
} SlowCall;

/*
 * Main loop, under the machine lock. FALSE: nothing has begun, done() will not be called,
 * and data stays with the caller; that is so when the host gives no thread, when too many
 * calls do not come back, and when the process ends.
 */
gboolean slow_start(const SlowCall *call, void *data, void *opaque, GError **errp);
/*
 * The process ends: those who wait are told, and no call begins any more. The process
 * does not wait for what the host may never answer, nor does what has begun go on for
 * longer than the process: it may have been done, or not, or in part.
 */
void slow_cleanup(void);

#endif
