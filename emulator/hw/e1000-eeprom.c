/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EEPROM: 64 words (5.6), by bits in EECD as a 93C46 takes them, or by words in EERD.
 * It is write-protected. What is in it follows from the card's address.
 */
#include <string.h>

#include "hw/e1000-internal.h"

#define CHECKSUM     0x3f
#define SUM          0xbaba /* of all words */
#define DEVICE       0x100e
#define COMMAND_BITS 8 /* of which two are the opcode */
#define OPCODE_READ  2
#define BITS         (16 * E1000_EEPROM_WORDS)

/* Words that are neither 0 nor ffffh; the address and the sum come to them. */
static const struct {
    guint8 at;
    guint16 value;
} words[] = {
    { 0x08, 0x3000 }, { 0x09, 0x1000 }, { 0x0a, 0x6403 }, { 0x0b, DEVICE },
    { 0x0c, 0x8086 }, { 0x0d, DEVICE }, { 0x0e, 0x8086 }, { 0x0f, 0x3040 },
    { 0x10, 0x0008 }, { 0x11, 0x2000 }, { 0x12, 0x7e14 }, { 0x13, 0x0048 },
    { 0x14, 0x1000 }, { 0x15, 0x00d8 }, { 0x17, 0x2700 }, { 0x18, 0x6cc9 },
    { 0x19, 0x3150 }, { 0x1a, 0x0722 }, { 0x1b, 0x040b }, { 0x1c, 0x0984 },
    { 0x1e, 0xc000 }, { 0x1f, 0x0706 }, { 0x20, 0x1008 }, { 0x22, 0x0f04 },
    { 0x23, 0x7fff }, { 0x24, 0x4d01 }, { 0x30, 0x0100 }, { 0x31, 0x4000 },
    { 0x32, 0x121c },
};

static gboolean is_erased(unsigned at)
{
    return at == 4 || (at >= 0x25 && at < CHECKSUM);
}

void e1000_eeprom_make(E1000 *e)
{
    guint16 sum = 0;

    for (unsigned i = 0; i < E1000_EEPROM_WORDS; i++) {
        e->eeprom[i] = is_erased(i) ? 0xffff : 0;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        e->eeprom[words[i].at] = words[i].value;
    }
    for (unsigned i = 0; i < 3; i++) {
        e->eeprom[i] = (guint16)(e->mac[2 * i] | e->mac[2 * i + 1] << 8);
    }
    for (unsigned i = 0; i < CHECKSUM; i++) {
        sum = (guint16)(sum + e->eeprom[i]);
    }
    e->eeprom[CHECKSUM] = (guint16)(SUM - sum);
}

/* The rising edge of the clock, while the chip is selected. */
static void clock_in(E1000 *e, gboolean bit)
{
    E1000Wire *w = &e->wire;

    if (w->reading) {
        w->out = e->eeprom[w->position / 16] >> (15 - w->position % 16) & 1;
        w->position = (guint16)((w->position + 1) % BITS);
    } else if (!w->started) {
        w->started = bit;
    } else if (w->bits < COMMAND_BITS) {
        w->command = (guint16)(w->command << 1 | bit);
        w->bits++;
        if (w->bits == COMMAND_BITS && w->command >> 6 == OPCODE_READ) {
            w->reading = TRUE;
            w->position = (guint16)(16 * (w->command % E1000_EEPROM_WORDS));
            w->out = FALSE; /* a bit in front of the data */
        }
    }
}

void e1000_eecd_write(E1000 *e, guint32 value)
{
    gboolean selected = (value & EECD_CS) != 0;
    gboolean rises = value & EECD_SK && !e->wire.clock;

    e->wire.clock = (value & EECD_SK) != 0;
    if (!selected) {
        e->wire = (E1000Wire){ .out = TRUE, .clock = e->wire.clock };
    } else if (rises) {
        clock_in(e, (value & EECD_DI) != 0);
    }
}

guint32 e1000_eecd_read(const E1000 *e)
{
    return e->reg[E1000_EECD] | EECD_PRES | EECD_GNT | (e->wire.out ? EECD_DO : 0);
}

/* 13.4.4. Beyond the end there are no data. */
guint32 e1000_eerd(const E1000 *e, guint32 value)
{
    unsigned at = value >> 8 & 0xff;

    if (!(value & EERD_START)) {
        return value & ~EERD_DONE;
    }
    value = (value & 0x0000ff00u) | EERD_DONE;
    return at < E1000_EEPROM_WORDS ? value | (guint32)e->eeprom[at] << 16 : value;
}
