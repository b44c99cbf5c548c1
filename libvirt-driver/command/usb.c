/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of USB, given as libvirt's QEMU driver gives them: the first that is free on a
 * controller, or else behind one of its hubs. Hubs come first. A definition that has more
 * devices than ports gets hubs. A port is written as the numbers of those on the way to
 * it: "2.1" is the first one of the hub on port 2.
 */
#include <string.h>

#include "command/kind.h"

#define CONTROLLER_PORTS 4u /* that are not said */
#define HUB_PORTS        8u
#define HUB_DEPTH        5u /* hubs behind each other */

typedef struct Usb {
    Domain *domain;
    GHashTable *taken; /* "BUS:PORT" of devices; the value tells whether it is a hub */
    GError **errp;
} Usb;

gboolean command_is_on_usb(const DomainDevice *device)
{
    const CommandKind *kind = command_kind(device->type);

    return kind && kind->on_usb && kind->on_usb(device->any);
}

static const DomainController *find_controller(const Domain *domain, guint bus)
{
    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *controller = domain->controllers->pdata[i];

        if (controller->type == DOMAIN_CONTROLLER_USB && controller->index == bus &&
            controller->model != DOMAIN_CONTROLLER_MODEL_NONE) {
            return controller;
        }
    }
    return NULL;
}

static guint count_ports(const DomainController *controller)
{
    return controller->ports == DOMAIN_NUMBER_NONE ? CONTROLLER_PORTS : controller->ports;
}

static char *key_of(guint bus, const char *port)
{
    return g_strdup_printf("%u:%s", bus, port);
}

static gboolean is_hub(const Usb *usb, guint bus, const char *port)
{
    g_autofree char *key = key_of(bus, port);

    return GPOINTER_TO_INT(g_hash_table_lookup(usb->taken, key)) == DOMAIN_DEVICE_HUB + 1;
}

/* ---- ports that devices have ---- */

/* Whether a controller, or a hub, has this port. */
static gboolean exists(const Usb *usb, const DomainController *controller,
                       const char *port)
{
    g_auto(GStrv) numbers = g_strsplit(port, ".", -1);
    g_autoptr(GString) above = g_string_new(NULL);

    if (g_strv_length(numbers) > HUB_DEPTH + 1) {
        return FALSE;
    }
    for (guint i = 0; numbers[i]; i++) {
        guint64 number;

        if ((i && !is_hub(usb, controller->index, above->str)) ||
            !g_ascii_string_to_unsigned(numbers[i], 10, 1,
                                        i ? HUB_PORTS : count_ports(controller), &number,
                                        NULL)) {
            return FALSE;
        }
        g_string_append_printf(above, "%s%s", i ? "." : "", numbers[i]);
    }
    return TRUE;
}

static gboolean wrong(const Usb *usb, const DomainDevice *device, const char *reason)
{
    const DomainAddress *address = &xml_device_info(device)->address;
    g_autofree char *label = xml_device_label(device);

    return rpc_error_set(usb->errp, VIR_ERR_XML_ERROR,
                         "USB address bus=%u port=%s of %s: %s", address->usb.bus,
                         address->usb_port ? address->usb_port : "", label, reason);
}

static void take(const Usb *usb, const DomainDevice *device)
{
    const DomainAddress *address = &xml_device_info(device)->address;

    g_hash_table_insert(usb->taken, key_of(address->usb.bus, address->usb_port),
                        GINT_TO_POINTER((int)device->type + 1));
}

static gboolean note(const Usb *usb, const DomainDevice *device)
{
    const DomainAddress *address = &xml_device_info(device)->address;
    const DomainController *controller;
    g_autofree char *key = NULL;

    if (address->type != DOMAIN_ADDRESS_USB) {
        return TRUE;
    }
    controller = find_controller(usb->domain, address->usb.bus);
    if (!controller) {
        return wrong(usb, device, "there is no such bus");
    }
    if (!address->usb_port) {
        return TRUE;
    }
    if (!exists(usb, controller, address->usb_port)) {
        return wrong(usb, device, "there is no such port");
    }
    key = key_of(address->usb.bus, address->usb_port);
    if (g_hash_table_contains(usb->taken, key)) {
        return wrong(usb, device, "it is in use already");
    }
    take(usb, device);
    return TRUE;
}

/* ---- ports for those that have none ---- */

