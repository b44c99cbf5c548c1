/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of a q35: what is on the board goes in. */
#ifndef VIREO_FIRMWARE_ACPI_Q35_H
#define VIREO_FIRMWARE_ACPI_Q35_H

#include "firmware/acpi.h"

/* Addresses for what is on PCI; last is included, and 0: there is none. */
typedef struct AcpiWindow {
    guint64 first, last;
} AcpiWindow;

#define ACPI_Q35_HOLES 2 /* below 4 GiB, before and behind the ECAM */

/* A bridge behind which devices come and go by ACPI, or have an acpi-index. */
typedef struct AcpiBridge {
    guint8 devfn;
    guint32 bsel;    /* by which the hot-plug registers know the bus behind it */
    guint32 slots;   /* a bit for each of the bus that devices come into; 0: no BSEL */
    unsigned parent; /* the bridge on whose bus it is, before it in the list: its number
                        there, from 1 on; 0: on pcie.0 */
} AcpiBridge;

/* A function that has an acpi-index, and cannot be plugged. */
typedef struct AcpiIndexed {
    guint8 devfn;
    guint32 index;
    unsigned parent; /* as of AcpiBridge */
} AcpiIndexed;

typedef struct AcpiQ35 {
    unsigned cpus;
    guint32 (*apic_id)(unsigned cpu);
    guint32 lapic_base, ioapic_base;
    AcpiHpet hpet;

    /* PCI Express. */
    AcpiEcam ecam;
    AcpiWindow holes[ACPI_Q35_HOLES], high;
    guint32 slots;                                 /* a bit for each that is taken */
    unsigned (*pirq)(unsigned slot, unsigned pin); /* 0: PIRQA; its GSI is 16 */
    const AcpiIndexed *indexed;
    unsigned n_indexed;

    guint16 cpu_hotplug_base; /* registers that no method uses: taken; 0: none */
    guint8 cpu_hotplug_ports;

    gboolean native_hotplug; /* by PCI Express itself, if the guest likes */

    /* Hot-plug by ACPI; all zero: none. */
    guint16 hotplug_base;     /* QEMU's registers: pci/acpi-hotplug.h */
    guint16 hotplug_ost_base; /* slot, event, status: dwords for _OST; 0: none */
    guint8 hotplug_gpe;       /* of GPE0 */
    const AcpiBridge *bridges;
    unsigned n_bridges;

    guint16 fw_cfg_base; /* hw/fw-cfg.h; 0: none */
    guint8 fw_cfg_ports;

    guint16 pm_base; /* hw/ich9-pm.h */
    guint8 sci;
    gboolean s3, s4; /* announced */
    guint8 s4_type;  /* SLP_TYP */
    guint8 century;  /* index in the RTC's memory; 0: there is no RTC */
    gboolean i8042, vga;
    const guint8 *vm_generation_id; /* as of AcpiBoard */
    const Bus *isa;
} AcpiQ35;

AcpiTables *acpi_build_q35(const AcpiQ35 *q);

/* dsdt-q35.c */
Aml *acpi_q35_dsdt(const AcpiQ35 *q);

#endif
