/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back ends of serial ports, consoles and channels. Files and sockets are the
 * daemon's to open, but for a socket that is connected again and again: then the emulator
 * keeps the right to connect. FIFOs and terminals it opens before it confines itself.
 */
#include "command/chardev.h"

#include <fcntl.h>

#include "process/listen.h"
#include "process/open.h"
#include "process/pty.h"

gboolean command_chardev_of(const DomainDevice *device, CommandChardev *of)
{
    switch (device->type) {
    case DOMAIN_DEVICE_SERIAL:
        of->chardev = &device->serial->chardev;
        break;
    case DOMAIN_DEVICE_CONSOLE:
        of->chardev = &device->console->chardev;
        break;
    case DOMAIN_DEVICE_CHANNEL:
        of->chardev = &device->channel->chardev;
        break;
    default:
        return FALSE;
    }
    of->info = xml_device_info(device);
    return TRUE;
}

char *command_chardev_id(const DomainDeviceInfo *info)
{
    return g_strconcat("char", info->alias, NULL);
}

static gboolean is_server(const DomainChardev *chardev)
{
    return chardev->mode == DOMAIN_CHARDEV_MODE_BIND;
}

/* One that the daemon opens. */
static gboolean is_opened_socket(const DomainChardev *chardev)
{
    return (chardev->type == DOMAIN_CHARDEV_UNIX ||
            chardev->type == DOMAIN_CHARDEV_TCP) &&
           !xml_chardev_reconnects(chardev);
}

static gboolean parse_service(const DomainChardev *chardev, guint *port)
{
    guint64 number = 0;
    gboolean ok =
        g_ascii_string_to_unsigned(chardev->service, 10, 1, G_MAXUINT16, &number, NULL);

    *port = (guint)number;
    return ok;
}

static gboolean check_reconnect(const DomainChardev *chardev, const char *element,
                                GError **errp)
{
    g_autofree char *enabled = g_strconcat(element, "/source/reconnect enabled", NULL);

    if (chardev->reconnect != DOMAIN_TRISTATE_YES) {
        return TRUE;
    }
    if (is_server(chardev)) {
        return command_unsupported(errp, enabled, "yes",
                                   "only who connects can connect again");
    }
    return chardev->reconnect_after ||
           rpc_error_set(errp, VIR_ERR_XML_ERROR,
                         "missing attribute 'timeout' in element <%s/source/reconnect>",
                         element);
}

gboolean command_chardev_complete(const DomainChardev *chardev, const char *element,
                                  GError **errp)
{
    guint port;

    if (chardev->type == DOMAIN_CHARDEV_TCP && !parse_service(chardev, &port)) {
        g_autofree char *service = g_strconcat(element, "/source service", NULL);
        return command_unsupported(errp, service, chardev->service,
                                   "it is no number of a port");
    }
    if (chardev->type == DOMAIN_CHARDEV_UNIX && !chardev->path && !is_server(chardev)) {
        return rpc_error_set(errp, VIR_ERR_XML_ERROR,
                             "missing source attribute 'path' in element <%s>", element);
    }
    return check_reconnect(chardev, element, errp);
}

static int open_tcp(const DomainChardev *chardev, GError **errp)
{
    guint port = 0;

    parse_service(chardev, &port);
    return is_server(chardev)
               ? process_listen_tcp(chardev->host, port, port, &port, errp)
               : process_connect_tcp(chardev->host, port, PROCESS_OPEN_TIMEOUT_MS, errp);
}

static int open_unix(const DomainChardev *chardev, GError **errp)
{
    return is_server(chardev)
               ? process_listen_unix(chardev->path, errp)
               : process_connect_unix(chardev->path, PROCESS_OPEN_TIMEOUT_MS, errp);
}

gboolean command_chardev_prepare(const CommandHost *host, const DomainChardev *chardev,
                                 GArray *fds, GError **errp)
{
    gboolean pty = chardev->type == DOMAIN_CHARDEV_PTY && host->plug;
    int fd;

    if (!pty && !is_opened_socket(chardev)) {
        return TRUE;
    }
    fd = pty                                    ? process_open_pty(errp)
         : chardev->type == DOMAIN_CHARDEV_UNIX ? open_unix(chardev, errp)
                                                : open_tcp(chardev, errp);
    if (fd < 0) {
        return FALSE;
    }
    g_array_append_val(fds, fd);
    return TRUE;
}

void command_chardev_release(const DomainChardev *chardev)
{
    if (chardev->type == DOMAIN_CHARDEV_UNIX && is_server(chardev) && chardev->path) {
        process_remove_unix(chardev->path);
    }
}

const char *command_chardev_not_pluggable(const DomainChardev *chardev)
{
    if (chardev->type == DOMAIN_CHARDEV_PIPE) {
        return "type='pipe': a FIFO cannot be opened while the domain runs";
    }
    if (chardev->type == DOMAIN_CHARDEV_STDIO) {
        return "type='stdio': the emulator's output is not there while the domain runs";
    }
    return xml_chardev_reconnects(chardev)
               ? "<source/reconnect enabled='yes'>: who runs already may not connect"
               : NULL;
}

/* ---- back ends ---- */

/* A back end as it comes together. */
typedef struct Backend {
    CommandSteps *steps;
    const DomainChardev *chardev;
    const DomainDeviceInfo *info;
    GString *text;    /* of the option */
    JsonObject *data; /* the same for chardev-add */
    const char *type;
} Backend;

/* The file is emptied when it is opened for the emulator, which appends in any case. */
static char *open_output(Backend *b, const char *path, DomainTristate append)
{
    int flags = append == DOMAIN_TRISTATE_YES ? 0 : O_TRUNC;

    return command_step_file(
        b->steps,
        &(CommandFile){ .path = path, .flags = O_WRONLY | O_CREAT | O_APPEND | flags });
}

