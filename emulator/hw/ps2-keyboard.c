/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard. It knows all three sets of scan codes, and sends set 2 until told; the
 * controller makes set 1 of that. Keys repeat when whoever presses them says so; rates
 * and per-key types are acknowledged, and no more. A key for which there is no room is
 * lost, as with a real one.
 */
#include "config.h"

#include <linux/input-event-codes.h>
#include <string.h>

#include "hw/ps2.h"

#define CMD_LEDS     0xed
#define CMD_ECHO     0xee
#define CMD_SET      0xf0
#define CMD_IDENTIFY 0xf2
#define CMD_RATE     0xf3
#define CMD_ENABLE   0xf4
#define CMD_DISABLE  0xf5
#define CMD_DEFAULTS 0xf6
#define CMD_ALL      0xf7 /* to CMD_ALL_LAST: a type for all keys */
#define CMD_ALL_LAST 0xfa
#define CMD_KEY      0xfb /* to CMD_KEY_LAST: a type for a key */
#define CMD_KEY_LAST 0xfd
#define CMD_RESEND   0xfe
#define CMD_RESET    0xff

#define ACK       0xfa
#define RESEND    0xfe
#define TEST_DONE 0xaa

#define BREAK2   0xf0
#define EXTENDED 0xe0
#define PAUSE    0xe1

#define DEFAULT_RATE 0x2b /* 10.9 a second after 0.5 s */
#define LEDS_MASK    0x07
#define RATE_MASK    0x7f

#define MOD_CTRL  0x01
#define MOD_SHIFT 0x02
#define MOD_ALT   0x04
#define MODIFIERS (MOD_CTRL | MOD_SHIFT | MOD_ALT)

/* What belongs to a key, as it is put together. */
typedef struct Codes {
    guint8 bytes[8];
    unsigned n;
} Codes;

static void defaults(Ps2Keyboard *k)
{
    k->set = 2;
    k->rate = DEFAULT_RATE;
    k->queue.events = 0;
}

void ps2_keyboard_reset(Ps2Keyboard *k)
{
    memset(k, 0, sizeof(*k));
    defaults(k);
    k->enabled = TRUE;
}

static void reply(Ps2Keyboard *k, guint8 byte)
{
    ps2_reply(&k->queue, &byte, 1);
}

static void parameter(Ps2Keyboard *k, guint8 byte)
{
    guint8 command = k->command;

    k->command = 0;
    reply(k, ACK);
    if (command == CMD_LEDS) {
        k->leds = byte & LEDS_MASK;
    } else if (command == CMD_RATE) {
        k->rate = byte & RATE_MASK;
    } else if (command == CMD_SET && byte == 0) {
        ps2_reply(&k->queue, (guint8[]){ ACK, k->set }, 2);
    } else if (command == CMD_SET && byte <= 3) {
        k->set = byte;
        k->queue.events = 0;
    } else if (command == CMD_SET) {
        reply(k, RESEND);
    } else {
        k->command = command; /* types of keys: more may follow */
    }
}

static void command(Ps2Keyboard *k, guint8 byte)
{
    k->command = 0;
    reply(k, ACK);
    switch (byte) {
    case CMD_LEDS:
    case CMD_SET:
    case CMD_RATE:
    case CMD_KEY ... CMD_KEY_LAST:
        k->command = byte;
        break;
    case CMD_ECHO:
        reply(k, CMD_ECHO);
        break;
    case CMD_IDENTIFY:
        ps2_reply(&k->queue, (guint8[]){ ACK, 0xab, 0x83 }, 3);
        break;
    case CMD_ENABLE:
        k->enabled = TRUE;
        k->queue.events = 0;
        break;
    case CMD_DISABLE:
        defaults(k);
        k->enabled = FALSE;
        break;
    case CMD_DEFAULTS:
        defaults(k);
        break;
    case CMD_ALL ... CMD_ALL_LAST:
        break;
    case CMD_RESET:
        ps2_keyboard_reset(k);
        ps2_reply(&k->queue, (guint8[]){ ACK, TEST_DONE }, 2);
        break;
    case CMD_RESEND:
        reply(k, k->queue.last);
        break;
    default:
        reply(k, RESEND);
    }
}

void ps2_keyboard_write(Ps2Keyboard *k, guint8 byte)
{
    if (k->command && byte < CMD_LEDS) {
        parameter(k, byte);
    } else {
        command(k, byte);
    }
}

static void put(Codes *codes, guint8 byte)
{
    codes->bytes[codes->n++] = byte;
}

