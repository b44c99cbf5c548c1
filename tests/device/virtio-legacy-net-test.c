/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net with a legacy driver, whose header is of 10 bytes without mergeable buffers
 * and of 12 with them; and which may set the card's address. With a tap in a network
 * namespace of its own: skipped without the right to make one.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/virtio-legacy.h"

#define ETHERTYPE 0x88b5
#define BUFFERS   8
#define BYTES     0x1000u
#define FRAME     100
#define SENT      60
#define ROOT      ",bus=pcie.0,addr=5"

typedef struct Card {
    LegacyDriver d;
    QTest *q;
    int host;        /* the other end: a packet socket on the interface */
    unsigned header; /* bytes of it */
} Card;

static int host_end(const char *ifname)
{
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE) };
    struct ifreq ifr = { .ifr_flags = IFF_UP };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHERTYPE));

    g_strlcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    g_assert_cmpint(ioctl(fd, SIOCSIFFLAGS, &ifr), ==, 0);
    g_assert_cmpint(ioctl(fd, SIOCGIFINDEX, &ifr), ==, 0);
    to.sll_ifindex = ifr.ifr_ifindex;
    g_assert_cmpint(bind(fd, (struct sockaddr *)&to, sizeof(to)), ==, 0);
    return fd;
}

static void make_card(Card *c, const char *where)
{
    c->q = qtest_start(VPCI_MACHINE "-netdev tap,id=h,ifname=vireo7 -device "
                                    "virtio-net-pci,id=d,netdev=h,"
                                    "mac=52:54:00:aa:bb:cc%s",
                       where);
    c->host = host_end("vireo7");
    legacy_find(&c->d, c->q, where);
}

static void free_card(Card *c)
{
    close(c->host);
    qtest_stop(c->q);
}

static void start_driver(Card *c, gboolean merge)
{
    c->header = merge ? 12 : 10;
    legacy_start(&c->d,
                 (1u << VIRTIO_NET_F_MAC) | (merge ? 1u << VIRTIO_NET_F_MRG_RXBUF : 0));
}

static void guest_sends(Card *c)
{
    guint8 packet[12 + SENT] = { 0 }, *frame = packet + c->header, got[200];
    guint32 head, len;

    memset(frame, 0xff, 6);
    frame[6] = 2;
    frame[12] = ETHERTYPE >> 8;
    frame[13] = ETHERTYPE & 0xff;
    frame[SENT - 1] = 0x77;
    qtest_memwrite(c->q, c->d.pci.data, packet, sizeof(packet));
    guest_ring_add(&c->d.pci.rings[1],
                   &(GuestBuffer){ c->d.pci.data, c->header + SENT, FALSE }, 1);
    legacy_kick(&c->d, 1);
    vpci_wait_used(&c->d.pci, 1, &head, &len);
    g_assert_cmpint(recv(c->host, got, sizeof(got), 0), ==, SENT);
    g_assert_cmpmem(got, SENT, frame, SENT);
}

static guint64 buffer(const Card *c, unsigned i)
{
    return c->d.pci.data + BYTES * (1 + i);
}

/* Others may come from the host's kernel, too, when the link comes up. */
static void guest_receives(Card *c)
{
    guint8 frame[FRAME] = { [0 ... 5] = 0xff,
                            [12] = ETHERTYPE >> 8,
                            [13] = ETHERTYPE & 0xff,
                            [FRAME - 1] = 0x66 };
    guint8 got[12 + FRAME];
    guint32 head, len;

    for (unsigned i = 0; i < BUFFERS; i++) {
        guest_ring_add(&c->d.pci.rings[0], &(GuestBuffer){ buffer(c, i), BYTES, TRUE },
                       1);
    }
    legacy_kick(&c->d, 0);
    g_assert_cmpint(send(c->host, frame, sizeof(frame), 0), ==, sizeof(frame));
    do {
        vpci_wait_used(&c->d.pci, 0, &head, &len);
        qtest_memread(c->q, buffer(c, head % BUFFERS), got, sizeof(got));
    } while (len != c->header + FRAME || memcmp(got + c->header, frame, FRAME) != 0);
    if (c->header == 12) {
        g_assert_cmpuint(got[10], ==, 1); /* buffers */
    }
}

static void test_packets(gconstpointer where)
{
    Card c;

    make_card(&c, where);
    for (unsigned merge = 0; merge < 2; merge++) {
        start_driver(&c, merge);
        guest_sends(&c);
        guest_receives(&c);
    }
    free_card(&c);
}

