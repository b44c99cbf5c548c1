/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client library itself, and the smallest board: RAM, clock, events, refusals. */
#include "tests/device/qtest.h"

#include <string.h>

static void test_memory_and_clock(void)
{
    QTest *q = qtest_start("-machine microvm -m 16M");
    char buf[5000], back[5000];
    for (gsize i = 0; i < sizeof(buf); i++) {
        buf[i] = (char)(i * 7);
    }
    qtest_memwrite(q, 0x10000, buf, sizeof(buf));
    qtest_memread(q, 0x10000, back, sizeof(back));
    g_assert_cmpmem(buf, sizeof(buf), back, sizeof(back));
    qtest_writel(q, 0x20000, 0x11223344);
    g_assert_cmphex(qtest_readw(q, 0x20002), ==, 0x1122);
    qtest_memset(q, 0x20000, 0x55, 3);
    g_assert_cmphex(qtest_readl(q, 0x20000), ==, 0x11555555);
    g_assert_cmphex(qtest_readq(q, 16 << 20), ==, G_MAXUINT64); /* behind the RAM */
    gint64 now = qtest_clock_step(q, 1000000);
    g_assert_cmpint(qtest_clock_step(q, 5), ==, now + 5);
    qtest_stop(q);
}

static void test_run_state(void)
{
    QTest *q = qtest_start("-machine microvm -m 16M");
    json_node_unref(qtest_qmp_ok(q, "{\"execute\": \"stop\"}"));
    json_object_unref(qtest_event_wait(q, "STOP"));
    json_node_unref(qtest_qmp_ok(q, "{\"execute\": \"cont\"}"));
    json_object_unref(qtest_event_wait(q, "RESUME"));
    json_node_unref(qtest_qmp_ok(q, "{\"execute\": \"system_reset\"}"));
    g_autoptr(JsonObject) event = qtest_event_wait(q, "RESET");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_cmpstr(json_object_get_string_member(data, "reason"), ==,
                    "host-qmp-system-reset");
    g_assert_false(qtest_event_seen(q, "RESET"));
    g_autofree char *text = qtest_qmp_fails(q, "{\"execute\": \"frob\"}");
    g_assert_nonnull(strstr(text, "frob"));
    qtest_stop(q);
}

static void test_refused(void)
{
    g_autofree char *messages = NULL;
    g_assert_cmpint(
        qtest_run("-machine microvm -accel qtest -smp 2,threads=3", &messages), ==, 1);
    g_assert_nonnull(strstr(messages, "-smp"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device/qtest/memory", test_memory_and_clock);
    g_test_add_func("/device/qtest/run-state", test_run_state);
    g_test_add_func("/device/qtest/refused", test_refused);
    return g_test_run();
}
