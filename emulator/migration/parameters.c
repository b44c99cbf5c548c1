/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migration/parameters.h"

#include <string.h>

#include "migration/channel.h"
#include "migration/migration.h"

static MigParameters parameters = {
    .max_bandwidth = 128 << 20,
    .downtime_limit = 300,
};
static void (*changed_hook)(void);

static const struct {
    const char *name;
    size_t offset;
    guint64 max;
} parameter_rows[] = {
    { "max-bandwidth", offsetof(MigParameters, max_bandwidth), G_MAXINT64 },
    { "downtime-limit", offsetof(MigParameters, downtime_limit), 2000 * 1000 },
};

static struct {
    const char *name;
    gboolean on;
} capability_rows[] = {
    { "events", FALSE },
    { "return-path", TRUE },
};

const MigParameters *migration_parameters(void)
{
    return &parameters;
}

void migration_parameters_set_hook(void (*changed)(void))
{
    changed_hook = changed;
}

gboolean migration_set_parameters(ConfigNode *params, GError **errp)
{
    MigParameters new = parameters;

    for (guint i = 0; i < G_N_ELEMENTS(parameter_rows); i++) {
        guint64 *value = (guint64 *)((char *)&new + parameter_rows[i].offset);

        if (!config_get_uint(params, parameter_rows[i].name, *value, 0,
                             parameter_rows[i].max, value, errp)) {
            return FALSE;
        }
    }
    if (!config_check_unused(params, errp)) {
        return FALSE;
    }
    parameters = new;
    if (changed_hook) {
        changed_hook();
    }
    return TRUE;
}

ConfigNode *migration_query_parameters(void)
{
    ConfigNode *out = config_map_new();

    for (guint i = 0; i < G_N_ELEMENTS(parameter_rows); i++) {
        config_map_set_int(out, parameter_rows[i].name,
                           *(guint64 *)((char *)&parameters + parameter_rows[i].offset));
    }
    return out;
}

gboolean migration_set_capability(const char *name, gboolean on, gboolean apply,
                                  GError **errp)
{
    for (guint i = 0; i < G_N_ELEMENTS(capability_rows); i++) {
        if (strcmp(capability_rows[i].name, name) == 0) {
            if (apply) {
                capability_rows[i].on = on;
            }
            return TRUE;
        }
    }
    if (!on) {
        return TRUE; /* what we do not have is off */
    }
    g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                "Migration capability '%s' is not supported", name);
    return FALSE;
}

gboolean migration_capability(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(capability_rows); i++) {
        if (strcmp(capability_rows[i].name, name) == 0) {
            return capability_rows[i].on;
        }
    }
    return FALSE;
}

ConfigNode *migration_query_capabilities(void)
{
    ConfigNode *out = config_list_new();

    for (guint i = 0; i < G_N_ELEMENTS(capability_rows); i++) {
        ConfigNode *row = config_map_new();

        config_map_set_string(row, "capability", capability_rows[i].name);
        config_map_set_bool(row, "state", capability_rows[i].on);
        config_list_add(out, row);
    }
    return out;
}
