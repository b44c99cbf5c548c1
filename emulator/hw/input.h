/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between keyboards and mice that the guest sees and whoever has input for them: devices
 * attach themselves, and take what is said here. Nobody says anything yet but the tests:
 * there is no display, and no QMP command. Main thread, under the machine lock.
 */
#ifndef VIREO_HW_INPUT_H
#define VIREO_HW_INPUT_H

#include <glib.h>

typedef enum InputButton {
    INPUT_BUTTON_LEFT,
    INPUT_BUTTON_RIGHT,
    INPUT_BUTTON_MIDDLE,
    INPUT_BUTTON_SIDE,
    INPUT_BUTTON_EXTRA,
    INPUT_BUTTONS
} InputButton;

/* A device; what it has not, is NULL. */
typedef struct InputSink {
    /* code: KEY_* of linux/input-event-codes.h. down again: the key repeats. */
    void (*key)(void *opaque, unsigned code, gboolean down);
    void (*button)(void *opaque, InputButton button, gboolean down);
    /* To the right and down; wheel: towards the user. */
    void (*move)(void *opaque, int dx, int dy, int wheel);
    /* What has been said since the last time happened at once. */
    void (*sync)(void *opaque);
} InputSink;

void input_attach(const InputSink *sink, void *opaque);
void input_detach(void *opaque);

/*
 * To the device that came last of those that take such a thing; FALSE: there is none.
 * input_sync() ends what belongs together.
 */
gboolean input_key(unsigned code, gboolean down);
gboolean input_button(InputButton button, gboolean down);
gboolean input_move(int dx, int dy, int wheel);
void input_sync(void);

#endif
