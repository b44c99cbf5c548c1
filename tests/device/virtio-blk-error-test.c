/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A medium that fails: werror= and rerror= for each kind of request, the event, and
 * requests that wait for `cont`: done again in order, here or where the VM has migrated
 * to, dropped by a reset, failed by an unplug. And buffers of the wrong direction.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_mmio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/device/virtio-common.h"
#include "tests/skip.h"

#define MIB     (1u << 20)
#define WAITING 0xee /* a status byte that the device has not written */

static char *dir;

/* A request at a place of its own. data: its buffers; n: their number. */
typedef struct Request {
    guint32 type;
    guint64 sector;
    guint32 out, in; /* bytes of data, readable and writable */
    guint8 fill;
} Request;

static guint64 place(VirtioDriver *d, unsigned i)
{
    return d->data + 0x2000 * i;
}

static void add_request(VirtioDriver *d, unsigned i, const Request *r)
{
    struct virtio_blk_outhdr header = { .type = r->type, .sector = r->sector };
    guint64 at = place(d, i);
    GuestBuffer chain[4];
    guint8 data[1024], waiting = WAITING;
    unsigned n = 0;

    memset(data, r->fill, sizeof(data));
    if (r->type == VIRTIO_BLK_T_DISCARD || r->type == VIRTIO_BLK_T_WRITE_ZEROES) {
        struct virtio_blk_discard_write_zeroes range = { .sector = r->sector,
                                                         .num_sectors = 1 };
        memcpy(data, &range, sizeof(range));
    }
    qtest_bus.memory.write(at, &header, 16);
    qtest_bus.memory.write(at + 64, &waiting, 1);
    qtest_bus.memory.write(at + 4096, data, sizeof(data));
    chain[n++] = (GuestBuffer){ at, 16, FALSE };
    if (r->out) {
        chain[n++] = (GuestBuffer){ at + 4096, r->out, FALSE };
    }
    if (r->in) {
        chain[n++] = (GuestBuffer){ at + 4096, r->in, TRUE };
    }
    chain[n++] = (GuestBuffer){ at + 64, 1, TRUE };
    guest_ring_add(&d->rings[0], chain, n);
}

static guint8 status_of(VirtioDriver *d, unsigned i)
{
    guint8 status;

    qtest_bus.memory.read(place(d, i) + 64, &status, 1);
    return status;
}

static guint8 one(VirtioDriver *d, const Request *r, guint32 *len)
{
    guint32 head, dummy;

    add_request(d, 0, r);
    virtio_driver_kick(d, 0);
    virtio_driver_wait_used(d, 0, &head, len ? len : &dummy);
    return status_of(d, 0);
}

#define ARGS                                                                             \
    "-machine microvm -m 16M -object iothread,id=io "                                    \
    "-blockdev driver=file,node-name=f,filename=%s,discard=unmap "                       \
    "-blockdev driver=x-test,node-name=n,file=f "                                        \
    "-device virtio-blk-device,id=d,drive=n,bus=virtio-mmio-bus.0%s"

static QTest *start(VirtioDriver *d, const char *more)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    QTest *q = qtest_start(ARGS, path, more);

    qtest_bus_set(q);
    virtio_driver_start(d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    return q;
}

static const Request kinds[] = {
    { VIRTIO_BLK_T_IN, 8, 0, 512, 0 },          { VIRTIO_BLK_T_OUT, 8, 512, 0, 0x55 },
    { VIRTIO_BLK_T_FLUSH, 0, 0, 0, 0 },         { VIRTIO_BLK_T_DISCARD, 8, 16, 0, 0 },
    { VIRTIO_BLK_T_WRITE_ZEROES, 8, 16, 0, 0 },
};

static const char *text(JsonObject *event, const char *member)
{
    return json_object_get_string_member(json_object_get_object_member(event, "data"),
                                         member);
}

