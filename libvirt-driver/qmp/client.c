/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a call works: the worker that has the turn ("busy") writes the command itself,
 * then waits on the condition; the context's thread reads, and hands it the message
 * with its ID. The lock is held neither while writing nor in a callback.
 */
#include "qmp/client.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmp/frame.h"
#include "util/json.h"

#define READ_CHUNK 65536
#define ASK_US     G_USEC_PER_SEC /* to send a question: who owes no answer has room */

G_DEFINE_QUARK(qmp - error - quark, qmp_error)

struct QmpClient {
    gatomicrefcount refs;
    int fd;
    GMainContext *context;
    GSource *source;
    const QmpClientOps *ops;
    gpointer opaque;
    GDestroyNotify destroy;
    GByteArray *input; /* the context's thread only */

    GMutex lock;
    GCond cond;
    gboolean closed, busy;
    gboolean silent; /* a command has timed out, and nothing has been answered since */
    char *reason;    /* why it was closed, when not by end of file */
    guint64 serial;
    char *id;          /* of the command in progress */
    JsonObject *reply; /* to it */
    JsonObject *greeting;
    char *version, *package;
};

static const struct {
    const char *name;
    QmpErrorCode code;
} error_classes[] = {
    { "CommandNotFound", QMP_ERROR_COMMAND_NOT_FOUND },
    { "DeviceNotActive", QMP_ERROR_DEVICE_NOT_ACTIVE },
    { "DeviceNotFound", QMP_ERROR_DEVICE_NOT_FOUND },
    { "KVMMissingCap", QMP_ERROR_KVM_MISSING_CAP },
    { "MigrationExpected", QMP_ERROR_MIGRATION_EXPECTED },
};

QmpClient *qmp_client_ref(QmpClient *client)
{
    g_atomic_ref_count_inc(&client->refs);
    return client;
}

void qmp_client_unref(QmpClient *client)
{
    if (!g_atomic_ref_count_dec(&client->refs)) {
        return;
    }
    close(client->fd);
    g_main_context_unref(client->context);
    g_source_unref(client->source);
    g_byte_array_unref(client->input);
    g_clear_pointer(&client->reply, json_object_unref);
    g_clear_pointer(&client->greeting, json_object_unref);
    g_free(client->id);
    g_free(client->reason);
    g_free(client->version);
    g_free(client->package);
    g_mutex_clear(&client->lock);
    g_cond_clear(&client->cond);
    g_free(client);
}

/* Marks it closed and wakes whoever waits. */
static void mark_closed(QmpClient *client, const char *reason)
{
    g_mutex_lock(&client->lock);
    if (!client->closed) {
        client->closed = TRUE;
        client->reason = g_strdup(reason);
    }
    g_cond_broadcast(&client->cond);
    g_mutex_unlock(&client->lock);
}

void qmp_client_close(QmpClient *client)
{
    mark_closed(client, "the monitor was closed");
    /* The context's thread sees the end of file, and finishes. */
    shutdown(client->fd, SHUT_RDWR);
}

static gboolean get_flag(QmpClient *client, const gboolean *flag)
{
    gboolean value;

    g_mutex_lock(&client->lock);
    value = *flag;
    g_mutex_unlock(&client->lock);
    return value;
}

gboolean qmp_client_is_closed(QmpClient *client)
{
    return get_flag(client, &client->closed);
}

gboolean qmp_client_is_silent(QmpClient *client)
{
    return get_flag(client, &client->silent);
}

static void handle_event(QmpClient *client, JsonObject *message, const char *name)
{
    JsonObject *stamp = util_json_object(message, "timestamp");
    gint64 sec = util_json_int(stamp, "seconds");
    gint64 usec = util_json_int(stamp, "microseconds");

    /* -1 stands for a time that is not known, as in QEMU. */
    if (sec < 0 || usec < 0 || sec > G_MAXINT64 / G_USEC_PER_SEC - 1) {
        sec = g_get_real_time() / G_USEC_PER_SEC;
        usec = 0;
    }
    client->ops->event(name, util_json_object(message, "data"),
                       sec * G_USEC_PER_SEC + usec % G_USEC_PER_SEC, client->opaque);
}

/*
 * A message (consumed) is a greeting, an event, or the reply to the command in progress;
 * also when it is an error without an ID, which is what there is for a command that the
 * emulator could not read. Others are none of our business.
 * What waiting threads get, they get whole: json-glib's reference counts are not atomic.
 */
