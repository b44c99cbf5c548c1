/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/slow-remove.h"

#include "event/gate.h"
#include "event/slow.h"

/* The thread's: whoever waits has a reference of its own. */
typedef struct Removal {
    FileName *name;
    gboolean removed;
} Removal;

static void remove_run(void *data)
{
    Removal *r = data;

    gate_pass("unlink");
    r->removed = file_name_remove(r->name);
}

static void remove_drop(void *data)
{
    Removal *r = data;

    file_name_free(r->name);
    g_free(r);
}

/* What is left, by a process that ends or by an error, is removed here, or warned of. */
static void removed(void *opaque, void *data)
{
    Removal *r = data;

    if (r && r->removed) {
        file_name_free(opaque);
    } else {
        created_remove(opaque);
    }
    g_clear_pointer(&r, remove_drop);
}

void slow_remove(FileName *name)
{
    static const SlowCall calls = { remove_run, removed, remove_drop };
    Removal *r = g_new0(Removal, 1);

    r->name = file_name_ref(name);
    if (!slow_start(&calls, r, name, NULL)) {
        remove_drop(r);
        created_remove(name);
    }
}
