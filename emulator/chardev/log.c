/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logfile= of a chardev. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "chardev/internal.h"
#include "event/turn.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

/* What is kept at most for a log that does not take it now. */
#define PIECE 4096

struct ChardevLog {
    int fd;
    gboolean blocking; /* O_NONBLOCK was not set before */
    gboolean broken;   /* said so once */
    GByteArray *pending;
    EventHandler *handler; /* while something waits for the log */
};

static int open_flags(const Chardev *chr)
{
    return O_WRONLY | (chr->common.logappend ? O_APPEND : O_TRUNC);
}

static gboolean check_result(const Chardev *chr, gboolean ok, GError **errp)
{
    return ok ||
           error_set_errno(errp, errno, "Could not create '%s'", chr->common.logfile);
}

gboolean log_check(Chardev *chr, GError **errp)
{
    if (!chr->common.logfile) {
        return TRUE;
    }
    chr->log = g_new0(ChardevLog, 1);
    chr->log->fd = -1;
    chr->log->pending = g_byte_array_new();
    return check_result(
        chr, chardev_file_check(chr->common.logfile, open_flags(chr), &chr->log->fd),
        errp);
}

gboolean log_prepare(Chardev *chr, GError **errp)
{
    ChardevLog *log = chr->log;

    if (!log) {
        return TRUE;
    }
    if (!check_result(
            chr, chardev_file_prepare(chr->common.logfile, open_flags(chr), &log->fd),
            errp)) {
        return FALSE;
    }
    log->blocking = fd_make_nonblocking(log->fd);
    return TRUE;
}

static void log_ready(void *opaque, GIOCondition ready);

static void wait_ready(Chardev *chr)
{
    if (!chr->log->handler) {
        chr->log->handler =
            event_loop_add_fd(event_loop_main(), chr->log->fd, G_IO_OUT, log_ready, chr);
    }
}

/* A log that takes nothing any more is said to do so once, and holds up nobody. */
static void give_up(Chardev *chr, int error)
{
    ChardevLog *log = chr->log;

    if (!log->broken) {
        log->broken = TRUE;
        log_warn("chardev '%s': cannot write to '%s': %s", chr->common.id,
                 chr->common.logfile, error_text(error));
    }
    g_byte_array_set_size(log->pending, 0);
}

static void flush(Chardev *chr)
{
    ChardevLog *log = chr->log;

    while (log->pending->len) {
        ssize_t n = write(log->fd, log->pending->data, log->pending->len);

        if (n > 0) {
            g_byte_array_remove_range(log->pending, 0, (guint)n);
        } else if (n < 0 && errno == EAGAIN) {
            wait_ready(chr);
            return;
        } else if (n == 0 || errno != EINTR) {
            give_up(chr, n ? errno : ENOSPC);
        }
    }
}

static void log_ready(void *opaque, GIOCondition ready)
{
    Chardev *chr = opaque;

    event_handler_remove(g_steal_pointer(&chr->log->handler));
    flush(chr);
    if (!chr->log->pending->len) {
        chardev_wake(chr->front);
    }
}

size_t log_room(Chardev *chr)
{
    size_t room = MIN(PIECE, turn_left(TURN_CHARDEV_OUT));

    if (room && !chr->log->pending->len) {
        return room;
    }
    wait_ready(chr);
    return 0;
}

void log_add(Chardev *chr, const guint8 *buf, size_t len)
{
    if (len) {
        turn_count(TURN_CHARDEV_OUT, chr->out_fd < 0 ? len : 0); /* not yet counted */
        g_byte_array_append(chr->log->pending, buf, (guint)len);
        flush(chr);
    }
}

void log_free(Chardev *chr)
{
    ChardevLog *log = g_steal_pointer(&chr->log);

    if (log) {
        event_handler_remove(log->handler);
        chardev_file_close(chr, log->fd, log->blocking);
        g_byte_array_unref(log->pending);
        g_free(log);
    }
}