static void handle_message(QmpClient *client, JsonObject *owned)
{
    g_autoptr(JsonObject) message = owned;
    const char *event = util_json_string(message, "event");
    const char *id = util_json_string(message, "id");
    gboolean expected = FALSE, late = FALSE;

    if (event) {
        handle_event(client, message, event);
        return;
    }
    g_mutex_lock(&client->lock);
    if (util_json_object(message, "QMP") && !client->greeting) {
        client->greeting = g_steal_pointer(&message);
        expected = TRUE;
    } else if (client->id && (g_strcmp0(id, client->id) == 0 ||
                              (!json_object_has_member(message, "id") &&
                               util_json_object(message, "error")))) {
        g_clear_pointer(&client->id, g_free);
        client->reply = g_steal_pointer(&message);
        expected = TRUE;
    } else {
        expected = late = id && g_str_has_prefix(id, "vireo-");
    }
    client->silent = client->silent && !late && !client->reply;
    g_cond_broadcast(&client->cond);
    g_mutex_unlock(&client->lock);
    if (late && client->ops->late_reply) {
        client->ops->late_reply(client->opaque);
    }
    if (!expected) {
        g_message("the monitor sent a message that nobody has asked for");
    }
}

static gboolean handle_input(QmpClient *client, GError **errp)
{
    for (;;) {
        JsonObject *message;

        if (!qmp_frame_next(client->input, &message, errp)) {
            return FALSE;
        }
        if (!message) {
            return TRUE;
        }
        handle_message(client, message);
    }
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer opaque)
{
    QmpClient *client = opaque;
    g_autoptr(GError) err = NULL;
    guint old_len = client->input->len;
    gssize n;

    g_byte_array_set_size(client->input, old_len + READ_CHUNK);
    do {
        n = recv(fd, client->input->data + old_len, READ_CHUNK, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS)) {
        g_byte_array_set_size(client->input, old_len);
        return G_SOURCE_CONTINUE;
    }
    g_byte_array_set_size(client->input, old_len + (guint)MAX(n, 0));
    if (n > 0 && handle_input(client, &err)) {
        return G_SOURCE_CONTINUE;
    }
    mark_closed(client, err ? err->message : NULL);
    shutdown(client->fd, SHUT_RDWR);
    client->ops->closed(client->opaque);
    return G_SOURCE_REMOVE;
}

static void source_gone(gpointer opaque)
{
    QmpClient *client = opaque;

    if (client->destroy) {
        client->destroy(client->opaque);
    }
    qmp_client_unref(client);
}

QmpClient *qmp_client_new(int fd, GMainContext *context, const QmpClientOps *ops,
                          gpointer opaque, GDestroyNotify destroy)
{
    QmpClient *client = g_new0(QmpClient, 1);

    g_atomic_ref_count_init(&client->refs);
    client->fd = fd;
    client->context = g_main_context_ref(context);
    client->ops = ops;
    client->opaque = opaque;
    client->destroy = destroy;
    client->input = g_byte_array_new();
    g_mutex_init(&client->lock);
    g_cond_init(&client->cond);
    client->source = g_unix_fd_source_new(fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(client->source, G_SOURCE_FUNC(on_readable),
                          qmp_client_ref(client), source_gone);
    g_source_attach(client->source, context);
    return client;
}

static int timeout_left(gint64 deadline)
{
    gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;

    return (int)CLAMP(left, 0, G_MAXINT);
}

/* Sends all of text, the descriptor with its first byte; only by who has the turn. */
static gboolean send_all(QmpClient *client, const char *text, gsize len, int fd,
                         gint64 deadline)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };

    while (len > 0) {
        struct iovec iov = { .iov_base = (char *)text, .iov_len = len };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
        gssize n;

        if (fd >= 0) {
            struct cmsghdr *cmsg = &control.align;

            msg.msg_control = &control;
            msg.msg_controllen = sizeof(control);
            cmsg->cmsg_level = SOL_SOCKET;
            cmsg->cmsg_type = SCM_RIGHTS;
            cmsg->cmsg_len = CMSG_LEN(sizeof(int));
            memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
        }
        n = sendmsg(client->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            text += n;
            len -= (gsize)n;
            fd = -1;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd pfd = { .fd = client->fd, .events = POLLOUT };

            if (poll(&pfd, 1, timeout_left(deadline)) == 0) {
                return FALSE;
            }
        } else if (n < 0 && errno != EINTR) {
            return FALSE;
        }
    }
    return TRUE;
}

