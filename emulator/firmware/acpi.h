/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables of a hardware-reduced board: RSDP, XSDT, FADT, MADT, DSDT
 * (ACPI 6.5). What is on the board, the machine says.
 */
#ifndef VIREO_FIRMWARE_ACPI_H
#define VIREO_FIRMWARE_ACPI_H

#include <glib.h>

#define ACPI_MAX_SERIALS 4

typedef struct AcpiBoard {
    unsigned cpus; /* APIC IDs: cpu_apic_id() */
    guint32 lapic_base, ioapic_base;

    guint32 ged_base; /* hw/ged.h says what is there */
    unsigned ged_gsi;

    /* virtio-mmio slots in an ACPI container. */
    unsigned slots;
    guint32 slot_base, slot_stride, slot_size;
    unsigned slot_first_gsi;

    guint16 pvpanic_port; /* 0: there is none */
    gboolean rtc;

    unsigned serials;
    struct {
        guint16 iobase;
        guint8 irq;
    } serial[ACPI_MAX_SERIALS];
} AcpiBoard;

/* The tables as they stand from `base` on, the RSDP first. */
GByteArray *acpi_build(const AcpiBoard *board, guint64 base);
/* The AML of the DSDT, without the header. */
GByteArray *acpi_build_dsdt(const AcpiBoard *board);

#endif
