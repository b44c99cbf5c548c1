/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on a q35, as its ACPI tables want to know it. */
#include "config.h"

#include "machine/q35-acpi.h"

#include "accel/vcpu.h"
#include "firmware/acpi-q35.h"
#include "hw/hpet.h"
#include "hw/ich9-pm.h"
#include "hw/rtc-time.h"
#include "pci/acpi-hotplug.h"
#include "pci/host.h"
#include "util/error.h"

/* Functions of pcie.0: slots that are taken, ports behind which devices are plugged. */
typedef struct Found {
    guint32 slots;
    GArray *ports;   /* AcpiHotplugPort */
    GArray *indexed; /* AcpiIndexed */
} Found;

static void find(PciDevice *dev, void *opaque)
{
    Found *found = opaque;
    const PciBus *behind = pci_bridge_bus(dev);
    guint32 bsel = behind ? acpi_pci_hotplug_bsel(behind) : ACPI_HOTPLUG_NO_BUS;
    found->slots |= 1u << PCI_SLOT(dev->devfn);
    if (bsel != ACPI_HOTPLUG_NO_BUS) {
        AcpiHotplugPort port = { dev->devfn, bsel };
        g_array_append_val(found->ports, port);
    }
    if (dev->acpi_index && !behind) {
        AcpiIndexed function = { dev->devfn, dev->acpi_index };
        g_array_append_val(found->indexed, function);
    }
}

static AcpiWindow window(PciRange range)
{
    return (AcpiWindow){ range.base, range.limit };
}

GByteArray *q35_build_tables(const Q35Devices *q, const Q35Choice *choice,
                             const BoardMemory *memory, GError **errp)
{
    g_autoptr(GArray) ports = g_array_new(FALSE, FALSE, sizeof(AcpiHotplugPort));
    g_autoptr(GArray) indexed = g_array_new(FALSE, FALSE, sizeof(AcpiIndexed));
    Found found = { .ports = ports, .indexed = indexed };
    pci_bus_foreach(pci_host_bus(q->host), find, &found);
    guint8 s4_type = (guint8)ich9_pm_s4(q->pm);
    AcpiQ35 board = {
        .cpus = machine_cpus(),
        .apic_id = cpu_apic_id,
        .lapic_base = Q35_LAPIC_BASE,
        .ioapic_base = Q35_IOAPIC_BASE,
        .ecam = { Q35_ECAM_BASE, Q35_ECAM_SIZE >> 20 },
        .holes = { { memory->low, Q35_ECAM_BASE - 1 }, window(q->apertures.mem) },
        .high = window(q->apertures.mem64),
        .slots = found.slots,
        .pirq = ich9_lpc_pirq,
        .hotplug_base = ACPI_HOTPLUG_PORT,
        .hotplug_ost_base = ACPI_HOTPLUG_OST_PORT,
        .hotplug_gpe = ACPI_HOTPLUG_GPE,
        .ports = (const AcpiHotplugPort *)ports->data,
        .n_ports = ports->len,
        .indexed = (const AcpiIndexed *)indexed->data,
        .n_indexed = indexed->len,
        .pm_base = ICH9_PM_BASE,
        .sci = ICH9_SCI_GSI,
        .s4 = s4_type != 0,
        .s4_type = s4_type,
        .century = RTC_CENTURY,
        .i8042 = choice->i8042,
        .isa = q->isa,
    };
    if (choice->hpet) {
        board.hpet = (AcpiHpet){ HPET_BASE, HPET_ID, HPET_MIN_TICK };
    }
    g_autoptr(AcpiTables) tables = acpi_build_q35(&board);
    g_autoptr(GByteArray) placed = acpi_place(tables, Q35_ACPI_BASE);
    if (placed->len > Q35_ACPI_SIZE) {
        error_set(errp,
                  "too many devices: ACPI tables of %u bytes are more than %u (%u ports)",
                  placed->len, Q35_ACPI_SIZE, ports->len);
        return NULL;
    }
    return g_steal_pointer(&placed);
}
