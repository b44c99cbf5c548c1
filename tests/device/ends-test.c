/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a VM ends and begins again: every way to a reset and to power-off, with every
 * policy of -action and set-action, on both boards.
 */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define PM_BASE   0x600
#define RCRB      0xfed1c000u
#define GCS       (RCRB + 0x3410)
#define TCO       (PM_BASE + 0x60)
#define TCO_STEP  600000000ll
#define GED_SLEEP 0xfea00010u
#define GED_RESET 0xfea00012u

/* Ways to the end */

static void qmp_reset(QTest *q)
{
    board_qmp(q, "system_reset");
}

static void cf9_soft(QTest *q)
{
    qtest_outb(q, 0xcf9, 0x00);
    qtest_outb(q, 0xcf9, 0x04);
}

static void cf9_hard(QTest *q)
{
    qtest_outb(q, 0xcf9, 0x02);
    g_assert_cmphex(qtest_inb(q, 0xcf9), ==, 0x02);
    qtest_outb(q, 0xcf9, 0x06);
}

static void cf9_full(QTest *q)
{
    qtest_outb(q, 0xcf9, 0x0a);
    qtest_outb(q, 0xcf9, 0x0e);
}

static void port92(QTest *q)
{
    qtest_outb(q, 0x92, 0x00);
    qtest_outb(q, 0x92, 0x01);
}

static void i8042_pulse(QTest *q)
{
    qtest_outb(q, 0x64, 0xfe);
}

static void i8042_output(QTest *q)
{
    qtest_outb(q, 0x64, 0xd1);
    qtest_outb(q, 0x60, 0x02);
}

/* The watchdog's second time-out is the end. */
static void watchdog(QTest *q)
{
    qtest_outw(q, TCO + 0x12, 4);
    qtest_outb(q, TCO, 0);
    qtest_clock_step(q, 8 * TCO_STEP);
}

static void s5(QTest *q)
{
    qtest_outw(q, PM_BASE + 4, 0x2000);
}

static void s4(QTest *q)
{
    qtest_outw(q, PM_BASE + 4, 0x2000 | 2 << 10);
}

static void ged_reset(QTest *q)
{
    qtest_writeb(q, GED_RESET, 0x42);
}

static void ged_sleep(QTest *q)
{
    qtest_writeb(q, GED_SLEEP, 0x20 | 5 << 2);
}

typedef struct Way {
    const char *board;
    void (*go)(QTest *q);
    gboolean resets; /* else it powers off */
    gboolean guest;
    const char *reason, *before; /* before: an event that comes first, or NULL */
} Way;

static const Way ways[] = {
    { "q35", qmp_reset, TRUE, FALSE, "host-qmp-system-reset", NULL },
    { "q35", cf9_soft, TRUE, TRUE, "guest-reset", NULL },
    { "q35", cf9_hard, TRUE, TRUE, "guest-reset", NULL },
    { "q35", cf9_full, TRUE, TRUE, "guest-reset", NULL },
    { "q35", port92, TRUE, TRUE, "guest-reset", NULL },
    { "q35", i8042_pulse, TRUE, TRUE, "guest-reset", NULL },
    { "q35", i8042_output, TRUE, TRUE, "guest-reset", NULL },
    { "q35", watchdog, TRUE, TRUE, "guest-reset", "WATCHDOG" },
    { "q35", s5, FALSE, TRUE, "guest-shutdown", NULL },
    { "q35", s4, FALSE, TRUE, "guest-shutdown", "SUSPEND_DISK" },
    { "microvm", qmp_reset, TRUE, FALSE, "host-qmp-system-reset", NULL },
    { "microvm", ged_reset, TRUE, TRUE, "guest-reset", NULL },
    { "microvm", ged_sleep, FALSE, TRUE, "guest-shutdown", NULL },
};

/* What comes of it */

