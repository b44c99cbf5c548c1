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

RngBackend *rng_backend_add(ConfigNode *node, GError **errp)
{
    const char *id, *type, *filename = "/dev/urandom";

    if (!config_get_string(node, "qom-type", "rng-random", &type, errp) ||
        !config_get_string(node, "id", NULL, &id, errp) ||
        (g_str_equal(type, "rng-random") &&
         !config_get_string(node, "filename", filename, &filename, errp)) ||
        !config_check_unused(node, errp)) {
        return NULL;
    }
    if (!id || rng_backend_find(id)) {
        error_set(errp, id ? "Duplicate ID '%s' for object" : "Parameter '%s' is missing",
                  id ? id : "id");
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
