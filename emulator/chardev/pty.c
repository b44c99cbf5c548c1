/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev pty: a pseudo terminal whose other side anyone may open.
 *
 * While nobody has it open the master reports a hang-up, and nothing tells us when
 * that ends: we look when there is something to write, and once a second for what
 * the other side may have to say. Without a peer there is no connection, so that
 * output is dropped and never waited for; one that has it open and does not read is
 * waited for.
 *
 * Who may not open files any more is handed the master side by fd=.
 *
 * #syscalls main,vcpu: ppoll
 * #syscalls main: ioctl(TIOCGPTN) -- rare: a chardev-add with fd
 * #syscalls slow: openat close ioctl(TIOCGPTN) ioctl(TIOCSPTLCK) ioctl(TCGETS)
 * ioctl(TCSETS)
 */
#include "config.h"

#include "chardev/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "event/clock.h"
#include "util/error.h"
#include "util/fd.h"

#define PROBE_NS (1000 * 1000 * 1000ll)

typedef struct PtyOptions {
    char *fd;
} PtyOptions;

static const Property pty_rows[] = {
    { "fd", PROP_STRING, offsetof(PtyOptions, fd),
      .help = "The number of an inherited descriptor, a terminal's master side" },
    { NULL },
};

typedef struct Pty {
    int master;
    char *path;
    Timer *timer;
} Pty;

static void pty_probe(Chardev *chr)
{
    Pty *pty = chr->data;
    struct pollfd pfd = { .fd = pty->master, .events = POLLIN };
    struct timespec now = { 0 };

    if (!chr->connected && ppoll(&pfd, 1, &now, NULL) >= 0 && !(pfd.revents & POLLHUP)) {
        timer_disarm(pty->timer);
        chardev_peer_opened(chr, pty->master, pty->master);
    }
}

static void arm_probe(Chardev *chr)
{
    Pty *pty = chr->data;

    timer_arm(pty->timer, clock_now(CLOCK_TYPE_REALTIME) + PROBE_NS);
}

static void probe_due(void *opaque)
{
    Chardev *chr = opaque;

    pty_probe(chr);
    if (!chr->connected && chr->front) {
        arm_probe(chr);
    }
}

/* The slave in raw mode, opened once so that the master then reports a hang-up. */
static gboolean set_up_slave(const char *path, GError **errp)
{
    autofd int slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios termios;

    if (slave < 0 || tcgetattr(slave, &termios) < 0) {
        return error_set_errno(errp, errno, "cannot open '%s'", path);
    }
    cfmakeraw(&termios);
    if (tcsetattr(slave, TCSANOW, &termios) < 0) {
        return error_set_errno(errp, errno, "cannot set up '%s'", path);
    }
    return TRUE;
}

static Pty *pty_new(int master, const char *path)
{
    Pty *pty = g_new0(Pty, 1);

    pty->master = master;
    pty->path = g_strdup(path);
    return pty;
}

/* Takes over what it was given; whoever made that has set up the other side. */
static gboolean pty_check(Chardev *chr, GError **errp)
{
    const PtyOptions *o = chr->options;
    g_autofree char *path = NULL;
    unsigned number;
    int master;

    if (!o->fd) {
        return TRUE;
    }
    master = fd_claim(o->fd, errp);
    if (master < 0) {
        return FALSE;
    }
    if (ioctl(master, TIOCGPTN, &number) < 0) {
        error_set_errno(errp, errno,
                        "File descriptor '%s' is not the master side of a terminal",
                        o->fd);
        fd_unclaim(master, o->fd);
        return FALSE;
    }
    fd_make_nonblocking(master);
    path = g_strdup_printf("/dev/pts/%u", number);
    chr->data = pty_new(master, path);
    return TRUE;
}

static gboolean pty_make(Chardev *chr, GError **errp)
{
    autofd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    char path[64];

    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
        ptsname_r(master, path, sizeof(path)) != 0) {
        return error_set_errno(errp, errno, "cannot create a pseudo terminal");
    }
    if (!set_up_slave(path, errp)) {
        return FALSE;
    }
    chr->data = pty_new(fd_steal(&master), path);
    return TRUE;
}

static gboolean pty_prepare(Chardev *chr, GError **errp)
{
    return chr->data || pty_make(chr, errp);
}

static gboolean pty_open(Chardev *chr, GError **errp)
{
    Pty *pty = chr->data;

    pty->timer = timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, probe_due, chr);
    if (!chr->late) { /* as QEMU says it: scripts look for this line */
        printf("char device redirected to %s (label %s)\n", pty->path, chr->common.id);
        fflush(stdout);
    }
    return TRUE;
}

static char *pty_describe(Chardev *chr)
{
    return g_strdup_printf("pty:%s", ((Pty *)chr->data)->path);
}

static void pty_free(Chardev *chr)
{
    Pty *pty = chr->data;

    if (pty) {
        g_clear_pointer(&pty->timer, timer_free);
        close(pty->master);
        g_free(pty->path);
        g_free(pty);
    }
}

char *chardev_pty_path(const Chardev *chr)
{
    return chr->backend == &chardev_pty ? g_strdup(((const Pty *)chr->data)->path) : NULL;
}

const ChardevBackend chardev_pty = {
    .type = { "pty", "a pseudo terminal", pty_rows, sizeof(PtyOptions) },
    .check = pty_check,
    .prepare = pty_prepare,
    .open = pty_open,
    .start = arm_probe,
    .closed = arm_probe,
    .probe = pty_probe,
    .describe = pty_describe,
    .free = pty_free,
};
