/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals that the daemon makes for a VM that may not open any. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/*
 * The master side of a new pseudo terminal, whose other side is in raw mode and is
 * nobody's yet: the master reports a hang-up. -1 with an error (G_FILE_ERROR). Any
 * thread.
 */
int process_open_pty(GError **errp);

G_END_DECLS
