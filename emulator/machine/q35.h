/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Board pc-q35-vireo-1.0: what is where, as QEMU's q35 has it. Part of the machine's
 * version: a guest that migrates finds all of it unchanged.
 */
#ifndef VIREO_MACHINE_Q35_H
#define VIREO_MACHINE_Q35_H

#include "hw/isa.h"
#include "machine/board.h"
#include "pci/ich9-lpc.h"
#include "pci/layout.h"

/* PCI's (VGA): RAM is behind it only for system management mode, which is not there. */
#define Q35_VGA_BASE 0x000a0000u
#define Q35_VGA_END  0x000c0000u

/* RSDP and tables, in low RAM. */
#define Q35_ACPI_BASE 0x000e0000u
#define Q35_ACPI_SIZE 0x00010000u

/* SMBIOS: the entry point, where kernels look for it, and the structures. */
#define Q35_SMBIOS_BASE 0x000f0000u
#define Q35_SMBIOS_SIZE 0x00010000u

/*
 * RAM from 0 on. What would reach the PCI hole is split at 2 GiB, so that pages of 1 GiB
 * fit on both sides; the rest is above 4 GiB.
 */
#define Q35_SPLIT_FROM 0xb0000000u
#define Q35_SPLIT      0x80000000u

/* The PCI hole, after configuration space; then what is fixed below 4 GiB. */
#define Q35_ECAM_BASE   0xb0000000u
#define Q35_ECAM_SIZE   0x10000000u
#define Q35_HOLE_BASE   0xc0000000u
#define Q35_HOLE_END    0xfec00000u /* first byte behind it */
#define Q35_IOAPIC_BASE 0xfec00000u
#define Q35_RCRB_BASE   0xfed1c000u
#define Q35_LAPIC_BASE  0xfee00000u

/*
 * The hole above all RAM: from a multiple of 1 GiB on, as large as the host bridge's
 * pci-hole64-size, or what the functions that are there at start want, if the guest's
 * addresses reach so far.
 */
#define Q35_HOLE64_ALIGN 0x40000000ull

/* Ports for BARs: a window of 4 KiB behind each of 14 root ports fits. */
#define Q35_IO_BASE 0x1000u
#define Q35_IO_END  0x10000u

/* ISA's timer interrupt is on another pin of the I/O APIC. */
#define Q35_TIMER_GSI 2

#define Q35_MAX_CPUS 254 /* APIC IDs of 8 bits */

/* What is soldered to the board; references. */
typedef struct Q35Devices {
    gboolean direct; /* no firmware: the board's set-up is all that there is */
    Device *ioapic, *pic, *host, *lpc, *pm, *hotplug, *rtc, *pit, *fw_cfg;
    Bus *isa;
    IrqLine *gsis[ICH9_GSIS], *pic_pins[ICH9_PIC_PINS]; /* borrowed; NULL: the cascade */
    IrqLine *isa_irqs[ISA_IRQS]; /* owned: each into both controllers */
    IrqLine *gpe;                /* of hot-plug, into the power management */
    PciApertures apertures;      /* from q35_devices_ready() on */
    GPtrArray *complaints;       /* the last layout's; NULL: none yet */
    const char *boot_order;      /* -boot's letters for this start, borrowed */
} Q35Devices;

typedef struct Q35Choice {
    gboolean hpet, i8042;
} Q35Choice;

/*
 * q35-devices.c; what there is when it fails, q35_devices_free() takes. `direct` is known.
 */
gboolean q35_devices_create(Q35Devices *q, const Q35Choice *choice, RamBlock *ram,
                            ConfigNode *config, GError **errp);
void q35_devices_free(Q35Devices *q);
/*
 * At each boot: CMOS memory; and without firmware what that would have done before it
 * starts a kernel: where configuration space and power management are, and the PCI
 * functions' resources. high_ram: bytes above 4 GiB.
 */
void q35_devices_set_up(Q35Devices *q, guint64 low_ram, guint64 high_ram);
/* All of the command line's devices are there: what their resources come from. */
void q35_devices_ready(Q35Devices *q, guint64 high_ram);

#endif
