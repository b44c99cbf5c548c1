/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio-disk.h"

#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_mmio.h>
#include <string.h>
#include <unistd.h>

#include "block/testing.h"
#include "config/json.h"
#include "event/vm-event.h"
#include "tests/unit/block-late.h"
#include "virtio/mmio.h"
#include "virtio/rng-backend.h"

guint32 present_mask;
char *image, *image2;
static GString *events;

static void presence(unsigned slot, gboolean present, void *opaque)
{
    present_mask = (present_mask & ~(1u << slot)) | (guint32) !!present << slot;
    g_assert_cmpint(virtio_mmio_present(slot), ==, present);
}

static void on_event(const char *name, ConfigNode *data, void *opaque)
{
    g_string_append_printf(events, "%s ", name);
}

Device *add_device(GError **errp, const char *json)
{
    g_autoptr(ConfigNode) node = config_parse_json(json, NULL);

    return device_add_from_config(node, TRUE, errp);
}

void add_node(const char *name, const char *path, gboolean read_only)
{
    g_autofree char *json =
        g_strdup_printf("{\"driver\":\"x-test\",\"node-name\":\"%s\",\"file\":{"
                        "\"driver\":\"file\",\"filename\":\"%s\",\"discard\":\"unmap\","
                        "\"read-only\":%s}}",
                        name, path, read_only ? "true" : "false");
    g_autoptr(ConfigNode) node = config_parse_json(json, NULL);
    g_autoptr(GError) error = NULL;

    block_node_add(node, &error);
    g_assert_no_error(error);
}

static void wait_event(const char *name)
{
    while (!strstr(events->str, name)) {
        bus_wait();
    }
    g_string_truncate(events, 0);
}

void unplug(Device *dev)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(device_request_unplug(dev, &error));
    g_assert_no_error(error);
    wait_event("DEVICE_DELETED");
}

static void set_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

void reset_machine(void)
{
    gboolean done = FALSE;

    device_reset_all(set_done, &done);
    while (!done) {
        bus_wait();
    }
}

void quiesce_all(void)
{
    gboolean done = FALSE;

    device_quiesce_all(set_done, &done);
    while (!done) {
        bus_wait();
    }
}

Device *start_disk(VirtioDriver *d, const char *more)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"virtio-blk-device\",\"id\":\"disk\",\"drive\":\"n\","
        "\"bus\":\"virtio-mmio-bus.0\",\"serial\":\"S1\"%s}",
        more);

    add_node("n", image, FALSE);
    Device *dev = add_device(&error, json);
    g_assert_no_error(error);
    virtio_driver_start(d, &board_bus, SLOT(0), ~0ull, 1, 64, RINGS);
    return dev;
}

void stop_disk(Device *dev)
{
    g_assert_cmpuint(present_mask & 1, ==, 1);
    unplug(dev);
    reset_machine();
    g_assert_cmpuint(present_mask & 1, ==, 0);
    g_assert_true(node_del("n", NULL));
}

guint64 capacity(VirtioDriver *d)
{
    return virtio_driver_read(d, VIRTIO_MMIO_CONFIG) |
           (guint64)virtio_driver_read(d, VIRTIO_MMIO_CONFIG + 4) << 32;
}

void queue_writes(VirtioDriver *d, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_OUT,
                                            .sector = 8 * (i + 1) };
        guint64 at = d->data + 0x2000 * i;
        GuestBuffer chain[] = { { at, 16, FALSE },
                                { at + 4096, 4096, FALSE },
                                { at + 64, 1, TRUE } };
        mem_write(at, &header, 16);
        guest_ring_add(&d->rings[0], chain, 3);
    }
    virtio_driver_kick(d, 0);
}

static char *make_image(const char *dir, const char *name, gsize size, int fill)
{
    char *path = g_build_filename(dir, name, NULL);
    g_autofree char *data = g_malloc(size);

    memset(data, fill, size);
    g_assert_true(g_file_set_contents(path, data, size, NULL));
    return path;
}

void disk_test_add(const char *name, GTestDataFunc fn)
{
    static const char *const owners[][2] = { { "main", "" },
                                             { "iothread", ",\"iothread\":\"io\"" } };

    for (unsigned i = 0; i < G_N_ELEMENTS(owners); i++) {
        g_autofree char *path = g_strdup_printf("/virtio/%s/%s", name, owners[i][0]);

        g_test_add_data_func(path, owners[i][1], fn);
    }
}

static void make(const char *dir)
{
    image = make_image(dir, "disk", DISK_SIZE, 0);
    image2 = make_image(dir, "disk2", 2 * DISK_SIZE, 0x22);
    block_testing_enable();
    board_make(SLOTS_MAX);
    virtio_mmio_set_presence_hook(presence, NULL);
    events = g_string_new(NULL);
    vm_event_subscribe(on_event, NULL);
    g_assert_nonnull(
        rng_backend_add("r", open("/dev/urandom", O_RDONLY | O_CLOEXEC), NULL));
}

static void clear(const char *dir)
{
    device_cleanup();
    block_cleanup();
    rng_cleanup();
    board_free();
    unlink(image);
    unlink(image2);
    rmdir(dir);
    g_clear_pointer(&image, g_free);
    g_clear_pointer(&image2, g_free);
}

int disk_test_main(int argc, char **argv, void (*add)(void))
{
    g_autofree char *dir = g_dir_make_tmp("vireo-virtio-XXXXXX", NULL);
    int rc;

    g_test_init(&argc, &argv, NULL);
    add();
    make(dir);
    rc = g_test_run();
    clear(dir);
    return rc;
}
