/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hot-plug by PCI Express itself, on a q35 without ACPI hot-plug: device_add and
 * device_del as QMP's clients see them while a guest's driver works on the slot, in QEMU
 * 7.2's words; and a migration in each state of a slot.
 */
#include "config.h"

#include <linux/pci_regs.h>
#include <string.h>

#include "tests/device/board.h"

#define NATIVE                                                                           \
    "-M q35 -m 64 -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off "            \
    "-object rng-random,id=r0,filename=/dev/urandom "
#define PORTS                                                                            \
    "-device pcie-root-port,id=rp0,chassis=1,addr=2.0,multifunction=on "                 \
    "-device pcie-root-port,id=rp1,chassis=2,addr=2.1 "                                  \
    "-device pcie-root-port,id=off,chassis=3,addr=2.2,hotplug=off "
#define MACHINE NATIVE PORTS

#define ABP   PCI_EXP_SLTSTA_ABP
#define PDC   PCI_EXP_SLTSTA_PDC
#define CC    PCI_EXP_SLTSTA_CC
#define PDS   PCI_EXP_SLTSTA_PDS
#define DLLSC PCI_EXP_SLTSTA_DLLSC
#define OFF   (PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF)
#define BLINK PCI_EXP_SLTCTL_PWR_IND_BLINK
#define ON    PCI_EXP_SLTCTL_PWR_IND_ON
/* What a driver enables, as Linux's. */
#define DRIVER                                                                           \
    (PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_DLLSCE | PCI_EXP_SLTCTL_HPIE |                 \
     PCI_EXP_SLTCTL_CCIE)

#define NOTHING 0xffffffffu
#define RNG     0x10441af4u

/* The guest: ports 02.0 to 02.2 by their numbers */

static guint32 read_config(QTest *q, unsigned bus, unsigned devfn, unsigned at)
{
    qtest_outl(q, 0xcf8, 0x80000000u | bus << 16 | devfn << 8 | (at & 0xfc));
    return qtest_inl(q, 0xcfc);
}

static unsigned slot_registers(QTest *q, unsigned port)
{
    unsigned at = read_config(q, 0, 0x10 + port, PCI_CAPABILITY_LIST) & 0xff;
    guint32 head = read_config(q, 0, 0x10 + port, at);
    while ((head & 0xff) != PCI_CAP_ID_EXP) {
        at = head >> 8 & 0xff;
        head = read_config(q, 0, 0x10 + port, at);
    }
    return at + PCI_EXP_SLTCTL;
}

static guint32 slot_status(QTest *q, unsigned port)
{
    return read_config(q, 0, 0x10 + port, slot_registers(q, port)) >> 16;
}

static void clear_status(QTest *q, unsigned port, guint32 bits)
{
    slot_status(q, port); /* the address register */
    qtest_outw(q, 0xcfe, (guint16)bits);
}

static void command(QTest *q, unsigned port, guint32 bits)
{
    slot_status(q, port);
    qtest_outw(q, 0xcfc, (guint16)(bits | PCI_EXP_SLTCTL_ATTN_IND_OFF));
    g_assert_true(slot_status(q, port) & CC);
    clear_status(q, port, CC);
}

static guint32 news(QTest *q, unsigned port)
{
    guint32 status = slot_status(q, port) & (ABP | PDC | DLLSC);
    clear_status(q, port, status);
    return status;
}

static guint32 id_behind(QTest *q, unsigned port)
{
    guint32 bus = read_config(q, 0, 0x10 + port, PCI_PRIMARY_BUS) >> 8 & 0xff;
    return read_config(q, bus, 0, 0);
}

static void begin_driver(QTest *q, unsigned port)
{
    news(q, port);
    command(q, port, OFF | DRIVER);
}

static void switch_on(QTest *q, unsigned port)
{
    command(q, port, BLINK | DRIVER);
    g_assert_cmphex(id_behind(q, port), ==, RNG);
    command(q, port, ON | DRIVER);
}

static void switch_off(QTest *q, unsigned port)
{
    command(q, port, BLINK | DRIVER);
    command(q, port, BLINK | PCI_EXP_SLTCTL_PCC | DRIVER);
    command(q, port, OFF | DRIVER);
}

/* The host */

#define ADD                                                                              \
    "\"execute\": \"device_add\", \"arguments\": {\"driver\": \"virtio-rng-pci\", "      \
    "\"id\": \"%s\", \"rng\": \"r0\", \"bus\": \"%s\"}"
#define DEL "\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}"

