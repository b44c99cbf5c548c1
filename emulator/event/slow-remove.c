/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/slow-remove.h"

#include <errno.h>

#include "event/gate.h"
#include "event/slow.h"

/* A reference each of the thread and of the main loop. */
typedef struct Removal {
    gint refs;
    gint begun; /* by one of them, and not by the other */
    FileName *name;
    int error; /* the thread's, until it is back */
} Removal;

static void removal_unref(void *data)
{
    Removal *r = data;

    if (g_atomic_int_dec_and_test(&r->refs)) {
        file_name_free(r->name);
        g_free(r);
    }
}

static gboolean begin(Removal *r)
{
    return g_atomic_int_compare_and_exchange(&r->begun, FALSE, TRUE);
}

static void remove_run(void *data)
{
    Removal *r = data;

    if (begin(r)) {
        gate_pass("unlink");
        r->error = file_name_remove(r->name) ? 0 : errno;
    }
}

static void removed(void *opaque, void *data)
{
    Removal *r = opaque;

    if (data && r->error) {
        created_stays(r->name, r->error);
    } else if (!data && begin(r)) {
        created_remove(file_name_ref(r->name));
    }
    g_clear_pointer(&data, removal_unref);
    removal_unref(r);
}

void slow_remove(FileName *name)
{
    static const SlowCall calls = { remove_run, removed, removal_unref, .waits = TRUE };
    Removal *r = g_new(Removal, 1);

    *r = (Removal){ .refs = 2, .name = name };
    if (!slow_start(&calls, r, r, NULL)) {
        removal_unref(r); /* the thread's */
        removed(r, NULL);
    }
}
