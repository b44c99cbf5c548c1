/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bridges behind bridges on a q35: what the guest reads of them (as of QEMU 7.2's, but
 * for SHPC, of which there is none), buses and windows as they are laid out, resets,
 * hot-plug by ACPI behind each, a migration, and what is refused.
 */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define VM "-M q35 -m 64 -object rng-builtin,id=r "
/* On buses 1, 2 and 3, and 4, 5 and 6; BSELs in this order, without `u`. */
#define TREE                                                                             \
    "-device pcie-root-port,id=a,chassis=1,addr=4 -device pcie-pci-bridge,id=b,bus=a "   \
    "-device pci-bridge,id=c,bus=b,addr=3,chassis_nr=9,shpc=off "                        \
    "-device pcie-root-port,id=d,chassis=2,addr=5 -device x3130-upstream,id=u,bus=d "    \
    "-device xio3130-downstream,id=e,bus=u,addr=2,chassis=3,slot=7,port=5 "

enum { BSEL_A, BSEL_B, BSEL_C, BSEL_D, BSEL_E };

#define TESTDEV     0x00051b36u
#define NOTHING     0xffffffffu
#define DEVFN(slot) ((slot) << 3)

#define HOTPLUG   0xcc0
#define UP        (HOTPLUG + 0x00)
#define DOWN      (HOTPLUG + 0x04)
#define EJECT     (HOTPLUG + 0x08)
#define REMOVABLE (HOTPLUG + 0x0c)
#define SELECT    (HOTPLUG + 0x10)

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

/* --- what they are --- */

typedef struct Fact {
    unsigned bus, devfn, offset;
    guint32 mask, value;
} Fact;

/* clang-format off */
static const Fact facts[] = {
    { 0, DEVFN(4), 0x18, 0x00ffffff, 0x030100 },
    /* pcie-pci-bridge: type 7, power management */
    { 1, DEVFN(0), 0x00, 0xffffffff, 0x000e1b36 },
    { 1, DEVFN(0), 0x04, 0xffff0000, 0x00b00000 },
    { 1, DEVFN(0), 0x08, 0xffffffff, 0x06040000 },
    { 1, DEVFN(0), 0x0c, 0x00ff0000, 0x00010000 },
    { 1, DEVFN(0), 0x10, 0xffffffff, 0 },
    { 1, DEVFN(0), 0x18, 0x00ffffff, 0x030201 },
    { 1, DEVFN(0), 0x1c, 0xffff0000, 0x00a00000 },
    { 1, DEVFN(0), 0x34, 0x000000ff, 0x84 },
    { 1, DEVFN(0), 0x3c, 0x0000ff00, 0 },
    { 1, DEVFN(0), 0x48, 0xffffffff, 0x00720010 },
    { 1, DEVFN(0), 0x4c, 0xffffffff, 0x00008000 },
    { 1, DEVFN(0), 0x84, 0xffffffff, 0x00034801 },
    /* pci-bridge: the first of chassis 9, and nothing else */
    { 2, DEVFN(3), 0x00, 0xffffffff, 0x00011b36 },
    { 2, DEVFN(3), 0x04, 0xffff0000, 0x00b00000 },
    { 2, DEVFN(3), 0x08, 0xffffffff, 0x06040000 },
    { 2, DEVFN(3), 0x10, 0xffffffff, 0 },
    { 2, DEVFN(3), 0x18, 0x00ffffff, 0x030302 },
    { 2, DEVFN(3), 0x1c, 0xffff0000, 0x00a00000 },
    { 2, DEVFN(3), 0x34, 0x000000ff, 0x40 },
    { 2, DEVFN(3), 0x3c, 0x0000ff00, 0 },
    { 2, DEVFN(3), 0x40, 0xffffffff, 0x09200004 },
    /* the switch: an upstream port, a downstream port with slot 7 */
    { 0, DEVFN(5), 0x18, 0x00ffffff, 0x060400 },
    { 4, DEVFN(0), 0x00, 0xffffffff, 0x8232104c },
    { 4, DEVFN(0), 0x08, 0xffffffff, 0x06040002 },
    { 4, DEVFN(0), 0x18, 0x00ffffff, 0x060504 },
    { 4, DEVFN(0), 0x34, 0x000000ff, 0x90 },
    { 4, DEVFN(0), 0x70, 0xffffffff, 0x00800005 },
    { 4, DEVFN(0), 0x80, 0xffffffff, 0x0000700d },
    { 4, DEVFN(0), 0x90, 0xffffffff, 0x00528010 },
    { 5, DEVFN(2), 0x00, 0xffffffff, 0x8233104c },
    { 5, DEVFN(2), 0x08, 0xffffffff, 0x06040001 },
    { 5, DEVFN(2), 0x18, 0x00ffffff, 0x060605 },
    { 5, DEVFN(2), 0x90, 0xffffffff, 0x01628010 },
    { 5, DEVFN(2), 0x9c, 0xff000000, 0x05000000 },
    { 5, DEVFN(2), 0xa4, 0xfff80000, 7 << 19 },
    /* what does not answer: other slots, a bus that is none */
    { 1, DEVFN(1), 0x00, 0xffffffff, NOTHING },
    { 5, DEVFN(0), 0x00, 0xffffffff, NOTHING },
    { 7, DEVFN(0), 0x00, 0xffffffff, NOTHING },
};
/* clang-format on */

