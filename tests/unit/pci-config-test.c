/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space: what the guest may write in each kind of header and in each
 * capability, byte by byte; how it gets there; addresses on a bus; who is seen.
 */
#include <string.h>

#include "config/node.h"
#include "pci-board.h"
#include "pci/internal.h"

/* Masks */

typedef struct MaskRow {
    unsigned offset;
    guint32 write, clear; /* of a dword */
} MaskRow;

/* PCI 3.0, 6.1 and 6.2; BAR 0 of 4 KiB. */
static const MaskRow function_masks[] = {
    { 0x00, 0, 0 },          { 0x04, 0x0547, 0xf9000000 },
    { 0x08, 0, 0 },          { 0x0c, 0xff, 0 },
    { 0x10, 0xfffff000, 0 }, { 0x14, 0, 0 },
    { 0x18, 0, 0 },          { 0x1c, 0, 0 },
    { 0x20, 0, 0 },          { 0x24, 0, 0 },
    { 0x28, 0, 0 },          { 0x2c, 0, 0 },
    { 0x30, 0, 0 },          { 0x34, 0, 0 },
    { 0x38, 0, 0 },          { 0x3c, 0xff, 0 },
};

/* PCI-to-PCI Bridge 1.2, 3.2; the bus's reset apart. */
static const MaskRow bridge_masks[] = {
    { 0x00, 0, 0 },          { 0x04, 0x0547, 0xf9000000 },
    { 0x08, 0, 0 },          { 0x0c, 0xff, 0 },
    { 0x10, 0, 0 },          { 0x14, 0, 0 },
    { 0x18, 0xffffffff, 0 }, { 0x1c, 0xf0f0, 0xf9000000 },
    { 0x20, 0xfff0fff0, 0 }, { 0x24, 0xfff0fff0, 0 },
    { 0x28, 0xffffffff, 0 }, { 0x2c, 0xffffffff, 0 },
    { 0x30, 0, 0 },          { 0x34, 0, 0 },
    { 0x38, 0, 0 },          { 0x3c, 0x000300ff, 0 },
};

/* Through the guest's accesses: ones, zeros, and what a bit that clears does. */
static void check_dword(PciDevice *dev, const MaskRow *row)
{
    guint32 skip = row->offset == PCI_INTERRUPT_LINE ? PCI_BRIDGE_CTL_BUS_RESET << 16 : 0;
    guint32 fixed = ~(row->write | row->clear | skip);
    guint32 was = pci_get(dev, row->offset, 4);
    cfg_write(dev, row->offset, 4, G_MAXUINT32 & ~skip);
    guint32 ones = pci_get(dev, row->offset, 4);
    g_assert_cmphex(ones & row->write, ==, row->write);
    g_assert_cmphex(ones & fixed, ==, was & fixed);
    cfg_write(dev, row->offset, 4, 0);
    g_assert_cmphex(pci_get(dev, row->offset, 4) & row->write, ==, 0);
    pci_set(dev, row->offset, 4, was | row->clear);
    cfg_write(dev, row->offset, 4, was & ~row->clear);
    g_assert_cmphex(pci_get(dev, row->offset, 4) & row->clear, ==, row->clear);
    cfg_write(dev, row->offset, 4, was | row->clear);
    g_assert_cmphex(pci_get(dev, row->offset, 4) & row->clear, ==, 0);
    pci_set(dev, row->offset, 4, was);
    pci_config_apply(dev);
}

static void check_masks(PciDevice *dev, const MaskRow *rows, guint n)
{
    for (guint i = 0; i < n; i++) {
        check_dword(dev, &rows[i]);
    }
}

static void test_masks(void)
{
    pci_board_make();
    TestFunction *f = test_function_make("3", 0);
    PciBridge *b = test_bridge_make("4", root);
    check_masks(&f->pci, function_masks, G_N_ELEMENTS(function_masks));
    check_masks(&b->pci, bridge_masks, G_N_ELEMENTS(bridge_masks));
    pci_board_free();
}

