/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables (ACPI 6.5, chapter 5): what the board has goes in, and out come bytes that
 * do not depend on where in memory they will be. Firmware places them itself; for a
 * kernel that starts without any, acpi_place() does.
 */
#ifndef VIREO_FIRMWARE_ACPI_H
#define VIREO_FIRMWARE_ACPI_H

#include "device/aml.h"

/* --- Tables that have no address yet --- */

enum { ACPI_RSDP, ACPI_TABLES, ACPI_BLOBS }; /* one after the other in memory */

typedef struct AcpiBlob {
    GByteArray *bytes;
    guint32 align; /* in memory; a power of two */
} AcpiBlob;

/* The little-endian number there has an offset in blob `target`, whose address is added.
 */
typedef struct AcpiFixup {
    guint8 blob, target, size;
    guint32 offset;
} AcpiFixup;

/* After the fix-ups: the byte there is zero, and makes the sum of the range zero. */
typedef struct AcpiChecksum {
    guint8 blob;
    guint32 offset;
    guint32 start, length;
} AcpiChecksum;

typedef struct AcpiTables {
    AcpiBlob blobs[ACPI_BLOBS];
    GArray *fixups;    /* AcpiFixup */
    GArray *checksums; /* AcpiChecksum, in order */
} AcpiTables;

void acpi_tables_free(AcpiTables *tables);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AcpiTables, acpi_tables_free)
/* As they stand in memory from base on (aligned as the blobs want it), the RSDP first. */
GByteArray *acpi_place(const AcpiTables *tables, guint64 base);

/* --- What is on the board --- */

typedef struct AcpiRegister {
    enum { ACPI_MEMORY, ACPI_IO } space;
    guint8 bits; /* 0: there is none */
    guint64 address;
} AcpiRegister;

typedef struct AcpiFadt {
    guint32 flags;      /* ACPI_FADT_* */
    guint16 boot_flags; /* ACPI_BOOT_* */
    guint8 century;     /* index in the RTC's memory; 0: none */
    guint8 reset_value;
    AcpiRegister reset;
    AcpiRegister sleep_control, sleep_status; /* of a hardware-reduced board */
} AcpiFadt;

#define ACPI_FADT_WBINVD         (1u << 0)
#define ACPI_FADT_POWER_BUTTON   (1u << 4) /* a control method, no fixed hardware */
#define ACPI_FADT_SLEEP_BUTTON   (1u << 5)
#define ACPI_FADT_RESET_REGISTER (1u << 10)
#define ACPI_FADT_HW_REDUCED     (1u << 20)

#define ACPI_BOOT_LEGACY_DEVICES 0x0001 /* on ISA, beside the 8042 */
#define ACPI_BOOT_NO_VGA         0x0004
#define ACPI_BOOT_NO_CMOS_RTC    0x0020

typedef struct AcpiMadt {
    unsigned cpus;
    guint32 (*apic_id)(unsigned cpu);
    guint32 lapic_base, ioapic_base;
} AcpiMadt;

typedef struct AcpiBoard {
    AcpiFadt fadt;
    AcpiMadt madt;
    const Aml *dsdt;
} AcpiBoard;

AcpiTables *acpi_build(const AcpiBoard *board);

/* Parts of a DSDT: processors 0 to n - 1, into \_SB. */
void dsdt_add_cpus(Aml *scope, unsigned n);

#endif
