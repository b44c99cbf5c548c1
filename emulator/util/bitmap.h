/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmaps of unsigned long; the atomic ones may be used from any thread. */
#ifndef VIREO_UTIL_BITMAP_H
#define VIREO_UTIL_BITMAP_H

#include <glib.h>

#define BITS_PER_LONG   (8 * sizeof(unsigned long))
#define BITMAP_WORDS(n) (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define BIT_MASK(i)     (1ul << ((i) % BITS_PER_LONG))

/* Zeroed; free with g_free(). */
static inline unsigned long *bitmap_new(gsize bits)
{
    return g_new0(unsigned long, BITMAP_WORDS(bits));
}

static inline gboolean bitmap_test(const unsigned long *map, gsize i)
{
    return (map[i / BITS_PER_LONG] & BIT_MASK(i)) != 0;
}

static inline void bitmap_set(unsigned long *map, gsize i)
{
    map[i / BITS_PER_LONG] |= BIT_MASK(i);
}

static inline void bitmap_clear(unsigned long *map, gsize i)
{
    map[i / BITS_PER_LONG] &= ~BIT_MASK(i);
}

/* ORs bits into one word; no store when they are all set already. */
static inline void bitmap_or_word_atomic(unsigned long *word, unsigned long bits)
{
    if ((__atomic_load_n(word, __ATOMIC_RELAXED) & bits) != bits) {
        __atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
    } else {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
}

void bitmap_set_range_atomic(unsigned long *map, gsize first, gsize count);
/* First set bit at or after `from`, or `bits` when there is none. */
gsize bitmap_find_next(const unsigned long *map, gsize bits, gsize from);
gsize bitmap_count(const unsigned long *map, gsize bits);

#endif
