/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's image is locked and measured when it is plugged, and unlocked when it goes:
 * with a host that does not answer (see late.h).
 */
#include <fcntl.h>
#include <linux/virtio_mmio.h>
#include <unistd.h>

#include "tests/device/late.h"

#define NODES                                                                            \
    "-blockdev driver=file,node-name=f,filename=%s -blockdev driver=raw,node-name=n,"    \
    "file=f "

static void plug_open(Vm *vm, const char *more)
{
    g_autofree char *nodes = g_strdup_printf(NODES, late_image);
    g_autofree char *options = g_strconcat(nodes, more, NULL);

    late_open(vm, options);
}

static void say_plug(Monitor *m, const char *id, const char *node, unsigned slot)
{
    g_autofree char *text = g_strdup_printf(
        "{\"execute\": \"device_add\", \"arguments\": {\"driver\": "
        "\"virtio-blk-device\", \"id\": \"%s\", \"drive\": \"%s\", \"bus\": "
        "\"virtio-mmio-bus.%u\"}}",
        id, node, slot);

    say_text(m, text);
}

static void say_unplug(Monitor *m, const char *id)
{
    g_autofree char *text = g_strdup_printf(
        "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}}", id);

    say_text(m, text);
}

/* Has any process QEMU's lock on a part of the image? */
static gboolean is_locked(void)
{
    int fd = open(late_image, O_RDWR | O_CLOEXEC);
    struct flock range = { .l_type = F_WRLCK, .l_start = 100, .l_len = 104 };

    g_assert_cmpint(fcntl(fd, F_OFD_GETLK, &range), ==, 0);
    close(fd);
    return range.l_type != F_UNLCK;
}

static gboolean has_disk(Vm *vm, unsigned slot)
{
    return qtest_readl(vm->q, SLOT(slot) + VIRTIO_MMIO_DEVICE_ID) != 0;
}

/* It comes or goes: nobody finds it, and id and node are taken. */
static void assert_on_its_way(Vm *vm)
{
    assert_served(vm);
    g_assert_false(has_disk(vm, 0));
    say_plug(&vm->c, "d", "f", 2);
    expect_error(&vm->c, "Duplicate device ID 'd'");
    say_plug(&vm->c, "e", "n", 2);
    expect_error(&vm->c, "Permission conflict on node 'n'");
    say_del(&vm->c, "n");
    expect_error(&vm->c, "Node n is in use");
    say_unplug(&vm->c, "d");
    expect_error(&vm->c, "Device 'd' not found");
}

static void plug(Vm *vm)
{
    say_plug(&vm->b, "d", "n", 0);
    expect(&vm->b, DONE);
    g_assert_true(has_disk(vm, 0) && is_locked());
}

static void unplug(Vm *vm)
{
    say_unplug(&vm->b, "d");
    expect(&vm->b, DONE);
    wait_event(vm->q, "DEVICE_DELETED");
    g_assert_false(has_disk(vm, 0) || is_locked());
}

/* In order of the monitor's commands, and nobody else waits. */
static void test_plug(void)
{
    Vm vm;

    plug_open(&vm, "");
    for (unsigned i = 0; i < 2; i++) {
        block_testing(vm.q, "n silent");
        say_plug(&vm.b, "d", "n", 0);
        until_asked(&vm, 1);
        say(&vm.b, "query-name");
        assert_on_its_way(&vm);
        expect_nothing(&vm.b);
        block_testing(vm.q, "n answers");
        expect(&vm.b, DONE);
        g_assert_true(has_disk(&vm, 0) && is_locked());
        expect(&vm.b, DONE);

        block_testing(vm.q, "n silent");
        say_unplug(&vm.b, "d");
        expect(&vm.b, DONE);
        until_asked(&vm, 1);
        assert_on_its_way(&vm);
        g_assert_true(is_locked());
        g_assert_false(qtest_event_seen(vm.q, "DEVICE_DELETED"));
        block_testing(vm.q, "n answers");
        wait_event(vm.q, "DEVICE_DELETED");
        g_assert_false(is_locked());
        say_plug(&vm.c, "d", "n", 1); /* all that was taken is free */
        expect(&vm.c, DONE);
        say_unplug(&vm.c, "d");
        expect(&vm.c, DONE);
        wait_event(vm.q, "DEVICE_DELETED");
    }
    late_close(&vm);
}

/* What has been taken goes back before the reply. */
static void assert_nothing_held(Vm *vm)
{
    g_assert_false(is_locked());
    plug(vm);
    unplug(vm);
}

static void start_plug(Vm *vm)
{
    block_testing(vm->q, "n silent");
    say_plug(&vm->b, "d", "n", 0);
    until_asked(vm, 1);
}

/* It does not fit any more when the image has been taken. */
static void test_plug_undo(void)
{
    Vm vm;

    plug_open(&vm, "-object rng-builtin,id=r");
    start_plug(&vm);
    say_text(&vm.c, "{\"execute\": \"device_add\", \"arguments\": {\"driver\": "
                    "\"virtio-rng-device\", \"id\": \"r\", \"rng\": \"r\", \"bus\": "
                    "\"virtio-mmio-bus.0\"}}");
    expect(&vm.c, DONE);
    block_testing(vm.q, "n answers");
    expect_error(&vm.b, "Bus 'virtio-mmio-bus.0' is full");
    say_unplug(&vm.b, "r");
    expect(&vm.b, DONE);
    wait_event(vm.q, "DEVICE_DELETED");
    assert_nothing_held(&vm);
    late_close(&vm);
}