static void assert_facts(QTest *q)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(facts); i++) {
        const Fact *f = &facts[i];
        guint32 value = config_read(q, f->bus, f->devfn, f->offset) & f->mask;
        if (value != f->value) {
            g_error("%u:%x register 0x%x: 0x%x, not 0x%x", f->bus, f->devfn >> 3,
                    f->offset, value, f->value);
        }
    }
}

static void test_facts(void)
{
    QTest *q = qtest_start(VM TREE);
    assert_facts(q);
    config_write(q, 2, DEVFN(3), 0x40, NOTHING); /* nor does a guest change that */
    config_write(q, 5, DEVFN(2), 0x18, 0x080808);
    board_reset(q);
    assert_facts(q);
    qtest_stop(q);
}

static unsigned find_capability(QTest *q, unsigned bus, unsigned devfn, guint8 id)
{
    unsigned at = config_read(q, bus, devfn, 0x34) & 0xff;
    while (at && (config_read(q, bus, devfn, at) & 0xff) != id) {
        at = config_read(q, bus, devfn, at) >> 8 & 0xff;
    }
    return at;
}

/* On conventional PCI nothing is an Express endpoint. */
static void test_endpoints(void)
{
    QTest *q = qtest_start(VM TREE "-device virtio-rng-pci,rng=r,bus=c,addr=1 "
                                   "-device virtio-rng-pci,rng=r,bus=e");
    g_assert_cmpuint(find_capability(q, 3, DEVFN(1), 0x10), ==, 0);
    g_assert_cmpuint(find_capability(q, 6, DEVFN(0), 0x10), >, 0);
    qtest_stop(q);
}

/* --- windows --- */

static guint64 memory_base(QTest *q, unsigned bus, unsigned devfn)
{
    return (guint64)(config_read(q, bus, devfn, 0x20) & 0xfff0) << 16;
}

static guint64 memory_limit(QTest *q, unsigned bus, unsigned devfn)
{
    return (config_read(q, bus, devfn, 0x20) & 0xfff00000u) | 0xfffff;
}

/* The bridge, and what it is behind. */
static void assert_inside(QTest *q, const unsigned (*bridges)[2], unsigned n, guint64 bar)
{
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmphex(memory_base(q, bridges[i][0], bridges[i][1]), <=, bar);
        g_assert_cmphex(memory_limit(q, bridges[i][0], bridges[i][1]), >=, bar + 0xfff);
    }
}

static const unsigned above_c[][2] = { { 0, DEVFN(4) }, { 1, 0 }, { 2, DEVFN(3) } };
static const unsigned above_e[][2] = { { 0, DEVFN(5) }, { 4, 0 }, { 5, DEVFN(2) } };

