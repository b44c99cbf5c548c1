/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcie-root-port, and hot-plug by ACPI behind it: what the slot shows, events, ejection
 * by the guest, repeated and refused requests, a reset in between, the bus's reset.
 */
#include <string.h>

#include "event/clock.h"
#include "event/vm-event.h"
#include "pci-board.h"
#include "pci/acpi-hotplug.h"
#include "pci/pci-bridge.h"
#include "pci/root-port.h"
#include "pci/switch.h"

static Device *acpi;
static PciBridge *port;
static IrqLine *gpe;
static guint events;

static void gpe_raised(void *opaque, unsigned n, int level)
{
    events += level != 0;
}

static guint32 reg_read(unsigned reg)
{
    return port_read((guint16)(ACPI_HOTPLUG_PORT + reg), 4);
}

static void reg_write(unsigned reg, guint32 value)
{
    port_write((guint16)(ACPI_HOTPLUG_PORT + reg), 4, value);
}

static void ost_write(unsigned reg, guint32 value)
{
    port_write((guint16)(ACPI_HOTPLUG_OST_PORT + reg), 4, value);
}

static PciBridge *make_port(const char *id, const char *addr, const char *chassis)
{
    g_autoptr(GError) err = NULL;
    Device *dev = device_new(&pcie_root_port_class.device);
    dev->id = g_strdup(id);
    device_set_text(dev, "addr", addr);
    device_set_text(dev, "chassis", chassis);
    device_realize(dev, root->bus, &err);
    g_assert_no_error(err);
    device_unref(dev);
    return (PciBridge *)dev;
}

static void make(void)
{
    g_autoptr(GError) err = NULL;
    pci_board_make();
    events = 0;
    gpe = irq_line_new(gpe_raised, NULL, 0);
    acpi = device_new(&acpi_pci_hotplug_class);
    device_set_name(acpi, "acpi-hotplug");
    acpi_pci_hotplug_set_wiring(acpi, ACPI_HOTPLUG_PORT, ACPI_HOTPLUG_OST_PORT, gpe);
    device_realize(acpi, NULL, &err);
    g_assert_no_error(err);
    pci_bridge_set_hotplug(acpi_pci_hotplug_bus_changed, acpi);
    port = make_port("rp0", "2", "1");
    cfg_write(&port->pci, PCI_PRIMARY_BUS, 4, 0x010100);
}

static void unmake(void)
{
    pci_bridge_set_hotplug(NULL, NULL);
    device_unref(acpi);
    pci_board_free();
    irq_line_free(gpe);
}

static TestFunction *hot(const char *id)
{
    TestFunction *f = test_function_new(NULL);
    f->pci.device.id = g_strdup(id);
    f->pci.device.hotplugged = TRUE;
    test_function_plug(f, port->bus);
    return f;
}

static guint32 slot_status(void)
{
    return cfg_read(&port->pci, port->pci.express + PCI_EXP_SLTSTA, 2);
}

static void test_port(void)
{
    make();
    g_assert_cmphex(cfg_read(&port->pci, 0, 4), ==, 0x000c1b36);
    g_assert_cmphex(cfg_read(&port->pci, PCI_CLASS_REVISION + 1, 2), ==, 0x0400);
    g_assert_cmpstr(port->bus->bus->name, ==, "rp0");
    g_assert_cmphex(slot_status() & PCI_EXP_SLTSTA_PDS, ==, 0);
    guint32 caps = cfg_read(&port->pci, port->pci.express + PCI_EXP_SLTCAP, 4);
    g_assert_true(caps & PCI_EXP_SLTCAP_HPC);
    Device *same = device_new(&pcie_root_port_class.device);
    g_autoptr(GError) err = NULL;
    device_set_text(same, "chassis", "1");
    g_assert_false(device_realize(same, root->bus, &err));
    g_assert_nonnull(strstr(err->message, "Can't add chassis slot"));
    device_unref(same);
    unmake();
}

