/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/guest.h"

#define BLK_OUT 1 /* a request's type: the device reads from memory */

typedef struct Descriptor {
    guint64 address;
    guint32 length;
    guint16 flags, next;
} Descriptor;

enum { NEXT = 1, WRITE = 2 };

void fuzz_put(GString *out, guint64 address, const void *bytes, unsigned n)
{
    const guint8 *b = bytes;

    g_string_append_printf(out, "write 0x%" G_GINT64_MODIFIER "x %u 0x", address, n);
    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(out, "%02x", b[i]);
    }
    g_string_append_c(out, '\n');
}

static const guint8 sizes[] = { 1, 2, 4, 8 };
static const char letters[] = "bwlq";

void fuzz_access_memory(FuzzInput *in, GString *out, guint64 address)
{
    unsigned how = fuzz_take(in, 1), log = how / 2 % 4;

    if (how & 1) {
        g_string_append_printf(out, "read%c 0x%" G_GINT64_MODIFIER "x\n", letters[log],
                               address);
    } else {
        g_string_append_printf(
            out, "write%c 0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER "x\n",
            letters[log], address, fuzz_take(in, sizes[log]));
    }
}

void fuzz_access_port(FuzzInput *in, GString *out, unsigned port)
{
    unsigned how = fuzz_take(in, 1), log = how / 2 % 3;

    if (how & 1) {
        g_string_append_printf(out, "in%c 0x%x\n", letters[log], port);
    } else {
        g_string_append_printf(out, "out%c 0x%x 0x%x\n", letters[log], port,
                               (unsigned)fuzz_take(in, sizes[log]));
    }
}

void fuzz_ring_clear(FuzzRing *ring, GString *out)
{
    static const guint32 parts[] = { 0, FUZZ_RING_AVAIL, FUZZ_RING_USED };

    ring->available = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_string_append_printf(out, "memset 0x%x 0x100 0\n", ring->base + parts[i]);
    }
}

static guint64 data_of(const FuzzRing *ring, unsigned i)
{
    return ring->base + FUZZ_RING_DATA + 0x400 * i;
}

static void put_descriptor(GString *out, const FuzzRing *ring, unsigned i,
                           const Descriptor *d)
{
    fuzz_put(out, ring->base + sizeof(*d) * i, d, sizeof(*d));
}

static Descriptor choose_descriptor(FuzzInput *in, const FuzzRing *ring, unsigned i)
{
    guint8 kind = fuzz_take(in, 1);
    Descriptor d = { .address = GUINT64_TO_LE(data_of(ring, i)),
                     .length = GUINT32_TO_LE(0x200),
                     .flags = GUINT16_TO_LE(kind & (NEXT | WRITE)),
                     .next = GUINT16_TO_LE((i + 1) % ring->size) };

    switch (kind >> 4) {
    case 1:
        d.length = GUINT32_TO_LE(fuzz_take(in, 2));
        break;
    case 2:
        d.address = GUINT64_TO_LE(ring->ram - fuzz_take(in, 1)); /* across the end */
        break;
    case 3:
        d.address = GUINT64_TO_LE(ring->choose_address(in));
        d.length = GUINT32_TO_LE(fuzz_take(in, 4));
        break;
    case 4:
        d.flags = GUINT16_TO_LE(fuzz_take(in, 2));
        d.next = GUINT16_TO_LE(fuzz_take(in, 2));
        break;
    case 5:
        d.next = GUINT16_TO_LE(fuzz_take(in, 1) % ring->size);
        break;
    case 6:
        d.address = GUINT64_TO_LE(fuzz_take(in, 8));
        break;
    case 7:
        d.length = GUINT32_TO_LE(16); /* a request's head */
        break;
    case 8:
        d.length = GUINT32_TO_LE(1); /* its status */
        break;
    default:
        break;
    }
    return d;
}

