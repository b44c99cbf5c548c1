/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of a board, but for the FADT and the code in the DSDT. */
#include "config.h"

#include "firmware/acpi-internal.h"

#define MAX_TABLES 8

/* 5.2.12. */
enum {
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LAPIC_NMI = 4,
    MADT_X2APIC = 9,
    MADT_X2APIC_NMI = 10,
};

#define MADT_PCAT       1      /* there are 8259s as well */
#define MADT_ENABLED    1      /* a processor */
#define MADT_LEVEL_HIGH 0x000d /* else: as the bus has it */
#define MADT_LINT1      1

#define LAPIC_MAX_ID 254 /* 255 is all of them */

#define WAET_PM_TIMER_GOOD 2

static guint32 add_dsdt(AcpiTables *tables, const Aml *aml)
{
    guint32 start = acpi_table_begin(tables, "DSDT", 2);
    acpi_put_bytes(tables, aml->data, aml->len);
    acpi_table_end(tables, start);
    return start;
}

/* 5.2.12.2; 5.2.12.12. The number of the processor is the _UID of its device. */
static void add_processor(AcpiTables *tables, unsigned cpu, guint32 apic_id)
{
    if (apic_id <= LAPIC_MAX_ID) {
        acpi_put(tables, MADT_LAPIC, 1);
        acpi_put(tables, 8, 1);
        acpi_put(tables, cpu, 1);
        acpi_put(tables, apic_id, 1);
        acpi_put(tables, MADT_ENABLED, 4);
    } else {
        acpi_put(tables, MADT_X2APIC, 1);
        acpi_put(tables, 16, 1);
        acpi_put(tables, 0, 2);
        acpi_put(tables, apic_id, 4);
        acpi_put(tables, MADT_ENABLED, 4);
        acpi_put(tables, cpu, 4);
    }
}

static void add_ioapic(AcpiTables *tables, guint32 base)
{
    acpi_put(tables, MADT_IOAPIC, 1);
    acpi_put(tables, 12, 1);
    acpi_put(tables, 0, 2); /* ID, reserved */
    acpi_put(tables, base, 4);
    acpi_put(tables, 0, 4); /* first GSI */
}

/* 5.2.12.5: of an ISA interrupt. */
static void add_override(AcpiTables *tables, guint8 irq, guint32 gsi, guint16 flags)
{
    acpi_put(tables, MADT_OVERRIDE, 1);
    acpi_put(tables, 10, 1);
    acpi_put(tables, 0, 1); /* the bus: ISA */
    acpi_put(tables, irq, 1);
    acpi_put(tables, gsi, 4);
    acpi_put(tables, flags, 2);
}

/* LINT1 of all processors, polarity and trigger as the bus has them. */
static void add_lapic_nmi(AcpiTables *tables)
{
    acpi_put(tables, MADT_LAPIC_NMI, 1);
    acpi_put(tables, 6, 1);
    acpi_put(tables, 0xff, 1);
    acpi_put(tables, 0, 2);
    acpi_put(tables, MADT_LINT1, 1);
}

static void add_x2apic_nmi(AcpiTables *tables)
{
    acpi_put(tables, MADT_X2APIC_NMI, 1);
    acpi_put(tables, 12, 1);
    acpi_put(tables, 0, 2);
    acpi_put(tables, G_MAXUINT32, 4);
    acpi_put(tables, MADT_LINT1, 1);
    acpi_put_zeros(tables, 3);
}

guint32 acpi_add_madt(AcpiTables *tables, const AcpiMadt *madt)
{
    guint32 start = acpi_table_begin(tables, "APIC", 5);
    acpi_put(tables, madt->lapic_base, 4);
    acpi_put(tables, madt->pc ? MADT_PCAT : 0, 4);
    for (unsigned i = 0; i < madt->cpus; i++) {
        add_processor(tables, i, madt->apic_id(i));
    }
    add_ioapic(tables, madt->ioapic_base);
    if (madt->pc) {
        add_override(tables, 0, 2, 0);
        add_override(tables, madt->sci, madt->sci, MADT_LEVEL_HIGH);
    }
    add_lapic_nmi(tables);
    if (madt->apic_id(madt->cpus - 1) > LAPIC_MAX_ID) {
        add_x2apic_nmi(tables);
    }
    acpi_table_end(tables, start);
    return start;
}

/* PCI Firmware Specification 3.3, 4.1.2. */
static guint32 add_mcfg(AcpiTables *tables, const AcpiEcam *ecam)
{
    guint32 start = acpi_table_begin(tables, "MCFG", 1);
    acpi_put_zeros(tables, 8);
    acpi_put(tables, ecam->base, 8);
    acpi_put(tables, 0, 2); /* segment group */
    acpi_put(tables, 0, 1); /* first bus */
    acpi_put(tables, ecam->buses - 1, 1);
    acpi_put_zeros(tables, 4);
    acpi_table_end(tables, start);
    return start;
}

/* IA-PC HPET Specification 1.0a, 3.2.4. */
static guint32 add_hpet(AcpiTables *tables, const AcpiHpet *hpet)
{
    const AcpiRegister block = { ACPI_MEMORY, 0, hpet->base };
    guint32 start = acpi_table_begin(tables, "HPET", 1);
    acpi_put(tables, hpet->id, 4);
    acpi_put_register(tables, &block);
    acpi_put(tables, 0, 1); /* number */
    acpi_put(tables, hpet->min_tick, 2);
    acpi_put(tables, 0, 1); /* its page is not guaranteed to be empty otherwise */
    acpi_table_end(tables, start);
    return start;
}

/* Microsoft's Windows ACPI Emulated Devices Table. */
static guint32 add_waet(AcpiTables *tables)
{
    guint32 start = acpi_table_begin(tables, "WAET", 1);
    acpi_put(tables, WAET_PM_TIMER_GOOD, 4);
    acpi_table_end(tables, start);
    return start;
}

AcpiTables *acpi_build(const AcpiBoard *board)
{
    AcpiTables *tables = acpi_tables_new();
    gboolean full = !(board->fadt.flags & ACPI_FADT_HW_REDUCED);
    guint32 facs = full ? acpi_add_facs(tables) : 0, roots[MAX_TABLES];
    guint32 dsdt = add_dsdt(tables, board->dsdt);
    unsigned n = 0;
    roots[n++] = acpi_add_fadt(tables, &board->fadt, dsdt, facs);
    roots[n++] = acpi_add_madt(tables, &board->madt);
    if (board->hpet.base) {
        roots[n++] = add_hpet(tables, &board->hpet);
    }
    if (board->ecam.buses) {
        roots[n++] = add_mcfg(tables, &board->ecam);
    }
    if (board->timer_good) {
        roots[n++] = add_waet(tables);
    }
    if (board->vm_generation_id) {
        roots[n++] = acpi_add_vmgenid(tables, board->vm_generation_id);
    }
    acpi_add_root(tables, roots, n, full);
    return tables;
}
