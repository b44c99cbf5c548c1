/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci-board.h"

#include "config/node.h"
#include "no-board.h"
#include "pci/express.h"
#include "pci/msi.h"
#include "pci/msix.h"

Device *host;
PciBus *root;
RamBlock *ram;
IrqLine *wires[WIRES];
static Region *ram_region;

/* Accesses */

guint32 mem_read(guint64 addr, unsigned size)
{
    guint32 value = 0;
    address_map_read(address_map_memory(), addr, &value, size);
    return value;
}

void mem_write(guint64 addr, unsigned size, guint32 value)
{
    address_map_write(address_map_memory(), addr, &value, size);
}

guint32 port_read(guint16 port, unsigned size)
{
    guint32 value = 0;
    address_map_read(address_map_io(), port, &value, size);
    return value;
}

void port_write(guint16 port, unsigned size, guint32 value)
{
    address_map_write(address_map_io(), port, &value, size);
}

static void select_register(PciDevice *dev, unsigned offset)
{
    port_write(PCI_HOST_ADDRESS_PORT, 4,
               0x80000000u | (guint32)pci_bus_number(dev->bus) << 16 |
                   (guint32)dev->devfn << 8 | (offset & 0xfc));
}

guint32 cfg_read(PciDevice *dev, unsigned offset, unsigned size)
{
    select_register(dev, offset);
    return port_read((guint16)(PCI_HOST_DATA_PORT + (offset & 3)), size);
}

void cfg_write(PciDevice *dev, unsigned offset, unsigned size, guint32 value)
{
    select_register(dev, offset);
    port_write((guint16)(PCI_HOST_DATA_PORT + (offset & 3)), size, value);
}

/* Functions */

guint32 bar_answer(unsigned bar, guint64 offset)
{
    return 0xa0000000u | bar << 24 | (guint32)(offset & 0xffffff);
}

typedef struct Bar {
    TestFunction *f;
    unsigned bar;
} Bar;

static guint64 bar_read(void *opaque, guint64 offset, unsigned size)
{
    return bar_answer(((Bar *)opaque)->bar, offset);
}

static void bar_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    TestFunction *f = ((Bar *)opaque)->f;
    f->last_offset = offset;
    f->last_value = value;
}

static const RegionOps bar_ops = {
    .read = bar_read, .write = bar_write, .min_size = 1, .max_size = 4
};

static GSList *bars; /* Bar, owned */

static gboolean function_realize(Device *device, GError **errp)
{
    TestFunction *f = (TestFunction *)device;
    if (!pci_device_realize(device, errp)) {
        return FALSE;
    }
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (f->want[i].size) {
            Bar *bar = g_new(Bar, 1);
            *bar = (Bar){ f, i };
            bars = g_slist_prepend(bars, bar);
            pci_add_bar(&f->pci, i, f->want[i].flags,
                        region_new_io("bar", f->want[i].size, &bar_ops, bar),
                        f->want[i].size);
        }
    }
    if (f->msix) {
        msix_init_bar(&f->pci, f->msix, 0, 1);
    }
    if (f->msi && f->plain_msi) {
        pci_msi_init_plain(&f->pci, f->msi, 0);
    } else if (f->msi) {
        pci_msi_init(&f->pci, f->msi, 0);
    }
    if (f->power) {
        pci_add_power_management(&f->pci, 0);
    }
    if (f->express) {
        pci_add_express_endpoint(&f->pci, 0);
    }
    return TRUE;
}

static void function_reset(Device *device)
{
    ((TestFunction *)device)->resets++;
    pci_device_reset(device);
}

typedef struct Waiting {
    void (*done)(void *opaque);
    void *opaque;
} Waiting;

static void wait_or_go_on(TestFunction *f, void (*done)(void *opaque), void *opaque)
{
    if (!f->slow) {
        done(opaque);
        return;
    }
    Waiting *w = g_new(Waiting, 1);
    *w = (Waiting){ done, opaque };
    f->waiting = g_slist_append(f->waiting, w);
}

/* The function may be gone afterwards. */
void test_function_go_on(TestFunction *f)
{
    GSList *waiting = g_steal_pointer(&f->waiting);
    for (GSList *l = waiting; l; l = l->next) {
        const Waiting *w = l->data;
        w->done(w->opaque);
    }
    g_slist_free_full(waiting, g_free);
}

static void function_quiesce(Device *device, void (*done)(void *opaque), void *opaque)
{
    wait_or_go_on((TestFunction *)device, done, opaque);
}

static void function_stop_dma(PciDevice *dev, void (*done)(void *opaque), void *opaque)
{
    ((TestFunction *)dev)->stops++;
    wait_or_go_on((TestFunction *)dev, done, opaque);
}

static void function_start_dma(PciDevice *dev)
{
    ((TestFunction *)dev)->starts++;
}