static void test_windows(void)
{
    QTest *q = qtest_start(VM TREE "-device pci-testdev,bus=c,addr=0x1f,membar=64M "
                                   "-device pci-testdev,bus=e");
    guint32 at_c = config_read(q, 3, DEVFN(31), 0x10), at_e = config_read(q, 6, 0, 0x10);
    assert_inside(q, above_c, G_N_ELEMENTS(above_c), at_c);
    assert_inside(q, above_e, G_N_ELEMENTS(above_e), at_e);
    g_assert_cmphex(qtest_readl(q, at_c), ==, 0);
    g_assert_cmphex(qtest_readl(q, at_e), ==, 0);
    g_assert_cmphex(qtest_inb(q, (guint16)(config_read(q, 3, DEVFN(31), 0x14) & ~3u)), ==,
                    0);
    /* One closed window on the way is enough. */
    guint32 window = config_read(q, 1, 0, 0x20);
    config_write(q, 1, 0, 0x20, 0x0000fff0);
    g_assert_cmphex(qtest_readl(q, at_c), ==, NOTHING);
    config_write(q, 1, 0, 0x20, window);
    g_assert_cmphex(qtest_readl(q, at_c), ==, 0);
    /* Both windows of all, one over the other. */
    for (unsigned i = 0; i < G_N_ELEMENTS(above_c); i++) {
        unsigned bus = above_c[i][0], devfn = above_c[i][1];
        config_write(q, bus, devfn, 0x20, 0xfff00000u);
        config_write(q, bus, devfn, 0x24, 0xfff00000u);
        config_write(q, bus, devfn, 0x28, 0);
        config_write(q, bus, devfn, 0x2c, 0);
    }
    g_assert_cmphex(qtest_readl(q, at_c), ==, 0);
    qtest_stop(q);
}

/* What is behind the bridge's bus is reset with it, and does not answer meanwhile. */
static void test_bus_reset(void)
{
    QTest *q = qtest_start(VM TREE "-device pci-testdev,bus=c,addr=5");
    guint32 control = config_read(q, 1, 0, 0x3c);
    config_write(q, 1, 0, 0x3c, control | 0x400000);
    g_assert_cmphex(config_read(q, 2, DEVFN(3), 0), ==, NOTHING);
    g_assert_cmphex(config_read(q, 3, DEVFN(5), 0), ==, NOTHING);
    config_write(q, 1, 0, 0x3c, control);
    g_assert_cmphex(config_read(q, 2, DEVFN(3), 0x18), ==, 0);
    config_write(q, 2, DEVFN(3), 0x18, 0x030302);
    g_assert_cmphex(config_read(q, 3, DEVFN(5), 0), ==, TESTDEV);
    g_assert_cmphex(config_read(q, 3, DEVFN(5), 0x10), ==, 0);
    qtest_stop(q);
}

/* --- hot-plug --- */

static void add(QTest *q, const char *id, const char *where)
{
    json_node_unref(qtest_qmp_ok(q,
                                 "{\"execute\": \"device_add\", \"arguments\": "
                                 "{\"driver\": \"pci-testdev\", \"id\": \"%s\", %s}}",
                                 id, where));
}

static void wait_deleted(QTest *q, const char *id)
{
    g_autoptr(JsonObject) event = qtest_event_wait(q, "DEVICE_DELETED");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_cmpstr(json_object_get_string_member(data, "device"), ==, id);
}

static void check_plug(unsigned bsel, unsigned bus, unsigned slot, const char *where)
{
    QTest *q = qtest_start(VM TREE);
    add(q, "t", where);
    qtest_outl(q, SELECT, bsel);
    g_assert_cmphex(qtest_inl(q, UP), ==, 1u << slot);
    g_assert_cmphex(qtest_inl(q, UP), ==, 0);
    g_assert_cmphex(config_read(q, bus, DEVFN(slot), 0), ==, TESTDEV);
    json_node_unref(
        qtest_qmp_ok(q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"t\"}}"));
    g_assert_cmphex(qtest_inl(q, DOWN), ==, 1u << slot);
    qtest_outl(q, EJECT, 1u << slot);
    wait_deleted(q, "t");
    g_assert_cmphex(config_read(q, bus, DEVFN(slot), 0), ==, NOTHING);
    g_assert_cmphex(qtest_inl(q, DOWN), ==, 0);
    add(q, "t", where);
    g_assert_cmphex(qtest_inl(q, UP), ==, 1u << slot);
    qtest_stop(q);
}

static void test_plug(void)
{
    check_plug(BSEL_B, 2, 0, "\"bus\": \"b\"");
    check_plug(BSEL_B, 2, 31, "\"bus\": \"b\", \"addr\": \"0x1f\"");
    check_plug(BSEL_C, 3, 7, "\"bus\": \"c\", \"addr\": \"7\"");
    check_plug(BSEL_E, 6, 0, "\"bus\": \"e\"");
}

