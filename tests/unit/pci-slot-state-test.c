/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slot of a root port: power, resets, the port's interrupt, what is in a stream; and
 * beside ACPI hot-plug.
 */
#include "pci-slot.h"

#include <string.h>

#include "event/loop.h"
#include "pci/acpi-hotplug.h"
#include "pci/root-port.h"

/* Power, resets */

/* What stays without power begins anew with it. */
static void test_power(void)
{
    gboolean done = FALSE;
    slot_make();
    TestFunction *f = slot_cold();
    slot_begin_driver(ON);
    cfg_write(&f->pci, PCI_INTERRUPT_LINE, 1, 7);
    guint resets = f->resets;
    f->slow = TRUE;
    access_begin();
    cfg_write(&port->pci, port->pci.express + PCI_EXP_SLTCTL, 2,
              ON | PCI_EXP_SLTCTL_PCC | DRIVER);
    access_finish(slot_access_done, &done);
    g_assert_false(done);
    g_assert_cmphex(slot_id(), ==, G_MAXUINT32);
    f->slow = FALSE;
    test_function_go_on(f);
    slot_wait_for(&done);
    g_assert_cmphex(slot_id(), ==, G_MAXUINT32);
    g_assert_cmpuint(f->resets, ==, resets + 1);
    slot_command(ON | DRIVER);
    g_assert_cmphex(slot_id(), ==, ID);
    g_assert_cmphex(cfg_read(&f->pci, PCI_INTERRUPT_LINE, 1), ==, 0);
    slot_unmake();
}

static void reset_all(void)
{
    gboolean done = FALSE;
    device_reset_all(slot_access_done, &done);
    slot_wait_for(&done);
    cfg_write(&port->pci, PCI_PRIMARY_BUS, 4, 0x010100);
}

/* What is there has power; what was asked for has gone; nothing else is left. */
static void test_reset(void)
{
    slot_make();
    slot_hot();
    reset_all();
    g_assert_cmphex(slot_status(), ==, PDS);
    g_assert_cmphex(slot_reg(PCI_EXP_SLTCTL), ==, ON | PCI_EXP_SLTCTL_ATTN_IND_OFF);
    g_assert_cmphex(slot_id(), ==, ID);
    slot_command(OFF | DRIVER | PCI_EXP_SLTCTL_EIC);
    reset_all(); /* on again, and not locked */
    g_assert_cmphex(slot_id(), ==, ID);
    slot_request((TestFunction *)port->bus->taken[0]);
    slot_wait_deleted(1);
    reset_all();
    g_assert_cmphex(slot_status(), ==, 0);
    g_assert_cmphex(slot_reg(PCI_EXP_SLTCTL), ==, OFF | PCI_EXP_SLTCTL_ATTN_IND_OFF);
    g_assert_false(slot_interrupt());
    slot_request(slot_hot_in_use());
    reset_all();
    slot_wait_deleted(2);
    g_assert_cmphex(slot_status(), ==, 0);
    slot_unmake();
}

/* Interrupts */

static guint32 message(void)
{
    while (g_main_context_pending(event_loop_context(event_loop_main()))) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    guint32 value = mem_read(MSI_AT, 4);
    mem_write(MSI_AT, 4, 0);
    return value;
}

