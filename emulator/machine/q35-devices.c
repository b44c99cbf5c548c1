/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The q35's own devices and how they are wired (Intel ICH9 data sheet, chapter 5.8). */
#include "config.h"

#include "accel/accel.h"
#include "accel/run-state.h"
#include "hw/cpu-hotplug.h"
#include "hw/fw-cfg.h"
#include "hw/hpet.h"
#include "hw/i8042.h"
#include "hw/i8254.h"
#include "hw/i8259.h"
#include "hw/ich9-pm.h"
#include "hw/ioapic.h"
#include "hw/port80.h"
#include "hw/port92.h"
#include "hw/rtc.h"
#include "ide/ahci.h"
#include "machine/q35.h"
#include "pci/acpi-hotplug.h"
#include "pci/host.h"
#include "pci/mch.h"
#include "pci/root-port.h"
#include "util/log.h"

static Device *new_device(const DeviceClass *klass, const char *name)
{
    Device *dev = device_new(klass);
    device_set_name(dev, name);
    return dev;
}

/* Interrupt controllers: an ISA interrupt goes to both. */
static gboolean create_controllers(Q35Devices *q, GError **errp)
{
    q->ioapic = board_create_ioapic(Q35_IOAPIC_BASE, errp);
    if (!q->ioapic) {
        return FALSE;
    }
    q->pic = new_device(&i8259_class, "pic");
    if (!device_realize(q->pic, NULL, errp)) {
        return FALSE;
    }
    for (unsigned i = 0; i < ICH9_GSIS; i++) {
        q->gsis[i] = ioapic_pin(q->ioapic, i);
    }
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        if (i != I8259_CASCADE) {
            IrqLine *gsi = q->gsis[i == I8254_IRQ ? Q35_TIMER_GSI : i];
            q->pic_pins[i] = i8259_pin(q->pic, i);
            q->isa_irqs[i] = irq_line_new_split(q->pic_pins[i], gsi);
        }
    }
    return TRUE;
}

/* It is not to be heard of where the guest, or the board, says so. */
static void watchdog_expired(void *opaque)
{
    if (!ich9_lpc_no_reboot(opaque)) {
        vm_request_watchdog();
    }
}

/* The LPC bridge carries its interrupt, and says by `-global` what it offers. */
static gboolean create_pm(Q35Devices *q, GError **errp)
{
    q->lpc = new_device(&ich9_lpc_class.device, "lpc");
    q->pm = new_device(&ich9_pm_class, "pm");
    ich9_pm_set_sci(q->pm, ich9_lpc_sci(q->lpc));
    const Ich9LpcOptions *o = ich9_lpc_options(q->lpc);
    ich9_pm_set_s4(q->pm, o->disable_s4 ? 0 : o->s4_val);
    if (o->enable_tco) {
        ich9_pm_set_watchdog(q->pm, watchdog_expired, q->lpc);
    }
    return device_realize(q->pm, NULL, errp);
}

static void raise_hotplug(void *opaque, unsigned n, int level)
{
    if (level) {
        ich9_pm_raise_gpe(opaque, n);
    }
}

/*
 * Before the root ports, which come from the command line, and until they have gone.
 * Without it they are plugged by their own registers.
 */
static gboolean create_hotplug(Q35Devices *q, GError **errp)
{
    if (!ich9_lpc_options(q->lpc)->acpi_hotplug) {
        return TRUE;
    }
    q->gpe = irq_line_new(raise_hotplug, q->pm, ACPI_HOTPLUG_GPE);
    q->hotplug = new_device(&acpi_pci_hotplug_class, "acpi-pci-hotplug");
    acpi_pci_hotplug_set_wiring(q->hotplug, ACPI_HOTPLUG_PORT, ACPI_HOTPLUG_OST_PORT,
                                q->gpe);
    if (!device_realize(q->hotplug, NULL, errp)) {
        return FALSE;
    }
    pci_bridge_set_hotplug(acpi_pci_hotplug_bus_changed, q->hotplug);
    return TRUE;
}

static gboolean create_cpu_hotplug(GError **errp)
{
    g_autoptr(Device) dev = new_device(&cpu_hotplug_class, "acpi-cpu-hotplug");
    cpu_hotplug_set_cpus(dev, machine_cpus());
    return device_realize(dev, NULL, errp);
}

static gboolean create_pci(Q35Devices *q, RamBlock *ram, GError **errp)
{
    q->host = new_device(&pci_host_class, "q35");
    if (!device_realize(q->host, NULL, errp)) {
        return FALSE;
    }
    pci_host_set_low_ram(q->host, ram, q->direct);
    Ich9LpcWiring wiring = {
        .host = q->host, .gsis = q->gsis, .pic = q->pic_pins, .pm = ich9_pm_region(q->pm)
    };
    PciBus *bus = pci_host_bus(q->host);
    ich9_lpc_set_wiring(q->lpc, &wiring);
    if (!device_realize(q->lpc, bus->bus, errp)) {
        return FALSE;
    }
    pci_bus_set_irqs(bus, ich9_lpc_map_irq, q->lpc);
    return TRUE;
}

/* Function 1f.2; its buses are ide.0 to ide.5. */
static gboolean create_ahci(Q35Devices *q, GError **errp)
{
    g_autoptr(Device) dev = new_device(&ahci_class.device, "ahci");
    PciDevice *pci = (PciDevice *)dev;
    pci->addr = PCI_DEVFN(31, 2);
    pci->multifunction = TRUE;
    return device_realize(dev, pci_host_bus(q->host)->bus, errp);
}

static gboolean add_isa(Q35Devices *q, const DeviceClass *klass, const char *name,
                        GError **errp)
{
    g_autoptr(Device) dev = new_device(klass, name);
    return device_realize(dev, q->isa, errp);
}

