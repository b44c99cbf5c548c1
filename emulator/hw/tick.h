/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ticks of a clock of hz (below 2^33) since time 0, from and to nanoseconds. */
#ifndef VIREO_HW_TICK_H
#define VIREO_HW_TICK_H

#include <glib.h>

#define TICK_NS_PER_SECOND G_GUINT64_CONSTANT(1000000000)

/* The tick that has begun; none before time 0. */
static inline guint64 tick_from_ns(gint64 ns, guint64 hz)
{
    guint64 t = ns > 0 ? (guint64)ns : 0;

    return t / TICK_NS_PER_SECOND * hz + t % TICK_NS_PER_SECOND * hz / TICK_NS_PER_SECOND;
}

/* The first nanosecond of the tick; G_MAXINT64: beyond all time. */
static inline gint64 tick_to_ns(guint64 tick, guint64 hz)
{
    guint64 seconds = tick / hz;

    if (seconds >= G_MAXINT64 / TICK_NS_PER_SECOND) {
        return G_MAXINT64;
    }
    return (gint64)(seconds * TICK_NS_PER_SECOND +
                    (tick % hz * TICK_NS_PER_SECOND + hz - 1) / hz);
}

#endif
