/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables under construction. Offsets are those in the blob ACPI_TABLES. */
#ifndef VIREO_FIRMWARE_ACPI_INTERNAL_H
#define VIREO_FIRMWARE_ACPI_INTERNAL_H

#include "firmware/acpi.h"

#define ACPI_HEADER_SIZE 36 /* of a table: signature .. creator's revision */

AcpiTables *acpi_tables_new(void);
/* Appends a number of n bytes, little-endian, or zeros. */
void acpi_put(AcpiTables *tables, guint64 value, unsigned n);
void acpi_put_zeros(AcpiTables *tables, unsigned n);
void acpi_put_bytes(AcpiTables *tables, const void *bytes, unsigned n);
/* Appends n bytes that will have the address of what is at offset. */
void acpi_put_pointer(AcpiTables *tables, guint32 offset, guint8 n);
void acpi_put_register(AcpiTables *tables, const AcpiRegister *reg);
/* Begins a table with its header; returns its offset. */
guint32 acpi_table_begin(AcpiTables *tables, const char *signature, guint8 revision);
void acpi_table_end(AcpiTables *tables, guint32 start);
/* Zeros up to the next multiple of align, a power of two, from the blob's begin. */
guint32 acpi_align(AcpiTables *tables, guint32 align);
/* XSDT (RSDT, if asked for) and RSDP, that point to the tables at these offsets. */
void acpi_add_root(AcpiTables *tables, const guint32 *offsets, unsigned n, gboolean rsdt);

/* Each returns its table's offset. facs: of the FACS, unless hardware-reduced. */
guint32 acpi_add_fadt(AcpiTables *tables, const AcpiFadt *fadt, guint32 dsdt,
                      guint32 facs);
guint32 acpi_add_facs(AcpiTables *tables);
/* The VM generation ID: its page, too. */
guint32 acpi_add_vmgenid(AcpiTables *tables, const guint8 *id);
guint32 acpi_add_madt(AcpiTables *tables, const AcpiMadt *madt);

#endif
