/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a q35 says of itself over QMP: query-pci, query-block, query-blockstats,
 * query-iothreads, query-events. Names and forms are those of QEMU 7.2 for the same
 * command line; where what they say differs, the test says why.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/board.h"

#define MIB (1u << 20)

static char *image;

/* A port with a disk, an empty port, a port's second function; a disk on the root. */
static QTest *start(void)
{
    return qtest_start(
        "-M q35 -m 64 -object iothread,id=iothread1,poll-max-ns=32768,poll-grow=2 "
        "-object rng-random,id=r0,filename=/dev/urandom "
        "-blockdev driver=file,node-name=f0,filename=%s,read-only=on "
        "-blockdev driver=raw,node-name=d0,file=f0,read-only=on "
        "-blockdev driver=file,node-name=d1,filename=%s,read-only=on "
        "-device pcie-root-port,id=rp0,chassis=1,addr=2.0,multifunction=on "
        "-device pcie-root-port,id=rp1,chassis=2,addr=2.1 "
        "-device virtio-blk-pci,id=v0,drive=d0,bus=rp0,iothread=iothread1 "
        "-device virtio-blk-pci,id=v1,drive=d1,bus=pcie.0,addr=5,disable-legacy=on "
        "-device virtio-rng-pci,rng=r0,bus=pcie.0,addr=6",
        image, image);
}

static JsonArray *ask(QTest *q, const char *command, JsonNode **reply)
{
    *reply = qtest_qmp_ok(q, "{\"execute\": \"%s\"}", command);
    return json_node_get_array(*reply);
}

/* What `expected` has is there, and equal; nothing is said of what is there besides. */
static void assert_has(JsonNode *node, JsonNode *expected, const char *where)
{
    if (!JSON_NODE_HOLDS_OBJECT(expected)) {
        if (!json_node_equal(node, expected)) {
            g_autofree char *is = json_to_string(node, FALSE);
            g_autofree char *should = json_to_string(expected, FALSE);
            g_error("%s is %s, not %s", where, is, should);
        }
        return;
    }
    g_autoptr(GList) names = json_object_get_members(json_node_get_object(expected));
    for (GList *l = names; l; l = l->next) {
        g_autofree char *below = g_strdup_printf("%s.%s", where, (char *)l->data);
        JsonNode *member = json_object_get_member(json_node_get_object(node), l->data);
        JsonNode *want = json_object_get_member(json_node_get_object(expected), l->data);
        if (JSON_NODE_HOLDS_NULL(want)) {
            g_assert_null(member); /* written as null: it is not there */
        } else if (!member) {
            g_error("there is no %s", below);
        } else {
            assert_has(member, want, below);
        }
    }
}

static void assert_object(JsonObject *object, const char *expected)
{
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), object);
    g_autoptr(JsonNode) want = json_from_string(expected, NULL);
    assert_has(node, want, "");
}

static JsonArray *devices_of(JsonArray *buses)
{
    g_assert_cmpuint(json_array_get_length(buses), ==, 1);
    return json_object_get_array_member(json_array_get_object_element(buses, 0),
                                        "devices");
}

/*
 * Ours has no SMBus; disks are modern, as disable-legacy=on has them. Interrupt lines are
 * those that SeaBIOS sets.
 */
static const char *const functions[] = {
    "{\"bus\": 0, \"slot\": 0, \"function\": 0, \"qdev_id\": \"\", \"irq\": null,"
    " \"irq_pin\": 0, \"class_info\": {\"class\": 1536, \"desc\": \"Host bridge\"},"
    " \"id\": {\"vendor\": 32902, \"device\": 10688, \"subsystem-vendor\": 6900,"
    " \"subsystem\": 4352}, \"regions\": [], \"pci_bridge\": null}",
    "{\"slot\": 2, \"function\": 0, \"qdev_id\": \"rp0\", \"irq\": 11, \"irq_pin\": 1,"
    " \"class_info\": {\"class\": 1540, \"desc\": \"PCI bridge\"},"
    " \"id\": {\"vendor\": 6966, \"device\": 12, \"subsystem\": null,"
    " \"subsystem-vendor\": null},"
    " \"pci_bridge\": {\"bus\": {\"number\": 0, \"secondary\": 1, \"subordinate\": 1}}}",
    "{\"slot\": 2, \"function\": 1, \"qdev_id\": \"rp1\","
    " \"pci_bridge\": {\"bus\": {\"secondary\": 2}, \"devices\": []}}",
    "{\"slot\": 5, \"function\": 0, \"qdev_id\": \"v1\", \"irq\": 10, \"irq_pin\": 1,"
    " \"class_info\": {\"class\": 256, \"desc\": \"SCSI controller\"},"
    " \"id\": {\"vendor\": 6900, \"device\": 4162, \"subsystem-vendor\": 6900,"
    " \"subsystem\": 4352}}",
    "{\"slot\": 6, \"class_info\": {\"class\": 255, \"desc\": null}}",
    "{\"slot\": 31, \"function\": 0, \"irq\": null, \"irq_pin\": 0,"
    " \"class_info\": {\"class\": 1537, \"desc\": \"ISA bridge\"},"
    " \"id\": {\"vendor\": 32902, \"device\": 10520}}",
    "{\"slot\": 31, \"function\": 2, \"irq_pin\": 1, \"qdev_id\": \"\","
    " \"class_info\": {\"class\": 262, \"desc\": \"SATA controller\"},"
    " \"id\": {\"vendor\": 32902, \"device\": 10530, \"subsystem-vendor\": 6900,"
    " \"subsystem\": 4352}}",
};

