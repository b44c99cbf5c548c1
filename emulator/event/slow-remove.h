/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing a socket that we have listened on: its directory's server may be silent. */
#ifndef VIREO_EVENT_SLOW_REMOVE_H
#define VIREO_EVENT_SLOW_REMOVE_H

#include "util/created.h"

/*
 * created_remove() beside the main loop; here where the host gives no thread, and where
 * the process ends before it is done. Main loop, under the machine lock, after the start.
 * Gate "unlink" (gate.h).
 */
void slow_remove(FileName *name);

#endif
