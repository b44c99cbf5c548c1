/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboards, mice and tablets: the machine's own (PS/2), and those on USB and of virtio;
 * and hubs of USB. */
#include "command/kind.h"

static gboolean is_ps2(gconstpointer device)
{
    return ((const DomainInput *)device)->bus == DOMAIN_INPUT_BUS_PS2;
}

static gboolean is_usb(gconstpointer device)
{
    return ((const DomainInput *)device)->bus == DOMAIN_INPUT_BUS_USB;
}

static gboolean is_virtio(gconstpointer device)
{
    return ((const DomainInput *)device)->bus == DOMAIN_INPUT_BUS_VIRTIO;
}

/* As libvirt: a tablet is on USB. */
static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainInput *input = device;

    if (input->bus == DOMAIN_INPUT_BUS_DEFAULT) {
        input->bus = input->type == DOMAIN_INPUT_TABLET ? DOMAIN_INPUT_BUS_USB
                                                        : DOMAIN_INPUT_BUS_PS2;
    }
    return !is_ps2(input) || input->type != DOMAIN_INPUT_TABLET ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "bus='ps2' of element <devices/input>: ps2 bus does not support "
                         "tablet input device");
}

static const char *driver_of(gconstpointer device)
{
    static const char *const drivers[] = {
        [DOMAIN_INPUT_MOUSE] = "usb-mouse",
        [DOMAIN_INPUT_TABLET] = "usb-tablet",
        [DOMAIN_INPUT_KEYBOARD] = "usb-kbd",
    };

    return is_usb(device) ? drivers[((const DomainInput *)device)->type] : NULL;
}

static const char *virtio_of(gconstpointer device)
{
    static const char *const drivers[] = {
        [DOMAIN_INPUT_MOUSE] = "virtio-mouse",
        [DOMAIN_INPUT_TABLET] = "virtio-tablet",
        [DOMAIN_INPUT_KEYBOARD] = "virtio-keyboard",
    };

    return drivers[((const DomainInput *)device)->type];
}

static const char *not_pluggable(gconstpointer device)
{
    return is_ps2(device) ? "input device on bus 'ps2' cannot be hot plugged." : NULL;
}

static const char *not_unpluggable(gconstpointer device)
{
    return is_ps2(device) ? "input device on bus 'ps2' cannot be detached" : NULL;
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainInput *input = device;

    if (is_usb(input)) {
        command_usb_device(steps, driver_of(input), &input->info);
    } else if (is_virtio(input)) {
        command_step_device(steps, command_virtio_device(steps, &command_kind_input,
                                                         input, &input->info));
    }
    return TRUE;
}

const CommandKind command_kind_input = {
    .alias = "input",
    .driver = "virtio-keyboard",
    .virtio = TRUE,
    .on_virtio = is_virtio,
    .on_usb = is_usb,
    .pluggable = TRUE,
    .boot = -1,
    .driver_of = driver_of,
    .virtio_of = virtio_of,
    .not_pluggable = not_pluggable,
    .not_unpluggable = not_unpluggable,
    .complete = complete,
    .built_in = is_ps2,
    .steps = steps,
};

/* ---- hubs ---- */

static gboolean always(gconstpointer device)
{
    return TRUE;
}

static gboolean hub_steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                          GError **errp)
{
    command_usb_device(steps, command_kind_hub.driver,
                       &((const DomainHub *)device)->info);
    return TRUE;
}

const CommandKind command_kind_hub = {
    .alias = "hub",
    .driver = "usb-hub",
    .first = TRUE,
    .on_usb = always,
    .whole = TRUE,
    .boot = -1,
    .steps = hub_steps,
};
