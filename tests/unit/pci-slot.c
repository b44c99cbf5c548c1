/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci-slot.h"

#include <string.h>

#include "config/node.h"
#include "event/loop.h"
#include "event/vm-event.h"
#include "pci/root-port.h"

PciBridge *port;
guint deleted, guest_errors;

static void heard(const char *name, ConfigNode *data, void *opaque)
{
    deleted += strcmp(name, "DEVICE_DELETED") == 0;
    guest_errors += strcmp(name, "DEVICE_UNPLUG_GUEST_ERROR") == 0;
}

/* The port */

PciBridge *slot_make_port(const char *name, const char *value)
{
    g_autoptr(GError) err = NULL;
    Device *dev = device_new(&pcie_root_port_class.device);
    dev->id = g_strdup("rp");
    device_set_text(dev, "addr", "2");
    device_set_text(dev, "chassis", "1");
    device_set_text(dev, "slot", "5");
    if (name) {
        device_set_text(dev, name, value);
    }
    device_realize(dev, root->bus, &err);
    g_assert_no_error(err);
    device_unref(dev);
    cfg_write((PciDevice *)dev, PCI_PRIMARY_BUS, 4, 0x010100);
    return (PciBridge *)dev;
}

void slot_listen(void)
{
    vm_event_subscribe(heard, NULL);
}

void slot_make_with(const char *name, const char *value)
{
    pci_board_make();
    deleted = guest_errors = 0;
    port = slot_make_port(name, value);
}

void slot_make(void)
{
    slot_make_with(NULL, NULL);
}

void slot_unmake(void)
{
    pci_board_free();
}

guint32 slot_reg(unsigned which)
{
    return cfg_read(&port->pci, port->pci.express + which, 2);
}

guint32 slot_status(void)
{
    return slot_reg(PCI_EXP_SLTSTA);
}

guint32 slot_news(void)
{
    return slot_status() & NEWS;
}

void slot_clear(guint32 bits)
{
    cfg_write(&port->pci, port->pci.express + PCI_EXP_SLTSTA, 2, bits);
}

void slot_access_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

void slot_wait_for(const gboolean *done)
{
    while (!*done) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

void slot_wait_deleted(guint n)
{
    while (deleted < n) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

/* As a vCPU, which goes on when what it has let go is off the bus. */
void slot_command(guint32 bits)
{
    gboolean done = FALSE;
    access_begin();
    cfg_write(&port->pci, port->pci.express + PCI_EXP_SLTCTL, 2,
              bits | PCI_EXP_SLTCTL_ATTN_IND_OFF);
    access_finish(slot_access_done, &done);
    slot_wait_for(&done);
    g_assert_true(slot_status() & CC);
    slot_clear(CC);
}

/* The driver begins, as Linux's: it clears all events, then it enables them. */
void slot_begin_driver(guint32 slot)
{
    slot_clear(NEWS);
    slot_command(slot | DRIVER);
}

gboolean slot_interrupt(void)
{
    return irq_line_level(wires[2]);
}

/* What is behind it */

TestFunction *slot_new_function(const char *addr, gboolean hotplugged)
{
    TestFunction *f = test_function_new(addr);
    f->pci.device.id = g_strdup(addr ? addr : "f");
    f->pci.device.hotplugged = hotplugged;
    return f;
}

TestFunction *slot_hot(void)
{
    TestFunction *f = slot_new_function(NULL, TRUE);
    test_function_plug(f, port->bus);
    return f;
}

TestFunction *slot_cold(void)
{
    TestFunction *f = slot_new_function(NULL, FALSE);
    test_function_plug(f, port->bus);
    return f;
}

guint32 slot_id(void)
{
    port_write(PCI_HOST_ADDRESS_PORT, 4, 0x80010000);
    return port_read(PCI_HOST_DATA_PORT, 4);
}

void slot_request(TestFunction *f)
{
    g_autoptr(GError) err = NULL;
    device_request_unplug(&f->pci.device, &err);
    g_assert_no_error(err);
}

void slot_request_fails(TestFunction *f, const char *text)
{
    g_autoptr(GError) err = NULL;
    g_assert_false(device_request_unplug(&f->pci.device, &err));
    g_assert_cmpstr(err->message, ==, text);
}

void slot_plug_fails(const char *text)
{
    g_autofree char *said =
        test_function_refusal(slot_new_function(NULL, TRUE), port->bus);
    g_assert_cmpstr(said, ==, text);
    g_assert_null(port->bus->taken[0]);
}

/* A driver has switched the slot on, and has nothing to do. */
TestFunction *slot_hot_in_use(void)
{
    slot_begin_driver(OFF);
    TestFunction *f = slot_hot();
    slot_clear(NEWS);
    slot_command(BLINK | DRIVER);
    cfg_write(&f->pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    slot_command(ON | DRIVER);
    return f;
}
