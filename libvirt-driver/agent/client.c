/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol: docs/interop/qemu-ga of QEMU. A byte 0xFF, which is in no JSON, makes the
 * agent forget half a command, and stands before its answer to guest-sync-delimited: what
 * comes before that byte is not ours.
 */
#include "agent/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/frame.h"
#include "process/listen.h"
#include "util/json.h"
#include "util/vir-error.h"

#define READ_CHUNK 65536

struct AgentClient {
    gatomicrefcount refs;
    int wake_fd; /* readable: look at events and at "cancelled" again */
    int fd;      /* -1: not connected; of who has the turn */

    GMutex lock;
    GCond cond;
    gboolean busy;
    guint waiting;
    guint events; /* AgentEvent */
};

AgentClient *agent_client_new(void)
{
    AgentClient *client = g_new0(AgentClient, 1);

    g_atomic_ref_count_init(&client->refs);
    client->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    client->fd = -1;
    g_mutex_init(&client->lock);
    g_cond_init(&client->cond);
    return client;
}

AgentClient *agent_client_ref(AgentClient *client)
{
    g_atomic_ref_count_inc(&client->refs);
    return client;
}

static void disconnect(AgentClient *client)
{
    if (client->fd >= 0) {
        close(client->fd);
        client->fd = -1;
    }
}

void agent_client_unref(AgentClient *client)
{
    if (!g_atomic_ref_count_dec(&client->refs)) {
        return;
    }
    disconnect(client);
    if (client->wake_fd >= 0) {
        close(client->wake_fd);
    }
    g_mutex_clear(&client->lock);
    g_cond_clear(&client->cond);
    g_free(client);
}

void agent_client_wake(AgentClient *client)
{
    guint64 one = 1;
    gssize n = write(client->wake_fd, &one, sizeof(one)); /* full: it is awake */

    (void)n;
}

void agent_client_notify(AgentClient *client, AgentEvent event)
{
    g_mutex_lock(&client->lock);
    client->events |= event;
    g_mutex_unlock(&client->lock);
    agent_client_wake(client);
}

guint agent_client_waiting(AgentClient *client)
{
    guint waiting;

    g_mutex_lock(&client->lock);
    waiting = client->waiting;
    g_mutex_unlock(&client->lock);
    return waiting;
}

/* ---- waiting ---- */

static gint64 deadline_after(int seconds)
{
    return seconds == VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK
               ? G_MAXINT64
               : g_get_monotonic_time() +
                     (seconds < 0 ? AGENT_SYNC_S : seconds) * G_USEC_PER_SEC;
}

static int timeout_left(gint64 deadline)
{
    gint64 left;

    if (deadline == G_MAXINT64) {
        return -1;
    }
    left = (deadline - g_get_monotonic_time() + 999) / 1000;
    return (int)CLAMP(left, 0, G_MAXINT);
}

typedef enum Wait {
    WAIT_READY,   /* for I/O */
    WAIT_TIMEOUT, /* the deadline has passed */
    WAIT_INSTEAD, /* what stands for an answer has come */
    WAIT_GONE,
    WAIT_CANCELLED,
} Wait;

static Wait look(AgentClient *client, const AgentRequest *request)
{
    guint events;

    g_mutex_lock(&client->lock);
    events = client->events;
    g_mutex_unlock(&client->lock);
    if (request->cancelled && g_atomic_int_get(request->cancelled)) {
        return WAIT_CANCELLED;
    }
    if (events & request->instead) {
        return WAIT_INSTEAD;
    }
    return events & AGENT_EVENT_GONE ? WAIT_GONE : WAIT_READY;
}

/* Waits until the socket is ready, or there is another reason to go on. */
static Wait wait_io(AgentClient *client, const AgentRequest *request, short events,
                    gint64 deadline)
{
    struct pollfd fds[] = { { .fd = client->fd, .events = events },
                            { .fd = client->wake_fd, .events = POLLIN } };

    for (;;) {
        Wait seen = look(client, request);
        guint64 count;
        int n;

        if (seen != WAIT_READY) {
            return seen;
        }
        n = poll(fds, G_N_ELEMENTS(fds), timeout_left(deadline));
        if (n == 0) {
            return WAIT_TIMEOUT;
        }
        if (n > 0 && fds[1].revents) {
            gssize got = read(client->wake_fd, &count, sizeof(count));

            (void)got;
        } else if (n > 0) {
            return WAIT_READY;
        }
    }
}

