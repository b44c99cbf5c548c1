/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main,slow: close
 */
#include "event/slow-close.h"

#include <unistd.h>

#include "event/gate.h"
#include "event/slow.h"

typedef struct Waiter {
    void (*done)(void *opaque);
    void *opaque;
} Waiter;

static void close_all(GArray *fds)
{
    for (guint i = 0; i < fds->len; i++) {
        close(g_array_index(fds, int, i));
    }
    g_array_set_size(fds, 0);
}

static void close_run(void *data)
{
    gate_pass("close");
    close_all(data);
}

static void close_drop(void *data)
{
    g_array_unref(data);
}

static void closed(void *opaque, void *data)
{
    Waiter *waiter = opaque;

    g_clear_pointer(&data, close_drop);
    if (waiter->done) {
        waiter->done(waiter->opaque);
    }
    g_free(waiter);
}

void slow_close(GArray *fds, void (*done)(void *opaque), void *opaque)
{
    static const SlowCall calls = { close_run, closed, close_drop, .waits = TRUE };
    Waiter *waiter = g_new(Waiter, 1);

    *waiter = (Waiter){ done, opaque };
    if (!fds || !fds->len) {
        closed(waiter, fds);
    } else if (!slow_start(&calls, fds, waiter, NULL)) {
        close_all(fds);
        closed(waiter, fds);
    }
}
