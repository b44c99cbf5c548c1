/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing a socket that we have listened on: its directory's server may be silent. */
#ifndef VIREO_EVENT_SLOW_REMOVE_H
#define VIREO_EVENT_SLOW_REMOVE_H

#include "util/created.h"

/*
 * created_remove() beside the main loop; here where the host gives no thread and none is
 * there. Main loop, under the machine lock, after the start. Gate "unlink" (gate.h).
 *
 * A process that ends removes here, as it does its other sockets, what no thread has come
 * to. It does not ask a second time for what a thread has asked: that may never be
 * answered, and so the socket may stay. Nobody listens on it: the next one replaces it.
 */
void slow_remove(FileName *name);

#endif
