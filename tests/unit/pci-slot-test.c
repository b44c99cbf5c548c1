/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slot of a root port by its own registers: what a driver such as Linux's does and
 * sees when devices come and go, and what it must never be made to believe. Registers:
 * PCI Express 4.0, 7.5.3.9 to 7.5.3.11.
 */
#include "pci-slot.h"

#include "event/loop.h"

/* Registers */

static void test_registers(void)
{
    static const struct {
        const char *name, *value;
        guint32 caps, writable;
    } rows[] = { /* as QEMU 7.2, but for DLLSCE, which it has not */
                 { NULL, NULL, 0x002a007b, 0x17f9 },
                 { "hotplug", "off", 0x002a001b, 0x17f9 },
                 { "power_controller_present", "off", 0x002a0079, 0x13f9 }
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        slot_make_with(rows[i].name, rows[i].value);
        guint8 at = port->pci.express;
        g_assert_cmphex(cfg_read(&port->pci, at + PCI_EXP_SLTCAP, 4), ==, rows[i].caps);
        g_assert_cmphex(slot_reg(PCI_EXP_FLAGS), ==, 0x142);
        g_assert_cmphex(slot_status(), ==, 0);
        g_assert_cmphex(slot_reg(PCI_EXP_SLTCTL), ==, 0x7c0 & rows[i].writable);
        cfg_write(&port->pci, at + PCI_EXP_SLTCTL, 2, 0xffff);
        g_assert_cmphex(slot_reg(PCI_EXP_SLTCTL), ==, rows[i].writable);
        g_assert_cmphex(slot_status(), ==, CC | EIS);
        slot_unmake();
    }
}

/* Bytes of the registers, and both at once. */
static void test_access(void)
{
    slot_make();
    guint8 at = port->pci.express;
    cfg_write(&port->pci, at + PCI_EXP_SLTCTL + 1, 1, 0x02); /* power, and it blinks */
    g_assert_cmphex(slot_reg(PCI_EXP_SLTCTL), ==, BLINK | PCI_EXP_SLTCTL_ATTN_IND_OFF);
    g_assert_cmphex(slot_news(), ==, CC);
    cfg_write(&port->pci, at + PCI_EXP_SLTSTA, 1, CC);
    g_assert_cmphex(slot_news(), ==, 0);
    slot_unmake();
}

/* Plug */

static void test_cold(void)
{
    slot_make();
    slot_cold();
    g_assert_cmphex(slot_status(), ==, PDS);
    g_assert_cmphex(slot_reg(PCI_EXP_SLTCTL), ==, ON | PCI_EXP_SLTCTL_ATTN_IND_OFF);
    g_assert_cmphex(slot_id(), ==, ID);
    slot_unmake();
}

/* Before there is a driver: nothing is found by looking around; the driver finds it. */
static void test_plug_early(void)
{
    slot_make();
    TestFunction *f = slot_hot();
    g_assert_cmphex(slot_status(), ==, PDS | PDC | DLLSC);
    g_assert_cmphex(slot_id(), ==, G_MAXUINT32);
    g_assert_false(slot_interrupt());
    slot_begin_driver(OFF);
    g_assert_cmphex(slot_news(), ==, PDC | DLLSC); /* again */
    g_assert_true(slot_interrupt());
    slot_clear(NEWS);
    g_assert_false(slot_interrupt());
    slot_command(BLINK | DRIVER);
    g_assert_cmphex(slot_id(), ==, ID);
    slot_command(ON | DRIVER);
    g_assert_cmphex(slot_news(), ==, 0);
    g_assert_cmpuint(f->pci.device.unplug, ==, DEVICE_UNPLUG_NONE);
    slot_unmake();
}