/* One message until all that is enabled has been cleared. */
static void test_message(void)
{
    slot_make();
    guint8 at = port->pci.msi.cap;
    cfg_write(&port->pci, at + PCI_MSI_ADDRESS_LO, 4, MSI_AT);
    cfg_write(&port->pci, at + PCI_MSI_DATA_64, 2, 0x77);
    cfg_write(&port->pci, at + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
    cfg_write(&port->pci, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    slot_begin_driver(OFF);
    g_assert_cmphex(message(), ==, 0x77); /* the command has completed */
    slot_request(slot_hot());
    slot_wait_deleted(1);
    g_assert_cmphex(message(), ==, 0x77);
    slot_hot();
    g_assert_cmphex(message(), ==, 0);
    slot_clear(PDC);
    g_assert_cmphex(message(), ==, 0);
    slot_clear(DLLSC);
    g_assert_cmphex(message(), ==, 0);
    slot_request(port->bus->taken[0] ? (TestFunction *)port->bus->taken[0] : NULL);
    g_assert_cmphex(message(), ==, 0x77);
    g_assert_false(slot_interrupt());
    slot_unmake();
}

/* The pin: what is enabled, as long as it is there. */
static void test_pin(void)
{
    static const guint32 rows[][2] = {
        { PCI_EXP_SLTCTL_PDCE, PDC },
        { PCI_EXP_SLTCTL_DLLSCE, DLLSC },
        { PCI_EXP_SLTCTL_ABPE, ABP },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        slot_make();
        slot_command(OFF | rows[i][0]);
        slot_hot();
        g_assert_false(slot_interrupt());
        slot_command(OFF | rows[i][0] | PCI_EXP_SLTCTL_HPIE);
        g_assert_true(slot_interrupt());
        slot_clear(NEWS & ~rows[i][1]);
        g_assert_true(slot_interrupt());
        slot_clear(rows[i][1]);
        g_assert_false(slot_interrupt());
        slot_unmake();
    }
}

/* State */

static const StateDesc *own_state(void)
{
    return pcie_root_port_class.device.state;
}

/* Into a port of another VM, which has the same in its slot. */
static void move(gboolean filled)
{
    g_autoptr(GByteArray) base = g_byte_array_new(), own = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    gboolean needed = own_state()->needed(port);
    guint32 was_status = slot_status(), control = slot_reg(PCI_EXP_SLTCTL);
    g_assert_true(state_save(base, pci_device_class.device.state, port, &err));
    if (needed) {
        g_assert_true(state_save(own, own_state(), port, &err));
    }
    slot_unmake();
    slot_make();
    if (filled) {
        slot_cold();
    }
    g_assert_true(
        state_load(base->data, base->len, pci_device_class.device.state, port, &err));
    g_assert_true(needed ? state_load(own->data, own->len, own_state(), port, &err)
                         : state_load_absent(own_state(), port, &err));
    g_assert_no_error(err);
    g_assert_cmphex(slot_status(), ==, was_status);
    g_assert_cmphex(slot_reg(PCI_EXP_SLTCTL), ==, control);
}

static void test_state(void)
{
    slot_make();
    move(FALSE);
    slot_begin_driver(OFF | PCI_EXP_SLTCTL_EIC);
    move(FALSE);
    slot_plug_fails("slot is electromechanically locked: Device or resource busy");
    slot_command(OFF | DRIVER | PCI_EXP_SLTCTL_EIC);
    slot_hot();
    move(TRUE); /* the news have not been read */
    g_assert_true(slot_interrupt());
    slot_clear(NEWS);
    slot_command(BLINK | DRIVER);
    move(TRUE);
    g_assert_cmphex(slot_id(), ==, ID);
    slot_command(ON | DRIVER);
    TestFunction *f = (TestFunction *)port->bus->taken[0];
    slot_request(f);
    slot_command(BLINK | DRIVER);
    move(TRUE); /* the request is in the device's rows */
    f = (TestFunction *)port->bus->taken[0];
    f->pci.device.unplug = DEVICE_UNPLUG_REQUESTED;
    slot_command(ON | DRIVER);
    g_assert_cmpuint(guest_errors, ==, 1);
    slot_unmake();
}

/*
 * A guest that boots while something is plugged, at each of its steps: what it does is
 * what Linux does. In the end the device is there and on, and has been all the time.
 */

typedef struct Guest {
    guint steps, plug_at;
    gboolean plugged;
    gboolean on; /* what the driver believes */
} Guest;

static gboolean try_plug(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Device) dev = (Device *)slot_new_function(NULL, TRUE);
    gboolean ok = device_realize(dev, port->bus->bus, &err);
    g_assert_true(ok || strstr(err->message, "guest is busy"));
    return ok;
}

/* Between two accesses of the guest. */
static void step(Guest *g)
{
    if (g->steps++ >= g->plug_at && !g->plugged) {
        g->plugged = try_plug();
    }
}

static gboolean is_there(Guest *g)
{
    step(g);
    return (slot_status() & PDS) != 0;
}

static void order(Guest *g, guint32 bits)
{
    step(g);
    slot_command(bits);
}

static void switch_on(Guest *g)
{
    order(g, DARK | DRIVER);
    order(g, BLINK | DRIVER);
    step(g);
    g->on = slot_id() == ID;
    order(g, g->on ? ON | DRIVER : BLINK_OFF | DRIVER);
    if (!g->on) {
        order(g, OFF | DRIVER);
    }
}

static void switch_off(Guest *g)
{
    order(g, BLINK_OFF | DRIVER);
    slot_clear(PDC | DLLSC); /* of that */
    order(g, OFF | DRIVER);
    g->on = FALSE;
}

static void handle_events(Guest *g)
{
    for (guint32 events = slot_news(); events; events = slot_news()) {
        step(g);
        slot_clear(events);
        g_assert_false(events & ABP); /* it would be taken for a wish to unplug */
        if (g->on) {
            switch_off(g);
        }
        if (is_there(g)) {
            switch_on(g);
        }
    }
}

static void boot(Guest *g, guint32 before)
{
    slot_command(before);
    step(g);
    g->on = slot_id() == ID; /* the bus is scanned */
    step(g);
    slot_clear(NEWS);
    if (!is_there(g) && !(before & PCI_EXP_SLTCTL_PCC)) {
        order(g, before | PCI_EXP_SLTCTL_PCC);
        before |= PCI_EXP_SLTCTL_PCC;
    }
    step(g);
    slot_clear(NEWS);
    order(g, before | DRIVER);
    if (!g->on && is_there(g)) {
        switch_on(g);
    }
    do {
        step(g);
        handle_events(g);
    } while (!g->plugged);
    handle_events(g);
}

static void test_boot(void)
{
    static const guint32 before[] = { OFF, DARK, ON };
    for (unsigned i = 0; i < G_N_ELEMENTS(before); i++) {
        for (guint at = 0; at < 16; at++) {
            Guest g = { .plug_at = at };
            slot_make();
            boot(&g, before[i]);
            g_assert_true(g.on);
            g_assert_cmphex(slot_id(), ==, ID);
            g_assert_cmpuint(deleted, ==, 0);
            slot_unmake();
        }
    }
}

/* With ACPI hot-plug */

static Device *acpi;
static IrqLine *gpe;
static guint gpes;

static void gpe_raised(void *opaque, unsigned n, int level)
{
    gpes += level != 0;
}

static void make_with_acpi(void)
{
    g_autoptr(GError) err = NULL;
    pci_board_make();
    deleted = guest_errors = gpes = 0;
    gpe = irq_line_new(gpe_raised, NULL, 0);
    acpi = device_new(&acpi_pci_hotplug_class);
    device_set_name(acpi, "acpi-hotplug");
    acpi_pci_hotplug_set_wiring(acpi, ACPI_HOTPLUG_PORT, ACPI_HOTPLUG_OST_PORT, gpe);
    device_realize(acpi, NULL, &err);
    g_assert_no_error(err);
    pci_bridge_set_hotplug(acpi_pci_hotplug_bus_changed, acpi);
    port = slot_make_port(NULL, NULL);
}

static void unmake_with_acpi(void)
{
    pci_bridge_set_hotplug(NULL, NULL);
    device_unref(acpi);
    pci_board_free();
    irq_line_free(gpe);
}

/* A guest that knows ACPI does not touch the slot, and sees the device at once. */
static void test_acpi(void)
{
    make_with_acpi();
    TestFunction *f = slot_hot();
    g_assert_cmpuint(gpes, ==, 1);
    g_assert_cmphex(slot_id(), ==, ID);
    slot_request(f); /* not in use, but the guest is asked */
    g_assert_cmpuint(gpes, ==, 2);
    g_assert_false(slot_status() & ABP);
    g_assert_cmpuint(f->pci.device.unplug, ==, DEVICE_UNPLUG_REQUESTED);
    unmake_with_acpi();
}

/* One that does not, has a driver. */
static void test_no_acpi(void)
{
    make_with_acpi();
    slot_begin_driver(OFF);
    TestFunction *f = slot_hot();
    g_assert_cmphex(slot_id(), ==, G_MAXUINT32);
    g_assert_cmphex(slot_news(), ==, PDC | DLLSC);
    slot_clear(NEWS);
    slot_command(BLINK | DRIVER);
    slot_request_fails(f, "Hot-unplug failed: guest is busy (power indicator blinking)");
    slot_command(ON | DRIVER);
    slot_request(f);
    g_assert_cmphex(slot_news(), ==, ABP);
    slot_command(OFF | DRIVER);
    slot_wait_deleted(1);
    port_write(ACPI_HOTPLUG_PORT + ACPI_HOTPLUG_SELECT, 4, 0);
    g_assert_cmphex(port_read(ACPI_HOTPLUG_PORT + ACPI_HOTPLUG_DOWN, 4), ==, 0);
    slot_request(slot_hot()); /* off: nobody is asked */
    slot_wait_deleted(2);
    g_assert_cmphex(port_read(ACPI_HOTPLUG_PORT + ACPI_HOTPLUG_DOWN, 4), ==, 0);
    g_assert_cmphex(port_read(ACPI_HOTPLUG_PORT + ACPI_HOTPLUG_UP, 4), ==, 0);
    slot_command(BLINK | DRIVER);
    slot_plug_fails("Hot-plug failed: guest is busy (power indicator blinking)");
    unmake_with_acpi();
}

#define ADD(name_, fn_) g_test_add_func("/pci/slot/" name_, fn_)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    slot_listen();
    ADD("power", test_power);
    ADD("reset", test_reset);
    ADD("message", test_message);
    ADD("pin", test_pin);
    ADD("state", test_state);
    ADD("boot", test_boot);
    ADD("acpi", test_acpi);
    ADD("no-acpi", test_no_acpi);
    return g_test_run();
}
