/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command from its begin to its reply, which may come later. */
#include "config.h"

#include "event/lock.h"
#include "event/loop.h"
#include "monitor/qmp-command.h"
#include "util/fdset.h"

struct QmpReply {
    QmpServer *server;
    QmpSend send; /* NULL: the client has gone */
    void *opaque;
    ConfigNode *id;
};

static const char *error_class(const GError *error)
{
    static const char *const names[] = {
        [QMP_ERROR_GENERIC] = "GenericError",
        [QMP_ERROR_COMMAND_NOT_FOUND] = "CommandNotFound",
        [QMP_ERROR_DEVICE_NOT_FOUND] = "DeviceNotFound",
        [QMP_ERROR_DEVICE_NOT_ACTIVE] = "DeviceNotActive",
        [QMP_ERROR_KVM_MISSING_CAP] = "KVMMissingCap",
    };

    return error->domain == QMP_ERROR ? names[error->code] : "GenericError";
}

QmpReply *qmp_reply_new(QmpServer *server, QmpSend send, void *opaque)
{
    QmpReply *reply = g_new0(QmpReply, 1);

    reply->server = server;
    reply->send = send;
    reply->opaque = opaque;
    return reply;
}

void qmp_reply_set_id(QmpReply *reply, ConfigNode *id)
{
    g_assert(!reply->id);
    reply->id = id ? config_node_ref(id) : NULL;
}

QmpServer *qmp_reply_server(const QmpReply *reply)
{
    return reply->server;
}

void qmp_reply_forget(QmpReply *reply)
{
    reply->server = NULL;
    reply->send = NULL;
}

static ConfigNode *error_message(const GError *error)
{
    g_autofree char *desc = fdset_explain(error->message);
    ConfigNode *object = config_map_new();

    config_map_set_string(object, "class", error_class(error));
    config_map_set_string(object, "desc", desc);
    return object;
}

/* The members in QEMU's order. */
static ConfigNode *reply_message(QmpReply *reply, ConfigNode *ret, const GError *error)
{
    ConfigNode *message = config_map_new();

    if (!error) {
        config_map_set(message, "return", ret ? ret : config_map_new());
    }
    if (reply->id) {
        config_map_set(message, "id", config_node_ref(reply->id));
    }
    if (error) {
        config_map_set(message, "error", error_message(error));
    }
    return message;
}

void qmp_reply_done(QmpReply *reply, ConfigNode *ret, GError *error)
{
    g_assert(machine_lock_held() && event_loop_current() == event_loop_main());
    g_assert(!ret || !error);
    if (reply->send) {
        reply->send(reply->opaque, reply_message(reply, ret, error));
    } else {
        config_node_unref(ret);
    }
    g_clear_error(&error);
    config_node_unref(reply->id);
    g_free(reply);
}
