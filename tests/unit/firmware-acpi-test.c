/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables without an address, and what becomes of them at one. */
#include "config.h"

#include <string.h>

#include "firmware/acpi-internal.h"

static guint64 number(const GByteArray *blob, guint offset, unsigned n)
{
    guint64 value = 0;
    g_assert_cmpuint(offset + n, <=, blob->len);
    memcpy(&value, blob->data + offset, n);
    return GUINT64_FROM_LE(value);
}

static guint8 sum(const GByteArray *blob, guint offset, guint n)
{
    guint8 s = 0;
    for (guint i = 0; i < n; i++) {
        s += (guint8)number(blob, offset + i, 1);
    }
    return s;
}

/* Two tables, of which the second points to the first. */
static AcpiTables *make_tables(guint32 align)
{
    AcpiTables *tables = acpi_tables_new();
    guint32 root = acpi_table_begin(tables, "ABCD", 3);
    acpi_put(tables, 0x123456, 3);
    acpi_table_end(tables, root);
    acpi_align(tables, align);
    guint32 second = acpi_table_begin(tables, "EFGH", 1);
    acpi_put_pointer(tables, root, 4);
    acpi_put_pointer(tables, root, 8);
    acpi_table_end(tables, second);
    acpi_add_root(tables, (guint32[]){ root, second }, 2, FALSE);
    return tables;
}

/* Where the tables are is in the fix-ups alone; all pointers and sums are right there. */
static void check_placed(guint64 base, guint32 align)
{
    g_autoptr(AcpiTables) tables = make_tables(align);
    g_autoptr(GByteArray) out = acpi_place(tables, base);
    guint64 start = (base + 36 + align - 1) / align * align;
    guint first = start - base, second = first + MAX(align, 48), xsdt = second + 48;
    g_assert_cmpmem(out->data, 8, "RSD PTR ", 8);
    g_assert_cmpuint(sum(out, 0, 20), ==, 0);
    g_assert_cmpuint(sum(out, 0, 36), ==, 0);
    g_assert_cmphex(number(out, 24, 8), ==, base + xsdt);
    g_assert_cmpmem(out->data + xsdt, 4, "XSDT", 4);
    g_assert_cmpuint(number(out, xsdt + 4, 4), ==, 36 + 16);
    g_assert_cmphex(number(out, xsdt + 36, 8), ==, base + first);
    g_assert_cmphex(number(out, xsdt + 44, 8), ==, base + second);
    g_assert_cmphex(number(out, second + 36, 4), ==, (base + first) & G_MAXUINT32);
    g_assert_cmphex(number(out, second + 40, 8), ==, base + first);
    g_assert_cmpuint(sum(out, first, 39), ==, 0);
    g_assert_cmpuint(sum(out, second, 48), ==, 0);
    g_assert_cmpuint(sum(out, xsdt, 52), ==, 0);
    g_assert_cmpuint(out->len, ==, xsdt + 52);
}

static void test_place(void)
{
    check_placed(0xe0000, 16);
    check_placed(0xe0010, 64);
    check_placed(0x7ffe0000, 64);
    check_placed(0x1fffff000, 16);
}

/* What firmware would do with the same commands gives the same bytes. */
static void test_commands(void)
{
    g_autoptr(AcpiTables) tables = make_tables(64);
    const GByteArray *bytes = tables->blobs[ACPI_TABLES].bytes;
    g_assert_cmpuint(tables->blobs[ACPI_RSDP].bytes->len, ==, 36);
    g_assert_cmpuint(tables->blobs[ACPI_RSDP].align, ==, 16);
    g_assert_cmpuint(tables->blobs[ACPI_TABLES].align, ==, 64);
    g_assert_cmpuint(tables->fixups->len, ==, 5);
    g_assert_cmpuint(tables->checksums->len, ==, 5);
    for (guint i = 0; i < tables->fixups->len; i++) {
        const AcpiFixup *f = &g_array_index(tables->fixups, AcpiFixup, i);
        const GByteArray *blob = tables->blobs[f->blob].bytes;
        g_assert_cmpuint(f->target, ==, ACPI_TABLES);
        g_assert_cmpuint(number(blob, f->offset, f->size), <, bytes->len);
    }
    for (guint i = 0; i < tables->checksums->len; i++) {
        const AcpiChecksum *c = &g_array_index(tables->checksums, AcpiChecksum, i);
        const GByteArray *blob = tables->blobs[c->blob].bytes;
        g_assert_cmpuint(c->start + c->length, <=, blob->len);
        g_assert_cmpuint(c->offset - c->start, <, c->length);
        g_assert_cmpuint(number(blob, c->offset, 1), ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/acpi/place", test_place);
    g_test_add_func("/acpi/commands", test_commands);
    return g_test_run();
}
