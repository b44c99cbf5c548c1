/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "net/user-address.h"

#include <arpa/inet.h>
#include <string.h>

#include "util/error.h"

/* IPv4 in the host's byte order. */
#define DEFAULT_NET    0x0a000200u
#define DEFAULT_MASK   0xffffff00u
#define HOST_PART_HOST 0x0202u /* what of it the mask leaves */
#define HOST_PART_DNS  0x0203u
#define HOST_PART_DHCP 0x020fu
#define SHORTEST_MASK  0xf0000000u
#define MASK_MIN       4
#define MASK_MAX       32

#define PREFIX6_LEN     64
#define PREFIX6_LEN_MAX 126

/*
 * Networks whose mask is not said: the first row that fits. Private and test networks
 * (RFC 1918, RFC 2544) have their own, others go by their class.
 */
static const struct {
    guint32 bits, value, mask;
} classes[] = {
    { 0x80000000, 0x00000000, 0xff000000 }, { 0xfff00000, 0xac100000, 0xfff00000 },
    { 0xc0000000, 0x80000000, 0xffff0000 }, { 0xffff0000, 0xc0a80000, 0xffff0000 },
    { 0xffff0000, 0xc6120000, 0xfffe0000 }, { 0xe0000000, 0xe0000000, 0xf0000000 },
    { 0x00000000, 0x00000000, 0xffffff00 },
};

static guint32 class_mask(guint32 net)
{
    guint i = 0;

    while ((net & classes[i].bits) != classes[i].value) {
        i++;
    }
    return classes[i].mask;
}

/* A decimal number without a sign, all of the text. */
static gboolean parse_number(const char *text, guint64 max, guint64 *out)
{
    return g_ascii_string_to_unsigned(text, 10, 0, max, out, NULL);
}

static gboolean parse4(const char *what, const char *text, guint32 *out, GError **errp)
{
    struct in_addr address;

    if (!inet_aton(text, &address)) {
        return error_set(errp, "Failed to parse %s '%s'", what, text);
    }
    *out = ntohl(address.s_addr);
    return TRUE;
}

/* "24" or "255.255.255.0". */
static gboolean parse_mask(const char *text, guint32 *mask, GError **errp)
{
    struct in_addr dotted;
    guint64 bits;

    if (strchr(text, '.') && inet_aton(text, &dotted)) {
        *mask = ntohl(dotted.s_addr);
        return (*mask >= SHORTEST_MASK && (~*mask & (~*mask + 1)) == 0) ||
               error_set(errp, "Failed to parse netmask '%s'", text);
    }
    if (!parse_number(text, G_MAXUINT32, &bits)) {
        return error_set(errp, "Failed to parse netmask '%s' (trailing chars)", text);
    }
    if (bits < MASK_MIN || bits > MASK_MAX) {
        return error_set(errp, "Invalid netmask '%s' provided (must be in range %d-%d)",
                         text, MASK_MIN, MASK_MAX);
    }
    *mask = (guint32)(G_MAXUINT64 << (MASK_MAX - bits));
    return TRUE;
}

static gboolean parse_net(const char *text, guint32 *net, guint32 *mask, GError **errp)
{
    const char *slash = text ? strchr(text, '/') : NULL;

    if (!text) {
        *net = DEFAULT_NET;
        *mask = DEFAULT_MASK;
        return TRUE;
    }
    g_autofree char *address =
        g_strndup(text, slash ? (gsize)(slash - text) : strlen(text));
    if (!parse4("netmask", address, net, errp)) {
        return FALSE;
    }
    if (!slash) {
        *mask = class_mask(*net);
    } else if (!parse_mask(slash + 1, mask, errp)) {
        return FALSE;
    }
    *net &= *mask;
    return TRUE;
}

/* One of the network's own addresses. */
static gboolean own4(const char *what, const char *text, guint32 net, guint32 mask,
                     guint32 part, guint32 *out, GError **errp)
{
    *out = net | (part & ~mask);
    return !text || parse4(what, text, out, errp);
}

static gboolean is_inside(const char *what, guint32 address, guint32 net, guint32 mask,
                          GError **errp)
{
    return (address & mask) == net ||
           error_set(errp, "%s doesn't belong to network", what);
}

static struct in_addr address4(guint32 host_order)
{
    return (struct in_addr){ htonl(host_order) };
}

/* A name server elsewhere is one: it is the guest that is told of it. */
static gboolean addresses4(const UserTexts *t, UserAddresses *out, GError **errp)
{
    guint32 net = 0, mask = 0, host = 0, dhcp = 0, dns = 0;

    if (!parse_net(t->net, &net, &mask, errp) ||
        !own4("host", t->host, net, mask, HOST_PART_HOST, &host, errp) ||
        !own4("DHCP start address", t->dhcpstart, net, mask, HOST_PART_DHCP, &dhcp,
              errp) ||
        !own4("DNS", t->dns, net, mask, HOST_PART_DNS, &dns, errp) ||
        !is_inside("Host", host, net, mask, errp) ||
        !is_inside("DHCP", dhcp, net, mask, errp)) {
        return FALSE;
    }
    if (dns == host) {
        return error_set(errp, "DNS must be different from host");
    }
    if (dhcp == host || dhcp == dns) {
        return error_set(errp, "DHCP must be different from host and DNS");
    }
    out->net = address4(net);
    out->mask = address4(mask);
    out->host = address4(host);
    out->dhcp_start = address4(dhcp);
    out->dns = address4(dns);
    return TRUE;
}

