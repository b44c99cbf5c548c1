/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev stdio: standard input and output. A terminal is put into raw mode; how
 * it was is restored when the chardev goes, and at exit at the latest.
 *
 * #syscalls main: fcntl
 * #syscalls main: ioctl(TCGETS) ioctl(TCSETS) -- rare: a terminal, put back at the end
 */
#include "config.h"

#include "chardev/internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "util/error.h"

static struct {
    gboolean in_use;
    gboolean tty;
    struct termios termios;
    int flags[2];
} saved;

static void restore(void)
{
    if (!saved.in_use) {
        return;
    }
    if (saved.tty) {
        tcsetattr(STDIN_FILENO, TCSANOW, &saved.termios);
    }
    for (int fd = 0; fd < 2; fd++) {
        if (saved.flags[fd] >= 0) {
            fcntl(fd, F_SETFL, saved.flags[fd]);
        }
    }
    saved.in_use = FALSE;
}

static void make_raw(gboolean signals)
{
    struct termios raw = saved.termios;

    raw.c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag |= OPOST;
    raw.c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN);
    if (!signals) {
        raw.c_lflag &= ~ISIG;
    }
    raw.c_cflag &= ~(CSIZE | PARENB);
    raw.c_cflag |= CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

typedef struct StdioOptions {
    gboolean signal;
} StdioOptions;

static const Property stdio_rows[] = {
    { "signal", PROP_BOOL, offsetof(StdioOptions, signal), "on",
      .help = "Control-C ends the VM" },
    { NULL },
};

static gboolean stdio_open(Chardev *chr, GError **errp)
{
    const StdioOptions *o = chr->options;
    static gboolean registered;

    if (saved.in_use) {
        return error_set(errp, "cannot use stdio by multiple character devices");
    }
    if (!registered) {
        registered = TRUE;
        atexit(restore);
    }
    saved.in_use = TRUE;
    saved.tty = tcgetattr(STDIN_FILENO, &saved.termios) == 0;
    for (int fd = 0; fd < 2; fd++) {
        saved.flags[fd] = fcntl(fd, F_GETFL);
        if (saved.flags[fd] >= 0) {
            fcntl(fd, F_SETFL, saved.flags[fd] | O_NONBLOCK);
        }
    }
    if (saved.tty) {
        make_raw(o->signal);
    }
    chr->data = &saved;
    chardev_peer_opened(chr, STDIN_FILENO, STDOUT_FILENO);
    return TRUE;
}

static void stdio_free(Chardev *chr)
{
    if (chr->data) {
        restore();
    }
}

const ChardevBackend chardev_stdio = {
    .type = { "stdio", "standard input and output", stdio_rows, sizeof(StdioOptions) },
    .open = stdio_open,
    .free = stdio_free,
    .eof_stays = TRUE,
};
