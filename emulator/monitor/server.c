/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP sessions: one server a chardev, one client at a time on it.
 *
 * Commands run one after the other on the main loop, one a turn (event/turn.h), which
 * is why length and values of one are limited (config/json.h); while
 * replies wait for a client that does not read, its input waits too. Events are not
 * paused: a client that lets them pile up is disconnected, never silently skipped. So
 * that a guest cannot do that to a client, what it can make is limited (event-limit.h).
 *
 * A command may finish later. Until then this client's input waits, so that replies
 * come in the order of their commands; the other servers go on. A client that goes
 * meanwhile leaves its command to come to its end, and the next client does not wait
 * for it. When the process is going to end no further command is begun, and what has
 * been begun and is not finished when its monitor is closed gets no reply.
 */
#include "config.h"

#include <string.h>

#include "accel/run-state.h"
#include "config/json.h"
#include "event/clock.h"
#include "event/turn.h"
#include "event/vm-event.h"
#include "monitor/event-limit.h"
#include "monitor/fds.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

#define READ_MAX   4096
#define OUTPUT_LOW (64 * 1024)        /* above it no further command is read */
#define OUTPUT_MAX (16 * 1024 * 1024) /* above it the client is given up */

struct QmpServer {
    ChardevFront *chr;
    gboolean pretty;
    gboolean connected, negotiated;
    QmpReply *pending; /* the command that is being carried out */
    gboolean running;  /* process_input() is */
    JsonFramer framer;
    GByteArray *input; /* received and not yet looked at */
    Timer *more;       /* to look at it in another turn */
    GString *output;   /* written and not yet taken */
    GHashTable *fds;   /* getfd: name -> descriptor */
};

static GPtrArray *servers;

/* Output */

static void flush(QmpServer *server)
{
    size_t n = chardev_write(server->chr, (const guint8 *)server->output->str,
                             server->output->len);

    g_string_erase(server->output, 0, n);
}

static void send_text(QmpServer *server, const char *text)
{
    if (!server->connected) {
        return;
    }
    g_string_append(server->output, text);
    g_string_append(server->output, "\r\n");
    if (server->output->len > OUTPUT_MAX) {
        g_string_truncate(server->output, 0);
        chardev_disconnect(server->chr);
        return;
    }
    flush(server);
}

static void send_node(QmpServer *server, ConfigNode *node)
{
    g_autofree char *text = config_to_json(node, server->pretty);

    send_text(server, text);
}

/* Input */

/* Whether the next command must wait. */
static gboolean is_busy(const QmpServer *server)
{
    return server->pending || server->output->len >= OUTPUT_LOW || vm_ending();
}

/* The end of the pending command; what follows waits for a turn of its own. */
static void send_reply(void *opaque, ConfigNode *message)
{
    QmpServer *server = opaque;

    server->pending = NULL;
    send_node(server, message);
    config_node_unref(message);
    if (!server->running) {
        timer_arm(server->more, clock_now(CLOCK_TYPE_REALTIME));
    }
}

static void handle_message(QmpServer *server)
{
    g_autoptr(ConfigNode) message = NULL;
    GError *error = NULL;

    turn_count(TURN_QMP_VALUES, server->framer.values);
    turn_count(TURN_QMP_BYTES, server->framer.buf->len);
    message = json_parse_framed(server->framer.buf->str, server->framer.buf->len, &error);
    server->pending = qmp_reply_new(server, send_reply, server);
    if (message) {
        qmp_dispatch(message, &server->negotiated, server->pending);
    } else {
        qmp_reply_done(server->pending, NULL, error);
    }
}

static gboolean may_take_more(const QmpServer *server)
{
    return server->input->len > 0 && !is_busy(server);
}

static void process_input(QmpServer *server)
{
    server->running = TRUE;
    while (may_take_more(server) && !turn_over()) {
        const char *data = (const char *)server->input->data;
        size_t left = server->input->len;
        GError *error = NULL;
        JsonFrame frame = json_framer_feed(&server->framer, &data, &left, &error);

        g_byte_array_remove_range(server->input, 0, server->input->len - left);
        turn_count(TURN_QMP_COMMANDS, frame != JSON_FRAME_MORE);
        if (frame == JSON_FRAME_VALUE) {
            handle_message(server);
        } else if (frame == JSON_FRAME_ERROR) {
            server->pending = qmp_reply_new(server, send_reply, server);
            qmp_reply_done(server->pending, NULL, error);
        }
    }
    server->running = FALSE;
    if (may_take_more(server)) {
        timer_arm(server->more, clock_now(CLOCK_TYPE_REALTIME));
    }
}