static char *format_command(JsonObject *object, const char *id)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    json_object_set_string_member(object, "id", id);
    json_node_set_object(node, object);
    text = json_to_string(node, FALSE);
    return g_strconcat(text, "\r\n", NULL);
}

static gboolean set_closed_error(QmpClient *client, const char *command, GError **errp)
{
    g_set_error(errp, QMP_ERROR, QMP_ERROR_CLOSED,
                "the monitor was closed before '%s' was answered%s%s", command,
                client->reason ? ": " : "", client->reason ? client->reason : "");
    return FALSE;
}

static gboolean set_timeout_error(const char *command, GError **errp)
{
    g_set_error(errp, QMP_ERROR, QMP_ERROR_TIMEOUT,
                "the monitor did not answer '%s' in time", command);
    return FALSE;
}

/* Waits, with the lock held, until it is our turn. */
static gboolean take_turn(QmpClient *client, const char *command, gint64 deadline,
                          GError **errp)
{
    while (client->busy && !client->closed) {
        if (!g_cond_wait_until(&client->cond, &client->lock, deadline)) {
            return set_timeout_error(command, errp);
        }
    }
    if (client->closed) {
        return set_closed_error(client, command, errp);
    }
    client->busy = TRUE;
    return TRUE;
}

static gboolean read_reply(JsonObject *message, const char *command, JsonNode **reply,
                           GError **errp)
{
    JsonObject *error = util_json_object(message, "error");
    const char *class = util_json_string(error, "class");
    const char *desc = util_json_string(error, "desc");
    QmpErrorCode code = QMP_ERROR_GENERIC;

    if (!error && json_object_has_member(message, "return")) {
        if (reply) {
            *reply = json_node_copy(json_object_get_member(message, "return"));
        }
        return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(error_classes); i++) {
        if (g_strcmp0(class, error_classes[i].name) == 0) {
            code = error_classes[i].code;
        }
    }
    g_set_error(errp, QMP_ERROR, code, "unable to execute QEMU command '%s': %s", command,
                desc ? desc : "unexpected error");
    return FALSE;
}

/*
 * Sends a message, whose ID it sets. By who has the turn: what cannot be sent is told by
 * finish().
 */
static void begin_object(QmpClient *client, JsonObject *object, int fd, gint64 deadline)
{
    g_autofree char *text = NULL;

    g_mutex_lock(&client->lock);
    client->id = g_strdup_printf("vireo-%" G_GUINT64_FORMAT, ++client->serial);
    text = format_command(object, client->id);
    g_mutex_unlock(&client->lock);
    if (!send_all(client, text, strlen(text), fd, deadline)) {
        /* Part of a command may have been sent: the stream is of no use any more. */
        mark_closed(client, "a command could not be sent");
        shutdown(client->fd, SHUT_RDWR);
    }
}

static void begin(QmpClient *client, const char *command, JsonObject *args, int fd,
                  gint64 deadline)
{
    g_autoptr(JsonObject) object = json_object_new();

    json_object_set_string_member(object, "execute", command);
    if (args) {
        json_object_set_object_member(object, "arguments", json_object_ref(args));
    }
    begin_object(client, object, fd, deadline);
}

/* Waits for the reply, whatever it is, and gives the turn back. NULL: there is none. */
static JsonObject *finish_object(QmpClient *client, const char *command, gint64 deadline,
                                 GError **errp)
{
    JsonObject *message;

    g_mutex_lock(&client->lock);
    while (!client->reply && !client->closed) {
        if (!g_cond_wait_until(&client->cond, &client->lock, deadline)) {
            break;
        }
    }
    message = g_steal_pointer(&client->reply);
    g_clear_pointer(&client->id, g_free);
    client->busy = FALSE;
    g_cond_broadcast(&client->cond);
    if (!message && client->closed) {
        set_closed_error(client, command, errp);
    } else if (!message) {
        client->silent = TRUE;
        set_timeout_error(command, errp);
    }
    g_mutex_unlock(&client->lock);
    return message;
}

static gboolean finish(QmpClient *client, const char *command, gint64 deadline,
                       JsonNode **reply, GError **errp)
{
    g_autoptr(JsonObject) message = finish_object(client, command, deadline, errp);

    return message && read_reply(message, command, reply, errp);
}

