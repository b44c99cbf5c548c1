/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a guest does to a q35's PCI: configuration space by ports and by
 * memory, BARs wherever it has put them, the hot-plug registers; functions come and go
 * meanwhile, interrupts are raised, and all is reset now and then. Whatever it has done,
 * afterwards the board is laid out anew, and each function answers where it was put.
 */
#include "fuzz/pci-fuzz.h"

#include <string.h>

#include "event/loop.h"
#include "pci/acpi-hotplug.h"
#include "pci/ich9-lpc.h"
#include "pci/layout.h"
#include "pci/mch.h"
#include "pci/msi.h"
#include "pci/msix.h"
#include "pci/root-port.h"
#include "unit/pci-board.h"

#define ECAM      0xb0000000u
#define ECAM_SIZE 0x10000000u
#define PORTS     2

static const PciApertures apertures = {
    .io = { 0x1000, 0xffff },
    .mem = { 0xc0000000u, 0xfebfffffu },
    .mem64 = { 0x8000000000ull, 0xffffffffffull },
};

struct PciFuzzCounts pci_fuzz_counts;

typedef struct Input {
    const uint8_t *data;
    size_t left;
} Input;

static guint32 take(Input *in, unsigned bytes)
{
    guint32 value = 0;
    for (; bytes && in->left; bytes--, in->left--) {
        value = value << 8 | *in->data++;
    }
    return value;
}

static Device *acpi, *lpc;
static PciBridge *ports[PORTS];
static IrqLine *gpe;
static GPtrArray *hot; /* TestFunction, a reference each */

static void no_fn(void *opaque, unsigned n, int level)
{
}

/* The board */

static TestFunction *make_function(gboolean hotplugged)
{
    TestFunction *f = test_function_new(NULL);
    f->want[0].size = 0x2000;
    f->want[2].size = 0x40;
    f->want[2].flags = PCI_BAR_IO;
    f->want[4].size = 1u << 20;
    f->want[4].flags = PCI_BAR_64 | PCI_BAR_PREFETCH;
    f->msix = 5;
    f->msi = 4;
    f->power = f->express = TRUE;
    f->pci.device.hotplugged = hotplugged;
    return f;
}

static void make_port(unsigned i)
{
    g_autofree char *chassis = g_strdup_printf("%u", i + 1);
    Device *dev = device_new(&pcie_root_port_class.device);
    device_set_text(dev, "chassis", chassis);
    g_assert_true(device_realize(dev, root->bus, NULL));
    ports[i] = (PciBridge *)dev;
    device_unref(dev);
}

static void set_up(void)
{
    Ich9LpcWiring wiring = { .host = host };
    gpe = irq_line_new(no_fn, NULL, 0);
    acpi = device_new(&acpi_pci_hotplug_class);
    device_set_name(acpi, "acpi-hotplug");
    acpi_pci_hotplug_set_wiring(acpi, ACPI_HOTPLUG_PORT, ACPI_HOTPLUG_OST_PORT, gpe);
    g_assert_true(device_realize(acpi, NULL, NULL));
    lpc = device_new(&ich9_lpc_class.device);
    ich9_lpc_set_wiring(lpc, &wiring);
    g_assert_true(device_realize(lpc, root->bus, NULL));
    pci_bus_set_irqs(root, ich9_lpc_map_irq, lpc);
    pci_host_set_low_ram(host, ram, FALSE);
    pci_bridge_set_hotplug(acpi_pci_hotplug_bus_changed, acpi);
    for (unsigned i = 0; i < PORTS; i++) {
        make_port(i);
    }
    test_function_plug(make_function(FALSE), root);
    test_function_plug(make_function(FALSE), root);
    hot = g_ptr_array_new_with_free_func((GDestroyNotify)device_unref);
}

static void tear_down(void)
{
    pci_bridge_set_hotplug(NULL, NULL);
    g_ptr_array_unref(hot);
    device_unref(acpi);
    device_unref(lpc);
    pci_board_free();
    irq_line_free(gpe);
}

/* What the guest does */

static void memory(Input *in, guint64 addr)
{
    static const guint8 sizes[] = { 1, 2, 4, 8 };
    guint8 how = (guint8)take(in, 1);
    guint64 value = take(in, 4);
    value |= value << 32;
    if (how & 0x80) {
        address_map_read(address_map_memory(), addr, &value, sizes[how % 4]);
    } else {
        address_map_write(address_map_memory(), addr, &value, sizes[how % 4]);
    }
}

static void port(Input *in, guint16 number)
{
    static const guint8 sizes[] = { 1, 2, 4, 4 };
    guint8 how = (guint8)take(in, 1);
    guint32 value = take(in, 4);
    if (how & 0x80) {
        address_map_read(address_map_io(), number, &value, sizes[how % 4]);
    } else {
        address_map_write(address_map_io(), number, &value, sizes[how % 4]);
    }
}

/* Of either group of registers. */
static guint16 hotplug_port(guint32 n)
{
    n %= ACPI_HOTPLUG_SIZE + ACPI_HOTPLUG_OST_SIZE;
    return (guint16)(n < ACPI_HOTPLUG_SIZE
                         ? ACPI_HOTPLUG_PORT + n
                         : ACPI_HOTPLUG_OST_PORT + n - ACPI_HOTPLUG_SIZE);
}

