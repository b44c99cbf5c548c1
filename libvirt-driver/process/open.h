/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that the daemon opens for a VM: on storage that may have stopped to answer. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define PROCESS_OPEN_TIMEOUT_MS 30000

/*
 * open(path, flags | O_CLOEXEC, 0600), for timeout_ms at most. The descriptor, or -errno:
 * -ETIMEDOUT when open has not returned yet; what it opens later is closed. -EBUSY when
 * there are too many already of which that can be said. O_NONBLOCK keeps nobody from
 * waiting for a lease's end, and is not set on the file then.
 */
int process_open_file(const char *path, int flags, guint timeout_ms);

G_END_DECLS
