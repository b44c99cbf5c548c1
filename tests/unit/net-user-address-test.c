/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of a user network and its forwarded ports, as QEMU 7.2 reads them. */
#include "config.h"

#include <arpa/inet.h>

#include "net/user-address.h"

typedef struct Row {
    UserTexts texts; /* prefix6_len: one more than it says, 0: not given */
    const char *expected;
} Row;

static char *text4(struct in_addr address)
{
    char buf[INET_ADDRSTRLEN];

    return g_strdup(inet_ntop(AF_INET, &address, buf, sizeof(buf)));
}

static char *text6(const struct in6_addr *address)
{
    char buf[INET6_ADDRSTRLEN];

    return g_strdup(inet_ntop(AF_INET6, address, buf, sizeof(buf)));
}

/* "NET MASK HOST DHCP DNS | PREFIX LENGTH HOST DNS", or the error. */
static char *describe(const Row *row)
{
    UserTexts texts = row->texts;
    g_autoptr(GError) error = NULL;
    UserAddresses a;

    texts.prefix6_len--;
    if (!user_addresses(&texts, &a, &error)) {
        return g_strdup(error->message);
    }
    g_autofree char *net = text4(a.net), *mask = text4(a.mask), *host = text4(a.host);
    g_autofree char *dhcp = text4(a.dhcp_start), *dns = text4(a.dns);
    g_autofree char *prefix6 = text6(&a.prefix6), *host6 = text6(&a.host6);
    g_autofree char *dns6 = text6(&a.dns6);
    g_autofree char *four = g_strdup_printf("%s %s %s %s %s", net, mask, host, dhcp, dns);
    g_autofree char *six =
        g_strdup_printf("%s %u %s %s", prefix6, a.prefix6_len, host6, dns6);
    return g_strjoin(" | ", a.ipv4 ? four : "-", a.ipv6 ? six : "-", NULL);
}

#define V4 "10.0.2.0 255.255.255.0 10.0.2.2 10.0.2.15 10.0.2.3"
#define V6 "fec0:: 64 fec0::2 fec0::3"

