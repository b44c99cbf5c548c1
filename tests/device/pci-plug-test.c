/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device_add and device_del on a q35 as QMP's clients see them: what is refused, in QEMU
 * 7.2's words, and that a refusal leaves everything as before; the events of an unplug,
 * and what is free after them; functions of a slot; an unplug that ends elsewhere. The
 * guest's side is that of the registers (pci/acpi-hotplug.h).
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/board.h"

#define MIB     (1u << 20)
#define HOTPLUG 0xcc0
#define UP      (HOTPLUG + 0x00)
#define DOWN    (HOTPLUG + 0x04)
#define EJECT   (HOTPLUG + 0x08)
#define SELECT  (HOTPLUG + 0x10)

#define MACHINE                                                                          \
    "-M q35 -m 64 -object rng-random,id=r0,filename=/dev/urandom "                       \
    "-device pcie-root-port,id=rp0,chassis=1,addr=2.0,multifunction=on "                 \
    "-device pcie-root-port,id=rp1,chassis=2,addr=2.1 "                                  \
    "-device pcie-root-port,id=off,chassis=3,addr=2.2,hotplug=off "

static char *image;

static void disk(QTest *q, const char *node)
{
    json_node_unref(qtest_qmp_ok(
        q,
        "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"file\", "
        "\"node-name\": \"%s\", \"filename\": \"%s\"}}",
        node, image));
}

static void drop_disk(QTest *q, const char *node)
{
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"%s\"}}",
        node));
}

static void add(QTest *q, const char *arguments)
{
    json_node_unref(
        qtest_qmp_ok(q, "{\"execute\": \"device_add\", \"arguments\": {%s}}", arguments));
}

static void del(QTest *q, const char *id)
{
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}}", id));
}

static void refused(QTest *q, const char *command, const char *arguments,
                    const char *klass, const char *text)
{
    g_autoptr(JsonObject) reply =
        qtest_qmp(q, "{\"execute\": \"%s\", \"arguments\": {%s}}", command, arguments);
    JsonObject *error = json_object_get_object_member(reply, "error");
    g_assert_nonnull(error);
    g_assert_cmpstr(json_object_get_string_member(error, "class"), ==, klass);
    if (!g_str_has_prefix(json_object_get_string_member(error, "desc"), text)) {
        g_error("%s {%s}: %s", command, arguments,
                json_object_get_string_member(error, "desc"));
    }
}

/* The next DEVICE_DELETED is this one. id NULL: it has none. */
static void deleted(QTest *q, const char *id, const char *path)
{
    g_autoptr(JsonObject) event = qtest_event_wait(q, "DEVICE_DELETED");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_cmpint(json_object_has_member(data, "device"), ==, id != NULL);
    if (id) {
        g_assert_cmpstr(json_object_get_string_member(data, "device"), ==, id);
    }
    g_assert_cmpstr(json_object_get_string_member(data, "path"), ==, path);
}

static void disk_deleted(QTest *q)
{
    deleted(q, NULL, "/machine/peripheral/d/virtio-backend");
    deleted(q, "d", "/machine/peripheral/d");
}

static guint32 slots(QTest *q, unsigned bus, guint16 which)
{
    qtest_outl(q, SELECT, bus);
    return qtest_inl(q, which);
}

static void eject(QTest *q, unsigned bus)
{
    qtest_outl(q, SELECT, bus);
    qtest_outl(q, EJECT, 1);
}

/* What the guest reads behind a port: an ID, or all ones. */
static guint32 id_behind(QTest *q, unsigned port, unsigned function)
{
    qtest_outl(q, 0xcf8, 0x80000000u | port << 8 | 0x18);
    guint32 bus = qtest_inl(q, 0xcfc) >> 8 & 0xff;
    qtest_outl(q, 0xcf8, 0x80000000u | bus << 16 | function << 8);
    return qtest_inl(q, 0xcfc);
}

#define NOTHING 0xffffffffu
#define BLK     0x10421af4u
#define RNG     0x10441af4u

/* --- device_add --- */

#define R       "\"driver\": \"virtio-rng-pci\", \"id\": \"x\", \"rng\": \"r0\""
#define D       "\"driver\": \"virtio-blk-pci\", \"id\": \"x\", \"drive\": \"d0\""
#define RP1     ", \"bus\": \"rp1\""
#define GENERIC "GenericError"

