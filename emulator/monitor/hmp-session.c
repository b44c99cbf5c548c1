/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions of the human monitor: one a chardev, one client at a time.
 *
 * The client may be a terminal that shows nothing by itself, so what is typed is shown;
 * of what terminals send besides text only Backspace, Control-U (the whole line) and
 * Control-C (a new one) are understood. A line has HMP_LINE_MAX bytes: of a longer one
 * nothing is carried out. While a line is being carried out, and while the client does
 * not read, further input waits.
 *
 * On a mux nothing is written while another has the focus. The greeting comes when the
 * main loop runs: whoever shares the mux at start has it by then.
 */
#include "config.h"

#include <string.h>

#include "accel/run-state.h"
#include "config/dialect.h"
#include "event/clock.h"
#include "event/loop.h"
#include "event/turn.h"
#include "monitor/hmp.h"

#define READ_MAX   4096
#define OUTPUT_LOW (64 * 1024) /* above it no further line is read */
#define PROMPT     "(qemu) "

#define KEY_CTRL_C    0x03
#define KEY_BACKSPACE 0x08
#define KEY_CTRL_U    0x15
#define KEY_ESCAPE    0x1b
#define KEY_DELETE    0x7f

typedef struct HmpSession HmpSession;

/* A line that is being carried out; session is NULL when its client has gone. */
typedef struct HmpLine {
    HmpSession *session;
} HmpLine;

struct HmpSession {
    ChardevFront *chr;
    gboolean connected, focus, greeted;
    HmpLine *pending; /* NULL: none */
    gboolean running; /* process_input() is */
    GString *line;
    gboolean too_long, after_cr;
    enum { TEXT, ESCAPE, SEQUENCE } state;
    GByteArray *input; /* received and not yet looked at */
    Timer *more;       /* to look at it, or to greet, in another turn */
    GString *output;   /* written and not yet taken */
};

static GPtrArray *sessions;

/* --- output --- */

static void flush(HmpSession *s)
{
    if (s->focus && s->connected) {
        size_t n = chardev_write(s->chr, (const guint8 *)s->output->str, s->output->len);

        g_string_erase(s->output, 0, (gssize)n);
    }
}

static void say(HmpSession *s, const char *text)
{
    g_string_append(s->output, text);
}

static void greet(HmpSession *s)
{
    const Dialect *d = dialect_get();

    if (s->connected && s->focus && !s->greeted) {
        s->greeted = TRUE;
        g_string_append_printf(s->output,
                               "QEMU %u.%u.%u monitor - type 'help' for more "
                               "information\r\n" PROMPT,
                               d->version[0], d->version[1], d->version[2]);
        flush(s);
    }
}

/* --- lines --- */

static gboolean is_busy(const HmpSession *s)
{
    return s->pending || s->output->len >= OUTPUT_LOW || vm_ending();
}

static void new_line(HmpSession *s)
{
    g_string_truncate(s->line, 0);
    s->too_long = FALSE;
}

static void look_again(HmpSession *s)
{
    if (!s->running) {
        timer_arm(s->more, clock_now(CLOCK_TYPE_REALTIME));
    }
}

static void carried_out(void *opaque, GString *text)
{
    HmpLine *line = opaque;
    HmpSession *s = line->session;

    if (s) {
        g_autofree char *lines = hmp_for_terminal(text->str);

        s->pending = NULL;
        say(s, lines);
        say(s, vm_ending() ? "" : PROMPT);
        flush(s);
        look_again(s);
    }
    g_string_free(text, TRUE);
    g_free(line);
}

static void end_line(HmpSession *s)
{
    g_autofree char *line = g_strdup(s->line->str);
    gboolean too_long = s->too_long;

    say(s, "\r\n");
    new_line(s);
    turn_count(TURN_QMP_COMMANDS, 1);
    turn_count(TURN_QMP_BYTES, strlen(line));
    if (too_long) {
        g_string_append_printf(s->output, "a line has at most %d bytes\r\n" PROMPT,
                               HMP_LINE_MAX);
        return;
    }
    if (!g_utf8_validate(line, -1, NULL)) {
        say(s, "the line is not UTF-8\r\n" PROMPT);
        return;
    }
    s->pending = g_new(HmpLine, 1);
    s->pending->session = s;
    hmp_run_line(line, NULL, TRUE, carried_out, s->pending);
}

/* The last character, however many bytes it has. */
static void erase_one(HmpSession *s)
{
    gsize len = s->line->len;

    while (len && (s->line->str[len - 1] & 0xc0) == 0x80) {
        len--;
    }
    if (len) {
        say(s, "\b \b");
        g_string_truncate(s->line, len - 1);
    }
}

static void erase_all(HmpSession *s)
{
    while (s->line->len) {
        erase_one(s);
    }
    s->too_long = FALSE;
}

static void add_byte(HmpSession *s, guint8 byte)
{
    if (s->line->len == HMP_LINE_MAX) {
        s->too_long = TRUE;
    } else {
        g_string_append_c(s->line, (char)byte);
        g_string_append_c(s->output, (char)byte);
    }
}

