/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The LPC bridge: its configuration registers (13.1 of the data sheet) and the reset
 * control register (13.7.5). Interrupts: ich9-routing.c; power management has its own
 * device, whose registers are put where PMBASE says.
 */
#include "pci/ich9-lpc.h"

#include "accel/run-state.h"
#include "pci/host.h"
#include "pci/ich9-internal.h"
#include "pci/internal.h"
#include "util/error.h"

#define VENDOR_INTEL 0x8086
#define DEVICE_LPC   0x2918
#define LPC_DEVFN    PCI_DEVFN(31, 0)

#define PMBASE         0x40
#define PMBASE_MASK    0xff80u
#define PMBASE_IO      1u
#define ACPI_ENABLE    0x80
#define ACPI_CNTL_BITS 0x87
#define PIRQ_BITS      0x8f
#define RCBA           0xf0
#define RCBA_MASK      0xffffc000u
#define RCBA_ENABLE    1u
#define PRIORITY_PM    2 /* over BARs */
#define PRIORITY_RCRB  2

#define RST_CPU  0x04
#define RST_KEPT 0x0a

/* 0xcf9 */

static guint64 reset_read(void *opaque, guint64 offset, unsigned size)
{
    return ((Ich9Lpc *)opaque)->reset_control;
}

static void reset_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    if (value & RST_CPU) {
        vm_request_reset(SHUTDOWN_GUEST_RESET);
    } else {
        ((Ich9Lpc *)opaque)->reset_control = value & RST_KEPT;
    }
}

static const RegionOps reset_ops = {
    .read = reset_read, .write = reset_write, .min_size = 1, .max_size = 1
};

/* Where registers are */

static void show_pm(Ich9Lpc *lpc)
{
    guint16 base = pci_get(&lpc->pci, PMBASE, 2) & PMBASE_MASK;
    gboolean on = base && (lpc->pci.config[ICH9_ACPI_CNTL] & ACPI_ENABLE);
    if (lpc->wiring.pm) {
        pci_map_begin();
        region_set_enabled(lpc->wiring.pm, on);
        if (on) {
            region_set_address(lpc->wiring.pm, base);
        }
        pci_map_end();
    }
}

static void show_rcrb(Ich9Lpc *lpc)
{
    guint32 value = pci_get(&lpc->pci, RCBA, 4);
    pci_map_begin();
    region_set_enabled(lpc->rcrb, (value & RCBA_ENABLE) != 0);
    region_set_address(lpc->rcrb, value & RCBA_MASK);
    pci_map_end();
}

static void lpc_written(PciDevice *dev, unsigned offset, unsigned size, guint32 old)
{
    Ich9Lpc *lpc = (Ich9Lpc *)dev;
    if (pci_touches(offset, size, PMBASE, ICH9_ACPI_CNTL + 1 - PMBASE)) {
        show_pm(lpc);
    }
    if (pci_touches(offset, size, RCBA, 4)) {
        show_rcrb(lpc);
    }
    if (pci_touches(offset, size, ICH9_ACPI_CNTL, 1) ||
        pci_touches(offset, size, ICH9_PIRQ_A_D, ICH9_PIRQ_E_H + 4 - ICH9_PIRQ_A_D)) {
        ich9_routing_apply(lpc);
    }
}

static void show_all(PciDevice *dev)
{
    Ich9Lpc *lpc = (Ich9Lpc *)dev;
    show_pm(lpc);
    show_rcrb(lpc);
    ich9_routing_apply(lpc);
}

void ich9_lpc_set_up(Device *device, guint16 pm_base, guint32 rcrb_base)
{
    static const guint8 pins[] = { 10, 10, 11, 11 };
    Ich9Lpc *lpc = (Ich9Lpc *)device;
    pci_set(&lpc->pci, PMBASE, 2, (pm_base & PMBASE_MASK) | PMBASE_IO);
    pci_set(&lpc->pci, ICH9_ACPI_CNTL, 1, ACPI_ENABLE);
    pci_set(&lpc->pci, RCBA, 4, (rcrb_base & RCBA_MASK) | RCBA_ENABLE);
    for (unsigned i = 0; i < G_N_ELEMENTS(pins); i++) {
        pci_set(&lpc->pci, ICH9_PIRQ_A_D + i, 1, pins[i]);
        pci_set(&lpc->pci, ICH9_PIRQ_E_H + i, 1, pins[i]);
    }
    show_all(&lpc->pci);
}

/* Life */

void ich9_lpc_set_wiring(Device *device, const Ich9LpcWiring *wiring)
{
    ((Ich9Lpc *)device)->wiring = *wiring;
}

IrqLine *ich9_lpc_sci(Device *device)
{
    return ((Ich9Lpc *)device)->sci.line;
}

gboolean ich9_lpc_no_reboot(Device *device)
{
    return (((Ich9Lpc *)device)->gcs & GCS_NO_REBOOT) != 0;
}

const Ich9LpcOptions *ich9_lpc_options(Device *device)
{
    return &((Ich9Lpc *)device)->options;
}

static void set_registers(PciDevice *dev)
{
    pci_set(dev, PMBASE, 4, PMBASE_IO);
    pci_set_writable(dev, PMBASE, 2, PMBASE_MASK);
    pci_set_writable(dev, ICH9_ACPI_CNTL, 1, ACPI_CNTL_BITS);
    for (unsigned i = 0; i < 4; i++) {
        pci_set_writable(dev, ICH9_PIRQ_A_D + i, 1, PIRQ_BITS);
        pci_set_writable(dev, ICH9_PIRQ_E_H + i, 1, PIRQ_BITS);
    }
    pci_set_writable(dev, RCBA, 4, RCBA_MASK | RCBA_ENABLE);
}