/* A driver hears of the link, and no button is pressed. */
static void test_plug(void)
{
    slot_make();
    slot_begin_driver(OFF);
    slot_hot();
    g_assert_cmphex(slot_news(), ==, PDC | DLLSC);
    g_assert_true(slot_interrupt());
    g_assert_true(slot_reg(PCI_EXP_LNKSTA) & PCI_EXP_LNKSTA_DLLLA);
    slot_clear(NEWS);
    g_assert_false(slot_interrupt());
    g_assert_cmphex(slot_id(), ==, G_MAXUINT32);
    slot_command(BLINK | DRIVER);
    slot_command(ON | DRIVER);
    g_assert_cmphex(slot_id(), ==, ID);
    slot_unmake();
}

/* One that hears only the button has it pressed; but not while it thinks it is on. */
static void test_plug_button(void)
{
    slot_make();
    slot_clear(NEWS);
    slot_command(OFF | PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_HPIE);
    slot_hot();
    g_assert_cmphex(slot_news(), ==, ABP | PDC | DLLSC);
    slot_unmake();
    slot_make();
    slot_command(ON | PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_HPIE);
    slot_hot();
    g_assert_cmphex(slot_news(), ==, PDC | DLLSC);
    slot_unmake();
}

/* The guest is at work: later. */
static void test_plug_busy(void)
{
    static const char busy[] = "Hot-plug failed: guest is busy (power indicator "
                               "blinking)";
    slot_make();
    slot_begin_driver(BLINK);
    slot_plug_fails(busy);
    slot_command(BLINK_OFF | DRIVER);
    slot_plug_fails(busy);
    g_assert_cmphex(slot_status(), ==, 0);
    slot_command(OFF | DRIVER);
    slot_hot();
    g_assert_cmphex(slot_status(), ==, PDS | PDC | DLLSC);
    slot_unmake();
}

/*
 * A driver that has found the slot empty switches it off, after something was plugged: it
 * stays, and is switched on with the next.
 */
static void test_plug_into_off(void)
{
    static const guint32 before[] = { OFF, DARK, ON };
    for (unsigned i = 0; i < G_N_ELEMENTS(before); i++) {
        slot_make();
        slot_begin_driver(before[i]);
        TestFunction *f = slot_hot();
        slot_command((before[i] | PCI_EXP_SLTCTL_PCC) | DRIVER);
        slot_command(OFF | DRIVER);
        slot_command(OFF | DRIVER);
        g_assert_cmpuint(f->pci.device.unplug, ==, DEVICE_UNPLUG_NONE);
        g_assert_true(slot_status() & PDS);
        slot_command(BLINK | DRIVER);
        slot_command(ON | DRIVER);
        g_assert_cmphex(slot_id(), ==, ID);
        g_assert_cmpuint(deleted, ==, 0);
        slot_unmake();
    }
}

/* Function 0 comes last, and shows them all. */
static void test_functions(void)
{
    slot_make();
    slot_begin_driver(OFF);
    test_function_plug(slot_new_function("0.1", TRUE), port->bus);
    g_assert_cmphex(slot_status(), ==, 0);
    TestFunction *f = slot_new_function("0.0", TRUE);
    f->pci.multifunction = TRUE;
    test_function_plug(f, port->bus);
    g_assert_cmphex(slot_status(), ==, PDS | PDC | DLLSC);
    slot_clear(NEWS);
    slot_command(BLINK | DRIVER);
    slot_command(ON | DRIVER);
    slot_request(f);
    slot_command(BLINK | DRIVER);
    slot_command(BLINK_OFF | DRIVER);
    slot_command(OFF | DRIVER);
    slot_wait_deleted(2);
    g_assert_null(port->bus->taken[0]);
    g_assert_null(port->bus->taken[1]);
    g_assert_cmphex(slot_status(), ==, ABP | PDC | DLLSC);
    slot_unmake();
}

/* Unplug */

