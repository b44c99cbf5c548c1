/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the ACPI tables of a board with CPUS processors to DIR, a file for each,
 * after checking pointers and checksums: dump DIR CPUS.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/acpi.h"
#include "machine/microvm.h"

static const guint8 *at(const GByteArray *blob, guint64 address, gsize len)
{
    guint64 offset = address - MICROVM_ACPI_BASE;

    if (address < MICROVM_ACPI_BASE || offset > blob->len || len > blob->len - offset) {
        fprintf(stderr, "a pointer leaves the tables: 0x%" G_GINT64_MODIFIER "x\n",
                address);
        exit(EXIT_FAILURE);
    }
    return blob->data + offset;
}

static guint64 number(const guint8 *p, unsigned n)
{
    guint64 value = 0;

    memcpy(&value, p, n);
    return GUINT64_FROM_LE(value);
}

static void check_sum(const guint8 *p, gsize len, const char *what)
{
    guint8 sum = 0;

    for (gsize i = 0; i < len; i++) {
        sum += p[i];
    }
    if (sum) {
        fprintf(stderr, "%s: wrong checksum\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Checks the table, writes it to DIR/signature.dat, returns it. */
static const guint8 *dump(const GByteArray *blob, guint64 address, const char *signature,
                          const char *dir)
{
    const guint8 *table = at(blob, address, 36);
    gsize len = number(table + 4, 4);
    g_autofree char *path = g_strdup_printf("%s/%s.dat", dir, signature);

    if (memcmp(table, signature, 4) != 0) {
        fprintf(stderr, "'%.4s' where '%s' should be\n", table, signature);
        exit(EXIT_FAILURE);
    }
    check_sum(at(blob, address, len), len, signature);
    if (!g_file_set_contents(path, (const char *)table, len, NULL)) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return table;
}

int main(int argc, char **argv)
{
    AcpiBoard board = {
        .rtc = TRUE,
        .lapic_base = MICROVM_LAPIC_BASE,
        .ioapic_base = MICROVM_IOAPIC_BASE,
        .ged_base = MICROVM_GED_BASE,
        .ged_gsi = MICROVM_GED_PIN,
        .slots = MICROVM_VIRTIO_SLOTS,
        .slot_base = MICROVM_VIRTIO_BASE,
        .slot_stride = MICROVM_VIRTIO_STRIDE,
        .slot_size = MICROVM_VIRTIO_SIZE,
        .slot_first_gsi = MICROVM_VIRTIO_PIN,
        .serials = 1,
        .serial = { { 0x3f8, 4 } },
    };
    g_autoptr(GByteArray) blob = NULL;
    const guint8 *xsdt, *fadt;

    if (argc != 3) {
        fprintf(stderr, "usage: dump DIR CPUS\n");
        return EXIT_FAILURE;
    }
    board.cpus = atoi(argv[2]);
    board.pvpanic_port = 0x505;
    blob = acpi_build(&board, MICROVM_ACPI_BASE);
    if (blob->len > MICROVM_ACPI_SIZE || memcmp(blob->data, "RSD PTR ", 8) != 0) {
        fprintf(stderr, "no RSDP, or %u bytes do not fit\n", blob->len);
        return EXIT_FAILURE;
    }
    check_sum(blob->data, 20, "RSDP");
    check_sum(blob->data, 36, "RSDP (extended)");
    xsdt = dump(blob, number(blob->data + 24, 8), "XSDT", argv[1]);
    fadt = dump(blob, number(xsdt + 36, 8), "FACP", argv[1]);
    dump(blob, number(xsdt + 44, 8), "APIC", argv[1]);
    dump(blob, number(fadt + 140, 8), "DSDT", argv[1]);
    return EXIT_SUCCESS;
}
