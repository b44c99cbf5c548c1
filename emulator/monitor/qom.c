/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is, made anew for each question: objects have no names of their own here but
 * the paths of devices, the buses of devices, and ids.
 */
#include "monitor/qom.h"

#include <string.h>

#include "accel/cpu-config.h"
#include "machine/machine.h"
#include "monitor/object.h"
#include "monitor/qmp-command.h"
#include "pci/pci.h"
#include "util/error.h"

#define MACHINE "/machine"
#define OBJECTS "/objects"

/* Of all machines. */
static const char *const containers[] = {
    "/",
    OBJECTS,
    MACHINE "/peripheral",
    MACHINE "/peripheral-anon",
    MACHINE "/unattached",
};

/* --- the tree --- */

static void object_free(gpointer data)
{
    QomObject *object = data;
    g_free(object->path);
    g_free(object->type);
    g_free(object);
}

static QomObject *add(GPtrArray *objects, const char *path, const char *type)
{
    QomObject *object = g_new0(QomObject, 1);
    object->path = g_strdup(path);
    object->type = g_strdup(type);
    g_ptr_array_add(objects, object);
    return object;
}

static void add_user_object(const char *id, const char *type, void *opaque)
{
    g_autofree char *path = g_strconcat(OBJECTS "/", id, NULL);
    add(opaque, path, type);
}

static void add_device(Device *dev, void *opaque)
{
    add(opaque, dev->path, dev->klass->name)->device = dev;
}

char *qom_bus_path(const Bus *bus)
{
    return g_strdup_printf("%s/%s", bus->owner ? bus->owner->path : MACHINE, bus->name);
}

static void add_bus(Bus *bus, void *opaque)
{
    g_autofree char *path = qom_bus_path(bus);
    add(opaque, path, bus->klass->type)->bus = bus;
}

/* "device[N]" is what boards' devices without a name are called. */
char *qom_cpu_path(unsigned index)
{
    return g_strdup_printf(MACHINE "/unattached/cpu[%u]", index);
}

static void add_cpus(GPtrArray *objects)
{
    g_autofree char *type = g_strconcat(cpu_config()->name, "-x86_64-cpu", NULL);

    for (unsigned i = 0; i < machine_cpus(); i++) {
        g_autofree char *path = qom_cpu_path(i);
        add(objects, path, type);
    }
}

static void add_machine(GPtrArray *objects)
{
    const MachineClass *machine = machine_current();
    g_autofree char *type = machine ? g_strdup_printf("%s-machine", machine->name) : NULL;
    if (type) {
        add(objects, MACHINE, type)->is_machine = TRUE;
    }
}

GPtrArray *qom_objects(void)
{
    GPtrArray *objects = g_ptr_array_new_with_free_func(object_free);
    for (guint i = 0; i < G_N_ELEMENTS(containers); i++) {
        add(objects, containers[i], "container");
    }
    object_foreach(add_user_object, objects);
    add_machine(objects);
    add_cpus(objects);
    device_foreach(add_device, objects);
    bus_foreach(add_bus, objects);
    return objects;
}

/* "a//b/" -> "/a/b" */
static char *normal_path(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    GString *text = g_string_new(NULL);
    for (guint i = 0; parts[i]; i++) {
        if (*parts[i]) {
            g_string_append_printf(text, "/%s", parts[i]);
        }
    }
    return g_string_free(text, FALSE);
}

static gboolean is_at(const QomObject *object, const char *path, gboolean absolute)
{
    return absolute ? strcmp(object->path, *path ? path : "/") == 0
                    : *path && g_str_has_suffix(object->path, path);
}

const QomObject *qom_resolve(GPtrArray *objects, const char *path, GError **errp)
{
    g_autofree char *normal = normal_path(path);
    const QomObject *found = NULL;
    for (guint i = 0; i < objects->len; i++) {
        if (!is_at(objects->pdata[i], normal, *path == '/')) {
            continue;
        }
        if (found) {
            error_set(errp, "Path '%s' is ambiguous", path);
            return NULL;
        }
        found = objects->pdata[i];
    }
    if (!found) {
        qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", path);
    }
    return found;
}

const char *qom_name_below(const QomObject *object, const QomObject *parent)
{
    gsize len = strcmp(parent->path, "/") == 0 ? 0 : strlen(parent->path);
    const char *rest = object->path + len;
    gboolean below = strncmp(object->path, parent->path, len) == 0 && rest[0] == '/' &&
                     rest[1] && !strchr(rest + 1, '/');
    return below ? rest + 1 : NULL;
}

/* --- properties --- */

static ConfigNode *get_type(const QomObject *object, const QomProperty *property)
{
    return config_string_new(object->type);
}

