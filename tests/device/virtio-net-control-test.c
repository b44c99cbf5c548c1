/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net's control queue and what depends on it, over PCI and with a multiqueue tap
 * in a network namespace of its own: skipped without the right to make one.
 */
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/device/monitor.h"
#include "tests/device/virtio-legacy.h"
#include "tests/device/virtio-pci-net.h"

#define CONTROL 4 /* of two pairs */

static const guint8 mine[] = { 0x52, 0x54, 0, 0xaa, 0xbb, 0xcc };
static const guint8 broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static guint8 command(VirtioPciDriver *d, unsigned queue, guint8 class, guint8 cmd,
                      const void *data, gsize len)
{
    return net_command(d, queue, class, cmd, data, len);
}

static guint8 set_pairs(VirtioPciDriver *d, guint16 pairs)
{
    return net_set_pairs(d, CONTROL, pairs);
}

static guint8 set_mode(VirtioPciDriver *d, guint8 mode, guint8 on)
{
    return command(d, CONTROL, VIRTIO_NET_CTRL_RX, mode, &on, 1);
}

static QTest *start(VirtioPciDriver *d, const char *where, int *host)
{
    QTest *q = qtest_start(VPCI_MACHINE
                           "-netdev tap,id=h,ifname=vireo6,queues=2,script=,downscript= "
                           "-device virtio-net-pci,id=d,netdev=h,mq=on,"
                           "mac=52:54:00:aa:bb:cc%s",
                           where);

    *host = host_end("vireo6");
    vpci_find(d, q, where);
    vpci_enable_msix(d);
    vpci_start(d, EACH_INTERRUPTS, 5, 64);
    offer(d, 0, BUFFERS);
    return q;
}

static void stop(QTest *q, int host)
{
    close(host);
    qtest_stop(q);
}

static void test_pairs(gconstpointer where)
{
    VirtioPciDriver d;
    int host;
    QTest *q = start(&d, where, &host);
    unsigned seen = 0, spread = 0;

    g_assert_cmpuint(d.n_queues, ==, 5);
    g_assert_cmpuint(d.n_vectors, ==, 6);
    g_assert_cmpuint(qtest_readw(q, d.config + 8), ==, 2);
    /* one pair is active at first: all flows come in by it */
    offer(&d, 1, BUFFERS);
    send_flows(host, 16);
    for (unsigned i = 0; i < 16; i++) {
        g_assert_cmpint(next_seed(&d, 0), ==, i);
    }
    g_assert_cmpuint(set_pairs(&d, 0), ==, VIRTIO_NET_ERR);
    g_assert_cmpuint(set_pairs(&d, 3), ==, VIRTIO_NET_ERR);
    g_assert_cmpuint(set_pairs(&d, 2), ==, VIRTIO_NET_OK);
    send_flows(host, 16);
    while (seen != 0xffff) {
        for (unsigned pair = 0; pair < 2; pair++) {
            int seed = vpci_used_idx(&d, 2 * pair) != d.rings[2 * pair].seen
                           ? take_frame(&d, pair)
                           : -1;
            if (seed >= 0) {
                seen |= 1u << seed;
                spread |= 1u << pair;
            }
        }
    }
    g_assert_cmpuint(spread, ==, 3);
    g_assert_cmpuint(set_pairs(&d, 1), ==, VIRTIO_NET_OK);
    send_flows(host, 16);
    for (unsigned i = 0; i < 16; i++) {
        g_assert_cmpint(next_seed(&d, 0), ==, i);
    }
    stop(q, host);
}

static JsonObject *rx_filter(QTest *q, JsonNode **reply)
{
    *reply = qtest_qmp_ok(q, "{\"execute\":\"query-rx-filter\"}");
    return json_array_get_object_element(json_node_get_array(*reply), 0);
}

static void expect_member(QTest *q, const char *member, const char *value)
{
    g_autoptr(JsonNode) reply = NULL;
    JsonObject *filter = rx_filter(q, &reply);

    g_assert_cmpstr(json_object_get_string_member(filter, member), ==, value);
}

static void expect_list(QTest *q, const char *member, const char *value)
{
    g_autoptr(JsonNode) reply = NULL;
    JsonArray *list = json_object_get_array_member(rx_filter(q, &reply), member);

    g_assert_cmpuint(json_array_get_length(list), ==, value ? 1 : 0);
    if (value) {
        g_assert_cmpstr(json_array_get_string_element(list, 0), ==, value);
    }
}

