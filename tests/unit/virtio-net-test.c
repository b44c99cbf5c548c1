/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net on a tap, in a network namespace of its own; the other end of the tap
 * is a packet socket. Skipped where the kernel does not let us. The data path is tested
 * a second time with a tap whose frames have no header.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "config/json.h"
#include "device/device.h"
#include "net/net.h"
#include "virtio-board.h"

#define HEADER 12
#define TYPE   0x88b5 /* for experiments: nobody else sends it */

#define PLAIN "VIREO_TEST_PLAIN_TAP" /* environment: the second time */

static int wire = -1; /* the other end */
static const guint8 guest_mac[] = { 0x52, 0x54, 0, 1, 2, 3 };

static ConfigNode *parse(const char *json)
{
    ConfigNode *node = config_parse_json(json, NULL);

    g_assert_nonnull(node);
    return node;
}

static gboolean open_wire(const char *ifname)
{
    struct ifreq ifr = { 0 };
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

    wire = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
    if (wire < 0) {
        return FALSE;
    }
    g_strlcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    g_assert_cmpint(ioctl(wire, SIOCGIFINDEX, &ifr), ==, 0);
    to.sll_ifindex = ifr.ifr_ifindex;
    ifr.ifr_mtu = 60000;
    g_assert_cmpint(ioctl(wire, SIOCSIFMTU, &ifr), ==, 0);
    g_assert_cmpint(ioctl(wire, SIOCGIFFLAGS, &ifr), ==, 0);
    ifr.ifr_flags |= IFF_UP | IFF_NOARP;
    return ioctl(wire, SIOCSIFFLAGS, &ifr) == 0 &&
           bind(wire, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static void make_frame(guint8 *frame, gsize len, guint16 type, guint8 seed)
{
    memset(frame, 0xff, 6);
    memcpy(frame + 6, guest_mac, 6);
    frame[12] = type >> 8;
    frame[13] = type & 0xff;
    for (gsize i = 14; i < len; i++) {
        frame[i] = seed + i * 7;
    }
}

/* The next frame of the type that has come over the wire. */
static gssize wire_receive(guint8 *buf, gsize len, guint16 type)
{
    for (;;) {
        gssize n = recv(wire, buf, len, 0);
        if (n >= 14 && buf[12] == type >> 8 && buf[13] == (type & 0xff)) {
            return n;
        }
        if (n < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            event_loop_iterate(event_loop_main(), FALSE);
        }
    }
}

static Device *start_nic(VirtioDriver *d, guint64 features, const char *more)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"virtio-net-device\",\"id\":\"nic\",\"netdev\":\"t\","
        "\"mac\":\"52:54:00:01:02:03\"%s}",
        more);
    g_autoptr(ConfigNode) node = parse(json);
    Device *dev = device_add_from_config(node, FALSE, &error);

    g_assert_no_error(error);
    virtio_driver_start(d, &board_bus, BASE, features, 2, 256, RINGS);
    return dev;
}

static void stop_nic(VirtioDriver *d, Device *dev)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(device_request_unplug(dev, &error));
    virtio_driver_write(d, VIRTIO_MMIO_STATUS, 0);
    device_ref(dev);
    g_assert_true(device_request_unplug(dev, NULL));
    while (dev->realized) {
        bus_wait();
    }
    device_unref(dev);
}

/* Buffers of `size` each for receiving. */
static void post_buffers(VirtioDriver *d, unsigned n, guint32 size)
{
    for (unsigned i = 0; i < n; i++) {
        guint16 head = d->rings[0].next_desc;
        GuestBuffer b = { d->data + 0x1000 * head, size, TRUE };
        guest_ring_add(&d->rings[0], &b, 1);
    }
    virtio_driver_kick(d, 0);
}

