/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel has counted of a network device. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct NetdevSide {
    guint64 bytes, packets, errors, dropped;
} NetdevSide;

typedef struct NetdevStats {
    NetdevSide rx, tx;
} NetdevStats;

/* Of the device @name in the caller's network namespace. G_FILE_ERROR. */
gboolean process_netdev_stats(const char *name, NetdevStats *stats, GError **errp);

/*
 * The IPv4 addresses with this MAC address that the kernel has found in the networks of
 * the host, as texts; an array that owns them.
 */
GPtrArray *process_neighbours(const guint8 mac[6]);

G_END_DECLS
