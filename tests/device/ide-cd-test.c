/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CD drive on the q35's controller: what the guest reads, media that the host changes
 * as libvirt does, a locked tray, QMP's refusals with QEMU's words, a VM that stops for
 * an error, and what migrates. The drive alone: tests/unit/ide-cd-test.c.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/device/ahci.h"
#include "tests/device/virtio-common.h"

#define BLOCK  2048u
#define BLOCKS 64u
#define LISTS  0x200000ull
#define PORT   1 /* of the drive */

#define NOT_READY    0x023a00u
#define CHANGED      0x062800u
#define READ_ERROR   0x031100u
#define OUT_OF_RANGE 0x052100u

static char *dir;

/* --- the guest's side --- */

/* Where the drive's data goes is AHCI_DATA; TRUE: all is well. */
static gboolean packet(const Ahci *a, guint32 bytes, const guint8 *cdb)
{
    AhciPrd prd = { AHCI_DATA, bytes };
    AhciTask t = { .command = 0xa0,
                   .features = 1, /* DMA */
                   .has_packet = TRUE,
                   .prds = &prd,
                   .n_prds = bytes != 0 };

    memcpy(t.packet, cdb, 12);
    return ahci_do(a, PORT, &t);
}

#define PACKET(a, bytes, ...) packet(a, bytes, (const guint8[12]){ __VA_ARGS__ })

static gboolean read_block(const Ahci *a, guint8 block, guint8 count)
{
    return PACKET(a, BLOCK * count, 0x28, [5] = block, [8] = count);
}

/* The port has stopped; the sense key, and what goes with it. */
static guint32 sense(const Ahci *a)
{
    guint8 data[18];

    g_assert_cmphex(ahci_get(a, PORT, A_IS) & A_TFES, ==, A_TFES);
    ahci_restart(a, PORT);
    g_assert_true(PACKET(a, 18, 0x03, [4] = 18));
    qtest_memread(a->q, AHCI_DATA, data, sizeof(data));
    return (guint32)(data[2] & 0x0f) << 16 | (guint32)data[12] << 8 | data[13];
}

static void assert_block(const Ahci *a, guint8 block, guint8 fill)
{
    g_assert_true(read_block(a, block, 1));
    g_assert_cmpuint(ahci_moved(a, PORT, 0), ==, BLOCK);
    g_assert_cmphex(qtest_readb(a->q, AHCI_DATA), ==, fill);
    g_assert_cmphex(qtest_readb(a->q, AHCI_DATA + BLOCK - 1), ==, fill);
}

static void assert_fails(const Ahci *a, guint32 why)
{
    g_assert_false(read_block(a, 0, 1));
    g_assert_cmphex(sense(a), ==, why);
}

/* GET EVENT STATUS NOTIFICATION: event and status. */
static guint16 event(const Ahci *a)
{
    g_assert_true(PACKET(a, 8, 0x4a, 0x01, [4] = 0x10, [8] = 8));
    return (guint16)(qtest_readb(a->q, AHCI_DATA + 4) << 8 |
                     qtest_readb(a->q, AHCI_DATA + 5));
}

/* As a driver finds the medium: not there, then another one. */
static void see_change(const Ahci *a)
{
    g_assert_false(PACKET(a, 0, 0));
    g_assert_cmphex(sense(a), ==, NOT_READY);
    g_assert_false(PACKET(a, 0, 0));
    g_assert_cmphex(sense(a), ==, CHANGED);
    g_assert_true(PACKET(a, 0, 0));
}

/* --- the host's side --- */

static char *image(const char *name, int fill)
{
    return make_image(dir, name, (gsize)BLOCK * BLOCKS, fill);
}

