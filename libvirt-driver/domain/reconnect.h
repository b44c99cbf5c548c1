/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the VMs again that an earlier daemon has left running. */
#pragma once
#include "domain/driver.h"

G_BEGIN_DECLS

/*
 * For store_foreach, when the daemon starts: takes over the VM of a status file, on a
 * thread that is added to the driver's, or clears up after it.
 */
void vm_reconnect(const char *path, const char *name, gpointer driver);

/*
 * The same for a PID file, after all status files: a process of a VM that is defined but
 * whose status could not be read is shown, so that it can be destroyed.
 */
void vm_reconnect_orphan(const char *path, const char *name, gpointer driver);

/*
 * Looks again at what could not be found out before: whether a process lives, and what
 * is in a status file. Returns TRUE when all is known. One caller at a time.
 */
gboolean vm_reconnect_settle(Driver *driver);

G_END_DECLS
