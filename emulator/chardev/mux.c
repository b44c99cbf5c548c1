/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev ...,mux=on: several front ends share one back end. All of them may write;
 * input goes to one, the focus, and Control-A with a letter changes that.
 *
 * Theory of operation. The mux is the front end of what is below it ("ID-base" where
 * mux=on has made both). Input is looked at byte by byte, since a switch may stand
 * anywhere in it, and waits in a buffer of each port: one that does not read for a while
 * does not keep the user from switching to another. When the focus' buffer is full the
 * peer waits.
 *
 * A port whose output is not taken waits in a queue, and from then on no other gets in
 * before it: what a guest writes in a flood, from a vCPU whenever there is room, cannot
 * starve a monitor. Each in turn writes until the peer takes no more.
 */
#include "config.h"

#include <string.h>

#include "accel/run-state.h"
#include "chardev/internal.h"
#include "event/clock.h"
#include "util/error.h"

#define PORTS_MAX 4
#define BUFFER    4096
#define PIECE     512
#define OWN_MAX   4096

static guint8 mux_key = 1; /* Control-A */

typedef struct MuxPort {
    ChardevFront *front;
    guint8 *buf; /* input that it has not taken; NULL: never had any */
    guint start, len;
    gboolean queued; /* in waiting */
} MuxPort;

typedef struct Mux {
    Chardev *chr;
    ChardevFront *base;
    MuxPort *ports[PORTS_MAX]; /* in the order of attaching */
    guint n_ports, focus;
    gboolean escape;   /* Control-A has come, its letter has not */
    GByteArray *input; /* what has come, and for which the focus has no place */
    Timer *more;       /* to go on with input */
    GString *own;      /* what the mux itself says */
    GQueue waiting;    /* of MuxPort: to write */
    MuxPort *served;   /* whose turn it is */
    gboolean stamps, line_start;
    gint64 since; /* what the stamps count from */
} Mux;

typedef struct MuxOptions {
    char *chardev;
} MuxOptions;

static const Property mux_rows[] = {
    { "chardev", PROP_STRING, offsetof(MuxOptions, chardev), .required = TRUE,
      .help = "The chardev that its front ends share" },
    { NULL },
};

static MuxPort *port_of(const Mux *m, const ChardevFront *front)
{
    for (guint i = 0; i < m->n_ports; i++) {
        if (m->ports[i]->front == front) {
            return m->ports[i];
        }
    }
    return NULL;
}

/* A callback may have let it go. */
static gboolean has_port(const Mux *m, const MuxPort *port)
{
    for (guint i = 0; i < m->n_ports; i++) {
        if (m->ports[i] == port) {
            return TRUE;
        }
    }
    return FALSE;
}

static MuxPort *focus(const Mux *m)
{
    return m->n_ports ? m->ports[m->focus] : NULL;
}

static void tell_all(Mux *m, ChardevEvent event)
{
    MuxPort *ports[PORTS_MAX];
    guint n = m->n_ports;

    memcpy(ports, m->ports, sizeof(ports));
    for (guint i = 0; i < n; i++) {
        if (has_port(m, ports[i])) {
            chardev_tell_front(ports[i]->front, event);
        }
    }
}

static void set_focus(Mux *m, guint to)
{
    MuxPort *from = focus(m), *port = m->ports[to];

    m->focus = to;
    if (from && from != port) {
        chardev_tell_front(from->front, CHARDEV_MUX_OUT);
    }
    if (has_port(m, port)) {
        chardev_tell_front(port->front, CHARDEV_MUX_IN);
    }
}

/* Output */

/* Whether all has gone; else the mux is told when more can go. */
static gboolean flush_own(Mux *m)
{
    if (m->own->len) {
        size_t n = chardev_write(m->base, (const guint8 *)m->own->str, m->own->len);

        g_string_erase(m->own, 0, (gssize)n);
    }
    return !m->own->len;
}

static void say(Mux *m, const char *text)
{
    if (m->chr->connected && m->own->len < OWN_MAX) {
        g_string_append(m->own, text);
        flush_own(m);
    }
}