static void add_pair(Backend *b, const char *option, const char *member,
                     const char *value)
{
    g_autofree char *escaped = command_escape_commas(value);

    g_string_append_printf(b->text, ",%s=%s", option, escaped);
    json_object_set_string_member(b->data, member, value);
}

static void add_file(Backend *b)
{
    g_autofree char *path = open_output(b, b->chardev->path, b->chardev->append);

    add_pair(b, "path", "out", path);
    g_string_append(b->text, ",append=on");
    json_object_set_boolean_member(b->data, "append", TRUE);
}

/* The emulator opens it: at its start alone, see command_chardev_not_pluggable(). */
static void add_address(Backend *b)
{
    if (b->chardev->type == DOMAIN_CHARDEV_UNIX) {
        add_pair(b, "path", "path", b->chardev->path);
    } else {
        add_pair(b, "host", "host", b->chardev->host);
        add_pair(b, "port", "port", b->chardev->service);
    }
    g_string_append_printf(b->text, ",reconnect-ms=%u",
                           b->chardev->reconnect_after * 1000);
}

static gboolean add_socket(Backend *b, GError **errp)
{
    gboolean server = is_server(b->chardev);
    g_autofree char *fd = NULL;
    JsonObject *address, *str;

    if (xml_chardev_reconnects(b->chardev)) {
        add_address(b);
        return TRUE;
    }
    fd = command_step_fd(b->steps, b->info->alias, 0, errp);
    if (!fd) {
        return FALSE;
    }
    g_string_append_printf(b->text, ",fd=%s%s", fd, server ? ",server=on,wait=off" : "");
    address = util_json_pair("type", "fd");
    str = util_json_pair("str", fd);
    json_object_set_object_member(address, "data", str);
    json_object_set_object_member(b->data, "addr", address);
    if (server) {
        json_object_set_boolean_member(b->data, "wait", FALSE);
    }
    json_object_set_boolean_member(b->data, "server", server);
    return TRUE;
}

/* In a plug; at its start the emulator makes one. */
static gboolean add_terminal(Backend *b, GError **errp)
{
    g_autofree char *fd = command_step_fd(b->steps, b->info->alias, 0, errp);

    if (fd) {
        json_object_set_string_member(b->data, "fd", fd);
    }
    return fd != NULL;
}

static gboolean add_type(Backend *b, GError **errp)
{
    static const char *const types[] = {
        [DOMAIN_CHARDEV_PTY] = "pty",     [DOMAIN_CHARDEV_UNIX] = "socket",
        [DOMAIN_CHARDEV_NULL] = "null",   [DOMAIN_CHARDEV_FILE] = "file",
        [DOMAIN_CHARDEV_TCP] = "socket",  [DOMAIN_CHARDEV_PIPE] = "pipe",
        [DOMAIN_CHARDEV_STDIO] = "stdio",
    };

    b->type = types[b->chardev->type];
    switch (b->chardev->type) {
    case DOMAIN_CHARDEV_PTY:
        return !b->steps->plug || add_terminal(b, errp);
    case DOMAIN_CHARDEV_FILE:
        add_file(b);
        return TRUE;
    case DOMAIN_CHARDEV_PIPE:
        add_pair(b, "path", "device", b->chardev->path);
        return TRUE;
    case DOMAIN_CHARDEV_UNIX:
    case DOMAIN_CHARDEV_TCP:
        return add_socket(b, errp);
    default:
        return TRUE;
    }
}

static void add_log(Backend *b)
{
    g_autofree char *path =
        b->chardev->log ? open_output(b, b->chardev->log, b->chardev->log_append) : NULL;

    if (path) {
        add_pair(b, "logfile", "logfile", path);
        g_string_append(b->text, ",logappend=on");
        json_object_set_boolean_member(b->data, "logappend", TRUE);
    }
}

/* Takes over the text. */
static void add_step(Backend *b, const char *id, char *text)
{
    JsonObject *arguments = util_json_pair("id", id);
    JsonObject *backend = util_json_pair("type", b->type);

    json_object_set_object_member(backend, "data", json_object_ref(b->data));
    json_object_set_object_member(arguments, "backend", backend);
    command_step(b->steps, "-chardev", "chardev-add", arguments, "chardev-remove",
                 util_json_pair("id", id))
        ->text = text;
}

gboolean command_chardev_steps(CommandSteps *steps, const DomainChardev *chardev,
                               const DomainDeviceInfo *info, GError **errp)
{
    g_autofree char *id = command_chardev_id(info);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(JsonObject) data = json_object_new();
    Backend b = { steps, chardev, info, text, data, NULL };

    if (!add_type(&b, errp)) {
        return FALSE;
    }
    add_log(&b);
    add_step(&b, id, g_strdup_printf("%s,id=%s%s", b.type, id, text->str));
    return TRUE;
}

void command_chardev_leftovers(CommandSteps *steps, const char *alias)
{
    g_autofree char *id = g_strconcat("char", alias, NULL);
    g_autofree char *fd = g_strconcat("fd-", alias, NULL);

    command_step(steps, NULL, NULL, NULL, "chardev-remove", util_json_pair("id", id));
    command_step(steps, NULL, NULL, NULL, "closefd", util_json_pair("fdname", fd));
}

static gboolean stays(const DomainDevice *device, gpointer unused)
{
    CommandChardev of;

    return !command_chardev_of(device, &of) || !xml_chardev_reconnects(of.chardev);
}

gboolean command_chardevs_reconnect(const Domain *domain)
{
    return !xml_domain_foreach_device(domain, stays, NULL);
}
