/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-blk in the real emulator, with its seccomp filter: disks from the command
 * line and by QMP, resets, image locks between processes, migration after disks
 * have come and gone.
 */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/virtio-common.h"

#define MIB   (1u << 20)
#define SLOTS 24

static char *dir; /* for images that outlive one emulator */

#define DEVICE_ADD_ANY                                                                   \
    "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-blk-device\","       \
    "\"id\":\"%s\",\"drive\":\"%s-format\"}}"
#define DEVICE_ADD                                                                       \
    "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-blk-device\","       \
    "\"id\":\"%s\",\"drive\":\"%s-format\",\"bus\":\"virtio-mmio-bus.%u\"}}"

static void add_node(QTest *q, const char *id, const char *path)
{
    qmp(q,
        "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"file\","
        "\"node-name\":\"%s-storage\",\"filename\":\"%s\",\"auto-read-only\":true,"
        "\"discard\":\"unmap\",\"cache\":{\"direct\":true,\"no-flush\":false}}}",
        id, path);
    qmp(q,
        "{\"execute\":\"blockdev-add\",\"arguments\":{\"node-name\":\"%s-format\","
        "\"read-only\":false,\"driver\":\"raw\",\"file\":\"%s-storage\"}}",
        id, id);
}

static void add_disk(QTest *q, const char *id, const char *path, unsigned slot)
{
    add_node(q, id, path);
    qmp(q, DEVICE_ADD, id, id, slot);
}

static void del_disk(QTest *q, const char *id)
{
    qmp(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"%s\"}}", id);
    wait_event(q, "DEVICE_DELETED");
    qmp(q, "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"%s-format\"}}",
        id);
    qmp(q, "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"%s-storage\"}}",
        id);
}

static void queue_reads(VirtioDriver *d, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = i };
        guint64 at = d->data + 0x4000 * i;
        GuestBuffer chain[] = { { at, 16, FALSE },
                                { at + 4096, 8192, TRUE },
                                { at + 64, 1, TRUE } };
        qtest_bus.memory.write(at, &header, 16);
        guest_ring_add(&d->rings[0], chain, 3);
    }
    virtio_driver_kick(d, 0);
}

/* By the driver and by the machine, each with requests in flight. */
static void test_reset(void)
{
    g_autofree char *path = make_image(dir, "reset", MIB, 0);
    QTest *q = qtest_start("-machine microvm -m 16M -object iothread,id=io "
                           "-blockdev driver=file,node-name=n,filename=%s "
                           "-device virtio-blk-device,drive=n,iothread=io,"
                           "bus=virtio-mmio-bus.0",
                           path);
    VirtioDriver d;
    guint8 buf[512];

    qtest_bus_set(q);
    for (unsigned i = 0; i < 6; i++) {
        virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 64, RINGS);
        queue_reads(&d, 20);
        if (i & 1) {
            qmp(q, "{\"execute\":\"system_reset\"}");
            wait_event(q, "RESET");
        } else {
            virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
        }
        g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_STATUS), ==, 0);
        g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS), ==, 0);
    }
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    queue_reads(&d, 20);
    qtest_stop(q);
}

static guint16 used_idx(const VirtioDriver *d)
{
    guint16 idx;

    qtest_bus.memory.read(d->rings[0].used + 2, &idx, sizeof(idx));
    return GUINT16_FROM_LE(idx);
}

/*
 * When stop has answered nothing moves: neither the used ring nor, with the VM stopped
 * already, after a second stop. Then all goes on.
 */
static void test_stop(gconstpointer options)
{
    g_autofree char *path = make_image(dir, "stop", MIB, 0x22);
    QTest *q = qtest_start("-machine microvm -m 16M -object iothread,id=io "
                           "-blockdev driver=file,node-name=n,filename=%s,aio=threads "
                           "-device virtio-blk-device,drive=n,bus=virtio-mmio-bus.0%s",
                           path, (const char *)options);
    VirtioDriver d;
    guint32 head, len;

    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    for (unsigned round = 0; round < 10; round++) {
        guint16 idx;

        queue_reads(&d, 40);
        qmp(q, "{\"execute\":\"stop\"}");
        idx = used_idx(&d);
        for (unsigned i = 0; i < 20; i++) {
            qmp(q, i & 1 ? "{\"execute\":\"query-status\"}" : "{\"execute\":\"stop\"}");
            g_assert_cmpuint(used_idx(&d), ==, idx);
        }
        wait_event(q, "STOP");
        qmp(q, "{\"execute\":\"cont\"}");
        for (unsigned i = 0; i < 40; i++) {
            virtio_driver_wait_used(&d, 0, &head, &len);
        }
    }
    qtest_stop(q);
}

