/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typing: keys that are held down for a time, one set after the other. Main loop, under
 * the machine lock.
 */
#ifndef VIREO_INPUT_TYPE_H
#define VIREO_INPUT_TYPE_H

#include <glib.h>

#define INPUT_TYPE_MAX 1024 /* keys that wait at most */

/*
 * Presses the keys (Linux's codes) in this order and, hold milliseconds of the guest's
 * time later, lets go of them in the other; when earlier ones are still held, after
 * those. FALSE: too many wait.
 */
gboolean input_type(const guint *codes, guint n, guint hold);
void input_type_cleanup(void);

#endif
