/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -drive: the block node that -blockdev would have made. Of if=pflash the machine hears
 * which flash it is, of if=ide there is a device, and a drive for CDs has a name.
 */
#include "config.h"

#include <string.h>

#include "config/dialect.h"
#include "config/internal.h"
#include "config/keyval.h"
#include "util/error.h"

/* The modes without write-back caching are a property of the disk, not of the node. */
typedef struct CacheMode {
    const char *name;
    gboolean direct, no_flush;
} CacheMode;

static const CacheMode cache_modes[] = {
    { "writeback", FALSE, FALSE },
    { "none", TRUE, FALSE },
    { "unsafe", FALSE, TRUE },
};

/* -machine knows how many flashes it has. */
#define FLASHES 2

/* cache=, direct= and cache.direct=... to the node's cache map. */
static gboolean read_cache(ConfigNode *drive, ConfigNode *node, GError **errp)
{
    g_autoptr(ConfigNode) cache = config_map_new();
    ConfigNode *given = config_map_get(drive, "cache");
    CacheMode mode = { NULL, dialect_get()->drive_direct, FALSE };

    if (given && config_node_type(given) == CONFIG_MAP) {
        if (!config_get_bool(given, "direct", mode.direct, &mode.direct, errp) ||
            !config_get_bool(given, "no-flush", FALSE, &mode.no_flush, errp) ||
            !config_check_unused(given, errp)) {
            return FALSE;
        }
    } else if (given) {
        const char *name;

        if (!config_node_to_string(given, "cache", &name, errp)) {
            return FALSE;
        }
        for (guint i = 0; i < G_N_ELEMENTS(cache_modes); i++) {
            if (g_str_equal(cache_modes[i].name, name)) {
                mode = cache_modes[i];
            }
        }
        if (!mode.name) {
            return error_set(errp, "cache=%s is not supported (writeback, none, unsafe)",
                             name);
        }
    }
    if (!config_get_bool(drive, "direct", mode.direct, &mode.direct, errp)) {
        return FALSE;
    }
    config_map_set(cache, "direct", config_bool_new(mode.direct));
    config_map_set(cache, "no-flush", config_bool_new(mode.no_flush));
    config_map_set(node, "cache", g_steal_pointer(&cache));
    return TRUE;
}

/* discard=: on and off, too. */
static gboolean read_discard(ConfigNode *drive, ConfigNode *node, GError **errp)
{
    const char *discard;

    if (!config_get_string(drive, "discard", NULL, &discard, errp)) {
        return FALSE;
    }
    if (discard) {
        config_map_set_string(node, "discard",
                              g_str_equal(discard, "on")    ? "unmap"
                              : g_str_equal(discard, "off") ? "ignore"
                                                            : discard);
    }
    return TRUE;
}

static gboolean read_file(ConfigNode *drive, ConfigNode *node, GError **errp)
{
    ConfigNode *file;
    const char *path, *aio;
    gboolean read_only;

    if (!config_map_has(drive, "file")) {
        return error_set(errp, "Must specify either driver or file");
    }
    if (!config_require_string(drive, "file", &path, errp) ||
        !config_get_string(drive, "aio", NULL, &aio, errp) ||
        !config_get_bool(drive,
                         config_map_has(drive, "readonly") ? "readonly" : "read-only",
                         FALSE, &read_only, errp)) {
        return FALSE;
    }
    file = config_map_new();
    config_map_set(node, "file", file);
    config_map_set(file, "driver", config_string_new("file"));
    config_map_set(file, "filename", config_string_new(path));
    config_map_set_bool(file, "x-or-device", TRUE);
    if (aio) {
        config_map_set(file, "aio", config_string_new(aio));
    }
    config_map_set(node, "read-only", config_bool_new(read_only));
    return TRUE;
}

/* To a list for main, which has more to do with the node when it is there. */
static void add_name(ConfigNode *tree, const char *list, const char *id,
                     const char *origin)
{
    ConfigNode *entry = config_map_new();

    config_map_set_string(entry, "node-name", id);
    config_node_set_origin(entry, origin);
    config_list_add(config_tree_list(tree, list), entry);
}

