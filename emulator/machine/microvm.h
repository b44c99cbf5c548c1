/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Board microvm-vireo-1.0: what is where. Part of the machine's version: a guest
 * that migrates finds all of it unchanged.
 */
#ifndef VIREO_MACHINE_MICROVM_H
#define VIREO_MACHINE_MICROVM_H

/* Memory. RAM from 0 on; what does not fit below the hole is above 4 GiB. */
#define MICROVM_ACPI_BASE     0x000e0000u /* RSDP and tables, in low RAM */
#define MICROVM_ACPI_SIZE     0x0001f000u
#define MICROVM_LOW_RAM_MAX   0xc0000000u
#define MICROVM_GED_BASE      0xfea00000u
#define MICROVM_VIRTIO_BASE   0xfeb00000u
#define MICROVM_VIRTIO_STRIDE 0x1000u
#define MICROVM_VIRTIO_SIZE   0x200u
#define MICROVM_IOAPIC_BASE   0xfec00000u
#define MICROVM_LAPIC_BASE    0xfee00000u

/* Pins of the I/O APIC: ISA interrupts on 0-15, then the virtio slots. */
#define MICROVM_GED_PIN      9
#define MICROVM_VIRTIO_PIN   16
#define MICROVM_VIRTIO_SLOTS 24

#define MICROVM_MAX_CPUS 254 /* APIC IDs of 8 bits */

#endif
