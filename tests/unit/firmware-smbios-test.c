/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS structures: how they hang together, by DSP0134, 5.2.2 and 6.1. */
#include "config.h"

#include <string.h>

#include "firmware/smbios.h"

#define GIB (1ull << 30)

static guint64 number(const GByteArray *blob, guint offset, unsigned n)
{
    guint64 value = 0;
    g_assert_cmpuint(offset + n, <=, blob->len);
    memcpy(&value, blob->data + offset, n);
    return GUINT64_FROM_LE(value);
}

/* The end of the structure at offset, with its strings; and how many these are. */
static guint structure_end(const GByteArray *blob, guint offset, guint *strings)
{
    guint p = offset + number(blob, offset + 1, 1);
    *strings = 0;
    while (number(blob, p, 1)) {
        const char *text = (const char *)blob->data + p;
        p += strnlen(text, blob->len - p) + 1;
        ++*strings;
    }
    return p + (*strings ? 1 : 2);
}

/* Counts the structures by type; the last one is the end. */
static void count(const GByteArray *blob, guint counts[128])
{
    g_autoptr(GHashTable) handles = g_hash_table_new(NULL, NULL);
    guint strings;
    memset(counts, 0, 128 * sizeof(counts[0]));
    for (guint p = 0; p < blob->len; p = structure_end(blob, p, &strings)) {
        g_assert_cmpuint(counts[127], ==, 0);
        g_assert_cmpuint(number(blob, p, 1), <, 128);
        counts[number(blob, p, 1)]++;
        g_assert_true(
            g_hash_table_add(handles, GUINT_TO_POINTER(number(blob, p + 2, 2) + 1)));
    }
    g_assert_cmpuint(counts[127], ==, 1);
}

/* The structure of this type; NULL is not possible. */
static guint find(const GByteArray *blob, guint8 type)
{
    guint p = 0, strings;
    while (number(blob, p, 1) != type) {
        p = structure_end(blob, p, &strings);
    }
    return p;
}

static const SmbiosRange ram[] = { { 0, 3 * GIB }, { 4 * GIB, 30 * GIB } };

static SmbiosInfo small(void)
{
    return (SmbiosInfo){ .sockets = 1, .cores = 1, .threads = 1, .ram = ram, .n_ram = 1 };
}

static void test_kinds(void)
{
    SmbiosInfo info = small();
    guint counts[128];
    g_autoptr(GByteArray) bare = smbios_build(&info);
    count(bare, counts);
    g_assert_cmpuint(counts[0] + counts[2], ==, 0);
    g_assert_cmpuint(counts[1] + counts[3] + counts[16] + counts[32], ==, 4);
    g_assert_cmpuint(counts[4] + counts[17] + counts[19], ==, 3);

    info.told[0] = info.told[2] = TRUE;
    info.sockets = 256;
    info.n_ram = 2;
    g_autoptr(GByteArray) full = smbios_build(&info);
    count(full, counts);
    g_assert_cmpuint(counts[0] + counts[2], ==, 2);
    g_assert_cmpuint(counts[4], ==, 256);
    g_assert_cmpuint(counts[17], ==, 3); /* 16, 16 and 1 GiB */
    g_assert_cmpuint(counts[19], ==, 2);
}

/* Strings are numbered by what is there, and an empty one is not. */
static void test_strings(void)
{
    SmbiosInfo info = small();
    info.system.manufacturer = "one";
    info.system.product = "";
    info.system.serial = "two";
    g_autoptr(GByteArray) blob = smbios_build(&info);
    guint p = find(blob, 1), strings;
    guint end = structure_end(blob, p, &strings);
    g_assert_cmpuint(strings, ==, 2);
    g_assert_cmpmem(blob->data + p + 4, 4, "\1\0\0\2", 4);
    g_assert_cmpmem(blob->data + p + 0x1b, end - p - 0x1b, "one\0two\0", 9);
}

static void test_uuid(void)
{
    static const guint8 text_order[] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                         0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
    static const guint8 table_order[] = {
        0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
        0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff
    };
    SmbiosInfo info = small();
    g_assert_true(smbios_parse_uuid("00112233-4455-6677-8899-AAbbccddeeff", info.uuid));
    g_assert_cmpmem(info.uuid, 16, text_order, 16);
    g_autoptr(GByteArray) blob = smbios_build(&info);
    g_assert_cmpmem(blob->data + find(blob, 1) + 8, 16, table_order, 16);
    g_assert_false(smbios_parse_uuid("00112233-4455-6677-8899-aabbccddeef", info.uuid));
    g_assert_cmpmem(info.uuid, 16, text_order, 16);
}

/* Whatever a file has is there instead. */
static void test_loaded(void)
{
    static const guint8 processor[] = { 4, 4, 7, 0, 0, 0 };
    SmbiosInfo info = small();
    guint counts[128];
    info.sockets = 2;
    info.loaded = g_byte_array_new();
    g_byte_array_append(info.loaded, processor, sizeof(processor));
    for (guint type = 0; type < 128; type++) {
        info.has[type] = TRUE;
    }
    g_autoptr(GByteArray) blob = smbios_build(&info);
    count(blob, counts);
    g_assert_cmpuint(blob->len, ==, sizeof(processor) + 6);
    g_assert_cmpuint(counts[4], ==, 1);
    g_byte_array_unref(info.loaded);
}

/* What firmware completes. */
static void test_anchor(void)
{
    SmbiosInfo info = small();
    g_autoptr(GByteArray) structures = smbios_build(&info);
    g_autoptr(GByteArray) anchor = smbios_anchor(structures);
    g_autoptr(GByteArray) entry = smbios_entry_point(structures, 0);
    g_assert_cmpuint(number(anchor, 5, 1), ==, 0);
    g_assert_cmphex(number(anchor, 16, 8), ==, 0);
    g_assert_cmpmem(anchor->data + 6, anchor->len - 6, entry->data + 6, entry->len - 6);
}

static void test_place(void)
{
    SmbiosInfo info = small();
    g_autoptr(GByteArray) structures = smbios_build(&info);
    g_autoptr(GByteArray) placed = smbios_place(structures, 0xf5a00);
    guint8 sum = 0;
    for (guint i = 0; i < 24; i++) {
        sum += (guint8)number(placed, i, 1);
    }
    g_assert_cmpuint(sum, ==, 0);
    g_assert_cmpmem(placed->data, 5, "_SM3_", 5);
    g_assert_cmpuint(number(placed, 6, 1), ==, 24);
    g_assert_cmphex(number(placed, 7, 3), ==, 0x000003);
    g_assert_cmpuint(number(placed, 12, 4), ==, structures->len);
    g_assert_cmphex(number(placed, 16, 8), ==, 0xf5a20);
    g_assert_cmpmem(placed->data + 0x20, placed->len - 0x20, structures->data,
                    structures->len);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smbios/kinds", test_kinds);
    g_test_add_func("/smbios/strings", test_strings);
    g_test_add_func("/smbios/uuid", test_uuid);
    g_test_add_func("/smbios/loaded", test_loaded);
    g_test_add_func("/smbios/anchor", test_anchor);
    g_test_add_func("/smbios/place", test_place);
    return g_test_run();
}