static QTest *start(Ahci *a, const char *more)
{
    QTest *q = qtest_start("-machine q35 -m 16M %s", more);

    ahci_open(a, q, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(a, PORT);
    return q;
}

static void add_node(QTest *q, const char *name, const char *path)
{
    qmp(q,
        "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"raw\", "
        "\"node-name\": \"%s\", \"read-only\": true, \"file\": {\"driver\": \"file\", "
        "\"filename\": \"%s\"}}}",
        name, path);
}

static void del_node(QTest *q, const char *name)
{
    qmp(q, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"%s\"}}",
        name);
}

static void assert_moved(QTest *q, const char *device, const char *id, gboolean open)
{
    g_autoptr(JsonObject) message = qtest_event_wait(q, "DEVICE_TRAY_MOVED");
    JsonObject *data = json_object_get_object_member(message, "data");

    g_assert_cmpstr(json_object_get_string_member(data, "device"), ==, device);
    g_assert_cmpstr(json_object_get_string_member(data, "id"), ==, id);
    g_assert_cmpint(json_object_get_boolean_member(data, "tray-open"), ==, open);
}

static void assert_still(QTest *q)
{
    qmp(q, "{\"execute\": \"query-status\"}");
    g_assert_false(qtest_event_seen(q, "DEVICE_TRAY_MOVED"));
}

/* query-block's entry of the drive; node: how its name begins, NULL: empty. */
static void assert_drive(QTest *q, const char *device, const char *qdev, gboolean open,
                         gboolean locked, const char *node)
{
    g_autoptr(JsonNode) reply = qtest_qmp_ok(q, "{\"execute\": \"query-block\"}");
    JsonArray *list = json_node_get_array(reply);

    g_assert_cmpuint(json_array_get_length(list), ==, 1);
    JsonObject *info = json_array_get_object_element(list, 0);
    g_assert_cmpstr(json_object_get_string_member(info, "device"), ==, device);
    g_assert_cmpstr(json_object_get_string_member(info, "qdev"), ==, qdev);
    g_assert_true(json_object_get_boolean_member(info, "removable"));
    g_assert_cmpint(json_object_get_boolean_member(info, "tray_open"), ==, open);
    g_assert_cmpint(json_object_get_boolean_member(info, "locked"), ==, locked);
    g_assert_cmpint(json_object_has_member(info, "inserted"), ==, node != NULL);
    if (node) {
        JsonObject *in = json_object_get_object_member(info, "inserted");
        g_assert_true(
            g_str_has_prefix(json_object_get_string_member(in, "node-name"), node));
    }
}

#define CD0 "\"id\": \"cd0\""
static void tell(QTest *q, const char *command, const char *arguments)
{
    qmp(q, "{\"execute\": \"%s\", \"arguments\": {%s}}", command, arguments);
}

static void refuses(QTest *q, const char *command, const char *arguments,
                    const char *text)
{
    g_autofree char *error = qtest_qmp_fails(
        q, "{\"execute\": \"%s\", \"arguments\": {%s}}", command, arguments);

    if (!strstr(error, text)) {
        g_error("%s: '%s' does not say '%s'", command, error, text);
    }
}

/* --- tests --- */

/* What libvirt 9.0 and 11.3 do for change-media. */
static void test_change(void)
{
    g_autofree char *one = image("one", 0x11), *two = image("two", 0x22);
    Ahci a;
    QTest *q = start(&a, "-device ide-cd,id=cd0,bus=ide.1");

    assert_drive(q, "", "cd0", FALSE, FALSE, NULL);
    assert_fails(&a, NOT_READY);
    for (guint i = 0; i < 3; i++) {
        const char *name = i % 2 ? "m1" : "m0", *before = i % 2 ? "m0" : "m1";
        g_autofree char *in = g_strdup_printf(CD0 ", \"node-name\": \"%s\"", name);

        tell(q, "blockdev-open-tray", CD0 ", \"force\": false");
        assert_moved(q, "", "cd0", TRUE);
        g_assert_cmphex(event(&a), ==, 0x0001);
        tell(q, "blockdev-remove-medium", CD0);
        assert_drive(q, "", "cd0", TRUE, FALSE, NULL);
        if (i) {
            del_node(q, before);
        }
        add_node(q, name, i % 2 ? two : one);
        tell(q, "blockdev-insert-medium", in);
        assert_drive(q, "", "cd0", TRUE, FALSE, name);
        assert_fails(&a, NOT_READY);
        tell(q, "blockdev-close-tray", CD0);
        assert_moved(q, "", "cd0", FALSE);
        assert_drive(q, "", "cd0", FALSE, FALSE, name);
        see_change(&a);
        assert_block(&a, 5, i % 2 ? 0x22 : 0x11);
        g_assert_cmphex(event(&a), ==, 0x0202);
        g_assert_cmphex(event(&a), ==, 0x0002);
    }
    g_assert_false(read_block(&a, BLOCKS - 1, 2));
    g_assert_cmphex(sense(&a), ==, OUT_OF_RANGE);
    assert_still(q);
    qtest_stop(q);
}

/* The guest holds it; it is asked, and lets go; or it is not asked any more. */
static void test_locked(void)
{
    g_autofree char *one = image("one", 0x11);
    Ahci a;
    QTest *q = start(&a, "-device ide-cd,id=cd0,bus=ide.1");

    add_node(q, "m0", one);
    tell(q, "blockdev-open-tray", CD0);
    tell(q, "blockdev-insert-medium", CD0 ", \"node-name\": \"m0\"");
    tell(q, "blockdev-close-tray", CD0);
    assert_moved(q, "", "cd0", TRUE);
    assert_moved(q, "", "cd0", FALSE);
    see_change(&a);
    event(&a);
    g_assert_true(PACKET(&a, 0, 0x1e, [4] = 1));
    assert_drive(q, "", "cd0", FALSE, TRUE, "m0");
    tell(q, "blockdev-open-tray", CD0 ", \"force\": false");
    assert_still(q);
    g_assert_cmphex(event(&a), ==, 0x0102);
    refuses(q, "eject", CD0, "is locked and force was not specified, wait for tray to");
    refuses(q, "blockdev-remove-medium", CD0, "Tray of device 'cd0' is not open");
    g_assert_cmphex(event(&a), ==, 0x0102);
    g_assert_true(PACKET(&a, 0, 0x1e, [4] = 0));
    g_assert_true(PACKET(&a, 0, 0x1b, [4] = 2));
    assert_moved(q, "", "cd0", TRUE);
    g_assert_true(PACKET(&a, 0, 0x1b, [4] = 3));
    assert_moved(q, "", "cd0", FALSE);
    assert_block(&a, 1, 0x11);
    g_assert_true(PACKET(&a, 0, 0x1e, [4] = 1));
    tell(q, "eject", CD0 ", \"force\": true");
    assert_moved(q, "", "cd0", TRUE);
    assert_drive(q, "", "cd0", TRUE, FALSE, NULL);
    del_node(q, "m0");
    qtest_stop(q);
}

static void test_refusals(void)
{
    static const struct {
        const char *command, *arguments, *text;
    } rows[] = {
        { "eject", "", "Need exactly one of 'device' and 'id'" },
        { "eject", "\"id\": \"cd0\", \"device\": \"d\"",
          "Need exactly one of 'device' and 'id'" },
        { "eject", "\"device\": \"cd0\"", "Device 'cd0' not found" },
        { "eject", "\"id\": \"none\"", "Device 'none' not found" },
        { "eject", "\"id\": \"/machine/none\"", "Device '/machine/none' not found" },
        { "eject", "\"id\": \"hd0\"", "Device 'hd0' is not removable" },
        { "eject", "\"id\": \"rp\"", "Device does not have a block device backend" },
        { "blockdev-open-tray", "\"id\": \"hd0\"", "Device 'hd0' is not removable" },
        { "blockdev-close-tray", "", "Need exactly one of 'device' and 'id'" },
        { "blockdev-close-tray", "\"id\": \"hd0\"", "Device 'hd0' is not removable" },
        { "blockdev-remove-medium", "\"id\": \"hd0\"", "Device 'hd0' is not removable" },
        { "blockdev-remove-medium", CD0, "Tray of device 'cd0' is not open" },
        { "blockdev-insert-medium", CD0 ", \"node-name\": \"m\"",
          "Tray of the device is not open" },
        { "blockdev-change-medium", "\"id\": \"hd0\", \"filename\": \"/x\"",
          "Device 'hd0' is not removable" },
        { "blockdev-change-medium", CD0, "Parameter 'filename' is missing" },
        { "blockdev-change-medium",
          CD0 ", \"filename\": \"/x\", \"read-only-mode\": \"rx\"", "read-only-mode" },
        { "blockdev-change-medium", CD0 ", \"filename\": \"/nonexistent/image\"",
          "Could not open '/nonexistent/image'" },
        { "blockdev-change-medium",
          CD0 ", \"filename\": \"/nonexistent/image\", \"format\": \"vdi\"", "vdi" },
    };
    g_autofree char *one = image("one", 0x11);
    g_autofree char *more = g_strdup_printf(
        "-device ide-cd,id=cd0,bus=ide.1 -blockdev driver=file,node-name=h,filename=%s "
        "-device ide-hd,id=hd0,drive=h,bus=ide.2 -device pcie-root-port,id=rp",
        one);
    QTest *q = qtest_start("-machine q35 -m 16M %s", more);

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        refuses(q, rows[i].command, rows[i].arguments, rows[i].text);
    }
    assert_still(q);
    tell(q, "blockdev-open-tray", "\"id\": \"/machine/peripheral/cd0\"");
    refuses(q, "blockdev-insert-medium", CD0 ", \"node-name\": \"m\"",
            "Node 'm' not found");
    refuses(q, "blockdev-insert-medium", CD0 ", \"node-name\": \"h\"",
            "Node 'h' is already in use");
    refuses(q, "device_del", CD0, "Bus 'ide.1' does not support hotplugging");
    qtest_stop(q);
}

