/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a guest and its host do to the slots of two root ports, one with ACPI
 * hot-plug beside it: registers of the port, the bus's reset, functions that come, are
 * asked for, and are slow to stop; resets; and a port's state that is saved and loaded.
 * After each step the registers say what is there, and the pin what they say. Nothing
 * goes that was not asked for, but by ACPI.
 */
#include "fuzz/slot-fuzz.h"

#include "event/clock.h"
#include "event/loop.h"
#include "pci/acpi-hotplug.h"
#include "pci/root-port.h"
#include "pci/slot.h"
#include "unit/pci-board.h"

#define PORTS 2
#define HOT   16 /* at once */

struct SlotFuzzCounts slot_fuzz_counts;

typedef struct Input {
    const uint8_t *data;
    size_t left;
} Input;

static Device *acpi;
static IrqLine *gpe;
static PciBridge *ports[PORTS];
static GPtrArray *hot; /* TestFunction, a reference each */
static gboolean asked; /* for something in the first port */

static guint32 take(Input *in, unsigned bytes)
{
    guint32 value = 0;
    for (; bytes && in->left; bytes--, in->left--) {
        value = value << 8 | *in->data++;
    }
    return value;
}

static void no_fn(void *opaque, unsigned n, int level)
{
}

static void settle(void)
{
    while (g_main_context_pending(event_loop_context(event_loop_main()))) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

/* The board */

static PciBridge *make_port(unsigned i)
{
    static const char *const chassis[PORTS] = { "1", "2" };
    Device *dev = device_new(&pcie_root_port_class.device);
    device_set_text(dev, "chassis", chassis[i]);
    g_assert_true(device_realize(dev, root->bus, NULL));
    cfg_write((PciDevice *)dev, PCI_PRIMARY_BUS, 4, (i + 1) * 0x010100);
    device_unref(dev);
    return (PciBridge *)dev;
}

static void set_up(void)
{
    pci_board_make();
    ports[0] = make_port(0);
    gpe = irq_line_new(no_fn, NULL, 0);
    acpi = device_new(&acpi_pci_hotplug_class);
    device_set_name(acpi, "acpi-hotplug");
    acpi_pci_hotplug_set_wiring(acpi, ACPI_HOTPLUG_PORT, ACPI_HOTPLUG_OST_PORT, gpe);
    g_assert_true(device_realize(acpi, NULL, NULL));
    pci_bridge_set_hotplug(acpi_pci_hotplug_bus_changed, acpi);
    ports[1] = make_port(1);
    hot = g_ptr_array_new_with_free_func((GDestroyNotify)device_unref);
    asked = FALSE;
}

static void tear_down(void)
{
    pci_bridge_set_hotplug(NULL, NULL);
    g_ptr_array_unref(hot);
    device_unref(acpi);
    pci_board_free();
    irq_line_free(gpe);
}

/* Both sides */

static PciBridge *choose(Input *in)
{
    return ports[take(in, 1) % PORTS];
}

/* Slot Control and Status, and what else the port has. */
static void write_port(Input *in)
{
    static const guint8 sizes[] = { 1, 2, 4, 2 };
    PciBridge *port = choose(in);
    guint8 how = (guint8)take(in, 1);
    unsigned size = sizes[how % 4], at = port->pci.express + PCI_EXP_SLTCTL;
    switch (how >> 4) {
    case 0:
        at = PCI_BRIDGE_CONTROL;
        break;
    case 1:
        at = port->pci.msi.cap;
        break;
    case 2:
        at = PCI_COMMAND;
        break;
    default:
        at += (how >> 2) % 4 & ~(size - 1);
        break;
    }
    cfg_write(&port->pci, at, size, take(in, size));
}

/* A driver's order, as a whole. */
static void order(Input *in)
{
    static const guint16 states[] = { PCI_EXP_SLTCTL_PWR_IND_OFF | PCI_EXP_SLTCTL_PCC,
                                      PCI_EXP_SLTCTL_PWR_IND_BLINK,
                                      PCI_EXP_SLTCTL_PWR_IND_ON,
                                      PCI_EXP_SLTCTL_PWR_IND_BLINK | PCI_EXP_SLTCTL_PCC };
    PciBridge *port = choose(in);
    guint8 what = (guint8)take(in, 1);
    guint32 on = what & 0x10
                     ? PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_DLLSCE
                     : 0;
    cfg_write(&port->pci, port->pci.express + PCI_EXP_SLTCTL, 2, states[what % 4] | on);
}

static void plug(Input *in)
{
    PciBridge *port = choose(in);
    guint8 how = (guint8)take(in, 1);
    TestFunction *f = test_function_new(how & 1 ? "0.1" : "0.0");
    f->pci.device.hotplugged = how & 2;
    f->slow = (how & 12) == 12;
    f->pci.multifunction = how & 16;
    if (hot->len < HOT && device_realize(&f->pci.device, port->bus->bus, NULL)) {
        slot_fuzz_counts.plugged++;
        g_ptr_array_add(hot, f);
    } else {
        slot_fuzz_counts.busy++;
        device_unref(&f->pci.device);
    }
}

static TestFunction *choose_hot(Input *in)
{
    return hot->len ? hot->pdata[take(in, 1) % hot->len] : NULL;
}

static void ask(Input *in)
{
    TestFunction *f = choose_hot(in);
    if (f && f->pci.device.ready) {
        gboolean first = f->pci.bus == ports[0]->bus;
        gboolean ok = device_request_unplug(&f->pci.device, NULL);
        slot_fuzz_counts.asked += ok;
        asked = asked || (ok && first);
    }
}

static void go_on(Input *in)
{
    TestFunction *f = choose_hot(in);
    if (f) {
        f->slow = take(in, 1) & 1;
        test_function_go_on(f);
    }
}

static void all_go_on(void)
{
    for (guint i = 0; i < hot->len; i++) {
        TestFunction *f = hot->pdata[i];
        f->slow = FALSE;
        test_function_go_on(f);
    }
    settle();
}

static void reset_all(void)
{
    slot_fuzz_counts.resets++;
    device_reset_all(NULL, NULL);
    all_go_on();
}

/* Into itself: what a stream brings is what there was; other bytes may be refused. */
static void move(Input *in)
{
    PciBridge *port = choose(in);
    const StateDesc *desc = pcie_root_port_class.device.state;
    g_autoptr(GByteArray) out = g_byte_array_new();
    guint32 before = pci_get(&port->pci, port->pci.express + PCI_EXP_SLTCTL, 4);
    guint16 other = (guint16)take(in, 2);
    g_assert_true(state_save(out, desc, port, NULL));
    g_assert_true(state_load(out->data, out->len, desc, port, NULL));
    slot_fuzz_counts.moved++;
    g_assert_cmphex(pci_get(&port->pci, port->pci.express + PCI_EXP_SLTCTL, 4), ==,
                    before);
    out->data[(other >> 8) % out->len] ^= (guint8)other;
    state_load(out->data, out->len, desc, port, NULL);
}

static void use_acpi(Input *in)
{
    guint32 at = take(in, 1) % ACPI_HOTPLUG_SIZE & ~3u;
    if (at == ACPI_HOTPLUG_SELECT) {
        port_write(ACPI_HOTPLUG_PORT + ACPI_HOTPLUG_SELECT, 4, 0);
    }
    port_write((guint16)(ACPI_HOTPLUG_PORT + at), 4, take(in, 1) & 3);
    port_read((guint16)(ACPI_HOTPLUG_PORT + at), 4);
}

static void step(Input *in)
{
    switch (take(in, 1) % 16) {
    case 0:
    case 1:
    case 2:
        plug(in);
        break;
    case 3:
        ask(in);
        break;
    case 4:
        go_on(in);
        break;
    case 5:
        settle();
        break;
    case 6:
        move(in);
        break;
    case 7:
        if (take(in, 1) < 32) {
            reset_all();
        }
        break;
    case 8:
        use_acpi(in);
        break;
    case 9:
        clock_qtest_step_to(clock_now(CLOCK_TYPE_VIRTUAL) + 3000000000);
        break;
    case 10:
    case 11:
    case 12:
        order(in);
        break;
    default:
        write_port(in);
        break;
    }
}

/* What holds at all times */

static gboolean wants_interrupt(guint32 control, guint32 status)
{
    guint32 enabled = control & (PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_PDCE |
                                 PCI_EXP_SLTCTL_CCIE | PCI_EXP_SLTCTL_DLLSCE);
    guint32 events =
        (status & (PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_CC)) |
        (status & PCI_EXP_SLTSTA_DLLSC ? PCI_EXP_SLTCTL_DLLSCE : 0);
    return (enabled & events) && (control & PCI_EXP_SLTCTL_HPIE);
}

static gboolean is_shown(const PciBus *bus)
{
    const PciDevice *first = bus->taken[0], *second = bus->taken[1];
    return (first && first->announced) ||
           (second && second->announced && !second->device.hotplugged);
}

static void check(const PciBridge *port)
{
    const PciDevice *dev = &port->pci;
    guint32 control = pci_get(dev, dev->express + PCI_EXP_SLTCTL, 2);
    guint32 status = pci_get(dev, dev->express + PCI_EXP_SLTSTA, 2);
    guint32 link = pci_get(dev, dev->express + PCI_EXP_LNKSTA, 2);
    gboolean shown = is_shown(port->bus);
    g_assert_cmpint((status & PCI_EXP_SLTSTA_PDS) != 0, ==, shown);
    g_assert_cmpint((link & PCI_EXP_LNKSTA_DLLLA) != 0, ==, shown);
    g_assert_cmphex(control & PCI_EXP_SLTCTL_EIC, ==, 0);
    g_assert_cmpint(dev->intx_level, ==, wants_interrupt(control, status));
    if (control & PCI_EXP_SLTCTL_PCC) {
        g_assert_null(pci_bus_find(port->bus, 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    Input in = { data, len };
    set_up();
    while (in.left) {
        step(&in);
        for (unsigned i = 0; i < PORTS; i++) {
            check(ports[i]);
        }
    }
    all_go_on();
    for (guint i = 0; i < hot->len && !asked; i++) {
        const PciDevice *dev = hot->pdata[i];
        g_assert_true(dev->bus != ports[0]->bus || dev->device.realized);
    }
    reset_all();
    for (guint i = 0; i < hot->len; i++) {
        slot_fuzz_counts.unplugged += !((Device *)hot->pdata[i])->realized;
    }
    for (unsigned i = 0; i < PORTS; i++) {
        check(ports[i]);
        g_assert_cmpuint(ports[i]->native->held->len, ==, 0);
        g_assert_cmpint(pci_slot_is_off(&ports[i]->pci), ==, !is_shown(ports[i]->bus));
    }
    tear_down();
    return 0;
}