static void function_interrupts_changed(PciDevice *dev)
{
    ((TestFunction *)dev)->message_changes++;
}

const PciDeviceClass test_function_class = {
    .device = {
        .name = "test-function",
        .bus = PCI_BUS_TYPE,
        .instance_size = sizeof(TestFunction),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .parent = &pci_device_class.device,
        .realize = function_realize,
        .reset = function_reset,
        .quiesce = function_quiesce,
    },
    .vendor_id = 0x1234,
    .device_id = 0x5678,
    .revision = 9,
    .class_code = 0x020001,
    .intx = 1,
    .stop_dma = function_stop_dma,
    .start_dma = function_start_dma,
    .interrupts_changed = function_interrupts_changed,
};

static gboolean bridge_realize(Device *device, GError **errp)
{
    return pci_bridge_realize((PciDevice *)device, PCI_SLOTS, FALSE, errp);
}

const PciDeviceClass test_bridge_class = {
    .device = {
        .name = "test-bridge",
        .bus = PCI_BUS_TYPE,
        .instance_size = sizeof(PciBridge),
        .parent = &pci_bridge_class.device,
        .realize = bridge_realize,
    },
    .vendor_id = 0x1234,
    .device_id = 0x9abc,
    .class_code = 0x060400,
    .intx = 1,
    .bridge = TRUE,
};

void device_set_text(Device *dev, const char *name, const char *value)
{
    g_autoptr(ConfigNode) node = config_string_new(value);
    g_autoptr(GError) err = NULL;
    device_set_property(dev, name, node, &err);
    g_assert_no_error(err);
}

TestFunction *test_function_new(const char *addr)
{
    TestFunction *f = (TestFunction *)device_new(&test_function_class.device);
    if (addr) {
        device_set_text(&f->pci.device, "addr", addr);
    }
    return f;
}

static void plug(Device *dev, PciBus *bus)
{
    g_autoptr(GError) err = NULL;
    device_realize(dev, bus->bus, &err);
    g_assert_no_error(err);
    device_unref(dev); /* the tree has it */
}

void test_function_plug(TestFunction *f, PciBus *bus)
{
    plug(&f->pci.device, bus);
}

TestFunction *test_function_make(const char *addr, unsigned vectors)
{
    TestFunction *f = test_function_new(addr);
    f->want[0].size = 0x1000;
    f->msix = vectors;
    test_function_plug(f, root);
    return f;
}

PciBridge *test_bridge_make(const char *addr, PciBus *bus)
{
    PciBridge *b = (PciBridge *)device_new(&test_bridge_class.device);
    for (PciWindow w = 0; w < PCI_WINDOWS; w++) {
        b->reserve.window[w] = PCI_RESERVE_DEFAULT;
    }
    b->reserve.bus = b->reserve.pref32 = PCI_RESERVE_DEFAULT;
    if (addr) {
        device_set_text(&b->pci.device, "addr", addr);
    }
    plug(&b->pci.device, bus);
    return b;
}

char *test_function_refusal(TestFunction *f, PciBus *bus)
{
    g_autoptr(GError) err = NULL;
    gboolean ok = device_realize(&f->pci.device, bus->bus, &err);
    g_assert_false(ok);
    g_assert_nonnull(err);
    device_unref(&f->pci.device);
    return g_strdup(err->message);
}

/* The board */

static void no_fn(void *opaque, unsigned n, int level)
{
}

static IrqLine *map_irq(void *opaque, unsigned slot, unsigned pin)
{
    return wires[(slot + pin) % WIRES];
}

static void make_process(void)
{
    static gboolean made;
    if (!made) {
        no_board_make();
        made = TRUE;
    }
}

void pci_board_make(void)
{
    g_autoptr(GError) err = NULL;
    make_process();
    ram = ram_block_new("pci-test", RAM_SIZE, &err);
    g_assert_no_error(err);
    ram_region = region_new_ram("pci-test", ram, 0, RAM_SIZE, FALSE);
    address_map_add(address_map_memory(), ram_region, 0, &err);
    g_assert_no_error(err);
    for (unsigned i = 0; i < WIRES; i++) {
        wires[i] = irq_line_new(no_fn, NULL, i);
    }
    host = device_new(&pci_host_class);
    device_set_name(host, "q35");
    device_realize(host, NULL, &err);
    g_assert_no_error(err);
    root = pci_host_bus(host);
    pci_bus_set_irqs(root, map_irq, NULL);
}

void pci_board_free(void)
{
    device_unref(host);
    device_cleanup();
    for (unsigned i = 0; i < WIRES; i++) {
        g_clear_pointer(&wires[i], irq_line_free);
    }
    address_map_take(&ram_region);
    g_clear_pointer(&ram, ram_block_unref);
    g_slist_free_full(g_steal_pointer(&bars), g_free);
}
