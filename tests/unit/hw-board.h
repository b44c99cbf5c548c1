/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board in this process for one platform device: I/O ports and memory as a vCPU
 * reaches them, an ISA bus whose interrupts are counted, and the virtual clock by hand.
 */
#ifndef VIREO_TEST_HW_BOARD_H
#define VIREO_TEST_HW_BOARD_H

#include "device/device.h"
#include "device/irq.h"

#define HW_LINES 24 /* the ISA bus has the first 16 */

typedef struct HwIrq {
    IrqLine *line;
    gboolean level;
    unsigned edges; /* rising */
} HwIrq;

extern HwIrq hw_irq[HW_LINES];
extern Bus *hw_isa;

void hw_board_make(void);
/* A device on its bus, realized and reset. Ends the test when that fails. */
Device *hw_plug(const DeviceClass *klass, Bus *bus, void (*wire)(Device *dev));
/* Off the board; the device is gone. */
void hw_unplug(Device *dev);
void hw_reset(Device *dev);
/* The edges of the line since the last call. */
unsigned hw_edges(unsigned line);

guint8 hw_in8(guint16 port);
guint16 hw_in16(guint16 port);
guint32 hw_in32(guint16 port);
void hw_out8(guint16 port, guint8 value);
void hw_out16(guint16 port, guint16 value);
void hw_out32(guint16 port, guint32 value);
guint64 hw_read(guint64 addr, unsigned size);
void hw_write(guint64 addr, guint64 value, unsigned size);

gint64 hw_now(void);
/* Moves the virtual clock by ns; timers fire on the way. */
void hw_step(gint64 ns);

/* From here on resets of the machine are counted, and do nothing else. */
void hw_count_resets(void);
/* How many have been asked for since the last call, all until now. */
unsigned hw_resets_heard(void);

/* The device's state as the stream has it. */
GByteArray *hw_save(Device *dev);
gboolean hw_load(Device *dev, const GByteArray *state);
/*
 * A migration: saved, unplugged, and loaded into a new device of the class. What is saved
 * of that one is the same. Returns it.
 */
Device *hw_move(Device *dev, Bus *bus, void (*wire)(Device *dev));
/*
 * What a hostile guest does: accesses of any size and value to [first, first + n) of the
 * ports (memory FALSE) or of memory, steps of the clock, moves, damaged streams, resets.
 * Neither ends nor hangs. Returns the device, as hw_move().
 */
Device *hw_walk(Device *dev, Bus *bus, void (*wire)(Device *dev), gboolean memory,
                guint64 first, unsigned n);

#endif
