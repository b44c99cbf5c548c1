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

/* cont comes after the stop that it follows. */
static void test_cont(gconstpointer options)
{
    Vm vm;

    vm_open(&vm, options);
    say(&vm.b, "stop");
    wait_event(vm.q, "STOP");
    say(&vm.c, "cont");
    qmp_turns(vm.q);
    expect_nothing(&vm.b);
    expect_nothing(&vm.c);
    assert_status(&vm, "paused");
    block_testing(vm.q, "n release");
    expect(&vm.b, "{\"return\": {}}");
    expect(&vm.c, "{\"return\": {}}");
    wait_event(vm.q, "RESUME");
    assert_status(&vm, "running");
    vm_close(&vm);
}

/* A reset is part of what moves. */
static void test_reset(gconstpointer options)
{
    Vm vm;

    vm_open(&vm, options);
    say(&vm.b, "stop");
    wait_event(vm.q, "STOP");
    qmp(vm.q, "{\"execute\": \"system_reset\"}");
    qmp_turns(vm.q);
    expect_nothing(&vm.b);
    g_assert_false(qtest_event_seen(vm.q, "RESET"));
    block_testing(vm.q, "n release");
    wait_event(vm.q, "RESET");
    expect(&vm.b, "{\"return\": {}}");
    assert_status(&vm, "paused");
    g_assert_cmpuint(virtio_driver_read(&vm.d, VIRTIO_MMIO_STATUS), ==, 0);
    vm_close(&vm);
}

/* The disk stays until it has been flushed. */
static void test_unplug(gconstpointer options)
{
    Vm vm;

    vm_open(&vm, options);
    block_testing(vm.q, "n release");
    block_testing(vm.q, "n hold"); /* the flush alone */
    say(&vm.b, "stop");
    while (blocks_held(vm.q, "n") < 1) {
    }
    say_text(&vm.c, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"d\"}}");
    qmp_turns(vm.q);
    expect_nothing(&vm.b);
    expect_nothing(&vm.c);
    block_testing(vm.q, "n release");
    expect(&vm.b, "{\"return\": {}}");
    expect(&vm.c, "{\"return\": {}}");
    wait_event(vm.q, "DEVICE_DELETED");
    vm_close(&vm);
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

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(gconstpointer options);
    } tests[] = {
        { "waits", test_stop },    { "cont", test_cont }, { "reset", test_reset },
        { "unplug", test_unplug }, { "gone", test_gone },
    };
    int rc;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-stop-XXXXXX", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *loop = g_strdup_printf("/stop/%s/main-loop", tests[i].name);
        g_autofree char *io = g_strdup_printf("/stop/%s/iothread", tests[i].name);

        g_test_add_data_func(loop, "", tests[i].fn);
        g_test_add_data_func(io, ",iothread=io", tests[i].fn);
    }
    rc = g_test_run();
    g_autofree char *image = g_build_filename(dir, "image", NULL);
    unlink(image);
    rmdir(dir);
    return rc;
}
