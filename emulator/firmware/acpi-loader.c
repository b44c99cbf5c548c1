/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands for firmware that places ACPI tables: QEMU's linker/loader, which SeaBIOS and
 * OVMF know. Each has 128 bytes: a number, then little-endian fields and names of files,
 * the rest zero. First all files get memory, then pointers their addresses, checksums are
 * made, in our order, and at last addresses are told to us.
 */
#include "config.h"

#include <string.h>

#include "firmware/acpi.h"

#define COMMAND_SIZE 128
#define NAME_SIZE    56

enum { ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3, WRITE_POINTER = 4 };

enum { ZONE_HIGH = 1, ZONE_FSEG = 2 }; /* where memory is; 0xf0000-0xfffff */

static guint begin(GByteArray *out, guint32 command)
{
    static const guint8 zeros[COMMAND_SIZE];
    guint start = out->len;

    g_byte_array_append(out, zeros, sizeof(zeros));
    out->data[start] = (guint8)command;
    return start + 4;
}

static guint put_name(GByteArray *out, guint at, const char *name)
{
    g_assert(strlen(name) < NAME_SIZE);
    memcpy(out->data + at, name, strlen(name));
    return at + NAME_SIZE;
}

static guint put(GByteArray *out, guint at, guint32 value, unsigned n)
{
    value = GUINT32_TO_LE(value);
    memcpy(out->data + at, &value, n);
    return at + n;
}

static void allocate(GByteArray *out, const char *name, guint32 align, guint8 zone)
{
    guint at = put_name(out, begin(out, ALLOCATE), name);

    at = put(out, at, align, 4);
    put(out, at, zone, 1);
}

static void add_pointer(GByteArray *out, const AcpiFixup *f, const char *const *names)
{
    guint at = put_name(out, begin(out, ADD_POINTER), names[f->blob]);

    at = put_name(out, at, names[f->target]);
    at = put(out, at, f->offset, 4);
    put(out, at, f->size, 1);
}

static void add_checksum(GByteArray *out, const AcpiChecksum *c, const char *const *names)
{
    guint at = put_name(out, begin(out, ADD_CHECKSUM), names[c->blob]);

    at = put(out, at, c->offset, 4);
    at = put(out, at, c->start, 4);
    put(out, at, c->length, 4);
}

/* Eight bytes, from the file's begin on. */
static void write_pointer(GByteArray *out, const char *into, const char *name)
{
    guint at = put_name(out, begin(out, WRITE_POINTER), into);

    at = put_name(out, at, name);
    at = put(out, at, 0, 4); /* where in the one, and in the other */
    at = put(out, at, 0, 4);
    put(out, at, 8, 1);
}

GByteArray *acpi_loader_commands(const AcpiTables *tables,
                                 const char *const names[ACPI_BLOBS],
                                 const char *const told[ACPI_BLOBS])
{
    GByteArray *out = g_byte_array_new();

    for (unsigned i = 0; i < ACPI_BLOBS; i++) {
        if (tables->blobs[i].bytes->len) {
            allocate(out, names[i], tables->blobs[i].align,
                     i == ACPI_RSDP ? ZONE_FSEG : ZONE_HIGH);
        }
    }
    for (guint i = 0; i < tables->fixups->len; i++) {
        add_pointer(out, &g_array_index(tables->fixups, AcpiFixup, i), names);
    }
    for (guint i = 0; i < tables->checksums->len; i++) {
        add_checksum(out, &g_array_index(tables->checksums, AcpiChecksum, i), names);
    }
    for (unsigned i = 0; i < ACPI_BLOBS; i++) {
        if (told[i] && tables->blobs[i].bytes->len) {
            write_pointer(out, told[i], names[i]);
        }
    }
    return out;
}
