/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt lines. A level set under the machine lock goes to the callback; an
 * eventfd goes to KVM's irqfd, or where that cannot be to a handler on the main
 * loop that pulses the line.
 *
 * A line may go in a vCPU's thread, whose driver resets its device:
 * #syscalls vcpu: close read fcntl -- rare: the tiny guests end without a reset
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

void irq_line_free(IrqLine *line)
{
    if (line) {
        g_assert(line->fd_users == 0);
        g_free(line);
    }
}

void irq_line_set(IrqLine *line, int level)
{
    line->fn(line->opaque, line->n, level != 0);
}

void irq_line_pulse(IrqLine *line)
{
    irq_line_set(line, 1);
    irq_line_set(line, 0);
}

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
            g_set_error(errp, G_FILE_ERROR, g_file_error_from_errno(errno),
                        "Cannot create an eventfd for interrupt %u: %s", line->n,
                        error_text(errno));
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
}

gboolean irq_line_pending(IrqLine *line)
{
    return line->pending && line->pending(line->pending_opaque);
}
