/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on a q35, as its ACPI tables want to know it. */
#include "config.h"

#include "machine/q35-acpi.h"

#include "accel/accel.h"
#include "accel/vcpu.h"
#include "hw/cpu-hotplug.h"
#include "hw/fw-cfg.h"
#include "hw/hpet.h"
#include "hw/ich9-pm.h"
#include "hw/rtc-time.h"
#include "hw/vmgenid.h"
#include "pci/acpi-hotplug.h"
#include "pci/host.h"
#include "util/error.h"

/* What is on a bus, and below. */
typedef struct Found {
    guint32 slots;   /* of the bus: that are taken */
    unsigned parent; /* as of AcpiBridge */
    GArray *bridges; /* AcpiBridge */
    GArray *indexed; /* AcpiIndexed */
} Found;

/* Slots of which the guest is told: all functions in them can be plugged. */
static guint32 plug_slots(const PciBus *bus)
{
    guint32 slots = 0;
    for (unsigned i = 0; i < bus->slots; i++) {
        gboolean plugs = acpi_pci_hotplug_bsel(bus) != ACPI_HOTPLUG_NO_BUS;
        for (unsigned k = 0; k < PCI_FUNCTIONS; k++) {
            const PciDevice *dev = bus->taken[PCI_DEVFN(i, k)];
            plugs = plugs && (!dev || dev->device.klass->hotpluggable);
        }
        slots |= plugs ? 1u << i : 0;
    }
    return slots;
}

static void find_behind(PciDevice *dev, Found *found);

static void find(PciDevice *dev, void *opaque)
{
    Found *found = opaque;
    unsigned slot = PCI_SLOT(dev->devfn);
    found->slots |= 1u << slot;
    if (pci_bridge_bus(dev)) {
        find_behind(dev, found);
    } else if (dev->acpi_index && !(plug_slots(dev->bus) >> slot & 1)) {
        AcpiIndexed function = { dev->devfn, dev->acpi_index, found->parent };
        g_array_append_val(found->indexed, function);
    }
}

/* A bridge of which there is nothing to say is left out. */
static void find_behind(PciDevice *dev, Found *found)
{
    PciBus *behind = pci_bridge_bus(dev);
    guint n = found->bridges->len, n_indexed = found->indexed->len;
    AcpiBridge b = { .devfn = dev->devfn,
                     .bsel = acpi_pci_hotplug_bsel(behind),
                     .slots = plug_slots(behind),
                     .parent = found->parent };
    g_array_append_val(found->bridges, b);
    Found below = { .parent = n + 1,
                    .bridges = found->bridges,
                    .indexed = found->indexed };
    pci_bus_foreach(behind, find, &below);
    if (!b.slots && found->bridges->len == n + 1 && found->indexed->len == n_indexed) {
        g_array_set_size(found->bridges, n);
    }
}

static AcpiWindow window(PciRange range)
{
    return (AcpiWindow){ range.base, range.limit };
}

/* What firmware has placed above 4 GiB: 64-bit BARs, and what bridges pass on. */
static void find_high(PciDevice *dev, void *opaque)
{
    PciRange *high = opaque;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const PciBar *bar = &dev->bars[i];
        guint64 base = bar->region ? pci_bar_address(dev, i) : 0;
        if (base >= BOARD_HIGH_RAM && bar->flags & PCI_BAR_64 &&
            pci_bar_enabled(dev, i)) {
            high->base = MIN(high->base, base);
            high->limit = MAX(high->limit, base + (bar->size - 1));
        }
    }
    if (pci_bridge_bus(dev)) {
        PciRange window = pci_bridge_window(dev, PCI_WINDOW_PREF);
        if (window.base >= BOARD_HIGH_RAM && window.base <= window.limit) {
            high->base = MIN(high->base, window.base);
            high->limit = MAX(high->limit, window.limit);
        }
    }
}

/*
 * As QEMU's: from the lowest that firmware has placed there on, or where the board would
 * have placed it, as far as pci-hole64-size says, at least.
 */
static AcpiWindow high_window(const Q35Devices *q)
{
    PciRange high = { G_MAXUINT64, 0 };
    guint64 end;
    pci_bus_foreach(pci_host_bus(q->host), find_high, &high);
    if (high.base > high.limit) {
        return window(q->apertures.mem64);
    }
    if (__builtin_add_overflow(high.base, pci_host_hole64_size(q->host), &end) ||
        __builtin_add_overflow(end, Q35_HOLE64_ALIGN - 1, &end)) {
        return window(high);
    }
    end = MIN(end & ~(Q35_HOLE64_ALIGN - 1), 1ull << accel_phys_bits());
    return (AcpiWindow){ high.base, MAX(high.limit, end - 1) };
}