static void add_stamp(Mux *m)
{
    gint64 ms = (clock_now(CLOCK_TYPE_REALTIME) - m->since) / 1000000;

    g_string_append_printf(m->own, "[%02d:%02d:%02d.%03d] ", (int)(ms / 3600000),
                           (int)(ms / 60000 % 60), (int)(ms / 1000 % 60),
                           (int)(ms % 1000));
}

/* Each line begins with the time since the first one. */
static size_t write_lines(Mux *m, const guint8 *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        const guint8 *end = memchr(buf + done, '\n', len - done);
        size_t piece = end ? (size_t)(end - (buf + done)) + 1 : len - done, n;

        if (m->line_start) {
            m->line_start = FALSE;
            add_stamp(m);
        }
        if (!flush_own(m)) {
            break;
        }
        n = chardev_write(m->base, buf + done, piece);
        done += n;
        if (n < piece) {
            break;
        }
        m->line_start = end != NULL;
    }
    return done;
}

static void queue_port(Mux *m, MuxPort *port)
{
    if (!port->queued) {
        port->queued = TRUE;
        g_queue_push_tail(&m->waiting, port);
    }
}

static size_t mux_write(Chardev *chr, ChardevFront *front, const guint8 *buf, size_t len)
{
    Mux *m = chr->data;
    MuxPort *port = port_of(m, front);
    size_t n = 0;

    if ((port == m->served || g_queue_is_empty(&m->waiting)) && flush_own(m)) {
        n = m->stamps ? write_lines(m, buf, len) : chardev_write(m->base, buf, len);
    }
    if (n < len) {
        queue_port(m, port);
    }
    return n;
}

static void mux_writable(void *opaque)
{
    Mux *m = opaque;
    MuxPort *port;

    if (!flush_own(m)) {
        return;
    }
    while (!m->base->waits && (port = g_queue_pop_head(&m->waiting))) {
        port->queued = FALSE;
        m->served = port;
        chardev_wake(port->front);
        m->served = NULL;
    }
}

/* Input */

/* Gives port what waits for it, as far as it has room. */
static void feed(Mux *m, MuxPort *port)
{
    guint8 piece[PIECE];

    while (has_port(m, port) && port->len) {
        const ChardevUser *user = port->front->user;
        size_t room = chardev_front_room(port->front);
        guint n = (guint)MIN(MIN(room, port->len), MIN(PIECE, BUFFER - port->start));

        if (!user->receive) {
            port->len = 0; /* it only writes */
            return;
        }
        if (!n) {
            return;
        }
        memcpy(piece, port->buf + port->start, n);
        port->start = (port->start + n) % BUFFER;
        port->len -= n;
        user->receive(port->front->opaque, piece, n);
    }
}

static void feed_all(Mux *m)
{
    MuxPort *ports[PORTS_MAX];
    guint n = m->n_ports;

    memcpy(ports, m->ports, sizeof(ports));
    for (guint i = 0; i < n; i++) {
        feed(m, ports[i]);
    }
}

static gboolean is_full(const MuxPort *port)
{
    return port && port->len == BUFFER;
}

static void put_byte(MuxPort *port, guint8 byte)
{
    if (port) {
        port->buf = port->buf ? port->buf : g_malloc(BUFFER);
        port->buf[(port->start + port->len++) % BUFFER] = byte;
    }
}

/* "C-a", owned. */
static char *key_name(void)
{
    return mux_key < 0x20 ? g_strdup_printf("C-%c", g_ascii_tolower(mux_key + '@'))
                          : g_strdup_printf("0x%02x", mux_key);
}

static void print_help(Mux *m)
{
    static const char *const keys[][2] = {
        { "h", "shows this" },
        { "x", "ends the emulator" },
        { "t", "time stamps before lines, or none again" },
        { "b", "a break (the guest's magic SysRq)" },
        { "c", "on to the next one: console, monitor, ..." },
    };
    g_autofree char *name = key_name();
    g_autoptr(GString) text = g_string_new("\r\n");

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_string_append_printf(text, "%s %s    %s\r\n", name, keys[i][0], keys[i][1]);
    }
    g_string_append_printf(text, "%s %s  itself\r\n", name, name);
    say(m, text->str);
}

static void toggle_stamps(Mux *m)
{
    m->stamps = !m->stamps;
    m->line_start = FALSE; /* the one that has begun has none */
    m->since = clock_now(CLOCK_TYPE_REALTIME);
}