/* What is not let in is lost; what comes behind it arrives. */
static void test_filter(gconstpointer where)
{
    static const guint8 other[] = { 0x52, 0x54, 0, 1, 1, 1 },
                        group[] = { 1, 0, 0x5e, 1, 2, 3 };
    const guint8 tables[] = { 1, 0, 0, 0, 0x52, 0x54, 0,    1, 1, 1,
                              1, 0, 0, 0, 1,    0,    0x5e, 1, 2, 3 };
    VirtioPciDriver d;
    int host;
    QTest *q = start(&d, where, &host);

    host_sends(host, other, -1, 1); /* promiscuous at first */
    g_assert_cmpint(next_seed(&d, 0), ==, 1);
    g_assert_cmpuint(set_mode(&d, VIRTIO_NET_CTRL_RX_PROMISC, 0), ==, VIRTIO_NET_OK);
    g_autoptr(JsonObject) event = qtest_event_wait(q, "NIC_RX_FILTER_CHANGED");
    g_assert_cmpstr(json_object_get_string_member(
                        json_object_get_object_member(event, "data"), "name"),
                    ==, "d");
    host_sends(host, other, -1, 2);
    host_sends(host, group, -1, 3);
    host_sends(host, mine, -1, 4);
    host_sends(host, broadcast, -1, 5);
    g_assert_cmpint(next_seed(&d, 0), ==, 4);
    g_assert_cmpint(next_seed(&d, 0), ==, 5);
    g_assert_cmpuint(command(&d, CONTROL, VIRTIO_NET_CTRL_MAC,
                             VIRTIO_NET_CTRL_MAC_TABLE_SET, tables, sizeof(tables)),
                     ==, VIRTIO_NET_OK);
    g_assert_cmpuint(set_mode(&d, VIRTIO_NET_CTRL_RX_NOBCAST, 1), ==, VIRTIO_NET_OK);
    host_sends(host, broadcast, -1, 6);
    host_sends(host, other, -1, 7);
    host_sends(host, group, -1, 8);
    g_assert_cmpint(next_seed(&d, 0), ==, 7);
    g_assert_cmpint(next_seed(&d, 0), ==, 8);
    g_assert_false(qtest_event_seen(q, "NIC_RX_FILTER_CHANGED")); /* nobody has asked */
    expect_list(q, "unicast-table", "52:54:00:01:01:01");
    expect_list(q, "multicast-table", "01:00:5e:01:02:03");
    expect_member(q, "vlan", "none");
    expect_member(q, "main-mac", "52:54:00:aa:bb:cc");

    guint16 vlan = 77;
    g_assert_cmpuint(
        command(&d, CONTROL, VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, &vlan, 2),
        ==, VIRTIO_NET_OK);
    expect_member(q, "vlan", "normal");
    host_sends(host, mine, 78, 9);
    host_sends(host, mine, 77, 10);
    g_assert_cmpint(next_seed(&d, 0), ==, 10);
    vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
    expect_member(q, "vlan", "all");
    expect_list(q, "unicast-table", NULL);
    stop(q, host);
}

static guint8 set_address(VirtioPciDriver *d, const guint8 *mac, gsize len)
{
    return command(d, CONTROL, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac,
                   len);
}

static guint8 set_offloads(VirtioPciDriver *d, guint64 offloads)
{
    return command(d, CONTROL, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
                   VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &offloads, sizeof(offloads));
}

