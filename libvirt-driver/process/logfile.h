/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of a VM: its process writes to it for as long as it lives, so it must not grow
 * for ever. One that has become too large is moved aside, NAME to NAME.0, to NAME.1 and
 * so on, the oldest going; that of a process that runs is copied and cut instead, which
 * its descriptor (O_APPEND) follows.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define PROCESS_LOG_MAX  (2 * 1024 * 1024) /* bytes, as virtlogd */
#define PROCESS_LOG_KEPT 3                 /* older ones */

/*
 * Opens the log for a process that is about to start, in place of a large one. *size
 * gets where it begins. The descriptor is close-on-exec. -1 with an error (G_FILE_ERROR).
 */
int process_log_open(const char *path, goffset *size, GError **errp);

/* Cuts the log of a process that runs, if it is too large. */
void process_log_limit(const char *path);

G_END_DECLS
