/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Panic devices: pvpanic on the ISA bus, and on PCI. */
#include "command/kind.h"

#define ISA_BASE 0x505u /* the device's own default */

static gboolean is_pci(gconstpointer device)
{
    return ((const DomainPanic *)device)->model == DOMAIN_PANIC_PVPANIC;
}

static guint isa_base(const CommandMachine *machine, gconstpointer device)
{
    return is_pci(device) ? 0 : ISA_BASE;
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainPanic *panic = device;

    if (panic->model == DOMAIN_PANIC_DEFAULT) {
        panic->model = DOMAIN_PANIC_ISA;
    }
    if (is_pci(panic) && !command_has_pci(machine)) {
        return command_unsupported(errp, "domain/devices/panic model", "pvpanic",
                                   "the machine has no PCI");
    }
    return !is_pci(panic) || panic->info.address.type != DOMAIN_ADDRESS_ISA ||
           rpc_error_set(errp, VIR_ERR_XML_ERROR,
                         "attribute type='isa' of element <devices/panic/address>: a "
                         "panic device of model 'pvpanic' is on PCI");
}

static const char *driver_of(gconstpointer device)
{
    return is_pci(device) ? "pvpanic-pci" : NULL;
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainDeviceInfo *info = &((const DomainPanic *)device)->info;
    JsonObject *props = util_json_pair(
        "driver", is_pci(device) ? driver_of(device) : command_kind_panic.driver);

    if (info->address.type == DOMAIN_ADDRESS_ISA && info->address.isa.iobase) {
        json_object_set_int_member(props, "ioport", info->address.isa.iobase);
    }
    json_object_set_string_member(props, "id", info->alias);
    if (is_pci(device)) {
        command_pci_props(steps, &info->address, props);
    }
    command_step_device(steps, props);
    return TRUE;
}

const CommandKind command_kind_panic = {
    .alias = "panic",
    .driver = "pvpanic",
    .isa = TRUE,
    .isa_ports = 1,
    .isa_base = isa_base,
    .boot = -1,
    .whole = TRUE,
    .on_pci = is_pci,
    .integrated = is_pci,
    .driver_of = driver_of,
    .complete = complete,
    .steps = steps,
};
