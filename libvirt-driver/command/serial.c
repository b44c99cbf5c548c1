/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial ports: a chardev and a 16550. */
#include "command/kind.h"
#include "process/listen.h"

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    const DomainSerial *serial = device;
    g_autofree char *port = g_strdup_printf("%u", serial->port);
    g_autofree char *reason =
        g_strdup_printf("the machine has %u serial ports", machine->serial_ports);

    return serial->port < machine->serial_ports ||
           command_unsupported(errp, "devices/serial/target port", port, reason);
}

static guint isa_base(const CommandMachine *machine, gconstpointer device)
{
    guint port = ((const DomainSerial *)device)->port;

    return port < machine->serial_ports ? machine->serial_bases[port] : G_MAXUINT;
}

static gboolean prepare_host(const CommandHost *host, const Domain *domain,
                             gpointer device, GArray *fds, GError **errp)
{
    const DomainSerial *serial = device;
    int fd;

    if (serial->type != DOMAIN_CHARDEV_UNIX) {
        return TRUE;
    }
    fd = process_listen_unix(serial->path, errp);
    if (fd < 0) {
        return FALSE;
    }
    g_array_append_val(fds, fd);
    return TRUE;
}

static void release_host(const CommandHost *host, gconstpointer device)
{
    const DomainSerial *serial = device;

    if (serial->type == DOMAIN_CHARDEV_UNIX && serial->path) {
        process_remove_unix(serial->path);
    }
}

char *command_chardev_id(const DomainSerial *serial)
{
    return g_strconcat("char", serial->info.alias, NULL);
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainSerial *serial = device;
    g_autofree char *id = command_chardev_id(serial);
    JsonObject *props = util_json_pair("driver", command_kind_serial.driver);
    CommandStep *chardev = command_step(steps, "-chardev", NULL, NULL, NULL, NULL);

    json_object_set_string_member(props, "chardev", id);
    json_object_set_string_member(props, "id", serial->info.alias);
    json_object_set_int_member(props, "index", serial->port);
    command_step_device(steps, props);
    if (serial->type == DOMAIN_CHARDEV_PTY) {
        chardev->text = g_strdup_printf("pty,id=%s", id);
    } else {
        g_autofree char *fd = command_step_fd(steps, serial->info.alias, 0, errp);
        if (!fd) {
            return FALSE;
        }
        chardev->text = g_strdup_printf("socket,id=%s,fd=%s,server=on,wait=off", id, fd);
    }
    return TRUE;
}

const CommandKind command_kind_serial = {
    .alias = "serial",
    .driver = "isa-serial",
    .isa_ports = 8,
    .isa_base = isa_base,
    .boot = -1,
    .complete = complete,
    .prepare_host = prepare_host,
    .release_host = release_host,
    .steps = steps,
};
