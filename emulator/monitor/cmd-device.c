/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: plugging them, and what types there are. */
#include "config.h"

#include <string.h>

#include "accel/run-state.h"
#include "device/device.h"
#include "machine/machine.h"
#include "migration/migration.h"
#include "monitor/commands.h"
#include "monitor/object.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

/* All other members are the class's properties, and checked there. */
static const QmpType device_add_args = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "driver", &qmp_str },
                                    { "bus", &qmp_str, TRUE },
                                    { "id", &qmp_str, TRUE },
                                    { NULL } },
    .open = TRUE
};

static gboolean check_idle(const char *command, GError **errp)
{
    return !migration_active() ||
           error_set(errp, "%s not allowed while migrating", command);
}

static gboolean may_add(GError **errp)
{
    return check_idle("device_add", errp) &&
           (!vm_ending() || error_set(errp, "The emulator ends"));
}

/* It is there, or not. */
static void added(void *opaque, GError *error)
{
    qmp_reply_done(opaque, NULL, error);
}

static void cmd_device_add(ConfigNode *args, QmpReply *reply)
{
    device_add_later(args, may_add, added, reply);
}

QMP_OBJECT(device_del_args, { "id", &qmp_str });

static void delete (const char *id, GError **errp)
{
    Device *dev = device_find(id);

    if (!dev) {
        qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", id);
    } else if (check_idle("device_del", errp)) {
        device_request_unplug(dev, errp);
    }
}

typedef struct Delete {
    QmpReply *reply;
    char *id;
} Delete;

static void delete_now(void *opaque, gboolean stands, const GError *flush_error)
{
    Delete *d = opaque;
    GError *error = NULL;

    delete (d->id, &error);
    qmp_reply_done(d->reply, NULL, error);
    g_free(d->id);
    g_free(d);
}

/* While a VM that was stopped is flushed, all disks stay. */
static void cmd_device_del(ConfigNode *args, QmpReply *reply)
{
    Delete *d = g_new0(Delete, 1);

    d->reply = reply;
    d->id = g_strdup(qmp_arg_string(args, "id"));
    if (vm_running()) {
        delete_now(d, FALSE, NULL);
    } else {
        vm_quiesce(delete_now, d);
    }
}

QMP_OBJECT(typename_args, { "typename", &qmp_str });
QMP_OBJECT(property_info, { "name", &qmp_str }, { "type", &qmp_str },
           { "description", &qmp_str, TRUE }, { "default-value", &qmp_any, TRUE });
QMP_LIST(property_info_list, &property_info);

static ConfigNode *cmd_list_properties(ConfigNode *args, GError **errp)
{
    const char *name = qmp_arg_string(args, "typename");
    const DeviceClass *klass = device_class_find(name);

    if (!klass) {
        return qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", name);
    }
    return device_class_list_properties(klass);
}

QMP_OBJECT(types_args, { "implements", &qmp_str, TRUE }, { "abstract", &qmp_bool, TRUE });
QMP_OBJECT(type_info, { "name", &qmp_str }, { "abstract", &qmp_bool, TRUE },
           { "parent", &qmp_str, TRUE });
QMP_LIST(type_info_list, &type_info);

static void add_type(ConfigNode *list, const char *name, const char *parent)
{
    ConfigNode *info = config_map_new();

    config_map_set_string(info, "name", name);
    config_map_set_string(info, "parent", parent);
    config_list_add(list, info);
}

static void add_devices(ConfigNode *list, const char *implements)
{
    for (guint i = 0; device_class_table[i]; i++) {
        const DeviceClass *klass = device_class_table[i];
        gboolean wanted = !implements || strcmp(implements, "device") == 0;

        for (const DeviceClass *k = klass; k && !wanted; k = k->parent) {
            wanted = strcmp(k->name, implements) == 0;
        }
        if (wanted) {
            add_type(list, klass->name, klass->parent ? klass->parent->name : "device");
        }
    }
}

static void add_others(ConfigNode *list, const char *implements)
{
    const KindType *type;

    for (guint i = 0; machine_table[i]; i++) {
        g_autofree char *name = g_strdup_printf("%s-machine", machine_table[i]->name);

        if (!implements || strcmp(implements, "machine") == 0 ||
            strcmp(implements, name) == 0) {
            add_type(list, name, "machine");
        }
    }
    for (guint i = 0; (type = object_kind.at(i)); i++) {
        if (!implements || strcmp(implements, type->name) == 0) {
            add_type(list, type->name, "object");
        }
    }
}

static ConfigNode *cmd_list_types(ConfigNode *args, GError **errp)
{
    const char *implements = qmp_arg_string(args, "implements");
    ConfigNode *list = config_list_new();

    if (g_strcmp0(implements, "object") == 0) {
        implements = NULL;
    }
    add_devices(list, implements);
    add_others(list, implements);
    return list;
}

static const char *const device_add_features[] = { "json-cli", "json-cli-hotplug", NULL };

const QmpCommand qmp_device_commands[] = {
    { "device_add",
      "Plugs a device, as -device does; further arguments are its properties",
      .start = cmd_device_add, .args = &device_add_args,
      .features = device_add_features },
    { "device_del", "Asks the guest to let a device go; DEVICE_DELETED follows",
      .start = cmd_device_del, .args = &device_del_args },
    { "device-list-properties", "The properties of a device model", cmd_list_properties,
      .args = &typename_args, .ret = &property_info_list },
    { "qom-list-types", "The names of device models and objects", cmd_list_types,
      .args = &types_args, .ret = &type_info_list },
    { .name = NULL },
};
