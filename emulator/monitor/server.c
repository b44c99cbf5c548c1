/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP sessions: one server a chardev, one client at a time on it.
 *
 * Commands run one after the other on the main loop, one a turn (event/turn.h); while
 * replies wait for a client that does not read, its input waits too. Events are not
 * paused: a client that lets them pile up is disconnected, never silently skipped. When
 * the process is going to end no further command runs, also where the cleaning up waits
 * in this loop.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "config/json.h"
#include "event/clock.h"
#include "event/turn.h"
#include "event/vm-event.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

#define READ_MAX   4096
#define OUTPUT_LOW (64 * 1024) /* above it no further command is read */
#define FDS_MAX    64          /* of getfd, a monitor; libvirt keeps a few for a moment */
#define OUTPUT_MAX (16 * 1024 * 1024) /* above it the client is given up */

struct QmpServer {
    Chardev *chr;
    gboolean pretty;
    gboolean connected, negotiated, running;
    JsonFramer framer;
    GByteArray *input; /* received and not yet looked at */
    Timer *more;       /* to look at it in another turn */
    GString *output;   /* written and not yet taken */
    GHashTable *fds;   /* getfd: name -> descriptor */
};

static GPtrArray *servers;
static QmpServer *current;

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

static void handle_message(QmpServer *server)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfigNode) message = NULL;
    g_autoptr(ConfigNode) reply = NULL;
    QmpServer *outer = current;

    turn_count(TURN_QMP_COMMANDS, 1);
    message = json_parse_framed(server->framer.buf->str, server->framer.buf->len, &error);
    if (message) {
        current = server;
        reply = qmp_dispatch(message, &server->negotiated);
        current = outer;
    } else {
        reply = qmp_error_reply(error, NULL);
    }
    send_node(server, reply);
}

static gboolean may_take_more(const QmpServer *server)
{
    return server->input->len > 0 && server->output->len < OUTPUT_LOW && !vm_ending();
}

static void process_input(QmpServer *server)
{
    if (server->running) {
        return; /* a command that ran the main loop */
    }
    server->running = TRUE;
    while (may_take_more(server) && !turn_over()) {
        const char *data = (const char *)server->input->data;
        size_t left = server->input->len;
        g_autoptr(GError) error = NULL;
        JsonFrame frame = json_framer_feed(&server->framer, &data, &left, &error);

        g_byte_array_remove_range(server->input, 0, server->input->len - left);
        if (frame == JSON_FRAME_VALUE) {
            handle_message(server);
        } else if (frame == JSON_FRAME_ERROR) {
            g_autoptr(ConfigNode) reply = qmp_error_reply(error, NULL);

            send_node(server, reply);
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
    json_framer_reset(&server->framer);
    g_byte_array_set_size(server->input, 0);
    g_string_truncate(server->output, 0);
}

static void qmp_event(void *opaque, ChardevEvent event)
{
    QmpServer *server = opaque;
    g_autofree char *greeting = NULL;

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
    if (server->output->len < OUTPUT_LOW) {
        process_input(server);
        chardev_resume(server->chr);
    }
}

static const ChardevUser qmp_user = { qmp_can_receive, qmp_receive, qmp_event,
                                      qmp_writable };

/* Events */

static void broadcast(const char *name, ConfigNode *data, void *opaque)
{
    g_autoptr(ConfigNode) message = NULL;

    for (guint i = 0; i < servers->len; i++) {
        QmpServer *server = g_ptr_array_index(servers, i);

        if (server->negotiated) {
            if (!message) {
                message = qmp_event_message(name, data);
            }
            send_node(server, message);
        }
    }
}

/* Descriptors */

static void close_fd(gpointer fd)
{
    close(GPOINTER_TO_INT(fd));
}

QmpServer *qmp_current_server(void)
{
    return current;
}

Chardev *qmp_server_chardev(QmpServer *server)
{
    return server->chr;
}

gboolean qmp_server_add_fd(QmpServer *server, const char *name, int fd, GError **errp)
{
    if (g_hash_table_size(server->fds) >= FDS_MAX &&
        !g_hash_table_contains(server->fds, name)) {
        close(fd);
        return error_set(errp,
                         "Too many file descriptors are stored (%d): '%s' is refused",
                         FDS_MAX, name);
    }
    g_hash_table_replace(server->fds, g_strdup(name), GINT_TO_POINTER(fd));
    return TRUE;
}

gboolean qmp_server_close_fd(QmpServer *server, const char *name)
{
    return g_hash_table_remove(server->fds, name);
}

static int take_fd(QmpServer *server, const char *name)
{
    g_autofree char *key = NULL;
    gpointer value;

    return g_hash_table_steal_extended(server->fds, name, (gpointer *)&key, &value)
               ? GPOINTER_TO_INT(value)
               : -1;
}

int qmp_take_fd(const char *name)
{
    int fd = current ? take_fd(current, name) : -1;

    for (guint i = 0; fd < 0 && servers && i < servers->len; i++) {
        fd = take_fd(g_ptr_array_index(servers, i), name);
    }
    return fd;
}

/* Life */

static void server_free(gpointer data)
{
    QmpServer *server = data;

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

    server->chr = chr;
    server->pretty = pretty;
    json_framer_init(&server->framer);
    server->input = g_byte_array_new();
    server->more =
        timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, process_more, server);
    server->output = g_string_new(NULL);
    server->fds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_fd);
    if (!chardev_attach(chr, &qmp_user, server, errp)) {
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
    for (guint i = 0; i < servers->len; i++) {
        QmpServer *server = g_ptr_array_index(servers, i);

        flush(server);
        chardev_detach(server->chr);
    }
    g_clear_pointer(&servers, g_ptr_array_unref);
}
