/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest does, as lines of qtest: accesses, and rings of virtio whose descriptors,
 * indexes and requests are good or anything. What transport tells the device of them is
 * not known here. Random choices are taken from the input.
 */
#ifndef VIREO_TESTS_FUZZ_GUEST_H
#define VIREO_TESTS_FUZZ_GUEST_H

#include "fuzz/vm.h"

/* Of a ring, from its base: descriptors, available ring, used ring, data. */
#define FUZZ_RING_SIZE  16u /* of most */
#define FUZZ_RING_AVAIL 0x1000u
#define FUZZ_RING_USED  0x2000u
#define FUZZ_RING_DATA  0x4000u
#define FUZZ_RING_SPACE 0x10000u

typedef struct FuzzRing {
    guint32 base;      /* a multiple of FUZZ_RING_SPACE */
    guint16 size;      /* descriptors, up to FUZZ_RING_SIZE */
    guint16 available; /* as a driver keeps it: what it has made available so far */
    guint32 ram;       /* where that ends */
    /* Mostly an address of the board at which something is. */
    guint64 (*choose_address)(FuzzInput *in);
} FuzzRing;

/* Bytes at an address. */
void fuzz_put(GString *out, guint64 address, const void *bytes, unsigned n);
/* A read or a write of 1, 2, 4 or (memory) 8 bytes. */
void fuzz_access_memory(FuzzInput *in, GString *out, guint64 address);
void fuzz_access_port(FuzzInput *in, GString *out, unsigned port);

/* As a driver does before it tells its device of the ring. */
void fuzz_ring_clear(FuzzRing *ring, GString *out);
/* The next chain, of a disk's request or of anything; the notification is to follow. */
void fuzz_ring_submit(FuzzInput *in, GString *out, FuzzRing *ring);
/* 8 bytes somewhere in the ring. */
void fuzz_ring_poke(FuzzInput *in, GString *out, const FuzzRing *ring);
/*
 * A disk's request as it should be: a sector is written, which begins with that; the
 * notification is to follow.
 */
void fuzz_ring_write_sector(GString *out, FuzzRing *ring, guint64 sector, guint64 begin);

#endif
