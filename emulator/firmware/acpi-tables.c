/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of a board, but for the code in its DSDT. */
#include "config.h"

#include "firmware/acpi-internal.h"

enum {
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_LAPIC_NMI = 4,
};

static guint32 add_dsdt(AcpiTables *tables, const Aml *aml)
{
    guint32 start = acpi_table_begin(tables, "DSDT", 2);
    g_byte_array_append(tables->blobs[ACPI_TABLES].bytes, aml->data, aml->len);
    acpi_table_end(tables, start);
    return start;
}

/* 5.2.9, revision 6.5. */
guint32 acpi_add_fadt(AcpiTables *tables, const AcpiFadt *fadt, guint32 dsdt)
{
    guint32 start = acpi_table_begin(tables, "FACP", 6);
    acpi_put(tables, 0, 4); /* FACS */
    acpi_put_pointer(tables, dsdt, 4);
    acpi_put_zeros(tables, 2);  /* reserved, preferred profile */
    acpi_put_zeros(tables, 62); /* SCI .. month alarm: hardware-reduced has none */
    acpi_put(tables, fadt->century, 1);
    acpi_put(tables, fadt->boot_flags, 2);
    acpi_put(tables, 0, 1);
    acpi_put(tables, fadt->flags, 4);
    acpi_put_register(tables, &fadt->reset);
    acpi_put(tables, fadt->reset_value, 1);
    acpi_put(tables, 0, 2); /* of ARM's boot */
    acpi_put(tables, 5, 1); /* minor version */
    acpi_put(tables, 0, 8); /* FACS */
    acpi_put_pointer(tables, dsdt, 8);
    acpi_put_zeros(tables, 8 * 12);
    acpi_put_register(tables, &fadt->sleep_control);
    acpi_put_register(tables, &fadt->sleep_status);
    g_byte_array_append(tables->blobs[ACPI_TABLES].bytes, (const guint8 *)"VIREO\0\0",
                        8); /* hypervisor */
    acpi_table_end(tables, start);
    return start;
}

/* 5.2.12. */
static void add_lapic(AcpiTables *tables, unsigned cpu, guint32 apic_id)
{
    acpi_put(tables, MADT_LAPIC, 1);
    acpi_put(tables, 8, 1);
    acpi_put(tables, cpu, 1); /* _UID of the processor */
    acpi_put(tables, apic_id, 1);
    acpi_put(tables, 1, 4); /* enabled */
}

static void add_ioapic(AcpiTables *tables, guint32 base)
{
    acpi_put(tables, MADT_IOAPIC, 1);
    acpi_put(tables, 12, 1);
    acpi_put(tables, 0, 2); /* ID, reserved */
    acpi_put(tables, base, 4);
    acpi_put(tables, 0, 4); /* first GSI */
}

/* LINT1 of all processors, polarity and trigger as the bus has them. */
static void add_lapic_nmi(AcpiTables *tables)
{
    acpi_put(tables, MADT_LAPIC_NMI, 1);
    acpi_put(tables, 6, 1);
    acpi_put(tables, 0xff, 1);
    acpi_put(tables, 0, 2);
    acpi_put(tables, 1, 1);
}

guint32 acpi_add_madt(AcpiTables *tables, const AcpiMadt *madt)
{
    guint32 start = acpi_table_begin(tables, "APIC", 5);
    acpi_put(tables, madt->lapic_base, 4);
    acpi_put(tables, 0, 4); /* flags: no 8259 */
    for (unsigned i = 0; i < madt->cpus; i++) {
        add_lapic(tables, i, madt->apic_id(i));
    }
    add_ioapic(tables, madt->ioapic_base);
    add_lapic_nmi(tables);
    acpi_table_end(tables, start);
    return start;
}

AcpiTables *acpi_build(const AcpiBoard *board)
{
    AcpiTables *tables = acpi_tables_new();
    guint32 dsdt = add_dsdt(tables, board->dsdt);
    guint32 roots[] = {
        acpi_add_fadt(tables, &board->fadt, dsdt),
        acpi_add_madt(tables, &board->madt),
    };
    acpi_add_root(tables, roots, G_N_ELEMENTS(roots));
    return tables;
}
