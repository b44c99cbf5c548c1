/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial ports: a chardev and a 16550. */
#include "command/chardev.h"

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    const DomainSerial *serial = device;
    g_autofree char *port = g_strdup_printf("%u", serial->port);
    g_autofree char *reason =
        g_strdup_printf("the machine has %u serial ports", machine->serial_ports);

    return command_chardev_complete(&serial->chardev, "devices/serial", errp) &&
           (serial->port < machine->serial_ports ||
            command_unsupported(errp, "devices/serial/target port", port, reason));
}

static guint isa_base(const CommandMachine *machine, gconstpointer device)
{
    guint port = ((const DomainSerial *)device)->port;

    return port < machine->serial_ports ? machine->serial_bases[port] : G_MAXUINT;
}

static gboolean prepare_host(const CommandHost *host, const Domain *domain,
                             gpointer device, GArray *fds, GError **errp)
{
    return command_chardev_prepare(host, &((DomainSerial *)device)->chardev, fds, errp);
}

static void release_host(const CommandHost *host, gconstpointer device)
{
    command_chardev_release(&((const DomainSerial *)device)->chardev);
}

static const char *not_pluggable(gconstpointer device)
{
    return "Unsupported address type for character device";
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainSerial *serial = device;
    g_autofree char *id = command_chardev_id(&serial->info);
    JsonObject *props;

    if (!command_chardev_steps(steps, &serial->chardev, &serial->info, errp)) {
        return FALSE;
    }
    props = util_json_pair("driver", command_kind_serial.driver);
    json_object_set_string_member(props, "chardev", id);
    json_object_set_string_member(props, "id", serial->info.alias);
    json_object_set_int_member(props, "index", serial->port);
    command_step_device(steps, props);
    return TRUE;
}

const CommandKind command_kind_serial = {
    .alias = "serial",
    .driver = "isa-serial",
    .isa_ports = 8,
    .isa_base = isa_base,
    .boot = -1,
    .not_pluggable = not_pluggable,
    .complete = complete,
    .prepare_host = prepare_host,
    .release_host = release_host,
    .steps = steps,
};
