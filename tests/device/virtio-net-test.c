/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net in the real emulator: a tap by name and by a descriptor that QMP was
 * given, in a network namespace of its own. Skipped without the right to make one.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/device/virtio-common.h"

static guint64 counter(const char *ifname, const char *name)
{
    g_autofree char *path =
        g_strdup_printf("/sys/class/net/%s/statistics/%s", ifname, name);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return g_ascii_strtoull(text, NULL, 10);
}

/* The other end: a packet socket on the interface, which is brought up. */
static int host_end(const char *ifname)
{
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(0x88b5) };
    struct ifreq ifr = { .ifr_flags = IFF_UP };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x88b5));

    g_strlcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    g_assert_cmpint(ioctl(fd, SIOCSIFFLAGS, &ifr), ==, 0);
    g_assert_cmpint(ioctl(fd, SIOCGIFINDEX, &ifr), ==, 0);
    to.sll_ifindex = ifr.ifr_ifindex;
    g_assert_cmpint(bind(fd, (struct sockaddr *)&to, sizeof(to)), ==, 0);
    return fd;
}

static void send_packet(VirtioDriver *d)
{
    guint8 packet[12 + 60] = { 0 };
    GuestBuffer b = { d->data, sizeof(packet), FALSE };
    guint32 head, len;

    memset(packet + 12, 0xff, 6);
    memset(packet + 18, 0x02, 6);
    packet[24] = 0x88;
    packet[25] = 0xb5;
    qtest_bus.memory.write(d->data, packet, sizeof(packet));
    guest_ring_add(&d->rings[1], &b, 1);
    virtio_driver_kick(d, 1);
    virtio_driver_wait_used(d, 1, &head, &len);
}

/* The host may send other packets, too, when the link comes up. */
static void receive_packet(VirtioDriver *d, int host)
{
    guint8 packet[2000], frame[100] = { [0 ... 5] = 0xff, [12] = 0x88, [13] = 0xb5 };
    guint32 head, len;

    for (unsigned i = 0; i < 8; i++) {
        GuestBuffer b = { d->data + 0x1000 * (i + 1), 2000, TRUE };
        guest_ring_add(&d->rings[0], &b, 1);
    }
    virtio_driver_kick(d, 0);
    g_assert_cmpint(send(host, frame, sizeof(frame), 0), ==, sizeof(frame));
    do {
        virtio_driver_wait_used(d, 0, &head, &len);
        qtest_bus.memory.read(d->data + 0x1000 * (head + 1), packet, len);
        g_assert_cmpuint(packet[10], ==, 1); /* buffers */
    } while (len != 12 + sizeof(frame) || memcmp(packet + 12, frame, sizeof(frame)));
}

static void test_ifname(void)
{
    QTest *q = qtest_start("-machine microvm -m 16M -netdev tap,id=n,ifname=vireo1 "
                           "-device virtio-net-device,netdev=n,mac=52:54:00:aa:bb:cc,"
                           "bus=virtio-mmio-bus.4");
    VirtioDriver d;

    qtest_bus_set(q);
    int host = host_end("vireo1");
    virtio_driver_start(&d, &qtest_bus, SLOT(4), ~0ull, 2, 256, RINGS);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_DEVICE_ID), ==, VIRTIO_ID_NET);
    g_assert_cmphex(virtio_driver_read(&d, VIRTIO_MMIO_CONFIG), ==, 0xaa005452);
    g_assert_true(d.features & (1ull << VIRTIO_NET_F_HOST_TSO4));
    guint64 before = counter("vireo1", "rx_packets");
    for (unsigned i = 0; i < 10; i++) {
        send_packet(&d);
    }
    g_assert_cmpuint(counter("vireo1", "rx_packets"), ==, before + 10);
    receive_packet(&d, host);
    close(host);
    g_autofree char *text =
        qtest_qmp_fails(q, "{\"execute\":\"netdev_del\",\"arguments\":{\"id\":\"n\"}}");
    g_assert_nonnull(strstr(text, "in use"));
    qtest_stop(q);
}

/* Reset while it has buffers to receive into: it leaves them alone, and starts anew. */
static void test_reset(gconstpointer way)
{
    QTest *q = qtest_start("-machine microvm -m 16M -netdev tap,id=n,ifname=vireo4 "
                           "-device virtio-net-device,netdev=n,bus=virtio-mmio-bus.4");
    guint8 frame[100] = { [0 ... 5] = 0xff, [12] = 0x88, [13] = 0xb5 };
    guint8 pattern[8 * 0x1000], after[sizeof(pattern)];
    VirtioDriver d;

    qtest_bus_set(q);
    int host = host_end("vireo4");
    virtio_driver_start(&d, &qtest_bus, SLOT(4), ~0ull, 2, 256, RINGS);
    for (unsigned i = 0; i < 8; i++) {
        GuestBuffer b = { d.data + 0x1000 * (i + 1), 0x1000, TRUE };
        guest_ring_add(&d.rings[0], &b, 1);
    }
    virtio_driver_kick(&d, 0);
    if (g_str_equal(way, "system")) {
        qmp(q, "{\"execute\":\"system_reset\"}");
        wait_event(q, "RESET");
    } else {
        virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    }
    g_assert_cmphex(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==, 0);
    memset(pattern, 0x5a, sizeof(pattern));
    qtest_bus.memory.write(d.data + 0x1000, pattern, sizeof(pattern));
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(send(host, frame, sizeof(frame), 0), ==, sizeof(frame));
        qmp(q, "{\"execute\":\"query-status\"}"); /* once round the main loop */
    }
    qtest_bus.memory.read(d.data + 0x1000, after, sizeof(after));
    g_assert_cmpmem(after, sizeof(after), pattern, sizeof(pattern));

    virtio_driver_start(&d, &qtest_bus, SLOT(4), ~0ull, 2, 256, RINGS);
    send_packet(&d);
    receive_packet(&d, host);
    close(host);
    qtest_stop(q);
}

