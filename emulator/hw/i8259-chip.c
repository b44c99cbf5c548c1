/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One 8259A, as the data sheet has it, in 8086 mode. What is different in a PC: whether
 * an input is level-triggered is its bit in ELCR and not LTIM (ICW1), and where slaves
 * are (ICW3) is a matter of wires. An edge is kept until it is acknowledged, even if the
 * input goes down before (the data sheet gives a default IR7 then): devices pulse their
 * lines.
 */
#include "config.h"

#include "hw/i8259-chip.h"

#define ICW1_IC4  0x01 /* ICW4 comes */
#define ICW1_SNGL 0x02 /* ICW3 does not */
#define ICW1      0x10 /* at the even port: it is ICW1 */
#define ICW4_AEOI 0x02
#define ICW4_SFNM 0x10

#define OCW2_LEVEL(v)   ((v)&7)
#define OCW2_COMMAND(v) ((v) >> 5)
enum { /* rotate, specific, EOI */
       ROTATE_AUTO_OFF = 0,
       EOI = 1,
       EOI_SPECIFIC = 3,
       ROTATE_AUTO_ON = 4,
       ROTATE_EOI = 5,
       SET_PRIORITY = 6,
       ROTATE_EOI_SPECIFIC = 7,
};

#define OCW3      0x08
#define OCW3_RIS  0x01
#define OCW3_RR   0x02
#define OCW3_POLL 0x04
#define OCW3_SMM  0x20
#define OCW3_ESMM 0x40

#define POLL_REQUEST 0x80

static guint8 bit(unsigned n)
{
    return (guint8)(1u << n);
}

/* Inputs */

void i8259_chip_reset(I8259Chip *c)
{
    *c = (I8259Chip){ .slaves = c->slaves, .level = c->level, .imr = 0xff, .lowest = 7 };
}

void i8259_chip_set_input(I8259Chip *c, unsigned n, gboolean level)
{
    guint8 old = c->level;
    c->level = level ? old | bit(n) : old & ~bit(n);
    c->irr |= c->level & ~old;
    c->irr &= c->level | ~c->elcr;
}

void i8259_chip_set_elcr(I8259Chip *c, guint8 elcr)
{
    c->elcr = elcr;
    c->irr = (c->irr & ~elcr) | (c->level & elcr);
}

/* Priorities */

/* What is in service and stands in the way of others. */
static guint8 inhibiting(const I8259Chip *c)
{
    return c->special_mask ? c->isr & ~c->imr : c->isr;
}

int i8259_chip_request(const I8259Chip *c)
{
    guint8 wanted = c->irr & ~c->imr, inhibit = inhibiting(c);
    guint8 nested =
        c->icw4 & ICW4_SFNM ? c->slaves : 0; /* a slave is not in its own way */
    if (c->awaited) {
        return -1;
    }
    for (unsigned i = 1; i <= 8; i++) {
        unsigned n = (c->lowest + i) & 7;
        if (wanted & bit(n) & ~(inhibit & ~nested)) {
            return (int)n;
        }
        if (inhibit & bit(n)) {
            return -1;
        }
    }
    return -1;
}

void i8259_chip_acknowledge(I8259Chip *c, unsigned n)
{
    if (!(c->elcr & bit(n))) {
        c->irr &= ~bit(n);
    }
    if (!(c->icw4 & ICW4_AEOI)) {
        c->isr |= bit(n);
    } else if (c->rotate_auto) {
        c->lowest = (guint8)n;
    }
}

/* Writing */

static void end_of_interrupt(I8259Chip *c, gboolean rotate)
{
    guint8 in_service = inhibiting(c);
    for (unsigned i = 1; i <= 8; i++) {
        unsigned n = (c->lowest + i) & 7;
        if (in_service & bit(n)) {
            c->isr &= ~bit(n);
            c->lowest = rotate ? (guint8)n : c->lowest;
            return;
        }
    }
}