static const struct {
    const char *arguments, *text;
} refusals[] = {
    /* the port is busy: QEMU takes it, and the guest never sees it */
    { D ", \"bus\": \"rp0\"", "PCI: no slot/function available for virtio-blk-pci" },
    { D ", \"bus\": \"rp0\", \"addr\": \"0x0\"",
      "PCI: slot 0 function 0 not available for virtio-blk-pci, in use by "
      "virtio-rng-pci,id=busy" },
    { D ", \"bus\": \"rp0\", \"addr\": \"0x0.1\"",
      "PCI: slot 0 function 0 already occupied by virtio-rng-pci, new func "
      "virtio-blk-pci cannot be exposed to guest." },
    { D RP1 ", \"addr\": \"0x1\"",
      "PCI: slot 1 is not valid for virtio-blk-pci, parent device only allows plugging "
      "into slot 0." },
    { D RP1 ", \"addr\": \"0x20\"", "Property 'virtio-blk-pci.addr' doesn't take value" },
    { D RP1 ", \"addr\": \"0.8\"", "Property 'virtio-blk-pci.addr' doesn't take value" },
    { D RP1 ", \"addr\": \"zz\"", "Property 'virtio-blk-pci.addr' doesn't take value" },
    { D ", \"bus\": \"nope\"", "Bus 'nope' not found" },
    { D ", \"bus\": \"pcie.0\"", "Bus 'pcie.0' does not support hotplugging" },
    { D ", \"bus\": \"pci.0\"", "Bus 'pcie.0' does not support hotplugging" },
    { D, "Bus 'pcie.0' does not support hotplugging" },
    { D ", \"bus\": \"off\"", "Bus 'off' does not support hotplugging" },
    { "\"driver\": \"virtio-rng-pci\", \"id\": \"busy\", \"rng\": \"r0\"" RP1,
      "Duplicate device ID 'busy'" },
    { "\"driver\": \"virtio-rng-pci\", \"id\": \"1x\", \"rng\": \"r0\"" RP1,
      "Parameter 'id' expects an identifier" },
    { "\"driver\": \"nope\", \"id\": \"x\"" RP1,
      "'nope' is not a valid device model name" },
    { "\"driver\": \"mch\", \"id\": \"x\"",
      "Parameter 'driver' expects a pluggable device type" },
    { "\"driver\": \"pci-device\", \"id\": \"x\"",
      "Parameter 'driver' expects a non-abstract device type" },
    { "\"driver\": \"pcie-root-port\", \"id\": \"x\"",
      "Device 'pcie-root-port' does not support hotplugging" },
    { "\"driver\": \"virtio-blk-device\", \"id\": \"x\", \"drive\": \"d0\"",
      "No 'virtio-bus' bus found for device 'virtio-blk-device'" },
    { D RP1 ", \"nope\": 1", "Property 'virtio-blk-pci.nope' not found" },
    { D RP1 ", \"iothread\": \"nope\"",
      "Property 'virtio-blk-pci.iothread' can't find value 'nope'" },
    { D RP1 ", \"queue-size\": 3", "Parameter 'queue-size'" },
    { "\"driver\": \"virtio-blk-pci\", \"id\": \"x\", \"drive\": \"nope\"" RP1,
      "Property 'virtio-blk-pci.drive' can't find value 'nope'" },
    { "\"driver\": \"virtio-rng-pci\", \"id\": \"x\", \"rng\": \"nope\"" RP1,
      "Property 'virtio-rng-pci.rng' can't find value 'nope'" },
    { "\"driver\": \"virtio-net-pci\", \"id\": \"x\", \"netdev\": \"nope\"" RP1,
      "Property 'virtio-net-pci.netdev' can't find value 'nope'" },
};

/* The id, the node and the port are what they were: free. */
static void assert_untouched(QTest *q)
{
    g_autofree char *none =
        qtest_qmp_fails(q, "{\"execute\": \"qom-get\", \"arguments\": {\"path\": "
                           "\"/machine/peripheral/x\", \"property\": \"type\"}}");
    g_assert_cmpstr(none, ==, "Device '/machine/peripheral/x' not found");
    g_assert_cmphex(slots(q, 1, UP), ==, 0);
    g_assert_cmphex(id_behind(q, 0x11, 0), ==, NOTHING);
    drop_disk(q, "d0");
    disk(q, "d0");
}

static void test_add_refused(void)
{
    QTest *q = qtest_start(MACHINE "-device virtio-rng-pci,id=busy,rng=r0,bus=rp0");
    disk(q, "d0");
    for (unsigned i = 0; i < G_N_ELEMENTS(refusals); i++) {
        refused(q, "device_add", refusals[i].arguments, GENERIC, refusals[i].text);
        assert_untouched(q);
    }
    add(q, D RP1);
    refused(q, "blockdev-del", "\"node-name\": \"d0\"", GENERIC, "Node d0 is in use");
    g_assert_cmphex(slots(q, 1, UP), ==, 1);
    g_assert_cmphex(id_behind(q, 0x11, 0), ==, BLK);
    qtest_stop(q);
}

