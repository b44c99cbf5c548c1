/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Closing what a client has given: its server, which may be silent, is told of it. */
#ifndef VIREO_EVENT_SLOW_CLOSE_H
#define VIREO_EVENT_SLOW_CLOSE_H

#include <glib.h>

/*
 * Closes descriptors (of int; taken over, NULL: none) beside the main loop, however many
 * are being closed; here where the host gives no thread and none is there. done (NULL:
 * nobody waits) is told of the end, which may be at once: main loop, under the machine
 * lock, as the call. Gate "close" (gate.h).
 */
void slow_close(GArray *fds, void (*done)(void *opaque), void *opaque);

#endif
