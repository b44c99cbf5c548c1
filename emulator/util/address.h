/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of TCP sockets, as numbers: nothing here looks a name up. */
#ifndef VIREO_UTIL_ADDRESS_H
#define VIREO_UTIL_ADDRESS_H

#include <glib.h>
#include <sys/socket.h>

typedef struct NetAddress {
    struct sockaddr_storage addr;
    socklen_t len;
} NetAddress;

/*
 * Host and port as NetAddresses, in the order in which to try them, or NULL where one
 * of them is a name. No host (NULL or ""): every address of this machine where it is
 * `passive` (to listen), itself where not. Owned by the caller (g_array_unref).
 */
GArray *address_numeric(const char *host, const char *port, gboolean passive);

#endif