static void test_header(void)
{
    pci_board_make();
    TestFunction *f = test_function_make("3", 0);
    PciBridge *b = test_bridge_make("4", root);
    g_assert_cmphex(cfg_read(&f->pci, 0, 4), ==, 0x56781234);
    g_assert_cmphex(cfg_read(&f->pci, 8, 4), ==, 0x02000109);
    g_assert_cmphex(cfg_read(&f->pci, PCI_HEADER_TYPE, 1), ==, 0);
    g_assert_cmphex(cfg_read(&f->pci, PCI_SUBSYSTEM_VENDOR_ID, 4), ==, 0x11001af4);
    g_assert_cmphex(cfg_read(&f->pci, PCI_INTERRUPT_PIN, 1), ==, 1);
    g_assert_cmphex(cfg_read(&f->pci, 0x100, 2), ==, cfg_read(&f->pci, 0, 2));
    g_assert_cmphex(cfg_read(&b->pci, PCI_HEADER_TYPE, 1), ==, 1);
    g_assert_cmphex(cfg_read(&b->pci, PCI_PREF_MEMORY_BASE, 1) & 0xf, ==, 1);
    g_assert_cmphex(cfg_read((PciDevice *)root->taken[0], 0, 4), ==, 0x29c08086);
    pci_board_free();
}

/* Capabilities */

