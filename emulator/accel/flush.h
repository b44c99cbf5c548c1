/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flush of a VM that has been stopped (quiesce.c), for who would take a disk away
 * meanwhile. Main loop, under the machine lock.
 */
#ifndef VIREO_ACCEL_FLUSH_H
#define VIREO_ACCEL_FLUSH_H

#include <glib.h>

/* It is under way: every disk that has a user stays where it is. */
gboolean vm_flushing(void);
/* Called at the end of each; one at a time wants that. */
void vm_set_flushed(void (*fn)(void));

#endif
