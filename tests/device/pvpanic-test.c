/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The panic device over qtest: what it tells, what each -action makes of it. */
#include "config.h"

#include "tests/device/board.h"

#define PORT         0x505
#define PANICKED     0x01
#define CRASH_LOADED 0x02
#define BOARD        "-M microvm -m 16 -device pvpanic"

static void expect_action(QTest *q, const char *name, const char *action)
{
    g_autoptr(JsonObject) event = qtest_event_wait(q, name);
    JsonObject *data = json_object_get_object_member(event, "data");

    g_assert_cmpstr(json_object_get_string_member(data, "action"), ==, action);
}

static char *status(QTest *q)
{
    g_autoptr(JsonNode) state = qtest_qmp_ok(q, "{\"execute\": \"query-status\"}");

    return g_strdup(json_object_get_string_member(json_node_get_object(state), "status"));
}

static void expect_status(QTest *q, const char *wanted)
{
    g_autofree char *got = status(q);

    g_assert_cmpstr(got, ==, wanted);
}

static void test_port(void)
{
    QTest *q = qtest_start(BOARD);

    g_assert_cmphex(qtest_inb(q, PORT), ==, PANICKED | CRASH_LOADED);
    qtest_outb(q, PORT, 0x80); /* no event */
    qtest_outb(q, PORT, CRASH_LOADED);
    expect_action(q, "GUEST_CRASHLOADED", "run");
    expect_status(q, "running");
    qtest_stop(q);
}

static void test_properties(void)
{
    QTest *q = qtest_start("-M microvm -m 16 -device pvpanic,ioport=0x600,events=2 "
                           "-no-shutdown");

    g_assert_cmphex(qtest_inb(q, PORT), ==, 0xff);
    g_assert_cmphex(qtest_inb(q, 0x600), ==, CRASH_LOADED);
    qtest_outb(q, 0x600, PANICKED); /* which it does not offer */
    qtest_outb(q, 0x600, PANICKED | CRASH_LOADED);
    expect_action(q, "GUEST_CRASHLOADED", "run");
    expect_status(q, "running");
    qtest_stop(q);
}

static void panics(QTest *q)
{
    qtest_outb(q, PORT, PANICKED);
    expect_action(q, "GUEST_PANICKED", "pause");
    board_wait(q, "STOP");
    expect_status(q, "guest-panicked");
}

/*
 * As the driver runs its VMs, and as a debugger has it. The guest may go on, and panic
 * again; a reset brings it back.
 */
static void test_pause(gconstpointer action)
{
    QTest *q = qtest_start(BOARD " %s", (const char *)action);

    panics(q);
    board_qmp(q, "cont");
    board_wait(q, "RESUME");
    expect_status(q, "running");
    panics(q);
    board_reset(q);
    expect_status(q, "prelaunch");
    board_qmp(q, "cont");
    expect_status(q, "running");
    qtest_stop(q);
}

static void test_none(void)
{
    QTest *q = qtest_start(BOARD " -action panic=none");

    qtest_outb(q, PORT, PANICKED);
    expect_action(q, "GUEST_PANICKED", "run");
    expect_status(q, "running");
    qtest_stop(q);
}

static void check_end(const char *args, int exit_status)
{
    QTest *q = qtest_start("%s", args);
    g_autoptr(JsonObject) event = NULL;
    JsonObject *data;

    qtest_outb(q, PORT, PANICKED);
    expect_action(q, "GUEST_PANICKED", "poweroff");
    event = qtest_event_wait(q, "SHUTDOWN");
    data = json_object_get_object_member(event, "data");
    g_assert_true(json_object_get_boolean_member(data, "guest"));
    g_assert_cmpstr(json_object_get_string_member(data, "reason"), ==, "guest-panic");
    g_assert_cmpint(qtest_wait_exit(q), ==, exit_status);
}

static void test_end(void)
{
    check_end(BOARD, 0);
    check_end(BOARD " -action panic=shutdown", 0);
    check_end(BOARD " -action panic=exit-failure", 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pvpanic/port", test_port);
    g_test_add_func("/pvpanic/properties", test_properties);
    g_test_add_data_func("/pvpanic/no-shutdown", "-no-shutdown", test_pause);
    g_test_add_data_func("/pvpanic/pause", "-action panic=pause", test_pause);
    g_test_add_func("/pvpanic/none", test_none);
    g_test_add_func("/pvpanic/end", test_end);
    return g_test_run();
}
