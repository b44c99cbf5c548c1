/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vhost-vsock on a slot of the mmio transport: what the kernel is told of its rings, the
 * interrupts that have a status, and the event that tells of a migration.
 */
#include <fcntl.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_vsock.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "device/device.h"
#include "event/vm-event.h"
#include "unit/vhost-kernel.h"
#include "util/fd.h"
#include "virtio-board.h"

#define CID       42
#define SEQPACKET (1ull << VIRTIO_VSOCK_F_SEQPACKET)

/* Of the host, given by its number. */
static int host;

static Device *add(const char *more, GError **errp)
{
    g_autofree char *json =
        g_strdup_printf("{\"driver\":\"vhost-vsock-device\",\"id\":\"v\","
                        "\"bus\":\"virtio-mmio-bus.0\",\"vhostfd\":\"%d\"%s}",
                        host, more);
    g_autoptr(ConfigNode) node = config_parse_json(json, NULL);

    return device_add_from_config(node, TRUE, errp);
}

static void begin(void)
{
    host = open("/dev/null", O_RDWR); /* inherited, as it looks */
    vhost_kernel = (VhostKernel){ .fd = host, .know = ~0ull };
}

static Device *start(VirtioDriver *d, const char *more)
{
    g_autoptr(GError) error = NULL;

    begin();
    Device *dev = add(more, &error);
    g_assert_no_error(error);
    virtio_driver_start(d, &board_bus, SLOT(0), ~0ull, 3, 64, RINGS);
    return dev;
}

static void gone(const char *name, ConfigNode *data, void *opaque)
{
    *(gboolean *)opaque |= strcmp(name, "DEVICE_DELETED") == 0;
}

static void unplug(Device *dev)
{
    gboolean deleted = FALSE;

    bus_begin_write32(SLOT(0) + VIRTIO_MMIO_STATUS, 0, &deleted); /* no driver has it */
    while (!deleted) {
        bus_wait();
    }
    deleted = FALSE;
    vm_event_subscribe(gone, &deleted);
    g_assert_true(device_request_unplug(dev, NULL));
    while (!deleted) {
        bus_wait();
    }
    vm_event_unsubscribe(gone, &deleted);
    g_assert_cmpint(fcntl(host, F_GETFD), ==, -1); /* it has closed it */
    vhost_kernel.fd = -1;
}

static void test_serves(void)
{
    VirtioDriver d;
    Device *dev = start(&d, ",\"guest-cid\":42");

    g_assert_cmpuint(vhost_kernel.cid, ==, CID);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_DEVICE_ID), ==, VIRTIO_ID_VSOCK);
    g_assert_cmpuint(virtio_driver_read(&d, VIRTIO_MMIO_CONFIG), ==, CID);
    g_assert_cmphex(d.features & SEQPACKET, ==, SEQPACKET);
    g_assert_cmphex(vhost_kernel.features & SEQPACKET, ==, SEQPACKET);
    g_assert_cmpint(vhost_kernel.serves, ==, 1);
    g_assert_cmpuint(vhost_kernel.num[1], ==, 64);
    /* notifications go to the kernel */
    guint64 count;
    while (read(vhost_kernel.kick[1], &count, sizeof(count)) > 0) {
    }
    virtio_driver_kick(&d, 1);
    g_assert_cmpint(read(vhost_kernel.kick[1], &count, sizeof(count)), ==, sizeof(count));
    /* and its interrupts have a status here, where there is no MSI-X */
    g_assert_cmphex(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS), ==, 0);
    fd_signal(vhost_kernel.interrupt[0]);
    while (!virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS)) {
        bus_wait();
    }
    g_assert_cmphex(virtio_driver_read(&d, VIRTIO_MMIO_INTERRUPT_STATUS), ==, 1);
    vhost_kernel.base[0] = vhost_kernel.base[1] = 9;
    virtio_driver_write(&d, VIRTIO_MMIO_STATUS, 0);
    g_assert_cmpint(vhost_kernel.serves, ==, 0);
    g_assert_cmpint(vhost_kernel.interrupt[0], ==, -1);
    unplug(dev);
}

