/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev pipe: two FIFOs, PATH.in for what the guest gets and PATH.out for what it
 * says, which the user has made; or PATH for both (no FIFO: it would hear itself). Each
 * is opened for both directions: that waits for nobody, and nobody who comes or goes ends
 * it; so there is always a peer, and a FIFO that is full is waited for.
 */
#include "config.h"

#include "chardev/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

typedef struct PipeOptions {
    char *path;
} PipeOptions;

typedef struct Pipe {
    int in, out; /* may be the same */
} Pipe;

static const Property pipe_rows[] = {
    { "path", PROP_STRING, offsetof(PipeOptions, path), .required = TRUE,
      .help = "Of the FIFOs, without their .in and .out" },
    { NULL },
};

static int open_fifo(const char *path, const char *suffix)
{
    g_autofree char *name = g_strconcat(path, suffix, NULL);

    return open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static gboolean pipe_check(Chardev *chr, GError **errp)
{
    Pipe *p = g_new(Pipe, 1);

    *p = (Pipe){ -1, -1 };
    chr->data = p;
    return TRUE;
}

static gboolean pipe_prepare(Chardev *chr, GError **errp)
{
    const PipeOptions *o = chr->options;
    Pipe *p = chr->data;

    p->in = open_fifo(o->path, ".in");
    p->out = p->in < 0 ? -1 : open_fifo(o->path, ".out");
    if (p->out < 0) {
        fd_clear(&p->in);
        p->in = p->out = open_fifo(o->path, NULL);
    }
    return p->out >= 0 || error_set_errno(errp, errno, "Could not open '%s'", o->path);
}

static gboolean pipe_open(Chardev *chr, GError **errp)
{
    const Pipe *p = chr->data;

    chardev_peer_opened(chr, p->in, p->out);
    return TRUE;
}

static void pipe_free(Chardev *chr)
{
    Pipe *p = chr->data;

    if (p) {
        chardev_file_close(chr, p->in, FALSE);
        chardev_file_close(chr, p->out == p->in ? -1 : p->out, FALSE);
        g_free(p);
    }
}

const ChardevBackend chardev_pipe = {
    .type = { "pipe", "a pair of FIFOs", pipe_rows, sizeof(PipeOptions) },
    .check = pipe_check,
    .prepare = pipe_prepare,
    .open = pipe_open,
    .free = pipe_free,
};