/* io-reserve=0: there is no window for ports, so nobody looks for room. */
static void test_no_io_window(void)
{
    g_autoptr(GError) err = NULL;
    make();
    Device *dev = device_new(&pcie_root_port_class.device);
    device_set_text(dev, "addr", "3");
    device_set_text(dev, "io-reserve", "0");
    device_set_text(dev, "mem-reserve", "4M");
    device_realize(dev, root->bus, &err);
    g_assert_no_error(err);
    PciDevice *pci = (PciDevice *)dev;
    device_unref(dev);
    cfg_write(pci, PCI_IO_BASE, 2, 0xf0f0);
    g_assert_cmphex(cfg_read(pci, PCI_IO_BASE, 2), ==, 0);
    guint8 at = pci_find_capability(pci, PCI_CAP_ID_VNDR);
    g_assert_cmphex(cfg_read(pci, at + 2u, 2), ==, 0x0120);
    g_assert_cmphex(cfg_read(pci, at + 4u, 4), ==, 0xffffffff);
    g_assert_cmphex(cfg_read(pci, at + 8u, 4), ==, 0);
    g_assert_cmphex(cfg_read(pci, at + 16u, 4), ==, 4u << 20);
    unmake();
}

static void test_plug(void)
{
    make();
    g_assert_cmphex(acpi_pci_hotplug_bsel(port->bus), ==, 0);
    g_assert_cmphex(acpi_pci_hotplug_bsel(root), ==, ACPI_HOTPLUG_NO_BUS);
    TestFunction *f = hot("f");
    g_assert_cmpuint(events, ==, 1);
    g_assert_true(slot_status() & PCI_EXP_SLTSTA_PDS);
    g_assert_true(cfg_read(&port->pci, port->pci.express + PCI_EXP_LNKSTA, 2) &
                  PCI_EXP_LNKSTA_DLLLA);
    g_assert_cmphex(cfg_read(&f->pci, 0, 4), ==, 0x56781234);
    reg_write(ACPI_HOTPLUG_SELECT, 7); /* no such bus */
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_UP), ==, 0);
    reg_write(ACPI_HOTPLUG_SELECT, 0);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_UP), ==, 1);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_UP), ==, 0);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_REMOVABLE) & 1, ==, 1);
    unmake();
}

/* Once; the last DEVICE_DELETED or DEVICE_UNPLUG_GUEST_ERROR. */
static guint deleted, guest_errors, told;

static void heard(const char *name, ConfigNode *data, void *opaque)
{
    deleted += strcmp(name, "DEVICE_DELETED") == 0;
    guest_errors += strcmp(name, "DEVICE_UNPLUG_GUEST_ERROR") == 0;
    told += strcmp(name, "ACPI_DEVICE_OST") == 0;
}

static void access_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

static void wait_for(const gboolean *done)
{
    while (!*done) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

static void wait_deleted(guint n)
{
    while (deleted < n) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

/* As a vCPU, which goes on when the function is off the bus. */
static void eject(guint32 slots)
{
    gboolean done = FALSE;
    access_begin();
    reg_write(ACPI_HOTPLUG_EJECT, slots);
    access_finish(access_done, &done);
    wait_for(&done);
}

static void request(TestFunction *f)
{
    g_autoptr(GError) err = NULL;
    device_request_unplug(&f->pci.device, &err);
    g_assert_no_error(err);
}

static void test_unplug(void)
{
    g_autoptr(GError) err = NULL;
    make();
    deleted = guest_errors = 0;
    TestFunction *f = hot("f");
    events = 0;
    request(f);
    g_assert_cmpuint(events, ==, 1);
    reg_write(ACPI_HOTPLUG_SELECT, 0);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_DOWN), ==, 1);
    /* Again: too early. It does not undo the first. */
    g_assert_false(device_request_unplug(&f->pci.device, &err));
    g_assert_cmpstr(err->message, ==, "Device f is already in the process of unplug");
    g_assert_cmpuint(events, ==, 1);
    /* And when that one may have been lost. */
    while (!clock_qtest_step_to(clock_now(CLOCK_TYPE_VIRTUAL) +
                                6 * G_GINT64_CONSTANT(1000000000))) {
    }
    request(f);
    g_assert_cmpuint(events, ==, 2);
    eject(1);
    wait_deleted(1);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_DOWN), ==, 0);
    g_assert_false(slot_status() & PCI_EXP_SLTSTA_PDS);
    g_assert_null(port->bus->taken[0]);
    g_assert_cmpuint(guest_errors, ==, 0);
    hot("f"); /* the same id, at once */
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_UP), ==, 1);
    unmake();
}