/* The number of a flash: index=, or bus= and unit=; the first that is free without. */
static gboolean read_unit(ConfigNode *flashes, ConfigNode *drive, guint64 *unit,
                          GError **errp)
{
    gboolean by_index = config_map_has(drive, "index");
    gboolean by_unit = config_map_has(drive, "unit");
    guint64 bus;

    if (by_index && (by_unit || config_map_has(drive, "bus"))) {
        return error_set(errp, "index cannot be used with bus and unit");
    }
    if (!config_get_uint(drive, "bus", 0, 0, G_MAXINT, &bus, errp) ||
        !config_get_uint(drive, by_index ? "index" : "unit", 0, 0, G_MAXINT, unit,
                         errp)) {
        return FALSE;
    }
    while (!by_index && !by_unit && *unit < FLASHES) {
        g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, *unit);
        if (!config_map_has(flashes, key)) {
            break;
        }
        ++*unit;
    }
    return (bus == 0 && *unit < FLASHES) ||
           error_set(errp,
                     "machine type does not support if=pflash,bus=%" G_GUINT64_FORMAT
                     ",unit=%" G_GUINT64_FORMAT,
                     bus, *unit);
}

/* tree["pflash"]["0"]["node"]: its name, "pflash0" unless id= is given. */
static gboolean add_flash(ConfigNode *tree, ConfigNode *drive, const char *origin,
                          const char **id, GError **errp)
{
    ConfigNode *flashes = config_tree_map(tree, "pflash");
    guint64 unit;

    if (!read_unit(flashes, drive, &unit, errp)) {
        return FALSE;
    }
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, unit);
    g_autofree char *name = g_strdup_printf("pflash%s", key);
    if (config_map_has(flashes, key)) {
        return error_set(errp, "drive with bus=0, unit=%s exists", key);
    }
    if (!config_get_string(drive, "id", name, id, errp)) {
        return FALSE;
    }
    ConfigNode *flash = config_map_new();
    config_map_set_string(flash, "node", *id);
    config_node_set_origin(flash, origin);
    config_map_set(flashes, key, flash);
    *id = config_node_string(config_map_get(flash, "node"));
    return TRUE;
}

/* Without if= a CD is in a drive, and what has an index, and all on a q35 as QEMU's. */
static const char *default_interface(const ConfigNode *tree, const ConfigNode *drive,
                                     gboolean cdrom)
{
    const char *machine = config_map_string(config_map_peek(tree, "machine"), "type");
    gboolean plugged = dialect_get()->drive_plugged && strstr(machine, "q35");

    return plugged || cdrom || config_map_has(drive, "index") ? "ide" : "none";
}

/* Of a flash the machine has to hear; a drive of if=ide is plugged. */
static gboolean read_id(ConfigNode *tree, ConfigNode *drive, gboolean cdrom,
                        const char *origin, const char **id, GError **errp)
{
    const char *type, *usual = default_interface(tree, drive, cdrom);

    if (!config_get_string(drive, "if", usual, &type, errp)) {
        return FALSE;
    }
    if (g_str_equal(type, "pflash")) {
        return add_flash(tree, drive, origin, id, errp);
    }
    if (g_str_equal(type, "ide")) {
        return config_place_ide(tree, drive, cdrom, origin, errp) &&
               config_require_string(drive, "id", id, errp);
    }
    return (g_str_equal(type, "none") ||
            error_set(errp, "if=%s is not supported (only none|ide|pflash)", type)) &&
           config_require_string(drive, "id", id, errp);
}

/* media=; of cdrom what the drive is called, and whether there is a medium. */
static gboolean read_media(ConfigNode *drive, gboolean *cdrom, gboolean *empty,
                           GError **errp)
{
    const char *media, *file;

    if (!config_get_string(drive, "media", "disk", &media, errp) ||
        !config_get_string(drive, "file", "", &file, errp)) {
        return FALSE;
    }
    *cdrom = g_str_equal(media, "cdrom");
    *empty = *cdrom && !*file;
    if (*cdrom) {
        config_map_set(drive,
                       config_map_has(drive, "readonly") ? "readonly" : "read-only",
                       config_bool_new(TRUE));
    }
    return *cdrom || g_str_equal(media, "disk") ||
           error_set(errp, "media=%s is not supported (only disk|cdrom)", media);
}

