/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hw/input.h"

typedef struct Attached {
    const InputSink *sink;
    void *opaque;
    struct Attached *next;
} Attached;

static Attached *devices; /* the last one first */

void input_attach(const InputSink *sink, void *opaque)
{
    Attached *a = g_new0(Attached, 1);

    *a = (Attached){ sink, opaque, devices };
    devices = a;
}

void input_detach(void *opaque)
{
    for (Attached **at = &devices; *at; at = &(*at)->next) {
        if ((*at)->opaque == opaque) {
            Attached *gone = *at;

            *at = gone->next;
            g_free(gone);
            return;
        }
    }
}

gboolean input_key(unsigned code, gboolean down)
{
    for (const Attached *a = devices; a; a = a->next) {
        if (a->sink->key) {
            a->sink->key(a->opaque, code, down);
            return TRUE;
        }
    }
    return FALSE;
}

gboolean input_button(InputButton button, gboolean down)
{
    for (const Attached *a = devices; a; a = a->next) {
        if (a->sink->button) {
            a->sink->button(a->opaque, button, down);
            return TRUE;
        }
    }
    return FALSE;
}

gboolean input_move(int dx, int dy, int wheel)
{
    for (const Attached *a = devices; a; a = a->next) {
        if (a->sink->move) {
            a->sink->move(a->opaque, dx, dy, wheel);
            return TRUE;
        }
    }
    return FALSE;
}

void input_sync(void)
{
    for (const Attached *a = devices; a; a = a->next) {
        if (a->sink->sync) {
            a->sink->sync(a->opaque);
        }
    }
}
