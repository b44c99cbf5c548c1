/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of CPU hot-plug (QEMU's docs/specs/acpi_cpu_hotplug), for which OVMF
 * looks to learn which processors there are. Nothing is plugged yet, nor can it be
 * pulled: a guest's ejection is ignored.
 *
 * At first there is a bit for each processor, by its APIC ID, in 32 bytes. Who writes 0
 * to the first of them has 12 bytes instead, until the end of the VM: 0x0 write  dword:
 * selector, an index; what is below is of that processor, or zero and to no effect when
 * there is none read   dword: upper half of an APIC ID, 0 0x4 read   byte: bit 0 it is
 * there, bit 4 firmware is to let it go write  byte: bit 4 sets that, of all but the
 * first one 0x5 write  byte: command 0x8        dword: data of the command; for 0 (the
 * next one that something is to be done for becomes the selected one) the selector 1, 2
 * (writes) event and status of _OST, the second one tells 3 the APIC ID
 */
#ifndef VIREO_HW_CPU_HOTPLUG_H
#define VIREO_HW_CPU_HOTPLUG_H

#include "device/device.h"

#define CPU_HOTPLUG_PORT  0xcd8 /* on q35 */
#define CPU_HOTPLUG_PORTS 0x20

extern const DeviceClass cpu_hotplug_class; /* "acpi-cpu-hotplug" */

/* Before realize: so many processors there are, with the APIC IDs of cpu_apic_id(). */
void cpu_hotplug_set_cpus(Device *dev, unsigned n);

#endif