/* The vCPU that ejects waits until nothing is in flight. */
static void test_eject_waits(void)
{
    gboolean done = FALSE;
    make();
    deleted = 0;
    TestFunction *f = hot("f");
    f->slow = TRUE;
    request(f);
    access_begin();
    reg_write(ACPI_HOTPLUG_EJECT, 1);
    reg_write(ACPI_HOTPLUG_EJECT, 1); /* twice */
    access_finish(access_done, &done);
    while (!f->waiting) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_false(done);
    g_assert_nonnull(port->bus->taken[0]);
    test_function_go_on(f);
    wait_for(&done);
    g_assert_null(port->bus->taken[0]);
    wait_deleted(1);
    g_assert_cmpuint(deleted, ==, 1);
    unmake();
}

/* The guest keeps it (_OST); it may be asked again at once. What it says is told. */
static void test_refused(void)
{
    make();
    deleted = guest_errors = told = 0;
    TestFunction *f = hot("f");
    request(f);
    reg_write(ACPI_HOTPLUG_SELECT, 0);
    ost_write(ACPI_HOTPLUG_OST_SLOT, 0);
    ost_write(ACPI_HOTPLUG_OST_EVENT, 1); /* another event's */
    ost_write(ACPI_HOTPLUG_OST_STATUS, 1);
    ost_write(ACPI_HOTPLUG_OST_EVENT, 3);
    ost_write(ACPI_HOTPLUG_OST_STATUS, 0x84); /* in progress */
    g_assert_cmpuint(guest_errors, ==, 0);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_DOWN), ==, 1);
    ost_write(ACPI_HOTPLUG_OST_STATUS, 0x81);
    g_assert_cmpuint(guest_errors, ==, 1);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_DOWN), ==, 0);
    ost_write(ACPI_HOTPLUG_OST_SLOT, 77);
    ost_write(ACPI_HOTPLUG_OST_STATUS, 0x81); /* no such slot */
    reg_write(ACPI_HOTPLUG_SELECT, 7);
    ost_write(ACPI_HOTPLUG_OST_SLOT, 0);
    ost_write(ACPI_HOTPLUG_OST_STATUS, 0x81); /* no such bus */
    g_assert_cmpuint(guest_errors, ==, 1);
    g_assert_cmpuint(told, ==, 3);
    reg_write(ACPI_HOTPLUG_SELECT, 0);
    request(f);
    eject(1);
    wait_deleted(1);
    unmake();
}

static void reset_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

/* A reset completes an unplug that the guest has not answered. */
static void test_machine_reset(void)
{
    gboolean done = FALSE;
    make();
    deleted = 0;
    request(hot("f"));
    device_reset_all(reset_done, &done);
    wait_for(&done);
    wait_deleted(1);
    reg_write(ACPI_HOTPLUG_SELECT, 0);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_DOWN), ==, 0);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_UP), ==, 0);
    g_assert_null(port->bus->taken[0]);
    unmake();
}