static void check_behind(JsonArray *devices)
{
    JsonObject *bridge = json_object_get_object_member(
        json_array_get_object_element(devices, 1), "pci_bridge");
    JsonArray *behind = json_object_get_array_member(bridge, "devices");
    g_assert_cmpuint(json_array_get_length(behind), ==, 1);
    JsonObject *disk = json_array_get_object_element(behind, 0);
    assert_object(disk,
                  "{\"bus\": 1, \"slot\": 0, \"function\": 0, \"qdev_id\": \"v0\"}");
    JsonArray *regions = json_object_get_array_member(disk, "regions");
    g_assert_cmpuint(json_array_get_length(regions), ==, 2);
    assert_object(json_array_get_object_element(regions, 0),
                  "{\"bar\": 1, \"type\": \"memory\", \"size\": 4096, "
                  "\"prefetch\": false, \"mem_type_64\": false}");
    assert_object(json_array_get_object_element(regions, 1),
                  "{\"bar\": 4, \"type\": \"memory\", \"size\": 16384, "
                  "\"prefetch\": true, \"mem_type_64\": true}");
}

static void test_pci(void)
{
    QTest *q = start();
    g_autoptr(JsonNode) reply = NULL, after = NULL;
    JsonArray *devices = devices_of(ask(q, "query-pci", &reply));
    g_assert_cmpuint(json_array_get_length(devices), ==, G_N_ELEMENTS(functions));
    for (unsigned i = 0; i < G_N_ELEMENTS(functions); i++) {
        assert_object(json_array_get_object_element(devices, i), functions[i]);
    }
    check_behind(devices);
    /* A guest that takes the bus number away sees nothing there any more. */
    qtest_outl(q, 0xcf8, 0x80001018);
    qtest_outl(q, 0xcfc, 0);
    devices = devices_of(ask(q, "query-pci", &after));
    assert_object(json_array_get_object_element(devices, 1),
                  "{\"pci_bridge\": {\"bus\": {\"secondary\": 0}, \"devices\": null}}");
    qtest_stop(q);
}

static void test_block(void)
{
    QTest *q = start();
    g_autoptr(JsonNode) reply = NULL, stats = NULL;
    JsonArray *disks = ask(q, "query-block", &reply);
    g_assert_cmpuint(json_array_get_length(disks), ==, 2);
    assert_object(
        json_array_get_object_element(disks, 0),
        "{\"device\": \"\", \"qdev\": \"/machine/peripheral/v0/virtio-backend\","
        " \"type\": \"unknown\", \"removable\": false, \"locked\": false,"
        " \"io-status\": \"ok\", \"inserted\": {\"node-name\": \"d0\","
        " \"drv\": \"raw\", \"ro\": true, \"bps\": 0, \"iops\": 0,"
        " \"image\": {\"virtual-size\": 1048576, \"actual-size\": 0}}}");
    assert_object(json_array_get_object_element(disks, 1),
                  "{\"qdev\": \"/machine/peripheral/v1/virtio-backend\","
                  " \"inserted\": {\"node-name\": \"d1\", \"drv\": \"file\"}}");
    disks = ask(q, "query-blockstats", &stats);
    g_assert_cmpuint(json_array_get_length(disks), ==, 2);
    assert_object(
        json_array_get_object_element(disks, 0),
        "{\"device\": \"\", \"qdev\": \"/machine/peripheral/v0/virtio-backend\","
        " \"node-name\": \"d0\", \"parent\": {\"node-name\": \"f0\"},"
        " \"stats\": {\"rd_bytes\": 0, \"wr_highest_offset\": 0}}");
    qtest_stop(q);
}

/* Those that -drive has made go by its names; a flash is one, and so is what nobody has.
 */