/* As QEMU 7.2: what it is, and what it offers of its own to such drivers. */
static void test_identity(void)
{
    Card c;

    make_card(&c, ROOT);
    g_assert_cmphex(vpci_cfg(&c.d.pci, PCI_VENDOR_ID, 4), ==, 0x10001af4);
    g_assert_cmphex(vpci_cfg(&c.d.pci, PCI_CLASS_REVISION, 4), ==, 0x02000000);
    g_assert_cmphex(vpci_cfg(&c.d.pci, PCI_SUBSYSTEM_VENDOR_ID, 4), ==, 0x00011af4);
    vpci_set_cfg(&c.d.pci, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
    g_assert_cmphex(vpci_cfg(&c.d.pci, PCI_BASE_ADDRESS_0, 4), ==, 0xffffffe1);
    vpci_set_cfg(&c.d.pci, PCI_BASE_ADDRESS_0, 4, c.d.io | 1);
    guint32 offered = legacy_get(&c.d, VIRTIO_PCI_HOST_FEATURES);
    g_assert_true(offered & (1u << VIRTIO_NET_F_CSUM));
    g_assert_true(offered & (1u << VIRTIO_NET_F_GSO));
    legacy_put(&c.d, VIRTIO_PCI_GUEST_FEATURES, 0xffffffff); /* what 2.6.25 knew */
    g_assert_cmphex(legacy_get(&c.d, VIRTIO_PCI_GUEST_FEATURES), ==, 0x00003821);
    free_card(&c);
    make_card(&c, ROOT ",gso=off");
    offered = legacy_get(&c.d, VIRTIO_PCI_HOST_FEATURES);
    g_assert_false(offered & (1u << VIRTIO_NET_F_GSO));
    free_card(&c);
    make_card(&c, ROOT ",csum=off");
    offered = legacy_get(&c.d, VIRTIO_PCI_HOST_FEATURES);
    g_assert_false(offered & (1u << VIRTIO_NET_F_GSO));
    free_card(&c);
}

static void expect_address(const LegacyDriver *d, const guint8 *mac)
{
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmphex(legacy_config(d, i), ==, mac[i]);
    }
}

/* The driver's, until the machine is reset. */
static void test_address(void)
{
    static const guint8 made[] = { 0x52, 0x54, 0, 0xaa, 0xbb, 0xcc };
    static const guint8 set[] = { 2, 1, 3, 4, 5, 6 };
    Card c;

    make_card(&c, ROOT);
    for (unsigned i = 0; i < 6; i++) { /* nobody has said that he is there */
        qtest_outb(c.q, c.d.io + 20 + i, set[i]);
    }
    expect_address(&c.d, made);
    start_driver(&c, FALSE);
    for (unsigned i = 0; i < 6; i++) {
        qtest_outb(c.q, c.d.io + 20 + i, set[i]);
    }
    qtest_outb(c.q, c.d.io + 26, 0xff); /* the link's status is not */
    expect_address(&c.d, set);
    guest_sends(&c);
    g_assert_cmphex(legacy_config(&c.d, 6), ==, 1);
    board_reset(c.q);
    legacy_find(&c.d, c.q, ROOT);
    expect_address(&c.d, made);
    free_card(&c);
}

/* A second card wants the same cable: it is refused, and the first one goes on. */
static void test_taken(void)
{
    static const char *const drivers[] = { "e1000", "virtio-net-pci" };
    Card c;

    make_card(&c, ROOT);
    start_driver(&c, FALSE);
    for (unsigned i = 0; i < G_N_ELEMENTS(drivers); i++) {
        g_autofree char *why = qtest_qmp_fails(
            c.q,
            "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"%s\","
            "\"bus\": \"rp\", \"netdev\": \"h\"}}",
            drivers[i]);
        g_assert_cmpstr(why, ==, "netdev 'h' is in use");
        guest_sends(&c);
        guest_receives(&c);
    }
    free_card(&c);
}

int main(int argc, char **argv)
{
    if (unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK)) {
        return 77;
    }
    vpci_init(&argc, &argv);
    g_test_add_data_func("/virtio-legacy/net/packets/root", ROOT, test_packets);
    g_test_add_data_func("/virtio-legacy/net/packets/port", ",bus=rp,disable-legacy=off",
                         test_packets);
    g_test_add_data_func("/virtio-legacy/net/packets/only", ROOT ",disable-modern=on",
                         test_packets);
    g_test_add_func("/virtio-legacy/net/identity", test_identity);
    g_test_add_func("/virtio-legacy/net/address", test_address);
    g_test_add_func("/virtio-legacy/net/taken", test_taken);
    return vpci_run();
}
