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

static const char *optional(ConfigNode *args, const char *name)
{
    const ConfigNode *value = config_map_peek(args, name);

    return value ? config_node_string(value) : NULL;
}

QMP_OBJECT(active_args, { "node-name", &qmp_str, TRUE }, { "active", &qmp_bool });

static void cmd_set_active(ConfigNode *args, QmpReply *reply)
{
    block_node_set_active_later(optional(args, "node-name"),
                                config_node_bool(config_map_get(args, "active")), changed,
                                reply);
}

/* All options that the node shall have. */
static const QmpType reopen_options = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "driver", &qmp_str },
                                    { "node-name", &qmp_str },
                                    { NULL } },
    .open = TRUE,
};
QMP_LIST(reopen_list, &reopen_options);
QMP_OBJECT(reopen_args, { "options", &reopen_list });

static void cmd_blockdev_reopen(ConfigNode *args, QmpReply *reply)
{
    block_nodes_reopen_later(config_map_get(args, "options"), changed, reply);
}

QMP_OBJECT(threshold_args, { "node-name", &qmp_str }, { "write-threshold", &qmp_int });

static ConfigNode *cmd_write_threshold(ConfigNode *args, GError **errp)
{
    gint64 threshold = config_node_int(config_map_get(args, "write-threshold"));

    if (threshold < 0) {
        error_set(errp, "Parameter 'write-threshold' expects uint64");
    } else {
        block_node_set_threshold(qmp_arg_string(args, "node-name"), (guint64)threshold,
                                 errp);
    }
    return NULL;
}

QMP_OBJECT(resize_args, { "device", &qmp_str, TRUE }, { "node-name", &qmp_str, TRUE },
           { "size", &qmp_int });

static void cmd_block_resize(ConfigNode *args, QmpReply *reply)
{
    gint64 size = config_node_int(config_map_get(args, "size"));
    GError *error = NULL;
    BlockNode *node =
        block_node_lookup(optional(args, "device"), optional(args, "node-name"), &error);

    if (node && size < 0) {
        error_set(&error, "Parameter 'size' expects a >0 size");
    }
    if (error) {
        qmp_reply_done(reply, NULL, error);
    } else {
        block_node_resize_later(node, (guint64)size, changed, reply);
    }
}

QMP_OBJECT(query_args, { "flat", &qmp_bool, TRUE });
QMP_OBJECT(cache_info, { "writeback", &qmp_bool }, { "direct", &qmp_bool },
           { "no-flush", &qmp_bool });
QMP_OBJECT(snapshot_info, { "id", &qmp_str }, { "name", &qmp_str },
           { "vm-state-size", &qmp_int }, { "date-sec", &qmp_int },
           { "date-nsec", &qmp_int }, { "vm-clock-sec", &qmp_int },
           { "vm-clock-nsec", &qmp_int });
QMP_LIST(snapshot_list, &snapshot_info);
QMP_ENUM(bitmap_flag, "in-use", "auto");
QMP_LIST(bitmap_flags, &bitmap_flag);
QMP_OBJECT(bitmap_info, { "name", &qmp_str }, { "granularity", &qmp_int },
           { "flags", &bitmap_flags });
QMP_LIST(bitmap_list, &bitmap_info);
QMP_ENUM(compression_type, "zlib");
QMP_OBJECT(qcow2_info, { "compat", &qmp_str }, { "compression-type", &compression_type },
           { "refcount-bits", &qmp_int }, { "lazy-refcounts", &qmp_bool, TRUE },
           { "corrupt", &qmp_bool, TRUE }, { "extended-l2", &qmp_bool, TRUE },
           { "bitmaps", &bitmap_list, TRUE }, { "data-file", &qmp_str, TRUE },
           { "data-file-raw", &qmp_bool, TRUE });
QMP_OBJECT(qcow2_specific, { "data", &qcow2_info });
QMP_ENUM(specific_kind, "qcow2");
static const QmpType image_specific = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "type", &specific_kind }, { NULL } },
    .tag = "type",
    .variants = (const QmpVariant[]){ { "qcow2", &qcow2_specific }, { NULL } },
};
static const QmpType image_info; /* has another one in it */
QMP_OBJECT(image_info, { "filename", &qmp_str }, { "format", &qmp_str },
           { "virtual-size", &qmp_int }, { "actual-size", &qmp_int, TRUE },
           { "dirty-flag", &qmp_bool, TRUE }, { "cluster-size", &qmp_int, TRUE },
           { "backing-filename", &qmp_str, TRUE },
           { "full-backing-filename", &qmp_str, TRUE },
           { "backing-filename-format", &qmp_str, TRUE },
           { "snapshots", &snapshot_list, TRUE }, { "backing-image", &image_info, TRUE },
           { "format-specific", &image_specific, TRUE });