/* --- device_del --- */

static void test_del_refused(void)
{
    static const struct {
        const char *id, *klass, *text;
    } rows[] = {
        { "nope", "DeviceNotFound", "Device 'nope' not found" },
        { "r0", "DeviceNotFound", "Device 'r0' not found" },
        { "rp0", GENERIC, "Bus 'pcie.0' does not support hotplugging" },
        { "rp1", GENERIC, "Bus 'pcie.0' does not support hotplugging" },
        { "cold", GENERIC, "Bus 'pcie.0' does not support hotplugging" },
        { "fixed", GENERIC, "Bus 'off' does not support hotplugging" },
        { "/machine/q35/mch", GENERIC, "Bus 'pcie.0' does not support hotplugging" },
        { "/machine/peripheral/nope", "DeviceNotFound",
          "Device '/machine/peripheral/nope' not found" },
    };
    QTest *q = qtest_start(MACHINE "-device virtio-rng-pci,id=busy,rng=r0,bus=rp0 "
                                   "-device virtio-rng-pci,id=cold,rng=r0,bus=pcie.0 "
                                   "-device virtio-rng-pci,id=fixed,rng=r0,bus=off");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *arguments = g_strdup_printf("\"id\": \"%s\"", rows[i].id);
        refused(q, "device_del", arguments, rows[i].klass, rows[i].text);
    }
    g_assert_cmphex(slots(q, 0, DOWN), ==, 0);
    g_assert_false(qtest_event_seen(q, "DEVICE_DELETED"));
    qtest_stop(q);
}

/* QEMU's short names: of what is on PCI, and never a type. */
static void test_brief(void)
{
    static const char *const ids[] = { "cold", "hot" };
    QTest *q = qtest_start(MACHINE "-global virtio-rng.max-bytes=7 "
                                   "-device virtio-rng,rng=r0,id=cold,bus=rp0");
    add(q, "\"driver\": \"virtio-rng\", \"id\": \"hot\", \"rng\": \"r0\"" RP1);
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autoptr(JsonNode) type =
            qtest_qmp_ok(q,
                         "{\"execute\": \"qom-get\", \"arguments\": {\"path\": \"%s\", "
                         "\"property\": \"type\"}}",
                         ids[i]);
        g_assert_cmpstr(json_node_get_string(type), ==, "virtio-rng-pci");
    }
    qtest_stop(q);
}

/* One that came with the start goes like any other; data: its source, or its own. */
static void test_del_cold(gconstpointer data)
{
    QTest *q =
        qtest_start(MACHINE "-device virtio-rng-pci,bus=rp0%s", (const char *)data);
    del(q, "/machine/peripheral-anon/device[0]"); /* it has no id */
    g_assert_cmphex(slots(q, 0, DOWN), ==, 1);
    eject(q, 0);
    deleted(q, NULL, "/machine/peripheral-anon/device[0]/virtio-backend");
    deleted(q, NULL, "/machine/peripheral-anon/device[0]");
    g_assert_cmphex(id_behind(q, 0x10, 0), ==, NOTHING);
    qtest_stop(q);
}

#define DISK "\"driver\": \"virtio-blk-pci\", \"id\": \"d\", \"drive\": \"d0\""

/* After the event the node, the id and the port are free, and at once taken again. */
static void test_del(void)
{
    QTest *q = qtest_start(MACHINE);
    disk(q, "d0");
    for (unsigned round = 0; round < 3; round++) {
        add(q, DISK RP1);
        del(q, "d");
        refused(q, "device_del", "\"id\": \"d\"", GENERIC,
                "Device d is already in the process of unplug");
        refused(q, "blockdev-del", "\"node-name\": \"d0\"", GENERIC, "Node d0 is in use");
        refused(q, "device_add", DISK ", \"bus\": \"rp0\"", GENERIC,
                "Duplicate device ID 'd'");
        g_assert_cmphex(slots(q, 1, DOWN), ==, 1);
        eject(q, 1);
        disk_deleted(q);
        g_assert_cmphex(slots(q, 1, DOWN), ==, 0);
        drop_disk(q, "d0");
        disk(q, "d0");
    }
    refused(q, "device_del", "\"id\": \"d\"", "DeviceNotFound", "Device 'd' not found");
    qtest_stop(q);
}

/* A VM that is stopped is asked too; it answers when it goes on. */
static void test_del_paused(void)
{
    QTest *q = qtest_start(MACHINE);
    disk(q, "d0");
    board_qmp(q, "stop");
    add(q, DISK RP1);
    del(q, "d");
    refused(q, "device_del", "\"id\": \"d\"", GENERIC,
            "Device d is already in the process of unplug");
    board_qmp(q, "cont");
    g_assert_cmphex(slots(q, 1, DOWN), ==, 1);
    eject(q, 1);
    disk_deleted(q);
    drop_disk(q, "d0");
    qtest_stop(q);
}

