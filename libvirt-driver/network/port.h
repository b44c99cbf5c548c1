/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of libvirt's networks: what its network driver says a domain's interface of type
 * 'network' is to be connected to. The driver keeps count of them, so each that is
 * created has to be deleted, once the interface has gone.
 */
#pragma once
#include <glib.h>

#include "rpc/protocol.h"
#include "xml/domain.h"

G_BEGIN_DECLS

/*
 * Creates the port that portid names for an interface of @domain in its network: whatever
 * comes of it, network_port_delete() is right. Sets bridge, or dev and mode; and the
 * bandwidth, where a port group has one and the interface has not. dir: of the daemons'
 * sockets. Errors are the network driver's; CONFIG_UNSUPPORTED for ports
 * that we cannot connect to.
 */
gboolean network_port_create(const char *dir, const Domain *domain,
                             DomainInterface *interface, GError **errp);

/* Deletes it, if it has one; that there is none any more is no error. */
gboolean network_port_delete(const char *dir, const DomainInterface *interface,
                             GError **errp);

/*
 * The addresses that the network's DHCP server has given to the interface, one after the
 * other; *leases is the caller's, and given to network_leases_clear().
 */
gboolean network_get_leases(const char *dir, const DomainInterface *interface,
                            RemoteNetworkGetDhcpLeasesRet *leases, GError **errp);
void network_leases_clear(RemoteNetworkGetDhcpLeasesRet *leases);

G_END_DECLS
