/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev file (output only) and -chardev null; files of chardevs.
 *
 * #syscalls slow: openat close fcntl
 * #syscalls slow: readlink getcwd -- rare: a link that is there, or a path without a /
 */
#include "config.h"

#include "chardev/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "event/gate.h"
#include "event/slow-close.h"
#include "util/created.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"

gboolean chardev_file_check(const char *path, int flags, int *fd)
{
    *fd = path_is_fdset(path) ? created_open(path, flags, 0666) : -1;
    return *fd >= 0 || !path_is_fdset(path);
}

/* A FIFO, terminal or pipe may have a late reader, or none: it never waits for one. */
gboolean chardev_file_prepare(const char *path, int flags, int *fd)
{
    if (*fd < 0) {
        *fd = created_open(path, flags, 0666);
    }
    return *fd >= 0;
}

void chardev_file_close(const Chardev *chr, int fd, gboolean make_blocking)
{
    if (fd < 0) {
        return;
    }
    if (chr->retired) {
        GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));
        int flags = make_blocking ? fcntl(fd, F_GETFL) : -1;

        if (flags >= 0) {
            fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
        }
        slow_close(g_array_append_val(fds, fd), NULL, NULL);
    } else {
        fd_close_restored(fd, make_blocking);
    }
}

typedef struct FileOptions {
    char *path;
    gboolean append;
} FileOptions;

typedef struct File {
    int fd;
    gboolean blocking;
} File;

static const Property file_rows[] = {
    { "path", PROP_STRING, offsetof(FileOptions, path), .required = TRUE,
      .help = "The file" },
    { "append", PROP_BOOL, offsetof(FileOptions, append), "off",
      .help = "After what it has" },
    { NULL },
};

static int file_flags(const FileOptions *o)
{
    return O_WRONLY | (o->append ? O_APPEND : O_TRUNC);
}

static gboolean check_result(const FileOptions *o, gboolean ok, GError **errp)
{
    return ok || error_set_errno(errp, errno, "Could not open '%s'", o->path);
}

static gboolean file_check(Chardev *chr, GError **errp)
{
    const FileOptions *o = chr->options;
    File *file = g_new0(File, 1);

    chr->data = file;
    return check_result(o, chardev_file_check(o->path, file_flags(o), &file->fd), errp);
}

static gboolean file_prepare(Chardev *chr, GError **errp)
{
    const FileOptions *o = chr->options;
    File *file = chr->data;

    if (!check_result(o, chardev_file_prepare(o->path, file_flags(o), &file->fd), errp)) {
        return FALSE;
    }
    file->blocking = fd_make_nonblocking(file->fd);
    return TRUE;
}

static gboolean file_open(Chardev *chr, GError **errp)
{
    const File *file = chr->data;

    chardev_peer_opened(chr, -1, file->fd);
    return TRUE;
}

static void file_free(Chardev *chr)
{
    File *file = chr->data;

    if (file) {
        chardev_file_close(chr, file->fd, file->blocking);
        g_free(file);
    }
}

const ChardevBackend chardev_file = {
    .type = { "file", "output to a file", file_rows, sizeof(FileOptions) },
    .check = file_check,
    .prepare = file_prepare,
    .open = file_open,
    .free = file_free,
};

static gboolean null_open(Chardev *chr, GError **errp)
{
    chardev_peer_opened(chr, -1, -1);
    return TRUE;
}

const ChardevBackend chardev_null = {
    .type = { "null", "output that nobody wants" },
    .open = null_open,
    .discard = TRUE,
};
