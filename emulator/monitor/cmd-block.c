/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block nodes. */
#include "config.h"

#include "block/block.h"
#include "config/dialect.h"
#include "monitor/commands.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

QMP_ENUM(detect_zeroes, "off", "on", "unmap");

static void blockdev_defaults(ConfigNode *args)
{
    const char *name = dialect_get()->blockdev_driver;

    if (name && !config_map_has(args, "driver")) {
        config_map_set_string(args, "driver", name);
    }
}

/* The host has answered. */
static void changed(void *opaque, GError *error)
{
    qmp_reply_done(opaque, NULL, error);
}

static void cmd_blockdev_add(ConfigNode *args, QmpReply *reply)
{
    GError *error = NULL;

    if (config_map_has(args, "node-name")) {
        block_node_add_later(args, changed, reply);
    } else {
        error_set(&error, "'node-name' must be specified for the root node");
        qmp_reply_done(reply, NULL, error);
    }
}

QMP_OBJECT(del_args, { "node-name", &qmp_str });

static void cmd_blockdev_del(ConfigNode *args, QmpReply *reply)
{
    block_node_del_later(qmp_arg_string(args, "node-name"), changed, reply);
}

QMP_OBJECT(query_args, { "flat", &qmp_bool, TRUE });
QMP_OBJECT(cache_info, { "writeback", &qmp_bool }, { "direct", &qmp_bool },
           { "no-flush", &qmp_bool });
QMP_OBJECT(image_info, { "filename", &qmp_str }, { "format", &qmp_str },
           { "virtual-size", &qmp_int }, { "actual-size", &qmp_int, TRUE },
           { "dirty-flag", &qmp_bool, TRUE });
QMP_OBJECT(node_info, { "file", &qmp_str }, { "node-name", &qmp_str },
           { "drv", &qmp_str }, { "ro", &qmp_bool }, { "encrypted", &qmp_bool },
           { "active", &qmp_bool }, { "detect_zeroes", &detect_zeroes },
           { "backing_file_depth", &qmp_int }, { "write_threshold", &qmp_int },
           { "bps", &qmp_int }, { "bps_rd", &qmp_int }, { "bps_wr", &qmp_int },
           { "iops", &qmp_int }, { "iops_rd", &qmp_int }, { "iops_wr", &qmp_int },
           { "cache", &cache_info }, { "image", &image_info });
QMP_LIST(node_info_list, &node_info);

static void queried(void *opaque, ConfigNode *nodes, GError *error)
{
    qmp_reply_done(opaque, nodes, error);
}

static void cmd_query_nodes(ConfigNode *args, QmpReply *reply)
{
    block_query_named_nodes(queried, reply);
}

const QmpCommand qmp_block_commands[] = {
    { "blockdev-add", "Opens a block node, as -blockdev does", .start = cmd_blockdev_add,
      .kind = &block_kind, .prepare = blockdev_defaults },
    { "blockdev-del", "Flushes and closes a block node that nobody uses",
      .start = cmd_blockdev_del, .args = &del_args },
    { "query-named-block-nodes", "The block nodes", .start = cmd_query_nodes,
      .args = &query_args, .ret = &node_info_list },
    { .name = NULL },
};