/* One packet from the receive queue, put together from its buffers. */
static gsize guest_receive(VirtioDriver *d, guint8 *buf, guint16 *buffers)
{
    gsize total = 0;

    *buffers = 1;
    for (unsigned i = 0; i < *buffers; i++) {
        guint32 head, len;
        virtio_driver_wait_used(d, 0, &head, &len);
        mem_read(d->data + 0x1000 * (guint64)head, buf + total, len);
        if (i == 0 && (d->features & (1ull << VIRTIO_NET_F_MRG_RXBUF))) {
            memcpy(buffers, buf + 10, 2);
        }
        total += len;
    }
    return total;
}

/* Without other traffic (the kernel may send some): the next of our type. */
static gsize guest_receive_type(VirtioDriver *d, guint8 *buf, guint16 *buffers)
{
    gsize len;

    do {
        len = guest_receive(d, buf, buffers);
    } while (buf[HEADER + 12] != TYPE >> 8 || buf[HEADER + 13] != (TYPE & 0xff));
    return len;
}

static void guest_send(VirtioDriver *d, const guint8 *frame, gsize len)
{
    guint8 header[HEADER] = { 0 };
    guint64 at = d->data + 0x200000;
    GuestBuffer chain[] = { { at, HEADER, FALSE }, { at + 4096, len, FALSE } };
    guint32 head, used;

    mem_write(at, header, HEADER);
    mem_write(at + 4096, frame, len);
    guest_ring_add(&d->rings[1], chain, 2);
    virtio_driver_kick(d, 1);
    virtio_driver_wait_used(d, 1, &head, &used);
    g_assert_cmpuint(used, ==, 0);
}

/* data: more properties. */
static void test_each_way(gconstpointer data)
{
    static const gsize sizes[] = { 60, 1514, 9000, 50000 };
    g_autofree guint8 *frame = g_malloc(65536), *back = g_malloc(70000);
    guint64 mergeable = 1ull << VIRTIO_NET_F_MRG_RXBUF | 1ull << VIRTIO_NET_F_MAC;
    VirtioDriver d;
    guint16 buffers;
    Device *dev = start_nic(&d, mergeable, data);

    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_DEVICE_ID), ==, VIRTIO_ID_NET);
    g_assert_cmphex(virtio_driver_read(&d, VIRTIO_MMIO_CONFIG), ==, 0x01005452);
    post_buffers(&d, 100, 1526);
    for (unsigned round = 0; round < 40; round++) {
        gsize len = sizes[round % G_N_ELEMENTS(sizes)];
        make_frame(frame, len, TYPE, round);
        guest_send(&d, frame, len);
        g_assert_cmpint(wire_receive(back, 70000, TYPE), ==, len);
        g_assert_cmpmem(back, len, frame, len);

        make_frame(frame, len, TYPE, round + 100);
        g_assert_cmpint(send(wire, frame, len, 0), ==, len);
        g_assert_cmpuint(guest_receive_type(&d, back, &buffers), ==, HEADER + len);
        g_assert_cmpuint(buffers, ==, (HEADER + len + 1525) / 1526);
        g_assert_cmpmem(back + HEADER, len, frame, len);
        post_buffers(&d, buffers, 1526);
    }
    stop_nic(&d, dev);
}

/* While only small packets come, few buffers wait for each: a large one is whole as well.
 */
static void test_after_small(void)
{
    g_autofree guint8 *frame = g_malloc(65536), *back = g_malloc(70000);
    VirtioDriver d;
    guint16 buffers;
    Device *dev = start_nic(&d, 1ull << VIRTIO_NET_F_MRG_RXBUF, "");

    post_buffers(&d, 100, 1526);
    for (unsigned i = 0; i < 300; i++) {
        gsize len = i % 100 == 99 ? 50000 : 60;
        make_frame(frame, len, TYPE, i);
        g_assert_cmpint(send(wire, frame, len, 0), ==, len);
        g_assert_cmpuint(guest_receive_type(&d, back, &buffers), ==, HEADER + len);
        g_assert_cmpuint(buffers, ==, (HEADER + len + 1525) / 1526);
        g_assert_cmpmem(back + HEADER, len, frame, len);
        post_buffers(&d, buffers, 1526);
    }
    stop_nic(&d, dev);
}

