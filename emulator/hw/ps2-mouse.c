/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mouse: standard, with a wheel, or with five buttons, as the sample rates that a
 * driver sets one after the other ask for. In stream mode what happens is sent at once;
 * what there is no room for is summed up and sent later.
 */
#include "config.h"

#include <string.h>

#include "hw/ps2.h"

#define CMD_SCALING_1  0xe6
#define CMD_SCALING_2  0xe7
#define CMD_RESOLUTION 0xe8
#define CMD_STATUS     0xe9
#define CMD_STREAM     0xea
#define CMD_POLL       0xeb
#define CMD_UNWRAP     0xec
#define CMD_WRAP       0xee
#define CMD_REMOTE     0xf0
#define CMD_IDENTIFY   0xf2
#define CMD_RATE       0xf3
#define CMD_ENABLE     0xf4
#define CMD_DISABLE    0xf5
#define CMD_DEFAULTS   0xf6
#define CMD_RESEND     0xfe
#define CMD_RESET      0xff

#define ACK       0xfa
#define NAK       0xfe
#define ERROR     0xfc
#define TEST_DONE 0xaa

#define STATUS_REMOTE  0x40
#define STATUS_ENABLED 0x20
#define STATUS_SCALING 0x10

#define PACKET_ALWAYS 0x08
#define PACKET_X_SIGN 0x10
#define PACKET_Y_SIGN 0x20
#define PACKET_MAX    4

/* Ps2Button is a bit number; the first byte has left, right, middle in that order. */
#define BUTTONS_3     0x07
#define BUTTONS_EXTRA 0x18

#define DEFAULT_RATE       100
#define DEFAULT_RESOLUTION 2
#define SUM_MAX            4096 /* of what is not sent yet, to each side */

static void forget(Ps2Mouse *m)
{
    m->dx = m->dy = m->wheel = 0;
    m->sent_buttons = m->buttons;
    m->queue.events = 0;
}

static void defaults(Ps2Mouse *m)
{
    m->rate = DEFAULT_RATE;
    m->resolution = DEFAULT_RESOLUTION;
    m->scaling = m->enabled = m->remote = m->wrap = FALSE;
    forget(m);
}

/* The fingers stay where they are. */
void ps2_mouse_reset(Ps2Mouse *m)
{
    guint8 buttons = m->buttons;

    memset(m, 0, sizeof(*m));
    m->buttons = buttons;
    defaults(m);
}

static void reply(Ps2Mouse *m, guint8 byte)
{
    ps2_reply(&m->queue, &byte, 1);
}

static void set_rate(Ps2Mouse *m, guint8 rate)
{
    if (m->rates[0] == 200 && m->rates[1] == 100 && rate == 80) {
        m->id = 3;
    } else if (m->rates[0] == 200 && m->rates[1] == 200 && rate == 80) {
        m->id = 4;
    }
    m->rates[0] = m->rates[1];
    m->rates[1] = rate;
    m->rate = rate;
}

static void parameter(Ps2Mouse *m, guint8 byte)
{
    reply(m, ACK);
    if (m->command == CMD_RATE) {
        set_rate(m, byte);
    } else if (byte <= 3) {
        m->resolution = byte;
    } else {
        reply(m, ERROR);
    }
    m->command = 0;
}

static int part(guint32 *sum, int min, int max)
{
    int n = CLAMP((gint32)*sum, min, max);

    *sum -= (guint32)n;
    return n;
}

/* What has happened since the last one; returns its length. */
static unsigned make_packet(Ps2Mouse *m, guint8 packet[PACKET_MAX])
{
    int dx = part(&m->dx, -255, 255), dy = part(&m->dy, -255, 255);

    m->sent_buttons = m->buttons;
    packet[0] = PACKET_ALWAYS | (m->buttons & BUTTONS_3) | (dx < 0 ? PACKET_X_SIGN : 0) |
                (dy < 0 ? PACKET_Y_SIGN : 0);
    packet[1] = (guint8)dx;
    packet[2] = (guint8)dy;
    if (m->id == 4) {
        packet[3] = (part(&m->wheel, -8, 7) & 0x0f) | (m->buttons & BUTTONS_EXTRA) << 1;
    } else if (m->id == 3) {
        packet[3] = (guint8)part(&m->wheel, -127, 127);
    } else {
        m->wheel = 0;
    }
    return m->id ? 4 : 3;
}

static void send_status(Ps2Mouse *m)
{
    /* Left, middle, right from bit 2 down. */
    guint8 buttons =
        (m->buttons & 1) << 2 | (m->buttons & 4) >> 1 | (m->buttons & 2) >> 1;
    guint8 status = buttons | (m->remote ? STATUS_REMOTE : 0) |
                    (m->enabled ? STATUS_ENABLED : 0) | (m->scaling ? STATUS_SCALING : 0);

    ps2_reply(&m->queue, (guint8[]){ ACK, status, m->resolution, m->rate }, 4);
}

static void send_poll(Ps2Mouse *m)
{
    guint8 answer[1 + PACKET_MAX] = { ACK };

    m->queue.events = 0;
    ps2_reply(&m->queue, answer, 1 + make_packet(m, answer + 1));
}