static void add(QTest *q, const char *id, const char *bus)
{
    json_node_unref(qtest_qmp_ok(q, "{" ADD "}", id, bus));
}

static void add_fails(QTest *q, const char *id, const char *bus, const char *text)
{
    g_autofree char *said = qtest_qmp_fails(q, "{" ADD "}", id, bus);
    g_assert_cmpstr(said, ==, text);
    g_free(qtest_qmp_fails(q,
                           "{\"execute\": \"qom-get\", \"arguments\": {\"path\": "
                           "\"%s\", \"property\": \"type\"}}",
                           id));
}

static void del(QTest *q, const char *id)
{
    json_node_unref(qtest_qmp_ok(q, "{" DEL "}", id));
}

static void del_fails(QTest *q, const char *id, const char *text)
{
    g_autofree char *said = qtest_qmp_fails(q, "{" DEL "}", id);
    g_assert_cmpstr(said, ==, text);
}

/* The function after what it is made of. */
static void wait_deleted(QTest *q, const char *id)
{
    json_object_unref(qtest_event_wait(q, "DEVICE_DELETED"));
    g_autoptr(JsonObject) event = qtest_event_wait(q, "DEVICE_DELETED");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_cmpstr(json_object_get_string_member(data, "device"), ==, id);
}

/* Tests */

#define BUSY_PLUG   "Hot-plug failed: guest is busy (power indicator blinking)"
#define BUSY_UNPLUG "Hot-unplug failed: guest is busy (power indicator blinking)"
#define ONCE_MORE   "Device a is already in the process of unplug"
#define LOCKED      "slot is electromechanically locked: Device or resource busy"

static void test_rounds(void)
{
    QTest *q = qtest_start(MACHINE);
    begin_driver(q, 0);
    for (unsigned round = 0; round < 3; round++) {
        add(q, "a", "rp0");
        g_assert_cmphex(id_behind(q, 0), ==, NOTHING); /* it has no power */
        g_assert_cmphex(news(q, 0), ==, PDC | DLLSC);
        switch_on(q, 0);
        del(q, "a");
        del_fails(q, "a", ONCE_MORE);
        g_assert_cmphex(news(q, 0), ==, ABP);
        switch_off(q, 0);
        wait_deleted(q, "a");
        g_assert_cmphex(news(q, 0), ==, PDC | DLLSC);
        g_assert_cmphex(slot_status(q, 0), ==, 0);
    }
    qtest_stop(q);
}

/* Nothing half done is left. */
static void test_busy(void)
{
    QTest *q = qtest_start(MACHINE);
    begin_driver(q, 0);
    command(q, 0, BLINK | DRIVER);
    add_fails(q, "a", "rp0", BUSY_PLUG);
    g_assert_cmphex(slot_status(q, 0), ==, 0);
    add(q, "a", "rp1"); /* the other one is not */
    del(q, "a");
    wait_deleted(q, "a");
    command(q, 0, OFF | DRIVER);
    add(q, "a", "rp0");
    command(q, 0, BLINK | DRIVER);
    del_fails(q, "a", BUSY_UNPLUG);
    command(q, 0, ON | DRIVER | PCI_EXP_SLTCTL_EIC);
    del_fails(q, "a", LOCKED);
    command(q, 0, ON | DRIVER | PCI_EXP_SLTCTL_EIC);
    del(q, "a");
    switch_off(q, 0);
    wait_deleted(q, "a");
    command(q, 0, OFF | DRIVER | PCI_EXP_SLTCTL_EIC);
    add_fails(q, "a", "rp0", LOCKED);
    qtest_stop(q);
}

/* The guest keeps it, as one does whose user has pressed the button again. */
static void test_kept(void)
{
    QTest *q = qtest_start(MACHINE);
    begin_driver(q, 0);
    add(q, "a", "rp0");
    switch_on(q, 0);
    del(q, "a");
    command(q, 0, BLINK | DRIVER);
    command(q, 0, ON | DRIVER);
    g_autoptr(JsonObject) event = qtest_event_wait(q, "DEVICE_UNPLUG_GUEST_ERROR");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_cmpstr(json_object_get_string_member(data, "device"), ==, "a");
    g_assert_cmphex(id_behind(q, 0), ==, RNG);
    qtest_stop(q);
}

