/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of objects, as far as it can be read: containers, and devices with their parts
 * below them. A path is that of a device, or of a container.
 */
#include "config.h"

#include <string.h>

#include "device/device.h"
#include "machine/machine.h"
#include "monitor/commands.h"
#include "util/error.h"

QMP_OBJECT(path_args, { "path", &qmp_str });
QMP_OBJECT(object_property, { "name", &qmp_str }, { "type", &qmp_str },
           { "description", &qmp_str, TRUE }, { "default-value", &qmp_any, TRUE });
QMP_LIST(object_property_list, &object_property);
QMP_OBJECT(get_args, { "path", &qmp_str }, { "property", &qmp_str });

#define MACHINE "/machine"

/* Of all machines; the parents first. */
static const char *const containers[] = { MACHINE "/peripheral",
                                          MACHINE "/peripheral-anon",
                                          MACHINE "/unattached" };

/* What an object is; new, or NULL: there is none. */
static char *type_of(const char *path)
{
    const Device *dev = device_find_path(path);

    if (dev) {
        return g_strdup(dev->klass->name);
    }
    if (strcmp(path, MACHINE) == 0) {
        return g_strdup_printf("%s-machine", machine_current()->name);
    }
    for (guint i = 0; i < G_N_ELEMENTS(containers); i++) {
        if (strcmp(path, containers[i]) == 0) {
            return g_strdup("container");
        }
    }
    return strcmp(path, "/") == 0 ? g_strdup("container") : NULL;
}

/* The last component when the object is directly below path; else NULL. */
static const char *name_below(const char *object, const char *path)
{
    gsize len = strcmp(path, "/") == 0 ? 0 : strlen(path);

    return strncmp(object, path, len) == 0 && object[len] == '/' &&
                   !strchr(object + len + 1, '/')
               ? object + len + 1
               : NULL;
}

/* A walk of what is below a path. */
typedef struct Below {
    const char *path;
    ConfigNode *list;
} Below;

static void add_property(ConfigNode *list, const char *name, const char *type)
{
    ConfigNode *info = config_map_new();

    config_map_set_string(info, "name", name);
    config_map_set_string(info, "type", type);
    config_list_add(list, info);
}

static void add_object(const char *object, const Below *below)
{
    const char *name = name_below(object, below->path);

    if (name) {
        g_autofree char *type = type_of(object);
        g_autofree char *child = g_strdup_printf("child<%s>", type);

        add_property(below->list, name, child);
    }
}

static void add_device(Device *dev, void *opaque)
{
    add_object(dev->path, opaque);
}

static ConfigNode *not_found(const char *path, GError **errp)
{
    return qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", path);
}

static ConfigNode *cmd_qom_list(ConfigNode *args, GError **errp)
{
    const char *path = qmp_arg_string(args, "path");
    g_autofree char *type = type_of(path);
    Below below = { path };

    if (!type) {
        return not_found(path, errp);
    }
    below.list = config_list_new();
    add_property(below.list, "type", "string");
    add_object(MACHINE, &below);
    for (guint i = 0; i < G_N_ELEMENTS(containers); i++) {
        add_object(containers[i], &below);
    }
    device_foreach(add_device, &below);
    return below.list;
}

/* Where the bus is: below its owner. */
static char *parent_bus(const Device *dev)
{
    const Bus *bus = dev->bus;

    return !bus ? g_strdup("")
                : g_strdup_printf("%s/%s", bus->owner ? bus->owner->path : MACHINE,
                                  bus->name);
}

/* What all objects have, and no property of a class yet. */
static ConfigNode *cmd_qom_get(ConfigNode *args, GError **errp)
{
    const char *path = qmp_arg_string(args, "path");
    const char *property = qmp_arg_string(args, "property");
    const Device *dev = device_find_path(path);
    g_autofree char *type = type_of(path), *child = NULL, *below = NULL;

    if (!type) {
        return not_found(path, errp);
    }
    if (strcmp(property, "type") == 0) {
        return config_string_new(type);
    }
    if (dev && strcmp(property, "parent_bus") == 0) {
        g_autofree char *bus = parent_bus(dev);

        return config_string_new(bus);
    }
    child = g_strdup_printf("%s/%s", strcmp(path, "/") == 0 ? "" : path, property);
    below = strchr(property, '/') ? NULL : type_of(child);
    if (below) {
        return config_string_new(child);
    }
    error_set(errp, "Reading property '%s.%s' is not supported", type, property);
    return NULL;
}

const QmpCommand qmp_qom_commands[] = {
    { "qom-get",
      "A property of an object: its type, the path of a child, and the bus of a device",
      cmd_qom_get, .args = &get_args, .ret = &qmp_any },
    { "qom-list", "The objects and properties at a path", cmd_qom_list,
      .args = &path_args, .ret = &object_property_list },
    { .name = NULL },
};
