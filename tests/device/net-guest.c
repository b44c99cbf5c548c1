/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/net-guest.h"

#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <netinet/in.h>
#include <string.h>

#define HEADER  12 /* virtio-net's */
#define BUFFERS 16

const guint8 guest_mac[] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

static void put16(guint8 *p, guint16 value)
{
    p[0] = value >> 8;
    p[1] = value & 0xff;
}

static void put32(guint8 *p, guint32 value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

guint16 get16(const guint8 *p)
{
    return (guint16)(p[0] << 8 | p[1]);
}

guint32 get32(const guint8 *p)
{
    return (guint32)get16(p) << 16 | get16(p + 2);
}

static guint64 buffer_at(const VirtioDriver *d, guint32 head)
{
    return d->data + 0x1000 * (guint64)(head + 1);
}

static void add_buffer(VirtioDriver *d)
{
    GuestBuffer b = { buffer_at(d, d->rings[0].next_desc), 2000, TRUE };

    guest_ring_add(&d->rings[0], &b, 1);
}

static void send_virtio(NetGuest *g, const guint8 *frame, guint32 len)
{
    VirtioDriver *d = &g->virtio;
    guint8 packet[HEADER + 1514] = { 0 };
    GuestBuffer b = { d->data, HEADER + len, FALSE };
    guint32 head, used;

    memcpy(packet + HEADER, frame, len);
    qtest_bus.memory.write(d->data, packet, HEADER + len);
    guest_ring_add(&d->rings[1], &b, 1);
    virtio_driver_kick(d, 1);
    virtio_driver_wait_used(d, 1, &head, &used);
}

static gsize next_virtio(NetGuest *g, guint8 *frame)
{
    VirtioDriver *d = &g->virtio;
    guint32 head, len;

    virtio_driver_wait_used(d, 0, &head, &len);
    g_assert_cmpuint(len, >=, HEADER + 60); /* as on a wire */
    qtest_bus.memory.read(buffer_at(d, head) + HEADER, frame, len - HEADER);
    add_buffer(d);
    virtio_driver_kick(d, 0);
    return len - HEADER;
}

void start_guest(QTest *q, NetGuest *g)
{
    VirtioDriver *d = &g->virtio;
    guint slot = 0;

    *g = (NetGuest){ .send = send_virtio, .next = next_virtio };
    qtest_bus_set(q);
    while (qtest_readl(q, SLOT(slot) + VIRTIO_MMIO_DEVICE_ID) != VIRTIO_ID_NET) {
        slot++;
        g_assert_cmpuint(slot, <, 24);
    }
    virtio_driver_start(d, &qtest_bus, SLOT(slot), ~0ull, 2, 256, RINGS);
    for (guint i = 0; i < BUFFERS; i++) {
        add_buffer(d);
    }
    virtio_driver_kick(d, 0);
}

gsize receive(NetGuest *d, guint8 *frame, Wanted wanted)
{
    gsize len;

    do {
        len = d->next(d, frame);
    } while (!wanted(frame));
    return len;
}

gboolean is_arp_reply(const guint8 *frame)
{
    return get16(frame + 12) == 0x0806 && get16(frame + ETH + 6) == 2;
}

gboolean is_arp_request(const guint8 *frame)
{
    return get16(frame + 12) == 0x0806 && get16(frame + ETH + 6) == 1;
}

gboolean is_udp(const guint8 *frame)
{
    return get16(frame + 12) == 0x0800 && frame[ETH + 9] == IPPROTO_UDP;
}

gboolean is_tcp(const guint8 *frame)
{
    return get16(frame + 12) == 0x0800 && frame[ETH + 9] == IPPROTO_TCP;
}

void send_arp(NetGuest *d, guint16 operation, guint32 sender, guint32 target)
{
    guint8 frame[ETH + 28] = { [0 ... 5] = 0xff };
    guint8 *arp = frame + ETH;

    memcpy(frame + 6, guest_mac, 6);
    put16(frame + 12, 0x0806);
    put16(arp, 1);
    put16(arp + 2, 0x0800);
    arp[4] = 6;
    arp[5] = 4;
    put16(arp + 6, operation);
    memcpy(arp + 8, guest_mac, 6);
    put32(arp + 14, sender);
    put32(arp + 24, target);
    d->send(d, frame, sizeof(frame));
}

void expect_host(NetGuest *d, guint32 guest, guint32 host)
{
    guint8 frame[2000];

    send_arp(d, 1, guest, host);
    receive(d, frame, is_arp_reply);
    g_assert_cmphex(get16(frame + ETH + 8), ==, 0x5255);
    g_assert_cmphex(get32(frame + ETH + 10), ==, host);
    g_assert_cmphex(get32(frame + ETH + 14), ==, host);
    g_assert_cmpmem(frame, 6, guest_mac, 6);
}

static guint32 sum(const guint8 *p, gsize len, guint32 from)
{
    for (gsize i = 0; i < len; i++) {
        from += i & 1 ? p[i] : p[i] << 8;
    }
    return from;
}

static guint16 fold(guint32 total)
{
    total = (total & 0xffff) + (total >> 16);
    return (guint16) ~(total + (total >> 16));
}

/* An IPv4 packet whose payload stands in the frame; check: where its checksum is. */
static void send_ip(NetGuest *d, guint8 *frame, guint8 protocol, guint32 from, guint32 to,
                    guint16 payload, guint check)
{
    guint8 *ip = frame + ETH, *data = ip + IP;

    memset(frame, 0, ETH + IP);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, guest_mac, 6);
    put16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, IP + payload);
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, from);
    put32(ip + 16, to);
    put16(ip + 10, fold(sum(ip, IP, 0)));
    put16(data + check, 0);
    put16(data + check, fold(sum(data, payload, sum(ip + 12, 8, protocol + payload))));
    d->send(d, frame, ETH + IP + payload);
}