/* ---- what a call goes through ---- */

/* A call in progress. */
typedef struct Call {
    AgentClient *client;
    const AgentRequest *request;
    gboolean command; /* it has got beyond the synchronisation */
    int seconds;      /* of the present part, for errors */
    gint64 deadline;
    gboolean done_instead;
} Call;

static gboolean fail_gone(Call *call, GError **errp)
{
    if (call->command && call->request->instead) {
        call->done_instead = TRUE; /* the guest goes down, and the agent with it */
        return TRUE;
    }
    return rpc_error_set(errp, VIR_ERR_AGENT_UNRESPONSIVE,
                         "Guest agent disappeared while executing command");
}

/* The connection has ended. */
static gboolean fail_closed(Call *call, GError **errp)
{
    disconnect(call->client);
    return fail_gone(call, errp);
}

static gboolean fail_wait(Call *call, Wait why, GError **errp)
{
    switch (why) {
    case WAIT_INSTEAD:
        call->done_instead = TRUE;
        return TRUE;
    case WAIT_GONE:
        return fail_gone(call, errp);
    case WAIT_CANCELLED:
        return rpc_error_set(errp, VIR_ERR_OPERATION_ABORTED,
                             "nobody waits for the guest agent any more");
    default:
        return call->command
                   ? rpc_error_set(errp, RPC_ERR_AGENT_COMMAND_TIMEOUT,
                                   "guest agent didn't respond to command within '%d' "
                                   "seconds",
                                   call->seconds)
                   : rpc_error_set(errp, VIR_ERR_AGENT_UNRESPONSIVE,
                                   "guest agent didn't respond to synchronization within "
                                   "'%d' seconds",
                                   call->seconds);
    }
}

static void set_deadline(Call *call, int seconds)
{
    call->seconds = seconds < 0 ? AGENT_SYNC_S : seconds;
    call->deadline = deadline_after(seconds);
}

/* Half of a command that is left in the stream is ended by the next call's 0xFF. */
static gboolean send_all(Call *call, const char *text, gsize len, GError **errp)
{
    while (len > 0 && !call->done_instead) {
        gssize n = send(call->client->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
            text += n;
            len -= (gsize)n;
        } else if (n < 0 && errno == EAGAIN) {
            Wait why = wait_io(call->client, call->request, POLLOUT, call->deadline);

            if (why != WAIT_READY && !fail_wait(call, why, errp)) {
                return FALSE;
            }
        } else if (n < 0 && errno != EINTR) {
            return fail_closed(call, errp);
        }
    }
    return TRUE;
}

/* Some bytes, or done_instead. */
static gboolean receive(Call *call, guint8 *chunk, gsize *len, GError **errp)
{
    for (;;) {
        Wait why = wait_io(call->client, call->request, POLLIN, call->deadline);
        gssize n;

        if (why != WAIT_READY) {
            return fail_wait(call, why, errp);
        }
        n = recv(call->client->fd, chunk, READ_CHUNK, MSG_DONTWAIT);
        if (n > 0) {
            *len = (gsize)n;
            return TRUE;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            return fail_closed(call, errp);
        }
    }
}

/* What comes with the answer but behind it is unasked, and dropped. */
static gboolean synchronise(Call *call, GError **errp)
{
    guint32 id = g_random_int() >> 1;
    g_autofree char *text = g_strdup_printf(
        "\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%u}}\n", id);
    g_autofree guint8 *chunk = g_malloc(READ_CHUNK);
    AgentSync sync = { .id = id };
    gsize total = 0, len;

    set_deadline(call, call->request->sync_seconds);
    if (!send_all(call, text, strlen(text), errp)) {
        return FALSE;
    }
    while (!call->done_instead) {
        if (!receive(call, chunk, &len, errp)) {
            return FALSE;
        }
        if (call->done_instead || agent_sync_feed(&sync, chunk, len)) {
            return TRUE;
        }
        total += len;
        if (total > AGENT_DISCARD_MAX) {
            disconnect(call->client);
            return rpc_error_set(errp, VIR_ERR_AGENT_UNRESPONSIVE,
                                 "guest agent sent more than %u bytes instead of "
                                 "responding to synchronization",
                                 AGENT_DISCARD_MAX);
        }
    }
    return TRUE;
}

