/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests, a host that does not answer (event/slow.h): by the name of what it is asked
 * for, a block node's or an object's, because what is on its way cannot be found.
 */
#ifndef VIREO_EVENT_GATE_H
#define VIREO_EVENT_GATE_H

#include <glib.h>

/* Main loop, before all else: there are gates. */
void gate_enable(void);
/* On the thread of a slow call, before the host is asked. */
void gate_pass(const char *name);
/* See block/testing.h. NULL: not one of its commands. */
char *gate_command(const char *name, const char *command);

#endif
