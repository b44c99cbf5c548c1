/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU hot-plug's registers: what is not asked of QEMU (tests/golden/cpu-hotplug), which
 * is what monitors hear, ejections, and migrations.
 */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define BITMAP    0xcd8
#define SELECTOR  0xcd8
#define FLAGS     0xcdc
#define COMMAND   0xcdd
#define DATA      0xce0
#define BOARD     "-M q35 -m 16 -smp 3"
#define THERE     0x01
#define FIRMWARES 0x10

static void check_selected(QTest *q, guint32 n, guint8 flags)
{
    qtest_outb(q, COMMAND, 3);
    g_assert_cmphex(qtest_inl(q, DATA), ==, n);
    g_assert_cmphex(qtest_inb(q, FLAGS), ==, flags);
}

/* No processor goes, whatever the guest says; nor is the first one firmware's. */
static void test_ejection(void)
{
    QTest *q = qtest_start(BOARD);
    qtest_outb(q, BITMAP, 0);
    for (guint32 n = 0; n < 3; n++) {
        qtest_outl(q, SELECTOR, n);
        for (unsigned flags = 0; flags < 0x10; flags++) {
            qtest_outb(q, FLAGS, flags);
        }
        qtest_outb(q, FLAGS, 0x18);
        check_selected(q, n, THERE);
        qtest_outb(q, FLAGS, FIRMWARES);
        check_selected(q, n, n ? THERE | FIRMWARES : THERE);
        qtest_outb(q, FLAGS, 0x08);
        check_selected(q, n, n ? THERE | FIRMWARES : THERE);
    }
    qtest_stop(q);
}

static void check_ost(QTest *q, const char *slot, gint64 source, gint64 status)
{
    g_autoptr(JsonObject) event = qtest_event_wait(q, "ACPI_DEVICE_OST");
    JsonObject *data = json_object_get_object_member(event, "data");
    JsonObject *info = json_object_get_object_member(data, "info");
    g_assert_cmpstr(json_object_get_string_member(info, "slot"), ==, slot);
    g_assert_cmpstr(json_object_get_string_member(info, "slot-type"), ==, "CPU");
    g_assert_cmpint(json_object_get_int_member(info, "source"), ==, source);
    g_assert_cmpint(json_object_get_int_member(info, "status"), ==, status);
    g_assert_false(json_object_has_member(info, "device"));
}

static void say(QTest *q, guint32 n, guint8 command, guint32 value)
{
    qtest_outl(q, SELECTOR, n);
    qtest_outb(q, COMMAND, command);
    qtest_outl(q, DATA, value);
}

/* Of each processor its own event; what is said of no processor, nobody hears. */
static void test_ost(void)
{
    QTest *q = qtest_start(BOARD);
    qtest_outb(q, BITMAP, 0);
    say(q, 1, 1, 0x103);
    say(q, 2, 1, 0xfffffffe);
    say(q, 3, 1, 0x55);
    say(q, 1, 2, 0x80);
    check_ost(q, "1", 0x103, 0x80);
    say(q, 3, 2, 0x81);
    say(q, 2, 2, 0xffffffff);
    check_ost(q, "2", 0xfffffffe, 0xffffffff);
    say(q, 0, 2, 0);
    check_ost(q, "0", 0, 0);
    qtest_stop(q);
}

static QTest *migrate(QTest *from)
{
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    QTest *to = qtest_start(BOARD " -incoming unix:%s", path);
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    qtest_wait_migrated(from);
    board_wait(to, "RESUME");
    qtest_stop(from);
    return to;
}

static void test_migrate(void)
{
    QTest *q = migrate(qtest_start(BOARD));
    g_assert_cmphex(qtest_inl(q, BITMAP), ==, 0x07); /* has not been switched over */
    g_assert_cmphex(qtest_inb(q, 0xcf7), ==, 0);
    qtest_outb(q, BITMAP, 0);
    qtest_outl(q, SELECTOR, 2);
    qtest_outb(q, FLAGS, FIRMWARES);
    qtest_outb(q, COMMAND, 1);
    qtest_outl(q, DATA, 0x103);
    qtest_outb(q, COMMAND, 2);
    q = migrate(q);
    g_assert_cmphex(qtest_inb(q, 0xcf7), ==, 0xff);
    g_assert_cmphex(qtest_inb(q, FLAGS), ==, THERE | FIRMWARES);
    qtest_outl(q, DATA, 0x01);
    check_ost(q, "2", 0x103, 0x01);
    check_selected(q, 2, THERE | FIRMWARES);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cpu-hotplug/ejection", test_ejection);
    g_test_add_func("/cpu-hotplug/ost", test_ost);
    g_test_add_func("/cpu-hotplug/migrate", test_migrate);
    return g_test_run();
}
