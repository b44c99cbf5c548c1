/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tap devices. One that we make lives as long as a process has it open. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/*
 * Opens a tap device with virtio-net headers and takes it up. *name: its name, or NULL
 * for a new "vnetN", which is then stored there. create: FALSE wants one that exists.
 * bridge (may be NULL): the bridge to put it on. -1 with an error (G_FILE_ERROR).
 */
int process_open_tap(char **name, const char *bridge, gboolean create, GError **errp);

G_END_DECLS