/* Few small buffers: the spill buffer, and packets that are lost without harm. */
static void test_few_buffers(void)
{
    g_autofree guint8 *frame = g_malloc(65536), *back = g_malloc(70000);
    VirtioDriver d;
    guint16 buffers;
    Device *dev = start_nic(&d, 1ull << VIRTIO_NET_F_MRG_RXBUF, "");

    post_buffers(&d, 2, 512);
    make_frame(frame, 1514, TYPE, 1); /* needs three */
    g_assert_cmpint(send(wire, frame, 1514, 0), ==, 1514);
    make_frame(frame, 600, TYPE, 2);
    g_assert_cmpint(send(wire, frame, 600, 0), ==, 600);
    g_assert_cmpuint(guest_receive_type(&d, back, &buffers), ==, HEADER + 600);
    g_assert_cmpuint(buffers, ==, 2);
    g_assert_cmpmem(back + HEADER, 600, frame, 600);
    stop_nic(&d, dev);
}

/* One buffer a packet; what does not fit is lost. */
static void test_not_mergeable(void)
{
    g_autofree guint8 *frame = g_malloc(65536), *back = g_malloc(70000);
    VirtioDriver d;
    guint16 buffers;
    Device *dev = start_nic(&d, 0, "");

    post_buffers(&d, 10, 1526);
    make_frame(frame, 3000, TYPE, 1);
    g_assert_cmpint(send(wire, frame, 3000, 0), ==, 3000);
    make_frame(frame, 1514, TYPE, 2);
    g_assert_cmpint(send(wire, frame, 1514, 0), ==, 1514);
    g_assert_cmpuint(guest_receive_type(&d, back, &buffers), ==, 1526);
    g_assert_cmpmem(back + HEADER, 1514, frame, 1514);
    stop_nic(&d, dev);
}

/* Stopped and going on: what had been popped ahead is there again. */
static void test_stop(void)
{
    g_autofree guint8 *frame = g_malloc(65536), *back = g_malloc(70000);
    VirtioDriver d;
    guint16 buffers;
    Device *dev = start_nic(&d, 1ull << VIRTIO_NET_F_MRG_RXBUF, "");

    post_buffers(&d, 60, 1526);
    for (unsigned i = 0; i < 10; i++) {
        make_frame(frame, 1000, TYPE, i);
        g_assert_cmpint(send(wire, frame, 1000, 0), ==, 1000);
        g_assert_cmpuint(guest_receive_type(&d, back, &buffers), ==, HEADER + 1000);
        g_assert_cmpmem(back + HEADER, 1000, frame, 1000);
        vm_stop(RUN_STATE_PAUSED);
        vm_start();
    }
    stop_nic(&d, dev);
}

/* After a load the guest's address is announced: RFC 903. */
static void test_announce(void)
{
    guint8 back[2000];
    VirtioDriver d;
    Device *dev = start_nic(&d, 0, "");
    g_autoptr(GByteArray) saved = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    vm_stop(RUN_STATE_PAUSED);
    g_assert_true(state_save(saved, dev->klass->state, dev, NULL));
    g_assert_true(state_load(saved->data, saved->len, dev->klass->state, dev, &error));
    vm_start();
    for (unsigned i = 0; i < 5; i++) {
        g_assert_cmpint(wire_receive(back, sizeof(back), 0x8035), >=, 42);
        g_assert_cmpmem(back + 6, 6, guest_mac, 6);
        g_assert_cmpmem(back + 22, 6, guest_mac, 6);
        g_assert_cmpuint(back[21], ==, 3);
    }
    stop_nic(&d, dev);
}