/* device: the name that -drive has given it, or "". */
static void check_event_of(QTest *q, const char *device, const char *operation,
                           const char *action, gboolean nospace)
{
    g_autoptr(JsonObject) event = qtest_event_wait(q, "BLOCK_IO_ERROR");

    g_assert_cmpstr(text(event, "device"), ==, device);
    g_assert_cmpstr(text(event, "qom-path"), ==, "/machine/peripheral/d");
    g_assert_cmpstr(text(event, "node-name"), ==, "n");
    g_assert_cmpstr(text(event, "operation"), ==, operation);
    g_assert_cmpstr(text(event, "action"), ==, action);
    g_assert_cmpstr(text(event, "reason"), ==, g_strerror(nospace ? ENOSPC : EIO));
    g_assert_cmpint(json_object_get_boolean_member(
                        json_object_get_object_member(event, "data"), "nospace"),
                    ==, nospace);
}

static void check_event(QTest *q, const char *operation, const char *action,
                        gboolean nospace)
{
    check_event_of(q, "", operation, action, nospace);
}

static char *run_state(QTest *q)
{
    g_autoptr(JsonNode) node = qtest_qmp_ok(q, "{\"execute\":\"query-status\"}");

    return g_strdup(json_object_get_string_member(json_node_get_object(node), "status"));
}

static void assert_state(QTest *q, const char *expected)
{
    g_autofree char *state = run_state(q);

    g_assert_cmpstr(state, ==, expected);
}

typedef struct Policy {
    const char *options;
    /* of reads and writes that fail with EIO and ENOSPC: r(eport), i(gnore), s(top) */
    const char *read_eio, *read_nospace, *write_eio, *write_nospace;
} Policy;

static const Policy policies[] = {
    { "", "report", "report", "report", "stop" },
    { ",werror=auto,rerror=auto,iothread=io", "report", "report", "report", "stop" },
    { ",werror=report,rerror=report", "report", "report", "report", "report" },
    { ",werror=ignore,rerror=ignore", "ignore", "ignore", "ignore", "ignore" },
    { ",werror=stop,rerror=stop,iothread=io", "stop", "stop", "stop", "stop" },
    { ",werror=enospc,rerror=enospc", "report", "stop", "report", "stop" },
};

/* query-block's io-status of the one disk. */
static void assert_io_status(QTest *q, const char *status)
{
    g_autoptr(JsonNode) reply = qtest_qmp_ok(q, "{\"execute\":\"query-block\"}");
    JsonObject *disk = json_array_get_object_element(json_node_get_array(reply), 0);

    g_assert_cmpstr(json_object_get_string_member(disk, "qdev"), ==, "d");
    g_assert_cmpstr(json_object_get_string_member(disk, "io-status"), ==, status);
}

static void check_policy(QTest *q, VirtioDriver *d, const Request *r, gboolean nospace,
                         const char *action)
{
    const char *operation = r->type == VIRTIO_BLK_T_IN ? "read" : "write";
    gboolean stops = g_str_equal(action, "stop");
    guint32 head, len;

    block_testing(q, nospace ? "n fail any 0 1048576 ENOSPC 1"
                             : "n fail any 0 1048576 EIO 1");
    add_request(d, 0, r);
    virtio_driver_kick(d, 0);
    check_event(q, operation, action, nospace);
    if (stops) {
        wait_event(q, "STOP");
        assert_state(q, "io-error");
        assert_io_status(q, nospace ? "nospace" : "failed");
        g_assert_cmphex(status_of(d, 0), ==, WAITING);
        g_assert_false(guest_ring_take(&d->rings[0], &head, &len));
        qmp(q, "{\"execute\":\"cont\"}");
        wait_event(q, "RESUME");
    }
    virtio_driver_wait_used(d, 0, &head, &len);
    assert_state(q, "running");
    assert_io_status(q, "ok");
    g_assert_cmpint(status_of(d, 0), ==,
                    g_str_equal(action, "report") ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
    if (r->type == VIRTIO_BLK_T_IN) { /* data that was not read does not count */
        g_assert_cmpuint(len, ==, stops ? 513 : 0);
    } else {
        g_assert_cmpuint(len, ==, 1);
    }
}

static void test_policy(gconstpointer data)
{
    const Policy *p = data;
    VirtioDriver d;
    QTest *q = start(&d, p->options);

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        gboolean read = kinds[i].type == VIRTIO_BLK_T_IN;
        check_policy(q, &d, &kinds[i], FALSE, read ? p->read_eio : p->write_eio);
        check_policy(q, &d, &kinds[i], TRUE, read ? p->read_nospace : p->write_nospace);
    }
    g_assert_cmpint(one(&d, &kinds[0], NULL), ==, 0);
    qtest_stop(q);
}

