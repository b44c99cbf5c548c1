/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt lines. What is set under the machine lock is counted, and the callback hears
 * of the first source that is up and of the last one that goes down; an eventfd goes to
 * KVM's irqfd, or where that cannot be to a handler on the main loop that pulses the
 * line.
 *
 * A line may go in a vCPU's thread, whose driver resets its device:
 * #syscalls vcpu: close read
 * #syscalls vcpu: fcntl -- rare: the tiny guests end without a reset
 */
#include "config.h"

#include "device/irq.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "accel/accel.h"
#include "event/loop.h"
#include "util/error.h"

struct IrqLine {
    IrqFn fn;
    void *opaque;
    unsigned n;
    guint sources, up; /* those connected; those that are up */
    IrqSource *split;  /* the ends at the two lines that it goes on in, or NULL */
    gboolean (*pending)(void *opaque);
    void *pending_opaque;

    int gsi; /* -1: none */
    int fd;  /* -1: not made */
    unsigned fd_users;
    gboolean in_kernel;
    EventHandler *handler; /* when user space listens to fd */
};

IrqLine *irq_line_new(IrqFn fn, void *opaque, unsigned n)
{
    IrqLine *line = g_new0(IrqLine, 1);

    line->fn = fn;
    line->opaque = opaque;
    line->n = n;
    line->gsi = -1;
    line->fd = -1;
    return line;
}

static void set_both(void *opaque, unsigned n, int level)
{
    IrqLine *line = opaque;
    irq_source_set(&line->split[0], level);
    irq_source_set(&line->split[1], level);
}

IrqLine *irq_line_new_split(IrqLine *a, IrqLine *b)
{
    IrqLine *line = irq_line_new(set_both, NULL, a->n);
    line->opaque = line;
    line->split = g_new0(IrqSource, 2);
    irq_source_connect(&line->split[0], a);
    irq_source_connect(&line->split[1], b);
    return line;
}

void irq_line_free(IrqLine *line)
{
    if (!line) {
        return;
    }
    g_assert(line->fd_users == 0 && line->sources == 0);
    if (line->split) {
        irq_source_disconnect(&line->split[0]);
        irq_source_disconnect(&line->split[1]);
        g_free(line->split);
    }
    g_free(line);
}

gboolean irq_line_level(const IrqLine *line)
{
    return line->up > 0;
}

void irq_line_pulse(IrqLine *line)
{
    if (!line->up) {
        line->fn(line->opaque, line->n, 1);
        line->fn(line->opaque, line->n, 0);
    }
}

/* Sources */

static void raise_line(IrqLine *line)
{
    if (line->up++ == 0) {
        line->fn(line->opaque, line->n, 1);
    }
}

static void lower_line(IrqLine *line)
{
    if (--line->up == 0) {
        line->fn(line->opaque, line->n, 0);
    }
}

void irq_source_connect(IrqSource *source, IrqLine *line)
{
    IrqLine *old = source->line;
    if (old == line) {
        return;
    }
    source->line = line;
    if (old) {
        old->sources--;
        if (source->level) {
            lower_line(old);
        }
    }
    if (line) {
        line->sources++;
        if (source->level) {
            raise_line(line);
        }
    }
}

void irq_source_set(IrqSource *source, int level)
{
    gboolean up = level != 0;
    if (up == source->level) {
        return;
    }
    source->level = up;
    if (source->line && up) {
        raise_line(source->line);
    } else if (source->line) {
        lower_line(source->line);
    }
}

void irq_source_disconnect(IrqSource *source)
{
    irq_source_set(source, 0);
    irq_source_connect(source, NULL);
}

/* Descriptors */

void irq_line_set_gsi(IrqLine *line, int gsi)
{
    g_assert(line->fd_users == 0);
    line->gsi = gsi;
}

static void fd_ready(void *opaque, GIOCondition ready)
{
    IrqLine *line = opaque;
    eventfd_t count;

    if (eventfd_read(line->fd, &count) == 0) {
        irq_line_pulse(line);
    }
}

int irq_line_fd_get(IrqLine *line, GError **errp)
{
    if (line->fd_users == 0) {
        const Accel *accel = accel_get();

        line->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (line->fd < 0) {
            error_set_errno(errp, errno, "Cannot create an eventfd for interrupt %u",
                            line->n);
            return -1;
        }
        line->in_kernel = line->gsi >= 0 && accel && accel->add_irqfd &&
                          accel->add_irqfd(line->gsi, line->fd);
        if (!line->in_kernel) {
            line->handler =
                event_loop_add_fd(event_loop_main(), line->fd, G_IO_IN, fd_ready, line);
        }
    }
    line->fd_users++;
    return line->fd;
}

void irq_line_fd_put(IrqLine *line)
{
    g_assert(line->fd_users > 0);
    if (--line->fd_users) {
        return;
    }
    if (line->in_kernel) {
        accel_get()->del_irqfd(line->gsi, line->fd);
    } else {
        event_handler_remove(line->handler);
        line->handler = NULL;
        fd_ready(line, G_IO_IN); /* what was signalled is not lost */
    }
    close(line->fd);
    line->fd = -1;
}

void irq_line_set_pending(IrqLine *line, gboolean (*pending)(void *opaque), void *opaque)
{
    line->pending = pending;
    line->pending_opaque = opaque;
    for (unsigned i = 0; line->split && i < 2; i++) {
        irq_line_set_pending(line->split[i].line, pending, opaque);
    }
}

gboolean irq_line_pending(IrqLine *line)
{
    return line->pending && line->pending(line->pending_opaque);
}