/* -cdrom: its name, and a medium that goes when it is out. */
static void test_named(void)
{
    g_autofree char *one = image("one", 0x11), *two = image("two", 0x22);
    g_autofree char *more = g_strdup_printf("-cdrom %s", one);
    g_autofree char *change = g_strdup_printf(
        "\"device\": \"ide2-cd0\", \"filename\": \"%s\", \"format\": \"raw\"", two);
    g_autofree char *guess =
        g_strdup_printf("\"device\": \"ide2-cd0\", \"filename\": \"%s\"", one);
    const char *path = "/machine/peripheral-anon/device[0]";
    QTest *q = qtest_start("-machine q35 -m 16M %s", more);

    assert_drive(q, "ide2-cd0", path, FALSE, FALSE, "ide2-cd0");
    tell(q, "blockdev-change-medium", change);
    assert_moved(q, "ide2-cd0", path, TRUE);
    assert_moved(q, "ide2-cd0", path, FALSE);
    assert_drive(q, "ide2-cd0", path, FALSE, FALSE, "#block");
    g_assert_true(g_file_set_contents(one, "QFI\xfb\0\0\0\3", 8, NULL));
    refuses(q, "blockdev-change-medium", guess, "begins as a qcow2 image does");
    assert_still(q);
    g_assert_true(g_file_set_contents(one, "CD001\0\0\0", 8, NULL));
    tell(q, "blockdev-change-medium", guess);
    assert_moved(q, "ide2-cd0", path, TRUE);
    assert_moved(q, "ide2-cd0", path, FALSE);
    tell(q, "eject", "\"device\": \"ide2-cd0\"");
    assert_moved(q, "ide2-cd0", path, TRUE);
    assert_drive(q, "ide2-cd0", path, TRUE, FALSE, NULL);
    g_autoptr(JsonNode) nodes =
        qtest_qmp_ok(q, "{\"execute\": \"query-named-block-nodes\"}");
    g_assert_cmpuint(json_array_get_length(json_node_get_array(nodes)), ==, 0);
    g_autoptr(JsonNode) stats = qtest_qmp_ok(q, "{\"execute\": \"query-blockstats\"}");
    g_assert_cmpuint(json_array_get_length(json_node_get_array(stats)), ==, 1);
    qtest_stop(q);

    q = qtest_start("-machine q35 -m 16M -drive if=none,id=d,media=cdrom "
                    "-device ide-cd,id=cd0,drive=d");
    assert_drive(q, "d", "cd0", FALSE, FALSE, NULL);
    qtest_stop(q);
}