/* Somebody else has it. */
static void test_plug_locked(void)
{
    struct flock range = { .l_type = F_RDLCK, .l_start = 201, .l_len = 1 };
    int fd = open(late_image, O_RDWR | O_CLOEXEC);
    Vm vm;

    plug_open(&vm, "");
    g_assert_cmpint(fcntl(fd, F_OFD_SETLK, &range), ==, 0);
    start_plug(&vm);
    block_testing(vm.q, "n answers");
    expect_error(&vm.b, "another process is using the image");
    close(fd);
    assert_nothing_held(&vm);
    late_close(&vm);
}

/* A migration that has begun meanwhile goes on; or has come to its end. */
static void test_plug_migrate(gconstpointer completes)
{
    g_autofree char *uri = g_strdup_printf("unix:%s/m", late_dir);
    QTest *there = qtest_start("-machine microvm -m 16M -incoming %s", uri);
    Vm vm;

    plug_open(&vm, "");
    if (!completes) {
        qmp(vm.q, "{\"execute\": \"migrate-set-parameters\", \"arguments\": "
                  "{\"max-bandwidth\": 1}}");
    }
    start_plug(&vm);
    qmp(vm.q, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"%s\"}}", uri);
    if (completes) {
        wait_event(there, "RESUME");
    }
    expect_nothing(&vm.b);
    block_testing(vm.q, "n answers");
    expect_error(&vm.b, completes ? "the images have been given away"
                                  : "device_add not allowed while migrating");
    g_assert_false(is_locked() || has_disk(&vm, 0));
    late_close(&vm);
    qtest_stop(there);
}

/* The client goes, the VM is reset and stopped: it comes all the same. */
static void test_plug_gone(void)
{
    Vm vm;

    plug_open(&vm, "");
    start_plug(&vm);
    monitor_close(&vm.b);
    monitor_open(&vm.b, late_dir, "b");
    say(&vm.c, "system_reset");
    expect(&vm.c, DONE);
    wait_event(vm.q, "RESET");
    say(&vm.c, "stop");
    expect(&vm.c, DONE);
    say(&vm.c, "cont");
    expect(&vm.c, DONE);
    block_testing(vm.q, "n answers");
    while (!has_disk(&vm, 0)) {
    }
    expect_nothing(&vm.b);
    g_assert_true(is_locked());
    unplug(&vm);
    late_close(&vm);
}

/* As many calls as there may be do not come back. */
static void hang_calls(Vm *vm)
{
    for (unsigned i = 0; i < LATE_CALLS_MAX; i++) {
        g_autofree char *name = g_strdup_printf("m%u", i);
        g_autofree char *gate = g_strdup_printf("%s silent", name);
        g_autofree char *text = g_strdup_printf(
            "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"file\", "
            "\"node-name\": \"%s\", \"filename\": \"%s\"}}",
            name, late_image);

        block_testing(vm->q, gate);
        say_text(&vm->b, text);
        while (!late_asked(vm, name)) {
        }
        monitor_close(&vm->b);
        monitor_open(&vm->b, late_dir, "b");
    }
}

/* One has come back: its node can go. */
static void end_call(Vm *vm)
{
    g_autoptr(JsonObject) reply = NULL;

    block_testing(vm->q, "m0 answers");
    do {
        g_clear_pointer(&reply, json_object_unref);
        reply = qtest_qmp(vm->q, "{\"execute\": \"blockdev-del\", \"arguments\": "
                                 "{\"node-name\": \"m0\"}}");
    } while (json_object_has_member(reply, "error"));
}

/* The host cannot be asked: nobody waits, and what was locked stays so until it can. */
static void test_plug_many(void)
{
    Vm vm;

    plug_open(&vm, "");
    plug(&vm);
    hang_calls(&vm);
    say_unplug(&vm.c, "d");
    expect(&vm.c, DONE);
    wait_event(vm.q, "DEVICE_DELETED");
    g_assert_true(is_locked());
    say_text(&vm.c, "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": "
                    "\"raw\", \"node-name\": \"x\", \"file\": \"f\"}}");
    expect_error(&vm.c, "64 calls of the host have not come back yet");
    say_plug(&vm.c, "d", "n", 0); /* has all that it needs */
    expect(&vm.c, DONE);
    say_unplug(&vm.c, "d");
    expect(&vm.c, DONE);
    wait_event(vm.q, "DEVICE_DELETED");
    g_assert_true(is_locked());
    end_call(&vm);
    plug(&vm);
    unplug(&vm);
    late_close(&vm);
}

/* The process ends, and does not wait. */
static void test_plug_quit(gconstpointer goes)
{
    Vm vm;

    plug_open(&vm, "");
    if (goes) {
        plug(&vm);
        block_testing(vm.q, "n silent");
        say_unplug(&vm.b, "d");
        expect(&vm.b, DONE);
        until_asked(&vm, 1);
    } else {
        start_plug(&vm);
    }
    expect_nothing(&vm.b);
    late_close(&vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/late-plug/order", test_plug);
    g_test_add_func("/late-plug/undo", test_plug_undo);
    g_test_add_func("/late-plug/locked", test_plug_locked);
    g_test_add_data_func("/late-plug/migrating", NULL, test_plug_migrate);
    g_test_add_data_func("/late-plug/migrated", GINT_TO_POINTER(TRUE), test_plug_migrate);
    g_test_add_func("/late-plug/gone", test_plug_gone);
    g_test_add_func("/late-plug/many", test_plug_many);
    g_test_add_data_func("/late-plug/quit-comes", NULL, test_plug_quit);
    g_test_add_data_func("/late-plug/quit-goes", GINT_TO_POINTER(TRUE), test_plug_quit);
    return late_run();
}
