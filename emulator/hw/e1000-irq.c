/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts (13.4.17 to 13.4.21): INTA# is up while a cause is not masked. With
 * mitigation=on it goes up again only when a while has passed since the last time, as the
 * throttle and the delays that the guest has set say; QEMU's way to take them together.
 */
#include "hw/e1000-internal.h"

#define UNIT        256 /* ns: of ITR */
#define DELAY_UNITS 4   /* of RADV and TADV: 1024 ns */
#define UNITS_MIN   500 /* 7813 interrupts a second */

static void take(guint32 *units, guint32 value)
{
    if (value && (!*units || value < *units)) {
        *units = value;
    }
}

/* ns: until the next interrupt after one with these causes. */
static gint64 pause_after(E1000 *e, guint32 causes)
{
    guint32 units = 0;

    if (e->tx.delayed && causes & (ICR_TXDW | ICR_TXQE)) {
        take(&units, e->reg[E1000_TADV] * DELAY_UNITS);
    }
    if (e->reg[E1000_RDTR] && causes & ICR_RXT0) {
        take(&units, e->reg[E1000_RADV] * DELAY_UNITS);
    }
    take(&units, e->reg[E1000_ITR]);
    e->tx.delayed = FALSE;
    return (gint64)MAX(units, UNITS_MIN) * UNIT;
}

void e1000_update_irq(E1000 *e)
{
    guint32 causes = e->reg[E1000_ICR] & e->reg[E1000_IMS];

    if (causes && !e->asserted && e->mitigation) {
        if (timer_armed(e->throttle)) {
            return;
        }
        timer_arm(e->throttle, clock_now(CLOCK_TYPE_VIRTUAL) + pause_after(e, causes));
    }
    e->asserted = causes != 0;
    pci_set_intx(&e->pci, e->asserted);
}

void e1000_throttle_ended(void *opaque)
{
    e1000_update_irq(opaque);
}

void e1000_raise(E1000 *e, guint32 causes)
{
    e->reg[E1000_ICR] |= causes;
    e1000_update_irq(e);
}

void e1000_irq_reset(E1000 *e)
{
    timer_disarm(e->throttle);
    e1000_update_irq(e);
}