static gboolean parse6(const char *what, const char *text, struct in6_addr *out,
                       GError **errp)
{
    return inet_pton(AF_INET6, text, out) == 1 ||
           error_set(errp, "Failed to parse IPv6 %s '%s'", what, text);
}

/* out: the prefix, with `low` as its last byte, or what the text says. */
static gboolean own6(const char *what, const char *text, const struct in6_addr *prefix,
                     guint8 low, struct in6_addr *out, GError **errp)
{
    *out = *prefix;
    out->s6_addr[15] |= low;
    return !text || parse6(what, text, out, errp);
}

static gboolean has_prefix6(const struct in6_addr *address, const struct in6_addr *prefix,
                            guint len)
{
    guint whole = len / 8, rest = len % 8;
    guint8 mask = (guint8)(0xff00 >> rest);

    return memcmp(address, prefix, whole) == 0 &&
           (!rest || !((address->s6_addr[whole] ^ prefix->s6_addr[whole]) & mask));
}

static gboolean addresses6(const UserTexts *t, UserAddresses *out, GError **errp)
{
    gint32 len = t->prefix6_len < 0 ? PREFIX6_LEN : t->prefix6_len;

    if (!parse6("prefix", t->prefix6 ? t->prefix6 : "fec0::", &out->prefix6, errp)) {
        return FALSE;
    }
    if (t->prefix6_len < -1 || len > PREFIX6_LEN_MAX) {
        return error_set(errp,
                         "Invalid IPv6 prefix provided (IPv6 prefix length must be "
                         "between 0 and %d)",
                         PREFIX6_LEN_MAX);
    }
    if (!own6("host", t->host6, &out->prefix6, 2, &out->host6, errp) ||
        !own6("DNS", t->dns6, &out->prefix6, 3, &out->dns6, errp)) {
        return FALSE;
    }
    if (!has_prefix6(&out->host6, &out->prefix6, (guint)len)) {
        return error_set(errp, "IPv6 Host doesn't belong to network");
    }
    out->prefix6_len = (guint8)len;
    return TRUE;
}

gboolean user_addresses(const UserTexts *t, UserAddresses *out, GError **errp)
{
    gboolean any4 = t->net || t->host || t->dhcpstart || t->dns;
    gboolean any6 = t->prefix6 || t->host6 || t->dns6 || t->prefix6_len != -1;

    /* One that is asked for alone is alone. */
    *out = (UserAddresses){
        .ipv4 = t->ipv4 == ON_OFF_AUTO_ON ||
                (t->ipv4 == ON_OFF_AUTO_AUTO && t->ipv6 != ON_OFF_AUTO_ON),
        .ipv6 = t->ipv6 == ON_OFF_AUTO_ON ||
                (t->ipv6 == ON_OFF_AUTO_AUTO && t->ipv4 != ON_OFF_AUTO_ON)
    };
    if (!out->ipv4 && any4) {
        return error_set(errp, "IPv4 disabled but netmask/host/dns provided");
    }
    if (!out->ipv6 && any6) {
        return error_set(errp, "IPv6 disabled but prefix/host6/dns6 provided");
    }
    if (!out->ipv4 && !out->ipv6) {
        return error_set(errp, "IPv4 and IPv6 disabled");
    }
    return addresses4(t, out, errp) && addresses6(t, out, errp);
}

/* The next part of the rule, up to the separator; FALSE: it is not there. */
static gboolean next_part(const char **rule, char separator, char **part)
{
    const char *end = strchr(*rule, separator);

    if (!end) {
        return FALSE;
    }
    *part = g_strndup(*rule, (gsize)(end - *rule));
    *rule = end + 1;
    return TRUE;
}

static gboolean bad_rule(const char *rule, const char *why, GError **errp)
{
    return error_set(errp, "Invalid host forwarding rule '%s' (%s)", rule, why);
}

static gboolean parse_port(const char *text, guint16 min, guint16 *out)
{
    guint64 port;

    if (!parse_number(text, G_MAXUINT16, &port) || port < min) {
        return FALSE;
    }
    *out = (guint16)port;
    return TRUE;
}

gboolean user_forward_parse(const char *rule, UserForward *out, GError **errp)
{
    g_autofree char *protocol = NULL, *host = NULL, *port = NULL, *guest = NULL;
    const char *p = rule;

    *out = (UserForward){ 0 };
    if (!next_part(&p, ':', &protocol)) {
        return bad_rule(rule, "No : separators", errp);
    }
    out->udp = g_str_equal(protocol, "udp");
    if (!out->udp && *protocol && !g_str_equal(protocol, "tcp")) {
        return bad_rule(rule, "Bad protocol name", errp);
    }
    if (!next_part(&p, ':', &host)) {
        return bad_rule(rule, "Missing : separator", errp);
    }
    if (*host && !inet_aton(host, &out->host)) {
        return bad_rule(rule, "Bad host address", errp);
    }
    if (!next_part(&p, '-', &port) || !parse_port(port, 0, &out->host_port)) {
        return bad_rule(rule, "Bad host port", errp);
    }
    if (!next_part(&p, ':', &guest)) {
        return bad_rule(rule, "Missing guest address", errp);
    }
    if (*guest && !inet_aton(guest, &out->guest)) {
        return bad_rule(rule, "Bad guest address", errp);
    }
    return parse_port(p, 1, &out->guest_port) || bad_rule(rule, "Bad guest port", errp);
}
