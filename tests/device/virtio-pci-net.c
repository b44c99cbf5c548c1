/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/virtio-pci-net.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

gboolean net_has_namespace(void)
{
    return unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", R_OK | W_OK) == 0;
}

int host_end(const char *ifname)
{
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE) };
    struct ifreq ifr = { .ifr_flags = IFF_UP };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETHERTYPE));

    g_strlcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    g_assert_cmpint(ioctl(fd, SIOCSIFFLAGS, &ifr), ==, 0);
    g_assert_cmpint(ioctl(fd, SIOCGIFINDEX, &ifr), ==, 0);
    to.sll_ifindex = ifr.ifr_ifindex;
    g_assert_cmpint(bind(fd, (struct sockaddr *)&to, sizeof(to)), ==, 0);
    return fd;
}

void host_sends(int host, const guint8 *to, gint vlan, guint8 seed)
{
    guint8 frame[FRAME] = { [6] = 2, [12] = ETHERTYPE >> 8, [13] = ETHERTYPE & 0xff };

    memcpy(frame, to, 6);
    if (vlan >= 0) {
        frame[12] = 0x81;
        frame[13] = 0;
        frame[14] = vlan >> 8;
        frame[15] = vlan & 0xff;
        frame[16] = ETHERTYPE >> 8;
        frame[17] = ETHERTYPE & 0xff;
    }
    frame[FRAME - 1] = seed;
    g_assert_cmpint(send(host, frame, sizeof(frame), 0), ==, sizeof(frame));
}

guint64 net_buffer(const VirtioPciDriver *d, unsigned pair, unsigned i)
{
    return d->data + 0x1000 + BYTES * (BUFFERS * pair + i % BUFFERS);
}

void offer(VirtioPciDriver *d, unsigned pair, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        guint64 at = net_buffer(d, pair, d->rings[2 * pair].next_desc);
        guest_ring_add(&d->rings[2 * pair], &(GuestBuffer){ at, BYTES, TRUE }, 1);
    }
    vpci_kick(d, 2 * pair);
}

int take_frame(VirtioPciDriver *d, unsigned pair)
{
    guint8 packet[HEADER + FRAME] = { 0 };
    guint32 head, len;

    vpci_wait_used(d, 2 * pair, &head, &len);
    qtest_memread(d->q, net_buffer(d, pair, head), packet, sizeof(packet));
    offer(d, pair, 1);
    return len == HEADER + FRAME && packet[HEADER + 6] == 2 ? packet[HEADER + FRAME - 1]
                                                            : -1;
}

int next_seed(VirtioPciDriver *d, unsigned pair)
{
    int seed;

    do {
        seed = take_frame(d, pair);
    } while (seed < 0);
    return seed;
}

gboolean has_frame(VirtioPciDriver *d, unsigned pair)
{
    return vpci_used_idx(d, 2 * pair) != d->rings[2 * pair].seen;
}

void guest_sends(VirtioPciDriver *d, guint8 seed)
{
    guint8 packet[HEADER + FRAME] = { [HEADER + 0 ... HEADER + 5] = 0xff,
                                      [HEADER + 6] = 2,
                                      [HEADER + 12] = ETHERTYPE >> 8,
                                      [HEADER + 13] = ETHERTYPE & 0xff };
    guint32 head, len;

    packet[HEADER + FRAME - 1] = seed;
    qtest_memwrite(d->q, d->data, packet, sizeof(packet));
    guest_ring_add(&d->rings[1], &(GuestBuffer){ d->data, sizeof(packet), FALSE }, 1);
    vpci_kick(d, 1);
    vpci_wait_used(d, 1, &head, &len);
}

void send_flows(int host, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        guint8 frame[FRAME] = {
            [0 ... 5] = 0xff, [6] = 2,   [12] = 8,    [14] = 0x45, [17] = FRAME - 14,
            [22] = 64,        [23] = 17, [26] = 10,   [29] = 1,    [30] = 10,
            [33] = 2,         [35] = i,  [34] = 0x40, [36] = 0x50, [39] = FRAME - 34
        };
        frame[FRAME - 1] = i;
        struct sockaddr_ll to = { .sll_family = AF_PACKET };
        socklen_t len = sizeof(to);
        g_assert_cmpint(getsockname(host, (struct sockaddr *)&to, &len), ==, 0);
        to.sll_protocol = htons(0x0800);
        g_assert_cmpint(
            sendto(host, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)), ==,
            sizeof(frame));
    }
}

guint8 net_command(VirtioPciDriver *d, unsigned queue, guint8 class, guint8 cmd,
                   const void *data, gsize len)
{
    guint8 header[] = { class, cmd }, status = 0xee;
    guint64 at = d->data;
    GuestBuffer chain[] = { { at, sizeof(header), FALSE },
                            { at + 16, len, FALSE },
                            { at + 0xff0, 1, TRUE } };
    guint32 head, used;

    qtest_memwrite(d->q, at, header, sizeof(header));
    qtest_memwrite(d->q, at + 16, data, len);
    qtest_memwrite(d->q, at + 0xff0, &status, 1);
    guest_ring_add(&d->rings[queue], chain, 3);
    vpci_kick(d, queue);
    vpci_wait_used(d, queue, &head, &used);
    g_assert_cmpuint(used, ==, 1);
    return qtest_readb(d->q, at + 0xff0);
}

guint8 net_set_pairs(VirtioPciDriver *d, unsigned queue, guint16 pairs)
{
    return net_command(d, queue, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET,
                       &pairs, sizeof(pairs));
}