static void process_more(void *opaque)
{
    QmpServer *server = opaque;

    process_input(server);
    chardev_resume(server->chr);
}

/* The chardev's side */

static size_t qmp_can_receive(void *opaque)
{
    QmpServer *server = opaque;

    gboolean wait =
        server->input->len || server->output->len >= OUTPUT_LOW || vm_ending();

    /* Also while a command is being carried out: that the client goes is to be heard. */
    return wait ? 0 : READ_MAX;
}

static void qmp_receive(void *opaque, const guint8 *buf, size_t len)
{
    QmpServer *server = opaque;

    g_byte_array_append(server->input, buf, len);
    process_input(server);
}

static void forget_client(QmpServer *server)
{
    server->connected = server->negotiated = FALSE;
    if (server->pending) {
        qmp_reply_forget(g_steal_pointer(&server->pending));
    }
    json_framer_reset(&server->framer);
    g_byte_array_set_size(server->input, 0);
    g_string_truncate(server->output, 0);
}

static void qmp_event(void *opaque, ChardevEvent event)
{
    QmpServer *server = opaque;
    g_autofree char *greeting = NULL;

    if (event != CHARDEV_OPENED && event != CHARDEV_CLOSED) {
        return; /* a break, or who else has the input */
    }
    forget_client(server);
    if (event == CHARDEV_OPENED) {
        server->connected = TRUE;
        greeting = qmp_greeting();
        send_text(server, greeting);
    }
}

static void qmp_writable(void *opaque)
{
    QmpServer *server = opaque;

    flush(server);
    if (!is_busy(server)) {
        process_input(server);
        chardev_resume(server->chr);
    }
}

static const ChardevUser qmp_user = { .can_receive = qmp_can_receive,
                                      .receive = qmp_receive,
                                      .event = qmp_event,
                                      .writable = qmp_writable,
                                      .unchangeable = TRUE };

/* Events */

static void send_to_all(ConfigNode *message)
{
    for (guint i = 0; i < servers->len; i++) {
        QmpServer *server = g_ptr_array_index(servers, i);

        if (server->negotiated) {
            send_node(server, message);
        }
    }
}

static void broadcast(const char *name, ConfigNode *data, void *opaque)
{
    event_limit_emit(name, data, send_to_all);
}

/* What commands ask for */

ChardevFront *qmp_server_chardev(QmpServer *server)
{
    return server->chr;
}

GHashTable *qmp_server_fds(QmpServer *server)
{
    return server->fds;
}

/* Life */

static void server_free(gpointer data)
{
    QmpServer *server = data;

    if (server->pending) {
        qmp_reply_forget(server->pending);
    }
    json_framer_clear(&server->framer);
    g_byte_array_unref(server->input);
    timer_free(server->more);
    g_string_free(server->output, TRUE);
    g_hash_table_unref(server->fds);
    g_free(server);
}

gboolean qmp_server_add(Chardev *chr, gboolean pretty, GError **errp)
{
    QmpServer *server = g_new0(QmpServer, 1);

    server->pretty = pretty;
    json_framer_init(&server->framer);
    server->input = g_byte_array_new();
    server->more =
        timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, process_more, server);
    server->output = g_string_new(NULL);
    server->fds = qmp_fds_new();
    if (!chardev_attach(chr, &qmp_user, server, &server->chr, errp)) {
        server_free(server);
        return FALSE;
    }
    if (!servers) {
        servers = g_ptr_array_new_with_free_func(server_free);
        vm_event_subscribe(broadcast, NULL);
    }
    g_ptr_array_add(servers, server);
    return TRUE;
}

void qmp_cleanup(void)
{
    if (!servers) {
        return;
    }
    vm_event_unsubscribe(broadcast, NULL);
    event_limit_flush();
    for (guint i = 0; i < servers->len; i++) {
        QmpServer *server = g_ptr_array_index(servers, i);

        flush(server);
        chardev_detach(&server->chr);
    }
    g_clear_pointer(&servers, g_ptr_array_unref);
}
