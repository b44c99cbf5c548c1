/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio/rng-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define BUILTIN_PATH "/dev/urandom"

struct RngBackend {
    char *id; /* NULL: its user's own */
    int fd;
    unsigned users;
};

static GSList *backends;

RngBackend *rng_backend_find(const char *id)
{
    for (GSList *l = backends; l; l = l->next) {
        if (g_str_equal(((RngBackend *)l->data)->id, id)) {
            return l->data;
        }
    }
    return NULL;
}

RngBackend *rng_backend_add(const char *id, int fd, GError **errp)
{
    if (rng_backend_find(id)) {
        error_set(errp, "Duplicate ID '%s' for object", id);
        return NULL;
    }
    RngBackend *rng = g_new0(RngBackend, 1);
    rng->id = g_strdup(id);
    rng->fd = fd;
    backends = g_slist_append(backends, rng);
    return rng;
}

static void rng_free(RngBackend *rng)
{
    backends = g_slist_remove(backends, rng);
    g_free(rng->id);
    g_free(rng);
}

gboolean rng_backend_del(const char *id, int *fd, GError **errp)
{
    RngBackend *rng = rng_backend_find(id);

    if (!rng || rng->users) {
        return error_set(errp,
                         rng ? "object '%s' is in use, can not be deleted"
                             : "object '%s' not found",
                         id);
    }
    *fd = rng->fd;
    rng_free(rng);
    return TRUE;
}

void rng_backend_use(RngBackend *rng)
{
    rng->users++;
}

void rng_backend_unuse(RngBackend *rng)
{
    rng->users--;
    if (!rng->id && !rng->users) {
        fd_clear(&rng->fd);
        g_free(rng);
    }
}

RngBackend *rng_backend_own(GError **errp)
{
    autofd int fd = open(BUILTIN_PATH, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        error_set_errno(errp, errno, "cannot open %s", BUILTIN_PATH);
        return NULL;
    }
    RngBackend *rng = g_new0(RngBackend, 1);
    rng->fd = fd_steal(&fd);
    return rng;
}

int rng_backend_fd(const RngBackend *rng)
{
    return rng->fd;
}

void rng_cleanup(void)
{
    while (backends) {
        RngBackend *rng = backends->data;
        close(rng->fd);
        rng_free(rng);
    }
}

typedef struct RandomOptions {
    char *filename;
} RandomOptions;

static const Property random_rows[] = {
    { "filename", PROP_STRING, offsetof(RandomOptions, filename), BUILTIN_PATH,
      .help = "Where entropy comes from" },
    { NULL },
};

static const char *random_path(const void *own)
{
    return ((const RandomOptions *)own)->filename;
}

static const char *builtin_path(const void *own)
{
    return BUILTIN_PATH;
}

static gboolean create_rng(const void *own, const char *id, int fd, GError **errp)
{
    return rng_backend_add(id, fd, errp) != NULL;
}

const ObjectType object_rng_random = {
    { "rng-random", "entropy from a file", random_rows, sizeof(RandomOptions) },
    create_rng,
    rng_backend_del,
    random_path,
};

const ObjectType object_rng_builtin = {
    { "rng-builtin", "entropy from the host's kernel" },
    create_rng,
    rng_backend_del,
    builtin_path,
};
