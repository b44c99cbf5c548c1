/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of objects by QMP. Only attributes can be set of what is there already: of
 * others that is refused as QEMU does.
 */
#include <string.h>

#include "monitor/commands.h"
#include "monitor/qom.h"
#include "util/error.h"

QMP_OBJECT(path_args, { "path", &qmp_str });
QMP_OBJECT(object_property, { "name", &qmp_str }, { "type", &qmp_str },
           { "description", &qmp_str, TRUE }, { "default-value", &qmp_any, TRUE });
QMP_LIST(object_property_list, &object_property);
QMP_OBJECT(get_args, { "path", &qmp_str }, { "property", &qmp_str });
QMP_OBJECT(set_args, { "path", &qmp_str }, { "property", &qmp_str },
           { "value", &qmp_any });

static void list_property(const QomProperty *property, void *opaque)
{
    ConfigNode *info = config_map_new();
    config_map_set_string(info, "name", property->name);
    config_map_set_string(info, "type", property->type);
    if (property->help) {
        config_map_set_string(info, "description", property->help);
    }
    config_list_add(opaque, info);
}

static ConfigNode *cmd_qom_list(ConfigNode *args, GError **errp)
{
    g_autoptr(GPtrArray) objects = qom_objects();
    const QomObject *object = qom_resolve(objects, qmp_arg_string(args, "path"), errp);
    if (!object) {
        return NULL;
    }
    ConfigNode *list = config_list_new();
    qom_foreach_property(objects, object, list_property, list);
    return list;
}

/* A search for a property, and what is asked of it: its value, or to be set. */
typedef struct Search {
    const QomObject *object;
    const char *name;
    const ConfigNode *wanted; /* NULL: its value is */
    ConfigNode *value;
    gboolean found;
    GError *error;
} Search;

/* A part is known by its whole, as device_add's errors have it. */
static void refuse_row(const Property *row, const Device *owner, GError **errp)
{
    while (owner->part) {
        owner = owner->parent;
    }
    if (owner->id) {
        error_set(errp,
                  "Attempt to set property '%s' on device '%s' (type '%s') after it was "
                  "realized",
                  row->name, owner->id, owner->klass->name);
    } else {
        error_set(errp,
                  "Attempt to set property '%s' on anonymous device (type '%s') after it "
                  "was realized",
                  row->name, owner->klass->name);
    }
}

static void set_property(const Search *s, const QomProperty *property, GError **errp)
{
    const DeviceAttribute *attribute = property->attribute;

    if (attribute && attribute->set) {
        attribute->set((Device *)property->owner, s->wanted, errp);
    } else if (property->row && s->object->device) {
        refuse_row(property->row, property->owner, errp);
    } else {
        error_set(errp, "Property '%s.%s' is not writable", s->object->type,
                  property->name);
    }
}

static void get_property(Search *s, const QomProperty *property, GError **errp)
{
    s->value = property->value ? property->value(s->object, property)
                               : config_string_new(property->path);
    if (!s->value) {
        error_set(errp, "Property '%s.%s' is not readable", s->object->type, s->name);
    }
}

static void find_property(const QomProperty *property, void *opaque)
{
    Search *s = opaque;

    if (strcmp(property->name, s->name) != 0 || s->found) {
        return;
    }
    s->found = TRUE;
    if (s->wanted) {
        set_property(s, property, &s->error);
    } else {
        get_property(s, property, &s->error);
    }
}

static ConfigNode *search(ConfigNode *args, const ConfigNode *wanted, GError **errp)
{
    g_autoptr(GPtrArray) objects = qom_objects();
    Search s = { .object = qom_resolve(objects, qmp_arg_string(args, "path"), errp),
                 .name = qmp_arg_string(args, "property"),
                 .wanted = wanted };

    if (!s.object) {
        return NULL;
    }
    qom_foreach_property(objects, s.object, find_property, &s);
    if (!s.found) {
        error_set(errp, "Property '%s.%s' not found", s.object->type, s.name);
    } else if (s.error) {
        g_propagate_error(errp, s.error);
    }
    return s.value;
}

static ConfigNode *cmd_qom_get(ConfigNode *args, GError **errp)
{
    return search(args, NULL, errp);
}

static ConfigNode *cmd_qom_set(ConfigNode *args, GError **errp)
{
    return search(args, config_map_get(args, "value"), errp);
}

const QmpCommand qmp_qom_commands[] = {
    { "qom-get", "A property of an object; of a child its path", cmd_qom_get,
      .args = &get_args, .ret = &qmp_any },
    { "qom-list", "The objects and properties at a path", cmd_qom_list,
      .args = &path_args, .ret = &object_property_list },
    { "qom-set", "Sets a property of an object that may change while it works",
      cmd_qom_set, .args = &set_args },
    { .name = NULL },
};
