/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID files that say by a lock whether their process lives. The lock belongs to the open
 * file, so the process that inherits the descriptor holds it until its end, whatever
 * happens to the daemon.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/*
 * Creates or takes over a PID file and locks it. Returns the descriptor (close-on-exec),
 * or -1 with an error (G_FILE_ERROR); G_FILE_ERROR_AGAIN when someone holds the lock.
 */
int process_pidfile_acquire(const char *path, GError **errp);

/*
 * Whether a process holds the lock of path. *pid gets its number, 0 if the file does not
 * tell. A file that does not exist is held by nobody.
 */
gboolean process_pidfile_held(const char *path, pid_t *pid);

G_END_DECLS