/* Writes to the same place, each of which fails at first: the last one is what stays. */
static void queue_failing(QTest *q, VirtioDriver *d, unsigned n)
{
    g_autofree char *rule = g_strdup_printf("n fail write 0 1048576 ENOSPC %u", n);

    /* While nobody looks at the queue: they are taken at once. */
    qmp(q, "{\"execute\":\"stop\"}");
    wait_event(q, "STOP");
    block_testing(q, rule);
    for (unsigned i = 0; i < n; i++) {
        Request r = { VIRTIO_BLK_T_OUT, i & 1 ? 3 : 3 + i, 512, 0, (guint8)(0x40 + i) };
        add_request(d, i, &r);
    }
    virtio_driver_kick(d, 0);
    qmp(q, "{\"execute\":\"cont\"}");
    wait_event(q, "STOP");
    qmp(q, "{\"execute\":\"stop\"}"); /* its reply: all is still, and flushed */
    assert_state(q, "io-error");
}

static void assert_all_done(VirtioDriver *d, unsigned n)
{
    guint32 head, len;

    for (unsigned i = 0; i < n; i++) {
        virtio_driver_wait_used(d, 0, &head, &len);
    }
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmpint(status_of(d, i), ==, 0);
    }
}

static void check_byte(VirtioDriver *d, guint64 sector, guint8 value)
{
    guint8 buf[512];

    g_assert_cmpint(virtio_driver_blk(d, VIRTIO_BLK_T_IN, sector, buf, 512), ==, 0);
    g_assert_cmphex(buf[0], ==, value);
}

/* What waits reaches the medium in order, the last write to a place stays. */
static void cont_in_order(QTest *q, VirtioDriver *d)
{
    qmp(q, "{\"execute\":\"stop\"}"); /* waits: the flush is not to be held */
    block_testing(q, "n hold");
    qmp(q, "{\"execute\":\"cont\"}");
    while (blocks_held(q, "n") < 9) {
    }
    for (unsigned i = 0; i < 9; i++) {
        g_assert_cmphex(status_of(d, i), ==, WAITING);
        block_testing(q, "n release 1");
        while (status_of(d, i) == WAITING) {
        }
        g_assert_true(i == 8 || status_of(d, i + 1) == WAITING);
    }
    block_testing(q, "n release");
    assert_all_done(d, 9);
    check_byte(d, 3, 0x47);
    check_byte(d, 11, 0x48);
}

static void test_cont(gconstpointer options)
{
    VirtioDriver d;
    QTest *q = start(&d, options);

    for (unsigned round = 0; round < 3; round++) {
        queue_failing(q, &d, 9);
        cont_in_order(q, &d);
    }
    qtest_stop(q);
}

/* Errors again after `cont`: it stops again, and nothing is lost. */
static void test_again(void)
{
    VirtioDriver d;
    QTest *q = start(&d, "");

    queue_failing(q, &d, 5);
    block_testing(q, "n fail write 0 1048576 ENOSPC 2");
    qmp(q, "{\"execute\":\"cont\"}");
    wait_event(q, "STOP");
    qmp(q, "{\"execute\":\"cont\"}");
    assert_all_done(&d, 5);
    qtest_stop(q);
}

static void test_reset(void)
{
    VirtioDriver d;
    QTest *q = start(&d, "");

    queue_failing(q, &d, 5);
    guint64 seen = blocks_seen(q, "n");
    qmp(q, "{\"execute\":\"system_reset\"}");
    wait_event(q, "RESET");
    qmp(q, "{\"execute\":\"cont\"}");
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    check_byte(&d, 3, 0x11);
    g_assert_cmpuint(blocks_seen(q, "n") - seen, <=,
                     2); /* the read; a flush of the stop */
    qtest_stop(q);
}

