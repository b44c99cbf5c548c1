/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How ACPI tables hang together: headers, pointers, checksums, and their places. */
#include "config.h"

#include <string.h>

#include "firmware/acpi-internal.h"

#define TABLE_ALIGN 16

/* Of a table's header (5.2.6). */
#define HEADER_LENGTH   4
#define HEADER_CHECKSUM 9

/* Of the RSDP (5.2.5.3). */
#define RSDP_CHECKSUM          8
#define RSDP_EXTENDED_CHECKSUM 32
#define RSDP_SIZE              36
#define RSDP_1_SIZE            20 /* what the first checksum covers */

#define OEM_ID "VIREO "

AcpiTables *acpi_tables_new(void)
{
    AcpiTables *tables = g_new0(AcpiTables, 1);
    for (unsigned i = 0; i < ACPI_BLOBS; i++) {
        tables->blobs[i].bytes = g_byte_array_new();
        tables->blobs[i].align = TABLE_ALIGN;
    }
    tables->fixups = g_array_new(FALSE, FALSE, sizeof(AcpiFixup));
    tables->checksums = g_array_new(FALSE, FALSE, sizeof(AcpiChecksum));
    return tables;
}

void acpi_tables_free(AcpiTables *tables)
{
    if (!tables) {
        return;
    }
    for (unsigned i = 0; i < ACPI_BLOBS; i++) {
        g_byte_array_unref(tables->blobs[i].bytes);
    }
    g_array_unref(tables->fixups);
    g_array_unref(tables->checksums);
    g_free(tables);
}

static void put(GByteArray *out, guint64 value, unsigned n)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&value, n);
}

static void add_checksum(AcpiTables *tables, guint8 blob, guint32 offset, guint32 start,
                         guint32 length)
{
    AcpiChecksum sum = { blob, offset, start, length };
    g_array_append_val(tables->checksums, sum);
}

static void put_pointer(AcpiTables *tables, guint8 blob, guint32 offset, guint8 n)
{
    GByteArray *bytes = tables->blobs[blob].bytes;
    AcpiFixup fixup = { blob, ACPI_TABLES, n, bytes->len };
    g_array_append_val(tables->fixups, fixup);
    put(bytes, offset, n);
}

void acpi_put(AcpiTables *tables, guint64 value, unsigned n)
{
    put(tables->blobs[ACPI_TABLES].bytes, value, n);
}

static void put_zeros(GByteArray *out, guint n)
{
    while (n--) {
        put(out, 0, 1);
    }
}

void acpi_put_zeros(AcpiTables *tables, unsigned n)
{
    put_zeros(tables->blobs[ACPI_TABLES].bytes, n);
}

void acpi_put_bytes(AcpiTables *tables, const void *bytes, unsigned n)
{
    g_byte_array_append(tables->blobs[ACPI_TABLES].bytes, bytes, n);
}

void acpi_put_pointer(AcpiTables *tables, guint32 offset, guint8 n)
{
    put_pointer(tables, ACPI_TABLES, offset, n);
}

/* Generic Address Structure (5.2.3.2); what is one byte wide is accessed so. */
void acpi_put_register(AcpiTables *tables, const AcpiRegister *reg)
{
    acpi_put(tables, reg->space, 1);
    acpi_put(tables, reg->bits, 1);
    acpi_put(tables, 0, 1);
    acpi_put(tables, reg->bits == 8 ? 1 : 0, 1);
    acpi_put(tables, reg->address, 8);
}

guint32 acpi_align(AcpiTables *tables, guint32 align)
{
    AcpiBlob *blob = &tables->blobs[ACPI_TABLES];
    blob->align = MAX(blob->align, align);
    acpi_put_zeros(tables, -blob->bytes->len & (align - 1));
    return blob->bytes->len;
}

guint32 acpi_table_begin(AcpiTables *tables, const char *signature, guint8 revision)
{
    GByteArray *bytes = tables->blobs[ACPI_TABLES].bytes;
    guint32 start = acpi_align(tables, TABLE_ALIGN);
    g_byte_array_append(bytes, (const guint8 *)signature, 4);
    put(bytes, 0, 4); /* length */
    put(bytes, revision, 1);
    put(bytes, 0, 1); /* checksum */
    g_byte_array_append(bytes, (const guint8 *)OEM_ID "VIREO1.0", 14);
    put(bytes, 1, 4); /* OEM revision */
    g_byte_array_append(bytes, (const guint8 *)"VIRE", 4);
    put(bytes, 1, 4); /* creator revision */
    g_assert(bytes->len - start == ACPI_HEADER_SIZE);
    return start;
}

