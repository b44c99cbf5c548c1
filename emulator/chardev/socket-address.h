/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of stream sockets: a path, host and port, or an inherited descriptor. */
#ifndef VIREO_CHARDEV_SOCKET_ADDRESS_H
#define VIREO_CHARDEV_SOCKET_ADDRESS_H

#include "config/node.h"

typedef struct SocketAddress {
    char *path;        /* unix */
    char *host, *port; /* tcp */
    int fd;            /* inherited, or -1 */
} SocketAddress;

gboolean socket_address_read(SocketAddress *addr, ConfigNode *node, GError **errp);
void socket_address_clear(SocketAddress *addr);
char *socket_address_describe(const SocketAddress *addr); /* "unix:PATH", owned */

/* A listening descriptor (unix: mode 0600), or -1. Takes over addr->fd. */
int socket_address_listen(SocketAddress *addr, GError **errp);
/* A connected descriptor, or -1. Takes over addr->fd. May wait for the peer's host. */
int socket_address_connect(SocketAddress *addr, GError **errp);

#endif
