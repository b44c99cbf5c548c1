/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mmio transport in the migration stream: save, reset, load, and go on. */
#include <linux/virtio_blk.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "accel/run-state.h"
#include "tests/unit/block-late.h"
#include "virtio-disk.h"

typedef struct FindSlot {
    const char *path;
    Device *dev;
} FindSlot;

static void find_slot(Device *dev, void *opaque)
{
    FindSlot *f = opaque;

    if (g_str_has_suffix(dev->path, f->path)) {
        f->dev = dev;
    }
}

static GByteArray *save_slot0(Device **slot)
{
    FindSlot f = { "virtio-mmio[0]", NULL };
    GByteArray *saved = g_byte_array_new();

    device_foreach(find_slot, &f);
    g_assert_nonnull(f.dev);
    *slot = f.dev;
    vm_stop(RUN_STATE_FINISH_MIGRATE);
    quiesce_all();
    g_assert_true(state_save(saved, f.dev->klass->state, f.dev, NULL));
    return saved;
}

/* What is saved goes on after a reset, with what was available meanwhile. */
static void test_save_load(void)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, ""), *slot;
    g_autoptr(GError) error = NULL;
    guint32 head, len;
    guint8 buf[512];

    for (unsigned i = 0; i < 100; i++) {
        g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    }
    g_autoptr(GByteArray) saved = save_slot0(&slot);
    queue_writes(&d, 5);
    reset_machine();
    g_assert_true(state_load(saved->data, saved->len, slot->klass->state, slot, &error));
    g_assert_no_error(error);
    vm_start();
    for (unsigned i = 0; i < 5; i++) {
        virtio_driver_wait_used(&d, 0, &head, &len);
    }
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);

    /* the slot that an unplug has left, into a machine that never had the disk */
    unplug(dev);
    g_autoptr(GByteArray) vacant = save_slot0(&slot);
    reset_machine();
    g_assert_cmpuint(present_mask, ==, 0);
    g_assert_false(state_load(saved->data, saved->len, slot->klass->state, slot, &error));
    g_assert_nonnull(strstr(error->message, "virtio-mmio-bus.0"));
    g_clear_error(&error);
    reset_machine();
    g_assert_true(
        state_load(vacant->data, vacant->len, slot->klass->state, slot, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(present_mask, ==, 1);
    vm_start();
    g_assert_cmpuint(capacity(&d), ==, 0);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==,
                    VIRTIO_BLK_S_IOERR);
    g_assert_null(add_device(&error, "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\","
                                     "\"bus\":\"virtio-mmio-bus.0\"}"));
    g_assert_nonnull(strstr(error->message, "held by the guest's driver"));
    g_clear_error(&error);
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    /* which slots the source's guest has met came with it */
    dev = add_device(&error, "{\"driver\":\"virtio-blk-device\",\"drive\":\"n\"}");
    g_assert_no_error(error);
    g_assert_cmpstr(dev->bus->name, ==, "virtio-mmio-bus.1");
    unplug(dev);
    reset_machine();
    g_assert_true(node_del("n", NULL));
}

/* Registers of no use yet hold anything, and that migrates. */
static void test_save_load_unused(void)
{
    VirtioDriver d;
    Device *dev = start_disk(&d, ""), *slot;
    g_autoptr(GError) error = NULL;
    guint8 buf[512];

    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_SEL, 0);
    virtio_driver_write(&d, VIRTIO_MMIO_QUEUE_NUM, 3);
    virtio_driver_write(&d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    virtio_driver_write(&d, VIRTIO_MMIO_DRIVER_FEATURES, 0xffffffff);
    g_autoptr(GByteArray) saved = save_slot0(&slot);
    reset_machine();
    g_assert_true(state_load(saved->data, saved->len, slot->klass->state, slot, &error));
    g_assert_no_error(error);
    vm_start();
    virtio_driver_start(&d, &board_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    g_assert_cmpint(virtio_driver_blk(&d, VIRTIO_BLK_T_IN, 0, buf, 512), ==, 0);
    stop_disk(dev);
}

static void add(void)
{
    g_test_add_func("/virtio/save-load", test_save_load);
    g_test_add_func("/virtio/save-load-unused", test_save_load_unused);
}

int main(int argc, char **argv)
{
    return disk_test_main(argc, argv, add);
}
