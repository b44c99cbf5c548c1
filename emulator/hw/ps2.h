/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 keyboard and mouse (IBM Personal System/2 Hardware Interface Technical Reference,
 * "Keyboards", "Mouse"; Microsoft's IntelliMouse for the wheel), as what hangs on an
 * i8042: bytes go to and fro at once. State within the controller's.
 */
#ifndef VIREO_HW_PS2_H
#define VIREO_HW_PS2_H

#include "util/state.h"

#define PS2_REPLY_MAX  5
#define PS2_EVENTS_MAX 64

/* Bytes for the controller: the answer to the last command before any event. */
typedef struct Ps2Queue {
    guint8 reply[PS2_REPLY_MAX], event[PS2_EVENTS_MAX];
    guint32 replies, events;
    guint8 last; /* sent: for "resend" */
} Ps2Queue;

extern const StateDesc ps2_queue_state;

/* The answer to the command that has come in; what was left of an earlier one is gone. */
void ps2_reply(Ps2Queue *queue, const guint8 *bytes, unsigned n);
/* All of it, or nothing where there is no room. */
gboolean ps2_event(Ps2Queue *queue, const guint8 *bytes, unsigned n);
/* The next byte for the controller; FALSE: none. */
gboolean ps2_take(Ps2Queue *queue, guint8 *byte);

typedef struct Ps2Keyboard {
    Ps2Queue queue;
    guint8 command;   /* waits for its parameter; 0: none does */
    guint8 set;       /* of scan codes: 1 to 3 */
    gboolean enabled; /* sends scan codes */
    guint8 leds, rate;
    guint8 modifiers; /* that are down and change what other keys send */
} Ps2Keyboard;

extern const StateDesc ps2_keyboard_state;

void ps2_keyboard_reset(Ps2Keyboard *k);
/* A byte from the controller. */
void ps2_keyboard_write(Ps2Keyboard *k, guint8 byte);
void ps2_keyboard_key(Ps2Keyboard *k, unsigned code, gboolean down);

typedef enum Ps2Button {
    PS2_BUTTON_LEFT,
    PS2_BUTTON_RIGHT,
    PS2_BUTTON_MIDDLE,
    PS2_BUTTON_SIDE,
    PS2_BUTTON_EXTRA,
    PS2_BUTTONS
} Ps2Button;

typedef struct Ps2Mouse {
    Ps2Queue queue;
    guint8 command;
    guint8 id;        /* 0; 3: has a wheel; 4: and five buttons */
    gboolean enabled; /* sends what happens */
    gboolean remote;  /* only when it is asked */
    gboolean wrap;    /* sends back what comes */
    gboolean scaling; /* 2:1: kept, and no more */
    guint8 resolution, rate;
    guint8 rates[2]; /* the two before */
    guint8 buttons, sent_buttons;
    guint32 dx, dy, wheel; /* signed: not sent yet; up is positive */
} Ps2Mouse;

extern const StateDesc ps2_mouse_state;

void ps2_mouse_reset(Ps2Mouse *m);
void ps2_mouse_write(Ps2Mouse *m, guint8 byte);
void ps2_mouse_button(Ps2Mouse *m, Ps2Button button, gboolean down);
void ps2_mouse_move(Ps2Mouse *m, int dx, int dy, int wheel);
/* Sends what has happened, as far as there is room. */
void ps2_mouse_sync(Ps2Mouse *m);

/* A key's codes in the sets 2 and 3; set2 0: there is no such key. */
typedef struct Ps2Key {
    guint8 set2, set3;
    gboolean extended; /* E0 stands before set2 */
} Ps2Key;

/* code: KEY_* of linux/input-event-codes.h. */
const Ps2Key *ps2_key_find(unsigned code);
/* What an i8042 makes of a byte of set 2: that of set 1. */
guint8 ps2_translate(guint8 set2);

#endif
