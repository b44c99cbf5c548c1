/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that the daemon makes for a VM or for a migration. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/*
 * A listening UNIX socket at path with mode 0600. A socket in its place that no process
 * has any more is removed; one that is in use, and any other file, is not. -1 with an
 * error (G_FILE_ERROR).
 */
int process_listen_unix(const char *path, GError **errp);

/* Removes the socket at path, if it is one, and no process has it any more. */
void process_remove_unix(const char *path);

/*
 * A connected UNIX socket. -1 with an error (G_FILE_ERROR): G_FILE_ERROR_AGAIN when who
 * listens there has not made room in its queue within timeout_ms.
 */
int process_connect_unix(const char *path, guint timeout_ms, GError **errp);

/*
 * A listening TCP socket on the first free port of min..max (both included). address may
 * be NULL: all addresses. *port gets the port. -1 with an error (G_FILE_ERROR).
 */
int process_listen_tcp(const char *address, guint min, guint max, guint *port,
                       GError **errp);

/*
 * Connects to host:port, trying all its addresses, within timeout_ms. The socket
 * returned is blocking. -1 with an error (G_FILE_ERROR).
 */
int process_connect_tcp(const char *host, guint port, int timeout_ms, GError **errp);

G_END_DECLS