void acpi_table_end(AcpiTables *tables, guint32 start)
{
    GByteArray *bytes = tables->blobs[ACPI_TABLES].bytes;
    guint32 length = bytes->len - start, le = GUINT32_TO_LE(length);
    memcpy(bytes->data + start + HEADER_LENGTH, &le, sizeof(le));
    add_checksum(tables, ACPI_TABLES, start + HEADER_CHECKSUM, start, length);
}

static guint32 add_list(AcpiTables *tables, const char *signature, guint8 size,
                        const guint32 *offsets, unsigned n)
{
    guint32 start = acpi_table_begin(tables, signature, 1);
    for (unsigned i = 0; i < n; i++) {
        acpi_put_pointer(tables, offsets[i], size);
    }
    acpi_table_end(tables, start);
    return start;
}

void acpi_add_root(AcpiTables *tables, const guint32 *offsets, unsigned n, gboolean rsdt)
{
    GByteArray *rsdp = tables->blobs[ACPI_RSDP].bytes;
    guint32 short_list = rsdt ? add_list(tables, "RSDT", 4, offsets, n) : 0;
    guint32 xsdt = add_list(tables, "XSDT", 8, offsets, n);
    g_byte_array_append(rsdp, (const guint8 *)"RSD PTR ", 8);
    put(rsdp, 0, 1); /* checksum */
    g_byte_array_append(rsdp, (const guint8 *)OEM_ID, 6);
    put(rsdp, 2, 1); /* revision */
    if (rsdt) {
        put_pointer(tables, ACPI_RSDP, short_list, 4);
    } else {
        put(rsdp, 0, 4);
    }
    put(rsdp, RSDP_SIZE, 4);
    put_pointer(tables, ACPI_RSDP, xsdt, 8);
    put(rsdp, 0, 4); /* extended checksum, reserved */
    g_assert(rsdp->len == RSDP_SIZE);
    add_checksum(tables, ACPI_RSDP, RSDP_CHECKSUM, 0, RSDP_1_SIZE);
    add_checksum(tables, ACPI_RSDP, RSDP_EXTENDED_CHECKSUM, 0, RSDP_SIZE);
}

static void apply_fixup(GByteArray *out, const guint64 *places, guint64 base,
                        const AcpiFixup *f)
{
    guint8 *p = out->data + (places[f->blob] - base) + f->offset;
    guint64 value = 0;
    memcpy(&value, p, f->size);
    value = GUINT64_TO_LE(GUINT64_FROM_LE(value) + places[f->target]);
    memcpy(p, &value, f->size);
}

static void apply_checksum(GByteArray *out, const guint64 *places, guint64 base,
                           const AcpiChecksum *c)
{
    guint8 *p = out->data + (places[c->blob] - base);
    guint8 sum = 0;
    for (guint32 i = 0; i < c->length; i++) {
        sum += p[c->start + i];
    }
    p[c->offset] = -sum;
}

guint64 acpi_blob_place(const AcpiTables *tables, guint64 base, guint8 blob)
{
    for (unsigned i = 0; i <= blob; i++) {
        const AcpiBlob *b = &tables->blobs[i];
        if (b->bytes->len) {
            base += -base & (b->align - 1);
            base += i < blob ? b->bytes->len : 0;
        }
    }
    return base;
}

GByteArray *acpi_place(const AcpiTables *tables, guint64 base)
{
    GByteArray *out = g_byte_array_new();
    guint64 places[ACPI_BLOBS];
    for (unsigned i = 0; i < ACPI_BLOBS; i++) {
        const GByteArray *bytes = tables->blobs[i].bytes;
        places[i] = acpi_blob_place(tables, base, i);
        put_zeros(out, bytes->len ? places[i] - base - out->len : 0);
        g_byte_array_append(out, bytes->data, bytes->len);
    }
    for (guint i = 0; i < tables->fixups->len; i++) {
        apply_fixup(out, places, base, &g_array_index(tables->fixups, AcpiFixup, i));
    }
    for (guint i = 0; i < tables->checksums->len; i++) {
        apply_checksum(out, places, base,
                       &g_array_index(tables->checksums, AcpiChecksum, i));
    }
    return out;
}
