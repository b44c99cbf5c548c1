/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a message to its reply: envelope, negotiation, arguments, handler. */
#include "config.h"

#include <string.h>

#include "config/dialect.h"
#include "config/json.h"
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

JsonNode *qmp_return_object(JsonObject *object)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);

    json_node_take_object(node, object);
    return node;
}

JsonNode *qmp_return_array(JsonArray *array)
{
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);

    json_node_take_array(node, array);
    return node;
}

JsonNode *qmp_fail(GError **errp, QmpErrorClass klass, const char *format, ...)
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

JsonNode *qmp_error_reply(const GError *error, JsonNode *id)
{
    JsonObject *reply = json_object_new();
    JsonObject *object = json_object_new();

    if (id) {
        json_object_set_member(reply, "id", json_node_copy(id));
    }
    json_object_set_string_member(object, "class", error_class(error));
    json_object_set_string_member(object, "desc", error->message);
    json_object_set_object_member(reply, "error", object);
    return qmp_return_object(reply);
}

static gboolean bad_member(const char *name, const char *what, GError **errp)
{
    return error_set(errp, "QMP input member '%s' %s", name, what);
}

/* {"execute": NAME, "arguments": {...}, "id": ANY} and nothing else. */
static gboolean check_envelope(JsonObject *message, GError **errp)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *member;

    json_object_iter_init_ordered(&iter, message);
    while (json_object_iter_next_ordered(&iter, &name, &member)) {
        if (strcmp(name, "execute") == 0) {
            if (json_node_get_value_type(member) != G_TYPE_STRING) {
                return bad_member(name, "must be a string", errp);
            }
        } else if (strcmp(name, "arguments") == 0) {
            if (!JSON_NODE_HOLDS_OBJECT(member)) {
                return bad_member(name, "must be an object", errp);
            }
        } else if (strcmp(name, "id") != 0) {
            return bad_member(name, "is unexpected", errp);
        }
    }
    if (!json_object_has_member(message, "execute")) {
        return error_set(errp, "QMP input lacks member 'execute'");
    }
    return TRUE;
}

/* The arguments as configuration: what handlers and the layers below read. */
static ConfigNode *read_arguments(const QmpCommand *command, JsonObject *message,
                                  GError **errp)
{
    const QmpType *type = command->args ? command->args : &qmp_empty;
    JsonNode *args = json_object_get_member(message, "arguments");
    g_autoptr(JsonNode) none = NULL;

    if (!args) {
        none = qmp_return_object(json_object_new());
        args = none;
    }
    if (command->prepare) {
        command->prepare(json_node_get_object(args));
    }
    return qmp_type_check(type, args, errp) ? config_from_json(args, errp) : NULL;
}

static JsonNode *negotiate(JsonObject *message, gboolean *negotiated, GError **errp)
{
    const QmpCommand *command = qmp_command_find("qmp_capabilities");
    g_autoptr(ConfigNode) args = NULL;
    JsonNode *ret;
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

static JsonNode *run_command(JsonObject *message, gboolean *negotiated, GError **errp)
{
    const char *name = json_object_get_string_member(message, "execute");
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

JsonNode *qmp_dispatch(JsonNode *message, gboolean *negotiated)
{
    g_autoptr(GError) error = NULL;
    JsonObject *object, *reply;
    JsonNode *ret = NULL;
    JsonNode *id;

    if (!JSON_NODE_HOLDS_OBJECT(message)) {
        error_set(&error, "QMP input must be a JSON object");
        return qmp_error_reply(error, NULL);
    }
    object = json_node_get_object(message);
    id = json_object_get_member(object, "id");
    if (check_envelope(object, &error)) {
        ret = run_command(object, negotiated, &error);
    }
    if (error) {
        return qmp_error_reply(error, id);
    }
    reply = json_object_new();
    json_object_set_member(reply, "return",
                           ret ? ret : qmp_return_object(json_object_new()));
    if (id) {
        json_object_set_member(reply, "id", json_node_copy(id));
    }
    return qmp_return_object(reply);
}

JsonNode *qmp_event_message(const char *name, JsonObject *data)
{
    gint64 now = clock_now(CLOCK_TYPE_HOST);
    JsonObject *message = json_object_new();
    JsonObject *time = json_object_new();

    json_object_set_int_member(time, "seconds", now / 1000000000);
    json_object_set_int_member(time, "microseconds", now % 1000000000 / 1000);
    json_object_set_object_member(message, "timestamp", time);
    json_object_set_string_member(message, "event", name);
    if (data && (json_object_get_size(data) || dialect_get()->event_data_always)) {
        json_object_set_object_member(message, "data", json_object_ref(data));
    } else if (dialect_get()->event_data_always) {
        json_object_set_object_member(message, "data", json_object_new());
    }
    return qmp_return_object(message);
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