/* --- functions of a slot --- */

#define FUNCTION(id_, addr_)                                                             \
    "\"driver\": \"virtio-rng-pci\", \"id\": \"" id_ "\", \"rng\": \"r0\", \"addr\": "   \
    "\"" addr_ "\"" RP1

/* Function 0 comes last, and shows them all; an ejection takes them all. */
static void test_functions(void)
{
    QTest *q = qtest_start(MACHINE);
    add(q, FUNCTION("f1", "0.1"));
    g_assert_cmphex(slots(q, 1, UP), ==, 0);
    g_assert_cmphex(id_behind(q, 0x11, 1), ==, NOTHING);
    refused(q, "device_add", FUNCTION("f0", "0.0"), GENERIC,
            "PCI: 0.0 indicates single function, but 0.1 is already populated.");
    add(q, FUNCTION("f0", "0.0") ", \"multifunction\": true");
    g_assert_cmphex(slots(q, 1, UP), ==, 1);
    g_assert_cmphex(id_behind(q, 0x11, 0), ==, RNG);
    g_assert_cmphex(id_behind(q, 0x11, 1), ==, RNG);
    del(q, "f1");
    eject(q, 1);
    deleted(q, NULL, "/machine/peripheral/f0/virtio-backend");
    deleted(q, "f0", "/machine/peripheral/f0");
    deleted(q, NULL, "/machine/peripheral/f1/virtio-backend");
    deleted(q, "f1", "/machine/peripheral/f1");
    g_assert_cmphex(id_behind(q, 0x11, 1), ==, NOTHING);
    qtest_stop(q);
}

/* What the guest does not see it cannot let go: nobody asks it. */
static void test_hidden_function(void)
{
    QTest *q = qtest_start(MACHINE);
    add(q, FUNCTION("f1", "0.1"));
    del(q, "f1");
    deleted(q, NULL, "/machine/peripheral/f1/virtio-backend");
    deleted(q, "f1", "/machine/peripheral/f1");
    g_assert_cmphex(slots(q, 1, DOWN), ==, 0);
    add(q, FUNCTION("f1", "0.0"));
    g_assert_cmphex(id_behind(q, 0x11, 0), ==, RNG);
    qtest_stop(q);
}

/* --- migration --- */

/* The guest was asked here, and lets go there. */
static void test_migrate(void)
{
    QTest *from = qtest_start(MACHINE);
    disk(from, "d0");
    add(from, DISK RP1);
    del(from, "d");
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    QTest *to = qtest_start(MACHINE "-incoming unix:%s "
                                    "-blockdev driver=file,node-name=d0,filename=%s "
                                    "-device virtio-blk-pci,id=d,drive=d0,bus=rp1",
                            path, image);
    refused(to, "device_del", "\"id\": \"d\"", GENERIC,
            "Guest is waiting for an incoming migration");
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    qtest_wait_migrated(from);
    board_wait(to, "RESUME");
    g_assert_false(qtest_event_seen(from, "DEVICE_DELETED"));
    g_assert_cmphex(slots(to, 1, DOWN), ==, 1);
    eject(to, 1);
    disk_deleted(to);
    g_assert_cmphex(id_behind(to, 0x11, 0), ==, NOTHING);
    drop_disk(to, "d0");
    qtest_stop(from);
    disk(to, "d0");
    add(to, DISK RP1);
    g_assert_cmphex(id_behind(to, 0x11, 0), ==, BLK);
    qtest_stop(to);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    int fd = g_file_open_tmp("vireo-plug-XXXXXX", &image, NULL);
    g_assert_cmpint(ftruncate(fd, MIB), ==, 0);
    close(fd);
    g_test_add_func("/pci-plug/add-refused", test_add_refused);
    g_test_add_func("/pci-plug/del-refused", test_del_refused);
    g_test_add_func("/pci-plug/brief", test_brief);
    g_test_add_data_func("/pci-plug/del-cold/rng", ",rng=r0", test_del_cold);
    g_test_add_data_func("/pci-plug/del-cold/own", "", test_del_cold);
    g_test_add_func("/pci-plug/del", test_del);
    g_test_add_func("/pci-plug/del-paused", test_del_paused);
    g_test_add_func("/pci-plug/functions", test_functions);
    g_test_add_func("/pci-plug/hidden-function", test_hidden_function);
    g_test_add_func("/pci-plug/migrate", test_migrate);
    int result = g_test_run();
    g_unlink(image);
    g_free(image);
    return result;
}