static void test_addresses(void)
{
    static const Row rows[] = {
        { { NULL }, V4 " | " V6 },
        { { .host = "10.0.2.10" },
          "10.0.2.0 255.255.255.0 10.0.2.10 10.0.2.15 10.0.2.3 | " V6 },
        { { .net = "192.168.76.0/24", .dhcpstart = "192.168.76.9" },
          "192.168.76.0 255.255.255.0 192.168.76.2 192.168.76.9 192.168.76.3 | " V6 },
        { { .net = "192.168.76.9" },
          "192.168.0.0 255.255.0.0 192.168.2.2 192.168.2.15 192.168.2.3 | " V6 },
        { { .net = "10.0.2.9" }, "10.0.0.0 255.0.0.0 10.0.2.2 10.0.2.15 10.0.2.3 | " V6 },
        { { .net = "172.20.1.0" },
          "172.16.0.0 255.240.0.0 172.16.2.2 172.16.2.15 172.16.2.3 | " V6 },
        { { .net = "198.18.1.0" },
          "198.18.0.0 255.254.0.0 198.18.2.2 198.18.2.15 198.18.2.3 | " V6 },
        { { .net = "10.7.0.0/255.255.0.0", .dns = "9.9.9.9" },
          "10.7.0.0 255.255.0.0 10.7.2.2 10.7.2.15 9.9.9.9 | " V6 },
        { { .net = "1.2.3.4/4" }, "0.0.0.0 240.0.0.0 0.0.2.2 0.0.2.15 0.0.2.3 | " V6 },
        { { .ipv4 = ON_OFF_AUTO_ON }, V4 " | -" },
        { { .ipv6 = ON_OFF_AUTO_ON }, "- | " V6 },
        { { .ipv6 = ON_OFF_AUTO_OFF }, V4 " | -" },
        { { .prefix6 = "fd00:1::", .prefix6_len = 49 },
          V4 " | fd00:1:: 48 fd00:1::2 fd00:1::3" },
        { { .host6 = "fec0::77", .dns6 = "2001:db8::1" },
          V4 " | fec0:: 64 fec0::77 2001:db8::1" },
        { { .net = "foo" }, "Failed to parse netmask 'foo'" },
        { { .net = "10.0.2.0/" }, "Failed to parse netmask '' (trailing chars)" },
        { { .net = "10.0.2.0/24/5" }, "Failed to parse netmask '24/5' (trailing chars)" },
        { { .net = "10.0.2.0/-1" }, "Failed to parse netmask '-1' (trailing chars)" },
        { { .net = "10.0.2.0/255.0.255.0" }, "Failed to parse netmask '255.0.255.0'" },
        { { .net = "10.0.2.0/0.0.0.0" }, "Failed to parse netmask '0.0.0.0'" },
        { { .net = "10.0.2.0/3" },
          "Invalid netmask '3' provided (must be in range 4-32)" },
        { { .net = "10.0.2.0/33" },
          "Invalid netmask '33' provided (must be in range 4-32)" },
        { { .net = "10.0.2.0/30" }, "DHCP must be different from host and DNS" },
        { { .net = "10.0.2.0/32" }, "DNS must be different from host" },
        { { .host = "x" }, "Failed to parse host 'x'" },
        { { .dns = "x" }, "Failed to parse DNS 'x'" },
        { { .dhcpstart = "x" }, "Failed to parse DHCP start address 'x'" },
        { { .host = "1.2.3.4" }, "Host doesn't belong to network" },
        { { .dhcpstart = "1.2.3.4" }, "DHCP doesn't belong to network" },
        { { .dns = "10.0.2.2" }, "DNS must be different from host" },
        { { .dhcpstart = "10.0.2.3" }, "DHCP must be different from host and DNS" },
        { { .ipv4 = ON_OFF_AUTO_OFF, .ipv6 = ON_OFF_AUTO_OFF },
          "IPv4 and IPv6 disabled" },
        { { .ipv4 = ON_OFF_AUTO_OFF, .net = "1.2.3.0/24" },
          "IPv4 disabled but netmask/host/dns provided" },
        { { .ipv6 = ON_OFF_AUTO_OFF, .prefix6 = "fec0::" },
          "IPv6 disabled but prefix/host6/dns6 provided" },
        { { .prefix6 = "foo" }, "Failed to parse IPv6 prefix 'foo'" },
        { { .host6 = "foo" }, "Failed to parse IPv6 host 'foo'" },
        { { .host6 = "fec1::2" }, "IPv6 Host doesn't belong to network" },
        { { .host6 = "fec0:0:0:0:8000::2", .prefix6_len = 66 },
          "IPv6 Host doesn't belong to network" },
        { { .prefix6_len = 128 },
          "Invalid IPv6 prefix provided (IPv6 prefix length must "
          "be between 0 and 126)" },
        { { .prefix6_len = -1 },
          "Invalid IPv6 prefix provided (IPv6 prefix length must "
          "be between 0 and 126)" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *said = describe(&rows[i]);
        g_assert_cmpstr(said, ==, rows[i].expected);
    }
}

static char *describe_rule(const char *rule)
{
    g_autoptr(GError) error = NULL;
    UserForward f;

    if (!user_forward_parse(rule, &f, &error)) {
        return g_strdup(error->message);
    }
    g_autofree char *host = text4(f.host), *guest = text4(f.guest);
    return g_strdup_printf("%s %s %u %s %u", f.udp ? "udp" : "tcp", host, f.host_port,
                           guest, f.guest_port);
}

static void test_rules(void)
{
#define BAD(rule_, why_)                                                                 \
    {                                                                                    \
        rule_, "Invalid host forwarding rule '" rule_ "' (" why_ ")"                     \
    }
    static const struct {
        const char *rule, *expected;
    } rows[] = {
        { "tcp:127.0.0.1:10021-:22", "tcp 127.0.0.1 10021 0.0.0.0 22" },
        { "udp::53-10.0.2.99:5353", "udp 0.0.0.0 53 10.0.2.99 5353" },
        { ":127.0.0.1:0-:22", "tcp 127.0.0.1 0 0.0.0.0 22" },
        { "::65535-:65535", "tcp 0.0.0.0 65535 0.0.0.0 65535" },
        BAD("", "No : separators"),
        BAD("foo", "No : separators"),
        BAD("icmp::5-:5", "Bad protocol name"),
        BAD("tcp:127.0.0.1-22", "Missing : separator"),
        BAD("tcp:localhost:1-:22", "Bad host address"),
        BAD("tcp::99999-:22", "Bad host port"),
        BAD("tcp::x-:22", "Bad host port"),
        BAD("tcp::-:22", "Bad host port"),
        BAD("tcp::+1-:22", "Bad host port"),
        BAD("tcp::1", "Bad host port"),
        BAD("tcp::1-22", "Missing guest address"),
        BAD("tcp::1-x:22", "Bad guest address"),
        BAD("tcp::1-:0", "Bad guest port"),
        BAD("tcp::1-:", "Bad guest port"),
        BAD("tcp::1-:22:", "Bad guest port"),
        BAD("tcp::1-:65536", "Bad guest port"),
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *said = describe_rule(rows[i].rule);
        g_assert_cmpstr(said, ==, rows[i].expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/user-address/addresses", test_addresses);
    g_test_add_func("/net/user-address/rules", test_rules);
    return g_test_run();
}
