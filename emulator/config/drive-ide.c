/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -drive if=ide,..., -cdrom, -hda and so on: where the drive is, its name as QEMU makes
 * it
 * ("ide2-cd0"), and the device that -device would have made. A bus has one drive, so that
 * index= and bus= are the same.
 */
#include "config.h"

#include "config/internal.h"
#include "util/error.h"

#define BUSES 6 /* of the q35 */

/* tree["ide"]["2"]: taken. */
static gboolean is_taken(ConfigNode *buses, guint64 bus)
{
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, bus);

    return config_map_has(buses, key);
}

static void take(ConfigNode *buses, guint64 bus)
{
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, bus);

    config_map_set(buses, key, config_bool_new(TRUE));
}

/* index=, or bus= and unit=; the first that is free without. */
static gboolean read_bus(ConfigNode *buses, ConfigNode *drive, guint64 *bus,
                         GError **errp)
{
    gboolean by_index = config_map_has(drive, "index");
    gboolean by_bus = config_map_has(drive, "bus") || config_map_has(drive, "unit");
    guint64 unit;

    if (by_index && by_bus) {
        return error_set(errp, "index cannot be used with bus and unit");
    }
    if (!config_get_uint(drive, by_index ? "index" : "bus", 0, 0, G_MAXINT, bus, errp) ||
        !config_get_uint(drive, "unit", 0, 0, G_MAXINT, &unit, errp)) {
        return FALSE;
    }
    while (!by_index && !by_bus && is_taken(buses, *bus)) {
        ++*bus;
    }
    if (*bus >= BUSES || unit) {
        return error_set(errp,
                         "machine type does not support if=ide,bus=%" G_GUINT64_FORMAT
                         ",unit=%" G_GUINT64_FORMAT,
                         *bus, unit);
    }
    return !is_taken(buses, *bus) ||
           error_set(errp, "drive with bus=%" G_GUINT64_FORMAT ", unit=0 exists", *bus);
}

static void add_device(ConfigNode *tree, const char *id, guint64 bus, gboolean cdrom,
                       const char *origin)
{
    ConfigNode *device = config_map_new();
    g_autofree char *name = g_strdup_printf("ide.%" G_GUINT64_FORMAT, bus);

    config_map_set_string(device, "driver", cdrom ? "ide-cd" : "ide-hd");
    config_map_set_string(device, "drive", id);
    config_map_set_string(device, "bus", name);
    config_node_set_origin(device, origin);
    config_list_add(config_tree_list(tree, "device"), device);
}

gboolean config_place_ide(ConfigNode *tree, ConfigNode *drive, gboolean cdrom,
                          const char *origin, GError **errp)
{
    ConfigNode *buses = config_tree_map(tree, "ide");
    const char *id;
    guint64 bus;

    if (!read_bus(buses, drive, &bus, errp)) {
        return FALSE;
    }
    if (!config_map_has(drive, "id")) {
        g_autofree char *made =
            g_strdup_printf("ide%" G_GUINT64_FORMAT "-%s0", bus, cdrom ? "cd" : "hd");
        config_map_set_string(drive, "id", made);
    }
    if (!config_require_string(drive, "id", &id, errp)) {
        return FALSE;
    }
    take(buses, bus);
    add_device(tree, id, bus, cdrom, origin);
    return TRUE;
}

/* The file's name is one, whatever is in it. */
static gboolean add(ConfigNode *tree, const char *option, const char *file, char index)
{
    ConfigNode *drive = config_map_new();
    g_autofree char *origin = g_strdup_printf("-%s %s", option, file);
    const char place[] = { index, '\0' };

    config_map_set_string(drive, "if", "ide");
    config_map_set_string(drive, "media", *option == 'c' ? "cdrom" : "disk");
    config_map_set_string(drive, "index", place);
    config_map_set_string(drive, "file", file);
    config_keep_drive(tree, drive, origin);
    return TRUE;
}

gboolean config_add_cdrom(ConfigNode *tree, const char *arg, GError **errp)
{
    return add(tree, "cdrom", arg, '2');
}

gboolean config_add_hda(ConfigNode *tree, const char *arg, GError **errp)
{
    return add(tree, "hda", arg, '0');
}

gboolean config_add_hdb(ConfigNode *tree, const char *arg, GError **errp)
{
    return add(tree, "hdb", arg, '1');
}

gboolean config_add_hdc(ConfigNode *tree, const char *arg, GError **errp)
{
    return add(tree, "hdc", arg, '2');
}

gboolean config_add_hdd(ConfigNode *tree, const char *arg, GError **errp)
{
    return add(tree, "hdd", arg, '3');
}
