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
/* The last step that can fail: lets go of stdin, stdout, stderr and the directory. */
gboolean daemon_detach(GError **errp);
/* Set-up is complete: lets the parent go. */
void daemon_ready(void);

/* Opens or creates the file and locks it as long as the process lives. */
gboolean pidfile_lock(const char *path, GError **errp);
/* Puts the pid in; nothing to do where no file is locked. */
gboolean pidfile_write(GError **errp);
/* One that must stay (-sandbox files=deny) is empty then. */
void pidfile_remove(void);

#endif