/* Two on one bus; the guest lets go of both at once, and of a bridge it cannot. */
static void test_slots(void)
{
    QTest *q = qtest_start(VM TREE "-device pci-testdev,id=cold,bus=b,addr=9");
    add(q, "f1", "\"bus\": \"b\", \"addr\": \"4.1\"");
    qtest_outl(q, SELECT, BSEL_B);
    g_assert_cmphex(qtest_inl(q, UP), ==, 0); /* without function 0 it is not there */
    add(q, "f0", "\"bus\": \"b\", \"addr\": \"4.0\", \"multifunction\": true");
    g_assert_cmphex(qtest_inl(q, UP), ==, 1u << 4);
    g_assert_cmphex(config_read(q, 2, DEVFN(4) | 1, 0), ==, TESTDEV);
    g_assert_cmphex(qtest_inl(q, REMOVABLE), ==, ~(1u << 3));
    qtest_outl(q, EJECT, 1u << 3);
    g_assert_cmphex(config_read(q, 2, DEVFN(3), 0), ==, 0x00011b36);
    qtest_outl(q, EJECT, 1u << 9);
    wait_deleted(q, "cold");
    qtest_outl(q, EJECT, 1u << 4);
    g_assert_cmphex(config_read(q, 2, DEVFN(4), 0), ==, NOTHING);
    g_assert_cmphex(config_read(q, 2, DEVFN(4) | 1, 0), ==, NOTHING);
    qtest_stop(q);
}

static void expect_fails(QTest *q, const char *command, const char *arguments,
                         const char *text)
{
    g_autofree char *error = qtest_qmp_fails(
        q, "{\"execute\": \"%s\", \"arguments\": {%s}}", command, arguments);
    if (!strstr(error, text)) {
        g_error("%s {%s}: '%s' does not say '%s'", command, arguments, error, text);
    }
}

static void test_plug_refused(void)
{
    QTest *q = qtest_start(
        VM TREE "-device xio3130-downstream,id=off,bus=u,addr=3,chassis=4,hotplug=off");
    expect_fails(q, "device_add", "\"driver\": \"pci-testdev\", \"bus\": \"u\"",
                 "Bus 'u' does not support hotplugging");
    expect_fails(q, "device_add", "\"driver\": \"pci-testdev\", \"bus\": \"off\"",
                 "Bus 'off' does not support hotplugging");
    expect_fails(q, "device_add",
                 "\"driver\": \"pci-testdev\", \"bus\": \"b\", \"addr\": \"3\"",
                 "PCI: slot 3 function 0 not available for pci-testdev, in use by "
                 "pci-bridge,id=c");
    expect_fails(q, "device_add",
                 "\"driver\": \"pci-bridge\", \"bus\": \"b\", \"chassis_nr\": 3",
                 "Device 'pci-bridge' does not support hotplugging");
    expect_fails(q, "device_add", "\"driver\": \"xio3130-downstream\", \"bus\": \"u\"",
                 "Device 'xio3130-downstream' does not support hotplugging");
    expect_fails(q, "device_del", "\"id\": \"c\"",
                 "Device 'c' does not support hotplugging");
    g_assert_cmphex(config_read(q, 2, DEVFN(3), 0), ==, 0x00011b36);
    qtest_stop(q);
}

/* --- migration --- */

static void test_migrate(void)
{
    QTest *from = qtest_start(VM TREE);
    add(from, "t", "\"bus\": \"c\", \"addr\": \"7\"");
    guint32 bar = (guint32)memory_base(from, 2, DEVFN(3));
    config_write(from, 3, DEVFN(7), 0x10, bar);
    config_write(from, 3, DEVFN(7), 0x04, 2);
    g_assert_cmphex(qtest_readl(from, bar), ==, 0);
    QTest *to = board_migrate(from, VM TREE "-device pci-testdev,id=t,bus=c,addr=7");
    assert_facts(to);
    g_assert_cmphex(qtest_readl(to, bar), ==, 0);
    qtest_outl(to, SELECT, BSEL_C);
    g_assert_cmphex(qtest_inl(to, UP), ==, 1u << 7);
    qtest_outl(to, EJECT, 1u << 7);
    wait_deleted(to, "t");
    qtest_stop(from);
    qtest_stop(to);
}

