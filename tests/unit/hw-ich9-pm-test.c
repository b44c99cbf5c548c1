/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power management of the ICH9: fixed events, sleep, the PM timer, general events. */
#include "config.h"

#include "accel/run-state.h"
#include "event/loop.h"
#include "hw-board.h"
#include "hw/ich9-pm.h"
#include "hw/tick.h"
#include "memory/address-map.h"

#define SCI  ICH9_PM_SCI_IRQ
#define BASE ICH9_PM_BASE
#define HALF (1u << 23) /* ticks between two overflows */

/* As the LPC function does. */
static void place(Device *dev, guint16 base)
{
    Region *region = ich9_pm_region(dev);

    address_map_begin();
    region_remove(region);
    region_add_over(address_map_root(address_map_io()), region, base, 0);
    address_map_commit(NULL);
}

static void wire(Device *dev)
{
    ich9_pm_set_sci(dev, hw_irq[SCI].line);
    ich9_pm_set_s4(dev, ICH9_PM_SLP_S4);
    place(dev, BASE);
}

/* Suspend to disk is not there. */
static void wire_without_s4(Device *dev)
{
    wire(dev);
    ich9_pm_set_s4(dev, 0);
}

static Device *plug(void)
{
    return hw_plug(&ich9_pm_class, NULL, wire);
}

static guint64 ticks(void)
{
    return tick_from_ns(hw_now(), ICH9_PM_TMR_HZ);
}

static void step_to_tick(guint64 tick)
{
    hw_step(tick_to_ns(tick, ICH9_PM_TMR_HZ) - hw_now());
}

static void test_base(void)
{
    Device *dev = hw_plug(&ich9_pm_class, NULL, NULL);

    g_assert_cmphex(hw_in32(BASE + ICH9_PM_SMI_EN), ==, 0xffffffff);
    place(dev, BASE);
    g_assert_cmphex(hw_in32(BASE + ICH9_PM_SMI_EN), ==, 0x20);
    place(dev, 0xb000);
    g_assert_cmphex(hw_in32(BASE + ICH9_PM_SMI_EN), ==, 0xffffffff);
    g_assert_cmphex(hw_in32(0xb000 + ICH9_PM_SMI_EN), ==, 0x20);
    hw_out32(0xb000 + ICH9_PM_SMI_EN, 0xffffffdf); /* as firmware does */
    g_assert_cmphex(hw_in32(0xb000 + ICH9_PM_SMI_EN), ==, 0xffffffff);
    hw_out16(0xb000 + ICH9_PM1_EN, 0xffff);
    g_assert_cmphex(hw_in16(0xb000 + ICH9_PM1_EN), ==, 0x4521);
    hw_unplug(dev);
    g_assert_cmphex(hw_in16(0xb000 + ICH9_PM1_EN), ==, 0xffff);
}

static void test_power_button(void)
{
    Device *dev = plug();

    ich9_pm_press_power_button(dev);
    g_assert_cmphex(hw_in16(BASE + ICH9_PM1_STS), ==, ICH9_PM1_PWRBTN);
    hw_out16(BASE + ICH9_PM1_EN, ICH9_PM1_PWRBTN);
    g_assert_false(hw_irq[SCI].level); /* that would be an SMI */
    hw_out8(ICH9_APM_CNT, ICH9_APM_ACPI_ENABLE);
    g_assert_cmphex(hw_in8(ICH9_APM_CNT), ==, ICH9_APM_ACPI_ENABLE);
    g_assert_cmphex(hw_in16(BASE + ICH9_PM1_CNT), ==, ICH9_PM1_SCI_EN);
    g_assert_true(hw_irq[SCI].level);
    dev = hw_move(dev, NULL, wire);
    g_assert_true(hw_irq[SCI].level);
    hw_out8(BASE + ICH9_PM1_STS + 1, 0xfe); /* other bits */
    g_assert_true(hw_irq[SCI].level);
    hw_out8(BASE + ICH9_PM1_STS + 1, ICH9_PM1_PWRBTN >> 8);
    g_assert_false(hw_irq[SCI].level);
    ich9_pm_press_power_button(dev);
    g_assert_true(hw_irq[SCI].level);
    ich9_pm_set_sci(dev, hw_irq[10].line); /* the LPC function says another one */
    g_assert_false(hw_irq[SCI].level);
    g_assert_true(hw_irq[10].level);
    ich9_pm_set_sci(dev, hw_irq[SCI].line);
    hw_out8(ICH9_APM_CNT, ICH9_APM_ACPI_DISABLE);
    g_assert_false(hw_irq[SCI].level);
    hw_reset(dev);
    g_assert_cmphex(hw_in32(BASE), ==, 0);
    hw_unplug(dev);
}

