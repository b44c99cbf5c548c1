/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of entropy: `-object rng-random,id=,filename=` and `rng-builtin,id=`. */
#ifndef VIREO_VIRTIO_RNG_BACKEND_H
#define VIREO_VIRTIO_RNG_BACKEND_H

#include "config/object.h"

typedef struct RngBackend RngBackend;

extern const ObjectType object_rng_random, object_rng_builtin;

/* fd: non-blocking; taken over when it succeeds, and given back by del. */
RngBackend *rng_backend_add(const char *id, int fd, GError **errp);
gboolean rng_backend_del(const char *id, int *fd, GError **errp);
RngBackend *rng_backend_find(const char *id);
/*
 * At start, as it opens a file: an rng-builtin of its user's own, which no id finds. It
 * goes when its user does not use it any more.
 */
RngBackend *rng_backend_own(GError **errp);
void rng_backend_use(RngBackend *rng);
void rng_backend_unuse(RngBackend *rng);
int rng_backend_fd(const RngBackend *rng); /* non-blocking; the back end's */
void rng_cleanup(void);

#endif
