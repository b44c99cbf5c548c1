/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live migration: precopy over tcp:, unix:, fd:. Called on the main loop under
 * the machine lock; the copying runs on a thread of its own.
 */
#ifndef VIREO_MIGRATION_MIGRATION_H
#define VIREO_MIGRATION_MIGRATION_H

#include "config/node.h"

/* Starts sending; progress by query and by event MIGRATION. */
gboolean migration_start(const char *uri, GError **errp);
void migration_cancel(void);
/*
 * -incoming URI, at start: looks names up itself, which takes its time; "defer" waits for
 * migrate-incoming, which is the other one: done, now or later, owns error (NULL: it
 * listens, or reads).
 */
gboolean migration_incoming(const char *uri, GError **errp);
typedef void (*MigIncomingDone)(void *opaque, GError *error);
void migration_incoming_later(const char *uri, MigIncomingDone done, void *opaque);
gboolean migration_incoming_expected(void);
/* An outgoing or incoming one is under way: no plugging now. */
gboolean migration_active(void);
/* The last part of an outgoing one, in which the VM must not be started. */
gboolean migration_switching_over(void);
/*
 * cont after an incoming migration: what is still missing before vm_start().
 * autostart: -S was not given. FALSE while RAM is still arriving.
 */
void migration_set_autostart(gboolean autostart);
ConfigNode *migration_query(void);
/* Calls fn when none is under way, at the end of the process at the latest: or now. */
void migration_when_idle(void (*fn)(void *opaque), void *opaque);
gboolean migration_set_parameters(ConfigNode *params, GError **errp);
ConfigNode *migration_query_parameters(void);
/* apply: FALSE only looks whether it can be done. */
gboolean migration_set_capability(const char *name, gboolean on, gboolean apply,
                                  GError **errp);
ConfigNode *migration_query_capabilities(void);
void migration_cleanup(void);

#endif