/* The secondary bus's reset: the vCPU waits, and the bus does not answer meanwhile. */
static void test_bus_reset(void)
{
    gboolean done = FALSE;
    make();
    TestFunction *f = hot("f");
    guint resets = f->resets;
    cfg_write(&f->pci, PCI_INTERRUPT_LINE, 1, 7);
    f->slow = TRUE;
    access_begin();
    cfg_write(&port->pci, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
    access_finish(access_done, &done);
    g_assert_false(done);
    cfg_write(&port->pci, PCI_BRIDGE_CONTROL, 2, 0);
    g_assert_cmphex(cfg_read(&f->pci, 0, 4), ==, 0xffffffff);
    test_function_go_on(f);
    g_assert_true(done);
    g_assert_cmphex(cfg_read(&f->pci, 0, 4), ==, 0x56781234);
    g_assert_cmphex(cfg_read(&f->pci, PCI_INTERRUPT_LINE, 1), ==, 0);
    g_assert_cmpuint(f->resets, ==, resets + 1);
    f->slow = FALSE;
    unmake();
}

/* hotplug=off, and the root bus. */
static void test_no_hotplug(void)
{
    g_autoptr(GError) err = NULL;
    make();
    Device *dev = device_new(&pcie_root_port_class.device);
    device_set_text(dev, "addr", "3");
    device_set_text(dev, "hotplug", "off");
    device_realize(dev, root->bus, &err);
    g_assert_no_error(err);
    PciBus *bus = ((PciBridge *)dev)->bus;
    device_unref(dev);
    g_assert_false(bus->bus->klass->can_hotplug(bus->bus));
    g_assert_false(root->bus->klass->can_hotplug(root->bus));
    g_assert_true(port->bus->bus->klass->can_hotplug(port->bus->bus));
    g_assert_cmphex(acpi_pci_hotplug_bsel(bus), ==, ACPI_HOTPLUG_NO_BUS);
    unmake();
}

static void test_index(void)
{
    make();
    TestFunction *f = test_function_new(NULL);
    device_set_text(&f->pci.device, "acpi-index", "12");
    f->pci.device.hotplugged = TRUE;
    test_function_plug(f, port->bus);
    reg_write(ACPI_HOTPLUG_SELECT, 0);
    reg_write(ACPI_HOTPLUG_INDEX, 1);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_INDEX), ==, 12);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_INDEX), ==, 0);
    reg_write(ACPI_HOTPLUG_INDEX, 0);
    g_assert_cmphex(reg_read(ACPI_HOTPLUG_INDEX), ==, 0);
    unmake();
}

static PciBridge *plug_bridge(const PciDeviceClass *klass, const PciBridge *on,
                              const char *addr, const char *number)
{
    g_autoptr(GError) err = NULL;
    Device *dev = device_new(&klass->device);
    device_set_text(dev, "addr", addr);
    if (number) {
        device_set_text(dev, number, "9");
    }
    device_realize(dev, on->bus->bus, &err);
    g_assert_no_error(err);
    device_unref(dev);
    return (PciBridge *)dev;
}

static TestFunction *plug_function(const PciBridge *on, const char *addr)
{
    TestFunction *f = test_function_new(addr);
    test_function_plug(f, on->bus);
    return f;
}

static void assert_wire(TestFunction *f, unsigned wire)
{
    pci_set_intx(&f->pci, TRUE);
    for (unsigned i = 0; i < WIRES; i++) {
        g_assert_cmpint(irq_line_level(wires[i]), ==, i == wire);
    }
    pci_set_intx(&f->pci, FALSE);
    g_assert_false(irq_line_level(wires[wire]));
}

/* INTA, turned by the slot at each bridge; the board adds slot and pin. */
static void test_swizzle(void)
{
    make();
    PciBridge *b = plug_bridge(&pcie_pci_bridge_class, port, "0", NULL);
    PciBridge *c = plug_bridge(&pci_pci_bridge_class, b, "3", "chassis_nr");
    PciBridge *other = make_port("rp1", "5", "2");
    PciBridge *up = plug_bridge(&x3130_upstream_class, other, "0", NULL);
    PciBridge *down = plug_bridge(&xio3130_downstream_class, up, "6", "chassis");
    assert_wire(plug_function(b, "6"), (2 + 6) % WIRES);
    assert_wire(plug_function(c, "7"), (2 + 0 + 3 + 7) % WIRES);
    assert_wire(plug_function(down, "0"), (5 + 0 + 6) % WIRES);
    unmake();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    vm_event_subscribe(heard, NULL);
    g_test_add_func("/pci/port/port", test_port);
    g_test_add_func("/pci/port/no-io-window", test_no_io_window);
    g_test_add_func("/pci/port/plug", test_plug);
    g_test_add_func("/pci/port/unplug", test_unplug);
    g_test_add_func("/pci/port/eject-waits", test_eject_waits);
    g_test_add_func("/pci/port/refused", test_refused);
    g_test_add_func("/pci/port/machine-reset", test_machine_reset);
    g_test_add_func("/pci/port/bus-reset", test_bus_reset);
    g_test_add_func("/pci/port/no-hotplug", test_no_hotplug);
    g_test_add_func("/pci/port/index", test_index);
    g_test_add_func("/pci/port/swizzle", test_swizzle);
    return g_test_run();
}
