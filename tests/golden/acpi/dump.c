/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables of boards that are made here, as they stand in memory from BASE on, on
 * standard output: dump NAME BASE.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/acpi-q35.h"
#include "hw/cpu-hotplug.h"
#include "hw/fw-cfg.h"
#include "hw/hpet.h"
#include "hw/i8042.h"
#include "hw/ich9-pm.h"
#include "hw/isa.h"
#include "hw/pvpanic-isa.h"
#include "hw/rtc-time.h"
#include "hw/rtc.h"
#include "hw/serial.h"
#include "pci/acpi-hotplug.h"
#include "pci/ich9-lpc.h"
#include "tests/unit/no-board.h"

static guint32 dense_id(unsigned cpu)
{
    return cpu;
}

static guint32 sparse_id(unsigned cpu)
{
    return cpu * 2;
}

static AcpiBridge ports[14];

static void make_ports(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ports); i++) {
        ports[i] = (AcpiBridge){ (1 + i / 8) << 3 | i % 8, i, 1, 0 };
    }
}

/* What virt-install asks for: 14 root ports in two slots. */
static AcpiQ35 usual(const Bus *isa)
{
    return (AcpiQ35){
        .cpus = 2,
        .apic_id = dense_id,
        .lapic_base = 0xfee00000,
        .ioapic_base = 0xfec00000,
        .hpet = { .base = HPET_BASE, .id = HPET_ID, .min_tick = HPET_MIN_TICK },
        .ecam = { .base = 0xb0000000, .buses = 256 },
        .holes = { { 0x80000000, 0xafffffff }, { 0xc0000000, 0xfebfffff } },
        .high = { 0x8000000000, 0xffffffffff },
        .slots = 1u << 31 | 7,
        .pirq = ich9_lpc_pirq,
        .cpu_hotplug_base = CPU_HOTPLUG_PORT,
        .cpu_hotplug_ports = CPU_HOTPLUG_PORTS,
        .hotplug_base = ACPI_HOTPLUG_PORT,
        .hotplug_ost_base = ACPI_HOTPLUG_OST_PORT,
        .hotplug_gpe = ACPI_HOTPLUG_GPE,
        .bridges = ports,
        .n_bridges = G_N_ELEMENTS(ports),
        .pm_base = ICH9_PM_BASE,
        .sci = ICH9_SCI_GSI,
        .s4 = TRUE,
        .s4_type = 2,
        .century = RTC_CENTURY,
        .i8042 = TRUE,
        .fw_cfg_base = FW_CFG_PORT,
        .fw_cfg_ports = FW_CFG_PORTS,
        .isa = isa,
    };
}

/* Without all that can be left out. */
static AcpiQ35 bare(void)
{
    return (AcpiQ35){
        .cpus = 1,
        .apic_id = dense_id,
        .lapic_base = 0xfee00000,
        .ioapic_base = 0xfec00000,
        .holes = { { 0xc0000000, 0xfebfffff } },
        .slots = 1,
        .pirq = ich9_lpc_pirq,
        .pm_base = 0xb000,
        .sci = 9,
        .s3 = TRUE,
        .vga = TRUE,
    };
}

static AcpiQ35 large(const Bus *isa)
{
    AcpiQ35 q = usual(isa);
    q.cpus = 300; /* APIC IDs up to 598 */
    q.apic_id = sparse_id;
    q.ecam = (AcpiEcam){ .base = 0x4000000000, .buses = 64 };
    q.slots = G_MAXUINT32;
    return q;
}

static void nobody_hears(void *opaque, unsigned n, int level)
{
}

static void add_device(const DeviceClass *klass, Bus *isa)
{
    g_autoptr(Device) dev = device_new(klass);
    g_autoptr(GError) err = NULL;
    device_realize(dev, isa, &err);
    g_assert_no_error(err);
}

static AcpiQ35 board(const char *name, const Bus *isa)
{
    if (strcmp(name, "bare") == 0) {
        return bare();
    }
    g_assert(strcmp(name, "large") == 0);
    return large(isa);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: dump bare|large BASE\n");
        return EXIT_FAILURE;
    }
    no_board_make();
    make_ports();
    IrqLine *irqs[ISA_IRQS];
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        irqs[i] = irq_line_new(nobody_hears, NULL, i);
    }
    Bus *isa = isa_bus_new("isa.0", irqs);
    isa_bus_set_pic(isa);
    add_device(&rtc_class, isa);
    add_device(&i8042_class, isa);
    add_device(&serial_class, isa);
    add_device(&serial_class, isa);
    add_device(&pvpanic_isa_class, isa);

    AcpiQ35 q = board(argv[1], isa);
    g_autoptr(AcpiTables) tables = acpi_build_q35(&q);
    g_autoptr(GByteArray) placed = acpi_place(tables, g_ascii_strtoull(argv[2], NULL, 0));
    fwrite(placed->data, 1, placed->len, stdout);

    device_cleanup();
    isa_bus_free(isa);
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        irq_line_free(irqs[i]);
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
