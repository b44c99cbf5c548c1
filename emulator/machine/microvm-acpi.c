/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The microvm's ACPI tables.
 *
 * All virtio-mmio slots, empty or not, are children of one container; their _STA reads
 * which are present. After a hot-plug the event device notifies the container (bus
 * check), whereupon the guest scans it again and finds the new device.
 */
#include "config.h"

#include "machine/microvm-acpi.h"

#include "accel/vcpu.h"
#include "firmware/acpi.h"
#include "hw/ged.h"
#include "hw/rtc-time.h"
#include "hw/rtc.h"
#include "hw/serial.h"
#include "machine/machine.h"
#include "machine/microvm.h"

static void add_slot(Aml *scope, unsigned slot)
{
    AmlResources *r = aml_resources_new();
    guint start = aml_begin(scope, "Device V%03X", slot);
    aml_code(scope, "Name _HID 'LNRO0005' Name _UID %u Name _CCA 1", slot);
    aml_resource_memory(r, MICROVM_VIRTIO_BASE + slot * MICROVM_VIRTIO_STRIDE,
                        MICROVM_VIRTIO_SIZE);
    aml_resource_gsi(r, AML_EDGE_HIGH, (guint32[]){ MICROVM_VIRTIO_PIN + slot }, 1);
    aml_resources_end(r, scope, "_CRS");
    aml_code(scope,
             "Method _STA 0 { If And \\_SB.GED_.PRES %u _ { Return 0x0f } Return 0 }",
             1u << slot);
    aml_end(scope, start);
}

static void add_slots(Aml *scope)
{
    guint start = aml_begin(scope, "Device VIO_");
    aml_code(scope, "Name _HID eisa:PNP0A06 Name _UID 'virtio-mmio'");
    for (unsigned i = 0; i < MICROVM_VIRTIO_SLOTS; i++) {
        add_slot(scope, i);
    }
    aml_end(scope, start);
}

/* In the order that version 1.0 has: a guest finds them as it did, whatever came first.
 */
static void add_isa(Aml *scope, const Bus *isa)
{
    static const DeviceClass *const order[] = { &serial_class, &rtc_class, NULL };
    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        for (guint j = 0; j < isa->devices->len; j++) {
            const Device *dev = g_ptr_array_index(isa->devices, j);
            gboolean first = dev->klass == order[0] || dev->klass == order[1];
            if (dev->klass == order[i] || (!order[i] && !first)) {
                device_add_aml(dev, scope);
            }
        }
    }
}

static Aml *build_dsdt(const Device *ged, const Bus *isa)
{
    Aml *dsdt = g_byte_array_new();
    aml_code(dsdt, "Name \\_S5_ Package 4 { %u 0 0 0 }", GED_SLEEP_S5);
    guint scope = aml_begin(dsdt, "Scope \\_SB_");
    device_add_aml(ged, dsdt);
    add_slots(dsdt);
    add_isa(dsdt, isa);
    dsdt_add_cpus(dsdt, machine_cpus());
    aml_end(dsdt, scope);
    return dsdt;
}

static AcpiRegister byte_register(guint32 address)
{
    return (AcpiRegister){ ACPI_MEMORY, 8, address };
}

GByteArray *microvm_build_tables(const Device *ged, const Bus *isa, gboolean rtc)
{
    g_autoptr(GByteArray) dsdt = build_dsdt(ged, isa);
    AcpiBoard board = {
        .fadt = {
            .flags = ACPI_FADT_WBINVD | ACPI_FADT_POWER_BUTTON | ACPI_FADT_SLEEP_BUTTON |
                     ACPI_FADT_RESET_REGISTER | ACPI_FADT_HW_REDUCED,
            .boot_flags = ACPI_BOOT_LEGACY_DEVICES | ACPI_BOOT_NO_VGA |
                          (rtc ? 0 : ACPI_BOOT_NO_CMOS_RTC),
            .century = rtc ? RTC_CENTURY : 0,
            .reset = byte_register(MICROVM_GED_BASE + GED_RESET),
            .reset_value = GED_RESET_VALUE,
            .sleep_control = byte_register(MICROVM_GED_BASE + GED_SLEEP_CTL),
            .sleep_status = byte_register(MICROVM_GED_BASE + GED_SLEEP_STATUS),
        },
        .madt = {
            .cpus = machine_cpus(),
            .apic_id = cpu_apic_id,
            .lapic_base = MICROVM_LAPIC_BASE,
            .ioapic_base = MICROVM_IOAPIC_BASE,
        },
        .dsdt = dsdt,
    };
    g_autoptr(AcpiTables) tables = acpi_build(&board);
    GByteArray *placed = acpi_place(tables, MICROVM_ACPI_BASE);
    g_assert(placed->len <= MICROVM_ACPI_SIZE);
    return placed;
}