static void expect_cause(QTest *q, const char *event, gboolean guest, const char *reason)
{
    g_autoptr(JsonObject) object = qtest_event_wait(q, event);
    JsonObject *data = json_object_get_object_member(object, "data");
    g_assert_cmpint(json_object_get_boolean_member(data, "guest"), ==, guest);
    g_assert_cmpstr(json_object_get_string_member(data, "reason"), ==, reason);
}

static void expect_status(QTest *q, const char *status)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"query-status\"}");
    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(info), "status"),
                    ==, status);
}

static void set_action(QTest *q, const char *what)
{
    json_node_unref(
        qtest_qmp_ok(q, "{\"execute\": \"set-action\", \"arguments\": {%s}}", what));
}

static void go(QTest *q, const Way *w, const char *event)
{
    w->go(q);
    if (w->before) {
        board_wait(q, w->before);
    }
    expect_cause(q, event, w->guest, w->reason);
}

/* Stopped for good: only a reset helps, and `cont` after that. */
static void expect_off(QTest *q)
{
    board_wait(q, "STOP");
    expect_status(q, "shutdown");
    g_autofree char *error = qtest_qmp_fails(q, "{\"execute\": \"cont\"}");
    g_assert_cmpstr(error, ==, "Resetting the Virtual Machine is required");
    set_action(q, "\"reboot\": \"reset\"");
    board_qmp(q, "system_reset");
    expect_cause(q, "RESET", FALSE, "host-qmp-system-reset");
    expect_status(q, "prelaunch");
    board_qmp(q, "cont");
    board_wait(q, "RESUME");
    expect_status(q, "running");
}

static void check_kept(QTest *q, const Way *w)
{
    if (w->resets) {
        go(q, w, "RESET");
        expect_status(q, "running");
        set_action(q, "\"reboot\": \"shutdown\"");
    }
    go(q, w, "SHUTDOWN");
    expect_off(q);
    g_assert_false(qtest_event_seen(q, "SHUTDOWN") || qtest_event_seen(q, "RESET"));
}

/* The policy of a VM that stays is changed while it runs. */
static void test_kept(gconstpointer board)
{
    QTest *q = qtest_start("-M %s -m 16 -no-shutdown", (const char *)board);
    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (strcmp(ways[i].board, board) == 0) {
            check_kept(q, &ways[i]);
        }
    }
    qtest_stop(q);
}

static void test_ending(gconstpointer board)
{
    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (strcmp(ways[i].board, board) == 0) {
            QTest *q = qtest_start("-M %s -m 16 -no-reboot", (const char *)board);
            go(q, &ways[i], "SHUTDOWN");
            g_assert_cmpint(qtest_wait_exit(q), ==, 0);
        }
    }
}