static ConfigNode *get_parent_bus(const QomObject *object, const QomProperty *property)
{
    const Bus *bus = object->device->bus;
    g_autofree char *path = bus ? qom_bus_path(bus) : NULL;
    return config_string_new(path ? path : "");
}

static ConfigNode *get_realized(const QomObject *object, const QomProperty *property)
{
    return config_bool_new(object->device->realized);
}

static ConfigNode *get_hotplugged(const QomObject *object, const QomProperty *property)
{
    return config_bool_new(object->device->hotplugged);
}

static ConfigNode *get_hotpluggable(const QomObject *object, const QomProperty *property)
{
    return config_bool_new(device_is_hotpluggable(object->device));
}

static ConfigNode *get_legacy_addr(const QomObject *object, const QomProperty *property)
{
    guint8 devfn = ((PciDevice *)object->device)->devfn;
    g_autofree char *text = g_strdup_printf("%02x.%x", PCI_SLOT(devfn), PCI_FUNC(devfn));
    return config_string_new(text);
}

static ConfigNode *get_row(const QomObject *object, const QomProperty *property)
{
    return property_value(property->row, property->owner);
}

static ConfigNode *get_attribute(const QomObject *object, const QomProperty *property)
{
    return property->attribute->get((Device *)property->owner);
}

static const QomProperty all_have = { "type", "string", NULL, get_type };
static const QomProperty devices_have[] = {
    { "parent_bus", "link<bus>", NULL, get_parent_bus },
    { "realized", "bool", NULL, get_realized },
    { "hotplugged", "bool", NULL, get_hotplugged },
    { "hotpluggable", "bool", NULL, get_hotpluggable },
};
static const QomProperty pci_devices_have = { "legacy-addr", "str", NULL,
                                              get_legacy_addr };

/* What a walk calls. */
typedef struct Walk {
    GPtrArray *objects;
    const QomObject *object;
    void (*fn)(const QomProperty *property, void *opaque);
    void *opaque;
} Walk;

static void tell_row(const Walk *w, const Property *row, const void *owner)
{
    QomProperty property = { row->name, property_type_name(row), row->help, get_row, row,
                             owner };
    if (!row->hidden) {
        w->fn(&property, w->opaque);
    }
}

static void tell_device_row(const Property *row, Device *owner, void *opaque)
{
    tell_row(opaque, row, owner);
}

static void tell_attribute(const DeviceAttribute *a, Device *owner, void *opaque)
{
    const Walk *w = opaque;
    QomProperty property = { .name = a->name,
                             .type = a->type,
                             .help = a->help,
                             .value = get_attribute,
                             .owner = owner,
                             .attribute = a };

    w->fn(&property, w->opaque);
}

static gboolean has_child(const Walk *w, const char *name)
{
    for (guint i = 0; i < w->objects->len; i++) {
        if (g_strcmp0(qom_name_below(w->objects->pdata[i], w->object), name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A device of the same name hides an option: it is there because of that. */
static void tell_machine_rows(const Walk *w)
{
    for (const Property *row = machine_current()->properties; row && row->name; row++) {
        if (!has_child(w, row->name)) {
            tell_row(w, row, machine_options());
        }
    }
}

static void tell_children(const Walk *w)
{
    for (guint i = 0; i < w->objects->len; i++) {
        const QomObject *child = w->objects->pdata[i];
        const char *name = qom_name_below(child, w->object);
        g_autofree char *type = g_strdup_printf("child<%s>", child->type);
        QomProperty property = { .name = name, .type = type, .path = child->path };
        if (name) {
            w->fn(&property, w->opaque);
        }
    }
}

void qom_foreach_class_property(const DeviceClass *klass,
                                void (*fn)(const QomProperty *property, void *opaque),
                                void *opaque)
{
    fn(&all_have, opaque);
    for (guint i = 0; i < G_N_ELEMENTS(devices_have); i++) {
        fn(&devices_have[i], opaque);
    }
    if (device_class_is_a(klass, &pci_device_class.device)) {
        fn(&pci_devices_have, opaque);
    }
}

void qom_foreach_property(GPtrArray *objects, const QomObject *object,
                          void (*fn)(const QomProperty *property, void *opaque),
                          void *opaque)
{
    Walk w = { objects, object, fn, opaque };
    if (object->device) {
        qom_foreach_class_property(object->device->klass, fn, opaque);
        device_foreach_row(object->device->klass, object->device, tell_device_row, &w);
        device_foreach_attribute(object->device, tell_attribute, &w);
    } else {
        fn(&all_have, opaque);
    }
    if (object->is_machine) {
        tell_machine_rows(&w);
    }
    tell_children(&w);
}
