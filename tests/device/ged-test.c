/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI event device over qtest: power button, bus check, sleep, reset. */
#include "config.h"

#include "tests/device/board.h"

#define BASE    0xfea00000u
#define EVENTS  (BASE + 0x00)
#define PRESENT (BASE + 0x04)
#define SLEEP   (BASE + 0x10)
#define STATUS  (BASE + 0x11)
#define RESET   (BASE + 0x12)
#define PIN     9

static void expect_event(QTest *q, const char *name, gboolean guest, const char *reason)
{
    g_autoptr(JsonObject) event = qtest_event_wait(q, name);
    JsonObject *data = json_object_get_object_member(event, "data");

    g_assert_cmpint(json_object_get_boolean_member(data, "guest"), ==, guest);
    g_assert_cmpstr(json_object_get_string_member(data, "reason"), ==, reason);
}

static void test_power_button(void)
{
    QTest *q = qtest_start("-M microvm -m 16");
    guint64 seen = 0;

    qtest_irq_intercept_in(q, "ioapic");
    g_assert_cmphex(qtest_readl(q, EVENTS), ==, 0);
    board_qmp(q, "system_powerdown");
    board_wait(q, "POWERDOWN");
    g_assert_cmpuint(board_irq_raised(q, PIN, &seen), ==, 1);
    g_assert_cmphex(qtest_readl(q, EVENTS), ==, 1);
    g_assert_cmphex(qtest_readl(q, EVENTS), ==, 0);
    qtest_stop(q);
}

static void test_sleep(void)
{
    QTest *q = qtest_start("-M microvm -m 16");
    qtest_writeb(q, STATUS, 0x80);
    g_assert_cmphex(qtest_readb(q, STATUS), ==, 0);
    qtest_writeb(q, SLEEP, 5 << 2);        /* without SLP_EN */
    qtest_writeb(q, SLEEP, 0x20 | 3 << 2); /* S3: there is none */
    g_assert_cmphex(qtest_readb(q, STATUS), ==, 0);
    qtest_writeb(q, SLEEP, 0x20 | 5 << 2);
    expect_event(q, "SHUTDOWN", TRUE, "guest-shutdown");
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
}

static void test_no_shutdown(void)
{
    QTest *q = qtest_start("-M microvm -m 16 -no-shutdown");
    g_autoptr(JsonNode) state = NULL;

    qtest_writeb(q, SLEEP, 0x20 | 5 << 2);
    expect_event(q, "SHUTDOWN", TRUE, "guest-shutdown");
    state = qtest_qmp_ok(q, "{\"execute\": \"query-status\"}");
    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(state), "status"),
                    ==, "shutdown");
    qtest_stop(q);
}

static void test_reset(void)
{
    QTest *q = qtest_start("-M microvm -m 16");

    board_qmp(q, "system_powerdown");
    board_wait(q, "POWERDOWN");
    qtest_writeb(q, RESET, 0x41); /* not the value */
    qtest_writeb(q, RESET, 0x42);
    expect_event(q, "RESET", TRUE, "guest-reset");
    g_assert_cmphex(qtest_readl(q, EVENTS), ==, 0);
    qtest_stop(q);
}

static void test_no_reboot(void)
{
    QTest *q = qtest_start("-M microvm -m 16 -no-reboot");
    qtest_writeb(q, RESET, 0x42);
    expect_event(q, "SHUTDOWN", TRUE, "guest-reset");
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
}

/* Devices of the command line are there; a plug is announced; an unplug stays shown. */
static void test_bus_check(void)
{
    QTest *q = qtest_start(
        "-M microvm -m 16 -object rng-random,id=r -device virtio-rng-device,rng=r "
        "-device virtio-rng-device,rng=r,bus=virtio-mmio-bus.23");
    guint64 seen = 0;

    qtest_irq_intercept_in(q, "ioapic");
    g_assert_cmphex(qtest_readl(q, PRESENT), ==, 1 | 1 << 23);
    g_assert_cmphex(qtest_readl(q, EVENTS), ==, 0);
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\": \"device_add\", \"arguments\": "
           "{\"driver\": \"virtio-rng-device\", \"rng\": \"r\", \"id\": \"c\"}}"));
    g_assert_cmpuint(board_irq_raised(q, PIN, &seen), ==, 1);
    g_assert_cmphex(qtest_readl(q, EVENTS), ==, 2);
    g_assert_cmphex(qtest_readl(q, PRESENT), ==, 3 | 1 << 23);
    json_node_unref(
        qtest_qmp_ok(q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"c\"}}"));
    board_wait(q, "DEVICE_DELETED");
    g_assert_cmphex(qtest_readl(q, PRESENT), ==, 3 | 1 << 23);
    g_assert_cmphex(qtest_readl(q, EVENTS), ==, 0);
    board_qmp(q, "system_reset");
    expect_event(q, "RESET", FALSE, "host-qmp-system-reset");
    g_assert_cmphex(qtest_readl(q, PRESENT), ==, 1 | 1 << 23);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ged/power-button", test_power_button);
    g_test_add_func("/ged/sleep", test_sleep);
    g_test_add_func("/ged/no-shutdown", test_no_shutdown);
    g_test_add_func("/ged/reset", test_reset);
    g_test_add_func("/ged/no-reboot", test_no_reboot);
    g_test_add_func("/ged/bus-check", test_bus_check);
    return g_test_run();
}