static void test_hostile(void)
{
    VirtioDriver d;
    Device *dev = start_nic(&d, 1ull << VIRTIO_NET_F_MRG_RXBUF, "");
    guint8 frame[100] = { 0 };

    post_buffers(&d, 1, 11); /* no room for the header */
    while (!(virtio_driver_read(&d, VIRTIO_MMIO_STATUS) & 0x40)) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    virtio_driver_start(&d, &board_bus, BASE, 0, 2, 256, RINGS);
    /* headers that the tap refuses, and frames that are none, are dropped */
    GuestBuffer garbage = { d.data, 64, FALSE }, tiny = { d.data, 3, FALSE };
    guint8 header[64];
    guint32 head, len;
    memset(header, 0xee, sizeof(header));
    mem_write(d.data, header, sizeof(header));
    guest_ring_add(&d.rings[1], &garbage, 1);
    guest_ring_add(&d.rings[1], &tiny, 1);
    virtio_driver_kick(&d, 1);
    virtio_driver_wait_used(&d, 1, &head, &len);
    virtio_driver_wait_used(&d, 1, &head, &len);
    make_frame(frame, 100, TYPE, 0);
    guest_send(&d, frame, 100);
    guint8 back[200];
    g_assert_cmpint(wire_receive(back, sizeof(back), TYPE), ==, 100);
    stop_nic(&d, dev);
}

static void refuse(const char *json, const char *why)
{
    g_autoptr(ConfigNode) node = parse(json);
    g_autoptr(GError) error = NULL;

    g_assert_null(net_backend_add(node, &error));
    g_assert_nonnull(strstr(error->message, why));
}

static int open_tap(const char *ifname, int flags)
{
    struct ifreq ifr = { .ifr_flags = IFF_TAP | flags };
    int fd = open("/dev/net/tun", O_RDWR);

    g_strlcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    return fd >= 0 && ioctl(fd, TUNSETIFF, &ifr) == 0 ? fd : -1;
}

static void test_options(void)
{
    refuse("{\"type\":\"socket\",\"id\":\"x\"}", "socket");
    refuse("{\"id\":\"x\",\"ifname\":\"v\"}", "type");
    refuse("{\"type\":\"tap\",\"ifname\":\"v\"}", "id");
    refuse("{\"type\":\"tap\",\"id\":\"t\",\"ifname\":\"v\"}", "Duplicate");
    refuse("{\"type\":\"tap\",\"id\":\"x\"}", "ifname");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"ifname\":\"v\",\"vhost\":false,"
           "\"vhostfd\":\"0\"}",
           "not valid without vhost");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"ifname\":\"v\",\"vhost\":true,"
           "\"vhostfd\":\"nobody\"}",
           "nobody");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"ifname\":\"v\",\"vhost\":true,"
           "\"vhostfds\":\"0\"}",
           "vhostfds=");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"ifname\":\"v\",\"queues\":257}", "queues");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"fd\":\"0\",\"queues\":2}", "fd=");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"fds\":\"0:0\",\"vnet_hdr\":true}", "fds=");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"fds\":\"0:0\",\"fd\":\"0\"}", "one of");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"fds\":\"\"}", "fds");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"fds\":\"0:nobody\"}", "not a tap");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"ifname\":\"v\",\"script\":\"/x\"}",
           "script");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"ifname\":\"v\",\"frob\":2}", "frob");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"fd\":\"0\"}", "not a tap");
    refuse("{\"type\":\"tap\",\"id\":\"x\",\"fd\":\"nobody\"}", "nobody");
    for (int flags = 0; flags <= IFF_VNET_HDR; flags += IFF_VNET_HDR) {
        int fd = open_tap("vireo1", flags); /* packet information in front of frames */
        g_autofree char *json =
            g_strdup_printf("{\"type\":\"tap\",\"id\":\"x\",\"fd\":\"%d\"}", fd);
        refuse(json, "IFF_NO_PI");
        close(fd);
    }
}

