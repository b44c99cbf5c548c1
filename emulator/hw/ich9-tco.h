/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCO logic of the ICH9 (data sheet, 13.9): the watchdog that libvirt calls "itco".
 * Part of the power management, which has its registers at ICH9_TCO_OFFSET.
 */
#ifndef VIREO_HW_ICH9_TCO_H
#define VIREO_HW_ICH9_TCO_H

#include "event/clock.h"
#include "util/state.h"

#define ICH9_TCO_OFFSET 0x60
#define ICH9_TCO_SIZE   0x20

enum {
    TCO1_STS,
    TCO2_STS,
    TCO1_CNT,
    TCO2_CNT,
    TCO_MESSAGES,
    TCO_WDCNT,
    TCO_IRQ_GEN,
    TCO_TMR,
    TCO_DATA,
    TCO_REGS
};

typedef struct Ich9Tco {
    void (*expired)(void *opaque); /* NULL: there is no TCO logic */
    void *opaque;
    Timer *timer;

    guint64 value[TCO_REGS];
    gboolean started; /* has been loaded since the reset */
    gboolean second;  /* has been down once since then */
    guint64 deadline; /* ns of the virtual clock, while it counts */
    guint64 left;     /* ns, while it is halted */
} Ich9Tco;

extern const StateDesc ich9_tco_state;

void ich9_tco_realize(Ich9Tco *t);
void ich9_tco_unrealize(Ich9Tco *t);
void ich9_tco_reset(Ich9Tco *t);
/* A byte; offset: within the logic's registers. now: ns of the virtual clock. */
guint8 ich9_tco_read(const Ich9Tco *t, guint64 offset, gint64 now);
void ich9_tco_write(Ich9Tco *t, guint64 offset, guint8 byte);

#endif