/* A controller that is unplugged takes its drive along, and the drive its medium. */
static void test_unplug(void)
{
    g_autofree char *one = image("one", 0x11);
    g_autofree char *change =
        g_strdup_printf(CD0 ", \"filename\": \"%s\", \"format\": \"raw\"", one);
    QTest *q = qtest_start("-machine q35 -m 16M -device pcie-root-port,id=rp,addr=2 "
                           "-device ich9-ahci,id=sata,bus=rp "
                           "-device ide-cd,id=cd0,bus=sata.2");

    tell(q, "blockdev-change-medium", change);
    assert_drive(q, "", "cd0", FALSE, FALSE, "#block");
    tell(q, "device_del", "\"id\": \"sata\"");
    qtest_outl(q, 0xcc0 + 0x10, 0); /* the guest lets go */
    qtest_outl(q, 0xcc0 + 0x08, 1);
    for (;;) {
        g_autoptr(JsonObject) message = qtest_event_wait(q, "DEVICE_DELETED");
        JsonObject *data = json_object_get_object_member(message, "data");
        if (strcmp(json_object_get_string_member(data, "device"), "sata") == 0) {
            break;
        }
    }
    refuses(q, "eject", CD0, "Device 'cd0' not found");
    g_autoptr(JsonNode) drives = qtest_qmp_ok(q, "{\"execute\": \"query-block\"}");
    g_assert_cmpuint(json_array_get_length(json_node_get_array(drives)), ==, 0);
    g_autoptr(JsonNode) nodes =
        qtest_qmp_ok(q, "{\"execute\": \"query-named-block-nodes\"}");
    g_assert_cmpuint(json_array_get_length(json_node_get_array(nodes)), ==, 0);
    qtest_stop(q);
}

