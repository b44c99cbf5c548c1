/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query-named-block-nodes.
 *
 * #syscalls main: newfstatat
 */
#include <sys/stat.h>

#include "block/node.h"

static ConfigNode *query_cache(const BlockNode *node)
{
    ConfigNode *cache = config_map_new();

    config_map_set_bool(cache, "writeback", TRUE);
    config_map_set_bool(cache, "direct", block_node_bottom(node)->direct);
    config_map_set_bool(cache, "no-flush", block_node_bottom(node)->no_flush);
    return cache;
}

static ConfigNode *query_image(const BlockNode *node)
{
    BlockNode *file = block_node_bottom(node);
    ConfigNode *image = config_map_new();
    struct stat st;

    config_map_set_string(image, "filename", file->filename);
    config_map_set_string(image, "format", node->driver->type.name);
    config_map_set_int(image, "virtual-size", node->size);
    if (fstat(file->fd, &st) == 0) {
        config_map_set_int(image, "actual-size", (gint64)st.st_blocks * 512);
    }
    config_map_set_bool(image, "dirty-flag", FALSE);
    return image;
}

ConfigNode *block_query_named_nodes(void)
{
    static const char *const limits[] = { "bps",  "bps_rd",  "bps_wr",
                                          "iops", "iops_rd", "iops_wr" };
    ConfigNode *array = config_list_new();

    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        ConfigNode *info = config_map_new();
        config_map_set_string(info, "file", block_node_bottom(node)->filename);
        config_map_set_string(info, "node-name", node->name);
        config_map_set_string(info, "drv", node->driver->type.name);
        config_map_set_bool(info, "ro", node->read_only);
        config_map_set_bool(info, "encrypted", FALSE);
        config_map_set_bool(info, "active", node->active);
        config_map_set_string(info, "detect_zeroes", "off");
        config_map_set_int(info, "backing_file_depth", 0);
        config_map_set_int(info, "write_threshold", 0);
        for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
            config_map_set_int(info, limits[i], 0);
        }
        config_map_set(info, "cache", query_cache(node));
        config_map_set(info, "image", query_image(node));
        config_list_add(array, info);
    }
    return array;
}
