/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters and capabilities of migration: one table each, from which set, query
 * and introspection are made.
 */
#ifndef VIREO_MIGRATION_PARAMETERS_H
#define VIREO_MIGRATION_PARAMETERS_H

#include <glib.h>

typedef struct MigParameters {
    guint64 max_bandwidth;  /* bytes per second, 0: no limit */
    guint64 downtime_limit; /* ms */
} MigParameters;

/* Main loop, under the machine lock. */
const MigParameters *migration_parameters(void);
/* Called after each change: an active migration follows the limits. */
void migration_parameters_set_hook(void (*changed)(void));
gboolean migration_capability(const char *name);

#endif
