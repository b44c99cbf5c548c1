/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types are QAPI's ChardevBackend and SocketAddressLegacy, of what is here. */
#include "config.h"

#include <string.h>

#include "monitor/chardev-args.h"

#define COMMON                                                                           \
    { "logfile", &qmp_str, TRUE },                                                       \
    {                                                                                    \
        "logappend", &qmp_bool, TRUE                                                     \
    }
/* A variant's members are one deeper, as QAPI has it. */
#define WRAPPED(name_, type_) QMP_OBJECT(name_, { "data", type_ })

QMP_OBJECT(inet_address, { "host", &qmp_str }, { "port", &qmp_str });
WRAPPED(inet_data, &inet_address);
QMP_OBJECT(unix_address, { "path", &qmp_str });
WRAPPED(unix_data, &unix_address);
QMP_OBJECT(fd_address, { "str", &qmp_str });
WRAPPED(fd_data, &fd_address);
QMP_ENUM(address_type, "inet", "unix", "fd");
static const QmpType address = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "type", &address_type, FALSE }, { NULL } },
    .tag = "type",
    .variants = (const QmpVariant[]){ { "inet", &inet_data },
                                      { "unix", &unix_data },
                                      { "fd", &fd_data },
                                      { NULL } },
};

QMP_OBJECT(common, COMMON);
WRAPPED(common_data, &common);
QMP_OBJECT(file, { "out", &qmp_str }, { "append", &qmp_bool, TRUE }, COMMON);
WRAPPED(file_data, &file);
QMP_OBJECT(hostdev, { "device", &qmp_str }, COMMON);
WRAPPED(hostdev_data, &hostdev);
QMP_OBJECT(pty, { "fd", &qmp_str, TRUE }, COMMON);
WRAPPED(pty_data, &pty);
QMP_OBJECT(mux, { "chardev", &qmp_str });
WRAPPED(mux_data, &mux);
QMP_OBJECT(ringbuf, { "size", &qmp_int, TRUE }, COMMON);
WRAPPED(ringbuf_data, &ringbuf);
QMP_OBJECT(stdio, { "signal", &qmp_bool, TRUE }, COMMON);
WRAPPED(stdio_data, &stdio);
QMP_OBJECT(socket, { "addr", &address }, { "server", &qmp_bool, TRUE },
           { "wait", &qmp_bool, TRUE }, { "nodelay", &qmp_bool, TRUE },
           { "telnet", &qmp_bool, TRUE }, { "tn3270", &qmp_bool, TRUE },
           { "websocket", &qmp_bool, TRUE }, { "reconnect", &qmp_int, TRUE }, COMMON);
WRAPPED(socket_data, &socket);

QMP_ENUM(backend_type, "file", "mux", "null", "pipe", "pty", "ringbuf", "socket",
         "stdio");
static const QmpType backend = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "type", &backend_type, FALSE }, { NULL } },
    .tag = "type",
    .variants = (const QmpVariant[]){ { "file", &file_data },
                                      { "mux", &mux_data },
                                      { "null", &common_data },
                                      { "pipe", &hostdev_data },
                                      { "pty", &pty_data },
                                      { "ringbuf", &ringbuf_data },
                                      { "socket", &socket_data },
                                      { "stdio", &stdio_data },
                                      { NULL } },
};

const QmpType chardev_add_args = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "id", &qmp_str, FALSE },
                                    { "backend", &backend, FALSE },
                                    { NULL } },
};

static const char *option_name(const char *member)
{
    static const char *const names[][2] = { { "out", "path" },
                                            { "device", "path" },
                                            { "str", "fd" } };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i][0], member) == 0) {
            return names[i][1];
        }
    }
    return member;
}

static void add_members(ConfigNode *node, const ConfigNode *data)
{
    for (guint i = 0; i < config_map_size(data); i++) {
        const char *key = config_map_key(data, i);
        ConfigNode *value = config_map_value(data, i);

        if (strcmp(key, "addr") == 0) {
            add_members(node, config_map_peek(value, "data"));
        } else {
            config_map_set(node, option_name(key), config_node_ref(value));
        }
    }
}

ConfigNode *chardev_args_node(ConfigNode *args)
{
    ConfigNode *what = config_map_get(args, "backend"), *node = config_map_new();
    const char *type = config_map_string(what, "type");

    config_map_set_string(node, "backend", type);
    config_map_set_string(node, "id", config_map_string(args, "id"));
    if (strcmp(type, "socket") == 0) {
        config_map_set_bool(node, "server", TRUE); /* QMP's default */
    }
    add_members(node, config_map_peek(what, "data"));
    return node;
}
