/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file that is locked must still be the one with that name. */
static gboolean still_there(int fd, const char *path)
{
    struct stat mine, theirs;

    return fstat(fd, &mine) == 0 && stat(path, &theirs) == 0 &&
           mine.st_ino == theirs.st_ino && mine.st_dev == theirs.st_dev;
}

static void set_error(GError **errp, const char *path, int err)
{
    g_autofree char *why = g_strdup(g_strerror(err));
    pid_t pid;

    if (err == EWOULDBLOCK && process_pidfile_held(path, &pid) && pid) {
        g_free(why);
        why = g_strdup_printf("process %d holds it", (int)pid);
    }
    g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(err),
                "cannot lock the PID file '%s': %s", path, why);
}

int process_pidfile_acquire(const char *path, GError **errp)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
            if (still_there(fd, path)) {
                return fd;
            }
            close(fd);
            continue;
        }
        set_error(errp, path, errno);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
}

gboolean process_pidfile_held(const char *path, pid_t *pid)
{
    char text[16] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    gboolean held;

    *pid = 0;
    if (fd < 0) {
        return FALSE;
    }
    held = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    if (held && pread(fd, text, sizeof(text) - 1, 0) > 0) {
        long value = strtol(text, NULL, 10);

        *pid = value > 1 && value <= G_MAXINT ? (pid_t)value : 0;
    }
    close(fd);
    return held;
}
