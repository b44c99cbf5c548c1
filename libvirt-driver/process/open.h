/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that the daemon looks at or opens for a VM: on storage that may have stopped to
 * answer. */
#pragma once
#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

#define PROCESS_OPEN_TIMEOUT_MS 30000

/*
 * open(path, flags | O_CLOEXEC, 0600), for timeout_ms at most. The descriptor, or -errno:
 * -ETIMEDOUT when open has not returned yet; what it opens later is closed. -EBUSY, at
 * once, while an earlier call with this path has not returned yet, or too many others.
 * O_NONBLOCK keeps nobody from waiting for a lease's end, and is not set on the file
 * then.
 */
int process_open_file(const char *path, int flags, guint timeout_ms);

/* The same for stat(path, st): 0 or -errno. */
int process_stat_file(const char *path, struct stat *st, guint timeout_ms);

/* How many paths there are that nobody waits for any more. */
guint process_stuck_files(void);

G_END_DECLS