static void test_unplug(void)
{
    slot_make();
    TestFunction *f = slot_hot_in_use();
    slot_request(f);
    g_assert_cmphex(slot_status(), ==, PDS | ABP);
    g_assert_true(slot_interrupt());
    slot_request_fails(f, "Device f is already in the process of unplug");
    slot_clear(NEWS);
    slot_command(BLINK | DRIVER);
    slot_command(BLINK_OFF | DRIVER);
    g_assert_cmphex(slot_id(), ==, G_MAXUINT32);
    g_assert_cmpuint(deleted, ==, 0);
    slot_command(OFF | DRIVER);
    slot_wait_deleted(1);
    g_assert_cmphex(slot_status(), ==, PDC | DLLSC);
    g_assert_false(slot_reg(PCI_EXP_LNKSTA) & PCI_EXP_LNKSTA_DLLLA);
    g_assert_cmpuint(guest_errors, ==, 0);
    slot_hot(); /* the same id, at once */
    g_assert_cmphex(slot_status(), ==, PDS | PDC | DLLSC);
    slot_unmake();
}

/* The vCPU that switches off waits until nothing is in flight. */
static void test_unplug_waits(void)
{
    gboolean done = FALSE;
    slot_make();
    TestFunction *f = slot_hot_in_use();
    slot_request(f);
    slot_command(BLINK | DRIVER);
    f->slow = TRUE;
    access_begin();
    cfg_write(&port->pci, port->pci.express + PCI_EXP_SLTCTL, 2, OFF | DRIVER);
    access_finish(slot_access_done, &done);
    while (!f->waiting) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_false(done);
    g_assert_nonnull(port->bus->taken[0]);
    f->slow = FALSE;
    test_function_go_on(f);
    slot_wait_for(&done);
    g_assert_null(port->bus->taken[0]);
    slot_wait_deleted(1);
    slot_unmake();
}

/* By itself, as with Linux's /sys/bus/pci/slots/5/power: it stays until it is wanted. */
static void test_guest_switches_off(void)
{
    slot_make();
    TestFunction *f = slot_hot_in_use();
    slot_command(BLINK_OFF | DRIVER);
    slot_command(OFF | DRIVER);
    g_assert_cmphex(slot_status(), ==, PDS);
    g_assert_cmphex(slot_id(), ==, G_MAXUINT32);
    slot_command(ON | DRIVER);
    g_assert_cmphex(slot_id(), ==, ID);
    slot_command(OFF | DRIVER);
    g_assert_cmpuint(deleted, ==, 0);
    slot_request(f); /* nobody is asked */
    slot_wait_deleted(1);
    g_assert_cmphex(slot_status(), ==, PDC | DLLSC);
    slot_unmake();
}

/* It blinks, and then it does not: it keeps the device. */
static void test_refused(void)
{
    slot_make();
    TestFunction *f = slot_hot_in_use();
    slot_request(f);
    slot_command(BLINK | DRIVER);
    slot_request_fails(f, "Device f is already in the process of unplug");
    slot_command(ON | DRIVER);
    g_assert_cmpuint(guest_errors, ==, 1);
    g_assert_cmpuint(f->pci.device.unplug, ==, DEVICE_UNPLUG_NONE);
    slot_command(BLINK | DRIVER); /* for some other reason */
    slot_request_fails(f, "Hot-unplug failed: guest is busy (power indicator blinking)");
    slot_command(ON | DRIVER);
    g_assert_cmpuint(guest_errors, ==, 1);
    slot_request(f); /* at once */
    slot_command(OFF | DRIVER);
    slot_wait_deleted(1);
    slot_unmake();
}

/* While the guest still switches it on the request waits, and is not refused by that. */
static void test_unplug_early(void)
{
    slot_make();
    slot_begin_driver(OFF);
    TestFunction *f = slot_hot();
    slot_command(DARK | DRIVER);
    slot_request(f);
    slot_command(BLINK | DRIVER);
    slot_command(ON | DRIVER);
    g_assert_cmpuint(guest_errors, ==, 0);
    g_assert_cmphex(slot_news() & ABP, ==, ABP);
    g_assert_cmpuint(f->pci.device.unplug, ==, DEVICE_UNPLUG_REQUESTED);
    slot_unmake();
}

