/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stop over QMP while requests are at the medium, which the block driver "x-test"
 * holds: who waits for what, with several monitors.
 */
#include <linux/virtio_blk.h>
#include <linux/virtio_mmio.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/monitor.h"
#include "tests/device/virtio-common.h"

#define MIB      (1u << 20)
#define REQUESTS 10
#define IOTHREAD ",iothread=io"

static char *dir;

/* The VM with its own monitor, two more, and requests that are held at the medium. */
typedef struct Vm {
    QTest *q;
    Monitor b, c;
    VirtioDriver d;
} Vm;

static guint16 used_idx(const Vm *vm)
{
    guint16 idx;

    qtest_bus.memory.read(vm->d.rings[0].used + 2, &idx, sizeof(idx));
    return GUINT16_FROM_LE(idx);
}

static void hold(Vm *vm, guint n)
{
    block_testing(vm->q, "n hold");
    for (unsigned i = 0; i < n; i++) {
        struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_OUT, .sector = i };
        guint64 at = vm->d.data + 0x4000 * i;
        GuestBuffer chain[] = { { at, 16, FALSE },
                                { at + 4096, 512, FALSE },
                                { at + 64, 1, TRUE } };
        qtest_bus.memory.write(at, &header, 16);
        guest_ring_add(&vm->d.rings[0], chain, 3);
    }
    virtio_driver_kick(&vm->d, 0);
    while (blocks_held(vm->q, "n") < n) {
    }
}

static void vm_open(Vm *vm, const char *options)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);

    vm->q = qtest_start("-machine microvm -m 16M -object iothread,id=io "
                        "-qmp unix:%s/b,server=on,wait=off "
                        "-qmp unix:%s/c,server=on,wait=off "
                        "-blockdev driver=file,node-name=f,filename=%s "
                        "-blockdev driver=x-test,node-name=n,file=f "
                        "-device virtio-blk-device,id=d,drive=n,bus=virtio-mmio-bus.0%s",
                        dir, dir, path, options);
    monitor_open(&vm->b, dir, "b");
    monitor_open(&vm->c, dir, "c");
    qtest_bus_set(vm->q);
    virtio_driver_start(&vm->d, &qtest_bus, SLOT(0), ~0ull, 1, 128, RINGS);
    hold(vm, REQUESTS);
}

static void vm_close(Vm *vm)
{
    monitor_close(&vm->b);
    monitor_close(&vm->c);
    qtest_stop(vm->q);
}

static void assert_status(Vm *vm, const char *status)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(vm->q, "{\"execute\": \"query-status\"}");

    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(info), "status"),
                    ==, status);
}

/* The STOP event comes at once; the reply when requests and flush have ended. */
static void test_stop(gconstpointer options)
{
    Vm vm;

    vm_open(&vm, options);
    say(&vm.b, "stop");
    wait_event(vm.q, "STOP");
    assert_status(&vm, "paused");
    say(&vm.c, "stop"); /* it is stopped, and does not stand still */
    for (unsigned i = 0; i < REQUESTS; i++) {
        qmp_turns(vm.q);
        expect_nothing(&vm.b);
        expect_nothing(&vm.c);
        g_assert_cmpuint(used_idx(&vm), ==, i);
        block_testing(vm.q, "n release 1");
        while (used_idx(&vm) == i) {
        }
    }
    while (blocks_held(vm.q, "n") < 1) { /* the flush */
    }
    qmp_turns(vm.q);
    expect_nothing(&vm.b);
    expect_nothing(&vm.c);
    block_testing(vm.q, "n release");
    expect(&vm.b, "{\"return\": {}}");
    expect(&vm.c, "{\"return\": {}}");
    say(&vm.b, "stop"); /* now it does */
    expect(&vm.b, "{\"return\": {}}");
    g_assert_cmpuint(used_idx(&vm), ==, REQUESTS);
    vm_close(&vm);
}

/* What C says while the stop waits, and what has come of it when that has ended. */
typedef struct Then {
    const char *name, *text;
    gboolean flush;   /* the flush is held alone */
    gboolean at_once; /* C's reply does not wait */
    const char *event, *status;
    gboolean fresh; /* the disk's driver has to begin again */
} Then;

static const Then thens[] = {
    /* It comes after the stop that it follows. */
    { .name = "cont",
      .text = "{\"execute\": \"cont\"}",
      .event = "RESUME",
      .status = "running" },
    /* A reset is part of what moves. */
    { .name = "reset",
      .text = "{\"execute\": \"system_reset\"}",
      .at_once = TRUE,
      .event = "RESET",
      .status = "prelaunch",
      .fresh = TRUE },
    /* The disk stays until it has been flushed. */
    { .name = "unplug",
      .text = "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"d\"}}",
      .flush = TRUE,
      .event = "DEVICE_DELETED",
      .status = "paused" },
};

static void check_then(const Then *t, const char *options)
{
    Vm vm;

    vm_open(&vm, options);
    if (t->flush) {
        block_testing(vm.q, "n release");
        block_testing(vm.q, "n hold");
    }
    say(&vm.b, "stop");
    wait_event(vm.q, "STOP");
    while (blocks_held(vm.q, "n") < 1) {
    }
    say_text(&vm.c, t->text);
    if (t->at_once) {
        expect(&vm.c, "{\"return\": {}}");
    }
    qmp_turns(vm.q);
    expect_nothing(&vm.b);
    expect_nothing(&vm.c);
    g_assert_false(qtest_event_seen(vm.q, t->event));
    assert_status(&vm, "paused");
    block_testing(vm.q, "n release");
    expect(&vm.b, "{\"return\": {}}");
    if (!t->at_once) {
        expect(&vm.c, "{\"return\": {}}");
    }
    wait_event(vm.q, t->event);
    assert_status(&vm, t->status);
    g_assert_cmpint(virtio_driver_read(&vm.d, VIRTIO_MMIO_STATUS) == 0, ==, t->fresh);
    vm_close(&vm);
}

static void test_then_main_loop(gconstpointer then)
{
    check_then(then, "");
}

static void test_then_iothread(gconstpointer then)
{
    check_then(then, IOTHREAD);
}

/* A client that goes while it waits is forgotten, and the next one is served. */
static void test_gone(gconstpointer options)
{
    Vm vm;

    vm_open(&vm, options);
    say(&vm.b, "stop");
    wait_event(vm.q, "STOP");
    monitor_close(&vm.b);
    monitor_open(&vm.b, dir, "b");
    say(&vm.b, "query-name");
    expect(&vm.b, "{\"return\": {}}");
    block_testing(vm.q, "n release");
    say(&vm.b, "stop");
    expect(&vm.b, "{\"return\": {}}");
    expect_nothing(&vm.b);
    vm_close(&vm);
}

static void add(const char *name, const char *loop, gconstpointer data, GTestDataFunc fn)
{
    g_autofree char *path = g_strdup_printf("/stop/%s/%s", name, loop);

    g_test_add_data_func(path, data, fn);
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-stop-XXXXXX", NULL);
    add("waits", "main-loop", "", test_stop);
    add("waits", "iothread", IOTHREAD, test_stop);
    for (guint i = 0; i < G_N_ELEMENTS(thens); i++) {
        add(thens[i].name, "main-loop", &thens[i], test_then_main_loop);
        add(thens[i].name, "iothread", &thens[i], test_then_iothread);
    }
    add("gone", "main-loop", "", test_gone);
    add("gone", "iothread", IOTHREAD, test_gone);
    rc = g_test_run();
    g_autofree char *image = g_build_filename(dir, "image", NULL);
    unlink(image);
    rmdir(dir);
    return rc;
}