static void test_hotplug_off(void)
{
    QTest *q =
        qtest_start(MACHINE "-device pcie-root-port,id=no,chassis=4,addr=2.3,hotplug=off "
                            "-device virtio-rng-pci,id=fixed,rng=r0,bus=off");
    add_fails(q, "a", "no", "Hot-plug failed: unsupported by the port device 'no'");
    del_fails(q, "fixed", "Hot-unplug failed: unsupported by the port device 'off'");
    g_assert_cmphex(id_behind(q, 2), ==, RNG);
    /* ACPI has nothing to say. */
    g_assert_cmphex(qtest_inl(q, 0xcc0), ==, NOTHING);
    g_assert_cmphex(qtest_inl(q, 0xcb0), ==, NOTHING);
    qtest_stop(q);
}

/* Without a driver: in use it is asked for, and a reset ends it; else it just goes. */
static void test_no_driver(void)
{
    QTest *q = qtest_start(MACHINE "-device virtio-rng-pci,id=a,rng=r0,bus=rp0 "
                                   "-device virtio-rng-pci,id=b,rng=r0,bus=rp1");
    unsigned bus = read_config(q, 0, 0x11, PCI_PRIMARY_BUS) >> 8 & 0xff;
    read_config(q, bus, 0, PCI_COMMAND);
    qtest_outw(q, 0xcfc, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    bus = read_config(q, 0, 0x10, PCI_PRIMARY_BUS) >> 8 & 0xff;
    read_config(q, bus, 0, PCI_COMMAND);
    qtest_outw(q, 0xcfc, 0);
    del(q, "a");
    wait_deleted(q, "a");
    del(q, "b");
    g_assert_cmphex(slot_status(q, 1), ==, PDS | ABP);
    g_assert_false(qtest_event_seen(q, "DEVICE_DELETED"));
    board_reset(q);
    wait_deleted(q, "b");
    g_assert_cmphex(slot_status(q, 1), ==, 0);
    add(q, "b", "rp1");
    board_reset(q); /* and then it has power */
    g_assert_cmphex(slot_status(q, 1), ==, PDS);
    g_assert_cmphex(id_behind(q, 1), ==, RNG);
    qtest_stop(q);
}

/* States of a slot, at a migration and after it */

#define WITH_A "-device virtio-rng-pci,id=a,rng=r0,bus=rp0 "

static QTest *move(QTest *from, const char *more)
{
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    QTest *to = qtest_start(MACHINE "%s -incoming unix:%s", more, path);
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    qtest_wait_migrated(from);
    board_wait(to, "RESUME");
    qtest_stop(from);
    return to;
}

static void test_migrate(void)
{
    QTest *q = qtest_start(MACHINE);
    begin_driver(q, 0);
    add(q, "a", "rp0");
    q = move(q, WITH_A); /* the guest has not looked yet */
    g_assert_cmphex(id_behind(q, 0), ==, NOTHING);
    command(q, 0, OFF | PCI_EXP_SLTCTL_PDCE | DRIVER);
    g_assert_cmphex(news(q, 0), ==, PDC | DLLSC);
    command(q, 0, BLINK | DRIVER);
    q = move(q, WITH_A); /* it switches it on */
    del_fails(q, "a", BUSY_UNPLUG);
    g_assert_cmphex(id_behind(q, 0), ==, RNG);
    command(q, 0, ON | DRIVER);
    del(q, "a");
    q = move(q, WITH_A); /* it has been asked */
    g_assert_cmphex(news(q, 0), ==, ABP);
    command(q, 0, BLINK | DRIVER);
    q = move(q, WITH_A); /* it answers */
    command(q, 0, ON | DRIVER);
    board_wait(q, "DEVICE_UNPLUG_GUEST_ERROR");
    del(q, "a");
    command(q, 0, BLINK | PCI_EXP_SLTCTL_PCC | DRIVER);
    q = move(q, WITH_A); /* it is off, and still there */
    g_assert_cmphex(id_behind(q, 0), ==, NOTHING);
    command(q, 0, OFF | DRIVER | PCI_EXP_SLTCTL_EIC);
    wait_deleted(q, "a");
    q = move(q, ""); /* it has gone, and the slot is locked */
    g_assert_cmphex(slot_status(q, 0), ==, PDC | DLLSC | ABP | PCI_EXP_SLTSTA_EIS);
    add_fails(q, "a", "rp0", LOCKED);
    qtest_stop(q);
}

#define TEST(name_, fn_) g_test_add_func("/pci-slot/" name_, fn_)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("rounds", test_rounds);
    TEST("busy", test_busy);
    TEST("kept", test_kept);
    TEST("hotplug-off", test_hotplug_off);
    TEST("no-driver", test_no_driver);
    TEST("migrate", test_migrate);
    return g_test_run();
}