static void set_mode(Ps2Mouse *m, guint8 byte)
{
    forget(m);
    switch (byte) {
    case CMD_STREAM:
        m->remote = FALSE;
        break;
    case CMD_REMOTE:
        m->remote = TRUE;
        break;
    case CMD_WRAP:
        m->wrap = TRUE;
        break;
    case CMD_ENABLE:
        m->enabled = TRUE;
        break;
    case CMD_DISABLE:
        m->enabled = FALSE;
        break;
    case CMD_DEFAULTS:
        defaults(m);
        break;
    }
}

static void command(Ps2Mouse *m, guint8 byte)
{
    reply(m, ACK);
    switch (byte) {
    case CMD_SCALING_1:
    case CMD_SCALING_2:
        m->scaling = byte == CMD_SCALING_2;
        break;
    case CMD_RESOLUTION:
    case CMD_RATE:
        m->command = byte;
        break;
    case CMD_STATUS:
        send_status(m);
        break;
    case CMD_POLL:
        send_poll(m);
        break;
    case CMD_UNWRAP:
        break;
    case CMD_STREAM:
    case CMD_WRAP:
    case CMD_REMOTE:
    case CMD_ENABLE:
    case CMD_DISABLE:
    case CMD_DEFAULTS:
        set_mode(m, byte);
        break;
    case CMD_IDENTIFY:
        ps2_reply(&m->queue, (guint8[]){ ACK, m->id }, 2);
        break;
    case CMD_RESEND:
        reply(m, m->queue.last);
        break;
    case CMD_RESET:
        ps2_mouse_reset(m);
        ps2_reply(&m->queue, (guint8[]){ ACK, TEST_DONE, 0 }, 3);
        break;
    default:
        reply(m, NAK);
    }
}

void ps2_mouse_write(Ps2Mouse *m, guint8 byte)
{
    if (m->wrap && byte == CMD_UNWRAP) {
        m->wrap = FALSE;
        reply(m, ACK);
    } else if (m->wrap && byte != CMD_RESET) {
        reply(m, byte);
    } else if (m->command) {
        parameter(m, byte);
    } else {
        command(m, byte);
    }
}

void ps2_mouse_button(Ps2Mouse *m, Ps2Button button, gboolean down)
{
    guint8 bit = (guint8)(1 << button);

    m->buttons = down ? m->buttons | bit : m->buttons & ~bit;
}

static void add(guint32 *sum, int n)
{
    gint64 total = (gint64)(gint32)*sum + n;

    *sum = (guint32)(gint32)CLAMP(total, -SUM_MAX, SUM_MAX);
}

void ps2_mouse_move(Ps2Mouse *m, int dx, int dy, int wheel)
{
    add(&m->dx, dx);
    add(&m->dy, dy == G_MININT ? G_MAXINT : -dy);
    add(&m->wheel, wheel);
}

void ps2_mouse_sync(Ps2Mouse *m)
{
    guint8 packet[PACKET_MAX];

    if (!m->enabled || m->remote || m->wrap) {
        m->queue.events = 0;
        if (!m->remote) {
            forget(m);
        }
        return;
    }
    while (m->queue.events + PACKET_MAX <= PS2_EVENTS_MAX &&
           (m->dx || m->dy || m->wheel || m->buttons != m->sent_buttons)) {
        ps2_event(&m->queue, packet, make_packet(m, packet));
    }
}

static gboolean mouse_post_load(void *opaque, guint32 version, GError **errp)
{
    Ps2Mouse *m = opaque;

    m->id = m->id == 1 || m->id == 2 ? 0 : m->id;
    add(&m->dx, 0);
    add(&m->dy, 0);
    add(&m->wheel, 0);
    return TRUE;
}

#define MOUSE_FIELD(name_, type_, member_, ...)                                          \
    STATE_FIELD(name_, type_, Ps2Mouse, member_, __VA_ARGS__)

const StateDesc ps2_mouse_state = {
    .name = "ps2/mouse",
    .version = 1,
    .fields =
        (const StateField[]){
            MOUSE_FIELD("queue", STATE_STRUCT, queue, .nested = &ps2_queue_state),
            MOUSE_FIELD("command", STATE_U8, command),
            MOUSE_FIELD("id", STATE_U8, id, .limit = 4),
            MOUSE_FIELD("enabled", STATE_BOOL, enabled),
            MOUSE_FIELD("remote", STATE_BOOL, remote),
            MOUSE_FIELD("wrap", STATE_BOOL, wrap),
            MOUSE_FIELD("scaling", STATE_BOOL, scaling),
            MOUSE_FIELD("resolution", STATE_U8, resolution, .limit = 3),
            MOUSE_FIELD("rate", STATE_U8, rate),
            STATE_ARRAY("rates", STATE_BYTES, Ps2Mouse, rates, 2),
            MOUSE_FIELD("buttons", STATE_U8, buttons, .limit = (1 << PS2_BUTTONS) - 1),
            MOUSE_FIELD("sent-buttons", STATE_U8, sent_buttons,
                        .limit = (1 << PS2_BUTTONS) - 1),
            MOUSE_FIELD("dx", STATE_U32, dx),
            MOUSE_FIELD("dy", STATE_U32, dy),
            MOUSE_FIELD("wheel", STATE_U32, wheel),
            { NULL },
        },
    .post_load = mouse_post_load,
};
