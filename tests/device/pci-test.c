/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI of a q35 over qtest: what a guest without firmware finds, and hot-plug by ACPI as
 * the DSDT's methods do it, with repeats, refusals, resets, and a migration in between.
 */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define PORTS                                                                            \
    "-device pcie-root-port,id=rp0,bus=pcie.0,chassis=1,addr=2.0,multifunction=on "      \
    "-device pcie-root-port,id=rp1,bus=pcie.0,chassis=2,addr=2.1 "
#define TESTDEV 0x00051b36u
#define PORT    0x000c1b36u
#define RP0     0x10 /* devfn */
#define RP1     0x11

#define HOTPLUG    0xcc0
#define UP         (HOTPLUG + 0x00)
#define DOWN       (HOTPLUG + 0x04)
#define EJECT      (HOTPLUG + 0x08)
#define SELECT     (HOTPLUG + 0x10)
#define INDEX      (HOTPLUG + 0x14)
#define OST        0xcb0
#define OST_SLOT   (OST + 0x00)
#define OST_EVENT  (OST + 0x04)
#define OST_STATUS (OST + 0x08)

static guint32 config_read(QTest *q, unsigned bus, unsigned devfn, unsigned offset)
{
    qtest_outl(q, 0xcf8, 0x80000000u | bus << 16 | devfn << 8 | offset);
    return qtest_inl(q, 0xcfc);
}

static void config_write(QTest *q, unsigned bus, unsigned devfn, unsigned offset,
                         guint32 value)
{
    qtest_outl(q, 0xcf8, 0x80000000u | bus << 16 | devfn << 8 | offset);
    qtest_outl(q, 0xcfc, value);
}

static unsigned bus_behind(QTest *q, unsigned devfn)
{
    return config_read(q, 0, devfn, 0x18) >> 8 & 0xff;
}

static void add(QTest *q, const char *id, const char *bus)
{
    json_node_unref(qtest_qmp_ok(q,
                                 "{\"execute\": \"device_add\", \"arguments\": "
                                 "{\"driver\": \"pci-testdev\", \"id\": \"%s\", "
                                 "\"bus\": \"%s\"}}",
                                 id, bus));
}

static void del(QTest *q, const char *id)
{
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}}", id));
}

static void expect_del_fails(QTest *q, const char *id, const char *text)
{
    g_autofree char *error = qtest_qmp_fails(
        q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}}", id);
    g_assert_nonnull(strstr(error, text));
}

/* Of this device, and no other. */
static void wait_deleted(QTest *q, const char *id)
{
    g_autoptr(JsonObject) event = qtest_event_wait(q, "DEVICE_DELETED");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_cmpstr(json_object_get_string_member(data, "device"), ==, id);
}

static void test_layout(void)
{
    QTest *q =
        qtest_start("-M q35 -m 64 " PORTS "-device pci-testdev,id=t0,bus=pcie.0,addr=0x5 "
                    "-device pci-testdev,id=t1,bus=rp1,membar=1G");
    unsigned bus = bus_behind(q, RP1);
    g_assert_cmphex(config_read(q, 0, RP0, 0), ==, PORT);
    g_assert_cmphex(config_read(q, bus, 0, 0), ==, TESTDEV);
    guint32 bar = config_read(q, 0, 5 << 3, 0x10);
    g_assert_cmphex(bar, >=, 0xc0000000u);
    g_assert_cmphex(qtest_readl(q, bar), ==, 0); /* it decodes: zero is its answer */
    g_assert_cmphex(config_read(q, 0, 5 << 3, 0x04) & 3, ==, 3);
    /* The large BAR, and the window that leads to it, are above all RAM. */
    guint64 large = (config_read(q, bus, 0, 0x18) & ~0xfull) |
                    (guint64)config_read(q, bus, 0, 0x1c) << 32;
    guint64 base = (config_read(q, 0, RP1, 0x24) & 0xfff0ull) << 16 |
                   (guint64)config_read(q, 0, RP1, 0x28) << 32;
    g_assert_cmphex(large, >=, 0x100000000ull);
    g_assert_cmphex(large % 0x40000000u, ==, 0);
    g_assert_cmphex(base, <=, large);
    /* An empty port has room for what is to come: B03. */
    guint32 mem = config_read(q, 0, RP0, 0x20);
    g_assert_cmphex(mem >> 16, >, mem & 0xffff);
    g_assert_cmphex(config_read(q, 0, RP0, 0x28), >, 0);
    qtest_stop(q);
}