static void map(Ich9Lpc *lpc)
{
    lpc->rcrb = region_new_io("ich9-rcrb", RCRB_SIZE, &ich9_rcrb_ops, lpc);
    pci_map_begin();
    region_set_enabled(lpc->rcrb, FALSE);
    region_add_over(lpc->pci.bus->memory, lpc->rcrb, 0, PRIORITY_RCRB);
    if (lpc->wiring.pm) {
        region_set_enabled(lpc->wiring.pm, FALSE);
        region_add_over(lpc->pci.bus->io, lpc->wiring.pm, 0, PRIORITY_PM);
    }
    pci_map_end();
}

static void lpc_init(Device *device)
{
    PciDevice *dev = (PciDevice *)device;
    dev->addr = LPC_DEVFN;
    dev->multifunction = TRUE;
    ich9_routing_init((Ich9Lpc *)device);
}

/* Rows that are there for the one value that is what there is. */
static gboolean check_options(const Ich9Lpc *lpc, GError **errp)
{
    const Ich9LpcOptions *o = &lpc->options;
    if (lpc->pci.devfn != LPC_DEVFN) {
        return error_set(errp, "-global ICH9-LPC.addr: it is function 1f.0");
    }
    return o->disable_s3 ||
           error_set(errp, "-global ICH9-LPC.disable_s3=0: suspend to memory is not "
                           "supported");
}

static gboolean lpc_realize(Device *device, GError **errp)
{
    Ich9Lpc *lpc = (Ich9Lpc *)device;
    if (!check_options(lpc, errp) || !pci_device_realize(device, errp)) {
        return FALSE;
    }
    set_registers(&lpc->pci);
    map(lpc);
    if (lpc->wiring.host) {
        pci_host_set_reset_port(lpc->wiring.host, &reset_ops, lpc);
    }
    return TRUE;
}

static void lpc_reset(Device *device)
{
    Ich9Lpc *lpc = (Ich9Lpc *)device;
    pci_device_reset(device);
    for (unsigned i = 0; i < 4; i++) {
        lpc->pci.config[ICH9_PIRQ_A_D + i] = ICH9_PIRQ_OFF;
        lpc->pci.config[ICH9_PIRQ_E_H + i] = ICH9_PIRQ_OFF;
    }
    ich9_routing_reset(lpc);
    lpc->reset_control = 0;
    show_all(&lpc->pci);
}

static void lpc_unrealize(Device *device)
{
    Ich9Lpc *lpc = (Ich9Lpc *)device;
    if (lpc->wiring.host) {
        pci_host_set_reset_port(lpc->wiring.host, NULL, NULL);
    }
    pci_map_begin();
    region_remove(lpc->rcrb);
    if (lpc->wiring.pm) {
        region_remove(lpc->wiring.pm);
    }
    pci_map_end();
    g_clear_pointer(&lpc->rcrb, region_free);
    ich9_routing_disconnect(lpc);
    pci_device_unrealize(device);
}

static void lpc_finalize(Device *device)
{
    ich9_routing_finalize((Ich9Lpc *)device);
}

static gboolean lpc_post_load(void *opaque, guint32 version, GError **errp)
{
    ich9_routing_strap(opaque);
    ich9_routing_apply(opaque);
    return TRUE;
}

static const StateField fields[] = {
    STATE_ARRAY("routes", STATE_BYTES, Ich9Lpc, routes, RCRB_ROUTE_SIZE),
    STATE_FIELD("gcs", STATE_U32, Ich9Lpc, gcs),
    STATE_FIELD("reset-control", STATE_U8, Ich9Lpc, reset_control, .limit = RST_KEPT),
    { NULL },
};

static const StateDesc state = {
    .name = "ICH9-LPC", .version = 1, .fields = fields, .post_load = lpc_post_load
};

#define FIELD(member_) offsetof(Ich9Lpc, member_)

static const Property properties[] = {
    { "disable_s3", PROP_U8, FIELD(options.disable_s3), "1", .guest = TRUE, .max = 1,
      .help = "1: no suspend to memory; there is none" },
    { "disable_s4", PROP_U8, FIELD(options.disable_s4), "0", .guest = TRUE, .max = 1,
      .help = "1: no suspend to disk" },
    { "s4_val", PROP_U8, FIELD(options.s4_val), "2", .guest = TRUE, .min = 2, .max = 7,
      .help = "What the guest writes for suspend to disk" },
    { "enable_tco", PROP_BOOL, FIELD(options.enable_tco), "on", .guest = TRUE,
      .help = "The chipset's watchdog" },
    { "noreboot", PROP_BOOL, FIELD(options.noreboot), "off", .guest = TRUE,
      .help = "The strap that keeps the chipset's watchdog from rebooting" },
    { "acpi-pci-hotplug-with-bridge-support", PROP_BOOL, FIELD(options.acpi_hotplug),
      "on", .guest = TRUE,
      .help = "Hot-plug by ACPI behind root ports; off: by PCI Express itself" },
    { NULL },
};

const PciDeviceClass ich9_lpc_class = {
    .device = {
        .name = "ICH9-LPC",
        .bus = PCI_BUS_TYPE,
        .desc = "ICH9 LPC bridge",
        .instance_size = sizeof(Ich9Lpc),
        .properties = properties,
        .state = &state,
        .parent = &pci_device_class.device,
        .init = lpc_init,
        .realize = lpc_realize,
        .reset = lpc_reset,
        .unrealize = lpc_unrealize,
        .finalize = lpc_finalize,
    },
    .vendor_id = VENDOR_INTEL,
    .device_id = DEVICE_LPC,
    .revision = 2,
    .class_code = 0x060100,
    .config_written = lpc_written,
    .config_loaded = show_all,
};