/* The process ends while an unplug or a reset waits for requests in flight. */
static void test_end(gconstpointer command)
{
    g_autofree char *path = make_image(dir, "end", MIB, 0);

    for (unsigned i = 0; i < 3; i++) {
        QTest *q =
            qtest_start("-machine microvm -m 16M -object iothread,id=io "
                        "-blockdev driver=file,node-name=n,filename=%s,aio=threads "
                        "-device virtio-blk-device,id=d,drive=n,iothread=io,"
                        "bus=virtio-mmio-bus.0",
                        path);
        VirtioDriver d;

        qtest_bus_set(q);
        virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 64, RINGS);
        queue_reads(&d, 20);
        qmp(q, "{\"execute\":\"%s\"%s}{\"execute\":\"quit\"}", (const char *)command,
            strcmp(command, "device_del") == 0 ? ",\"arguments\":{\"id\":\"d\"}" : "");
        g_assert_cmpint(qtest_wait_exit(q), ==, 0);
    }
}

static guint8 write_byte(VirtioDriver *d, int byte)
{
    guint8 buf[512];

    memset(buf, byte, sizeof(buf));
    return virtio_driver_blk(d, VIRTIO_BLK_T_OUT, 0, buf, sizeof(buf));
}

static void assert_image(const char *path, guint8 first)
{
    g_autofree char *data = NULL;

    g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
    g_assert_cmphex((guint8)data[0], ==, first);
}

/* The guest finds a new disk, which goes; its driver gets errors and its slot nothing. */
static void test_plug(void)
{
    g_autofree char *one = make_image(dir, "one", MIB, 0x11),
                    *two = make_image(dir, "two", 2 * MIB, 0x22);
    QTest *q = qtest_start("-machine microvm -m 16M");
    VirtioDriver d = { .bus = &qtest_bus, .base = SLOT(5) };
    guint8 buf[512];

    qtest_bus_set(q);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_DEVICE_ID), ==, 0);
    g_assert_cmpuint(qtest_readl(q, GED_PRESENT) & 0x20, ==, 0);
    add_disk(q, "d1", one, 5);
    g_autoptr(JsonNode) bus = qtest_qmp_ok(
        q, "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/d1\","
           "\"property\":\"parent_bus\"}}");
    g_assert_cmpstr(json_node_get_string(bus), ==,
                    "/machine/virtio-mmio[5]/virtio-mmio-bus.5");
    g_assert_cmpuint(qtest_readl(q, GED_PRESENT) & 0x20, ==, 0x20);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_DEVICE_ID), ==, VIRTIO_ID_BLOCK);
    virtio_driver_start(&d, &qtest_bus, SLOT(5), ~0ull, 1, 128, RINGS);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    g_assert_cmphex(buf[511], ==, 0x11);

    queue_reads(&d, 10);
    del_disk(q, "d1");
    for (unsigned i = 0; i < 10; i++) {
        guint32 head, len;
        virtio_driver_wait_used(&d, 0, &head, &len);
    }
    g_assert_cmpuint(blk_capacity(&d), ==, 0);
    g_assert_true(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS) & 2);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==,
                    VIRTIO_BLK_S_IOERR);

    add_node(q, "d2", two);
    g_autofree char *held = qtest_qmp_fails(q, DEVICE_ADD, "d2", "d2", 5);
    g_assert_nonnull(strstr(held, "held by the guest's driver"));
    g_assert_cmpint(write_byte(&d, 0x33), ==, VIRTIO_BLK_S_IOERR);
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    qmp(q, DEVICE_ADD, "d2", "d2", 5);
    g_assert_cmpuint(blk_capacity(&d), ==, 4096);
    virtio_driver_start(&d, &qtest_bus, SLOT(5), ~0ull, 1, 128, RINGS);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 4095, buf, 512), ==, 0);
    g_assert_cmphex(buf[511], ==, 0x22);
    assert_image(one, 0x11);
    assert_image(two, 0x22);
    g_autofree char *busy = qtest_qmp_fails(
        q, "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"d2-format\"}}");
    g_assert_nonnull(strstr(busy, "in use"));
    qtest_stop(q);
}

/* Plugs a disk that names no slot; returns the slot. */
static unsigned plug_anywhere(QTest *q, const char *id)
{
    qmp(q, DEVICE_ADD_ANY, id, id);
    for (unsigned i = 0; i < SLOTS; i++) {
        VirtioDriver d = { .bus = &qtest_bus, .base = SLOT(i) };
        if (blk_capacity(&d)) {
            return i;
        }
    }
    g_assert_not_reached();
}