static void test_gpe(void)
{
    Device *dev = plug();

    hw_out8(BASE + ICH9_PM1_CNT, ICH9_PM1_SCI_EN);
    ich9_pm_raise_gpe(dev, 1);
    ich9_pm_raise_gpe(dev, 63);
    g_assert_cmphex(hw_in32(BASE + ICH9_PM_GPE0_STS), ==, 2);
    g_assert_cmphex(hw_in32(BASE + ICH9_PM_GPE0_STS + 4), ==, 0x80000000);
    hw_out8(BASE + ICH9_PM_GPE0_EN, 0xfd);
    g_assert_false(hw_irq[SCI].level);
    hw_out8(BASE + ICH9_PM_GPE0_EN, 2);
    g_assert_true(hw_irq[SCI].level);
    hw_out8(BASE + ICH9_PM_GPE0_STS, 2);
    g_assert_false(hw_irq[SCI].level);
    hw_out8(BASE + ICH9_PM_GPE0_EN + 7, 0x80);
    g_assert_true(hw_irq[SCI].level);
    dev = hw_move(dev, NULL, wire);
    g_assert_true(hw_irq[SCI].level);
    hw_out16(BASE + ICH9_PM_GPE0_STS + 6, 0x8000);
    g_assert_false(hw_irq[SCI].level);
    hw_unplug(dev);
}

static void test_timer(void)
{
    Device *dev = plug();
    guint64 begin = ticks();

    g_assert_cmpuint(hw_in32(BASE + ICH9_PM1_TMR), ==, begin & 0xffffff);
    hw_step(1000000000);
    g_assert_cmpuint(hw_in32(BASE + ICH9_PM1_TMR), ==, (begin + 3579545) & 0xffffff);
    /* The highest bit changes: a status, and no interrupt. */
    guint64 next = (ticks() / HALF + 1) * HALF;
    step_to_tick(next - 1);
    g_assert_cmphex(hw_in16(BASE + ICH9_PM1_STS), ==, 0);
    step_to_tick(next);
    g_assert_cmphex(hw_in16(BASE + ICH9_PM1_STS), ==, ICH9_PM1_TMROF);
    g_assert_cmphex(hw_in16(BASE + ICH9_PM1_TMR), ==, 0);
    hw_out16(BASE + ICH9_PM1_CNT, ICH9_PM1_SCI_EN);
    hw_out16(BASE + ICH9_PM1_EN, ICH9_PM1_TMROF);
    g_assert_true(hw_irq[SCI].level);
    hw_out16(BASE + ICH9_PM1_STS, ICH9_PM1_TMROF);
    g_assert_false(hw_irq[SCI].level);
    hw_edges(SCI);
    step_to_tick(next + HALF - 1);
    dev = hw_move(dev, NULL, wire);
    g_assert_false(hw_irq[SCI].level);
    step_to_tick(next + HALF);
    g_assert_true(hw_irq[SCI].level);
    hw_step(G_GINT64_CONSTANT(3600000000000)); /* one is enough until it is cleared */
    g_assert_cmpuint(hw_edges(SCI), ==, 1);
    hw_unplug(dev);
}