static void test_query(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " PORTS);
    g_autoptr(JsonNode) reply = qtest_qmp_ok(q, "{\"execute\": \"query-pci\"}");
    JsonObject *bus = json_array_get_object_element(json_node_get_array(reply), 0);
    JsonArray *devices = json_object_get_array_member(bus, "devices");
    g_assert_cmpuint(json_array_get_length(devices), ==, 5); /* MCH, ports, LPC, SATA */
    JsonObject *port = json_array_get_object_element(devices, 1);
    g_assert_cmpstr(json_object_get_string_member(port, "qdev_id"), ==, "rp0");
    g_assert_true(json_object_has_member(port, "pci_bridge"));
    qtest_stop(q);
}

static void test_plug(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " PORTS);
    unsigned bus = bus_behind(q, RP1);
    g_assert_cmphex(config_read(q, bus, 0, 0), ==, 0xffffffff);
    add(q, "t", "rp1");
    g_assert_cmphex(config_read(q, bus, 0, 0), ==, TESTDEV);
    g_assert_cmphex(qtest_inl(q, 0x620) & 2, ==, 2); /* GPE0_STS */
    qtest_outl(q, SELECT, 0);
    g_assert_cmphex(qtest_inl(q, UP), ==, 0);
    qtest_outl(q, SELECT, 1);
    g_assert_cmphex(qtest_inl(q, UP), ==, 1);
    g_assert_cmphex(qtest_inl(q, UP), ==, 0);
    /* There is one slot. */
    g_autofree char *full = qtest_qmp_fails(
        q, "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"pci-testdev\", "
           "\"id\": \"u\", \"bus\": \"rp1\"}}");
    g_assert_nonnull(strstr(full, "no slot/function available for pci-testdev"));
    qtest_stop(q);
}

static void test_unplug(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " PORTS);
    add(q, "t", "rp0");
    del(q, "t");
    expect_del_fails(q, "t", "Device t is already in the process of unplug");
    qtest_outl(q, SELECT, 0);
    g_assert_cmphex(qtest_inl(q, DOWN), ==, 1);
    qtest_clock_step(q, 6000000000); /* the first may have been lost */
    del(q, "t");
    qtest_outl(q, EJECT, 1);
    g_assert_cmphex(config_read(q, bus_behind(q, RP0), 0, 0), ==, 0xffffffff);
    g_assert_cmphex(qtest_inl(q, DOWN), ==, 0);
    wait_deleted(q, "t");
    add(q, "t", "rp0");      /* the same id, at once */
    qtest_outl(q, EJECT, 1); /* late, of the one before: B01 */
    g_assert_cmphex(config_read(q, bus_behind(q, RP0), 0, 0), ==, TESTDEV);
    qtest_outl(q, EJECT, 1); /* unasked */
    wait_deleted(q, "t");
    expect_del_fails(q, "t", "Device 't' not found");
    qtest_stop(q);
}

static void wait_ost(QTest *q, const char *id, gint64 source, gint64 status)
{
    g_autoptr(JsonObject) event = qtest_event_wait(q, "ACPI_DEVICE_OST");
    JsonObject *info = json_object_get_object_member(
        json_object_get_object_member(event, "data"), "info");
    g_assert_cmpstr(json_object_get_string_member(info, "slot"), ==, "0");
    g_assert_cmpstr(json_object_get_string_member(info, "slot-type"), ==, "PCI");
    g_assert_cmpint(json_object_get_int_member(info, "source"), ==, source);
    g_assert_cmpint(json_object_get_int_member(info, "status"), ==, status);
    g_assert_cmpint(json_object_has_member(info, "device"), ==, id != NULL);
    if (id) {
        g_assert_cmpstr(json_object_get_string_member(info, "device"), ==, id);
    }
}

/* As Linux answers: plugged, done; and of a slot that nothing is in any more. */
static void test_ost(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " PORTS);
    add(q, "t", "rp0");
    qtest_outl(q, SELECT, 0);
    qtest_outl(q, OST_SLOT, 0);
    qtest_outl(q, OST_EVENT, 1);
    qtest_outl(q, OST_STATUS, 0);
    wait_ost(q, "t", 1, 0);
    g_assert_cmphex(config_read(q, bus_behind(q, RP0), 0, 0), ==, TESTDEV);
    qtest_outl(q, EJECT, 1);
    wait_deleted(q, "t");
    qtest_outl(q, OST_EVENT, 0x103);
    qtest_outl(q, OST_STATUS, 0);
    wait_ost(q, NULL, 0x103, 0);
    qtest_stop(q);
}