void send_udp(NetGuest *d, guint32 from, guint16 from_port, guint32 to, guint16 port,
              const void *data, guint16 len)
{
    guint8 frame[1514], *udp = frame + ETH + IP;

    put16(udp, from_port);
    put16(udp + 2, port);
    put16(udp + 4, UDP + len);
    memcpy(udp + UDP, data, len);
    send_ip(d, frame, IPPROTO_UDP, from, to, UDP + len, 6);
}

void send_fragment(NetGuest *d, guint16 id, guint16 field, guint32 from, guint32 to,
                   const void *data, guint16 len)
{
    guint8 frame[1514] = { 0 }, *ip = frame + ETH;

    memset(frame, 0xff, 6);
    memcpy(frame + 6, guest_mac, 6);
    put16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, IP + len);
    put16(ip + 4, id);
    put16(ip + 6, field);
    ip[8] = 64;
    ip[9] = IPPROTO_UDP;
    put32(ip + 12, from);
    put32(ip + 16, to);
    put16(ip + 10, fold(sum(ip, IP, 0)));
    memcpy(ip + IP, data, len);
    d->send(d, frame, ETH + IP + len);
}

void send_segment(NetGuest *d, const Flow *f, guint8 flags, const char *text)
{
    guint8 frame[1514] = { 0 }, *tcp = frame + ETH + IP;
    guint16 len = (guint16)strlen(text);

    put16(tcp, f->port);
    put16(tcp + 2, f->to_port);
    put32(tcp + 4, f->seq);
    put32(tcp + 8, f->ack);
    tcp[12] = TCP / 4 << 4;
    tcp[13] = flags;
    put16(tcp + 14, 0x2000);
    memcpy(tcp + TCP, text, len);
    send_ip(d, frame, IPPROTO_TCP, f->from, f->to, TCP + len, 16);
}

guint16 text_len(const guint8 *frame)
{
    return get16(frame + ETH + 2) - IP - (frame[ETH + IP + 12] >> 4) * 4;
}

void answer(NetGuest *d, const guint8 *frame, guint8 flags, guint32 seq, const char *text)
{
    const guint8 *tcp = frame + ETH + IP;
    const Flow f = { .from = get32(frame + ETH + 16),
                     .to = get32(frame + ETH + 12),
                     .port = get16(tcp + 2),
                     .to_port = get16(tcp),
                     .seq = seq,
                     .ack = get32(tcp + 4) + text_len(frame) + (tcp[13] & SYN ? 1 : 0) };

    send_segment(d, &f, flags, text);
}