/* The kernel is asked for no more than it has, and without being told to. */
static void test_features(void)
{
    VirtioDriver d;
    Device *dev = start(&d, ",\"guest-cid\":42,\"seqpacket\":\"off\"");

    g_assert_cmphex(d.features & SEQPACKET, ==, 0);
    unplug(dev);
}

static void test_moved(void)
{
    VirtioDriver d;
    Device *dev = start(&d, ",\"guest-cid\":42");
    guint8 room[4] = { 0xff, 0xff, 0xff, 0xff };
    GuestBuffer buffer = { d.data, sizeof(room), TRUE };
    g_autoptr(GByteArray) state = g_byte_array_new();
    guint32 head, len;

    mem_write(d.data, room, sizeof(room));
    guest_ring_add(&d.rings[2], &buffer, 1);
    virtio_driver_kick(&d, 2);
    for (unsigned i = 0; i < 20; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    g_assert_false(guest_ring_take(&d.rings[2], &head, &len)); /* nothing to tell */
    g_assert_true(state_save(state, dev->klass->state, dev, NULL));
    g_assert_true(state_load(state->data, state->len, dev->klass->state, dev, NULL));
    virtio_driver_kick(&d, 2);
    virtio_driver_wait_used(&d, 2, &head, &len);
    g_assert_cmpuint(len, ==, 4);
    mem_read(d.data, room, sizeof(room));
    g_assert_cmpmem(room, 4, "\0\0\0\0", 4); /* VIRTIO_VSOCK_EVENT_TRANSPORT_RESET */
    guest_ring_add(&d.rings[2], &buffer, 1);
    virtio_driver_kick(&d, 2);
    for (unsigned i = 0; i < 20; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    g_assert_false(guest_ring_take(&d.rings[2], &head, &len)); /* once */
    unplug(dev);
}

static void refuse(const char *more, const char *why)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(add(more, &error));
    if (!strstr(error->message, why)) {
        g_error("'%s' does not say '%s'", error->message, why);
    }
}

/* The descriptor of one that was refused can be given again. */
static void test_refused(void)
{
    begin();
    refuse("", "guest-cid property must be greater than 2");
    refuse(",\"guest-cid\":2", "guest-cid property must be greater than 2");
    refuse(",\"guest-cid\":4294967296", "guest-cid property must be a 32-bit number");
    vhost_kernel.refuse = VHOST_VSOCK_SET_GUEST_CID;
    refuse(",\"guest-cid\":42", "unable to set guest cid 42: ");
    vhost_kernel.refuse = VHOST_GET_FEATURES;
    refuse(",\"guest-cid\":42", "vhost-vsock: features: ");
    vhost_kernel.refuse = 0;
    vhost_kernel.know &= ~SEQPACKET;
    refuse(",\"guest-cid\":42,\"seqpacket\":\"on\"", "seqpacket");
    Device *dev = add(",\"guest-cid\":42", NULL);
    g_assert_nonnull(dev);
    unplug(dev);
}

/* A kernel that refuses to serve: the driver is told that the device is broken. */
static void test_broken(void)
{
    VirtioDriver d;

    begin();
    Device *dev = add(",\"guest-cid\":42", NULL);
    g_assert_nonnull(dev);
    vhost_kernel.refuse = VHOST_VSOCK_SET_RUNNING;
    virtio_driver_start(&d, &board_bus, SLOT(0), ~0ull, 3, 64, RINGS);
    while (!(virtio_driver_read(&d, VIRTIO_MMIO_STATUS) & 0x40)) {
        bus_wait();
    }
    g_assert_cmpint(vhost_kernel.kick[0], ==, -1);
    vhost_kernel.refuse = 0;
    virtio_driver_start(&d, &board_bus, SLOT(0), ~0ull, 3, 64, RINGS);
    g_assert_cmpint(vhost_kernel.serves, ==, 1);
    unplug(dev);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    board_make(1);
    g_test_add_func("/vsock/serves", test_serves);
    g_test_add_func("/vsock/features", test_features);
    g_test_add_func("/vsock/moved", test_moved);
    g_test_add_func("/vsock/refused", test_refused);
    g_test_add_func("/vsock/broken", test_broken);
    int status = g_test_run();
    device_cleanup();
    board_free();
    return status;
}
