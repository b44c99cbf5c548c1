/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/bitmap.h"

void bitmap_set_range_atomic(unsigned long *map, gsize first, gsize count)
{
    while (count) {
        gsize bit = first % BITS_PER_LONG;
        gsize n = MIN(count, BITS_PER_LONG - bit);
        unsigned long mask = n == BITS_PER_LONG ? ~0ul : ((1ul << n) - 1) << bit;
        bitmap_or_word_atomic(&map[first / BITS_PER_LONG], mask);
        first += n;
        count -= n;
    }
}

gsize bitmap_find_next(const unsigned long *map, gsize bits, gsize from)
{
    if (from >= bits) {
        return bits;
    }
    gsize word = from / BITS_PER_LONG, words = BITMAP_WORDS(bits);
    unsigned long value = map[word] & (~0ul << (from % BITS_PER_LONG));
    while (!value) {
        if (++word == words) {
            return bits;
        }
        value = map[word];
    }
    return MIN(word * BITS_PER_LONG + (gsize)__builtin_ctzl(value), bits);
}

gsize bitmap_count(const unsigned long *map, gsize bits)
{
    gsize n = 0, words = bits / BITS_PER_LONG;
    for (gsize i = 0; i < words; i++) {
        n += (gsize)__builtin_popcountl(map[i]);
    }
    if (bits % BITS_PER_LONG) {
        n += (gsize)__builtin_popcountl(map[words] & (BIT_MASK(bits) - 1));
    }
    return n;
}
