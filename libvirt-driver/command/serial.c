/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial ports: a chardev and a 16550. */
#include <fcntl.h>

#include "command/kind.h"
#include "process/listen.h"
#include "process/open.h"

static gboolean parse_service(const DomainSerial *serial, guint *port)
{
    guint64 number = 0;
    gboolean ok =
        g_ascii_string_to_unsigned(serial->service, 10, 1, G_MAXUINT16, &number, NULL);

    *port = (guint)number;
    return ok;
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    const DomainSerial *serial = device;
    g_autofree char *port = g_strdup_printf("%u", serial->port);
    g_autofree char *reason =
        g_strdup_printf("the machine has %u serial ports", machine->serial_ports);
    guint service;

    if (serial->type == DOMAIN_CHARDEV_TCP && !parse_service(serial, &service)) {
        return command_unsupported(errp, "devices/serial/source service", serial->service,
                                   "it is no number of a port");
    }
    return serial->port < machine->serial_ports ||
           command_unsupported(errp, "devices/serial/target port", port, reason);
}

static guint isa_base(const CommandMachine *machine, gconstpointer device)
{
    guint port = ((const DomainSerial *)device)->port;

    return port < machine->serial_ports ? machine->serial_bases[port] : G_MAXUINT;
}

static gboolean is_server(const DomainSerial *serial)
{
    return serial->mode == DOMAIN_CHARDEV_MODE_BIND;
}

static int open_tcp(const DomainSerial *serial, GError **errp)
{
    guint port = 0;

    parse_service(serial, &port);
    return is_server(serial)
               ? process_listen_tcp(serial->host, port, port, &port, errp)
               : process_connect_tcp(serial->host, port, PROCESS_OPEN_TIMEOUT_MS, errp);
}

static int open_unix(const DomainSerial *serial, GError **errp)
{
    return is_server(serial)
               ? process_listen_unix(serial->path, errp)
               : process_connect_unix(serial->path, PROCESS_OPEN_TIMEOUT_MS, errp);
}

static gboolean prepare_host(const CommandHost *host, const Domain *domain,
                             gpointer device, GArray *fds, GError **errp)
{
    const DomainSerial *serial = device;
    int fd;

    if (serial->type != DOMAIN_CHARDEV_UNIX && serial->type != DOMAIN_CHARDEV_TCP) {
        return TRUE;
    }
    fd = serial->type == DOMAIN_CHARDEV_UNIX ? open_unix(serial, errp)
                                             : open_tcp(serial, errp);
    if (fd < 0) {
        return FALSE;
    }
    g_array_append_val(fds, fd);
    return TRUE;
}

static void release_host(const CommandHost *host, gconstpointer device)
{
    const DomainSerial *serial = device;

    if (serial->type == DOMAIN_CHARDEV_UNIX && is_server(serial) && serial->path) {
        process_remove_unix(serial->path);
    }
}

char *command_chardev_id(const DomainSerial *serial)
{
    return g_strconcat("char", serial->info.alias, NULL);
}

/* The file is emptied when it is opened for the emulator, which appends in any case. */
static char *file_text(CommandSteps *steps, const DomainSerial *serial, const char *id)
{
    gboolean append = serial->append == DOMAIN_TRISTATE_YES;
    g_autofree char *path =
        command_step_file(steps, &(CommandFile){ .path = serial->path,
                                                 .flags = O_WRONLY | O_CREAT | O_APPEND |
                                                          (append ? 0 : O_TRUNC) });

    return g_strdup_printf("file,id=%s,path=%s,append=on", id, path);
}

/* The option's text; NULL with an error. */
static char *chardev_text(CommandSteps *steps, const DomainSerial *serial, const char *id,
                          GError **errp)
{
    g_autofree char *fd = NULL;

    switch (serial->type) {
    case DOMAIN_CHARDEV_PTY:
        return g_strdup_printf("pty,id=%s", id);
    case DOMAIN_CHARDEV_NULL:
        return g_strdup_printf("null,id=%s", id);
    case DOMAIN_CHARDEV_FILE:
        return file_text(steps, serial, id);
    case DOMAIN_CHARDEV_UNIX:
    case DOMAIN_CHARDEV_TCP:
        break;
    }
    fd = command_step_fd(steps, serial->info.alias, 0, errp);
    return fd ? g_strdup_printf("socket,id=%s,fd=%s%s", id, fd,
                                is_server(serial) ? ",server=on,wait=off" : "")
              : NULL;
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainSerial *serial = device;
    g_autofree char *id = command_chardev_id(serial);
    char *text = chardev_text(steps, serial, id, errp);
    JsonObject *props;

    if (!text) {
        return FALSE;
    }
    command_step_text(steps, "-chardev", text);
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
    .complete = complete,
    .prepare_host = prepare_host,
    .release_host = release_host,
    .steps = steps,
};
