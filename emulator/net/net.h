/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network back ends: `-netdev` makes them, by id. Today: tap (by ifname or fd).
 *
 * Data path: the user (a NIC) owns the tap's descriptor while attached and reads
 * and writes it from its own loop with the virtio-net header it has agreed on, or
 * without one where the tap has none.
 */
#ifndef VIREO_NET_NET_H
#define VIREO_NET_NET_H

#include "config/kind.h"

typedef struct NetBackend NetBackend;

extern const Kind net_kind;

/* type=, id= and the type's options. */
NetBackend *net_backend_add(ConfigNode *node, GError **errp);
gboolean net_backend_del(const char *id, GError **errp);
NetBackend *net_backend_find(const char *id);
gboolean net_backend_attach(NetBackend *net, GError **errp); /* one user at a time */
void net_backend_detach(NetBackend *net);
int net_backend_fd(const NetBackend *net); /* non-blocking; the back end's */
/* Length of the virtio-net header and the offloads (TUN_F_*) that the guest took. */
gboolean net_backend_set_header(NetBackend *net, unsigned length, unsigned offloads,
                                GError **errp);
gboolean net_backend_has_header(const NetBackend *net);
gboolean net_backend_has_offloads(const NetBackend *net);
void net_cleanup(void);

#endif
