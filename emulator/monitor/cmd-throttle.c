/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block_set_io_throttle: the limits of one disk. */
#include "config.h"

#include "block/throttle.h"
#include "monitor/commands.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

QMP_OBJECT(throttle_args, { "device", &qmp_str, TRUE }, { "id", &qmp_str, TRUE },
           { "bps", &qmp_int }, { "bps_rd", &qmp_int }, { "bps_wr", &qmp_int },
           { "iops", &qmp_int }, { "iops_rd", &qmp_int }, { "iops_wr", &qmp_int },
           { "bps_max", &qmp_int, TRUE }, { "bps_rd_max", &qmp_int, TRUE },
           { "bps_wr_max", &qmp_int, TRUE }, { "iops_max", &qmp_int, TRUE },
           { "iops_rd_max", &qmp_int, TRUE }, { "iops_wr_max", &qmp_int, TRUE },
           { "bps_max_length", &qmp_int, TRUE }, { "bps_rd_max_length", &qmp_int, TRUE },
           { "bps_wr_max_length", &qmp_int, TRUE }, { "iops_max_length", &qmp_int, TRUE },
           { "iops_rd_max_length", &qmp_int, TRUE },
           { "iops_wr_max_length", &qmp_int, TRUE }, { "iops_size", &qmp_int, TRUE },
           { "group", &qmp_str, TRUE });

static guint64 number(ConfigNode *args, const char *name, const char *after, guint64 def)
{
    g_autofree char *key = g_strconcat(name, after, NULL);
    const ConfigNode *value = config_map_peek(args, key);

    /* One below zero is far beyond the limit, and refused so. */
    return value ? (guint64)config_node_int(value) : def;
}

static void read_config(ConfigNode *args, ThrottleConfig *config)
{
    for (guint i = 0; i < THROTTLE_KINDS; i++) {
        const char *name = throttle_names[i];
        config->limits[i] =
            (ThrottleLimit){ number(args, name, "", 0), number(args, name, "_max", 0),
                             number(args, name, "_max_length", 1) };
    }
    config->iops_size = number(args, "iops_size", "", 0);
}

static const char *text(ConfigNode *args, const char *name)
{
    const ConfigNode *value = config_map_peek(args, name);

    return value ? config_node_string(value) : NULL;
}

static ConfigNode *cmd_set_io_throttle(ConfigNode *args, GError **errp)
{
    const char *device = text(args, "device"), *id = text(args, "id");
    ThrottleConfig config;

    if (!device == !id) {
        error_set(errp, "Need exactly one of 'device' and 'id'");
        return NULL;
    }
    read_config(args, &config);
    if (throttle_config_check(&config, errp)) {
        block_user_set_throttle(id ? id : device, &config, text(args, "group"), errp);
    }
    return NULL;
}

const QmpCommand qmp_throttle_commands[] = {
    { "block_set_io_throttle", "Limits what a disk does in a second", cmd_set_io_throttle,
      .args = &throttle_args },
    { .name = NULL },
};
