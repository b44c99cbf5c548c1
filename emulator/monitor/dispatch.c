/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a message to its reply: envelope, negotiation, arguments, handler. */
#include "config.h"

#include <string.h>

#include "config/dialect.h"
#include "device/device.h"
#include "event/clock.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

G_DEFINE_QUARK(vireo - qmp - error, qmp_error)

static const char *error_class(const GError *error)
{
    static const char *const names[] = {
        [QMP_ERROR_GENERIC] = "GenericError",
        [QMP_ERROR_COMMAND_NOT_FOUND] = "CommandNotFound",
        [QMP_ERROR_DEVICE_NOT_FOUND] = "DeviceNotFound",
        [QMP_ERROR_DEVICE_NOT_ACTIVE] = "DeviceNotActive",
        [QMP_ERROR_KVM_MISSING_CAP] = "KVMMissingCap",
    };

    if (g_error_matches(error, DEVICE_ERROR, DEVICE_ERROR_NOT_FOUND)) {
        return "DeviceNotFound";
    }
    return error->domain == QMP_ERROR ? names[error->code] : "GenericError";
}

ConfigNode *qmp_fail(GError **errp, QmpErrorClass klass, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(errp, QMP_ERROR, klass, text);
    return NULL;
}

const char *qmp_arg_string(ConfigNode *args, const char *name)
{
    ConfigNode *node = config_map_get(args, name);

    return node ? config_node_string(node) : NULL;
}

const QmpCommand *qmp_command_find(const char *name)
{
    for (guint t = 0; qmp_command_tables[t]; t++) {
        for (const QmpCommand *c = qmp_command_tables[t]; c->name; c++) {
            if (strcmp(c->name, name) == 0) {
                return c;
            }
        }
    }
    return NULL;
}

void qmp_command_foreach(void (*fn)(const QmpCommand *command, void *opaque),
                         void *opaque)
{
    for (guint t = 0; qmp_command_tables[t]; t++) {
        for (const QmpCommand *c = qmp_command_tables[t]; c->name; c++) {
            fn(c, opaque);
        }
    }
}

ConfigNode *qmp_error_reply(const GError *error, ConfigNode *id)
{
    ConfigNode *reply = config_map_new();
    ConfigNode *object = config_map_new();

    if (id) {
        config_map_set(reply, "id", config_node_ref(id));
    }
    config_map_set_string(object, "class", error_class(error));
    config_map_set_string(object, "desc", error->message);
    config_map_set(reply, "error", object);
    return reply;
}

static gboolean bad_member(const char *name, const char *what, GError **errp)
{
    return error_set(errp, "QMP input member '%s' %s", name, what);
}

/* {"execute": NAME, "arguments": {...}, "id": ANY} and nothing else. */
static gboolean check_envelope(const ConfigNode *message, GError **errp)
{
    for (guint i = 0; i < config_map_size(message); i++) {
        const char *name = config_map_key(message, i);
        ConfigType type = config_node_type(config_map_value(message, i));

        if (strcmp(name, "execute") == 0) {
            if (type != CONFIG_STRING) {
                return bad_member(name, "must be a string", errp);
            }
        } else if (strcmp(name, "arguments") == 0) {
            if (type != CONFIG_MAP) {
                return bad_member(name, "must be an object", errp);
            }
        } else if (strcmp(name, "id") != 0) {
            return bad_member(name, "is unexpected", errp);
        }
    }
    if (!config_map_has(message, "execute")) {
        return error_set(errp, "QMP input lacks member 'execute'");
    }
    return TRUE;
}

/* The arguments, checked: what handlers and the layers below read. New reference. */
static ConfigNode *read_arguments(const QmpCommand *command, const ConfigNode *message,
                                  GError **errp)
{
    const QmpType *type = command->args ? command->args : &qmp_empty;
    ConfigNode *given = config_map_peek(message, "arguments");
    g_autoptr(ConfigNode) args = given ? config_node_ref(given) : config_map_new();

    if (command->prepare) {
        command->prepare(args);
    }
    return qmp_type_check(type, args, errp) ? g_steal_pointer(&args) : NULL;
}

static ConfigNode *negotiate(ConfigNode *message, gboolean *negotiated, GError **errp)
{
    const QmpCommand *command = qmp_command_find("qmp_capabilities");
    g_autoptr(ConfigNode) args = NULL;
    ConfigNode *ret;
    g_autoptr(GError) error = NULL;

    args = read_arguments(command, message, errp);
    if (!args) {
        return NULL;
    }
    ret = command->run(args, &error);
    if (error) {
        g_propagate_error(errp, g_steal_pointer(&error));
        return NULL;
    }
    *negotiated = TRUE;
    return ret;
}

static ConfigNode *run_command(ConfigNode *message, gboolean *negotiated, GError **errp)
{
    const char *name = config_map_string(message, "execute");
    gboolean is_negotiation = strcmp(name, "qmp_capabilities") == 0;
    const QmpCommand *command;
    g_autoptr(ConfigNode) args = NULL;

    if (!*negotiated && !is_negotiation) {
        return qmp_fail(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                        "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    if (*negotiated && is_negotiation) {
        return qmp_fail(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                        "Capabilities negotiation is already complete, command ignored");
    }
    if (is_negotiation) {
        return negotiate(message, negotiated, errp);
    }
    command = qmp_command_find(name);
    if (!command) {
        return qmp_fail(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                        "The command %s has not been found", name);
    }
    args = read_arguments(command, message, errp);
    return args ? command->run(args, errp) : NULL;
}

ConfigNode *qmp_dispatch(ConfigNode *message, gboolean *negotiated)
{
    g_autoptr(GError) error = NULL;
    ConfigNode *ret = NULL;
    ConfigNode *id, *reply;

    if (config_node_type(message) != CONFIG_MAP) {
        error_set(&error, "QMP input must be a JSON object");
        return qmp_error_reply(error, NULL);
    }
    id = config_map_peek(message, "id");
    if (check_envelope(message, &error)) {
        ret = run_command(message, negotiated, &error);
    }
    if (error) {
        return qmp_error_reply(error, id);
    }
    reply = config_map_new();
    config_map_set(reply, "return", ret ? ret : config_map_new());
    if (id) {
        config_map_set(reply, "id", config_node_ref(id));
    }
    return reply;
}

ConfigNode *qmp_event_message(const char *name, ConfigNode *data)
{
    gint64 now = clock_now(CLOCK_TYPE_HOST);
    ConfigNode *message = config_map_new();
    ConfigNode *time = config_map_new();

    config_map_set_int(time, "seconds", now / 1000000000);
    config_map_set_int(time, "microseconds", now % 1000000000 / 1000);
    config_map_set(message, "timestamp", time);
    config_map_set_string(message, "event", name);
    if (data && (config_map_size(data) || dialect_get()->event_data_always)) {
        config_map_set(message, "data", config_node_ref(data));
    } else if (dialect_get()->event_data_always) {
        config_map_set(message, "data", config_map_new());
    }
    return message;
}

char *qmp_greeting(void)
{
    const Dialect *d = dialect_get();

    return g_strdup_printf(
        "{\"QMP\": {\"version\": {\"%s\": {\"micro\": %u, \"minor\": %u, "
        "\"major\": %u}, \"package\": \"%s\"}, \"capabilities\": []}}",
        d->greeting_key, d->version[2], d->version[1], d->version[0],
        d->greeting_package ? "vireo " PACKAGE_VERSION : "");
}
