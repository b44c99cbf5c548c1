/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixed ACPI Description Table (ACPI 6.5, 5.2.9), and the FACS that it points to. */
#include "config.h"

#include "firmware/acpi-internal.h"

/* Slower than these a C2 and a C3 do not exist. */
#define NO_C2 0xfff
#define NO_C3 0xfff

/* The ports of what is no register in memory. */
static void put_port(AcpiTables *tables, const AcpiRegister *reg)
{
    g_assert(!reg->bits || reg->space == ACPI_IO);
    acpi_put(tables, reg->address, 4);
}

static void put_length(AcpiTables *tables, const AcpiRegister *reg)
{
    acpi_put(tables, reg->bits / 8, 1);
}

/* SCI_INT to MON_ALRM: 62 bytes, all zero on a hardware-reduced board. */
static void put_fixed_hardware(AcpiTables *tables, const AcpiFadt *fadt)
{
    gboolean full = !(fadt->flags & ACPI_FADT_HW_REDUCED);
    acpi_put(tables, fadt->sci, 2);
    acpi_put(tables, fadt->smi_command, 4);
    acpi_put(tables, fadt->acpi_enable, 1);
    acpi_put(tables, fadt->acpi_disable, 1);
    acpi_put_zeros(tables, 2); /* S4BIOS_REQ, PSTATE_CNT */
    put_port(tables, &fadt->pm1_event);
    acpi_put_zeros(tables, 4); /* PM1b */
    put_port(tables, &fadt->pm1_control);
    acpi_put_zeros(tables, 4 + 4); /* PM1b, PM2 */
    put_port(tables, &fadt->pm_timer);
    put_port(tables, &fadt->gpe0);
    acpi_put_zeros(tables, 4); /* GPE1 */
    put_length(tables, &fadt->pm1_event);
    put_length(tables, &fadt->pm1_control);
    acpi_put_zeros(tables, 1); /* PM2 */
    put_length(tables, &fadt->pm_timer);
    put_length(tables, &fadt->gpe0);
    acpi_put_zeros(tables, 3); /* GPE1, CST_CNT */
    acpi_put(tables, full ? NO_C2 : 0, 2);
    acpi_put(tables, full ? NO_C3 : 0, 2);
    acpi_put_zeros(tables, 8); /* FLUSH_SIZE to MON_ALRM */
}

/* X_PM1a_EVT_BLK to X_GPE1_BLK. */
static void put_extended_blocks(AcpiTables *tables, const AcpiFadt *fadt)
{
    static const AcpiRegister none;
    const AcpiRegister *blocks[] = {
        &fadt->pm1_event, &none, &fadt->pm1_control, &none, &none, &fadt->pm_timer,
        &fadt->gpe0,      &none
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(blocks); i++) {
        acpi_put_register(tables, blocks[i]);
    }
}

guint32 acpi_add_fadt(AcpiTables *tables, const AcpiFadt *fadt, guint32 dsdt,
                      guint32 facs)
{
    gboolean full = !(fadt->flags & ACPI_FADT_HW_REDUCED);
    guint32 start = acpi_table_begin(tables, "FACP", 6);
    if (full) {
        acpi_put_pointer(tables, facs, 4);
    } else {
        acpi_put(tables, 0, 4);
    }
    acpi_put_pointer(tables, dsdt, 4);
    acpi_put_zeros(tables, 2); /* reserved, preferred profile */
    put_fixed_hardware(tables, fadt);
    acpi_put(tables, fadt->century, 1);
    acpi_put(tables, fadt->boot_flags, 2);
    acpi_put(tables, 0, 1);
    acpi_put(tables, fadt->flags, 4);
    acpi_put_register(tables, &fadt->reset);
    acpi_put(tables, fadt->reset_value, 1);
    acpi_put(tables, 0, 2); /* of ARM's boot */
    acpi_put(tables, 5, 1); /* minor version */
    acpi_put(tables, 0, 8); /* the FACS is where the short pointer says */
    acpi_put_pointer(tables, dsdt, 8);
    put_extended_blocks(tables, fadt);
    acpi_put_register(tables, &fadt->sleep_control);
    acpi_put_register(tables, &fadt->sleep_status);
    acpi_put_bytes(tables, "VIREO\0\0", 8); /* hypervisor */
    acpi_table_end(tables, start);
    return start;
}

/* 5.2.10: no header, no checksum; the guest writes to it. */
guint32 acpi_add_facs(AcpiTables *tables)
{
    guint32 start = acpi_align(tables, 64);
    acpi_put_bytes(tables, "FACS", 4);
    acpi_put(tables, 64, 4);
    acpi_put_zeros(tables, 24); /* hardware signature to the long waking vector */
    acpi_put(tables, 2, 1);     /* version */
    acpi_put_zeros(tables, 31);
    return start;
}
