/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirties memory: one random word in each page of mib= MiB from start= on, then
 * rewrites hot= pages of it (default 16) for ever, round by round, with the number of
 * the round; every print= rounds (default 1000) a line "tiny: round N". With
 * passive=1 it only counts, in the first page.
 */
#include "tiny.h"

#define PAGE 4096

static uint32_t seed = 0x9e3779b9;

static uint32_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

void tiny_main(const struct start_info *info)
{
    uint32_t start = parameter(info, "start", 16 << 20);
    uint32_t pages = parameter(info, "mib", 16) << 8;
    uint32_t hot = parameter(info, "hot", 16), every = parameter(info, "print", 1000);
    for (uint32_t i = 0; i < pages; i++) {
        write32(start + i * PAGE + (i % 1000) * 4, next_random() | 1);
    }
    print("tiny: filled ");
    print_number(pages);
    print("\n");
    if (parameter(info, "passive", 0) || hot > pages) {
        hot = 1;
    }
    for (uint32_t round = 1;; round++) {
        for (uint32_t i = 0; i < hot; i++) {
            write32(start + i * PAGE + 4092, round);
        }
        if (round % every == 0) {
            print("tiny: round ");
            print_number(round);
            print("\n");
        }
    }
}