static void write_ocw2(I8259Chip *c, guint8 value)
{
    guint8 n = OCW2_LEVEL(value);
    switch (OCW2_COMMAND(value)) {
    case ROTATE_AUTO_OFF:
    case ROTATE_AUTO_ON:
        c->rotate_auto = OCW2_COMMAND(value) == ROTATE_AUTO_ON;
        break;
    case EOI:
    case ROTATE_EOI:
        end_of_interrupt(c, OCW2_COMMAND(value) == ROTATE_EOI);
        break;
    case EOI_SPECIFIC:
        c->isr &= ~bit(n);
        break;
    case ROTATE_EOI_SPECIFIC:
        c->isr &= ~bit(n);
        c->lowest = n;
        break;
    case SET_PRIORITY:
        c->lowest = n;
        break;
    }
}

static void write_ocw3(I8259Chip *c, guint8 value)
{
    if (value & OCW3_ESMM) {
        c->special_mask = (value & OCW3_SMM) != 0;
    }
    if (value & OCW3_RR) {
        c->read_isr = (value & OCW3_RIS) != 0;
    }
    c->poll = (value & OCW3_POLL) != 0;
}

/* The edges are forgotten; levels are still there. */
static void write_icw1(I8259Chip *c, guint8 value)
{
    *c = (I8259Chip){
        .slaves = c->slaves,
        .level = c->level,
        .irr = c->level & c->elcr,
        .elcr = c->elcr,
        .base = c->base,
        .lowest = 7,
        .icw1 = value,
        .icw4 = value & ICW1_IC4 ? c->icw4 : 0,
        .awaited = 2,
    };
}

static guint8 icw_after(const I8259Chip *c, guint8 n)
{
    if (n == 2 && !(c->icw1 & ICW1_SNGL)) {
        return 3;
    }
    return n < 4 && c->icw1 & ICW1_IC4 ? 4 : 0;
}

static void write_odd(I8259Chip *c, guint8 value)
{
    switch (c->awaited) {
    case 0:
        c->imr = value;
        return;
    case 2:
        c->base = value & ~7;
        break;
    case 4:
        c->icw4 = value;
        break;
    }
    c->awaited = icw_after(c, c->awaited);
}

void i8259_chip_write(I8259Chip *c, unsigned port, guint8 value)
{
    if (port) {
        write_odd(c, value);
    } else if (value & ICW1) {
        write_icw1(c, value);
    } else if (value & OCW3) {
        write_ocw3(c, value);
    } else {
        write_ocw2(c, value);
    }
}

guint8 i8259_chip_read(I8259Chip *c, unsigned port, int *polled)
{
    *polled = -1;
    if (c->poll) {
        c->poll = FALSE;
        *polled = i8259_chip_request(c);
        if (*polled < 0) {
            return 0;
        }
        i8259_chip_acknowledge(c, (unsigned)*polled);
        return POLL_REQUEST | (guint8)*polled;
    }
    if (port) {
        return c->imr;
    }
    return c->read_isr ? c->isr : c->irr;
}

static const StateField chip_fields[] = {
    STATE_FIELD("level", STATE_U8, I8259Chip, level),
    STATE_FIELD("irr", STATE_U8, I8259Chip, irr),
    STATE_FIELD("isr", STATE_U8, I8259Chip, isr),
    STATE_FIELD("imr", STATE_U8, I8259Chip, imr),
    STATE_FIELD("elcr", STATE_U8, I8259Chip, elcr),
    STATE_FIELD("base", STATE_U8, I8259Chip, base),
    STATE_FIELD("lowest", STATE_U8, I8259Chip, lowest, .limit = 7),
    STATE_FIELD("icw1", STATE_U8, I8259Chip, icw1),
    STATE_FIELD("icw4", STATE_U8, I8259Chip, icw4),
    STATE_FIELD("awaited", STATE_U8, I8259Chip, awaited, .limit = 4),
    STATE_FIELD("rotate-auto", STATE_BOOL, I8259Chip, rotate_auto),
    STATE_FIELD("special-mask", STATE_BOOL, I8259Chip, special_mask),
    STATE_FIELD("read-isr", STATE_BOOL, I8259Chip, read_isr),
    STATE_FIELD("poll", STATE_BOOL, I8259Chip, poll),
    { NULL },
};

const StateDesc i8259_chip_state = {
    .name = "i8259-chip",
    .version = 1,
    .fields = chip_fields,
};
