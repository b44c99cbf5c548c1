/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the board's devices moves from one process to another. */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define COM1   0x3f8
#define IOAPIC 0xfec00000u
#define GED    0xfea00000u

#define OPTIONS                                                                          \
    "-M microvm -m 16 -nodefaults -device isa-serial,id=com -object rng-random,id=r "    \
    "-device virtio-rng-device,rng=r,bus=virtio-mmio-bus.5 "

static void rtc_set(QTest *q, guint8 reg, guint8 value)
{
    qtest_outb(q, 0x70, reg);
    qtest_outb(q, 0x71, value);
}

static guint8 rtc_get(QTest *q, guint8 reg)
{
    qtest_outb(q, 0x70, reg);
    return qtest_inb(q, 0x71);
}

static void ioapic_set(QTest *q, guint8 reg, guint32 value)
{
    qtest_writel(q, IOAPIC, reg);
    qtest_writel(q, IOAPIC + 0x10, value);
}

static guint32 ioapic_get(QTest *q, guint8 reg)
{
    qtest_writel(q, IOAPIC, reg);
    return qtest_readl(q, IOAPIC + 0x10);
}

/* Each device is left in a state that is not the one after power-on. */
static void prepare(QTest *q)
{
    qtest_outb(q, COM1 + 2, 0x81); /* FIFO, trigger level 8 */
    qtest_outb(q, COM1 + 3, 0x83);
    qtest_outb(q, COM1 + 0, 0x34);
    qtest_outb(q, COM1 + 1, 0x12); /* divisor */
    qtest_outb(q, COM1 + 3, 0x1b);
    qtest_outb(q, COM1 + 7, 0x42);
    qtest_outb(q, COM1 + 4, 0x10); /* loopback: three characters in the FIFO */
    qtest_outb(q, COM1 + 0, 'a');
    qtest_outb(q, COM1 + 0, 'b');
    qtest_outb(q, COM1 + 0, 'c');

    rtc_set(q, 0x40, 0xa5);
    rtc_set(q, 0x0b, 0x82);
    rtc_set(q, 0x09, 0x01); /* 2001 */
    rtc_set(q, 0x32, 0x20);
    rtc_set(q, 0x0b, 0x02);
    g_free(qtest_command_line(q, "clock_step 2000000000")); /* periods go by ... */
    g_assert_cmphex(rtc_get(q, 0x0c) & 0x40, ==, 0x40);     /* ... and are seen */
    g_assert_cmphex(rtc_get(q, 0x0c) & 0x40, ==, 0);

    ioapic_set(q, 0x11 + 2 * 20, 0x03000000);
    ioapic_set(q, 0x10 + 2 * 20, 0x8071);
    g_free(qtest_command_line(q, "set_irq_in ioapic unnamed-gpio-in 20 1"));

    board_qmp(q, "system_powerdown"); /* while the pin is masked */
    board_wait(q, "POWERDOWN");
    ioapic_set(q, 0x10 + 2 * 9, 0x61);
}

static void expect(QTest *q)
{
    g_assert_cmphex(qtest_inb(q, COM1 + 7), ==, 0x42);
    g_assert_cmphex(qtest_inb(q, COM1 + 3), ==, 0x1b);
    g_assert_cmphex(qtest_inb(q, COM1 + 4), ==, 0x10);
    g_assert_cmphex(qtest_inb(q, COM1 + 5), ==, 0x61);
    g_assert_cmphex(qtest_inb(q, COM1 + 2), ==, 0xc1);
    for (const char *p = "abc"; *p; p++) {
        g_assert_cmphex(qtest_inb(q, COM1 + 0), ==, *p);
    }
    g_assert_cmphex(qtest_inb(q, COM1 + 5), ==, 0x60);
    qtest_outb(q, COM1 + 3, 0x83);
    g_assert_cmphex(qtest_inb(q, COM1 + 0), ==, 0x34);
    g_assert_cmphex(qtest_inb(q, COM1 + 1), ==, 0x12);

    g_assert_cmphex(rtc_get(q, 0x40), ==, 0xa5);
    g_assert_cmphex(rtc_get(q, 0x09), ==, 0x01);
    g_assert_cmphex(rtc_get(q, 0x0c) & 0x40, ==, 0); /* no period on the way */

    g_assert_cmphex(ioapic_get(q, 0x10 + 2 * 20), ==, 0xc071); /* remote IRR */
    g_assert_cmphex(ioapic_get(q, 0x11 + 2 * 20), ==, 0x03000000);

    g_assert_cmphex(qtest_readl(q, GED), ==, 1);
    g_assert_cmphex(qtest_readl(q, GED + 4), ==, 1 << 5);
}

/* "status" of query-migrate or query-status. */
static const char *get_status(QTest *q, const char *command)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"%s\"}", command);
    JsonObject *o = json_node_get_object(info);

    return json_object_has_member(o, "status")
               ? g_intern_string(json_object_get_string_member(o, "status"))
               : "none";
}

static void wait_status(QTest *q, const char *expected, const char *never)
{
    const char *status;

    while (strcmp(status = get_status(q, "query-migrate"), expected) != 0) {
        g_assert_cmpstr(status, !=, never);
        g_usleep(1000);
    }
}

static void migrate(QTest *q, const char *path)
{
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
}

static void test_migrate(void)
{
    QTest *from = qtest_start(OPTIONS), *to;
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    guint64 seen = 0;

    to = qtest_start(OPTIONS "-incoming unix:%s", path);
    g_free(qtest_command_line(to, "irq_intercept_out ioapic"));
    prepare(from);
    migrate(from, path);
    wait_status(from, "completed", "failed");
    board_wait(to, "RESUME");
    /* the power button's edge was lost on the way: it comes again */
    g_assert_cmpuint(board_irq_raised(to, 0x61, &seen), ==, 1);
    expect(to);
    qtest_stop(from);
    qtest_stop(to);
}

/* A destination that differs refuses and does not run; the source goes on. */
static void test_refused(void)
{
    QTest *from = qtest_start(OPTIONS), *to;
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);

    to = qtest_start("-M microvm -m 16 -nodefaults -incoming unix:%s", path);
    migrate(from, path);
    wait_status(from, "failed", "completed");
    g_assert_cmpstr(get_status(from, "query-status"), ==, "running");
    g_assert_cmpstr(get_status(to, "query-status"), ==, "inmigrate");
    qtest_stop(from);
    qtest_stop(to);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/board/migrate", test_migrate);
    g_test_add_func("/board/migrate-refused", test_refused);
    return g_test_run();
}
