/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one allocator of GSIs (global system interrupts: numbers that irqfds name). The
 * first are the I/O APIC's pins; the others have no wire, only a route to an MSI.
 */
#include "accel/accel.h"

#include "event/lock.h"
#include "util/bitmap.h"
#include "util/error.h"

static unsigned long
    *unused; /* a bit for each GSI that nobody has; NULL: not asked yet */
static unsigned count;

static void begin(void)
{
    count = accel_get()->gsi_count();
    unused = bitmap_new(count);
    for (unsigned gsi = accel_ioapic_pins(); gsi < count; gsi++) {
        bitmap_set(unused, gsi);
    }
}

int accel_gsi_alloc(GError **errp)
{
    g_assert(machine_lock_held());
    if (!unused) {
        begin();
    }
    gsize gsi = bitmap_find_next(unused, count, 0);
    if (gsi == count) {
        error_set(errp, "all %u interrupt numbers of the accelerator are in use", count);
        return -1;
    }
    bitmap_clear(unused, gsi);
    return (int)gsi;
}

void accel_gsi_free(int gsi)
{
    unsigned pins = accel_ioapic_pins();
    gboolean free = bitmap_test(unused, (gsize)gsi);
    g_assert(machine_lock_held() && gsi >= (int)pins && !free);
    bitmap_set(unused, (gsize)gsi);
}