/* A guest that moves its tray as fast as it can makes no crowd of events. */
static void test_flood(void)
{
    guint heard = 0;
    Ahci a;
    QTest *q = start(&a, "-device ide-cd,id=cd0,bus=ide.1");

    for (guint i = 0; i < 300; i++) {
        g_assert_true(PACKET(&a, 0, 0x1b, [4] = i % 2 ? 3 : 2));
    }
    qmp(q, "{\"execute\": \"query-status\"}");
    while (qtest_event_seen(q, "DEVICE_TRAY_MOVED")) {
        json_object_unref(qtest_event_wait(q, "DEVICE_TRAY_MOVED"));
        heard++;
    }
    g_assert_cmpuint(heard, >, 0);
    g_assert_cmpuint(heard, <=, 64);
    qtest_stop(q);
}

static QTest *start_with_medium(Ahci *a, const char *more)
{
    g_autofree char *one = image("one", 0x11);
    g_autofree char *options =
        g_strdup_printf("-blockdev driver=file,node-name=f,filename=%s,read-only=on "
                        "-blockdev driver=x-test,node-name=m,file=f "
                        "-device ide-cd,id=cd0,bus=ide.1,drive=m%s",
                        one, more);

    return start(a, options);
}

/* The VM stops for an error; meanwhile the medium is taken out, or not. */
static void test_stop(void)
{
    for (guint taken = 0; taken < 2; taken++) {
        AhciPrd prd = { AHCI_DATA, BLOCK };
        AhciTask t = { .command = 0xa0,
                       .features = 1,
                       .has_packet = TRUE,
                       .packet = { 0x28, [8] = 1 },
                       .prds = &prd,
                       .n_prds = 1 };
        Ahci a;
        QTest *q = start_with_medium(&a, ",rerror=stop");

        block_testing(q, "m fail read 0 2048 EIO 1");
        ahci_issue(&a, PORT, 0, &t);
        json_object_unref(qtest_event_wait(q, "BLOCK_IO_ERROR"));
        json_object_unref(qtest_event_wait(q, "STOP"));
        g_assert_cmphex(ahci_get(&a, PORT, A_CI), ==, 1);
        if (taken) {
            tell(q, "eject", CD0);
        }
        qmp(q, "{\"execute\": \"cont\"}");
        g_assert_cmpint(ahci_wait(&a, PORT, 0), ==, !taken);
        if (taken) {
            g_assert_cmphex(sense(&a), ==, NOT_READY);
        } else {
            g_assert_cmphex(qtest_readb(q, AHCI_DATA), ==, 0x11);
        }
        qtest_stop(q);
    }
}

/* A read that fails is the medium's fault; and the guest gives less memory than it asks.
 */
static void test_errors(void)
{
    static const guint8 cdb[12] = { 0x28, [8] = 4 };
    Ahci a;
    QTest *q = start_with_medium(&a, "");

    block_testing(q, "m fail read 0 2048 EIO 1");
    assert_fails(&a, READ_ERROR);
    json_object_unref(qtest_event_wait(q, "BLOCK_IO_ERROR"));
    g_assert_false(packet(&a, BLOCK, cdb));
    g_assert_cmphex(ahci_get(&a, PORT, A_IS) & A_OFS, ==, A_OFS);
    ahci_restart(&a, PORT);
    assert_block(&a, 3, 0x11);
    g_assert_false(PACKET(&a, 0, 0x12, [4] = 36));
    ahci_restart(&a, PORT);
    assert_block(&a, 3, 0x11);
    qtest_stop(q);
}

/* By PIO, as SeaBIOS does. */
static void test_pio(void)
{
    AhciPrd prd = { AHCI_DATA, 3 * BLOCK };
    AhciTask t = { .command = 0xa0,
                   .lba = BLOCK << 8,
                   .has_packet = TRUE,
                   .packet = { 0x28, [5] = 2, [8] = 3 },
                   .prds = &prd,
                   .n_prds = 1 };
    guint8 fis[20];
    Ahci a;
    QTest *q = start_with_medium(&a, "");

    g_assert_cmphex(ahci_get(&a, PORT, A_SIG), ==, 0xeb140101);
    g_assert_true(ahci_do(&a, PORT, &t));
    g_assert_cmpuint(ahci_moved(&a, PORT, 0), ==, 3 * BLOCK);
    g_assert_cmphex(qtest_readb(q, AHCI_DATA + 3 * BLOCK - 1), ==, 0x11);
    qtest_memread(q, ahci_fis(&a, PORT) + 0x20, fis, sizeof(fis));
    g_assert_cmphex(fis[0], ==, 0x5f);
    g_assert_cmpuint(fis[16] | fis[17] << 8, ==, BLOCK);
    qtest_memread(q, ahci_fis(&a, PORT) + 0x40, fis, sizeof(fis));
    g_assert_cmphex(fis[2], ==, 0x50);
    g_assert_cmphex(fis[12], ==, 3);
    qtest_stop(q);
}