static void set_true(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

/* What the request comes to: -no-shutdown has the VM stopped with that name. */
static RunState run_after(guint16 control)
{
    gboolean heard = FALSE;

    vm_start();
    hw_out16(BASE + ICH9_PM1_CNT, control);
    event_loop_post(event_loop_main(), set_true, &heard); /* behind the request */
    while (!heard) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    return run_state_get();
}

static void reset_asked(void *opaque)
{
    *(gboolean *)opaque = TRUE;
    vm_reset_done();
}

static void test_sleep(void)
{
    Device *dev = plug();
    gboolean reset;

    vm_set_action(ACTION_SHUTDOWN, SHUTDOWN_ACTION_PAUSE);
    vm_set_reset_handler(reset_asked, &reset);
    for (unsigned type = 0; type < 8; type++) {
        gboolean off = type == ICH9_PM_SLP_S5 || type == 2;
        guint16 control = (guint16)(type << ICH9_PM1_SLP_TYP);

        g_assert_cmpint(run_after(control), ==, RUN_STATE_RUNNING);
        g_assert_cmpint(run_after(control | ICH9_PM1_SLP_EN), ==,
                        off ? RUN_STATE_SHUTDOWN : RUN_STATE_RUNNING);
        g_assert_cmphex(hw_in16(BASE + ICH9_PM1_CNT), ==, control);
        reset = FALSE; /* only that makes it run again */
        vm_request_reset(SHUTDOWN_HOST_QMP_SYSTEM_RESET);
        while (!reset) {
            event_loop_iterate(event_loop_main(), TRUE);
        }
    }
    hw_unplug(dev);
    vm_start();
}

static void test_no_s4(void)
{
    Device *dev = hw_plug(&ich9_pm_class, NULL, wire_without_s4);

    g_assert_cmpuint(ich9_pm_s4(dev), ==, 0);
    g_assert_cmpint(run_after(ICH9_PM_SLP_S4 << ICH9_PM1_SLP_TYP | ICH9_PM1_SLP_EN), ==,
                    RUN_STATE_RUNNING);
    hw_unplug(dev);
}

/* --- the watchdog --- */

#define TCO  (BASE + 0x60)
#define STEP 600000000

static unsigned expired;

static void has_expired(void *opaque)
{
    expired++;
}

static void wire_watchdog(Device *dev)
{
    wire(dev);
    ich9_pm_set_watchdog(dev, has_expired, NULL);
}

static void test_watchdog(void)
{
    Device *dev = hw_plug(&ich9_pm_class, NULL, wire_watchdog);

    expired = 0;
    g_assert_cmphex(hw_in16(TCO + 0x12), ==, 4);
    hw_step(100 * (gint64)STEP); /* nobody has started it */
    g_assert_cmphex(hw_in16(TCO + 0x04), ==, 0);
    hw_out16(TCO + 0x12, 0xfc0a);
    g_assert_cmphex(hw_in16(TCO + 0x12), ==, 0x000a);
    hw_out16(TCO, 1);
    g_assert_cmpuint(hw_in16(TCO), ==, 10);
    hw_step(9 * (gint64)STEP);
    g_assert_cmpuint(hw_in16(TCO), ==, 1);
    hw_out16(TCO, 1); /* alive */
    hw_step(10 * (gint64)STEP - 1);
    g_assert_cmphex(hw_in16(TCO + 0x04), ==, 0);
    hw_step(1);
    g_assert_cmphex(hw_in16(TCO + 0x04), ==, 0x0008);
    hw_out16(TCO + 0x04, 0x0008);
    hw_step(5 * (gint64)STEP);
    dev = hw_move(dev, NULL, wire_watchdog);
    hw_out16(TCO, 1); /* late, but alive */
    hw_step(10 * (gint64)STEP);
    hw_step(10 * (gint64)STEP - 1);
    g_assert_cmpuint(expired, ==, 0);
    hw_step(1);
    g_assert_cmpuint(expired, ==, 1);
    g_assert_cmphex(hw_in16(TCO + 0x06), ==, 0x0002);
    hw_step(20 * (gint64)STEP); /* whoever does nothing about it hears again */
    g_assert_cmpuint(expired, ==, 2);
    hw_reset(dev);
    g_assert_cmphex(hw_in16(TCO + 0x06), ==, 0x0002);
    hw_step(100 * (gint64)STEP);
    g_assert_cmpuint(expired, ==, 2);
    hw_out16(TCO + 0x06, 0x0002);
    g_assert_cmphex(hw_in16(TCO + 0x06), ==, 0);
    hw_unplug(dev);
}

static void test_watchdog_halted(void)
{
    Device *dev = hw_plug(&ich9_pm_class, NULL, wire_watchdog);

    expired = 0;
    hw_out16(TCO + 0x12, 1); /* too short: 1.2 s */
    hw_out16(TCO + 0x08, 0x0800);
    hw_out16(TCO + 0x08, 0x0000); /* starts it, too */
    hw_step(STEP);
    g_assert_cmpuint(hw_in16(TCO), ==, 1);
    hw_out8(TCO + 0x09, 0x08);
    hw_step(100 * (gint64)STEP);
    dev = hw_move(dev, NULL, wire_watchdog);
    g_assert_cmpuint(hw_in16(TCO), ==, 1);
    g_assert_cmphex(hw_in16(TCO + 0x04), ==, 0);
    hw_out8(TCO + 0x09, 0x10); /* and locks something */
    hw_step(STEP);
    g_assert_cmphex(hw_in16(TCO + 0x04), ==, 0x0008);
    hw_out8(TCO + 0x09, 0x00);
    g_assert_cmphex(hw_in16(TCO + 0x08), ==, 0x1000);
    hw_step(2 * (gint64)STEP);
    g_assert_cmpuint(expired, ==, 1);
    hw_unplug(dev);
}

/* Nobody would hear of it: it is not there. */
static void test_no_watchdog(void)
{
    Device *dev = plug();

    hw_out32(TCO + 0x10, 0xffffffff);
    hw_out32(TCO, 0xffffffff);
    g_assert_cmphex(hw_in32(TCO + 0x10), ==, 0);
    g_assert_cmphex(hw_in32(TCO), ==, 0);
    hw_step(G_GINT64_CONSTANT(2000000000000));
    g_assert_cmphex(hw_in32(TCO + 0x04), ==, 0);
    hw_unplug(dev);
}

static void test_walk(void)
{
    Device *dev = hw_plug(&ich9_pm_class, NULL, wire_watchdog);

    vm_set_action(ACTION_SHUTDOWN, SHUTDOWN_ACTION_PAUSE);
    dev = hw_walk(dev, NULL, wire_watchdog, FALSE, BASE, ICH9_PM_SIZE);
    hw_unplug(hw_walk(dev, NULL, wire_watchdog, FALSE, ICH9_APM_CNT, 2));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    hw_board_make();
    g_test_add_func("/hw/ich9-pm/base", test_base);
    g_test_add_func("/hw/ich9-pm/power-button", test_power_button);
    g_test_add_func("/hw/ich9-pm/gpe", test_gpe);
    g_test_add_func("/hw/ich9-pm/timer", test_timer);
    g_test_add_func("/hw/ich9-pm/sleep", test_sleep);
    g_test_add_func("/hw/ich9-pm/no-s4", test_no_s4);
    g_test_add_func("/hw/ich9-pm/watchdog", test_watchdog);
    g_test_add_func("/hw/ich9-pm/watchdog-halted", test_watchdog_halted);
    g_test_add_func("/hw/ich9-pm/no-watchdog", test_no_watchdog);
    g_test_add_func("/hw/ich9-pm/walk", test_walk);
    return g_test_run();
}
