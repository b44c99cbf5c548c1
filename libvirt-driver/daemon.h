/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes the process a daemon: background, lock, sockets, the end. */
#pragma once
#include "daemon-options.h"
#include "rpc/server.h"
#include "util/paths.h"

G_BEGIN_DECLS

/*
 * Goes on in a child without a terminal; the caller's process waits and exits with 0 when
 * daemon_ready is called, with 1 when the child ends before. Before any thread exists.
 */
gboolean daemon_detach(GError **errp);

/* The daemon serves: the process that waits for it may exit. */
void daemon_ready(void);

/*
 * Takes the lock of the only daemon, which it keeps until its end, and writes the PID.
 * Returns the descriptor, or -1 with an error.
 */
int daemon_lock(const DriverPaths *paths, GError **errp);
/* Removes the PID file, unless another has its name by now, and closes. */
void daemon_unlock(int fd);

/* Tells of an emulator that cannot be run: nothing else may name it for a long time. */
void daemon_check_emulator(const char *path);

/* Listens where the options, the paths, or systemd say. */
gboolean daemon_listen(RpcServer *server, const DriverPaths *paths,
                       const DaemonOptions *options, GError **errp);

/*
 * Runs the default main context until SIGTERM or SIGINT, or, with a timeout,
 * until there was neither a client nor a reason to stay (busy, may be NULL) for so many
 * seconds.
 */
void daemon_run(RpcServer *server, int timeout, gboolean (*busy)(gpointer opaque),
                gpointer opaque);

G_END_DECLS
