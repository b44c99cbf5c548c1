/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The q35's ACPI tables. */
#ifndef VIREO_MACHINE_Q35_ACPI_H
#define VIREO_MACHINE_Q35_ACPI_H

#include "firmware/acpi-q35.h"
#include "machine/q35.h"

/*
 * The tables as of now. direct: PCI is as the board lays it out, also before it does so;
 * else as firmware has done. New.
 */
AcpiTables *q35_acpi_tables(const Q35Devices *q, const Q35Choice *choice,
                            const BoardMemory *memory, gboolean direct);
/*
 * As they stand at Q35_ACPI_BASE; once all devices of the command line are there. NULL:
 * failed. vmgenid: where the page of a VM generation ID is in memory, if there is one.
 */
GByteArray *q35_build_tables(const Q35Devices *q, const Q35Choice *choice,
                             const BoardMemory *memory, guint64 *vmgenid, GError **errp);

#endif
