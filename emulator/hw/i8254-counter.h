/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One counter of an 8254 (Intel 82C54 data sheet). Time comes in ticks of its CLK; what
 * a write or the gate does takes effect at the next one. Nothing runs: all is worked out
 * from the time when somebody asks. Ticks that are handed in never go back.
 */
#ifndef VIREO_HW_I8254_COUNTER_H
#define VIREO_HW_I8254_COUNTER_H

#include "util/state.h"

typedef struct PitCounter {
    guint8 mode;    /* 0 to 5 */
    guint8 access;  /* of the control word: 1: LSB, 2: MSB, 3: LSB, then MSB */
    gboolean bcd;   /* counts in decimal */
    gboolean gate;  /* the input GATE */
    gboolean armed; /* count was loaded at tick start, and is counted */
    guint32 count;  /* 1 to 65536; 0: none since the control word */
    guint64 start;
    guint64 held;    /* ticks since the start, when the gate has stopped the counting */
    guint32 next;    /* has been written, and will be loaded; 0: none */
    guint64 load;    /* tick of the next load, of next or of count again; 0: none */
    gboolean at_end; /* that one is at the end of a period, or of a half */
    guint8 low;      /* the LSB that has been written */
    gboolean msb_in; /* the next byte written is the MSB */
    gboolean msb_out;
    guint8 latch_left; /* bytes of the latched count that are to be read */
    guint16 latch;
    gboolean status_latched;
    guint8 status;
} PitCounter;

extern const StateDesc pit_counter_state;

/* Power-up; the gate is high. */
void pit_counter_reset(PitCounter *c);
/* A control word that sets the mode. */
void pit_counter_control(PitCounter *c, guint8 word);
void pit_counter_write(PitCounter *c, guint8 value, guint64 tick);
guint8 pit_counter_read(PitCounter *c, guint64 tick);
/* Latches what has not been latched already. */
void pit_counter_latch(PitCounter *c, gboolean count, gboolean status, guint64 tick);
void pit_counter_set_gate(PitCounter *c, gboolean gate, guint64 tick);
/* The output OUT. */
gboolean pit_counter_out(PitCounter *c, guint64 tick);
/* The first tick after this one at which OUT rises, if nothing is written; FALSE: none.
 */
gboolean pit_counter_next_edge(const PitCounter *counter, guint64 tick, guint64 *edge);

#endif