static void handle_key(Mux *m, guint8 key)
{
    MuxPort *port = focus(m);

    switch (key) {
    case 'h':
    case '?':
        print_help(m);
        break;
    case 'x':
        say(m, "QEMU: Terminated\n\r"); /* as QEMU says it: scripts wait for it */
        vm_request_shutdown(SHUTDOWN_HOST_QMP_QUIT);
        break;
    case 't':
        toggle_stamps(m);
        break;
    case 'b':
        if (port) {
            chardev_tell_front(port->front, CHARDEV_BREAK);
        }
        break;
    case 'c':
        if (port) {
            feed(m, port); /* what was typed for it, while it may show what that says */
        }
        if (has_port(m, port)) { /* else another has it already */
            set_focus(m, (m->focus + 1) % m->n_ports);
        }
        break;
    default: /* as QEMU does, nothing */
        break;
    }
}

void chardev_set_mux_key(guint8 key)
{
    mux_key = key;
}

/* FALSE: the focus has no place for it. */
static gboolean take_byte(Mux *m, guint8 byte)
{
    if (m->escape && byte != mux_key) {
        m->escape = FALSE;
        handle_key(m, byte);
        return TRUE;
    }
    if (!m->escape && byte == mux_key) {
        m->escape = TRUE;
        return TRUE;
    }
    if (is_full(focus(m))) {
        return FALSE;
    }
    m->escape = FALSE;
    put_byte(focus(m), byte);
    return TRUE;
}

static void process_input(Mux *m)
{
    guint taken = 0;

    while (taken < m->input->len && take_byte(m, m->input->data[taken])) {
        taken++;
    }
    g_byte_array_remove_range(m->input, 0, MIN(taken, m->input->len)); /* or it has gone */
    feed_all(m);
}

static void go_on(void *opaque)
{
    Mux *m = opaque;

    feed_all(m);
    process_input(m);
    chardev_resume(m->base);
}

static size_t mux_can_receive(void *opaque)
{
    Mux *m = opaque;

    return !m->n_ports || m->input->len || is_full(focus(m)) ? 0 : BUFFER;
}

static void mux_receive(void *opaque, const guint8 *buf, size_t len)
{
    Mux *m = opaque;

    g_byte_array_append(m->input, buf, (guint)len);
    process_input(m);
    if (m->input->len && !is_full(focus(m))) {
        timer_arm(m->more, clock_now(CLOCK_TYPE_REALTIME));
    }
}

static void mux_resume(Chardev *chr, ChardevFront *front)
{
    Mux *m = chr->data;
    const MuxPort *port = port_of(m, front);

    if (port->len || m->input->len) {
        timer_arm(m->more, clock_now(CLOCK_TYPE_REALTIME));
    } else {
        chardev_resume(m->base);
    }
}

/* Events of what is below */

/* What was typed for a guest stays typed; a session ends with its peer. */
static void forget_peer(Mux *m)
{
    m->escape = FALSE;
    g_byte_array_set_size(m->input, 0);
    g_string_truncate(m->own, 0);
    g_queue_clear(&m->waiting);
    for (guint i = 0; i < m->n_ports; i++) {
        m->ports[i]->queued = FALSE;
        if (m->ports[i]->front->user->unchangeable) {
            m->ports[i]->len = 0;
        }
    }
}

static void mux_event(void *opaque, ChardevEvent event)
{
    Mux *m = opaque;

    if (event == CHARDEV_OPENED || event == CHARDEV_CLOSED) {
        m->chr->connected = event == CHARDEV_OPENED;
    }
    if (event == CHARDEV_CLOSED) {
        forget_peer(m);
    }
    tell_all(m, event);
}

static const ChardevUser mux_user = {
    .can_receive = mux_can_receive,
    .receive = mux_receive,
    .event = mux_event,
    .writable = mux_writable,
    .unchangeable = TRUE,
    .opens_itself = TRUE,
};

/* Front ends */

