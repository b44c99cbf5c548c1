/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -daemonize and -pidfile. Main thread, at start and end of the process. */
#ifndef VIREO_UTIL_DAEMON_H
#define VIREO_UTIL_DAEMON_H

#include <glib.h>

/*
 * Goes on in a child, in a session of its own; the parent stays until the child
 * calls daemon_ready() (exit status 0) or ends (1). Before any thread exists.
 */
gboolean daemon_fork(GError **errp);
/* Set-up is complete: lets the parent go and lets go of stdin, stdout, stderr. */
gboolean daemon_ready(GError **errp);

/* Creates the file, locks it as long as the process lives, and writes the pid. */
gboolean pidfile_create(const char *path, GError **errp);
void pidfile_remove(void);

#endif