static void test_unplug(void)
{
    VirtioDriver d;
    guint32 head, len;
    QTest *q = start(&d, "");

    queue_failing(q, &d, 5);
    qmp(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"d\"}}");
    wait_event(q, "DEVICE_DELETED");
    qmp(q, "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"n\"}}");
    qmp(q, "{\"execute\":\"cont\"}");
    for (unsigned i = 0; i < 5; i++) {
        virtio_driver_wait_used(&d, 0, &head, &len);
    }
    for (unsigned i = 0; i < 5; i++) {
        g_assert_cmpint(status_of(&d, i), ==, VIRTIO_BLK_S_IOERR);
    }
    qtest_stop(q);
}

static void wait_migrated(QTest *q)
{
    for (;;) {
        g_autoptr(JsonNode) node = qtest_qmp_ok(q, "{\"execute\":\"query-migrate\"}");
        const char *status =
            json_object_get_string_member(json_node_get_object(node), "status");
        if (g_str_equal(status, "completed")) {
            return;
        }
        g_assert_cmpstr(status, !=, "failed");
    }
}

static void wait_arrived(QTest *q)
{
    gboolean arrived = FALSE;

    while (!arrived) {
        g_autofree char *state = run_state(q);
        arrived = !g_str_equal(state, "inmigrate");
    }
}

/* The requests that wait go with the VM and are done at the destination. */
static void test_migrate(void)
{
    g_autofree char *path = g_build_filename(dir, "image", NULL);
    g_autofree char *uri = g_strdup_printf("unix:%s/migrate", dir);
    VirtioDriver d;
    QTest *from = start(&d, ",iothread=io");
    QTest *to = qtest_start("-incoming %s " ARGS, uri, path, "");

    queue_failing(from, &d, 9);
    qmp(from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"%s\"}}", uri);
    wait_migrated(from);
    wait_arrived(to);
    qtest_bus_set(to);
    cont_in_order(to, &d);
    qtest_stop(from);
    qtest_stop(to);
}

/* A file system of its own, which takes so much; FALSE: not possible here. */
static gboolean mount_tmpfs(const char *where, const char *options)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", where, "tmpfs", 0, options) == 0;
}