/* The guest keeps it: B04. */
static void test_refused(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " PORTS);
    add(q, "t", "rp0");
    del(q, "t");
    qtest_outl(q, SELECT, 0);
    qtest_outl(q, OST_SLOT, 0);
    qtest_outl(q, OST_EVENT, 3);
    qtest_outl(q, OST_STATUS, 0x81);
    wait_ost(q, "t", 3, 0x81);
    g_autoptr(JsonObject) event = qtest_event_wait(q, "DEVICE_UNPLUG_GUEST_ERROR");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_cmpstr(json_object_get_string_member(data, "device"), ==, "t");
    g_assert_cmphex(qtest_inl(q, DOWN), ==, 0);
    g_assert_cmphex(config_read(q, bus_behind(q, RP0), 0, 0), ==, TESTDEV);
    del(q, "t");
    qtest_outl(q, EJECT, 1);
    wait_deleted(q, "t");
    qtest_stop(q);
}

/* Stopped; and a reset completes what the guest has not answered. */
static void test_reset(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " PORTS);
    add(q, "t", "rp0");
    add(q, "stays", "rp1");
    board_qmp(q, "stop");
    del(q, "t");
    board_qmp(q, "cont");
    qtest_outl(q, SELECT, 0);
    g_assert_cmphex(qtest_inl(q, DOWN), ==, 1);
    board_reset(q);
    wait_deleted(q, "t");
    qtest_outl(q, SELECT, 0);
    g_assert_cmphex(qtest_inl(q, DOWN), ==, 0);
    g_assert_cmphex(config_read(q, bus_behind(q, RP0), 0, 0), ==, 0xffffffff);
    g_assert_cmphex(config_read(q, bus_behind(q, RP1), 0, 0), ==, TESTDEV);
    guint32 bar = config_read(q, bus_behind(q, RP1), 0, 0x10);
    g_assert_cmphex(qtest_readl(q, bar), ==, 0); /* laid out with the rest */
    qtest_stop(q);
}

static void expect_add_fails(QTest *q, const char *more, const char *text)
{
    g_autofree char *error = qtest_qmp_fails(
        q,
        "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"pci-testdev\"%s}}",
        more);
    if (!strstr(error, text)) {
        g_error("'%s' does not say '%s'", error, text);
    }
}

/* One device for each number, wherever it is; free again when that has gone. */
static void test_index(void)
{
    QTest *q =
        qtest_start("-M q35 -m 64 " PORTS "-device pci-testdev,addr=5,acpi-index=7 "
                    "-device pci-testdev,id=t,bus=rp1,acpi-index=8");
    qtest_outl(q, SELECT, 1);
    qtest_outl(q, INDEX, 1);
    g_assert_cmphex(qtest_inl(q, INDEX), ==, 8);
    expect_add_fails(q, ", \"bus\": \"rp0\", \"acpi-index\": 7",
                     "a PCI device with acpi-index = 7 already exist");
    expect_add_fails(q, ", \"bus\": \"rp0\", \"acpi-index\": 8",
                     "a PCI device with acpi-index = 8 already exist");
    qtest_outl(q, EJECT, 1);
    wait_deleted(q, "t");
    json_node_unref(qtest_qmp_ok(q, "{\"execute\": \"device_add\", \"arguments\": "
                                    "{\"driver\": \"pci-testdev\", \"bus\": \"rp0\", "
                                    "\"acpi-index\": 8}}"));
    qtest_outl(q, SELECT, 0);
    qtest_outl(q, INDEX, 1);
    g_assert_cmphex(qtest_inl(q, INDEX), ==, 8);
    qtest_stop(q);
}

static void test_bus_refuses(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " PORTS
                           "-device pcie-root-port,id=rp2,chassis=3,hotplug=off "
                           "-device pci-testdev,id=cold,bus=pci.0");
    expect_add_fails(q, ", \"bus\": \"pcie.0\"",
                     "Bus 'pcie.0' does not support hotplugging");
    expect_add_fails(q, "", "Bus 'pcie.0' does not support hotplugging");
    expect_add_fails(q, ", \"bus\": \"rp2\"", "Bus 'rp2' does not support hotplugging");
    expect_add_fails(q, ", \"bus\": \"rp1\", \"addr\": \"0x1\"",
                     "slot 1 is not valid for pci-testdev");
    expect_del_fails(q, "cold", "Bus 'pcie.0' does not support hotplugging");
    qtest_stop(q);
}