static void check_list(PciDevice *dev, const guint8 *ids, guint n)
{
    guint8 at = (guint8)cfg_read(dev, PCI_CAPABILITY_LIST, 1);
    g_assert_true(cfg_read(dev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
    for (guint i = 0; i < n; i++, at = (guint8)cfg_read(dev, at + 1u, 1)) {
        g_assert_cmphex(cfg_read(dev, at, 1), ==, ids[i]);
        g_assert_cmphex(pci_find_capability(dev, ids[i]), ==, at);
        g_assert_cmphex(at % 4, ==, 0);
    }
    g_assert_cmphex(at, ==, 0);
}

static void test_capabilities(void)
{
    static const guint8 ids[] = { PCI_CAP_ID_EXP, PCI_CAP_ID_PM, PCI_CAP_ID_MSI,
                                  PCI_CAP_ID_MSIX };
    pci_board_make();
    TestFunction *f = test_function_new("3");
    f->msix = 3;
    f->msi = 4;
    f->power = f->express = TRUE;
    test_function_plug(f, root);
    PciDevice *dev = &f->pci;
    check_list(dev, ids, G_N_ELEMENTS(ids));
    /* 6.8.1.3: four vectors, 64-bit, maskable; 6.8.2.3: three. */
    guint8 msi = pci_find_capability(dev, PCI_CAP_ID_MSI);
    const MaskRow msi_masks[] = { { msi, 0x00710000, 0 },
                                  { msi + 4u, 0xfffffffc, 0 },
                                  { msi + 8u, 0xffffffff, 0 },
                                  { msi + 12u, 0xffff, 0 },
                                  { msi + 16u, 0xf, 0 } };
    check_masks(dev, msi_masks, G_N_ELEMENTS(msi_masks));
    g_assert_cmphex(cfg_read(dev, msi + 2u, 2), ==, 0x0184);
    guint8 msix = pci_find_capability(dev, PCI_CAP_ID_MSIX);
    const MaskRow msix_masks[] = { { msix, 0xc0000000, 0 },
                                   { msix + 4u, 0, 0 },
                                   { msix + 8u, 0, 0 } };
    check_masks(dev, msix_masks, G_N_ELEMENTS(msix_masks));
    g_assert_cmphex(cfg_read(dev, msix + 2u, 2), ==, 2);
    g_assert_cmphex(cfg_read(dev, msix + 4u, 4), ==, 1);
    g_assert_cmphex(cfg_read(dev, msix + 8u, 4), ==, 0x801);
    /* D1 and D2 are not there. */
    cfg_write(dev, dev->power + 4u, 2, 3);
    g_assert_cmphex(cfg_read(dev, dev->power + 4u, 2), ==, 0xb);
    cfg_write(dev, dev->power + 4u, 2, 1);
    g_assert_cmphex(cfg_read(dev, dev->power + 4u, 2), ==, 0xb);
    cfg_write(dev, dev->power + 4u, 2, 0);
    g_assert_cmphex(cfg_read(dev, dev->power + 4u, 2), ==, 8);
    pci_board_free();
}

/* Ports and memory */

#define ECAM      0xb0000000u
#define ECAM_SIZE 0x10000000u

static void test_access(void)
{
    pci_board_make();
    TestFunction *f = test_function_make("3", 0);
    guint32 at = ECAM + (f->pci.devfn << 12);
    g_assert_cmphex(mem_read(at, 4), ==, 0xffffffff);
    g_assert_true(pci_host_set_ecam(host, ECAM, ECAM_SIZE));
    g_assert_cmphex(mem_read(at, 4), ==, 0x56781234);
    g_assert_cmphex(mem_read(at + 2, 2), ==, 0x5678);
    g_assert_cmphex(mem_read(at + 0x100, 4), ==, 0xffffffff); /* no Express */
    mem_write(at + PCI_INTERRUPT_LINE, 1, 0x5a);
    g_assert_cmphex(cfg_read(&f->pci, PCI_INTERRUPT_LINE, 1), ==, 0x5a);
    g_assert_cmphex(mem_read(ECAM + (1 << 20), 4), ==, 0xffffffff); /* no bus 1 */
    /* What is no enabled dword is no address. */
    port_write(PCI_HOST_ADDRESS_PORT, 4, 0x80001800);
    g_assert_cmphex(port_read(PCI_HOST_ADDRESS_PORT, 4), ==, 0x80001800);
    port_write(PCI_HOST_ADDRESS_PORT, 2, 0);
    g_assert_cmphex(port_read(PCI_HOST_ADDRESS_PORT, 4), ==, 0x80001800);
    port_write(PCI_HOST_ADDRESS_PORT, 4, 0x1800);
    g_assert_cmphex(port_read(PCI_HOST_DATA_PORT, 4), ==, 0xffffffff);
    pci_board_free();
}

static void test_pciexbar(void)
{
    pci_board_make();
    TestFunction *f = test_function_make("3", 0);
    PciDevice *mch = root->taken[0];
    cfg_write(mch, 0x60, 4, 0xe0000001);
    g_assert_cmphex(mem_read(0xe0000000u + (f->pci.devfn << 12), 4), ==, 0x56781234);
    g_assert_cmphex(pci_host_ecam_base(host), ==, 0xe0000000);
    g_assert_cmphex(pci_host_ecam_size(host), ==, 256 << 20);
    cfg_write(mch, 0x60, 4, 0xe4000005); /* 64 MiB */
    g_assert_cmphex(mem_read(0xe4000000u + (f->pci.devfn << 12), 4), ==, 0x56781234);
    g_assert_cmphex(mem_read(0xe0000000u + (f->pci.devfn << 12), 4), ==, 0xffffffff);
    cfg_write(mch, 0x60, 4, 0xe4000007); /* reserved length */
    g_assert_cmphex(pci_host_ecam_size(host), ==, 0);
    cfg_write(mch, 0x60, 4, 0); /* over RAM, which comes back */
    cfg_write(mch, 0x60, 4, 1);
    g_assert_cmphex(mem_read(f->pci.devfn << 12, 4), ==, 0x56781234);
    cfg_write(mch, 0x60, 4, 0);
    mem_write(f->pci.devfn << 12, 4, 0x11223344);
    g_assert_cmphex(mem_read(f->pci.devfn << 12, 4), ==, 0x11223344);
    pci_board_free();
}

static guint8 reset_control;

static guint64 reset_read(void *opaque, guint64 offset, unsigned size)
{
    return reset_control;
}

static void reset_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    reset_control = (guint8)value;
}

/* A byte in the midst of the address port. */
static void test_reset_port(void)
{
    static const RegionOps ops = { reset_read, reset_write, 1, 1 };
    pci_board_make();
    g_assert_cmphex(port_read(0xcf9, 1), ==, 0xff);
    pci_host_set_reset_port(host, &ops, NULL);
    port_write(PCI_HOST_ADDRESS_PORT, 4, 0x80001800);
    port_write(0xcf9, 1, 0x0a);
    g_assert_cmphex(reset_control, ==, 0x0a);
    g_assert_cmphex(port_read(0xcf9, 1), ==, 0x0a);
    g_assert_cmphex(port_read(PCI_HOST_ADDRESS_PORT, 4), ==, 0x80001800);
    port_write(PCI_HOST_ADDRESS_PORT, 4, 0x8000f800);
    g_assert_cmphex(reset_control, ==, 0x0a);
    pci_board_free();
}

/* Addresses */

static void check_addr(const char *text, gint32 expected)
{
    g_autoptr(ConfigNode) node = config_string_new(text);
    g_autoptr(GError) err = NULL;
    gint32 addr = -2;
    gboolean ok = config_node_to_pci_address(node, "x", "addr", &addr, &err);
    if (expected == -2) {
        g_assert_false(ok);
        g_assert_nonnull(err);
    } else {
        g_assert_no_error(err);
        g_assert_cmpint(addr, ==, expected);
    }
}

static void check_number(gint64 n, gint32 expected)
{
    g_autoptr(ConfigNode) node = config_int_new(n);
    gint32 addr = -2;
    gboolean ok = config_node_to_pci_address(node, "x", "addr", &addr, NULL);
    g_assert_cmpint(ok, ==, expected != -2);
    g_assert_cmpint(addr, ==, expected);
}

static void test_addr(void)
{
    check_addr("3", 0x18);
    check_addr("0x3", 0x18);
    check_addr("03", 0x18);
    check_addr("3.1", 0x19);
    check_addr("03.1", 0x19);
    check_addr("0x1f.0x7", 0xff);
    check_addr("1F.7", 0xff);
    check_addr("-1", -1);
    check_addr("20", -2);
    check_addr("1f.8", -2);
    check_addr("", -2);
    check_addr("3.", -2);
    check_addr(".1", -2);
    check_addr("3.1.0", -2);
    check_addr("3 ", -2);
    check_addr("0x", -2);
    check_addr("ffffffffffffffff3", -2);
    check_number(-1, -1);
    check_number(255, 255);
    check_number(256, -2);
    check_number(-2, -2);
    check_number(G_GINT64_CONSTANT(0x100000003), -2);
}

static TestFunction *plug_at(const char *addr, gboolean multifunction)
{
    TestFunction *f = test_function_new(addr);
    f->pci.multifunction = multifunction;
    test_function_plug(f, root);
    return f;
}

static void check_refusal(const char *addr, gboolean multifunction, const char *text)
{
    TestFunction *f = test_function_new(addr);
    f->pci.multifunction = multifunction;
    g_autofree char *error = test_function_refusal(f, root);
    g_assert_nonnull(strstr(error, text));
}

static void test_slots(void)
{
    pci_board_make();
    g_assert_cmpuint(plug_at(NULL, FALSE)->pci.devfn, ==, PCI_DEVFN(1, 0));
    g_assert_cmpuint(plug_at("2.0", TRUE)->pci.devfn, ==, PCI_DEVFN(2, 0));
    g_assert_cmpuint(plug_at("2.3", FALSE)->pci.devfn, ==, PCI_DEVFN(2, 3));
    g_assert_cmpuint(plug_at(NULL, FALSE)->pci.devfn, ==, PCI_DEVFN(3, 0));
    g_assert_cmpuint(plug_at("1f.1", FALSE)->pci.devfn, ==, PCI_DEVFN(31, 1));
    check_refusal("2.3", FALSE,
                  "PCI: slot 2 function 3 not available for test-function, "
                  "in use by test-function,id=");
    check_refusal("1.1", TRUE,
                  "single function device can't be populated in function 1.1");
    check_refusal("1f.0", FALSE,
                  "PCI: 1f.0 indicates single function, but 1f.1 is already populated.");
    g_assert_cmpuint(cfg_read(root->taken[PCI_DEVFN(2, 0)], PCI_HEADER_TYPE, 1), ==,
                     0x80);
    for (unsigned slot = 4; slot < PCI_SLOTS - 1; slot++) {
        plug_at(NULL, FALSE);
    }
    /* Slot 1f has a free function 0: as QEMU, it is found, and then it does not fit. */
    check_refusal(NULL, FALSE, "1f.0 indicates single function");
    plug_at("1f.0", TRUE);
    check_refusal(NULL, FALSE,
                  "no slot/function available for test-function, all in use");
    pci_board_free();
}

static guint addrs;

static void find_addr(const char *name, const char *value, const char *def, void *opaque)
{
    if (strcmp(name, "addr") == 0) {
        g_assert_cmpstr(value, ==, opaque);
        addrs++;
    }
}

/* Both sides of a migration agree in it, whoever has chosen it. */
static void test_guest_addr(void)
{
    pci_board_make();
    device_foreach_guest_property(&plug_at(NULL, FALSE)->pci.device, find_addr, "01.0");
    device_foreach_guest_property(&plug_at("0x4", FALSE)->pci.device, find_addr, "04.0");
    g_assert_cmpuint(addrs, ==, 2);
    pci_board_free();
}

/* A port's bus has one slot. */
static void test_one_slot(void)
{
    pci_board_make();
    PciBridge *b = test_bridge_make("4", root);
    b->bus->slots = 1;
    g_autofree char *error = test_function_refusal(test_function_new("1"), b->bus);
    g_assert_nonnull(strstr(error, "slot 1 is not valid for test-function"));
    pci_board_free();
}

/* Who is seen */

typedef struct Hotplug {
    guint plugged, unplugged;
} Hotplug;

static void heard_plugged(PciBus *bus, PciDevice *dev)
{
    ((Hotplug *)bus->hotplug_opaque)->plugged++;
    g_assert_true(dev->announced);
}

static void heard_unplugged(PciBus *bus, PciDevice *dev)
{
    ((Hotplug *)bus->hotplug_opaque)->unplugged++;
}

static gboolean heard_request(PciBus *bus, PciDevice *dev, GError **errp)
{
    return TRUE;
}

static const PciHotplug hotplug = {
    .plugged = heard_plugged,
    .request_unplug = heard_request,
    .unplugged = heard_unplugged,
};

static TestFunction *plug_hot(const char *addr)
{
    TestFunction *f = test_function_new(addr);
    f->pci.device.hotplugged = TRUE;
    test_function_plug(f, root);
    return f;
}

/* Functions that come at run time show themselves with function 0. */
static void test_hot_functions(void)
{
    Hotplug heard = { 0 };
    pci_board_make();
    pci_bus_set_hotplug(root, &hotplug, &heard);
    TestFunction *second = plug_hot("5.1");
    g_assert_cmphex(cfg_read(&second->pci, 0, 4), ==, 0xffffffff);
    TestFunction *first = test_function_new("5.0");
    first->pci.device.hotplugged = first->pci.multifunction = TRUE;
    test_function_plug(first, root);
    g_assert_cmphex(cfg_read(&second->pci, 0, 4), ==, 0x56781234);
    g_assert_cmpuint(heard.plugged, ==, 2);
    TestFunction *late = test_function_new("5.2");
    late->pci.device.hotplugged = TRUE;
    g_autofree char *error = test_function_refusal(late, root);
    g_assert_nonnull(strstr(error, "slot 5 function 0 already occupied"));
    g_assert_null(root->taken[PCI_DEVFN(5, 2)]);
    g_assert_cmpuint(heard.unplugged, ==, 0);
    pci_bus_set_hotplug(root, NULL, NULL);
    pci_board_free();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/config/masks", test_masks);
    g_test_add_func("/pci/config/header", test_header);
    g_test_add_func("/pci/config/capabilities", test_capabilities);
    g_test_add_func("/pci/config/access", test_access);
    g_test_add_func("/pci/config/pciexbar", test_pciexbar);
    g_test_add_func("/pci/config/reset-port", test_reset_port);
    g_test_add_func("/pci/config/addr", test_addr);
    g_test_add_func("/pci/config/slots", test_slots);
    g_test_add_func("/pci/config/guest-addr", test_guest_addr);
    g_test_add_func("/pci/config/one-slot", test_one_slot);
    g_test_add_func("/pci/config/hot-functions", test_hot_functions);
    return g_test_run();
}
