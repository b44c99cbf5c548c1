/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images of qemu-img under disks of both machines: read, written, resized,
 * migrated, damaged; qemu-img and qemu-io say what is in them afterwards.
 */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/ahci.h"
#include "tests/device/virtio-common.h"

#define MIB        (1u << 20)
#define IDE_LISTS  0x400000ull
#define BASE_FILL  0x07 /* of the backing image */
#define WRITTEN    0x5a
#define PIECE      4096u
#define PIECE_AT   (MIB + 4096u) /* in the middle of a cluster */
#define DISK_BYTES (8u * MIB)

static char *dir;

/* Of the shell, in the directory. */
static int run(const char *format, ...) G_GNUC_PRINTF(1, 2);
static int run(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *command = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *line = g_strdup_printf("cd %s && (%s) >said 2>&1", dir, command);
    return system(line);
}

static void make_images(void)
{
    g_assert_cmpint(
        run("rm -f base.raw top.qcow2 && qemu-img create -f raw base.raw 4M && "
            "qemu-io -f raw -c 'write -P %u 0 4M' base.raw && "
            "qemu-img create -f qcow2 -F raw -b %s/base.raw top.qcow2 8M",
            BASE_FILL, dir),
        ==, 0);
}

/* What qemu-io reads is all so. */
static void expect(guint8 fill, guint64 offset, guint64 len)
{
    g_assert_cmpint(run("qemu-io -f qcow2 -r -c 'read -P %u %" G_GUINT64_FORMAT
                        " %" G_GUINT64_FORMAT "' top.qcow2 && ! grep -q failed said",
                        fill, offset, len),
                    ==, 0);
}

static void judge(void)
{
    g_assert_cmpint(run("qemu-img check -f qcow2 top.qcow2"), ==, 0);
    expect(BASE_FILL, 0, PIECE_AT);
    expect(WRITTEN, PIECE_AT, PIECE);
    expect(BASE_FILL, PIECE_AT + PIECE, 4 * MIB - PIECE_AT - PIECE);
    expect(0, 4 * MIB, 4 * MIB);
}

static char *options(const char *more)
{
    return g_strdup_printf(
        "-machine microvm -m 16M -object iothread,id=io "
        "-blockdev driver=file,node-name=bf,filename=%s/base.raw,read-only=on "
        "-blockdev driver=raw,node-name=b,file=bf,read-only=on "
        "-blockdev driver=file,node-name=f,filename=%s/top.qcow2,discard=unmap "
        "-blockdev driver=qcow2,node-name=n,file=f,backing=b,discard=unmap "
        "-device virtio-blk-device,id=d,drive=n,bus=virtio-mmio-bus.0%s ",
        dir, dir, more);
}

static QTest *start(VirtioDriver *d, const char *more)
{
    g_autofree char *args = options(more);
    QTest *q = qtest_start("%s", args);

    qtest_bus_set(q);
    virtio_driver_start(d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    return q;
}

static void expect_guest(VirtioDriver *d, guint64 offset, guint8 fill)
{
    guint8 data[PIECE];

    g_assert_cmpint(
        virtio_driver_blk(d, VIRTIO_BLK_T_IN, offset / 512, data, sizeof(data)), ==,
        VIRTIO_BLK_S_OK);
    for (guint i = 0; i < PIECE; i++) {
        g_assert_cmphex(data[i], ==, fill);
    }
}

static void write_piece(VirtioDriver *d)
{
    guint8 data[PIECE];

    memset(data, WRITTEN, sizeof(data));
    g_assert_cmpint(
        virtio_driver_blk(d, VIRTIO_BLK_T_OUT, PIECE_AT / 512, data, sizeof(data)), ==,
        VIRTIO_BLK_S_OK);
}

static void test_disk(gconstpointer more)
{
    VirtioDriver d;

    make_images();
    QTest *q = start(&d, more);
    g_assert_cmpuint(blk_capacity(&d), ==, DISK_BYTES / 512);
    expect_guest(&d, PIECE_AT, BASE_FILL);
    write_piece(&d);
    expect_guest(&d, PIECE_AT, WRITTEN);
    expect_guest(&d, PIECE_AT - PIECE, BASE_FILL);
    expect_guest(&d, PIECE_AT + PIECE, BASE_FILL);
    expect_guest(&d, 5 * MIB, 0);
    g_assert_cmpint(run("qemu-img info top.qcow2"), !=, 0); /* it is locked */
    qtest_stop(q);
    judge();
}

static void test_resize(gconstpointer more)
{
    VirtioDriver d;

    make_images();
    QTest *q = start(&d, more);
    write_piece(&d);
    qmp(q,
        "{\"execute\":\"block_resize\",\"arguments\":{\"node-name\":\"n\","
        "\"size\":%u}}",
        2 * DISK_BYTES);
    g_assert_cmpuint(blk_capacity(&d), ==, 2 * DISK_BYTES / 512);
    expect_guest(&d, 2 * DISK_BYTES - PIECE, 0);
    qtest_stop(q);
    judge();
    expect(0, DISK_BYTES, DISK_BYTES);
}

static gboolean has_completed(QTest *q)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\":\"query-migrate\"}");
    const char *status =
        json_object_get_string_member(json_node_get_object(info), "status");

    g_assert_cmpstr(status, !=, "failed");
    return g_str_equal(status, "completed");
}

