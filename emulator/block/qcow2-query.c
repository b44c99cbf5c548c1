/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What query-block and query-named-block-nodes tell of a qcow2 image, as QEMU does. */
#include <string.h>

#include "block/qcow2-driver.h"
#include "util/error.h"

#define NSEC_PER_SEC 1000000000u

/* A header's bytes, as a reply can have them. */
static char *text_of(const char *bytes)
{
    return error_printable(bytes, strlen(bytes));
}

/* As of a file's name, "base" beside "dir/image" is "dir/base". */
static char *full_name(const char *image, const char *backing)
{
    if (g_path_is_absolute(backing) || strstr(backing, ":")) {
        return g_strdup(backing);
    }
    g_autofree char *dir = g_path_get_dirname(image);
    return g_str_equal(dir, ".") && !g_str_has_prefix(image, "./")
               ? g_strdup(backing)
               : g_build_filename(dir, backing, NULL);
}

static ConfigNode *query_snapshots(const Qcow2Info *info)
{
    ConfigNode *list = config_list_new();

    for (unsigned i = 0; i < info->n_snapshots; i++) {
        const Qcow2Snapshot *s = &info->snapshots[i];
        ConfigNode *entry = config_map_new();
        g_autofree char *name = text_of(s->name);
        g_autofree char *id = text_of(s->id);
        config_map_set_string(entry, "id", id);
        config_map_set_string(entry, "name", name);
        config_map_set_int(entry, "vm-state-size",
                           (gint64)(s->vm_state_size & G_MAXINT64));
        config_map_set_int(entry, "date-sec", (gint64)s->date_sec);
        config_map_set_int(entry, "date-nsec", s->date_nsec);
        config_map_set_int(entry, "vm-clock-sec",
                           (gint64)(s->vm_clock_nsec / NSEC_PER_SEC));
        config_map_set_int(entry, "vm-clock-nsec",
                           (gint64)(s->vm_clock_nsec % NSEC_PER_SEC));
        config_list_add(list, entry);
    }
    return list;
}

static ConfigNode *query_bitmaps(const Qcow2Info *info)
{
    ConfigNode *list = config_list_new();

    for (unsigned i = 0; i < info->n_bitmaps; i++) {
        const Qcow2Bitmap *b = &info->bitmaps[i];
        ConfigNode *entry = config_map_new(), *flags = config_list_new();
        config_map_set_string(entry, "name", b->name);
        config_map_set_int(entry, "granularity", (gint64)(b->granularity & G_MAXINT64));
        if (b->in_use) {
            config_list_add(flags, config_string_new("in-use"));
        }
        if (b->automatic) {
            config_list_add(flags, config_string_new("auto"));
        }
        config_map_set(entry, "flags", flags);
        config_list_add(list, entry);
    }
    return list;
}

static ConfigNode *query_specific(const Qcow2Info *info)
{
    ConfigNode *specific = config_map_new(), *data = config_map_new();

    config_map_set_string(specific, "type", "qcow2");
    config_map_set(specific, "data", data);
    config_map_set_string(data, "compat", info->version == 2 ? "0.10" : "1.1");
    config_map_set_string(data, "compression-type", info->compression_type);
    config_map_set_int(data, "refcount-bits", info->refcount_bits);
    if (info->version == 2) {
        return specific;
    }
    config_map_set_bool(data, "lazy-refcounts", info->lazy_refcounts);
    config_map_set_bool(data, "corrupt", info->corrupt);
    config_map_set_bool(data, "extended-l2", info->extended_l2);
    if (info->n_bitmaps) {
        config_map_set(data, "bitmaps", query_bitmaps(info));
    }
    if (info->data_file) {
        g_autofree char *name = text_of(info->data_file);
        config_map_set_string(data, "data-file", name);
        config_map_set_bool(data, "data-file-raw", info->data_file_raw);
    }
    return specific;
}

void qcow2_query(const BlockNode *node, ConfigNode *image)
{
    const Qcow2State *s = node->state;
    Qcow2Info info;

    qcow2_get_info(s->q, &info);
    config_map_set_int(image, "cluster-size", info.cluster_size);
    if (info.backing_file) {
        g_autofree char *name = text_of(info.backing_file);
        g_autofree char *full = full_name(block_node_bottom(node)->filename, name);
        config_map_set_string(image, "backing-filename", name);
        config_map_set_string(image, "full-backing-filename", full);
    }
    if (info.backing_file && info.backing_format) {
        g_autofree char *format = text_of(info.backing_format);
        config_map_set_string(image, "backing-filename-format", format);
    }
    if (info.n_snapshots) {
        config_map_set(image, "snapshots", query_snapshots(&info));
    }
    config_map_set(image, "format-specific", query_specific(&info));
}
