/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is an option ROM that is to say that it is for another device: then it says
 * so, its sum and all else are as before, and a second time changes nothing; or it is
 * left alone.
 */
#include "fuzz/rom-fuzz.h"

#include <string.h>

#include "pci/internal.h"

#define VENDOR 0x1af4
#define DEVICE 0x1041

struct RomFuzzCounts rom_fuzz_counts;

static guint8 sum_of(const guint8 *image, size_t len)
{
    guint8 sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum = (guint8)(sum + image[i]);
    }
    return sum;
}

static void check_changed(const guint8 *image, const uint8_t *data, size_t len)
{
    static const guint8 ids[] = { 'P', 'C', 'I', 'R', 0xf4, 0x1a, 0x41, 0x10 };
    size_t at = (size_t)image[0x19] << 8 | image[0x18];
    g_assert_cmpuint(at + 0x18, <=, len);
    g_assert_cmpmem(image + at, sizeof(ids), ids, sizeof(ids));
    g_assert_cmphex(sum_of(image, len), ==, sum_of(data, len));
    for (size_t i = 0; i < len; i++) {
        if (i != 6 && (i < at + 4 || i >= at + 8)) {
            g_assert_cmphex(image[i], ==, data[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    g_autofree guint8 *image = g_malloc(len + !len); /* a sanitizer knows where it ends */
    memcpy(image, data, len);
    if (pci_rom_set_ids(image, len, VENDOR, DEVICE)) {
        check_changed(image, data, len);
        g_assert_false(pci_rom_set_ids(image, len, VENDOR, DEVICE));
        rom_fuzz_counts.changed++;
    } else {
        g_assert_cmpmem(image, len, data, len);
        rom_fuzz_counts.left++;
    }
    return 0;
}