static PciDevice *choose_function(Input *in)
{
    PciDevice *all[PCI_SLOTS + PORTS];
    guint n = 0;
    for (unsigned i = 0; i < PCI_SLOTS; i++) {
        if (root->taken[PCI_DEVFN(i, 0)]) {
            all[n++] = root->taken[PCI_DEVFN(i, 0)];
        }
    }
    for (unsigned i = 0; i < PORTS; i++) {
        if (ports[i]->bus->taken[0]) {
            all[n++] = ports[i]->bus->taken[0];
        }
    }
    return all[take(in, 1) % n];
}

static void configure(Input *in)
{
    PciDevice *dev = choose_function(in);
    guint32 offset = take(in, 1) & 0xfc;
    if (take(in, 1) & 1) {
        port_write(PCI_HOST_ADDRESS_PORT, 4,
                   0x80000000u | (guint32)pci_bus_number(dev->bus) << 16 |
                       (guint32)dev->devfn << 8 | offset);
        port(in, (guint16)(PCI_HOST_DATA_PORT + take(in, 1) % 4));
    } else {
        memory(in, pci_host_ecam_base(host) + ((guint64)pci_bus_number(dev->bus) << 20) +
                       (guint64)(dev->devfn << 12) + offset + take(in, 1) % 4);
    }
}

static void access_bar(Input *in)
{
    PciDevice *dev = choose_function(in);
    unsigned bar = take(in, 1) % PCI_BARS;
    guint32 offset = take(in, 2);
    if (dev->bars[bar].region) {
        guint64 addr = pci_bar_address(dev, bar);
        pci_fuzz_counts.answers += mem_read(addr, 4) == bar_answer(bar, 0);
        if (dev->bars[bar].flags & PCI_BAR_IO) {
            port(in, (guint16)(addr + offset));
        } else {
            memory(in, addr + offset);
        }
    }
}

static void interrupt(Input *in)
{
    PciDevice *dev = choose_function(in);
    guint8 what = (guint8)take(in, 1);
    if (pci_device_get_class(dev) == &test_function_class) {
        pci_fuzz_counts.enabled += msix_enabled(dev) || pci_msi_enabled(dev);
        msix_raise(dev, what % 8);
        pci_msi_raise(dev, what % 8);
        pci_set_intx(dev, what >> 7);
    }
}

static void plug(Input *in)
{
    PciBus *bus = ports[take(in, 1) % PORTS]->bus;
    TestFunction *f = make_function(TRUE);
    if (device_realize(&f->pci.device, bus->bus, NULL)) {
        g_ptr_array_add(hot, f);
        pci_fuzz_counts.plugged++;
    } else {
        device_unref(&f->pci.device);
    }
}

static void unplug(Input *in)
{
    TestFunction *f = hot->len ? hot->pdata[take(in, 1) % hot->len] : NULL;
    if (f && f->pci.device.ready) {
        device_request_unplug(&f->pci.device, NULL);
    }
}

static void settle(void)
{
    while (g_main_context_pending(event_loop_context(event_loop_main()))) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

static void reset_all(void)
{
    pci_fuzz_counts.resets++;
    device_reset_all(NULL, NULL);
    settle();
}

static void step(Input *in)
{
    switch (take(in, 1) % 16) {
    case 0:
        plug(in);
        break;
    case 1:
        unplug(in);
        break;
    case 2:
        interrupt(in);
        break;
    case 3:
    case 4:
        port(in, hotplug_port(take(in, 1)));
        break;
    case 5:
        settle();
        break;
    case 6:
        port(in, (guint16)take(in, 2));
        break;
    case 7:
        if (take(in, 1) == 0) {
            reset_all();
        }
        break;
    case 8:
    case 9:
    case 10:
        access_bar(in);
        break;
    default:
        configure(in);
        break;
    }
}

/* What firmware would find after all that. */

static void check_answers(PciDevice *dev, void *opaque)
{
    PciBus *below = pci_bridge_bus(dev);
    if (pci_device_get_class(dev) == &test_function_class) {
        guint64 addr = pci_bar_address(dev, 0);
        g_assert_cmphex(mem_read(addr + 4, 4), ==, bar_answer(0, 4));
        g_assert_cmphex(cfg_read(dev, PCI_VENDOR_ID, 4), ==, 0x56781234);
    }
    if (below) {
        pci_bus_foreach(below, check_answers, NULL);
    }
}

static gboolean lay_out(void)
{
    g_autoptr(GPtrArray) complaints = g_ptr_array_new_with_free_func(g_free);
    return pci_layout(root, &apertures, complaints);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    Input in = { data, len };
    pci_board_make();
    set_up();
    pci_host_set_ecam(host, ECAM, ECAM_SIZE);
    lay_out();
    while (in.left) {
        step(&in);
    }
    settle();
    reset_all();
    pci_host_set_ecam(host, ECAM, ECAM_SIZE);
    g_assert_true(lay_out());
    pci_bus_foreach(root, check_answers, NULL);
    for (guint i = 0; i < hot->len; i++) {
        pci_fuzz_counts.unplugged += !((Device *)hot->pdata[i])->realized;
    }
    tear_down();
    return 0;
}
