/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interrupt line: a device raises it, whoever is connected (an interrupt
 * controller's pin, a test) hears of it. irq_line_set() under the machine lock.
 * The data plane, which never takes that lock, signals irq_line_fd() instead: an
 * eventfd that KVM turns into an edge on the pin (irqfd), or that the main loop
 * turns into irq_line_pulse() where KVM cannot (qtest).
 */
#ifndef VIREO_DEVICE_IRQ_H
#define VIREO_DEVICE_IRQ_H

#include <glib.h>

typedef struct IrqLine IrqLine;
typedef void (*IrqFn)(void *opaque, unsigned n, int level);

IrqLine *irq_line_new(IrqFn fn, void *opaque, unsigned n);
void irq_line_free(IrqLine *line);
void irq_line_set(IrqLine *line, int level);
void irq_line_pulse(IrqLine *line);
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
