/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of virtio-serial controllers, given as libvirt gives them: consoles begin with
 * port 0, channels with port 1; a controller that a device names, or the first one, is
 * added when it is not there, and another one when all are full.
 */
#include "command/chardev.h"

#define DEFAULT_PORTS 31u

typedef struct Ports {
    Domain *domain;
    GHashTable *taken; /* "controller.port" */
    gboolean more;     /* controllers may be added */
    GError **errp;
} Ports;

static const DomainController *find_controller(const Domain *domain, guint index)
{
    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *controller = domain->controllers->pdata[i];

        if (controller->type == DOMAIN_CONTROLLER_VIRTIO_SERIAL &&
            controller->index == index) {
            return controller;
        }
    }
    return NULL;
}

static guint count_ports(const DomainController *controller)
{
    return controller->ports == DOMAIN_NUMBER_NONE ? DEFAULT_PORTS : controller->ports;
}

static gboolean is_on_serial(const DomainDevice *device)
{
    const CommandKind *kind = command_kind(device->type);

    return kind && kind->serial_port;
}

/* Port 0 has not been said. */
static gboolean is_placed(const DomainAddress *address)
{
    return address->type == DOMAIN_ADDRESS_VIRTIO_SERIAL && address->serial.port;
}

static char *place_key(guint controller, guint port)
{
    return g_strdup_printf("%u.%u", controller, port);
}

static gboolean ensure_controller(const DomainDevice *device, gpointer opaque)
{
    const DomainAddress *address = &xml_device_info(device)->address;
    Ports *p = opaque;
    guint index =
        address->type == DOMAIN_ADDRESS_VIRTIO_SERIAL ? address->serial.controller : 0;

    if (!is_on_serial(device) || find_controller(p->domain, index)) {
        return TRUE;
    }
    if (!p->more) {
        return rpc_error_set(p->errp, VIR_ERR_XML_ERROR,
                             "virtio serial controller %u is missing", index);
    }
    if (index > G_MAXUINT8) {
        return rpc_error_set(p->errp, VIR_ERR_XML_ERROR,
                             "virtio serial controller %u is too high a number", index);
    }
    xml_domain_add_controller(p->domain, DOMAIN_CONTROLLER_VIRTIO_SERIAL, index,
                              DOMAIN_CONTROLLER_MODEL_DEFAULT);
    return TRUE;
}

static gboolean note(const DomainDevice *device, gpointer opaque)
{
    const DomainAddress *address = &xml_device_info(device)->address;
    const DomainController *controller;
    Ports *p = opaque;

    if (!is_on_serial(device) || !is_placed(address)) {
        return TRUE;
    }
    controller = find_controller(p->domain, address->serial.controller);
    if (address->serial.bus) {
        return rpc_error_set(p->errp, VIR_ERR_XML_ERROR,
                             "virtio serial controller %u does not have bus %u",
                             address->serial.controller, address->serial.bus);
    }
    if (!controller || address->serial.port >= count_ports(controller)) {
        return rpc_error_set(p->errp, VIR_ERR_XML_ERROR,
                             "virtio serial controller %u does not have port %u",
                             address->serial.controller, address->serial.port);
    }
    return g_hash_table_add(
               p->taken, place_key(address->serial.controller, address->serial.port)) ||
           rpc_error_set(p->errp, VIR_ERR_XML_ERROR,
                         "virtio serial port %u on controller %u is already occupied",
                         address->serial.port, address->serial.controller);
}

/* The first port from `from` on that is free; FALSE: there is none. */
static gboolean find_port(const Ports *p, const DomainController *controller, guint from,
                          guint *port)
{
    for (*port = from; *port < count_ports(controller); ++*port) {
        g_autofree char *key = place_key(controller->index, *port);

        if (!g_hash_table_contains(p->taken, key)) {
            return TRUE;
        }
    }
    return FALSE;
}

static const DomainController *add_controller(Ports *p)
{
    guint index = 0;

    while (find_controller(p->domain, index)) {
        index++;
    }
    return xml_domain_add_controller(p->domain, DOMAIN_CONTROLLER_VIRTIO_SERIAL, index,
                                     DOMAIN_CONTROLLER_MODEL_DEFAULT);
}

/* One that has room, among all or the one that is named; NULL: none has. */
static const DomainController *find_room(Ports *p, const DomainAddress *address,
                                         guint from, guint *port)
{
    gboolean named = address->type == DOMAIN_ADDRESS_VIRTIO_SERIAL;

    for (guint i = 0; i < p->domain->controllers->len; i++) {
        const DomainController *controller = p->domain->controllers->pdata[i];

        if (controller->type == DOMAIN_CONTROLLER_VIRTIO_SERIAL &&
            (!named || controller->index == address->serial.controller) &&
            find_port(p, controller, from, port)) {
            return controller;
        }
    }
    *port = from;
    return named || !p->more ? NULL : add_controller(p);
}

static gboolean assign(const DomainDevice *device, gpointer opaque)
{
    DomainAddress *address = &xml_device_info(device)->address;
    guint from = device->type == DOMAIN_DEVICE_CONSOLE ? 0 : 1, port;
    const DomainController *controller;
    Ports *p = opaque;

    if (!is_on_serial(device) || is_placed(address)) {
        return TRUE;
    }
    controller = find_room(p, address, from, &port);
    if (!controller) {
        g_autofree char *label = xml_device_label(device);
        return rpc_error_set(p->errp, VIR_ERR_XML_ERROR,
                             "Unable to find a free virtio-serial port for %s", label);
    }
    address->type = DOMAIN_ADDRESS_VIRTIO_SERIAL;
    address->serial.controller = controller->index;
    address->serial.bus = 0;
    address->serial.port = port;
    g_hash_table_add(p->taken, place_key(controller->index, port));
    return TRUE;
}

gboolean command_assign_serial_ports(Domain *domain, gboolean more, GError **errp)
{
    g_autoptr(GHashTable) taken =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Ports p = { domain, taken, more, errp };

    return xml_domain_foreach_device(domain, ensure_controller, &p) &&
           xml_domain_foreach_device(domain, note, &p) &&
           xml_domain_foreach_device(domain, assign, &p);
}

JsonObject *command_serial_port(const CommandSteps *steps, const char *driver,
                                const DomainDeviceInfo *info)
{
    const DomainAddress *address = &info->address;
    const DomainController *controller =
        steps->domain ? find_controller(steps->domain, address->serial.controller) : NULL;
    g_autofree char *bus =
        controller && controller->info.alias
            ? g_strconcat(controller->info.alias, ".0", NULL)
            : g_strdup_printf("virtio-serial%u.0", address->serial.controller);
    g_autofree char *chardev = command_chardev_id(info);
    JsonObject *props = util_json_pair("driver", driver);

    json_object_set_string_member(props, "bus", bus);
    json_object_set_int_member(props, "nr", address->serial.port);
    json_object_set_string_member(props, "chardev", chardev);
    json_object_set_string_member(props, "id", info->alias);
    return props;
}