/*
 * A buffer in more pieces than one call takes, from a tap without a header: the one that
 * is made is of zeros, not of what was in the emulator's memory.
 */
static void test_pieces(void)
{
    enum { PIECES = 700, BYTES = 4 };
    guint8 frame[100] = { [0 ... 5] = 0xff, [12] = 0x88, [13] = 0xb5 };
    guint8 header[12], expected[12] = { [10] = 1 };
    GuestBuffer pieces[PIECES];
    VirtioDriver d;
    guint32 head, len;

    g_setenv("MALLOC_PERTURB_", "165", TRUE);
    QTest *q = qtest_start("-machine microvm -m 16M -netdev tap,id=n,ifname=vireo8,"
                           "vnet_hdr=off -device virtio-net-device,netdev=n,"
                           "bus=virtio-mmio-bus.4");
    g_unsetenv("MALLOC_PERTURB_");
    qtest_bus_set(q);
    int host = host_end("vireo8");
    virtio_driver_start(&d, &qtest_bus, SLOT(4), ~0ull, 2, 256, RINGS);
    for (unsigned i = 0; i < PIECES; i++) { /* apart from each other */
        pieces[i] = (GuestBuffer){ d.data + 0x10000 + 2 * BYTES * i, BYTES, TRUE };
    }
    guest_ring_add_indirect(&d.rings[0], d.data, pieces, PIECES);
    virtio_driver_kick(&d, 0);
    g_assert_cmpint(send(host, frame, sizeof(frame), 0), ==, sizeof(frame));
    virtio_driver_wait_used(&d, 0, &head, &len);
    for (unsigned i = 0; i < sizeof(header) / BYTES; i++) {
        qtest_bus.memory.read(pieces[i].addr, header + BYTES * i, BYTES);
    }
    g_assert_cmpmem(header, sizeof(header), expected, sizeof(expected));
    close(host);
    qtest_stop(q);
}

/* Plugged by QMP while the VM runs; unplugged before a driver has seen it. */
static void test_plug(void)
{
    QTest *q = qtest_start("-machine microvm -m 16M");
    VirtioDriver d;

    qtest_bus_set(q);
    qmp(q, "{\"execute\":\"netdev_add\",\"arguments\":{\"type\":\"tap\",\"id\":\"n\","
           "\"ifname\":\"vireo2\"}}");
    for (unsigned i = 0; i < 2; i++) {
        qmp(q, "{\"execute\":\"device_add\",\"arguments\":{\"id\":\"nic\","
               "\"driver\":\"virtio-net-device\",\"netdev\":\"n\"}}");
        if (i == 0) {
            qmp(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nic\"}}");
            wait_event(q, "DEVICE_DELETED");
        }
    }
    close(host_end("vireo2"));
    /* the first slot has been met by the guest, perhaps: others come before it */
    virtio_driver_start(&d, &qtest_bus, SLOT(1), ~0ull, 2, 256, RINGS);
    send_packet(&d);
    g_assert_cmpuint(counter("vireo2", "rx_packets"), ==, 1);
    g_autofree char *text =
        qtest_qmp_fails(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nic\"}}");
    g_assert_nonnull(strstr(text, "nic"));
    qtest_stop(q);
}

static void test_refused(void)
{
    static const struct {
        const char *args, *why;
    } cases[] = {
        { "-netdev tap,id=n,ifname=vireo3,vhost=on,vhostfd=77", "vhostfd" },
        { "-netdev tap,id=n,ifname=vireo3,vhostfd=0", "not valid without vhost" },
        { "-netdev socket,id=n", "socket" },
        { "-netdev tap,id=n,fd=77", "77" },
        { "-device virtio-net-device,netdev=nope", "nope" },
        { "-netdev tap,id=n,ifname=vireo3 -device virtio-net-device,netdev=n,rss=on",
          "rss" },
        { "-netdev tap,id=n,ifname=vireo3 -device virtio-net-device,netdev=n,host_mtu=67",
          "host_mtu" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *args =
            g_strdup_printf("-accel qtest -machine microvm -m 16M %s", cases[i].args);
        g_autofree char *messages = NULL;
        g_assert_cmpint(qtest_run(args, &messages), ==, 1);
        if (!strstr(messages, cases[i].why)) {
            g_error("%s", messages);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-net/refused", test_refused);
    /* counters are shown by a sysfs of the same namespace */
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 || access("/dev/net/tun", R_OK | W_OK) ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/sys", "sysfs", 0, NULL) < 0) {
        return g_test_run() ? 1 : 77; /* the rest was not run */
    }
    g_test_add_func("/virtio-net/ifname", test_ifname);
    g_test_add_func("/virtio-net/pieces", test_pieces);
    g_test_add_func("/virtio-net/plug", test_plug);
    g_test_add_data_func("/virtio-net/reset/device", "device", test_reset);
    g_test_add_data_func("/virtio-net/reset/system", "system", test_reset);
    return g_test_run();
}