/* A medium that is really full: the VM pauses; somebody makes room; nothing is lost. */
static void test_full(gconstpointer device)
{
    const char *image = *(const char *)device
                            ? "-drive if=none,format=raw,id=n,file="
                            : "-blockdev driver=file,node-name=n,filename=";
    g_autofree char *where = g_build_filename(dir, "full", NULL);
    g_autofree char *path = g_build_filename(where, "image", NULL);
    g_autofree char *data = NULL;
    VirtioDriver d;

    g_assert_cmpint(g_mkdir(where, 0700), ==, 0);
    if (!mount_tmpfs(where, "size=64k")) {
        skip_case("no mounts for this user");
        return;
    }
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(truncate(path, MIB), ==, 0);
    QTest *q = qtest_start("-machine microvm -m 16M "
                           "%s%s "
                           "-device virtio-blk-device,id=d,drive=n,bus=virtio-mmio-bus.0",
                           image, path);
    qtest_bus_set(q);
    virtio_driver_start(&d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    for (unsigned i = 0; i < 30; i++) {
        Request r = { VIRTIO_BLK_T_OUT, 64 * i, 1024, 0, (guint8)(i + 1) };
        add_request(&d, i, &r);
    }
    virtio_driver_kick(&d, 0);
    check_event_of(q, device, "write", "stop", TRUE);
    wait_event(q, "STOP");
    assert_state(q, "io-error");
    g_assert_cmpint(mount("tmpfs", where, "tmpfs", MS_REMOUNT, "size=4m"), ==, 0);
    qmp(q, "{\"execute\":\"cont\"}");
    assert_all_done(&d, 30);
    qtest_stop(q);
    g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
    for (unsigned i = 0; i < 30; i++) {
        g_assert_cmphex((guint8)data[64 * 512 * i + 1023], ==, i + 1);
    }
    g_assert_cmpint(umount(where), ==, 0);
    g_assert_cmpint(g_rmdir(where), ==, 0);
}

/* Requests whose data has the wrong direction move nothing and say so. */
static void test_directions(void)
{
    static const struct {
        Request request;
        guint8 status;
        guint32 len;
    } cases[] = {
        { { VIRTIO_BLK_T_IN, 0, 0, 512, 0 }, VIRTIO_BLK_S_OK, 513 },
        { { VIRTIO_BLK_T_IN, 0, 512, 0, 0 }, VIRTIO_BLK_S_IOERR, 1 },
        { { VIRTIO_BLK_T_IN, 0, 512, 512, 0 }, VIRTIO_BLK_S_IOERR, 0 },
        { { VIRTIO_BLK_T_IN, 0, 0, 511, 0 }, VIRTIO_BLK_S_IOERR, 0 },
        { { VIRTIO_BLK_T_IN, 5000, 0, 512, 0 }, VIRTIO_BLK_S_IOERR, 0 },
        { { VIRTIO_BLK_T_OUT, 0, 512, 0, 0x22 }, VIRTIO_BLK_S_OK, 1 },
        { { VIRTIO_BLK_T_OUT, 0, 0, 512, 0x33 }, VIRTIO_BLK_S_IOERR, 0 },
        { { VIRTIO_BLK_T_OUT, 0, 512, 512, 0x33 }, VIRTIO_BLK_S_IOERR, 0 },
        { { VIRTIO_BLK_T_FLUSH, 0, 0, 0, 0 }, VIRTIO_BLK_S_OK, 1 },
        { { VIRTIO_BLK_T_FLUSH, 0, 0, 512, 0 }, VIRTIO_BLK_S_OK, 0 },
        { { VIRTIO_BLK_T_GET_ID, 0, 0, 20, 0 }, VIRTIO_BLK_S_OK, 21 },
        { { VIRTIO_BLK_T_GET_ID, 0, 0, 8, 0 }, VIRTIO_BLK_S_OK, 9 },
        { { VIRTIO_BLK_T_GET_ID, 0, 0, 512, 0 }, VIRTIO_BLK_S_OK, 20 },
        { { VIRTIO_BLK_T_GET_ID, 0, 20, 0, 0 }, VIRTIO_BLK_S_IOERR, 1 },
        { { VIRTIO_BLK_T_DISCARD, 0, 16, 0, 0 }, VIRTIO_BLK_S_OK, 1 },
        { { VIRTIO_BLK_T_DISCARD, 0, 16, 16, 0 }, VIRTIO_BLK_S_IOERR, 0 },
        { { VIRTIO_BLK_T_DISCARD, 0, 0, 16, 0 }, VIRTIO_BLK_S_IOERR, 0 },
        { { VIRTIO_BLK_T_WRITE_ZEROES, 0, 15, 0, 0 }, VIRTIO_BLK_S_IOERR, 1 },
        { { 99, 0, 0, 512, 0 }, VIRTIO_BLK_S_UNSUPP, 0 },
        { { 99, 0, 512, 0, 0 }, VIRTIO_BLK_S_UNSUPP, 1 },
    };
    VirtioDriver d;
    QTest *q = start(&d, "");

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint32 len;
        g_test_message("case %u", i);
        g_assert_cmpint(one(&d, &cases[i].request, &len), ==, cases[i].status);
        g_assert_cmpuint(len, ==, cases[i].len);
    }
    g_assert_false(qtest_event_seen(q, "BLOCK_IO_ERROR")); /* the guest's own faults */
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-error-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(policies); i++) {
        g_autofree char *path = g_strdup_printf("/blk-error/policy/%u", i);
        g_test_add_data_func(path, &policies[i], test_policy);
    }
    g_test_add_data_func("/blk-error/cont/main", "", test_cont);
    g_test_add_data_func("/blk-error/cont/iothread", ",iothread=io", test_cont);
    g_test_add_func("/blk-error/again", test_again);
    g_test_add_func("/blk-error/reset", test_reset);
    g_test_add_func("/blk-error/unplug", test_unplug);
    g_test_add_func("/blk-error/migrate", test_migrate);
    g_test_add_func("/blk-error/directions", test_directions);
    g_test_add_data_func("/blk-error/full", "", test_full);
    g_test_add_data_func("/blk-error/full-drive", "n", test_full);
    int ret = skip_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