/* What is no command, or too short, is refused, and nothing changes. */
static void test_refused(gconstpointer where)
{
    static const guint8 long_table[] = { 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6 },
                        half[] = { 1, 0, 0, 0, 1, 2, 3, 4, 5, 6 }, zeros[600] = { 0 };
    guint8 many[8 + 65 * 6] = { 65 };
    VirtioPciDriver d;
    int host;
    QTest *q = start(&d, where, &host);

    for (unsigned class = 0; class < 10; class ++) {
        g_assert_cmpuint(command(&d, CONTROL, class, 0x77, zeros, 600), ==,
                         VIRTIO_NET_ERR);
    }
    g_assert_cmpuint(command(&d, CONTROL, VIRTIO_NET_CTRL_MQ,
                             VIRTIO_NET_CTRL_MQ_RSS_CONFIG, zeros, 600),
                     ==, VIRTIO_NET_ERR);
    g_assert_cmpuint(command(&d, CONTROL, VIRTIO_NET_CTRL_MAC, 0, long_table, 10), ==,
                     VIRTIO_NET_ERR);
    g_assert_cmpuint(command(&d, CONTROL, VIRTIO_NET_CTRL_MAC, 0, half, 10), ==,
                     VIRTIO_NET_ERR);
    g_assert_cmpuint(command(&d, CONTROL, VIRTIO_NET_CTRL_MAC, 0, zeros, 9), ==,
                     VIRTIO_NET_ERR);
    expect_list(q, "unicast-table", NULL);
    g_assert_cmpuint(command(&d, CONTROL, VIRTIO_NET_CTRL_MAC, 0, many, sizeof(many)), ==,
                     VIRTIO_NET_OK); /* more than there is room for: all */
    g_assert_cmpuint(command(&d, CONTROL, VIRTIO_NET_CTRL_VLAN, 0, "\x00\x10", 2), ==,
                     VIRTIO_NET_ERR);
    g_assert_cmpuint(command(&d, CONTROL, VIRTIO_NET_CTRL_ANNOUNCE, 0, zeros, 1), ==,
                     VIRTIO_NET_ERR);
    g_assert_cmpuint(set_address(&d, zeros, 7), ==, VIRTIO_NET_ERR);
    g_assert_cmpuint(set_offloads(&d, 1ull << VIRTIO_NET_F_MQ), ==, VIRTIO_NET_ERR);
    g_assert_cmpuint(set_offloads(&d, 1ull << VIRTIO_NET_F_GUEST_CSUM), ==,
                     VIRTIO_NET_OK);
    g_assert_cmpuint(set_offloads(&d, 0), ==, VIRTIO_NET_OK);
    host_sends(host, mine, -1, 1);
    g_assert_cmpint(next_seed(&d, 0), ==, 1);
    stop(q, host);
}

static void set_link(QTest *q, const char *name, gboolean up)
{
    qmp(q, "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"%s\",\"up\":%s}}", name,
        up ? "true" : "false");
}

/* A pulled cable: nothing comes through, and nothing comes later. */
static void test_link(gconstpointer where)
{
    VirtioPciDriver d;
    guint8 frame[200];
    int host;
    QTest *q = start(&d, where, &host);

    g_assert_cmpuint(qtest_readw(q, d.config + 6), ==, VIRTIO_NET_S_LINK_UP);
    for (unsigned i = 0; i < 2; i++) {
        vpci_taken(&d, 5);
        set_link(q, i ? "h" : "d", FALSE);
        vpci_wait_message(&d, 5);
        g_assert_cmpuint(qtest_readw(q, d.config + 6), ==, 0);
        host_sends(host, mine, -1, 2);
        guest_sends(&d, 1);
        guest_sends(&d, 1); /* its loop has come round: the packet has been met */
        set_link(q, i ? "h" : "d", TRUE);
        vpci_wait_message(&d, 5);
        g_assert_cmpuint(qtest_readw(q, d.config + 6), ==, VIRTIO_NET_S_LINK_UP);
        guest_sends(&d, 3);
        g_assert_cmpint(recv(host, frame, sizeof(frame), 0), ==, FRAME);
        g_assert_cmpuint(frame[FRAME - 1], ==, 3);
        host_sends(host, mine, -1, 4);
        g_assert_cmpint(next_seed(&d, 0), ==, 4);
    }
    g_free(qtest_qmp_fails(q, "{\"execute\":\"set_link\",\"arguments\":"
                              "{\"name\":\"x\",\"up\":true}}"));
    stop(q, host);
}

