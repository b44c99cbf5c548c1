/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between net.c and the types of back ends: each a file with its rows and its open(). */
#ifndef VIREO_NET_BACKEND_H
#define VIREO_NET_BACKEND_H

#include "net/net.h"

struct NetBackend {
    char *id, *ifname;
    int fd;
    gboolean has_header, has_offloads, attached;
    gboolean restore; /* fd was blocking: others share it */
};

typedef struct NetDriver {
    KindType type;
    /* options: of the rows. Fills in fd, ifname and has_header, or nothing. */
    gboolean (*open)(NetBackend *net, const void *options, GError **errp);
} NetDriver;

extern const NetDriver net_driver_tap;

#endif
