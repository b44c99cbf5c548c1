/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio/rng-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fdset.h"

struct RngBackend {
    char *id;
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

RngBackend *rng_backend_add(const char *id, const char *filename, GError **errp)
{
    if (rng_backend_find(id)) {
        error_set(errp, "Duplicate ID '%s' for object", id);
        return NULL;
    }
    int fd = path_open(filename, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        error_set_errno(errp, errno, "Could not open '%s'", filename);
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
    close(rng->fd);
    g_free(rng->id);
    g_free(rng);
}

gboolean rng_backend_del(const char *id, GError **errp)
{
    RngBackend *rng = rng_backend_find(id);

    if (!rng || rng->users) {
        return error_set(errp,
                         rng ? "object '%s' is in use, can not be deleted"
                             : "object '%s' not found",
                         id);
    }
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
}

int rng_backend_fd(const RngBackend *rng)
{
    return rng->fd;
}

void rng_cleanup(void)
{
    while (backends) {
        rng_free(backends->data);
    }
}

typedef struct RandomOptions {
    char *filename;
} RandomOptions;

static const Property random_rows[] = {
    { "filename", PROP_STRING, offsetof(RandomOptions, filename), "/dev/urandom",
      .help = "Where entropy comes from" },
    { NULL },
};

static gboolean create_random(const void *own, const char *id, GError **errp)
{
    const RandomOptions *o = own;

    return rng_backend_add(id, o->filename, errp) != NULL;
}

static gboolean create_builtin(const void *own, const char *id, GError **errp)
{
    return rng_backend_add(id, "/dev/urandom", errp) != NULL;
}

const ObjectType object_rng_random = {
    { "rng-random", "entropy from a file", random_rows, sizeof(RandomOptions) },
    create_random,
    rng_backend_del,
};

const ObjectType object_rng_builtin = {
    { "rng-builtin", "entropy from the host's kernel" },
    create_builtin,
    rng_backend_del,
};
