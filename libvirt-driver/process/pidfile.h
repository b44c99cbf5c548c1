/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID files that say by a lock whether their process lives. The lock belongs to the open
 * file, so the process that inherits the descriptor holds it until its end, whatever
 * happens to the daemon. Only the daemon's user can open such a file (mode 0600), or
 * anybody could hold its lock, with a shared one at that, and pass for the process.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/*
 * What can be said of a process. "It could not be found out" is not "it has ended": who
 * takes the one for the other starts a second emulator on the same disks.
 */
typedef enum ProcessState {
    PROCESS_ENDED,
    PROCESS_LIVES,
    PROCESS_UNKNOWN, /* no descriptor or memory is left, /proc is hidden, ... */
} ProcessState;

/*
 * Creates or takes over a PID file and locks it. Returns the descriptor (close-on-exec),
 * or -1 with an error (G_FILE_ERROR); G_FILE_ERROR_AGAIN when someone holds the lock.
 */
int process_pidfile_acquire(const char *path, GError **errp);

/*
 * Opens the process that holds the lock of path. start_time is what process_start_time()
 * said of it when it was young, or 0: not known. A file that is not there is held by
 * nobody; but the process *pid, if it is not 0, lives as long as it has that start_time.
 * With PROCESS_LIVES, *pid is its number and *pidfd a descriptor of it that is the
 * caller's; with PROCESS_UNKNOWN there is an error (G_FILE_ERROR) that says why.
 */
ProcessState process_pidfile_open(const char *path, guint64 start_time, pid_t *pid,
                                  int *pidfd, GError **errp);

G_END_DECLS