static char *two_taps(int *fds)
{
    for (unsigned i = 0; i < 2; i++) {
        fds[i] = open_tap("vireo2", IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE);
        g_assert_cmpint(fds[i], >=, 0);
    }
    return g_strdup_printf("{\"type\":\"tap\",\"id\":\"x\",\"fds\":\"%d:%d\"}", fds[0],
                           fds[1]);
}

/* Each descriptor is a pair; of those that are refused all can be used again. */
static void test_descriptors(void)
{
    int fds[2];
    g_autofree char *json = two_taps(fds);
    g_autofree char *bad = g_strdup_printf(
        "{\"type\":\"tap\",\"id\":\"x\",\"fds\":\"%d:%d:1\"}", fds[0], fds[1]);
    g_autoptr(GError) error = NULL;

    refuse(bad, "not a tap");
    g_autoptr(ConfigNode) node = parse(json);
    NetBackend *net = net_backend_add(node, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(net_backend_pairs(net), ==, 2);
    g_assert_true(net_backend_has_header(net));
    g_assert_cmpint(net_backend_fd(net, 1), ==, fds[1]);
    for (unsigned active = 1; active <= 2; active++) {
        struct ifreq ifr;
        g_assert_true(net_backend_set_pairs(net, active, &error));
        g_assert_cmpint(ioctl(fds[1], TUNGETIFF, &ifr), ==, 0);
        g_assert_cmpint(ifr.ifr_flags & IFF_DETACH_QUEUE, ==,
                        active == 2 ? 0 : IFF_DETACH_QUEUE);
    }
    g_assert_true(net_backend_del("x", &error));
    g_assert_cmpint(fcntl(fds[1], F_GETFD), ==, -1);
}

/* By descriptor, as a manager does it. */
static int open_tap_elsewhere(void)
{
    return open_tap("vireo0", IFF_NO_PI | (g_getenv(PLAIN) ? 0 : IFF_VNET_HDR));
}

/* IPv6 sends by itself and would take the buffers that the tests count. */
static gboolean no_traffic_of_the_kernel(void)
{
    static const char path[] = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean ok = fd < 0 ? errno == ENOENT : write(fd, "1", 1) == 1;

    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static gboolean make_board(void)
{
    if (unshare(CLONE_NEWNET) < 0 || !no_traffic_of_the_kernel()) {
        return FALSE;
    }
    int fd = open_tap_elsewhere();
    if (fd < 0 || !open_wire("vireo0")) {
        return FALSE;
    }
    board_make(1);
    g_autofree char *json =
        g_strdup_printf("{\"type\":\"tap\",\"id\":\"t\",\"fd\":\"%d\"}", fd);
    g_autoptr(ConfigNode) netdev = parse(json);
    g_assert_nonnull(net_backend_add(netdev, NULL));
    return TRUE;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!make_board()) {
        return 77;
    }
    g_test_add_data_func("/net/each-way/main", "", test_each_way);
    g_test_add_data_func("/net/each-way/iothread", ",\"iothread\":\"io\"", test_each_way);
    g_test_add_func("/net/after-small", test_after_small);
    g_test_add_func("/net/few-buffers", test_few_buffers);
    g_test_add_func("/net/not-mergeable", test_not_mergeable);
    g_test_add_func("/net/stop", test_stop);
    g_test_add_func("/net/announce", test_announce);
    if (!g_getenv(PLAIN)) {
        g_test_add_func("/net/hostile", test_hostile);
        g_test_add_func("/net/options", test_options);
        g_test_add_func("/net/descriptors", test_descriptors);
    }
    int ret = g_test_run();
    device_cleanup();
    net_cleanup();
    board_free();
    close(wire);
    if (ret == 0 && !g_getenv(PLAIN)) {
        g_setenv(PLAIN, "1", TRUE);
        execv("/proc/self/exe", argv);
        return 1;
    }
    return ret;
}