typedef struct Pair {
    QTest *from, *to;
    Ahci a;
} Pair;

/* A drive whose medium the host has put in; at the destination it is there. */
static void start_pair(Pair *p)
{
    g_autofree char *one = image("one", 0x11);
    g_autofree char *options = g_strdup_printf(
        "-machine q35 -m 16M -blockdev driver=raw,node-name=m,read-only=on,"
        "file.driver=file,file.filename=%s -device ide-cd,id=cd0,bus=ide.1",
        one);

    p->from = qtest_start("%s", options);
    p->to =
        qtest_start("%s,drive=m -incoming unix:%s/stream", options, qtest_dir(p->from));
    ahci_open(&p->a, p->from, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(&p->a, PORT);
    tell(p->from, "blockdev-open-tray", CD0);
    tell(p->from, "blockdev-insert-medium", CD0 ", \"node-name\": \"m\"");
    tell(p->from, "blockdev-close-tray", CD0);
}

static void migrate(Pair *p)
{
    qmp(p->from,
        "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s/stream\"}}",
        qtest_dir(p->from));
    qtest_wait_migrated(p->from);
    json_object_unref(qtest_event_wait(p->to, "RESUME"));
    p->a.q = p->to;
}

static void stop_pair(Pair *p)
{
    qtest_stop(p->from);
    qtest_stop(p->to);
}

/* Lock, sense, and that the tray is to open. */
static void test_migrate_lock(void)
{
    Pair p;

    start_pair(&p);
    see_change(&p.a);
    g_assert_cmphex(event(&p.a), ==, 0x0202);
    g_assert_true(PACKET(&p.a, 0, 0x1e, [4] = 1));
    tell(p.from, "blockdev-open-tray", CD0);
    g_assert_false(read_block(&p.a, BLOCKS, 1));
    g_assert_cmphex(sense(&p.a), ==, OUT_OF_RANGE);
    migrate(&p);
    assert_drive(p.to, "", "cd0", FALSE, TRUE, "m");
    g_assert_true(PACKET(&p.a, 18, 0x03, [4] = 18));
    g_assert_cmphex(qtest_readb(p.to, AHCI_DATA + 2), ==, OUT_OF_RANGE >> 16);
    g_assert_cmphex(event(&p.a), ==, 0x0102);
    assert_block(&p.a, 7, 0x11);
    stop_pair(&p);
}

/* A change of which the guest has heard the first half; an open tray. */
static void test_migrate_change(void)
{
    Pair p;

    start_pair(&p);
    assert_fails(&p.a, NOT_READY);
    migrate(&p);
    assert_fails(&p.a, CHANGED);
    g_assert_cmphex(event(&p.a), ==, 0x0202);
    assert_block(&p.a, 7, 0x11);
    stop_pair(&p);

    start_pair(&p);
    see_change(&p.a);
    g_assert_true(PACKET(&p.a, 0, 0x1b, [4] = 2));
    migrate(&p);
    assert_drive(p.to, "", "cd0", TRUE, FALSE, "m");
    assert_fails(&p.a, NOT_READY);
    tell(p.to, "blockdev-remove-medium", CD0);
    del_node(p.to, "m");
    stop_pair(&p);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-cd-XXXXXX", NULL);
    g_test_add_func("/ide-cd/change", test_change);
    g_test_add_func("/ide-cd/locked", test_locked);
    g_test_add_func("/ide-cd/refusals", test_refusals);
    g_test_add_func("/ide-cd/named", test_named);
    g_test_add_func("/ide-cd/unplug", test_unplug);
    g_test_add_func("/ide-cd/flood", test_flood);
    g_test_add_func("/ide-cd/stop", test_stop);
    g_test_add_func("/ide-cd/errors", test_errors);
    g_test_add_func("/ide-cd/pio", test_pio);
    g_test_add_func("/ide-cd/migrate-lock", test_migrate_lock);
    g_test_add_func("/ide-cd/migrate-change", test_migrate_change);
    status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return status;
}