/* For main, when the nodes are there. */
static void name_drive(ConfigNode *tree, const char *id, const char *origin)
{
    ConfigNode *entry = config_map_new();

    config_map_set_string(entry, "name", id);
    config_node_set_origin(entry, origin);
    config_list_add(config_tree_list(tree, "named-drive"), entry);
}

static gboolean check_format(ConfigNode *drive, GError **errp)
{
    const char *format;

    return config_get_string(drive, "format", "raw", &format, errp) &&
           (g_str_equal(format, "raw") || g_str_equal(format, "qcow2") ||
            error_set(errp, "format=%s is not supported (only raw|qcow2)", format));
}

static const char *driver_of(const ConfigNode *drive)
{
    const ConfigNode *format = config_map_peek(drive, "format");
    gboolean qcow2 = format && config_node_type(format) == CONFIG_STRING &&
                     g_str_equal(config_node_string(format), "qcow2");

    return qcow2 ? "qcow2" : "raw";
}

static gboolean add_node(ConfigNode *tree, ConfigNode *drive, const char *id,
                         const char *origin, GError **errp)
{
    g_autoptr(ConfigNode) node = config_map_new();

    config_map_set(node, "node-name", config_string_new(id));
    config_map_set(node, "driver", config_string_new(driver_of(drive)));
    if (!read_file(drive, node, errp) || !read_discard(drive, node, errp) ||
        !read_cache(drive, node, errp) || !config_check_unused(drive, errp)) {
        return FALSE;
    }
    config_node_set_origin(node, origin);
    add_name(tree, "drive-node", id, origin);
    if (!config_map_has(drive, "format")) {
        add_name(tree, "guessed-raw", id, origin); /* to be looked at when it is open */
    }
    config_list_add(config_tree_list(tree, "blockdev"), g_steal_pointer(&node));
    return TRUE;
}

static gboolean place(ConfigNode *tree, ConfigNode *drive, GError **errp)
{
    const char *id, *origin = config_node_origin(drive);
    gboolean cdrom, empty;

    if (!check_format(drive, errp) || !read_media(drive, &cdrom, &empty, errp) ||
        !read_id(tree, drive, cdrom, origin, &id, errp)) {
        return FALSE;
    }
    if (cdrom) {
        name_drive(tree, id, origin);
    }
    return empty || add_node(tree, drive, id, origin, errp);
}

/* One list behind the other, in the place of the first. */
static void append_devices(ConfigNode *tree, const ConfigNode *more)
{
    ConfigNode *devices = config_tree_list(tree, "device");

    for (guint i = 0; i < config_list_size(more); i++) {
        config_list_add(devices, config_node_ref(config_list_at(more, i)));
    }
}

gboolean config_place_drives(ConfigNode *tree, GError **errp)
{
    g_autoptr(ConfigNode) drives = config_node_ref(config_tree_list(tree, "drive"));
    g_autoptr(ConfigNode) devices = config_node_ref(config_tree_list(tree, "device"));

    config_map_remove(tree, "drive");
    config_map_remove(tree, "device");
    for (guint i = 0; i < config_list_size(drives); i++) {
        ConfigNode *drive = config_list_at(drives, i);
        if (!place(tree, drive, errp)) {
            config_prefix_origin(drive, "-drive", errp);
            return FALSE;
        }
    }
    append_devices(tree, devices);
    return TRUE;
}

void config_keep_drive(ConfigNode *tree, ConfigNode *drive, const char *origin)
{
    config_node_set_origin(drive, origin);
    config_list_add(config_tree_list(tree, "drive"), drive);
}

gboolean config_add_drive(ConfigNode *tree, const char *arg, GError **errp)
{
    ConfigNode *drive = keyval_parse(arg, NULL, errp);
    g_autofree char *origin = g_strdup_printf("-drive %s", arg);

    if (drive) {
        config_keep_drive(tree, drive, origin);
    }
    return drive != NULL;
}

gboolean config_add_pflash(ConfigNode *tree, const char *arg, GError **errp)
{
    ConfigNode *drive = config_map_new();
    g_autofree char *origin = g_strdup_printf("-pflash %s", arg);

    config_map_set_string(drive, "if", "pflash");
    config_map_set_string(drive, "file", arg);
    config_keep_drive(tree, drive, origin);
    return TRUE;
}
