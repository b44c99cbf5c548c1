/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drivers, and what all nodes take. */
#include "block/node.h"
#include "block/testing.h"
#include "util/error.h"

static const BlockDriver *const drivers[] = {
    &block_driver_file, &block_driver_host_device, &block_driver_raw,
    &block_driver_null, &block_driver_throttle,    &block_driver_qcow2,
    &block_driver_test,
};

static const KindType *driver_at(guint i)
{
    return i < G_N_ELEMENTS(drivers) &&
                   (drivers[i] != &block_driver_test || block_testing_enabled())
               ? &drivers[i]->type
               : NULL;
}

enum { DISCARD_IGNORE, DISCARD_UNMAP };
static const char *const discard_names[] = { "ignore", "unmap", NULL };
const char *const detect_zeroes_names[] = { "off", "on", "unmap", NULL };

static const Property cache_rows[] = {
    { "direct", PROP_BOOL, offsetof(BlockNode, direct), "off",
      .help = "Past the host's page cache (O_DIRECT)" },
    { "no-flush", PROP_BOOL, offsetof(BlockNode, no_flush), "off",
      .help = "Flushes do nothing: a crash of the host loses data" },
    { NULL },
};

static const Property node_rows[] = {
    { "node-name", PROP_ID, offsetof(BlockNode, name), .max = CONFIG_NODE_NAME_MAX,
      .help = "Its name; only a node inside another may have none" },
    { "discard", PROP_ENUM, offsetof(BlockNode, discard), "ignore",
      .names = discard_names, .help = "Whether discards reach the host" },
    { "cache", PROP_GROUP, .rows = cache_rows },
    { "read-only", PROP_BOOL, offsetof(BlockNode, read_only), "off",
      .help = "It cannot be written" },
    { "auto-read-only", PROP_BOOL, offsetof(BlockNode, auto_read_only), "off",
      .help = "Read-only where it cannot be opened for writing" },
    { "detect-zeroes", PROP_ENUM, offsetof(BlockNode, detect_zeroes), "off",
      .names = detect_zeroes_names,
      .help = "Writes of zeros become write-zeroes; unmap: that may deallocate" },
    { NULL },
};

const Kind block_kind = {
    .option = "blockdev",
    .tag = "driver",
    .common = node_rows,
    .at = driver_at,
};

/*
 * What a node that is given inside another does not say of itself is as its parent has
 * it; discards are the parent's to refuse.
 */
static void inherit(BlockNode *node, ConfigNode *config, const BlockNode *parent,
                    BlockRole role)
{
    const ConfigNode *cache = config_map_peek(config, "cache");

    if (!cache || !config_map_has(cache, "direct")) {
        node->direct = parent->direct;
    }
    if (!cache || !config_map_has(cache, "no-flush")) {
        node->no_flush = parent->no_flush;
    }
    if (!config_map_has(config, "read-only")) {
        node->read_only = parent->read_only || role == BLOCK_ROLE_BACKING;
    }
    if (!config_map_has(config, "auto-read-only")) {
        node->auto_read_only = parent->auto_read_only;
    }
    if (!config_map_has(config, "discard")) {
        node->discard = DISCARD_UNMAP;
    }
}

gboolean block_options_read(BlockNode *node, ConfigNode *config, const BlockNode *parent,
                            BlockRole role, GError **errp)
{
    const KindType *type = &node->driver->type;

    node->options = g_malloc0(type->size);
    if (!kind_read(&block_kind, type, config, node, node->options, errp)) {
        return FALSE;
    }
    if (parent) {
        inherit(node, config, parent, role);
    }
    node->unmap = node->discard == DISCARD_UNMAP;
    if (node->detect_zeroes == DETECT_ZEROES_UNMAP && !node->unmap) {
        return error_set(errp, "setting detect-zeroes to unmap is not allowed without "
                               "setting discard operation to unmap");
    }
    if (!node->name && !node->anonymous && !node->transient) {
        return error_set(errp, "Parameter 'node-name' is missing");
    }
    return TRUE;
}

const BlockDriver *block_driver_find(ConfigNode *config, GError **errp)
{
    return KIND_OWNER(kind_type(&block_kind, config, errp), BlockDriver);
}

void block_options_clear(BlockNode *node)
{
    if (node->options) {
        properties_clear(node->driver->type.rows, node->options);
    }
    properties_clear(node_rows, node);
    g_clear_pointer(&node->options, g_free);
}
