/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What types there are, and their properties. */
#include <string.h>

#include "machine/machine.h"
#include "monitor/commands.h"
#include "monitor/object.h"
#include "monitor/qom.h"
#include "util/error.h"

QMP_OBJECT(typename_args, { "typename", &qmp_str });
QMP_OBJECT(property_info, { "name", &qmp_str }, { "type", &qmp_str },
           { "description", &qmp_str, TRUE }, { "default-value", &qmp_any, TRUE });
QMP_LIST(property_info_list, &property_info);
QMP_OBJECT(types_args, { "implements", &qmp_str, TRUE }, { "abstract", &qmp_bool, TRUE });
QMP_OBJECT(type_info, { "name", &qmp_str }, { "abstract", &qmp_bool, TRUE },
           { "parent", &qmp_str, TRUE });
QMP_LIST(type_info_list, &type_info);

/* What all others are derived from; all of them abstract. */
static const struct {
    const char *name, *parent;
} bases[] = {
    { "object", NULL },
    { "device", "object" },
    { "machine", "object" },
};

static char *machine_type_name(const MachineClass *klass)
{
    return g_strdup_printf("%s-machine", klass->name);
}

static const MachineClass *find_machine(const char *name)
{
    for (guint i = 0; machine_table[i]; i++) {
        g_autofree char *type = machine_type_name(machine_table[i]);
        if (strcmp(type, name) == 0) {
            return machine_table[i];
        }
    }
    return NULL;
}

/* libvirt 11.3 needs the one of PCs: it dies where there is none. */
static const MachineClass *find_machine_base(const char *name)
{
    for (guint i = 0; machine_table[i]; i++) {
        if (g_strcmp0(machine_table[i]->base, name) == 0) {
            return machine_table[i];
        }
    }
    return NULL;
}

static gboolean is_base(const char *name)
{
    if (find_machine_base(name)) {
        return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(bases); i++) {
        if (strcmp(bases[i].name, name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* --- qom-list-types --- */

/* What is asked for. */
typedef struct Wanted {
    const char *implements; /* NULL: all */
    gboolean abstract;      /* these too */
    ConfigNode *list;
} Wanted;

static void add_type(const Wanted *w, const char *name, const char *parent,
                     gboolean abstract)
{
    if (abstract && !w->abstract) {
        return;
    }
    ConfigNode *info = config_map_new();
    config_map_set_string(info, "name", name);
    if (abstract) {
        config_map_set_bool(info, "abstract", TRUE);
    }
    if (parent) {
        config_map_set_string(info, "parent", parent);
    }
    config_list_add(w->list, info);
}

/* Every one is an object, too. */
static gboolean wants(const Wanted *w, const char *name)
{
    return !w->implements || strcmp(w->implements, "object") == 0 ||
           strcmp(w->implements, name) == 0;
}

static void add_bases(const Wanted *w)
{
    for (guint i = 0; i < G_N_ELEMENTS(bases); i++) {
        if (wants(w, bases[i].name)) {
            add_type(w, bases[i].name, bases[i].parent, TRUE);
        }
    }
}

static gboolean wants_class(const Wanted *w, const DeviceClass *klass)
{
    gboolean wanted = wants(w, "device");
    for (; klass && !wanted; klass = klass->parent) {
        wanted = wants(w, klass->name);
    }
    return wanted;
}

/* Another name is a type of its own to who asks. */
static void add_classes(const Wanted *w)
{
    for (guint i = 0; device_class_table[i]; i++) {
        const DeviceClass *klass = device_class_table[i];
        const char *parent = klass->parent ? klass->parent->name : "device";
        if (wants_class(w, klass)) {
            add_type(w, klass->name, parent, klass->abstract);
        }
        if (klass->alias && (wants(w, klass->alias) || wants(w, "device") ||
                             wants_class(w, klass->parent))) {
            add_type(w, klass->alias, parent, FALSE);
        }
    }
}

static void add_machines(const Wanted *w)
{
    for (guint i = 0; machine_table[i]; i++) {
        const char *base = machine_table[i]->base;
        g_autofree char *name = machine_type_name(machine_table[i]);
        gboolean of_base = wants(w, "machine") || (base && wants(w, base));
        if (base && of_base) {
            add_type(w, base, "machine", TRUE);
        }
        if (of_base || wants(w, name)) {
            add_type(w, name, base ? base : "machine", FALSE);
        }
    }
}

static void add_objects(const Wanted *w)
{
    const KindType *type;
    for (guint i = 0; (type = object_kind.at(i)); i++) {
        if (wants(w, "user-creatable") || wants(w, type->name)) {
            add_type(w, type->name, "object", FALSE);
        }
    }
}

static ConfigNode *cmd_list_types(ConfigNode *args, GError **errp)
{
    const ConfigNode *abstract = config_map_peek(args, "abstract");
    Wanted w = { qmp_arg_string(args, "implements"),
                 abstract && config_node_bool(abstract), config_list_new() };
    add_bases(&w);
    add_classes(&w);
    add_machines(&w);
    add_objects(&w);
    return w.list;
}

/* --- the properties of a type --- */

static ConfigNode *cmd_device_properties(ConfigNode *args, GError **errp)
{
    const char *name = qmp_arg_string(args, "typename");
    const DeviceClass *klass = device_class_find(name);
    if (klass && !klass->abstract) {
        return device_class_list_properties(klass);
    }
    if (klass || is_base(name) || find_machine(name) || kind_find(&object_kind, name)) {
        error_set(errp, "Parameter 'typename' expects a non-abstract device type");
        return NULL;
    }
    return qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", name);
}

static void add_property(ConfigNode *list, const char *name, const char *type,
                         const char *help)
{
    ConfigNode *info = config_map_new();
    config_map_set_string(info, "name", name);
    config_map_set_string(info, "type", type);
    if (help) {
        config_map_set_string(info, "description", help);
    }
    config_list_add(list, info);
}

static void add_row(const Property *row, const char *name, void *opaque)
{
    add_property(opaque, name, property_type_name(row), row->help);
}

static void add_class_row(const Property *row, void *opaque)
{
    add_row(row, row->name, opaque);
}

static void add_fixed(const QomProperty *property, void *opaque)
{
    add_property(opaque, property->name, property->type, property->help);
}

static ConfigNode *list_rows(const Property *rows)
{
    ConfigNode *list = config_list_new();
    add_property(list, "type", "string", NULL);
    properties_foreach(rows, add_row, list);
    return list;
}

static ConfigNode *cmd_qom_properties(ConfigNode *args, GError **errp)
{
    const char *name = qmp_arg_string(args, "typename");
    const DeviceClass *klass = device_class_find(name);
    const MachineClass *machine = find_machine(name);
    const KindType *type = kind_find(&object_kind, name);
    if (!machine) {
        machine = find_machine_base(name);
    }
    if (klass) {
        ConfigNode *list = config_list_new();
        qom_foreach_class_property(klass, add_fixed, list);
        device_class_foreach_property(klass, add_class_row, list);
        return list;
    }
    if (machine || type || is_base(name)) {
        return list_rows(machine ? machine->properties : type ? type->rows : NULL);
    }
    return qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Class '%s' not found", name);
}

const QmpCommand qmp_type_commands[] = {
    { "device-list-properties", "The properties of a device model", cmd_device_properties,
      .args = &typename_args, .ret = &property_info_list },
    { "qom-list-properties", "The properties of a type", cmd_qom_properties,
      .args = &typename_args, .ret = &property_info_list },
    { "qom-list-types", "The names of device models, machines and objects",
      cmd_list_types, .args = &types_args, .ret = &type_info_list },
    { .name = NULL },
};