/* --- command lines that are refused --- */

static const struct {
    const char *options, *text;
} refusals[] = {
    { "-device pci-bridge,id=x",
      "Bridge chassis not specified. Each bridge is required to "
      "be assigned a unique chassis id > 0." },
    { "-device pci-bridge,chassis_nr=256", "chassis_nr" },
    { "-device pci-bridge,chassis_nr=1,shpc=on",
      "Property 'pci-bridge.shpc' value 'on' is not supported" },
    { "-device pcie-pci-bridge,msi=on",
      "Property 'pcie-pci-bridge.msi' value 'on' is not supported" },
    { "-device pci-bridge,chassis_nr=1,pref32-reserve=1M,pref64-reserve=1M",
      "pref32-reserve and pref64-reserve cannot be given both" },
    { "-device pcie-pci-bridge,bus=c,addr=1",
      "Device 'pcie-pci-bridge' can't go on bus 'c', which is of conventional PCI" },
    { "-device pcie-root-port,bus=c,addr=1,chassis=20", "which is not a root bus" },
    { "-device x3130-upstream", "Device 'x3130-upstream' can't go on bus 'pcie.0', which "
                                "is not that of a root port "
                                "or of a downstream port" },
    { "-device x3130-upstream,bus=c,addr=1", "can't go on bus 'c'" },
    { "-device x3130-upstream,bus=u,addr=1", "can't go on bus 'u'" },
    { "-device xio3130-downstream",
      "Device 'xio3130-downstream' can't go on bus 'pcie.0', which is not that of an "
      "x3130-upstream" },
    { "-device xio3130-downstream,bus=u,chassis=3,slot=7",
      "Can't add chassis slot: slot 7 of chassis 3 is that of 'e'" },
    { "-device xio3130-downstream,bus=u,chassis=2",
      "Can't add chassis slot: slot 0 of chassis 2 is that of 'd'" },
    { "-device pcie-root-port,chassis=3,slot=7", "slot 7 of chassis 3 is that of 'e'" },
    { "-device pci-bridge,chassis_nr=1,bus=e,addr=1", "slot 1 is not valid" },
    { "-device pxb-pcie,bus_nr=128", "'pxb-pcie' is not a valid device model name" },
    { "-device pxb,bus_nr=128", "'pxb' is not a valid device model name" },
};

static void test_refused(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *options = g_strconcat(VM TREE, refusals[i].options, NULL);
        board_refuses(options, refusals[i].text);
    }
}

static void test_too_many(void)
{
    g_autoptr(GString) deep = g_string_new(VM "-device pci-bridge,id=b1,chassis_nr=1 ");
    g_autoptr(GString) wide = g_string_new(VM "-device pci-bridge,id=b,chassis_nr=1 ");
    for (unsigned i = 2; i <= 9; i++) {
        g_string_append_printf(deep, "-device pci-bridge,id=b%u,bus=b%u,chassis_nr=1 ", i,
                               i - 1);
    }
    board_refuses(deep->str,
                  "Device 'pci-bridge' on bus 'b8': more than 8 bridges in a row");
    for (unsigned i = 0; i < 256; i++) {
        g_string_append_printf(wide,
                               "-device pci-bridge,id=b%u,bus=b,chassis_nr=1,addr=%x.%u,"
                               "multifunction=on ",
                               i, i / 8, i % 8);
    }
    board_refuses(wide->str, "Bus 'b255': there are too many to plug devices into");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci-bridge/facts", test_facts);
    g_test_add_func("/pci-bridge/endpoints", test_endpoints);
    g_test_add_func("/pci-bridge/windows", test_windows);
    g_test_add_func("/pci-bridge/bus-reset", test_bus_reset);
    g_test_add_func("/pci-bridge/plug", test_plug);
    g_test_add_func("/pci-bridge/slots", test_slots);
    g_test_add_func("/pci-bridge/plug-refused", test_plug_refused);
    g_test_add_func("/pci-bridge/migrate", test_migrate);
    g_test_add_func("/pci-bridge/refused", test_refused);
    g_test_add_func("/pci-bridge/too-many", test_too_many);
    return g_test_run();
}
