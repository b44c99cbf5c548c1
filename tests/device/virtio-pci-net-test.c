/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net over PCI, with a tap in a network namespace of its own: skipped without the
 * right to make one.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_ids.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/device/virtio-pci.h"

#define ETHERTYPE 0x88b5
#define HEADER    12
#define BUFFERS   8
#define BYTES     0x1000u
#define FRAME     100

/* The other end: a packet socket on the interface, which is brought up. */
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

static void host_sends(int host)
{
    guint8 frame[FRAME] = {
        [0 ... 5] = 0xff, [12] = ETHERTYPE >> 8, [13] = ETHERTYPE & 0xff
    };

    g_assert_cmpint(send(host, frame, sizeof(frame), 0), ==, sizeof(frame));
}

static guint64 buffer(const VirtioPciDriver *d, unsigned i)
{
    return d->data + BYTES * (1 + i);
}

static void offer_buffers(VirtioPciDriver *d)
{
    for (unsigned i = 0; i < BUFFERS; i++) {
        guest_ring_add(&d->rings[0], &(GuestBuffer){ buffer(d, i), BYTES, TRUE }, 1);
    }
    vpci_kick(d, 0);
}

static void guest_sends(VirtioPciDriver *d, int host)
{
    guint8 packet[HEADER + 60] = { [HEADER + 0 ... HEADER + 5] = 0xff,
                                   [HEADER + 6] = 2,
                                   [HEADER + 12] = ETHERTYPE >> 8,
                                   [HEADER + 13] = ETHERTYPE & 0xff };
    guint8 got[200];
    guint32 head, len;

    qtest_memwrite(d->q, d->data, packet, sizeof(packet));
    guest_ring_add(&d->rings[1], &(GuestBuffer){ d->data, sizeof(packet), FALSE }, 1);
    vpci_kick(d, 1);
    vpci_wait_used(d, 1, &head, &len);
    g_assert_cmpint(recv(host, got, sizeof(got), 0), ==, sizeof(packet) - HEADER);
    g_assert_cmpmem(got, 14, packet + HEADER, 14);
}

/* The host's kernel may send other packets, too, when the link comes up. */
static void wait_frame(VirtioPciDriver *d)
{
    guint32 head, len;
    guint8 type[2];

    do {
        vpci_wait_used(d, 0, &head, &len);
        qtest_memread(d->q, buffer(d, head % BUFFERS) + HEADER + 12, type, 2);
    } while (len != HEADER + FRAME || type[0] != ETHERTYPE >> 8);
}

static QTest *start(VirtioPciDriver *d, const char *where, int *host)
{
    QTest *q = qtest_start(VPCI_MACHINE "-netdev tap,id=h,ifname=vireo5 -device "
                                        "virtio-net-pci,id=d,netdev=h,"
                                        "mac=52:54:00:aa:bb:cc%s",
                           where);

    *host = host_end("vireo5");
    vpci_find(d, q, where);
    vpci_enable_msix(d);
    vpci_start(d, EACH_INTERRUPTS, 2, 256);
    return q;
}

static void stop(QTest *q, int host)
{
    close(host);
    qtest_stop(q);
}

static void test_packets(gconstpointer where)
{
    VirtioPciDriver d;
    int host;
    QTest *q = start(&d, where, &host);

    gboolean modern = d.port != NO_PORT; /* only; else transitional */
    g_assert_cmphex(vpci_cfg(&d, PCI_VENDOR_ID, 4), ==, modern ? 0x10411af4 : 0x10001af4);
    g_assert_cmphex(vpci_cfg(&d, PCI_CLASS_REVISION, 4), ==, 0x02000000 | modern);
    g_assert_cmpuint(d.n_queues, ==, 3);
    g_assert_cmpuint(d.n_vectors, ==, 4);
    g_assert_cmphex(qtest_readl(q, d.config), ==, 0xaa005452);
    guest_sends(&d, host);
    vpci_wait_message(&d, 1);
    vpci_mask(&d, 0, TRUE);
    vpci_taken(&d, 0);
    offer_buffers(&d);
    host_sends(host);
    wait_frame(&d);
    while (!vpci_pending(&d, 0)) {
    }
    g_assert_cmphex(vpci_taken(&d, 0), ==, 0);
    vpci_mask(&d, 0, FALSE);
    vpci_wait_message(&d, 0);
    stop(q, host);
}

/* Buffers to receive into are the driver's again, and not written any more. */
static void expect_left_alone(VirtioPciDriver *d, int host)
{
    guint8 pattern[BUFFERS * BYTES], after[sizeof(pattern)];

    memset(pattern, 0x5a, sizeof(pattern));
    qtest_memwrite(d->q, buffer(d, 0), pattern, sizeof(pattern));
    for (unsigned i = 0; i < 3; i++) {
        host_sends(host);
        qmp(d->q, "{\"execute\":\"query-status\"}"); /* once round the main loop */
    }
    qtest_memread(d->q, buffer(d, 0), after, sizeof(after));
    g_assert_cmpmem(after, sizeof(after), pattern, sizeof(pattern));
}

static void test_queue_reset(gconstpointer where)
{
    VirtioPciDriver d;
    int host;
    QTest *q = start(&d, where, &host);

    offer_buffers(&d);
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
    expect_left_alone(&d, host);
    guest_sends(&d, host); /* the other one goes on */
    vpci_set_up_queue(&d, 0, 256, 0);
    vpci_taken(&d, 0);
    offer_buffers(&d);
    host_sends(host);
    wait_frame(&d);
    vpci_wait_message(&d, 0);
    stop(q, host);
}

static void test_eject(gconstpointer where)
{
    VirtioPciDriver d;
    int host;
    QTest *q = start(&d, where, &host);

    offer_buffers(&d);
    qtest_outl(q, 0xcd0, 0);
    qtest_outl(q, 0xcc8, 1);
    wait_event(q, "DEVICE_DELETED");
    expect_left_alone(&d, host);
    stop(q, host);
}

int main(int argc, char **argv)
{
    if (unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK)) {
        return 77;
    }
    vpci_init(&argc, &argv);
    vpci_add_everywhere("net/packets", test_packets);
    vpci_add_everywhere("net/queue-reset", test_queue_reset);
    vpci_add_behind_port("net/eject", test_eject);
    return vpci_run();
}
