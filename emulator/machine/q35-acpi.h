/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The q35's ACPI tables. */
#ifndef VIREO_MACHINE_Q35_ACPI_H
#define VIREO_MACHINE_Q35_ACPI_H

#include "machine/q35.h"

/* As they stand at Q35_ACPI_BASE; once all devices of the command line are there. NULL:
 * failed. */
GByteArray *q35_build_tables(const Q35Devices *q, const Q35Choice *choice,
                             const BoardMemory *memory, GError **errp);

#endif