/* Firmware has chosen where configuration space is; the rest below 4 GiB is PCI's. */
static void set_windows(AcpiQ35 *board, const Q35Devices *q, const BoardMemory *memory)
{
    guint64 size = pci_host_ecam_size(q->host), base = pci_host_ecam_base(q->host);
    board->high = high_window(q);
    if (size && base >= memory->low && base + size <= Q35_HOLE_END) {
        board->ecam = (AcpiEcam){ base, size >> 20 };
        board->holes[0] = (AcpiWindow){ memory->low, base - 1 };
        board->holes[1] = (AcpiWindow){ base + size, Q35_HOLE_END - 1 };
    } else {
        board->holes[0] = (AcpiWindow){ memory->low, Q35_HOLE_END - 1 };
    }
}

static void set_own_windows(AcpiQ35 *board, const Q35Devices *q,
                            const BoardMemory *memory)
{
    board->ecam = (AcpiEcam){ Q35_ECAM_BASE, Q35_ECAM_SIZE >> 20 };
    board->holes[0] = (AcpiWindow){ memory->low, Q35_ECAM_BASE - 1 };
    board->holes[1] = window(q->apertures.mem);
    board->high = window(q->apertures.mem64);
}

AcpiTables *q35_acpi_tables(const Q35Devices *q, const Q35Choice *choice,
                            const BoardMemory *memory, gboolean direct)
{
    g_autoptr(GArray) bridges = g_array_new(FALSE, FALSE, sizeof(AcpiBridge));
    g_autoptr(GArray) indexed = g_array_new(FALSE, FALSE, sizeof(AcpiIndexed));
    Found found = { .bridges = bridges, .indexed = indexed };
    pci_bus_foreach(pci_host_bus(q->host), find, &found);
    guint8 s4_type = (guint8)ich9_pm_s4(q->pm);
    AcpiQ35 board = {
        .cpus = machine_cpus(),
        .apic_id = cpu_apic_id,
        .lapic_base = Q35_LAPIC_BASE,
        .ioapic_base = Q35_IOAPIC_BASE,
        .slots = found.slots,
        .pirq = ich9_lpc_pirq,
        .cpu_hotplug_base = CPU_HOTPLUG_PORT,
        .cpu_hotplug_ports = CPU_HOTPLUG_PORTS,
        .native_hotplug = !ich9_lpc_options(q->lpc)->acpi_hotplug,
        .hotplug_base = ACPI_HOTPLUG_PORT,
        .hotplug_ost_base = ACPI_HOTPLUG_OST_PORT,
        .hotplug_gpe = ACPI_HOTPLUG_GPE,
        .bridges = (const AcpiBridge *)bridges->data,
        .n_bridges = bridges->len,
        .indexed = (const AcpiIndexed *)indexed->data,
        .n_indexed = indexed->len,
        .fw_cfg_base = FW_CFG_PORT,
        .fw_cfg_ports = FW_CFG_PORTS,
        .pm_base = ICH9_PM_BASE,
        .sci = ICH9_SCI_GSI,
        .s4 = s4_type != 0,
        .s4_type = s4_type,
        .century = RTC_CENTURY,
        .i8042 = choice->i8042,
        .isa = q->isa,
        .vm_generation_id = vmgenid_find() ? vmgenid_bytes(vmgenid_find()) : NULL,
    };
    if (choice->hpet) {
        board.hpet = (AcpiHpet){ HPET_BASE, HPET_ID, HPET_MIN_TICK };
    }
    if (direct) {
        set_own_windows(&board, q, memory);
    } else {
        set_windows(&board, q, memory);
    }
    return acpi_build_q35(&board);
}

GByteArray *q35_build_tables(const Q35Devices *q, const Q35Choice *choice,
                             const BoardMemory *memory, guint64 *vmgenid, GError **errp)
{
    g_autoptr(AcpiTables) tables = q35_acpi_tables(q, choice, memory, TRUE);
    g_autoptr(GByteArray) placed = acpi_place(tables, Q35_ACPI_BASE);
    *vmgenid = acpi_blob_place(tables, Q35_ACPI_BASE, ACPI_VMGENID);
    if (placed->len > Q35_ACPI_SIZE) {
        error_set(errp, "too many devices: ACPI tables of %u bytes are more than %u",
                  placed->len, Q35_ACPI_SIZE);
        return NULL;
    }
    return g_steal_pointer(&placed);
}