/* A code of set 2 in the set that is wanted. */
static void put_code(Codes *codes, guint8 set, guint8 prefix, guint8 set2, gboolean down)
{
    if (prefix) {
        put(codes, prefix);
    }
    if (set == 1) {
        put(codes, ps2_translate(set2) | (down ? 0 : 0x80));
        return;
    }
    if (!down) {
        put(codes, BREAK2);
    }
    put(codes, set2);
}

static void put_set3(Codes *codes, guint8 set3, gboolean down)
{
    if (set3 && !down) {
        put(codes, BREAK2);
    }
    if (set3) {
        put(codes, set3);
    }
}

/* Print Screen comes with a shift of its own, unless that or Ctrl is down anyway. */
static void put_print(Codes *codes, const Ps2Keyboard *k, gboolean down)
{
    gboolean shift = !(k->modifiers & (MOD_CTRL | MOD_SHIFT));

    if (k->modifiers & MOD_ALT) {
        put_code(codes, k->set, 0, 0x84, down); /* SysRq */
        return;
    }
    if (shift && down) {
        put_code(codes, k->set, EXTENDED, 0x12, TRUE);
    }
    put_code(codes, k->set, EXTENDED, 0x7c, down);
    if (shift && !down) {
        put_code(codes, k->set, EXTENDED, 0x12, FALSE);
    }
}

/* Pause sends make and break when it goes down; with Ctrl it is Break. */
static void put_pause(Codes *codes, const Ps2Keyboard *k, gboolean down)
{
    if (!down) {
        return;
    }
    if (k->modifiers & MOD_CTRL) {
        put_code(codes, k->set, EXTENDED, 0x7e, TRUE);
        put_code(codes, k->set, EXTENDED, 0x7e, FALSE);
        return;
    }
    put_code(codes, k->set, PAUSE, 0x14, TRUE);
    put_code(codes, k->set, 0, 0x77, TRUE);
    put_code(codes, k->set, PAUSE, 0x14, FALSE);
    put_code(codes, k->set, 0, 0x77, FALSE);
}

static guint8 modifier(unsigned code)
{
    switch (code) {
    case KEY_LEFTCTRL:
    case KEY_RIGHTCTRL:
        return MOD_CTRL;
    case KEY_LEFTSHIFT:
    case KEY_RIGHTSHIFT:
        return MOD_SHIFT;
    case KEY_LEFTALT:
    case KEY_RIGHTALT:
        return MOD_ALT;
    default:
        return 0;
    }
}

void ps2_keyboard_key(Ps2Keyboard *k, unsigned code, gboolean down)
{
    const Ps2Key *key = ps2_key_find(code);
    guint8 mod = modifier(code);
    Codes codes = { .n = 0 };

    k->modifiers = down ? k->modifiers | mod : k->modifiers & ~mod;
    if (!key || !k->enabled) {
        return;
    }
    if (k->set == 3) {
        put_set3(&codes, key->set3, down);
    } else if (code == KEY_SYSRQ) {
        put_print(&codes, k, down);
    } else if (code == KEY_PAUSE) {
        put_pause(&codes, k, down);
    } else {
        put_code(&codes, k->set, key->extended ? EXTENDED : 0, key->set2, down);
    }
    ps2_event(&k->queue, codes.bytes, codes.n);
}

static gboolean keyboard_post_load(void *opaque, guint32 version, GError **errp)
{
    Ps2Keyboard *k = opaque;

    k->set = MAX(k->set, 1);
    return TRUE;
}

#define KEYBOARD_FIELD(name_, type_, member_, ...)                                       \
    STATE_FIELD(name_, type_, Ps2Keyboard, member_, __VA_ARGS__)

const StateDesc ps2_keyboard_state = {
    .name = "ps2/keyboard",
    .version = 1,
    .fields =
        (const StateField[]){
            KEYBOARD_FIELD("queue", STATE_STRUCT, queue, .nested = &ps2_queue_state),
            KEYBOARD_FIELD("command", STATE_U8, command),
            KEYBOARD_FIELD("set", STATE_U8, set, .limit = 3),
            KEYBOARD_FIELD("enabled", STATE_BOOL, enabled),
            KEYBOARD_FIELD("leds", STATE_U8, leds, .limit = LEDS_MASK),
            KEYBOARD_FIELD("rate", STATE_U8, rate, .limit = RATE_MASK),
            KEYBOARD_FIELD("modifiers", STATE_U8, modifiers, .limit = MODIFIERS),
            { NULL },
        },
    .post_load = keyboard_post_load,
};