/* Asked before there was a driver, which clears what it has not seen: asked again. */
static void test_unplug_without_driver(void)
{
    slot_make();
    TestFunction *f = slot_cold();
    cfg_write(&f->pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    slot_request(f);
    g_assert_cmpuint(f->pci.device.unplug, ==, DEVICE_UNPLUG_REQUESTED);
    g_assert_cmphex(slot_news(), ==, ABP);
    slot_begin_driver(ON);
    g_assert_cmphex(slot_news(), ==, ABP);
    g_assert_true(slot_interrupt());
    /* But not where it is at work already. */
    slot_command(BLINK);
    slot_clear(NEWS);
    slot_command(BLINK | DRIVER);
    g_assert_cmphex(slot_news(), ==, 0);
    slot_unmake();
}

/* Nobody is asked where nobody uses it, and nobody would answer; or without power. */
static void test_surprise(void)
{
    slot_make();
    slot_request(slot_cold());
    slot_wait_deleted(1);
    g_assert_cmphex(slot_status(), ==, PDC | DLLSC);
    slot_unmake();
    slot_make();
    slot_begin_driver(OFF);
    slot_request(slot_hot());
    slot_wait_deleted(1);
    g_assert_cmphex(slot_status(), ==, PDC | DLLSC);
    slot_unmake();
}

static void test_locked(void)
{
    static const char text[] = "slot is electromechanically locked: Device or resource "
                               "busy";
    slot_make();
    slot_begin_driver(OFF | PCI_EXP_SLTCTL_EIC);
    g_assert_cmphex(slot_reg(PCI_EXP_SLTCTL) & PCI_EXP_SLTCTL_EIC, ==, 0);
    g_assert_cmphex(slot_status(), ==, EIS);
    slot_plug_fails(text);
    slot_command(OFF | DRIVER | PCI_EXP_SLTCTL_EIC);
    TestFunction *f = slot_hot();
    slot_command(ON | DRIVER | PCI_EXP_SLTCTL_EIC);
    slot_request_fails(f, text);
    slot_command(ON | DRIVER | PCI_EXP_SLTCTL_EIC);
    slot_request(f);
    slot_unmake();
}

static void test_hotplug_off(void)
{
    slot_make_with("hotplug", "off");
    slot_plug_fails("Hot-plug failed: unsupported by the port device 'rp'");
    slot_request_fails(slot_cold(),
                       "Hot-unplug failed: unsupported by the port device 'rp'");
    g_assert_false(pci_bus_takes(port->bus));
    slot_unmake();
}

/* Without a power controller the indicator tells. */
static void test_no_power(void)
{
    slot_make_with("power_controller_present", "off");
    slot_begin_driver(DARK);
    TestFunction *f = slot_hot();
    g_assert_cmphex(slot_id(), ==, ID);
    slot_command(ON | DRIVER);
    slot_request(f);
    slot_command(BLINK | DRIVER);
    slot_command(DARK | DRIVER);
    slot_wait_deleted(1);
    slot_unmake();
}

#define ADD(name_, fn_) g_test_add_func("/pci/slot/" name_, fn_)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    slot_listen();
    ADD("registers", test_registers);
    ADD("access", test_access);
    ADD("cold", test_cold);
    ADD("plug-early", test_plug_early);
    ADD("plug", test_plug);
    ADD("plug-button", test_plug_button);
    ADD("plug-busy", test_plug_busy);
    ADD("plug-into-off", test_plug_into_off);
    ADD("functions", test_functions);
    ADD("unplug", test_unplug);
    ADD("unplug-waits", test_unplug_waits);
    ADD("guest-switches-off", test_guest_switches_off);
    ADD("refused", test_refused);
    ADD("unplug-early", test_unplug_early);
    ADD("unplug-without-driver", test_unplug_without_driver);
    ADD("surprise", test_surprise);
    ADD("locked", test_locked);
    ADD("hotplug-off", test_hotplug_off);
    ADD("no-power", test_no_power);
    return g_test_run();
}