QMP_OBJECT(node_info, { "file", &qmp_str }, { "node-name", &qmp_str },
           { "drv", &qmp_str }, { "ro", &qmp_bool }, { "encrypted", &qmp_bool },
           { "active", &qmp_bool }, { "detect_zeroes", &detect_zeroes },
           { "backing_file", &qmp_str, TRUE }, { "backing_file_depth", &qmp_int },
           { "write_threshold", &qmp_int }, { "bps", &qmp_int }, { "bps_rd", &qmp_int },
           { "bps_wr", &qmp_int }, { "iops", &qmp_int }, { "iops_rd", &qmp_int },
           { "iops_wr", &qmp_int }, { "bps_max", &qmp_int, TRUE },
           { "bps_rd_max", &qmp_int, TRUE }, { "bps_wr_max", &qmp_int, TRUE },
           { "iops_max", &qmp_int, TRUE }, { "iops_rd_max", &qmp_int, TRUE },
           { "iops_wr_max", &qmp_int, TRUE }, { "bps_max_length", &qmp_int, TRUE },
           { "bps_rd_max_length", &qmp_int, TRUE },
           { "bps_wr_max_length", &qmp_int, TRUE }, { "iops_max_length", &qmp_int, TRUE },
           { "iops_rd_max_length", &qmp_int, TRUE },
           { "iops_wr_max_length", &qmp_int, TRUE }, { "iops_size", &qmp_int, TRUE },
           { "group", &qmp_str, TRUE }, { "cache", &cache_info },
           { "image", &image_info });
QMP_LIST(node_info_list, &node_info);

QMP_ENUM(io_status, "ok", "failed", "nospace");
QMP_OBJECT(disk_info, { "device", &qmp_str }, { "qdev", &qmp_str, TRUE },
           { "type", &qmp_str }, { "removable", &qmp_bool }, { "locked", &qmp_bool },
           { "tray_open", &qmp_bool, TRUE }, { "io-status", &io_status, TRUE },
           { "inserted", &node_info, TRUE });
QMP_LIST(disk_info_list, &disk_info);

static void queried(void *opaque, ConfigNode *nodes, GError *error)
{
    qmp_reply_done(opaque, nodes, error);
}

static void cmd_query_nodes(ConfigNode *args, QmpReply *reply)
{
    block_query_named_nodes(queried, reply);
}

static void cmd_query_block(ConfigNode *args, QmpReply *reply)
{
    block_query_disks(queried, reply);
}

/* As QEMU's, without what it has for throttling groups, histograms and zoned devices. */
QMP_LIST(timed_stats, &qmp_any);
QMP_OBJECT(disk_stats, { "rd_bytes", &qmp_int }, { "wr_bytes", &qmp_int },
           { "unmap_bytes", &qmp_int }, { "rd_operations", &qmp_int },
           { "wr_operations", &qmp_int }, { "flush_operations", &qmp_int },
           { "unmap_operations", &qmp_int }, { "rd_total_time_ns", &qmp_int },
           { "wr_total_time_ns", &qmp_int }, { "flush_total_time_ns", &qmp_int },
           { "unmap_total_time_ns", &qmp_int }, { "wr_highest_offset", &qmp_int },
           { "rd_merged", &qmp_int }, { "wr_merged", &qmp_int },
           { "unmap_merged", &qmp_int }, { "idle_time_ns", &qmp_int, TRUE },
           { "failed_rd_operations", &qmp_int }, { "failed_wr_operations", &qmp_int },
           { "failed_flush_operations", &qmp_int },
           { "failed_unmap_operations", &qmp_int }, { "invalid_rd_operations", &qmp_int },
           { "invalid_wr_operations", &qmp_int },
           { "invalid_flush_operations", &qmp_int },
           { "invalid_unmap_operations", &qmp_int }, { "account_invalid", &qmp_bool },
           { "account_failed", &qmp_bool }, { "timed_stats", &timed_stats });
QMP_OBJECT(below_stats, { "node-name", &qmp_str }, { "stats", &disk_stats });
QMP_OBJECT(block_stats, { "device", &qmp_str, TRUE }, { "qdev", &qmp_str, TRUE },
           { "node-name", &qmp_str, TRUE }, { "stats", &disk_stats },
           { "parent", &below_stats, TRUE });
QMP_LIST(block_stats_list, &block_stats);
QMP_OBJECT(stats_args, { "query-nodes", &qmp_bool, TRUE });

static ConfigNode *cmd_query_stats(ConfigNode *args, GError **errp)
{
    const ConfigNode *nodes = config_map_peek(args, "query-nodes");

    return block_query_stats(nodes && config_node_bool(nodes));
}

const QmpCommand qmp_block_commands[] = {
    { "blockdev-add", "Opens a block node, as -blockdev does", .start = cmd_blockdev_add,
      .kind = &block_kind, .prepare = blockdev_defaults },
    { "blockdev-del", "Flushes and closes a block node that nobody uses",
      .start = cmd_blockdev_del, .args = &del_args },
    { "blockdev-reopen", "Gives block nodes other options, all or none",
      .start = cmd_blockdev_reopen, .args = &reopen_args },
    { "blockdev-set-active",
      "Takes a node's images, with what is below it, or gives them away; or all",
      .start = cmd_set_active, .args = &active_args },
    { "block-set-write-threshold",
      "Tells once, by BLOCK_WRITE_THRESHOLD, that a node is written beyond a place",
      cmd_write_threshold, .args = &threshold_args },
    { "block_resize", "Makes an image longer or shorter; a disk tells its guest",
      .start = cmd_block_resize, .args = &resize_args },
    { "query-named-block-nodes", "The block nodes", .start = cmd_query_nodes,
      .args = &query_args, .ret = &node_info_list },
    { "query-block", "The disks and drives, and the nodes that they use",
      .start = cmd_query_block, .ret = &disk_info_list },
    { "query-blockstats",
      "What disks have counted of their guest's requests; by query-nodes, how far each "
      "node has been written",
      cmd_query_stats, .args = &stats_args, .ret = &block_stats_list },
    { .name = NULL },
};
