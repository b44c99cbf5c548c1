/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the source of a migration connects. Who connects and does not begin as a
 * source does must not keep the real one out: several connections are held until one
 * has sent the stream's magic. Main loop.
 */
#ifndef VIREO_MIGRATION_LISTENER_H
#define VIREO_MIGRATION_LISTENER_H

#include <glib.h>

typedef struct MigListener MigListener;

/* The source's descriptor, from which the magic has been read. May free the listener. */
typedef void (*MigListenerFn)(int fd, void *opaque);

/* Takes over the listening descriptor. */
MigListener *mig_listener_new(int fd, MigListenerFn found, void *opaque);
/* Closes it, and all connections that nobody was told of. */
void mig_listener_free(MigListener *listener);

#endif
