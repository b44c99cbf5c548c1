/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The microvm's ACPI tables. */
#ifndef VIREO_MACHINE_MICROVM_ACPI_H
#define VIREO_MACHINE_MICROVM_ACPI_H

#include "device/device.h"

/* As they stand at MICROVM_ACPI_BASE; once all devices of the command line are there. */
GByteArray *microvm_build_tables(const Device *ged, const Bus *isa, gboolean rtc);

#endif
