/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of stream sockets: a path, host and port, or an inherited descriptor. */
#ifndef VIREO_CHARDEV_SOCKET_ADDRESS_H
#define VIREO_CHARDEV_SOCKET_ADDRESS_H

#include <glib.h>
#include <sys/socket.h>

#include "util/created.h"

typedef struct SocketAddress {
    /* As they were given, somebody else's; NULL: not. */
    const char *path;        /* unix */
    const char *host, *port; /* tcp */
    const char *fd_text;     /* an inherited descriptor's number */
    int fd;                  /* that, claimed; or -1 */
    int shared_fd;           /* that descriptor in use, which was blocking; or -1 */
    FileName *made;          /* a listening socket, from created_bind() */
    guint16 bound_port;      /* a listening socket's of tcp: the host chooses for 0 */
    /* Where the last attempt to connect went to. */
    struct sockaddr_storage peer;
    socklen_t peer_len;
} SocketAddress;

/* Checks what was given, and claims fd. What was zero before may be cleared after. */
gboolean socket_address_init(SocketAddress *addr, GError **errp);
void socket_address_clear(SocketAddress *addr);
/* "unix:PATH", owned; of what listens, the port that it has. */
char *socket_address_describe(const SocketAddress *addr);

/* A listening descriptor (unix: mode 0600), or -1. Takes over addr->fd. */
int socket_address_listen(SocketAddress *addr, GError **errp);
/*
 * A connected descriptor, or -1. Takes over addr->fd. Resolves the host's name and
 * waits for the connection: only for the start of the process.
 */
int socket_address_connect(SocketAddress *addr, GError **errp);
/*
 * Once more to the same peer, without waiting: a descriptor that is connected when
 * it becomes writable (socket_address_connected() then tells), or -1.
 */
int socket_address_reconnect(const SocketAddress *addr);
gboolean socket_address_connected(int fd);
/* Of any descriptor from here: one that others share gets back what it was. */
void socket_address_close(SocketAddress *addr, int fd);

#endif