static gboolean create_clocks(Q35Devices *q, ConfigNode *config, GError **errp)
{
    q->rtc = board_create_rtc(q->isa, config, errp);
    q->pit = new_device(&i8254_class, "pit");
    return q->rtc && device_realize(q->pit, q->isa, errp);
}

/* Its legacy replacement takes the place of both other clocks' interrupts. */
static gboolean create_hpet(Q35Devices *q, GError **errp)
{
    g_autoptr(Device) dev = new_device(&hpet_class, "hpet0");
    HpetWiring wiring = { .gsis = q->gsis,
                          .irq0 = q->isa_irqs[I8254_IRQ],
                          .irq8 = q->isa_irqs[RTC_IRQ],
                          .pit = q->pit,
                          .rtc = q->rtc };
    hpet_set_wiring(dev, &wiring);
    return device_realize(dev, NULL, errp);
}

static gboolean create_isa(Q35Devices *q, const Q35Choice *choice, ConfigNode *config,
                           GError **errp)
{
    q->isa = isa_bus_new("isa.0", q->isa_irqs);
    isa_bus_set_pic(q->isa);
    return create_clocks(q, config, errp) && (!choice->hpet || create_hpet(q, errp)) &&
           (!choice->i8042 || add_isa(q, &i8042_class, "ps2", errp)) &&
           add_isa(q, &port80_class, "port80", errp) &&
           add_isa(q, &port92_class, "port92", errp) &&
           board_create_serials(q->isa, config, errp);
}

static gboolean create_fw_cfg(Q35Devices *q, GError **errp)
{
    q->fw_cfg = new_device(&fw_cfg_class, "fw_cfg");
    return device_realize(q->fw_cfg, NULL, errp);
}

gboolean q35_devices_create(Q35Devices *q, const Q35Choice *choice, RamBlock *ram,
                            ConfigNode *config, GError **errp)
{
    return create_controllers(q, errp) && board_create_vcpus(errp) &&
           create_pm(q, errp) && create_hotplug(q, errp) && create_pci(q, ram, errp) &&
           create_ahci(q, errp) && create_isa(q, choice, config, errp) &&
           create_fw_cfg(q, errp) && create_cpu_hotplug(errp);
}

/* All are unrealized. Whoever has a line's end goes before the line. */
void q35_devices_free(Q35Devices *q)
{
    pci_bridge_set_hotplug(NULL, NULL);
    device_unref(q->fw_cfg);
    device_unref(q->pit);
    device_unref(q->rtc);
    isa_bus_free(q->isa);
    device_unref(q->hotplug);
    g_clear_pointer(&q->gpe, irq_line_free);
    if (q->pm) {
        ich9_pm_set_sci(q->pm, NULL); /* also of one that was never realized */
    }
    device_unref(q->pm);
    device_unref(q->lpc);
    device_unref(q->host);
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        g_clear_pointer(&q->isa_irqs[i], irq_line_free);
    }
    device_unref(q->pic);
    device_unref(q->ioapic);
    g_clear_pointer(&q->complaints, g_ptr_array_unref);
}

static guint64 round_up_hole(guint64 value)
{
    return (value + Q35_HOLE64_ALIGN - 1) & ~(Q35_HOLE64_ALIGN - 1);
}

static PciRange hole64(const Q35Devices *q, guint64 high_ram)
{
    guint64 base = round_up_hole(BOARD_HIGH_RAM + high_ram);
    guint64 end = 1ull << accel_phys_bits();
    guint64 size =
        MAX(pci_host_hole64_size(q->host), pci_layout_need(pci_host_bus(q->host), base));
    if (base >= end) {
        return (PciRange){ 1, 0 };
    }
    return (PciRange){ base,
                       size >= end - base ? end - 1 : base + round_up_hole(size) - 1 };
}

/* The same from one reset to the next: the ACPI tables tell of it. */
void q35_devices_ready(Q35Devices *q, guint64 high_ram)
{
    q->apertures = (PciApertures){ .io = { Q35_IO_BASE, Q35_IO_END - 1 },
                                   .mem = { Q35_HOLE_BASE, Q35_HOLE_END - 1 },
                                   .mem64 = hole64(q, high_ram) };
}

/* A reset lays the same out again, and has nothing new to say. */
static void lay_out_pci(Q35Devices *q)
{
    GPtrArray *complaints = g_ptr_array_new_with_free_func(g_free);
    pci_layout(pci_host_bus(q->host), &q->apertures, complaints);
    for (guint i = 0; i < complaints->len; i++) {
        if (!q->complaints ||
            !g_ptr_array_find_with_equal_func(q->complaints, complaints->pdata[i],
                                              g_str_equal, NULL)) {
            log_warn("%s", (const char *)complaints->pdata[i]);
        }
    }
    g_clear_pointer(&q->complaints, g_ptr_array_unref);
    q->complaints = complaints;
}

void q35_devices_set_up(Q35Devices *q, guint64 low_ram, guint64 high_ram)
{
    RtcPc cmos = { .low_ram = low_ram,
                   .high_ram = high_ram,
                   .cpus = machine_cpus(),
                   .boot_order = q->boot_order };
    rtc_set_pc(q->rtc, &cmos);
    if (q->direct) {
        gboolean fits = pci_host_set_ecam(q->host, Q35_ECAM_BASE, Q35_ECAM_SIZE);
        g_assert(fits);
        ich9_lpc_set_up(q->lpc, ICH9_PM_BASE, Q35_RCRB_BASE);
        lay_out_pci(q);
        i8259_set_level_triggered(q->pic, ich9_lpc_set_lines(q->lpc));
    }
}
