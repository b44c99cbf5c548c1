/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices, buses and a guest made for tests of the tree. Every step of a toy is traced as
 * "LETTER NAME ", NAME its id, or its part's name:
 *
 *   A acquire, R reserve (pre_plug), r realize, p plug, x reset, ! announce
 *   q quiesce (asked), Q (done), P unplug from the bus, u unrealize, L release, f
 * finalize ? the bus asks the guest, +ID DEVICE_DELETED, -ID DEVICE_UNPLUG_GUEST_ERROR
 *
 * Classes, all on a "slot":
 *
 *   toy    nothing
 *   port   owns a bus of slots, named by its id
 *   whole  a bus of its own with a part "front", of which "core" is a part, and a part
 *          "back"; the rows of all are its own
 */
#ifndef VIREO_TEST_DEVICE_TOYS_H
#define VIREO_TEST_DEVICE_TOYS_H

#include "device/device.h"

typedef struct Toy Toy;
struct Toy {
    Device dev;
    Bus *bus;
    GSList *quiescing; /* Waiter */
    gboolean reserved, plugged;
    guint resets;
    guint32 size, colour, depth;
    char *drive;
    Toy *front, *back, *core;
};

typedef struct Toys {
    GString *trace;
    Bus *slots; /* the board's: "slots.0" */
    /* "r back": where it fails; NULL: nowhere. Then all that may fail: the n-th step. */
    const char *fail_at;
    guint fail_step;                  /* counted from 1; 0: none */
    guint steps;                      /* that may fail, so far */
    gboolean slow_quiesce, slow_host; /* until toys_finish_...() */
    gboolean too_early, guest_is_quick;
    guint live, realized, reserved, plugged, held, asked; /* now; asked: in all */
} Toys;
extern Toys toys;

void toys_set_up(void);
void toys_tear_down(void);
/* Takes and empties the trace. */
void toys_expect(const char *trace);
/* "driver=toy,id=a,...": as -device, or as device_add which may go on waiting. */
Device *toys_add(const char *options, GError **errp);
Device *toys_plug(const char *options);
typedef struct ToysPlug {
    gboolean done;
    GError *error;
} ToysPlug;
void toys_plug_later(const char *options, ToysPlug *plug);
/* Calls what waits for the device; for any. FALSE: nothing has waited. */
gboolean toys_finish_quiesce(Device *dev);
gboolean toys_finish_any(guint random);
/* What the host has been asked first. */
gboolean toys_finish_host(GError *error);
/* How often the event has come for the device's path, and when first (0: never). */
guint toys_deleted(const char *path, guint *when);
guint toys_refused(const char *path);

#endif
