/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static gboolean set_up_slave(int slave)
{
    struct termios termios;

    if (tcgetattr(slave, &termios) < 0) {
        return FALSE;
    }
    cfmakeraw(&termios);
    return tcsetattr(slave, TCSANOW, &termios) == 0;
}

static gboolean set_up(int master)
{
    char path[64];
    gboolean ok;
    int slave;

    if (grantpt(master) < 0 || unlockpt(master) < 0 ||
        ptsname_r(master, path, sizeof(path)) != 0) {
        return FALSE;
    }
    slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    ok = slave >= 0 && set_up_slave(slave);
    if (slave >= 0) {
        int saved = errno;

        close(slave);
        errno = saved;
    }
    return ok;
}

int process_open_pty(GError **errp)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (master < 0 || !set_up(master)) {
        int saved = errno;

        if (master >= 0) {
            close(master);
        }
        g_set_error(errp, G_FILE_ERROR, g_file_error_from_errno(saved),
                    "cannot create a pseudo terminal: %s", g_strerror(saved));
        return -1;
    }
    return master;
}