/* What the driver has set moves along; then it is asked to announce itself. */
static void test_migrate(gconstpointer where)
{
    static const guint8 mac[] = { 0x52, 0x54, 0, 3, 3, 3 };
    VirtioPciDriver d;
    int host, there;
    QTest *from = start(&d, where, &host);
    QTest *to =
        qtest_start(VPCI_MACHINE "-netdev tap,id=h,ifname=vireo7,queues=2 "
                                 "-device virtio-net-pci,id=d,netdev=h,mq=on,"
                                 "mac=52:54:00:aa:bb:cc%s -incoming unix:%s/stream",
                    (const char *)where, qtest_dir(from));

    there = host_end("vireo7");
    g_assert_cmpuint(set_pairs(&d, 2), ==, VIRTIO_NET_OK);
    g_assert_cmpuint(set_address(&d, mac, 6), ==, VIRTIO_NET_OK);
    g_assert_cmpuint(set_mode(&d, VIRTIO_NET_CTRL_RX_PROMISC, 0), ==, VIRTIO_NET_OK);
    qmp(from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:%s/stream\"}}",
        qtest_dir(from));
    wait_event(to, "RESUME");
    d.q = to;
    qtest_bus_set(to);
    expect_member(to, "main-mac", "52:54:00:03:03:03");
    vpci_wait_message(&d, 5);
    g_assert_cmpuint(qtest_readw(to, d.config + 6), ==,
                     VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
    g_assert_cmpuint(command(&d, CONTROL, VIRTIO_NET_CTRL_ANNOUNCE,
                             VIRTIO_NET_CTRL_ANNOUNCE_ACK, "", 0),
                     ==, VIRTIO_NET_OK);
    vpci_wait_message(&d, 5); /* once more, a little later */
    host_sends(there, mine, -1, 1);
    host_sends(there, mac, -1, 2);
    offer(&d, 1, BUFFERS);
    int seed = -1;
    for (unsigned pair = 0; seed < 0; pair ^= 1) { /* by whichever it comes */
        if (vpci_used_idx(&d, 2 * pair) != d.rings[2 * pair].seen) {
            seed = take_frame(&d, pair);
        }
    }
    g_assert_cmpint(seed, ==, 2);
    close(there);
    qtest_stop(from);
    stop(to, host);
}

/* A driver that knows nothing of several pairs: its control queue is the third. */
static void test_single(gconstpointer where)
{
    VirtioPciDriver d;
    guint8 on = 1;
    guint16 pairs = 1;
    int host;
    QTest *q = start(&d, where, &host);

    vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
    vpci_start(&d, EACH_INTERRUPTS & ~(1ull << VIRTIO_NET_F_MQ), 3, 64);
    offer(&d, 0, BUFFERS);
    g_assert_cmpuint(
        command(&d, 2, VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, &on, 1), ==,
        VIRTIO_NET_OK);
    g_assert_cmpuint(
        command(&d, 2, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &pairs, 2),
        ==, VIRTIO_NET_ERR);
    host_sends(host, mine, -1, 1);
    g_assert_cmpint(next_seed(&d, 0), ==, 1);
    stop(q, host);
}

/* How often it has been said. */
static unsigned count(QTest *q, const char *text)
{
    g_autofree char *path = g_build_filename(qtest_dir(q), "stderr", NULL);
    g_autofree char *said = NULL;
    unsigned n = 0;

    g_assert_true(g_file_get_contents(path, &said, NULL, NULL));
    for (const char *p = said; (p = strstr(p, text)) != NULL; p++) {
        n++;
    }
    return n;
}

/*
 * A VM with a netdev "h" on that interface, for which there is what could be vhost. more:
 * members of netdev_add.
 */
static QTest *start_vhost(const char *ifname, const char *more)
{
    QTest *q = qtest_start(VPCI_MACHINE "-qmp unix:%s/m%d,server=on,wait=off", vpci_dir,
                           getpid());
    g_autofree char *name = g_strdup_printf("m%d", getpid());
    g_autofree char *add = g_strdup_printf(
        "{\"execute\":\"netdev_add\",\"arguments\":{\"type\":\"tap\",\"id\":\"h\","
        "\"ifname\":\"%s\",\"vhost\":true,\"vhostfd\":\"v\"%s}}",
        ifname, more);
    Monitor m;

    monitor_open(&m, vpci_dir, name);
    say_file(&m, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"v\"}}", "/dev/null");
    expect_text(&m, "return");
    say_text(&m, add);
    expect_text(&m, "return");
    monitor_close(&m);
    return q;
}

static void plug_card(QTest *q, const char *more)
{
    qmp(q,
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-net-pci\","
        "\"id\":\"d\",\"netdev\":\"h\",\"bus\":\"rp\"%s}}",
        more);
    qmp(q, "{\"execute\":\"system_reset\"}"); /* after which it has its addresses */
    wait_event(q, "RESET");
}

/* What is no vhost device is told once, and the packets flow all the same. */
static void test_fall_back(gconstpointer where)
{
    QTest *q = start_vhost("vireo8", "");
    VirtioPciDriver d;

    plug_card(q, "");
    int host = host_end("vireo8");
    vpci_find(&d, q, where);
    vpci_enable_msix(&d);
    vpci_start(&d, EACH_INTERRUPTS, 3, 64);
    offer(&d, 0, BUFFERS);
    guest_sends(&d, 1);
    host_sends(host, mine, -1, 2);
    g_assert_cmpint(next_seed(&d, 0), ==, 2);
    for (unsigned i = 0; i < 5; i++) { /* a guest cannot fill the log */
        vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
        vpci_start(&d, EACH_INTERRUPTS, 3, 64);
    }
    g_assert_cmpuint(count(q, "falling back on userspace virtio"), ==, 1);
    stop(q, host);
}

/* A driver that vhost cannot serve is told once; it is served all the same. */
static void test_no_messages(gconstpointer where)
{
    QTest *q = start_vhost("vireo8", "");
    VirtioPciDriver d;

    plug_card(q, "");
    int host = host_end("vireo8");
    vpci_find(&d, q, where);
    for (unsigned i = 0; i < 3; i++) {
        vpci_start(&d, EACH_INTERRUPTS, 3, 64);
    }
    offer(&d, 0, BUFFERS);
    guest_sends(&d, 1);
    host_sends(host, mine, -1, 2);
    g_assert_cmpint(next_seed(&d, 0), ==, 2);
    g_assert_cmpuint(count(q, "netdev 'h': served by this process, not by vhost, with a "
                              "driver that does not use MSI-X"),
                     ==, 1);
    g_assert_cmpuint(count(q, "not by vhost"), ==, 1);
    g_assert_cmpuint(count(q, "falling back"), ==, 0); /* nothing was tried */
    stop(q, host);
}

static void test_legacy(gconstpointer where)
{
    QTest *q = start_vhost("vireo8", "");
    LegacyDriver d;

    plug_card(q, ",\"disable-legacy\":\"off\"");
    legacy_find(&d, q, where);
    for (unsigned i = 0; i < 3; i++) {
        legacy_start(&d, 1u << VIRTIO_NET_F_MAC);
    }
    g_assert_cmpuint(count(q, "not by vhost, with a legacy driver"), ==, 1);
    g_assert_cmpuint(count(q, "falling back"), ==, 0);
    qtest_stop(q);
}

/* A card for which there can be no such driver: told, or refused where that is asked. */
static void test_never(void)
{
    static const char *const rows[][2] = {
        { "\"disable-modern\":true,\"disable-legacy\":\"off\"", "disable-modern=on" },
        { "\"vectors\":0", "vectors=0" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        QTest *q = start_vhost("vireo8", ",\"vhostforce\":true");
        g_autofree char *why = qtest_qmp_fails(
            q,
            "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-net-pci\","
            "\"id\":\"d\",\"netdev\":\"h\",\"bus\":\"rp\",%s}}",
            rows[i][0]);
        if (!strstr(why, "netdev 'h' has vhostforce=on") || !strstr(why, rows[i][1])) {
            g_error("%s: %s", rows[i][0], why);
        }
        qmp(q, "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-net-pci\","
               "\"id\":\"d\",\"netdev\":\"h\",\"bus\":\"rp\"}}");
        qtest_stop(q);

        g_autofree char *members = g_strconcat(",", rows[i][0], NULL);
        g_autofree char *told = g_strconcat("not by vhost, with ", rows[i][1], NULL);
        q = start_vhost("vireo8", "");
        plug_card(q, members);
        g_assert_cmpuint(count(q, told), ==, 1);
        qtest_stop(q);
    }
}

int main(int argc, char **argv)
{
    if (!net_has_namespace()) {
        return 77;
    }
    vpci_init(&argc, &argv);
    vpci_add_everywhere("net-control/pairs", test_pairs);
    vpci_add_everywhere("net-control/filter", test_filter);
    vpci_add_everywhere("net-control/refused", test_refused);
    vpci_add_everywhere("net-control/link", test_link);
    vpci_add_everywhere("net-control/migrate", test_migrate);
    vpci_add_everywhere("net-control/single", test_single);
    g_test_add_data_func("/virtio-pci/net-control/fall-back", ",bus=rp", test_fall_back);
    g_test_add_data_func("/virtio-pci/net-control/no-messages", ",bus=rp",
                         test_no_messages);
    g_test_add_data_func("/virtio-pci/net-control/legacy", ",bus=rp", test_legacy);
    g_test_add_func("/virtio-pci/net-control/never", test_never);
    return vpci_run();
}
