/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of a user network, and its forwarded ports, from their texts in QEMU's
 * forms. Numbers only: no name is looked up.
 */
#ifndef VIREO_NET_USER_ADDRESS_H
#define VIREO_NET_USER_ADDRESS_H

#include <netinet/in.h>

#include "config/property.h"

/* NULL: not given. */
typedef struct UserTexts {
    const char *net, *host, *dhcpstart, *dns; /* IPv4 */
    const char *prefix6, *host6, *dns6;       /* IPv6 */
    gint32 prefix6_len;                       /* -1: not given */
    OnOffAuto ipv4, ipv6;
} UserTexts;

typedef struct UserAddresses {
    gboolean ipv4, ipv6;
    struct in_addr net, mask, host, dhcp_start, dns;
    struct in6_addr prefix6, host6, dns6;
    guint8 prefix6_len;
} UserAddresses;

/* All of it; what is not given is as in QEMU: 10.0.2.0/24 and fec0::/64, host .2. */
gboolean user_addresses(const UserTexts *texts, UserAddresses *out, GError **errp);

typedef struct UserForward {
    gboolean udp;
    struct in_addr host, guest; /* guest 0.0.0.0: the first that DHCP gives */
    guint16 host_port, guest_port;
} UserForward;

/* "[tcp|udp]:[HOST]:PORT-[GUEST]:PORT". */
gboolean user_forward_parse(const char *rule, UserForward *out, GError **errp);

#endif
