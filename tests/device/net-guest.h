/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest by hand that speaks Ethernet, ARP, UDP and TCP, over whichever card it has.
 * Addresses and ports are in the host's byte order.
 */
#pragma once
#include "tests/device/virtio-common.h"

#define ETH 14
#define IP  20
#define UDP 8
#define TCP 20

/* Flags of TCP. */
#define SYN     0x02
#define RST     0x04
#define PSH_ACK 0x18
#define ACK     0x10

extern const guint8 guest_mac[6];

guint16 get16(const guint8 *p);
guint32 get32(const guint8 *p);

typedef struct NetGuest NetGuest;
struct NetGuest {
    void (*send)(NetGuest *d, const guint8 *frame, guint32 len);
    /* Waits for a frame (of up to 2000 bytes), and copies it; its length. */
    gsize (*next)(NetGuest *d, guint8 *frame);
    void *card;
    VirtioDriver virtio;
};

/* With virtio-net on microvm, whichever slot it is in. */
void start_guest(QTest *q, NetGuest *d);

typedef gboolean (*Wanted)(const guint8 *frame);
gboolean is_arp_reply(const guint8 *frame);
gboolean is_arp_request(const guint8 *frame);
gboolean is_udp(const guint8 *frame);
gboolean is_tcp(const guint8 *frame);
/* Waits for the next frame that is wanted (of up to 2000 bytes), its length. */
gsize receive(NetGuest *d, guint8 *frame, Wanted wanted);

/* operation: 1: who has target?, 2: guest has sender. */
void send_arp(NetGuest *d, guint16 operation, guint32 sender, guint32 target);
/* The host has that address, and a MAC address made of it. */
void expect_host(NetGuest *d, guint32 guest, guint32 host);

void send_udp(NetGuest *d, guint32 from, guint16 from_port, guint32 to, guint16 port,
              const void *data, guint16 len);
/* A part of a datagram: field: its place in units of 8 bytes, and flags. */
void send_fragment(NetGuest *d, guint16 id, guint16 field, guint32 from, guint32 to,
                   const void *data, guint16 len);

typedef struct Flow {
    guint32 from, to;
    guint16 port, to_port;
    guint32 seq, ack;
} Flow;

void send_segment(NetGuest *d, const Flow *f, guint8 flags, const char *text);
/* How many bytes of text the segment has. */
guint16 text_len(const guint8 *frame);
/* Back to where the segment came from, all of which is acknowledged. */
void answer(NetGuest *d, const guint8 *frame, guint8 flags, guint32 seq,
            const char *text);
