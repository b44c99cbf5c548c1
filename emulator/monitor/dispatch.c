/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a message to its reply: envelope, negotiation, arguments, handler. */
#include "config.h"

#include <string.h>

#include "accel/run-state.h"
#include "config/dialect.h"
#include "event/clock.h"
#include "migration/migration.h"
#include "monitor/qmp-command.h"
#include "monitor/qmp-kind.h"
#include "util/error.h"

G_DEFINE_QUARK(vireo - qmp - error, qmp_error)

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

const QmpType *qmp_command_args(const QmpCommand *command)
{
    return command->kind   ? qmp_kind_type(command->kind)
           : command->args ? command->args
                           : &qmp_empty;
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
static ConfigNode *read_arguments(const QmpCommand *command, ConfigNode *given,
                                  GError **errp)
{
    const QmpType *type = qmp_command_args(command);
    g_autoptr(ConfigNode) args = given ? config_node_ref(given) : config_map_new();

    if (command->prepare) {
        command->prepare(args);
    }
    return qmp_type_check(type, args, errp) ? g_steal_pointer(&args) : NULL;
}

/* The row of the message's command, if the client may use it now. */
static const QmpCommand *find_command(const ConfigNode *message, gboolean negotiated,
                                      GError **errp)
{
    const char *name = config_map_string(message, "execute");
    gboolean is_negotiation = strcmp(name, "qmp_capabilities") == 0;
    const QmpCommand *command = qmp_command_find(name);

    if (!negotiated && !is_negotiation) {
        qmp_fail(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                 "Expecting capabilities negotiation with 'qmp_capabilities'");
        return NULL;
    }
    if (negotiated && is_negotiation) {
        qmp_fail(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                 "Capabilities negotiation is already complete, command ignored");
        return NULL;
    }
    if (!command) {
        qmp_fail(errp, QMP_ERROR_COMMAND_NOT_FOUND, "The command %s has not been found",
                 name);
    }
    return command;
}

/*
 * Refuses what would change memory and devices whose state is on its way, or that it
 * overwrites when it has come.
 */
static gboolean check_vm_here(GError **errp)
{
    if (migration_switching_over()) {
        return error_set(errp, "Migration is not finalized yet");
    }
    return run_state_get() != RUN_STATE_INMIGRATE ||
           error_set(errp, "Guest is waiting for an incoming migration");
}

/* Begins it. FALSE: errp says why not, and reply is not done yet. */
static gboolean run(const QmpCommand *command, ConfigNode *args, gboolean *negotiated,
                    QmpReply *reply, GError **errp)
{
    g_autoptr(GError) error = NULL;
    ConfigNode *ret;

    if (command->to_guest && !check_vm_here(errp)) {
        return FALSE;
    }
    if (command->start) {
        command->start(args, reply);
        return TRUE;
    }
    ret = command->run(args, &error);
    if (error) {
        g_propagate_error(errp, g_steal_pointer(&error));
        return FALSE;
    }
    *negotiated = TRUE; /* others do not get here before */
    qmp_reply_done(reply, ret, NULL);
    return TRUE;
}

/* The same of the message's command. */
static gboolean begin(ConfigNode *message, gboolean *negotiated, QmpReply *reply,
                      GError **errp)
{
    g_autoptr(ConfigNode) args = NULL;
    const QmpCommand *command;

    if (!check_envelope(message, errp)) {
        return FALSE;
    }
    command = find_command(message, *negotiated, errp);
    args = command
               ? read_arguments(command, config_map_peek(message, "arguments"), errp)
               : NULL;
    return args && run(command, args, negotiated, reply, errp);
}

void qmp_run(const char *name, ConfigNode *args, QmpReply *reply)
{
    const QmpCommand *command = qmp_command_find(name);
    gboolean negotiated = TRUE;
    GError *error = NULL;

    g_assert(command);
    if ((!command->kind && !qmp_type_check(qmp_command_args(command), args, &error)) ||
        !run(command, args, &negotiated, reply, &error)) {
        qmp_reply_done(reply, NULL, error);
    }
}

void qmp_dispatch(ConfigNode *message, gboolean *negotiated, QmpReply *reply)
{
    GError *error = NULL;

    if (config_node_type(message) != CONFIG_MAP) {
        error_set(&error, "QMP input must be a JSON object");
        qmp_reply_done(reply, NULL, error);
        return;
    }
    qmp_reply_set_id(reply, config_map_peek(message, "id"));
    if (!begin(message, negotiated, reply, &error)) {
        qmp_reply_done(reply, NULL, error);
    }
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