static gboolean execute(Call *call, JsonObject **reply, GError **errp)
{
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    g_autofree guint8 *chunk = g_malloc(READ_CHUNK);
    g_autofree char *text = g_strconcat(call->request->text, "\n", NULL);
    guint ignored = 0;
    gsize len;

    call->command = TRUE;
    set_deadline(call, call->request->seconds);
    if (!send_all(call, text, strlen(text), errp)) {
        return FALSE;
    }
    while (!call->done_instead && !*reply) {
        if (!receive(call, chunk, &len, errp)) {
            return FALSE;
        }
        if (call->done_instead) {
            break;
        }
        g_byte_array_append(buffer, chunk, (guint)len);
        if (!agent_frame_reply(buffer, &ignored, reply, errp)) {
            disconnect(call->client); /* whatever it still says */
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean connect_agent(AgentClient *client, const char *path, GError **errp)
{
    g_autoptr(GError) err = NULL;

    if (client->wake_fd < 0) {
        return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR,
                             "unable to make an eventfd for the guest agent");
    }
    if (client->fd < 0) {
        client->fd = process_connect_unix(path, AGENT_SYNC_S * 1000, &err);
    }
    return client->fd >= 0 ||
           rpc_error_set(errp, VIR_ERR_AGENT_UNRESPONSIVE,
                         "QEMU guest agent is not available due to an error: %s",
                         err->message);
}

/* ---- the answer ---- */

static gboolean check_reply(JsonObject *reply, const char *name, GError **errp)
{
    JsonObject *error = util_json_object(reply, "error");
    const char *class = util_json_string(error, "class");
    const char *desc = util_json_string(error, "desc");

    if (!json_object_has_member(reply, "error")) {
        return TRUE;
    }
    /* What the guest calls itself disabled or not known is not there for us. */
    if (g_strcmp0(class, "CommandNotFound") == 0 ||
        g_strcmp0(class, "CommandDisabled") == 0) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_UNSUPPORTED,
                             "unable to execute QEMU agent command '%s': %s", name,
                             desc ? desc : class);
    }
    return rpc_error_set(errp, RPC_ERR_AGENT_COMMAND_FAILED,
                         "unable to execute QEMU agent command '%s': %s", name,
                         desc    ? desc
                         : class ? class
                                 : "unknown QEMU command error");
}

/* ---- turns ---- */

static gboolean take_turn(AgentClient *client, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + AGENT_TURN_S * G_USEC_PER_SEC;
    gboolean in_time = client->waiting < AGENT_WAITERS || !client->busy;

    client->waiting++;
    while (client->busy && in_time) {
        in_time = g_cond_wait_until(&client->cond, &client->lock, deadline);
    }
    client->waiting--;
    if (client->busy) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_TIMEOUT,
                             "cannot acquire state change lock: another call waits for "
                             "the guest agent");
    }
    client->busy = TRUE;
    client->events = 0;
    return TRUE;
}

gboolean agent_client_call(AgentClient *client, const AgentRequest *request,
                           JsonObject **reply, GError **errp)
{
    Call call = { .client = client, .request = request };
    gboolean ok;

    *reply = NULL;
    g_mutex_lock(&client->lock);
    ok = take_turn(client, errp);
    g_mutex_unlock(&client->lock);
    if (!ok) {
        return FALSE;
    }
    ok = connect_agent(client, request->path, errp) && synchronise(&call, errp) &&
         (call.done_instead || execute(&call, reply, errp));
    g_mutex_lock(&client->lock);
    client->busy = FALSE;
    g_cond_signal(&client->cond);
    g_mutex_unlock(&client->lock);
    if (ok && *reply && !check_reply(*reply, request->name, errp)) {
        g_clear_pointer(reply, json_object_unref);
        return FALSE;
    }
    return ok;
}