static gboolean mux_attach(Chardev *chr, ChardevFront *front, GError **errp)
{
    Mux *m = chr->data;
    MuxPort *port;

    if (m->n_ports == PORTS_MAX) {
        return error_set(errp,
                         "too many uses of multiplexed chardev '%s' (maximum is %d)",
                         chr->common.id, PORTS_MAX);
    }
    port = g_new0(MuxPort, 1);
    port->front = front;
    m->ports[m->n_ports++] = port;
    chardev_set_open(m->base, TRUE);
    set_focus(m, m->n_ports - 1); /* the last one has it, as in QEMU */
    chardev_resume(m->base);
    return TRUE;
}

static void remove_port(Mux *m, guint at)
{
    MuxPort *port = m->ports[at];

    g_queue_remove(&m->waiting, port);
    m->n_ports--;
    memmove(&m->ports[at], &m->ports[at + 1], (m->n_ports - at) * sizeof(m->ports[0]));
    m->focus -= m->focus > at;
    g_free(port->buf);
    g_free(port);
}

static void mux_detach(Chardev *chr, ChardevFront *front)
{
    Mux *m = chr->data;
    guint at = 0;

    while (m->ports[at]->front != front) {
        at++;
    }
    gboolean had_focus = m->focus == at;
    remove_port(m, at);
    m->focus = m->focus < m->n_ports ? m->focus : 0;
    chardev_set_open(m->base, m->n_ports > 0);
    if (had_focus && m->n_ports) {
        chardev_tell_front(focus(m)->front, CHARDEV_MUX_IN);
    }
    timer_arm(m->more, clock_now(CLOCK_TYPE_REALTIME)); /* input for it is no more */
}

/* Of the mux itself: chardev-send-break. */
static void mux_tell(Chardev *chr, ChardevEvent event)
{
    const MuxPort *port = focus(chr->data);

    if (port) {
        chardev_tell_front(port->front, event);
    }
}

static gboolean mux_is_open(const Chardev *chr)
{
    const Mux *m = chr->data;

    for (guint i = 0; i < m->n_ports; i++) {
        if (m->ports[i]->front->open) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean mux_is_busy(const Chardev *chr)
{
    return ((const Mux *)chr->data)->n_ports > 0;
}

static ChardevFront *mux_below(const Chardev *chr)
{
    return ((const Mux *)chr->data)->base;
}

/* Life */

static Chardev *find_base(const MuxOptions *o, GError **errp)
{
    Chardev *base = chardev_find(o->chardev);

    if (!base) {
        error_set(errp, "mux: base chardev %s not found", o->chardev);
        return NULL;
    }
    if (base->backend == &chardev_mux) {
        error_set(errp, "mux: base chardev %s is a mux itself", o->chardev);
        return NULL;
    }
    return base;
}

static gboolean mux_check(Chardev *chr, GError **errp)
{
    if (chr->common.mux || chr->common.logfile) {
        return error_set(errp, "mux: '%s' is an option of the base chardev",
                         chr->common.mux ? "mux" : "logfile");
    }
    return find_base(chr->options, errp) != NULL;
}

static gboolean mux_open(Chardev *chr, GError **errp)
{
    Chardev *base = find_base(chr->options, errp);
    Mux *m;

    if (!base) {
        return FALSE;
    }
    m = g_new0(Mux, 1);
    m->chr = chr;
    m->input = g_byte_array_new();
    m->own = g_string_new(NULL);
    m->more = timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, go_on, m);
    chr->data = m;
    return chardev_attach(base, &mux_user, m, &m->base, errp);
}

static void mux_free(Chardev *chr)
{
    Mux *m = chr->data;

    if (!m) {
        return;
    }
    while (m->n_ports) {
        g_free(m->ports[0]->front);
        remove_port(m, 0);
    }
    chardev_detach(&m->base);
    timer_free(m->more);
    g_byte_array_unref(m->input);
    g_string_free(m->own, TRUE);
    g_free(m);
}

const ChardevBackend chardev_mux = {
    .type = { "mux", "several front ends on another chardev", mux_rows,
              sizeof(MuxOptions) },
    .check = mux_check,
    .open = mux_open,
    .write = mux_write,
    .resume = mux_resume,
    .attach = mux_attach,
    .detach = mux_detach,
    .tell = mux_tell,
    .is_open = mux_is_open,
    .is_busy = mux_is_busy,
    .below = mux_below,
    .free = mux_free,
};