/* As a disk's driver would: a head, `n` sectors, and the status. */
static void put_request(GString *out, const FuzzRing *ring, unsigned n, guint8 type,
                        guint64 sector, guint64 begin)
{
    guint32 head[4] = { GUINT32_TO_LE(type), 0, GUINT32_TO_LE(sector), 0 };
    guint64 data = GUINT64_TO_LE(begin);

    for (unsigned i = 0; i < n + 2; i++) {
        gboolean written = i > n || (i > 0 && (type == 0 || type == 8));
        Descriptor d = {
            .address = GUINT64_TO_LE(data_of(ring, i)),
            .length = GUINT32_TO_LE(i == 0  ? 16
                                    : i > n ? 1
                                            : 512),
            .flags = GUINT16_TO_LE((i <= n ? NEXT : 0) | (written ? WRITE : 0)),
            .next = GUINT16_TO_LE(i + 1),
        };

        put_descriptor(out, ring, i, &d);
    }
    fuzz_put(out, data_of(ring, 0), head, sizeof(head));
    fuzz_put(out, data_of(ring, 1), &data, sizeof(data));
}

static void choose_request(FuzzInput *in, GString *out, const FuzzRing *ring, unsigned n)
{
    static const guint8 types[] = { 0, BLK_OUT, BLK_OUT, 4, 8, 11, 13, 0xff };
    guint8 type = types[fuzz_take(in, 1) % sizeof(types)];
    guint64 sector = fuzz_take(in, 1) * 9;

    put_request(out, ring, n, type, sector, ~fuzz_take(in, 8));
}

/* Descriptors of every kind, and what the first two point at. */
static void put_chain(FuzzInput *in, GString *out, const FuzzRing *ring, unsigned n)
{
    guint32 head[4] = { GUINT32_TO_LE(fuzz_take(in, 1)), 0,
                        GUINT32_TO_LE(fuzz_take(in, 2)),
                        GUINT32_TO_LE(fuzz_take(in, 4)) };
    guint64 more[2] = { fuzz_take(in, 8), fuzz_take(in, 8) };

    for (unsigned i = 0; i < n; i++) {
        Descriptor d = choose_descriptor(in, ring, i);

        if (i + 1 < n && d.flags == GUINT16_TO_LE(WRITE)) {
            d.flags = GUINT16_TO_LE(NEXT | WRITE); /* `n` says where a chain ends early */
        }
        put_descriptor(out, ring, i, &d);
    }
    fuzz_put(out, data_of(ring, 0), head, sizeof(head));
    fuzz_put(out, data_of(ring, 1), more, sizeof(more));
}

/* The chain at descriptor 0, and the head of the available ring. */
static void make_available(GString *out, FuzzRing *ring, guint16 flags, guint16 idx)
{
    guint16 first = 0, head[2] = { GUINT16_TO_LE(flags), GUINT16_TO_LE(idx) };
    guint32 avail = ring->base + FUZZ_RING_AVAIL;

    fuzz_put(out, avail + 4 + 2 * (ring->available % ring->size), &first, sizeof(first));
    ring->available++;
    fuzz_put(out, avail, head, sizeof(head));
}

void fuzz_ring_submit(FuzzInput *in, GString *out, FuzzRing *ring)
{
    guint8 n = 1 + fuzz_take(in, 1) % 5, how = fuzz_take(in, 1);

    if (how & 1) {
        choose_request(in, out, ring, n);
    } else {
        put_chain(in, out, ring, n);
    }
    make_available(out, ring, how >> 4 == 1 ? 1 : 0,
                   how >> 4 == 2 ? fuzz_take(in, 2) : ring->available + 1u);
}

void fuzz_ring_poke(FuzzInput *in, GString *out, const FuzzRing *ring)
{
    guint64 value = GUINT64_TO_LE(fuzz_take(in, 8));

    fuzz_put(out, ring->base + fuzz_take(in, 2) % 0x8000, &value, sizeof(value));
}

void fuzz_ring_write_sector(GString *out, FuzzRing *ring, guint64 sector, guint64 begin)
{
    put_request(out, ring, 1, BLK_OUT, sector, begin);
    make_available(out, ring, 0, ring->available + 1);
}
