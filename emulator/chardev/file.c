/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -chardev file (output only) and -chardev null. */
#include "config.h"

#include "chardev/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "util/created.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct FileOptions {
    char *path;
    gboolean append;
} FileOptions;

static const Property file_rows[] = {
    { "path", PROP_STRING, offsetof(FileOptions, path), .required = TRUE,
      .help = "The file" },
    { "append", PROP_BOOL, offsetof(FileOptions, append), "off",
      .help = "After what it has" },
    { NULL },
};

static gboolean file_open(Chardev *chr, GError **errp)
{
    const FileOptions *o = chr->options;
    int fd;

    fd = created_open(o->path, O_WRONLY | (o->append ? O_APPEND : O_TRUNC), 0666);
    if (fd < 0) {
        return error_set_errno(errp, errno, "cannot open path '%s'", o->path);
    }
    /* A FIFO, terminal or pipe may have a late reader, or none. */
    chr->data = GINT_TO_POINTER(fd_make_nonblocking(fd));
    chardev_peer_opened(chr, -1, fd);
    return TRUE;
}

static char *file_describe(Chardev *chr)
{
    return g_strdup("file");
}

static void file_free(Chardev *chr)
{
    if (chr->out_fd >= 0) {
        fd_close_restored(chr->out_fd, GPOINTER_TO_INT(chr->data));
    }
}

const ChardevBackend chardev_file = {
    .type = { "file", "output to a file", file_rows, sizeof(FileOptions) },
    .open = file_open,
    .describe = file_describe,
    .free = file_free,
};

static gboolean null_open(Chardev *chr, GError **errp)
{
    chardev_peer_opened(chr, -1, -1);
    return TRUE;
}

static char *null_describe(Chardev *chr)
{
    return g_strdup("null");
}

const ChardevBackend chardev_null = {
    .type = { "null", "output that nobody wants" },
    .open = null_open,
    .describe = null_describe,
    .discard = TRUE,
};
