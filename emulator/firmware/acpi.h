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

/* One after the other in memory; a page of the VM generation ID's only where there is
 * one.
 */
enum { ACPI_RSDP, ACPI_TABLES, ACPI_VMGENID, ACPI_BLOBS };

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
/* Where the blob is then. */
guint64 acpi_blob_place(const AcpiTables *tables, guint64 base, guint8 blob);

/*
 * What firmware has to do to place them: QEMU's commands of the file "etc/table-loader",
 * of 128 bytes each. names: those of the files that the blobs are in, at most 55 bytes;
 * told: of those that the guest writes the blob's address into, NULL: none.
 */
GByteArray *acpi_loader_commands(const AcpiTables *tables,
                                 const char *const names[ACPI_BLOBS],
                                 const char *const told[ACPI_BLOBS]);

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

    /* Of one that is not: fixed hardware. */
    guint8 sci;
    guint16 smi_command; /* port; 0: there is no other mode than ACPI's */
    guint8 acpi_enable, acpi_disable;
    AcpiRegister pm1_event, pm1_control, pm_timer, gpe0;
} AcpiFadt;

#define ACPI_FADT_WBINVD         (1u << 0)
#define ACPI_FADT_PROC_C1        (1u << 2) /* HLT, on all processors */
#define ACPI_FADT_POWER_BUTTON   (1u << 4) /* a control method, no fixed hardware */
#define ACPI_FADT_SLEEP_BUTTON   (1u << 5) /* the same, or there is none */
#define ACPI_FADT_NO_FIXED_RTC   (1u << 6) /* its alarm wakes up nobody */
#define ACPI_FADT_RESET_REGISTER (1u << 10)
#define ACPI_FADT_PLATFORM_CLOCK (1u << 15) /* PM timer and HPET run evenly */
#define ACPI_FADT_APIC_CLUSTER   (1u << 18) /* logical destinations are clusters */
#define ACPI_FADT_HW_REDUCED     (1u << 20)

#define ACPI_BOOT_LEGACY_DEVICES 0x0001 /* on ISA, beside the 8042 */
#define ACPI_BOOT_8042           0x0002
#define ACPI_BOOT_NO_VGA         0x0004
#define ACPI_BOOT_NO_CMOS_RTC    0x0020

typedef struct AcpiMadt {
    unsigned cpus;
    guint32 (*apic_id)(unsigned cpu);
    guint32 lapic_base, ioapic_base;
    gboolean pc; /* 8259s; the PIT's interrupt is GSI 2, the SCI level-triggered */
    guint8 sci;  /* of a pc */
} AcpiMadt;

/* Configuration space in memory, 1 MiB for each bus from 0 on. */
typedef struct AcpiEcam {
    guint64 base;
    unsigned buses; /* 0: there is none */
} AcpiEcam;

typedef struct AcpiHpet {
    guint32 base; /* 0: there is none */
    guint32 id;   /* low half of its capabilities */
    guint16 min_tick;
} AcpiHpet;

typedef struct AcpiBoard {
    AcpiFadt fadt; /* full, with FACS and RSDT, unless it is hardware-reduced */
    AcpiMadt madt;
    AcpiEcam ecam;
    AcpiHpet hpet;
    gboolean timer_good;            /* WAET: one read of the PM timer is enough */
    const guint8 *vm_generation_id; /* hw/vmgenid.h; NULL: none */
    const Aml *dsdt;
} AcpiBoard;

AcpiTables *acpi_build(const AcpiBoard *board);

/* Parts of a DSDT: processors 0 to n - 1, into \_SB. */
void dsdt_add_cpus(Aml *scope, unsigned n);

#endif