/* The first free port on a hub ("": the controller), or behind it; NULL: none. */
static char *find_port(const Usb *usb, const DomainController *controller,
                       const char *hub, guint depth)
{
    guint count = *hub ? HUB_PORTS : count_ports(controller);

    for (guint pass = 0; pass < 2; pass++) {
        for (guint number = 1; number <= count; number++) {
            g_autofree char *port =
                g_strdup_printf("%s%s%u", hub, *hub ? "." : "", number);
            g_autofree char *key = key_of(controller->index, port);
            char *found;

            if (!pass && !g_hash_table_contains(usb->taken, key)) {
                return g_steal_pointer(&port);
            }
            found = pass && depth < HUB_DEPTH && is_hub(usb, controller->index, port)
                        ? find_port(usb, controller, port, depth + 1)
                        : NULL;
            if (found) {
                return found;
            }
        }
    }
    return NULL;
}

/* On the bus that it says, if it does. */
static gboolean place(const Usb *usb, const DomainDevice *device)
{
    DomainAddress *address = &xml_device_info(device)->address;
    gboolean given = address->type == DOMAIN_ADDRESS_USB;

    for (guint i = 0; i < usb->domain->controllers->len; i++) {
        const DomainController *controller = usb->domain->controllers->pdata[i];
        char *port = NULL;

        if (find_controller(usb->domain, controller->index) == controller &&
            (!given || address->usb.bus == controller->index)) {
            port = find_port(usb, controller, "", 0);
        }
        if (port) {
            address->type = DOMAIN_ADDRESS_USB;
            address->usb.bus = controller->index;
            address->usb_port = port;
            take(usb, device);
            return TRUE;
        }
    }
    return rpc_error_set(usb->errp, VIR_ERR_INTERNAL_ERROR, "No free USB ports");
}

/* Calls @func for each device on USB, hubs first. */
typedef gboolean (*UsbFunc)(const Usb *usb, const DomainDevice *device);

static gboolean foreach_usb(const Usb *usb, UsbFunc func)
{
    for (guint i = 0; i <= DOMAIN_DEVICE_COUNT; i++) {
        DomainDeviceType type = i ? (DomainDeviceType)(i - 1) : DOMAIN_DEVICE_HUB;
        GPtrArray *array = xml_domain_devices(usb->domain, type);

        for (guint n = 0; n < array->len && (!i || type != DOMAIN_DEVICE_HUB); n++) {
            DomainDevice device = { .type = type, .any = array->pdata[n] };

            if (command_is_on_usb(&device) && !func(usb, &device)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

static gboolean place_one(const Usb *usb, const DomainDevice *device)
{
    return xml_device_info(device)->address.usb_port || place(usb, device);
}

/* ---- hubs ---- */

static guint count_all_ports(const Domain *domain)
{
    guint count = domain->hubs->len * HUB_PORTS;

    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *controller = domain->controllers->pdata[i];

        if (find_controller(domain, controller->index) == controller) {
            count += count_ports(controller);
        }
    }
    return count;
}

static gboolean count_one(const DomainDevice *device, gpointer count)
{
    *(guint *)count += command_is_on_usb(device);
    return TRUE;
}

/* Each takes one port and brings eight. */
static void add_hubs(Domain *domain)
{
    guint wanted = 0, ports = count_all_ports(domain);

    xml_domain_foreach_device(domain, count_one, &wanted);
    for (; ports && wanted > ports; wanted++, ports += HUB_PORTS) {
        xml_domain_add_new(domain, DOMAIN_DEVICE_HUB);
    }
}

static gboolean has_none(const DomainDevice *device, gpointer unused)
{
    return !command_is_on_usb(device);
}

gboolean command_assign_usb(Domain *domain, gboolean more, GError **errp)
{
    g_autoptr(GHashTable) taken =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Usb usb = { domain, taken, errp };

    if (xml_domain_foreach_device(domain, has_none, NULL)) {
        return TRUE;
    }
    if (!count_all_ports(domain)) {
        return rpc_error_set(errp, VIR_ERR_XML_ERROR,
                             "USB is disabled for this domain, but USB devices are "
                             "present in the domain XML");
    }
    if (more) {
        add_hubs(domain);
    }
    return foreach_usb(&usb, note) && foreach_usb(&usb, place_one);
}

void command_usb_device(CommandSteps *steps, const char *driver,
                        const DomainDeviceInfo *info)
{
    const DomainController *controller =
        steps->domain ? find_controller(steps->domain, info->address.usb.bus) : NULL;
    JsonObject *props = util_json_pair("driver", driver);

    json_object_set_string_member(props, "id", info->alias);
    if (controller) { /* else what undoes it is wanted */
        g_autofree char *bus = g_strconcat(controller->info.alias, ".0", NULL);

        json_object_set_string_member(props, "bus", bus);
        json_object_set_string_member(props, "port", info->address.usb_port);
    }
    command_step_device(steps, props);
}
