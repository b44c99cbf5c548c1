/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One 8259A (Intel data sheet 231468): registers and priorities, no wires. */
#ifndef VIREO_HW_I8259_CHIP_H
#define VIREO_HW_I8259_CHIP_H

#include "util/state.h"

typedef struct I8259Chip {
    guint8 slaves; /* inputs that are another chip's output; the board's */
    guint8 level;  /* of the inputs, a bit each, as all of these */
    guint8 irr, isr, imr;
    guint8 elcr;   /* level-triggered inputs */
    guint8 base;   /* of the vectors */
    guint8 lowest; /* the input of lowest priority; the next one has the highest */
    guint8 icw1, icw4;
    guint8 awaited;       /* the initialization word that comes next; 0: none */
    gboolean rotate_auto; /* with each automatic EOI */
    gboolean special_mask;
    gboolean read_isr; /* the even port shows it, and not IRR */
    gboolean poll;     /* the next read is one */
} I8259Chip;

extern const StateDesc i8259_chip_state;

/* Power on: everything masked, which the data sheet leaves open. */
void i8259_chip_reset(I8259Chip *c);
void i8259_chip_set_input(I8259Chip *c, unsigned n, gboolean level);
void i8259_chip_set_elcr(I8259Chip *c, guint8 elcr);
/* The input that INT is up for; -1: it is down. */
int i8259_chip_request(const I8259Chip *c);
/* INTA for that input. */
void i8259_chip_acknowledge(I8259Chip *c, unsigned n);
/* port: 0 or 1, A0 of the data sheet. polled: the input that a poll acknowledged, or -1
 */
guint8 i8259_chip_read(I8259Chip *c, unsigned port, int *polled);
void i8259_chip_write(I8259Chip *c, unsigned port, guint8 value);

#endif
