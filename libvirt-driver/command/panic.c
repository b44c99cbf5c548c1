/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Panic devices: pvpanic on the ISA bus. */
#include "command/kind.h"

#define ISA_BASE 0x505u /* the device's own default */

static guint isa_base(const CommandMachine *machine, gconstpointer device)
{
    return ISA_BASE;
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    ((DomainPanic *)device)->model = DOMAIN_PANIC_ISA;
    return TRUE;
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainDeviceInfo *info = &((const DomainPanic *)device)->info;
    JsonObject *props = util_json_pair("driver", command_kind_panic.driver);

    if (info->address.type == DOMAIN_ADDRESS_ISA && info->address.isa.iobase) {
        json_object_set_int_member(props, "ioport", info->address.isa.iobase);
    }
    json_object_set_string_member(props, "id", info->alias);
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
    .complete = complete,
    .steps = steps,
};
