/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listens on a UNIX socket beside the main loop: its directory's server may be silent. */
#ifndef VIREO_MIGRATION_LATE_LISTEN_H
#define VIREO_MIGRATION_LATE_LISTEN_H

#include <glib.h>

typedef struct MigUri MigUri;

/*
 * uri: the call's; uri->made is the socket's, and may be stolen. fd: taken over, or -1,
 * and error says why. uri NULL: the process ends.
 */
typedef void (*MigListenFn)(MigUri *uri, int fd, const GError *error);

/*
 * Takes over the URI where it succeeds: done will be called. A socket that is being made
 * when the process ends may stay. Gate "listen" (gate.h).
 */
gboolean mig_late_listen(MigUri *uri, MigListenFn done, GError **errp);

#endif
