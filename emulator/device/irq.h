/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt lines. An IrqLine is the wire into a pin: of an interrupt controller, of a
 * bus, of a test. Its level is the OR of its sources: every device (every pin of one) has
 * an IrqSource of its own, so that devices share a line without knowing of each other.
 * All of that is under the machine lock.
 *
 * The data plane, which never takes that lock, signals irq_line_fd_get()'s eventfd
 * instead: KVM turns it into an edge on the pin (irqfd), or the main loop turns it into
 * irq_line_pulse() where KVM cannot (qtest). Message signalled interrupts: device/msi.h.
 */
#ifndef VIREO_DEVICE_IRQ_H
#define VIREO_DEVICE_IRQ_H

#include <glib.h>

typedef struct IrqLine IrqLine;
typedef void (*IrqFn)(void *opaque, unsigned n, int level);

/* fn hears of each change of the level (0 or 1), and of nothing else. It begins low. */
IrqLine *irq_line_new(IrqFn fn, void *opaque, unsigned n);
/*
 * A line into two pins (an ISA interrupt goes to the 8259 and to the I/O APIC). Those
 * must outlive it. irq_line_set_pending() reaches both; it has no GSI.
 */
IrqLine *irq_line_new_split(IrqLine *a, IrqLine *b);
/* No source is connected, no descriptor in use any more. */
void irq_line_free(IrqLine *line);
gboolean irq_line_level(const IrqLine *line);
/* An edge: up and down again. Nothing where a source holds the line up. */
void irq_line_pulse(IrqLine *line);

/* A device's end; embedded, zero at first. */
typedef struct IrqSource {
    IrqLine *line; /* NULL: not connected */
    gboolean level;
} IrqSource;

/* Its level goes along; a line that it had is left before. NULL: disconnects. */
void irq_source_connect(IrqSource *source, IrqLine *line);
/* Where it is not connected the level is kept for when it will be. */
void irq_source_set(IrqSource *source, int level);
/* Lowers it and takes it off its line. In a device's unrealize. */
void irq_source_disconnect(IrqSource *source);

/*
 * gsi: the pin that irqfd feeds (-1: none). Returns an eventfd, or -1 with errp.
 * Owned by the line; closed by irq_line_fd_put().
 */
void irq_line_set_gsi(IrqLine *line, int gsi);
int irq_line_fd_get(IrqLine *line, GError **errp);
void irq_line_fd_put(IrqLine *line);
/*
 * Asked after an incoming migration: is the device's interrupt status set? Its edge
 * may have been lost on the way, and is then repeated.
 */
void irq_line_set_pending(IrqLine *line, gboolean (*pending)(void *opaque), void *opaque);
gboolean irq_line_pending(IrqLine *line);

#endif