static void take_text(HmpSession *s, guint8 byte)
{
    switch (byte) {
    case '\r':
    case '\n':
        end_line(s);
        break;
    case KEY_CTRL_C:
        say(s, "^C\r\n" PROMPT);
        new_line(s);
        break;
    case KEY_BACKSPACE:
    case KEY_DELETE:
        erase_one(s);
        break;
    case KEY_CTRL_U:
        erase_all(s);
        break;
    case KEY_ESCAPE:
        s->state = ESCAPE;
        break;
    default:
        if (byte >= ' ') {
            add_byte(s, byte);
        }
    }
}

/* Keys that are no text come as ESC [ ... LETTER, or ESC O LETTER. */
static void take_byte(HmpSession *s, guint8 byte)
{
    gboolean second = s->after_cr && byte == '\n';

    s->after_cr = byte == '\r';
    if (second) {
        return;
    }
    switch (s->state) {
    case TEXT:
        take_text(s, byte);
        break;
    case ESCAPE:
        s->state = byte == '[' || byte == 'O' ? SEQUENCE : TEXT;
        break;
    case SEQUENCE:
        s->state = byte >= '@' && byte <= '~' ? TEXT : SEQUENCE;
        break;
    }
}

static void process_input(HmpSession *s)
{
    guint taken = 0;

    s->running = TRUE;
    while (taken < s->input->len && !is_busy(s) && !turn_over()) {
        take_byte(s, s->input->data[taken++]);
    }
    /* A client that has gone meanwhile has left nothing. */
    g_byte_array_remove_range(s->input, 0, MIN(taken, s->input->len));
    s->running = FALSE;
    flush(s);
    if (s->input->len && !is_busy(s)) {
        look_again(s);
    }
}

static void process_more(void *opaque)
{
    HmpSession *s = opaque;

    greet(s);
    process_input(s);
    chardev_resume(s->chr);
}

/* --- the chardev's side --- */

static size_t hmp_can_receive(void *opaque)
{
    const HmpSession *s = opaque;

    /* Also while a line is being carried out: that the client goes is to be heard. */
    return s->input->len || s->output->len >= OUTPUT_LOW || vm_ending() ? 0 : READ_MAX;
}

static void hmp_receive(void *opaque, const guint8 *buf, size_t len)
{
    HmpSession *s = opaque;

    greet(s);
    g_byte_array_append(s->input, buf, len);
    process_input(s);
}

static void forget_client(HmpSession *s)
{
    s->connected = s->greeted = s->after_cr = FALSE;
    s->state = TEXT;
    if (s->pending) {
        s->pending->session = NULL;
        s->pending = NULL;
    }
    new_line(s);
    g_byte_array_set_size(s->input, 0);
    g_string_truncate(s->output, 0);
}

/* What had been typed is shown again, unless it has the focus since others have gone. */
static void come_back(HmpSession *s)
{
    if (s->greeted && !vm_ending()) {
        say(s, s->pending ? "" : PROMPT);
        say(s, s->line->str);
    }
    flush(s);
    look_again(s);
}

static void hmp_event(void *opaque, ChardevEvent event)
{
    HmpSession *s = opaque;

    switch (event) {
    case CHARDEV_OPENED:
    case CHARDEV_CLOSED:
        forget_client(s);
        s->connected = event == CHARDEV_OPENED;
        look_again(s);
        break;
    case CHARDEV_MUX_IN:
        s->focus = TRUE;
        come_back(s);
        break;
    case CHARDEV_MUX_OUT:
        say(s, s->greeted ? "\r\n" : "");
        flush(s);
        s->focus = FALSE;
        break;
    case CHARDEV_BREAK:
        break;
    }
}

static void hmp_writable(void *opaque)
{
    HmpSession *s = opaque;

    flush(s);
    if (!is_busy(s)) {
        process_input(s);
        chardev_resume(s->chr);
    }
}

static const ChardevUser hmp_user = { .can_receive = hmp_can_receive,
                                      .receive = hmp_receive,
                                      .event = hmp_event,
                                      .writable = hmp_writable,
                                      .unchangeable = TRUE };

/* --- life --- */

static void session_free(gpointer data)
{
    HmpSession *s = data;

    if (s->pending) {
        s->pending->session = NULL;
    }
    g_string_free(s->line, TRUE);
    g_byte_array_unref(s->input);
    timer_free(s->more);
    g_string_free(s->output, TRUE);
    g_free(s);
}

gboolean hmp_server_add(Chardev *chr, GError **errp)
{
    HmpSession *s = g_new0(HmpSession, 1);

    s->focus = TRUE; /* unless it is a mux, which says so */
    s->line = g_string_new(NULL);
    s->input = g_byte_array_new();
    s->more = timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, process_more, s);
    s->output = g_string_new(NULL);
    if (!chardev_attach(chr, &hmp_user, s, &s->chr, errp)) {
        session_free(s);
        return FALSE;
    }
    if (!sessions) {
        sessions = g_ptr_array_new_with_free_func(session_free);
    }
    g_ptr_array_add(sessions, s);
    return TRUE;
}

void hmp_cleanup(void)
{
    for (guint i = 0; sessions && i < sessions->len; i++) {
        HmpSession *s = g_ptr_array_index(sessions, i);

        flush(s);
        chardev_detach(&s->chr);
    }
    g_clear_pointer(&sessions, g_ptr_array_unref);
}