/* A guest sizes its BARs with decode on, and has them where they were. */
static void test_sizing(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -device pci-testdev,addr=4,membar=64M");
    for (unsigned bar = 0; bar < 4; bar++) {
        guint32 was = config_read(q, 0, 4 << 3, 0x10 + 4 * bar);
        config_write(q, 0, 4 << 3, 0x10 + 4 * bar, 0xffffffff);
        g_assert_cmphex(config_read(q, 0, 4 << 3, 0x10 + 4 * bar), !=, 0);
        config_write(q, 0, 4 << 3, 0x10 + 4 * bar, was);
        g_assert_cmphex(config_read(q, 0, 4 << 3, 0x10 + 4 * bar), ==, was);
    }
    g_assert_cmphex(qtest_readl(q, config_read(q, 0, 4 << 3, 0x10)), ==, 0);
    config_write(q, 0, 4 << 3, 0x10, 0); /* over RAM */
    qtest_writel(q, 0x1000, 0x12345678);
    config_write(q, 0, 4 << 3, 0x10, 0x1000);
    g_assert_cmphex(qtest_readl(q, 0x1000), ==, 0x12345678);
    qtest_stop(q);
}

/* What the guest has made of it all, and an unplug that it has not answered. */
static void test_migrate(void)
{
    QTest *from = qtest_start("-M q35 -m 64 " PORTS "-device pci-testdev,id=s,addr=5");
    add(from, "t", "rp0");
    del(from, "t");
    config_write(from, 0, 5 << 3, 0x10, 0xd0000000u);
    config_write(from, 0, RP0, 0x20, 0xd110d110u);
    config_write(from, bus_behind(from, RP0), 0, 0x10, 0xd1100000u);
    config_write(from, bus_behind(from, RP0), 0, 0x04, 2);
    config_write(from, 0, 0xf8, 0x60, 0x05050505u); /* PIRQA# to PIRQD# */
    qtest_outl(from, SELECT, 1);
    QTest *to =
        board_migrate(from, "-M q35 -m 64 " PORTS "-device pci-testdev,id=s,addr=0x5.0 "
                            "-device pci-testdev,id=t,bus=rp0,addr=0x0");
    g_assert_cmphex(qtest_inl(to, 0xcf8), ==, qtest_inl(from, 0xcf8));
    g_assert_cmphex(qtest_inl(to, SELECT), ==, 1);
    g_assert_cmphex(qtest_readl(to, 0xd0000000u), ==, 0);
    g_assert_cmphex(qtest_readl(to, 0xd1100000u), ==, 0);
    g_assert_cmphex(qtest_readl(to, 0xd1200000u), ==, 0xffffffff);
    g_assert_cmphex(config_read(to, 0, 0xf8, 0x60), ==, 0x05050505u);
    qtest_outl(to, SELECT, 0);
    g_assert_cmphex(qtest_inl(to, UP), ==, 1);
    g_assert_cmphex(qtest_inl(to, DOWN), ==, 1);
    /* Here it has not been asked just now: once more does not harm, and is early then. */
    expect_del_fails(from, "t", "is already in the process of unplug");
    del(to, "t");
    expect_del_fails(to, "t", "is already in the process of unplug");
    qtest_outl(to, EJECT, 1);
    wait_deleted(to, "t");
    g_assert_cmphex(config_read(to, bus_behind(to, RP0), 0, 0), ==, 0xffffffff);
    qtest_stop(from);
    qtest_stop(to);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/layout", test_layout);
    g_test_add_func("/pci/query", test_query);
    g_test_add_func("/pci/sizing", test_sizing);
    g_test_add_func("/pci/plug", test_plug);
    g_test_add_func("/pci/unplug", test_unplug);
    g_test_add_func("/pci/ost", test_ost);
    g_test_add_func("/pci/refused", test_refused);
    g_test_add_func("/pci/reset", test_reset);
    g_test_add_func("/pci/index", test_index);
    g_test_add_func("/pci/bus-refuses", test_bus_refuses);
    g_test_add_func("/pci/migrate", test_migrate);
    return g_test_run();
}