static void test_drives(void)
{
    static const char *const drives[] = {
        "{\"device\": \"pflash0\", \"qdev\": \"/machine/system.flash0\","
        " \"removable\": false, \"io-status\": null, \"inserted\": {\"ro\": true}}",
        "{\"device\": \"dd\", \"qdev\": \"/machine/peripheral/v0/virtio-backend\","
        " \"removable\": false, \"io-status\": \"ok\", \"inserted\": {\"ro\": true}}",
        "{\"device\": \"free\", \"qdev\": null, \"removable\": true, \"io-status\": null,"
        " \"inserted\": {\"drv\": \"raw\"}}",
        "{\"device\": \"ide1-cd0\", \"removable\": true, \"tray_open\": false,"
        " \"inserted\": {\"ro\": true}}",
    };
    QTest *q = qtest_start("-M q35 -m 64 -drive if=pflash,format=raw,file=%s,readonly=on "
                           "-drive if=none,format=raw,id=dd,file=%s,readonly=on "
                           "-device virtio-blk-pci,id=v0,drive=dd "
                           "-drive if=none,format=raw,id=free,file=%s,readonly=on "
                           "-drive if=ide,index=1,media=cdrom,format=raw,file=%s",
                           image, image, image, image);
    g_autoptr(JsonNode) reply = NULL, stats = NULL;
    JsonArray *disks = ask(q, "query-block", &reply);
    JsonArray *counted = ask(q, "query-blockstats", &stats);
    g_assert_cmpuint(json_array_get_length(disks), ==, G_N_ELEMENTS(drives));
    g_assert_cmpuint(json_array_get_length(counted), ==, G_N_ELEMENTS(drives));
    for (unsigned i = 0; i < G_N_ELEMENTS(drives); i++) {
        JsonObject *disk = json_array_get_object_element(disks, i);
        JsonObject *one = json_array_get_object_element(counted, i);
        assert_object(disk, drives[i]);
        g_assert_cmpstr(json_object_get_string_member(one, "device"), ==,
                        json_object_get_string_member(disk, "device"));
        g_assert_true(json_object_has_member(one, "qdev") ==
                      json_object_has_member(disk, "qdev"));
    }
    qtest_stop(q);
}

/* By -blockdev they have none. */
static void test_flashes(void)
{
    QTest *q = qtest_start("-M q35,pflash0=f -m 64 "
                           "-blockdev driver=file,node-name=f,filename=%s,read-only=on",
                           image);
    g_autoptr(JsonNode) reply = NULL;
    JsonArray *disks = ask(q, "query-block", &reply);
    g_assert_cmpuint(json_array_get_length(disks), ==, 1);
    assert_object(json_array_get_object_element(disks, 0),
                  "{\"device\": \"\", \"qdev\": \"/machine/system.flash0\","
                  " \"inserted\": {\"node-name\": \"f\", \"drv\": \"file\"}}");
    qtest_stop(q);
}

static void test_iothreads(void)
{
    QTest *q = start();
    g_autoptr(JsonNode) reply = NULL;
    JsonArray *threads = ask(q, "query-iothreads", &reply);
    g_assert_cmpuint(json_array_get_length(threads), ==, 1);
    JsonObject *thread = json_array_get_object_element(threads, 0);
    assert_object(thread, "{\"id\": \"iothread1\", \"poll-max-ns\": 0, \"poll-grow\": 0,"
                          " \"poll-shrink\": 0, \"aio-max-batch\": 0}");
    g_autofree char *path =
        g_strdup_printf("/proc/%d/task/%" G_GINT64_FORMAT "/comm", qtest_pid(q),
                        json_object_get_int_member(thread, "thread-id"));
    g_autofree char *name = NULL;
    g_assert_true(g_file_get_contents(path, &name, NULL, NULL));
    g_assert_cmpstr(name, ==, "IO iothread1\n");
    qtest_stop(q);
}

/* As the schema has them. */
static void test_events(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    g_autoptr(JsonNode) reply = NULL, schema = NULL;
    JsonArray *events = ask(q, "query-events", &reply);
    JsonArray *entries = ask(q, "query-qmp-schema", &schema);
    guint n = 0;
    for (guint i = 0; i < json_array_get_length(entries); i++) {
        JsonObject *entry = json_array_get_object_element(entries, i);
        if (strcmp(json_object_get_string_member(entry, "meta-type"), "event") == 0) {
            JsonObject *event = json_array_get_object_element(events, n++);
            g_assert_cmpstr(json_object_get_string_member(event, "name"), ==,
                            json_object_get_string_member(entry, "name"));
        }
    }
    g_assert_cmpuint(n, ==, json_array_get_length(events));
    g_assert_cmpuint(n, >, 5);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    int fd = g_file_open_tmp("vireo-query-XXXXXX", &image, NULL);
    g_assert_cmpint(ftruncate(fd, MIB), ==, 0);
    close(fd);
    g_test_add_func("/query/pci", test_pci);
    g_test_add_func("/query/block", test_block);
    g_test_add_func("/query/drives", test_drives);
    g_test_add_func("/query/flashes", test_flashes);
    g_test_add_func("/query/iothreads", test_iothreads);
    g_test_add_func("/query/events", test_events);
    int result = g_test_run();
    g_unlink(image);
    g_free(image);
    return result;
}
