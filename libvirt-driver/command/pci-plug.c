/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Controllers of PCI as devices see them: what can be plugged where, and the properties
 * that say a place. */
#include "command/kind.h"

const DomainController *command_pci_controller(const Domain *domain, guint number)
{
    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *controller = domain->controllers->pdata[i];

        if (controller->type == DOMAIN_CONTROLLER_PCI && controller->index == number) {
            return controller;
        }
    }
    return NULL;
}

gboolean command_pci_is_open(const DomainController *controller)
{
    return !controller || (DOMAIN_CONTROLLER_IS_PORT(controller->model) &&
                           controller->hotplug != DOMAIN_TRISTATE_NO);
}

static gboolean takes_plugs(const DomainController *controller)
{
    return command_pci_is_open(controller) ||
           controller->model == DOMAIN_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE ||
           controller->model == DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE;
}

gboolean command_check_plug(const Domain *domain, const DomainDevice *device,
                            GError **errp)
{
    const DomainAddress *address = &xml_device_info(device)->address;

    if (!command_has_pci(command_machine(domain->machine)) ||
        !command_is_on_pci(device) || !command_pci_is_placed(address)) {
        return TRUE;
    }
    if (address->pci.function) {
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                             "Only PCI device addresses with function=0 are supported");
    }
    return takes_plugs(command_pci_controller(domain, address->pci.bus)) ||
           rpc_error_set(errp, VIR_ERR_XML_ERROR,
                         "The device at PCI address %04x:%02x:%02x.%x requires hotplug "
                         "capability, but the PCI controller with index='%u' doesn't "
                         "support it",
                         address->pci.domain, address->pci.bus, address->pci.slot,
                         address->pci.function, address->pci.bus);
}

/* Whether the other device is not another function of the same slot. */
static gboolean is_elsewhere(const DomainDevice *other, gpointer opaque)
{
    const DomainAddress *theirs = &xml_device_info(other)->address, *ours = opaque;

    return !command_pci_is_placed(theirs) || theirs == ours ||
           theirs->pci.domain != ours->pci.domain || theirs->pci.bus != ours->pci.bus ||
           theirs->pci.slot != ours->pci.slot;
}

gboolean command_check_unplug(const Domain *domain, const DomainDevice *device,
                              GError **errp)
{
    DomainAddress *address = &xml_device_info(device)->address;

    return command_can_unplug(device, errp) &&
           (!command_pci_is_placed(address) ||
            xml_domain_foreach_device(domain, is_elsewhere, address) ||
            rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                          "cannot hot unplug multifunction PCI device: "
                          "%04x:%02x:%02x.%x",
                          address->pci.domain, address->pci.bus, address->pci.slot,
                          address->pci.function));
}

void command_pci_props(const CommandSteps *steps, const DomainAddress *address,
                       JsonObject *props)
{
    const DomainController *controller =
        steps->domain ? command_pci_controller(steps->domain, address->pci.bus) : NULL;
    g_autofree char *addr =
        address->pci.function
            ? g_strdup_printf("0x%x.0x%x", address->pci.slot, address->pci.function)
            : g_strdup_printf("0x%x", address->pci.slot);

    if (!controller) {
        return; /* what undoes it is wanted */
    }
    json_object_set_string_member(
        props, "bus", address->pci.bus ? controller->info.alias : COMMAND_PCI_ROOT);
    if (address->pci.multifunction != DOMAIN_TRISTATE_ABSENT) {
        json_object_set_boolean_member(props, "multifunction",
                                       address->pci.multifunction == DOMAIN_TRISTATE_YES);
    }
    json_object_set_string_member(props, "addr", addr);
}
