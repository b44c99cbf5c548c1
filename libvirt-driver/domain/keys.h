/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of a keyboard, by the sets of codes that libvirt's clients may use. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* "linux" ... of a virKeycodeSet; NULL: there is no such set. */
const char *keys_set_name(guint set);

/* Whether its codes are known here. */
gboolean keys_set_is_known(guint set);

/* The number by which the emulator knows the key; 0: there is no such key. */
guint keys_number(guint set, guint code);

G_END_DECLS
