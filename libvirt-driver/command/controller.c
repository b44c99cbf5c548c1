/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Controllers: PCI Express' root bus and a SATA controller, which the machine has, ports
 * and bridges, more of SATA, virtio-serial, and USB. */
#include "command/kind.h"

static gboolean is_numbered(const Domain *domain, DomainControllerType type, guint index)
{
    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *other = domain->controllers->pdata[i];

        if (other->type == type && other->index == index) {
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * PCI's number 0 is the root bus, wherever it stands. A bridge that is no root port needs
 * one before it, which is added when there is none.
 */
static guint free_number(const Domain *domain, const DomainController *device)
{
    guint index = !DOMAIN_CONTROLLER_IS_BRIDGE(device->model)               ? 0
                  : device->model == DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT ? 1
                                                                            : 2;

    while (is_numbered(domain, device->type, index)) {
        index++;
    }
    return index;
}

gboolean command_number_controllers(Domain *domain, GError **errp)
{
    GPtrArray *all = domain->controllers;

    for (guint i = 0; i < all->len; i++) {
        DomainController *device = all->pdata[i];

        if (device->index == DOMAIN_NUMBER_NONE) {
            device->index = free_number(domain, device);
        }
    }
    command_add_sata(domain);
    xml_domain_sort_devices(domain, DOMAIN_DEVICE_CONTROLLER);
    for (guint i = 1; i < all->len; i++) {
        const DomainController *device = all->pdata[i], *before = all->pdata[i - 1];

        if (device->type == before->type && device->index == before->index) {
            return rpc_error_set(errp, VIR_ERR_XML_ERROR,
                                 "Multiple '%s' controllers with index '%u'",
                                 xml_controller_type_names[device->type], device->index);
        }
    }
    return TRUE;
}

static const char *const bridge_drivers[] = {
    [DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT] = "pcie-root-port",
    [DOMAIN_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE] = "pcie-pci-bridge",
    [DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE] = "pci-bridge",
    [DOMAIN_CONTROLLER_MODEL_PCIE_UPSTREAM_PORT] = "x3130-upstream",
    [DOMAIN_CONTROLLER_MODEL_PCIE_DOWNSTREAM_PORT] = "xio3130-downstream",
};

static gboolean is_bridge(const DomainController *device)
{
    return DOMAIN_CONTROLLER_IS_BRIDGE(device->model);
}

/* One of USB that is there. */
static gboolean is_usb(const DomainController *device)
{
    return device->type == DOMAIN_CONTROLLER_USB &&
           device->model != DOMAIN_CONTROLLER_MODEL_NONE;
}

static gboolean complete_usb(const CommandMachine *machine, const Domain *domain,
                             DomainController *device, GError **errp)
{
    if (!is_usb(device)) {
        return TRUE;
    }
    if (!command_has_pci(machine)) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "element <devices/controller type='usb'> is not supported "
                             "by machine '%s'",
                             machine->name);
    }
    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *other = domain->controllers->pdata[i];

        if (other->type == DOMAIN_CONTROLLER_USB && !is_usb(other)) {
            return rpc_error_set(errp, VIR_ERR_XML_ERROR,
                                 "Can't add another USB controller: USB is disabled for "
                                 "this domain");
        }
    }
    device->model = DOMAIN_CONTROLLER_MODEL_QEMU_XHCI;
    return TRUE;
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer any, GError **errp)
{
    DomainController *device = any;

    if (device->type == DOMAIN_CONTROLLER_PCI && !command_has_pci(machine)) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "element <devices/controller type='pci'> is not supported "
                             "by machine '%s'",
                             machine->name);
    }
    if (device->type == DOMAIN_CONTROLLER_SATA) {
        return command_complete_sata(machine, device, errp);
    }
    if (device->type == DOMAIN_CONTROLLER_USB) {
        return complete_usb(machine, domain, device, errp);
    }
    if (device->type == DOMAIN_CONTROLLER_VIRTIO_SERIAL &&
        device->vectors != DOMAIN_NUMBER_NONE && !command_has_pci(machine)) {
        g_autofree char *vectors = g_strdup_printf("%u", device->vectors);
        return command_unsupported(errp, "devices/controller vectors", vectors,
                                   "there are none without PCI");
    }
    if (is_bridge(device) && device->index == 0) {
        return rpc_error_set(errp, VIR_ERR_XML_ERROR,
                             "index='0' of element <devices/controller> is the root "
                             "bus, and not a port");
    }
    if (is_bridge(device)) {
        device->name = DOMAIN_PORT_GENERIC +
                       (device->model - DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT);
    }
    return TRUE;
}

static gboolean is_base(gconstpointer device)
{
    return is_bridge(device);
}

static gboolean is_serial(gconstpointer device)
{
    return ((const DomainController *)device)->type == DOMAIN_CONTROLLER_VIRTIO_SERIAL;
}

static gboolean built_in(gconstpointer device)
{
    return !is_bridge(device) && !command_is_more_sata(device) && !is_serial(device) &&
           !is_usb(device);
}

gboolean command_is_more_sata(const DomainController *device)
{
    return device->type == DOMAIN_CONTROLLER_SATA && device->index != 0;
}

static gboolean is_integrated(gconstpointer device)
{
    return command_is_more_sata(device);
}