/* What the source has grown the image by is there for who gets it. */
static void test_migrate(gconstpointer more)
{
    VirtioDriver d;
    g_autofree char *args = options(more);

    make_images();
    QTest *from = start(&d, more);
    QTest *to = qtest_start("%s-incoming unix:%s/stream", args, dir);
    write_piece(&d);
    qmp(from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:%s/stream\"}}",
        dir);
    while (!has_completed(from)) {
    }
    wait_event(to, "RESUME");
    qtest_bus_set(to);
    g_assert_cmpuint(blk_capacity(&d), ==, DISK_BYTES / 512);
    expect_guest(&d, PIECE_AT, WRITTEN);
    expect_guest(&d, 0, BASE_FILL);
    write_piece(&d);
    qtest_stop(from);
    qtest_stop(to);
    judge();
}

/* By -drive, which asks the image what it is, and its header for what is below. */
static void test_drive(void)
{
    g_autofree guint8 *data = g_malloc(PIECE);
    Ahci a;

    make_images();
    QTest *q = qtest_start("-machine q35 -m 16M -drive file=%s/top.qcow2,if=none,id=n "
                           "-device ide-hd,bus=ide.0,drive=n",
                           dir);
    ahci_open(&a, q, AHCI_BOARD_CONFIG, IDE_LISTS);
    ahci_start(&a, 0);
    g_assert_true(ahci_move(&a, 0, FALSE, 0, PIECE / 512, FALSE));
    qtest_memread(q, AHCI_DATA, data, PIECE);
    g_assert_cmphex(data[0], ==, BASE_FILL);
    g_assert_cmphex(data[PIECE - 1], ==, BASE_FILL);
    qtest_memset(q, AHCI_DATA, WRITTEN, PIECE);
    g_assert_true(ahci_move(&a, 0, TRUE, PIECE_AT / 512, PIECE / 512, TRUE));
    qtest_stop(q);
    judge();
}

/* Of the image that the disk has. */
static void test_query(void)
{
    VirtioDriver d;

    make_images();
    QTest *q = start(&d, "");
    g_autoptr(JsonNode) reply = qtest_qmp_ok(q, "{\"execute\":\"query-block\"}");
    JsonObject *inserted = json_object_get_object_member(
        json_array_get_object_element(json_node_get_array(reply), 0), "inserted");
    JsonObject *image = json_object_get_object_member(inserted, "image");
    JsonObject *specific = json_object_get_object_member(
        json_object_get_object_member(image, "format-specific"), "data");
    JsonObject *below = json_object_get_object_member(image, "backing-image");

    g_assert_cmpint(json_object_get_int_member(inserted, "backing_file_depth"), ==, 1);
    g_assert_cmpint(json_object_get_int_member(image, "virtual-size"), ==, DISK_BYTES);
    g_assert_cmpint(json_object_get_int_member(image, "cluster-size"), ==, 65536);
    g_assert_cmpstr(json_object_get_string_member(image, "backing-filename-format"), ==,
                    "raw");
    g_assert_cmpstr(json_object_get_string_member(specific, "compat"), ==, "1.1");
    g_assert_cmpint(json_object_get_int_member(specific, "refcount-bits"), ==, 16);
    g_assert_cmpint(json_object_get_int_member(below, "virtual-size"), ==, 4 * MIB);
    qtest_stop(q);
}

static void expect_refused(QTest *q, const char *more, const char *why)
{
    g_autofree char *error = qtest_qmp_fails(
        q,
        "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"qcow2\","
        "\"node-name\":\"x\",\"file\":{\"driver\":\"file\",\"filename\":"
        "\"%s/top.qcow2\"}%s}}",
        dir, more);

    if (!strstr(error, why)) {
        g_error("%s: %s", more, error);
    }
}