static void unplug(QTest *q, const char *id)
{
    qmp(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"%s\"}}", id);
    wait_event(q, "DEVICE_DELETED");
}

/*
 * A disk in use is unplugged and another plugged, neither with a slot: as long as there
 * are slots without a driver, then no more; the drivers of those that went get errors.
 */
static void test_no_adoption(void)
{
    g_autofree char *old = make_image(dir, "old", MIB, 0x11),
                    *new = make_image(dir, "new", MIB, 0x22);
    QTest *q = qtest_start("-machine microvm -m 16M");
    guint32 seen = 0;

    qtest_bus_set(q);
    add_node(q, "old", old);
    add_node(q, "new", new);
    for (unsigned i = 0; i < SLOTS; i++) {
        unsigned slot = plug_anywhere(q, "old");
        VirtioDriver d;
        g_assert_false(seen & (1u << slot));
        seen |= 1u << slot;
        virtio_driver_start(&d, &qtest_bus, SLOT(slot), ~0ull, 1, 16,
                            RINGS + i * 0x20000);
        g_assert_cmpint(write_byte(&d, 0x33), ==, 0);
        unplug(q, "old");
        if (i + 1 < SLOTS) {
            plug_anywhere(q, "new");
        }
        g_assert_cmpint(write_byte(&d, 0x44), ==, VIRTIO_BLK_S_IOERR);
        if (i + 1 < SLOTS) {
            unplug(q, "new");
        }
    }
    g_autofree char *none = qtest_qmp_fails(q, DEVICE_ADD_ANY, "new", "new");
    g_assert_nonnull(strstr(none, "No free 'virtio-bus' bus"));
    qmp(q, "{\"execute\":\"system_reset\"}");
    wait_event(q, "RESET");
    g_assert_cmpuint(plug_anywhere(q, "new"), ==, 0);
    qtest_stop(q);
    assert_image(old, 0x33);
    assert_image(new, 0x22);
}

static void strato_add(QTest *q, const char *id, const char *path, const char *addr)
{
    qmp(q,
        "{\"execute\":\"blockdev-add\",\"arguments\":{\"node-name\":\"%s\","
        "\"file\":{\"driver\":\"file\",\"filename\":\"%s\"},"
        "\"cache\":{\"direct\":true},\"read-only\":false}}",
        id, path);
    qmp(q,
        "{\"execute\":\"device_add\",\"arguments\":{\"id\":\"%s\","
        "\"driver\":\"virtio-blk-mmio\",\"addr\":\"%s\"}}",
        id, addr);
}

/*
 * StratoVirt's way for its light machine: names instead of drive=, and addr=, which
 * counts the guest's disks and may name one that has gone.
 */
static void test_stratovirt_plug(void)
{
    g_autofree char *path = make_image(dir, "strato", MIB, 0x11),
                    *other = make_image(dir, "other", 2 * MIB, 0x22);
    QTest *q = qtest_start("-machine microvm -m 16M -dialect stratovirt "
                           "-object rng-random,id=r,filename=/dev/urandom "
                           "-device virtio-rng-device,rng=r");
    VirtioDriver d;
    guint8 buf[512];

    qtest_bus_set(q);
    strato_add(q, "drive-0", path, "0x0");
    virtio_driver_start(&d, &qtest_bus, SLOT(1), ~0ull, 1, 64, RINGS);
    g_assert_cmpuint(blk_capacity(&d), ==, MIB / 512);
    qmp(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"drive-0\"}}");
    wait_event(q, "DEVICE_DELETED");
    g_assert_cmpint(write_byte(&d, 0x33), ==, VIRTIO_BLK_S_IOERR);
    strato_add(q, "drive-1", other, "0x0");
    g_assert_cmpuint(blk_capacity(&d), ==, 2 * MIB / 512);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    g_assert_cmphex(buf[0], ==, 0x22);
    qtest_stop(q);
}

#define DISK_ARGS                                                                        \
    "-machine microvm -m 16M -blockdev driver=file,node-name=n,filename=%s "             \
    "-device virtio-blk-device,id=disk,drive=n,bus=virtio-mmio-bus.0%s"

static void test_locks(void)
{
    g_autofree char *path = make_image(dir, "locked", MIB, 0);
    QTest *q = qtest_start(DISK_ARGS, path, "");
    g_autofree char *args = g_strdup_printf("-accel qtest " DISK_ARGS, path, "");
    g_autofree char *messages = NULL;

    g_assert_cmpint(qtest_run(args, &messages), ==, 1);
    g_assert_nonnull(strstr(messages, "lock"));
    g_assert_nonnull(strstr(messages, path));
    qtest_stop(q);
    q = qtest_start(DISK_ARGS, path, ",share-rw=on");
    QTest *other = qtest_start(DISK_ARGS, path, ",share-rw=on");
    qtest_stop(other);
    qtest_stop(q);
}

