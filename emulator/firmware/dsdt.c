/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of a DSDT that are no device's. */
#include "config.h"

#include "firmware/acpi.h"

void dsdt_add_cpus(Aml *scope, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        aml_code(scope, "Device C%03X { Name _HID 'ACPI0007' Name _UID %u }", i, i);
    }
}
