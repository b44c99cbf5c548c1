/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plugging and unplugging as lists of QMP commands. */
#include "command/command.h"
#include "command/device.h"
#include "rpc/error.h"

static void step_free(gpointer opaque)
{
    CommandStep *step = opaque;

    g_clear_pointer(&step->arguments, json_object_unref);
    g_clear_pointer(&step->undo_arguments, json_object_unref);
    g_free(step);
}

/* {"key": "value"} */
static JsonObject *one_string(const char *key, const char *value)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, key, value);
    return object;
}

/* Takes over both objects. */
static void add_step(GPtrArray *steps, const char *execute, JsonObject *arguments,
                     const char *undo, JsonObject *undo_arguments)
{
    CommandStep *step = g_new0(CommandStep, 1);

    step->execute = execute;
    step->arguments = arguments;
    step->fd = -1;
    step->undo = undo;
    step->undo_arguments = undo_arguments;
    g_ptr_array_add(steps, step);
}

static void plug_disk(GPtrArray *steps, const DomainDisk *disk)
{
    g_autofree char *storage = device_storage_node(disk);
    g_autofree char *format = device_format_node(disk);

    add_step(steps, "blockdev-add", device_disk_storage(disk), "blockdev-del",
             one_string("node-name", storage));
    add_step(steps, "blockdev-add", device_disk_format(disk), "blockdev-del",
             one_string("node-name", format));
    add_step(steps, "device_add", device_disk(disk, disk->info.boot_order), NULL, NULL);
}

static gboolean plug_interface(GPtrArray *steps, const DomainInterface *interface, int fd,
                               GError **errp)
{
    g_autofree char *id = device_netdev_id(interface);
    g_autofree char *name = g_strdup_printf("fd-%s", interface->info.alias);
    CommandStep *getfd;

    if (fd < 0) {
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "no tap for interface '%s'",
                             interface->info.alias);
    }
    /* A name that netdev_add has used up is gone: closefd may then find nothing. */
    add_step(steps, "getfd", one_string("fdname", name), "closefd",
             one_string("fdname", name));
    getfd = g_ptr_array_index(steps, steps->len - 1);
    getfd->fd = fd;
    add_step(steps, "netdev_add", device_netdev(interface, name), "netdev_del",
             one_string("id", id));
    add_step(steps, "device_add", device_interface(interface, interface->info.boot_order),
             NULL, NULL);
    return TRUE;
}

static gboolean cannot_plug(const DomainDevice *device, GError **errp)
{
    return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "element <devices/%s>: such a device cannot be plugged or "
                         "unplugged while the domain runs",
                         xml_device_type_name(device->type));
}

GPtrArray *command_plug(const DomainDevice *device, int fd, GError **errp)
{
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
    gboolean ok = TRUE;

    switch (device->type) {
    case DOMAIN_DEVICE_DISK:
        plug_disk(steps, device->disk);
        break;
    case DOMAIN_DEVICE_INTERFACE:
        ok = plug_interface(steps, device->interface, fd, errp);
        break;
    default:
        ok = cannot_plug(device, errp);
    }
    return ok ? g_steal_pointer(&steps) : NULL;
}

gboolean command_can_unplug(const DomainDevice *device, GError **errp)
{
    return device->type == DOMAIN_DEVICE_DISK ||
           device->type == DOMAIN_DEVICE_INTERFACE || cannot_plug(device, errp);
}

GPtrArray *command_unplugged(const DomainDevice *device)
{
    GPtrArray *steps = g_ptr_array_new_with_free_func(step_free);

    if (device->type == DOMAIN_DEVICE_DISK) {
        g_autofree char *storage = device_storage_node(device->disk);
        g_autofree char *format = device_format_node(device->disk);

        add_step(steps, "blockdev-del", one_string("node-name", format), NULL, NULL);
        add_step(steps, "blockdev-del", one_string("node-name", storage), NULL, NULL);
    } else if (device->type == DOMAIN_DEVICE_INTERFACE) {
        g_autofree char *id = device_netdev_id(device->interface);
        add_step(steps, "netdev_del", one_string("id", id), NULL, NULL);
    }
    return steps;
}
