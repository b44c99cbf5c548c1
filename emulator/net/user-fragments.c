/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/user-fragments.h"

#include <net/ethernet.h>
#include <string.h>

#define PACKETS    4  /* that are put together at a time; the oldest one makes room */
#define IP         20 /* bytes of a header without options */
#define HEADERS    (ETHER_HDR_LEN + IP)
#define PACKET_MAX 65535u
#define DONT       0x4000u /* may not be cut */
#define MORE       0x2000u
#define OFFSET     0x1fffu /* in 8 bytes */

/* Where things are in an IPv4 header. */
enum { LENGTH = 2, ID = 4, FRAGMENT = 6, PROTOCOL = 9, SUM = 10, ADDRESSES = 12 };

typedef struct Packet {
    guint8 *frame; /* NULL: never used */
    gsize len;     /* bytes behind the headers; 0: it is free */
    guint64 age;
} Packet;

struct UserFragments {
    Packet packets[PACKETS];
    guint64 count;
};

UserFragments *user_fragments_new(void)
{
    return g_new0(UserFragments, 1);
}

void user_fragments_free(UserFragments *f)
{
    for (guint i = 0; i < PACKETS; i++) {
        g_free(f->packets[i].frame);
    }
    g_free(f);
}

static guint get16(const guint8 *at)
{
    return (guint)(at[0] << 8 | at[1]);
}

static void put16(guint8 *at, gsize value)
{
    at[0] = (guint8)(value >> 8);
    at[1] = (guint8)value;
}

/* The ones' complement sum of a header: ffffh when its checksum is right. */
static guint sum(const guint8 *ip)
{
    guint total = 0;

    for (guint i = 0; i < IP; i += 2) {
        total += get16(ip + i);
    }
    total = (total & 0xffff) + (total >> 16);
    return (total & 0xffff) + (total >> 16);
}

static gboolean same_packet(const guint8 *a, const guint8 *b)
{
    return memcmp(a + ADDRESSES, b + ADDRESSES, 8) == 0 &&
           memcmp(a + ID, b + ID, 2) == 0 && a[PROTOCOL] == b[PROTOCOL];
}

static Packet *find(UserFragments *f, const guint8 *ip)
{
    for (guint i = 0; i < PACKETS; i++) {
        Packet *p = &f->packets[i];
        if (p->len && same_packet(p->frame + ETHER_HDR_LEN, ip)) {
            return p;
        }
    }
    return NULL;
}

static Packet *oldest(UserFragments *f)
{
    Packet *p = &f->packets[0];

    for (guint i = 1; p->len && i < PACKETS; i++) {
        if (!f->packets[i].len || f->packets[i].age < p->age) {
            p = &f->packets[i];
        }
    }
    return p;
}

/* The first fragment of one: it has the headers. */
static Packet *begin(UserFragments *f, const guint8 *frame)
{
    Packet *p = find(f, frame + ETHER_HDR_LEN);

    if (!p) {
        p = oldest(f);
    }
    if (!p->frame) {
        p->frame = g_malloc(ETHER_HDR_LEN + PACKET_MAX);
    }
    memcpy(p->frame, frame, HEADERS);
    p->len = 0;
    p->age = f->count++;
    return p;
}

static const guint8 *finish(Packet *p, gsize *len)
{
    guint8 *ip = p->frame + ETHER_HDR_LEN;

    put16(ip + LENGTH, IP + p->len);
    put16(ip + FRAGMENT, 0);
    put16(ip + SUM, 0);
    put16(ip + SUM, ~sum(ip) & 0xffff);
    *len = HEADERS + p->len;
    p->len = 0;
    return p->frame;
}

/* Its headers are there. */
static const guint8 *take_fragment(UserFragments *f, const guint8 *frame, gsize *len)
{
    const guint8 *ip = frame + ETHER_HDR_LEN;
    guint field = get16(ip + FRAGMENT), total = get16(ip + LENGTH);
    gsize offset = 8 * (gsize)(field & OFFSET);
    gboolean more = (field & MORE) != 0;

    if (ip[0] != 0x45 || (field & ~(DONT | MORE | OFFSET)) || sum(ip) != 0xffff ||
        total <= IP || total > *len - ETHER_HDR_LEN) {
        return NULL;
    }
    gsize n = total - IP;
    if ((more && n % 8) || offset + n > PACKET_MAX - IP) {
        return NULL;
    }
    Packet *p = offset ? find(f, ip) : begin(f, frame);
    if (!p || p->len != offset) {
        return NULL;
    }
    memcpy(p->frame + HEADERS + offset, frame + HEADERS, n);
    p->len += n;
    return more ? NULL : finish(p, len);
}

const guint8 *user_fragments_take(UserFragments *f, const guint8 *frame, gsize *len)
{
    if (*len < ETHER_HDR_LEN) {
        return NULL;
    }
    switch (get16(frame + 12)) {
    case ETHERTYPE_IP:
        if (*len < HEADERS) {
            return NULL;
        }
        return get16(frame + ETHER_HDR_LEN + FRAGMENT) & ~DONT
                   ? take_fragment(f, frame, len)
                   : frame;
    case ETHERTYPE_ARP:
    case ETHERTYPE_IPV6:
        return frame;
    default:
        return NULL;
    }
}