/*
 * One disk stays, one slot has been left by its disk: the guest's driver goes on
 * with both, and the lock changes hands.
 */
static void test_migrate(void)
{
    g_autofree char *stays = make_image(dir, "stays", MIB, 0x11),
                    *goes = make_image(dir, "goes", MIB, 0x22);
    QTest *from = qtest_start(DISK_ARGS, stays, "");
    g_autofree char *uri = g_strdup_printf("unix:%s/migrate", dir);
    QTest *to;
    VirtioDriver d, gone;
    guint8 buf[512];

    qtest_bus_set(from);
    add_disk(from, "g", goes, 1);
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    virtio_driver_start(&gone, &qtest_bus, SLOT(1), ~0ull, 1, 64, 2 * RINGS);
    for (unsigned i = 0; i < 100; i++) {
        memset(buf, i, sizeof(buf));
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_OUT, i, buf, 512), ==, 0);
        g_assert_cmpint(virtio_driver_blk(&gone, VIRTIO_BLK_T_IN, i, buf, 512), ==, 0);
    }
    del_disk(from, "g");
    for (unsigned i = 2; i < 4; i++) {
        add_disk(from, "g", goes, i);
        del_disk(from, "g");
    }

    to = qtest_start("-incoming %s " DISK_ARGS, uri, stays, "");
    qmp(from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"%s\"}}", uri);
    qtest_wait_migrated(from);
    wait_event(to, "RESUME");
    qtest_bus_set(to);
    for (unsigned i = 0; i < 100; i++) {
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, i, buf, 512), ==, 0);
        g_assert_cmpuint(buf[511], ==, i);
    }
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_OUT, 0, buf, 512), ==, 0);
    g_assert_cmpuint(qtest_readl(to, GED_PRESENT) & 3, ==, 3);
    g_assert_cmpuint(blk_capacity(&gone), ==, 0);
    add_node(to, "g", goes);
    g_autofree char *held = qtest_qmp_fails(to, DEVICE_ADD, "g", "g", 1);
    g_assert_nonnull(strstr(held, "held by the guest's driver"));
    g_assert_cmpint(write_byte(&gone, 0x33), ==, VIRTIO_BLK_S_IOERR);
    /* slots 2 and 3 were in use once, too: by no driver, but other slots come first */
    qmp(to, DEVICE_ADD_ANY, "g", "g");
    virtio_driver_start(&gone, &qtest_bus, SLOT(4), ~0ull, 1, 64, 2 * RINGS);
    g_assert_cmpint(virtio_driver_blk(&gone, VIRTIO_BLK_T_IN, 7, buf, 512), ==, 0);
    g_assert_cmphex(buf[0], ==, 0x22);
    qtest_stop(from);
    qtest_stop(to);
}

static void test_refused(void)
{
    static const struct {
        const char *args, *why;
    } cases[] = {
        { "-device virtio-blk-device,drive=nope", "nope" },
        { "-blockdev driver=file,node-name=n,filename=/no/such", "/no/such" },
        { "-blockdev driver=qed,node-name=n,file=x", "qed" },
        { "-device virtio-blk-device,frob=1", "frob" },
        { "-device virtio-blk-pci,drive=n", "virtio-blk-pci" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *args =
            g_strdup_printf("-accel qtest -machine microvm -m 16M %s", cases[i].args);
        g_autofree char *messages = NULL;
        g_assert_cmpint(qtest_run(args, &messages), ==, 1);
        g_assert_nonnull(strstr(messages, cases[i].why));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-blk-XXXXXX", NULL);
    g_test_add_func("/virtio-blk/reset", test_reset);
    g_test_add_data_func("/virtio-blk/stop/main-loop", "", test_stop);
    g_test_add_data_func("/virtio-blk/stop/iothread", ",iothread=io", test_stop);
    g_test_add_data_func("/virtio-blk/end/unplug", "device_del", test_end);
    g_test_add_data_func("/virtio-blk/end/reset", "system_reset", test_end);
    g_test_add_func("/virtio-blk/plug", test_plug);
    g_test_add_func("/virtio-blk/no-adoption", test_no_adoption);
    g_test_add_func("/virtio-blk/plug-stratovirt", test_stratovirt_plug);
    g_test_add_func("/virtio-blk/locks", test_locks);
    g_test_add_func("/virtio-blk/migrate", test_migrate);
    g_test_add_func("/virtio-blk/refused", test_refused);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
