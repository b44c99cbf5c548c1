/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a q35's DSDT is made of. */
#ifndef VIREO_FIRMWARE_DSDT_INTERNAL_H
#define VIREO_FIRMWARE_DSDT_INTERNAL_H

#include "firmware/acpi-q35.h"

/* dsdt-hotplug.c: nothing where the board has no hot-plug. */
void dsdt_add_functions(Aml *scope, const AcpiQ35 *q); /* also those with an index */
void dsdt_add_hotplug_ports(AmlResources *r, const AcpiQ35 *q);
void dsdt_add_hotplug_event(Aml *out, const AcpiQ35 *q);

#endif