/* Of options that say it twice the last one counts. */
static void test_options(void)
{
    static const struct {
        const char *options, *event, *status; /* of a reset; NULL: it ends */
    } cases[] = {
        { "", "RESET", "running" },
        { "-no-reboot", "SHUTDOWN", NULL },
        { "-no-reboot -no-shutdown", "SHUTDOWN", "shutdown" },
        { "-action reboot=shutdown,shutdown=pause", "SHUTDOWN", "shutdown" },
        { "-action reboot=shutdown -action shutdown=pause", "SHUTDOWN", "shutdown" },
        { "-no-reboot -action reboot=reset", "RESET", "running" },
        { "-action reboot=reset -no-reboot", "SHUTDOWN", NULL },
        { "-no-reboot -no-shutdown -action shutdown=poweroff", "SHUTDOWN", NULL },
        { "-S", "RESET", "prelaunch" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        QTest *q = qtest_start("-M q35 -m 16 %s", cases[i].options);
        board_qmp(q, "system_reset");
        expect_cause(q, cases[i].event, FALSE, "host-qmp-system-reset");
        if (cases[i].status) {
            expect_status(q, cases[i].status);
            qtest_stop(q);
        } else {
            g_assert_cmpint(qtest_wait_exit(q), ==, 0);
        }
    }
}

/* A VM that was stopped stays so; `quit` ends also what a power-off does not. */
static void test_stopped(void)
{
    QTest *q = qtest_start("-M q35 -m 16 -no-shutdown");
    board_qmp(q, "stop");
    board_wait(q, "STOP");
    expect_status(q, "paused");
    board_reset(q);
    expect_status(q, "prelaunch");
    board_qmp(q, "cont");
    board_wait(q, "RESUME");
    board_qmp(q, "quit");
    expect_cause(q, "SHUTDOWN", FALSE, "host-qmp-quit");
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
}

/* The power button */

static gboolean sci(QTest *q)
{
    return board_irq(q, 9);
}

static void press(QTest *q)
{
    board_qmp(q, "system_powerdown");
    board_wait(q, "POWERDOWN");
}

static void test_power_button(void)
{
    QTest *q = qtest_start("-M q35 -m 16");
    qtest_irq_intercept_in(q, "ioapic");
    press(q);
    g_assert_cmphex(qtest_inw(q, PM_BASE), ==, 0x0100);
    g_assert_false(sci(q));
    qtest_outb(q, 0xb2, 2); /* ACPI on */
    g_assert_false(sci(q));
    qtest_outw(q, PM_BASE + 2, 0x0100);
    g_assert_true(sci(q));
    qtest_outw(q, PM_BASE, 0x0100);
    g_assert_false(sci(q));
    press(q);
    g_assert_true(sci(q));
    board_reset(q);
    g_assert_false(sci(q));
    g_assert_cmphex(qtest_inw(q, PM_BASE), ==, 0);
    qtest_stop(q);
}

/* S3 does nothing, whatever the guest has been told; S4 by the value that was chosen. */
static void test_sleep_types(void)
{
    QTest *q = qtest_start("-M q35 -m 16 -no-shutdown -global ICH9-LPC.s4_val=6");
    for (unsigned type = 1; type < 6; type++) {
        qtest_outw(q, PM_BASE + 4, 0x2000 | type << 10);
        expect_status(q, "running");
    }
    qtest_outw(q, PM_BASE + 4, 0x2000 | 6 << 10);
    board_wait(q, "SUSPEND_DISK");
    expect_cause(q, "SHUTDOWN", TRUE, "guest-shutdown");
    qtest_stop(q);

    q = qtest_start("-M q35 -m 16 -global ICH9-LPC.disable_s4=1");
    s4(q);
    expect_status(q, "running");
    g_autoptr(JsonNode) info =
        qtest_qmp_ok(q, "{\"execute\": \"query-current-machine\"}");
    g_assert_false(json_object_get_boolean_member(json_node_get_object(info),
                                                  "wakeup-suspend-support"));
    g_autofree char *error = qtest_qmp_fails(q, "{\"execute\": \"system_wakeup\"}");
    g_assert_cmpstr(error, ==, "wake-up from suspend is not supported by this guest");
    qtest_stop(q);
}

/* The watchdog */

static void expect_watchdog(QTest *q, const char *action)
{
    g_autoptr(JsonObject) event = qtest_event_wait(q, "WATCHDOG");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_cmpstr(json_object_get_string_member(data, "action"), ==, action);
}

static void set_watchdog(QTest *q, const char *action)
{
    json_node_unref(qtest_qmp_ok(q,
                                 "{\"execute\": \"watchdog-set-action\","
                                 " \"arguments\": {\"action\": \"%s\"}}",
                                 action));
}

static void test_watchdog(void)
{
    static const char *const harmless[] = { "none", "debug", "inject-nmi" };
    QTest *q = qtest_start("-M q35 -m 16 -watchdog-action pause");
    watchdog(q);
    expect_watchdog(q, "pause");
    board_wait(q, "STOP");
    expect_status(q, "watchdog");
    board_qmp(q, "cont");
    board_wait(q, "RESUME");
    for (guint i = 0; i < G_N_ELEMENTS(harmless); i++) {
        set_watchdog(q, harmless[i]);
        watchdog(q);
        expect_watchdog(q, harmless[i]);
        expect_status(q, "running");
    }
    set_watchdog(q, "shutdown");
    watchdog(q);
    expect_watchdog(q, "shutdown");
    board_wait(q, "POWERDOWN");
    g_assert_cmphex(qtest_inw(q, PM_BASE) & 0x0100, ==, 0x0100);
    set_action(q, "\"watchdog\": \"poweroff\", \"shutdown\": \"pause\"");
    watchdog(q);
    expect_watchdog(q, "poweroff");
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
}

/* The guest may have said that it is not to be rebooted, and the board always. */
static void test_no_reboot_strap(void)
{
    QTest *q = qtest_start("-M q35 -m 16");
    qtest_writel(q, GCS, 0x20);
    watchdog(q);
    expect_status(q, "running");
    g_assert_false(qtest_event_seen(q, "WATCHDOG"));
    qtest_writel(q, GCS, 0);
    watchdog(q);
    board_wait(q, "RESET");
    qtest_stop(q);

    q = qtest_start("-M q35 -m 16 -global ICH9-LPC.noreboot=on");
    qtest_writel(q, GCS, 0);
    g_assert_cmphex(qtest_readl(q, GCS) & 0x20, ==, 0x20);
    watchdog(q);
    expect_status(q, "running");
    g_assert_false(qtest_event_seen(q, "WATCHDOG"));
    qtest_stop(q);

    q = qtest_start("-M q35 -m 16 -global ICH9-LPC.enable_tco=off");
    watchdog(q);
    expect_status(q, "running");
    g_assert_false(qtest_event_seen(q, "WATCHDOG"));
    g_assert_cmphex(qtest_inw(q, PM_BASE + 0x72), ==, 0); /* nothing is there */
    qtest_stop(q);
}

static void test_refused(void)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        { "-action reboot=pause", "-action reboot=pause: Parameter 'reboot' does not" },
        { "-action shutdown=reset",
          "Parameter 'shutdown' does not accept value 'reset'" },
        { "-action panic=run", "Parameter 'panic' does not accept value 'run'" },
        { "-watchdog-action foo", "Parameter 'watchdog' does not accept value 'foo'" },
        { "-action foo=bar", "Invalid parameter 'foo'" },
        { "-global ICH9-LPC.disable_s3=0",
          "-global ICH9-LPC.disable_s3=0: suspend to memory is not supported" },
        { "-global ICH9-LPC.disable_s4=2",
          "-global ICH9-LPC.disable_s4=2: Parameter 'disable_s4' expects" },
        { "-global ICH9-LPC.s4_val=1", /* S3's */
          "-global ICH9-LPC.s4_val=1: Parameter 's4_val' expects a number from 2 to 7" },
        { "-global ICH9-LPC.s4_val=8", "-global ICH9-LPC.s4_val=8: Parameter 's4_val'" },
        { "-global ich9-pm.disable_s4=1", /* once there, and without any effect */
          "-global ich9-pm.disable_s4=1: Property 'ich9-pm.disable_s4' not found" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *args =
            g_strdup_printf("-accel qtest -M q35 %s", cases[i].options);
        g_autofree char *said = NULL;
        g_assert_cmpint(qtest_run(args, &said), ==, 1);
        if (!strstr(said, cases[i].message)) {
            g_error("%s: '%s' does not say '%s'", args, said, cases[i].message);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/ends/kept/q35", "q35", test_kept);
    g_test_add_data_func("/ends/kept/microvm", "microvm", test_kept);
    g_test_add_data_func("/ends/ending/q35", "q35", test_ending);
    g_test_add_data_func("/ends/ending/microvm", "microvm", test_ending);
    g_test_add_func("/ends/options", test_options);
    g_test_add_func("/ends/stopped", test_stopped);
    g_test_add_func("/ends/power-button", test_power_button);
    g_test_add_func("/ends/sleep-types", test_sleep_types);
    g_test_add_func("/ends/watchdog", test_watchdog);
    g_test_add_func("/ends/no-reboot-strap", test_no_reboot_strap);
    g_test_add_func("/ends/refused", test_refused);
    return g_test_run();
}