static void test_refused(void)
{
    make_images();
    QTest *q = qtest_start("-machine microvm -m 16M");
    expect_refused(q, "", "which 'backing' does not give");
    expect_refused(q, ",\"backing\":\"b\"", "Failed to find node");
    expect_refused(q, ",\"backing\":null,\"encrypt\":{\"format\":\"luks\"}", "encrypt");
    expect_refused(q, ",\"backing\":null,\"cache-size\":4096,\"l2-cache-size\":8192",
                   "l2-cache-size may not exceed cache-size");
    expect_refused(q,
                   ",\"backing\":null,\"data-file\":{\"driver\":\"null-co\","
                   "\"read-zeroes\":true}",
                   "'data-file' can only be set");
    g_assert_cmpint(run("qemu-img create -f qcow2 -o compression_type=zstd top.qcow2 1M"),
                    ==, 0);
    expect_refused(q, "", "compression type 'zstd' is not supported");
    qmp(q,
        "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"qcow2\","
        "\"node-name\":\"ok\",\"file\":{\"driver\":\"file\",\"filename\":"
        "\"%s/fine.qcow2\"},\"cache-size\":65536,\"lazy-refcounts\":true,"
        "\"cache-clean-interval\":1,\"pass-discard-other\":true}}",
        dir);
    qtest_stop(q);
}

/* The options that may change, and those that may not. */
static void test_reopen(void)
{
    VirtioDriver d;
    g_autofree char *error = NULL;

    make_images();
    QTest *q = start(&d, "");
    qmp(q, "{\"execute\":\"blockdev-reopen\",\"arguments\":{\"options\":[{"
           "\"driver\":\"qcow2\",\"node-name\":\"n\",\"file\":\"f\",\"backing\":\"b\","
           "\"discard\":\"unmap\",\"detect-zeroes\":\"unmap\"}]}}");
    error = qtest_qmp_fails(
        q, "{\"execute\":\"blockdev-reopen\",\"arguments\":{\"options\":[{"
           "\"driver\":\"qcow2\",\"node-name\":\"n\",\"file\":\"f\"}]}}");
    g_assert_cmpstr(error, ==, "backing is missing for 'n'");
    write_piece(&d);
    expect_guest(&d, 0, BASE_FILL);
    qtest_stop(q);
    judge();
}

/* The first L1 entry points into the midst of a cluster. */
static void damage(void)
{
    g_autofree char *path = g_build_filename(dir, "top.qcow2", NULL);
    guint64 at, entry = GUINT64_TO_BE(0x8000000000000200ull + 65536 * 4);
    int fd = open(path, O_RDWR);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pread(fd, &at, sizeof(at), 40), ==, sizeof(at));
    g_assert_cmpint(pwrite(fd, &entry, sizeof(entry), (off_t)GUINT64_FROM_BE(at)), ==,
                    sizeof(entry));
    close(fd);
}

static void test_corrupt(void)
{
    guint8 data[PIECE] = { 0 };
    VirtioDriver d;

    make_images();
    damage();
    QTest *q = start(&d, ",werror=report");
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_OUT, 0, data, sizeof(data)), ==,
                    VIRTIO_BLK_S_IOERR);
    wait_event(q, "BLOCK_IMAGE_CORRUPTED");
    qtest_stop(q);
    g_assert_cmpint(run("qemu-img info top.qcow2 | grep 'corrupt: true'"), ==, 0);
    g_autofree char *args = options(""), *messages = NULL;
    g_assert_cmpint(qtest_run(args, &messages), ==, 1);
    g_assert_nonnull(strstr(messages, "Image is corrupt; cannot be opened read/write"));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        GTestDataFunc run;
    } disks[] = {
        { "disk", test_disk },
        { "resize", test_resize },
        { "migrate", test_migrate },
    };

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-qcow2-XXXXXX", NULL);
    g_assert_cmpint(run("qemu-img create -f qcow2 fine.qcow2 1M"), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(disks); i++) {
        g_autofree char *main = g_strdup_printf("/qcow2-vm/%s/main", disks[i].name);
        g_autofree char *io = g_strdup_printf("/qcow2-vm/%s/iothread", disks[i].name);
        g_test_add_data_func(main, "", disks[i].run);
        g_test_add_data_func(io, ",iothread=io", disks[i].run);
    }
    g_test_add_func("/qcow2-vm/drive", test_drive);
    g_test_add_func("/qcow2-vm/query", test_query);
    g_test_add_func("/qcow2-vm/refused", test_refused);
    g_test_add_func("/qcow2-vm/reopen", test_reopen);
    g_test_add_func("/qcow2-vm/corrupt", test_corrupt);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