gboolean qmp_client_call_full(QmpClient *client, const char *command, JsonObject *args,
                              int fd, guint timeout_ms, JsonNode **reply, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    g_autoptr(JsonObject) owned_args = args; /* freed here in any case */
    gboolean ours;

    g_assert(!g_main_context_is_owner(client->context));
    g_mutex_lock(&client->lock);
    ours = take_turn(client, command, deadline, errp);
    g_mutex_unlock(&client->lock);
    if (!ours) {
        return FALSE;
    }
    begin(client, command, owned_args, fd, deadline);
    return finish(client, command, deadline, reply, errp);
}

/* A copy of the answer (consumed, and immutable) with another ID. */
static JsonObject *with_id(JsonObject *answer, JsonNode *id)
{
    g_autoptr(JsonObject) owned = answer;
    g_autoptr(GList) members = json_object_get_members(owned);
    JsonObject *copy = json_object_new();

    for (GList *l = members; l; l = l->next) {
        JsonNode *node =
            strcmp(l->data, "id") == 0 ? id : json_object_get_member(owned, l->data);

        json_object_set_member(copy, l->data, json_node_copy(node));
    }
    return copy;
}

gboolean qmp_client_call_raw(QmpClient *client, JsonObject *message, guint timeout_ms,
                             JsonObject **reply, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    const char *execute = util_json_string(message, "execute");
    g_autofree char *name = g_strdup(execute ? execute : "?");
    g_autoptr(JsonObject) copy = json_object_new();
    g_autoptr(GList) members = json_object_get_members(message);
    JsonNode *id = json_object_get_member(message, "id");
    gboolean ours;

    for (GList *l = members; l; l = l->next) {
        json_object_set_member(copy, l->data,
                               json_node_copy(json_object_get_member(message, l->data)));
    }
    g_mutex_lock(&client->lock);
    ours = take_turn(client, name, deadline, errp);
    g_mutex_unlock(&client->lock);
    if (!ours) {
        return FALSE;
    }
    begin_object(client, copy, -1, deadline);
    *reply = finish_object(client, name, deadline, errp);
    if (*reply && id) {
        *reply = with_id(*reply, id);
    }
    return *reply != NULL;
}

gboolean qmp_client_ask(QmpClient *client, const char *command, JsonObject *args)
{
    gboolean ours;

    g_mutex_lock(&client->lock);
    ours = !client->busy && !client->closed && !client->silent;
    client->busy = client->busy || ours;
    g_mutex_unlock(&client->lock);
    if (ours) {
        begin(client, command, args, -1, g_get_monotonic_time() + ASK_US);
    } else {
        g_clear_pointer(&args, json_object_unref);
    }
    return ours;
}

gboolean qmp_client_answer(QmpClient *client, const char *command, gint64 deadline,
                           JsonNode **reply, GError **errp)
{
    return finish(client, command, deadline, reply, errp);
}

gboolean qmp_client_call(QmpClient *client, const char *command, JsonObject *args,
                         JsonNode **reply, GError **errp)
{
    return qmp_client_call_full(client, command, args, -1, QMP_TIMEOUT_DEFAULT_MS, reply,
                                errp);
}

static void read_greeting(QmpClient *client)
{
    JsonObject *version =
        util_json_object(util_json_object(client->greeting, "QMP"), "version");
    JsonObject *qemu = util_json_object(version, "qemu");
    const char *package = util_json_string(version, "package");

    client->version =
        g_strdup_printf("%d.%d.%d", (int)MAX(util_json_int(qemu, "major"), 0),
                        (int)MAX(util_json_int(qemu, "minor"), 0),
                        (int)MAX(util_json_int(qemu, "micro"), 0));
    client->package = g_strdup(package ? package : "");
}

gboolean qmp_client_negotiate(QmpClient *client, guint timeout_ms, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    gboolean ok = TRUE;

    g_mutex_lock(&client->lock);
    while (!client->greeting && !client->closed) {
        if (!g_cond_wait_until(&client->cond, &client->lock, deadline)) {
            break;
        }
    }
    if (client->greeting) {
        read_greeting(client);
    } else {
        ok = client->closed ? set_closed_error(client, "greeting", errp)
                            : set_timeout_error("greeting", errp);
    }
    g_mutex_unlock(&client->lock);
    return ok && qmp_client_call_full(client, "qmp_capabilities", NULL, -1,
                                      (guint)timeout_left(deadline), NULL, errp);
}

const char *qmp_client_version(QmpClient *client)
{
    return client->version;
}

const char *qmp_client_package(QmpClient *client)
{
    return client->package;
}