static gboolean on_pci(gconstpointer device)
{
    return command_is_more_sata(device) || is_usb(device);
}

static const char *driver_of(gconstpointer any)
{
    const DomainController *device = any;

    if (is_bridge(device)) {
        return bridge_drivers[device->model];
    }
    if (is_usb(device)) {
        return "qemu-xhci";
    }
    return command_is_more_sata(device) ? "ich9-ahci" : NULL;
}

static char *own_alias(gconstpointer any)
{
    static const char *const names[] = {
        [DOMAIN_CONTROLLER_USB] = "usb",
        [DOMAIN_CONTROLLER_SATA] = "sata",
        [DOMAIN_CONTROLLER_VIRTIO_SERIAL] = "virtio-serial",
    };
    const DomainController *device = any;

    if (device->model == DOMAIN_CONTROLLER_MODEL_PCIE_ROOT) {
        return g_strdup(COMMAND_PCI_ROOT);
    }
    if (device->type == DOMAIN_CONTROLLER_USB && device->index == 0) {
        return g_strdup("usb");
    }
    if (device->type == DOMAIN_CONTROLLER_SATA && device->index == 0) {
        return g_strdup("ide");
    }
    return device->type == DOMAIN_CONTROLLER_PCI
               ? g_strdup_printf("pci.%u", device->index)
               : g_strdup_printf("%s%u", names[device->type], device->index);
}

#define NOT_PLUGGED(type, done) "'" type "' controller cannot be hot " done "."

static const char *not_pluggable(gconstpointer device)
{
    static const char *const words[] = {
        [DOMAIN_CONTROLLER_USB] = NOT_PLUGGED("usb", "plugged"),
        [DOMAIN_CONTROLLER_SATA] = NOT_PLUGGED("sata", "plugged"),
        [DOMAIN_CONTROLLER_PCI] = NOT_PLUGGED("pci", "plugged"),
        [DOMAIN_CONTROLLER_VIRTIO_SERIAL] = NOT_PLUGGED("virtio-serial", "plugged"),
    };

    return words[((const DomainController *)device)->type];
}

static const char *not_unpluggable(gconstpointer device)
{
    static const char *const words[] = {
        [DOMAIN_CONTROLLER_USB] = NOT_PLUGGED("usb", "unplugged"),
        [DOMAIN_CONTROLLER_SATA] = NOT_PLUGGED("sata", "unplugged"),
        [DOMAIN_CONTROLLER_PCI] = NOT_PLUGGED("pci", "unplugged"),
        [DOMAIN_CONTROLLER_VIRTIO_SERIAL] = NOT_PLUGGED("virtio-serial", "unplugged"),
    };

    return words[((const DomainController *)device)->type];
}

static gboolean check_new(const Domain *domain, gconstpointer device, GError **errp)
{
    const DomainController *controller = device;

    return !is_numbered(domain, controller->type, controller->index) ||
           rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                         "controller index='%u' already exists", controller->index);
}

static void serial_steps(CommandSteps *steps, const DomainController *device)
{
    JsonObject *props =
        command_virtio_device(steps, &command_kind_controller, device, &device->info);

    if (device->ports != DOMAIN_NUMBER_NONE) {
        json_object_set_int_member(props, "max_ports", device->ports);
    }
    if (device->vectors != DOMAIN_NUMBER_NONE) {
        json_object_set_int_member(props, "vectors", device->vectors);
    }
    command_step_device(steps, props);
}

static gboolean steps(CommandSteps *steps, gconstpointer any, guint boot_index,
                      GError **errp)
{
    const DomainController *device = any;
    JsonObject *props;

    if (built_in(device)) {
        return TRUE;
    }
    if (is_serial(device)) {
        serial_steps(steps, device);
        return TRUE;
    }
    props = util_json_pair("driver", driver_of(device));
    if (DOMAIN_CONTROLLER_IS_PORT(device->model)) {
        json_object_set_int_member(props, "port", device->port);
        json_object_set_int_member(props, "chassis", device->chassis);
    } else if (device->model == DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE) {
        json_object_set_int_member(props, "chassis_nr", device->chassis_nr);
    } else if (is_usb(device) && device->ports != DOMAIN_NUMBER_NONE) {
        json_object_set_int_member(props, "p2", device->ports);
        json_object_set_int_member(props, "p3", device->ports);
    }
    json_object_set_string_member(props, "id", device->info.alias);
    if (device->hotplug != DOMAIN_TRISTATE_ABSENT) {
        json_object_set_boolean_member(props, "hotplug",
                                       device->hotplug == DOMAIN_TRISTATE_YES);
    }
    command_pci_props(steps, &device->info.address, props);
    command_step_device(steps, props);
    return TRUE;
}

const CommandKind command_kind_controller = {
    .alias = "pci.",
    .driver = "virtio-serial", /* others have their own */
    .first = TRUE,
    .base = is_base,
    .virtio = TRUE,
    .on_virtio = is_serial,
    .boot = -1,
    .on_pci = on_pci,
    .integrated = is_integrated,
    .not_pluggable = not_pluggable,
    .not_unpluggable = not_unpluggable,
    .check_new = check_new,
    .complete = complete,
    .built_in = built_in,
    .driver_of = driver_of,
    .own_alias = own_alias,
    .steps = steps,
};
