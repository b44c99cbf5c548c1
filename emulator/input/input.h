/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between whoever has input (QMP, later a display) and the keyboards, mice and tablets
 * that the guest sees. A device adds a handler that says which kinds of events it takes;
 * an event goes to one handler: of those that take its kind the one that was activated
 * last, or, when none was, the one that was added first. A tablet has buttons and a
 * wheel, but does not move by steps: what the wheel does goes where the buttons go.
 *
 * All of it in the main loop or a vCPU's access, under the machine lock.
 */
#ifndef VIREO_INPUT_INPUT_H
#define VIREO_INPUT_INPUT_H

#include <glib.h>

typedef enum { INPUT_KEY, INPUT_BUTTON, INPUT_REL, INPUT_ABS } InputKind;

enum { INPUT_X, INPUT_Y, INPUT_WHEEL }; /* codes of INPUT_REL and INPUT_ABS */
#define INPUT_ABS_MAX 0x7fff

/*
 * KEY, BUTTON: code as in linux/input-event-codes.h, value 1 pressed, 0 released. REL:
 * steps to the right, down; of the wheel away from the user. ABS: X and Y from 0 to
 * INPUT_ABS_MAX.
 */
typedef struct InputEvent {
    InputKind kind;
    guint code;
    gint32 value;
} InputEvent;

typedef struct InputHandlerOps {
    guint kinds; /* bits 1 << InputKind */
    void (*event)(void *opaque, const InputEvent *event);
    /* What has been said since the last time happened at once. NULL: it is all the same.
     */
    void (*sync)(void *opaque);
} InputHandlerOps;

typedef struct InputHandler InputHandler;

/* ops and opaque are borrowed until the handler is removed. name: for messages, copied.
 */
InputHandler *input_handler_add(const char *name, const InputHandlerOps *ops,
                                void *opaque);
/* The newest activated one of a kind gets it: a guest has begun to use the device. */
void input_handler_activate(InputHandler *handler);
void input_handler_remove(InputHandler *handler); /* NULL: nothing */

/* Who would get an event of the kind; NULL: nobody. Its name is borrowed. */
const char *input_handler_name(InputKind kind);
/* FALSE: nobody takes it. A value that the kind cannot have is brought into its range. */
gboolean input_event_send(const InputEvent *event);
/* To each that has got an event since the last one. */
void input_event_sync(void);

#endif
