/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio-port-toys.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "util/error.h"

GuestRing port_rings[QUEUES_MAX];
static guint64 buffers; /* behind them */

/* The transport */

static unsigned vector_index(unsigned vector)
{
    return vector == VIRTIO_CONFIG_VECTOR ? QUEUES_MAX : vector;
}

static void test_ioeventfd(Device *transport, Virtqueue *vq, gboolean on)
{
    Transport *t = (Transport *)transport;
    guint64 bit = 1ull << vq->index;
    g_assert_cmpint((t->ioeventfds & bit) != 0, !=, on);
    t->ioeventfds ^= bit;
}

static gboolean test_vector_get(Device *transport, unsigned vector, int *fd,
                                GError **errp)
{
    Transport *t = (Transport *)transport;
    unsigned i = vector_index(vector);
    if ((int)i == t->refuses) {
        return error_set(errp, "no vector today");
    }
    t->got[i]++;
    *fd = t->unwanted[i] ? -1 : t->fds[i];
    return TRUE;
}

static void test_vector_put(Device *transport, unsigned vector)
{
    Transport *t = (Transport *)transport;
    g_assert_cmpuint(t->got[vector_index(vector)]--, ==, 1);
}

static void test_interrupt(Device *transport, unsigned vector)
{
    g_assert_cmpuint(vector, ==, VIRTIO_CONFIG_VECTOR);
    ((Transport *)transport)->interrupts++;
}

static void test_driver_reset(Device *transport)
{
    ((Transport *)transport)->resets++;
}

static const VirtioTransportOps transport_ops = {
    .ioeventfd = test_ioeventfd,
    .vector_get = test_vector_get,
    .vector_put = test_vector_put,
    .interrupt = test_interrupt,
    .driver_reset = test_driver_reset,
};

guint64 interrupts(Transport *t, unsigned i)
{
    guint64 count = 0;
    return read(t->fds[i], &count, sizeof(count)) == sizeof(count) ? count : 0;
}

void assert_down(const Transport *t)
{
    g_assert_cmpint(t->port.phase, ==, VIRTIO_IDLE);
    g_assert_cmpuint(t->ioeventfds, ==, 0);
    for (unsigned i = 0; i <= QUEUES_MAX; i++) {
        g_assert_cmpuint(t->got[i], ==, 0);
    }
    for (unsigned i = 0; i < t->port.n_queues; i++) {
        g_assert_false(t->port.queues[i].enabled);
        g_assert_cmpint(t->port.queues[i].call_fd, ==, -1);
    }
}

/* The device */

static guint64 test_features(VirtioDevice *dev)
{
    return 0;
}

static unsigned test_config(VirtioDevice *dev, guint8 *space)
{
    return 0;
}

static EventLoop *other_loop(void)
{
    return iothread_loop(iothread_find("io"));
}

static EventLoop *test_queue_loop(VirtioDevice *dev, unsigned queue)
{
    return ((TestDevice *)dev)->two_loops && queue % 2 ? other_loop() : dev->loop;
}

static void check_thread(TestDevice *d, const EventLoop *loop)
{
    if (event_loop_current() != loop) {
        g_atomic_int_inc(&d->wrong_thread);
    }
}

static void test_start(VirtioDevice *dev, EventLoop *loop)
{
    TestDevice *d = (TestDevice *)dev;
    check_thread(d, loop);
    g_atomic_int_inc(&d->starts);
}

static void test_stop(VirtioDevice *dev, EventLoop *loop)
{
    TestDevice *d = (TestDevice *)dev;
    check_thread(d, loop);
    g_atomic_int_inc(&d->stops);
}

static void answer(TestDevice *d, Virtqueue *vq)
{
    virtqueue_push(vq, &d->elems[vq->index], 0);
    g_atomic_int_inc(&d->handled);
}

static void test_handle(VirtioDevice *dev, Virtqueue *vq)
{
    TestDevice *d = (TestDevice *)dev;
    check_thread(d, vq->loop);
    while (!d->held[vq->index] && virtqueue_pop(vq, &d->elems[vq->index])) {
        if (g_atomic_int_get(&d->hold)) {
            d->held[vq->index] = TRUE;
            g_atomic_int_inc(&d->handled);
        } else {
            answer(d, vq);
        }
    }
    virtqueue_set_notification(vq, TRUE);
}

void release(void *opaque)
{
    Virtqueue *vq = opaque;
    VirtioDevice *dev = ((VirtioPort *)vq->opaque)->dev;
    TestDevice *d = (TestDevice *)dev;
    g_assert_true(d->held[vq->index]);
    d->held[vq->index] = FALSE;
    answer(d, vq);
    virtio_device_idle(dev, vq->loop);
}

static const VirtioDeviceClass test_class = {
    .device = {
        .name = "x-port-test",
        .desc = "Answers when it may",
        .parent = &virtio_device_class,
        .instance_size = sizeof(TestDevice),
    },
    .device_id = 77,
    .features = test_features,
    .config = test_config,
    .queue_loop = test_queue_loop,
    .start = test_start,
    .handle = test_handle,
    .stop = test_stop,
};

static void transport_finalize(Device *device)
{
    Transport *t = (Transport *)device;
    for (unsigned i = 0; i <= QUEUES_MAX; i++) {
        close(t->fds[i]);
    }
}

static const DeviceClass transport_class = {
    .name = "x-port-transport",
    .desc = "Counts",
    .instance_size = sizeof(Transport),
    .finalize = transport_finalize,
};

TestDevice *plug(Transport **transport, unsigned n, gboolean two_loops)
{
    TestDevice *d = (TestDevice *)device_new(&test_class.device);
    d->dev.loop = event_loop_main();
    d->dev.n_queues = n;
    d->dev.queue_size = NUM;
    d->two_loops = two_loops;
    for (unsigned i = 0; i < QUEUES_MAX; i++) {
        virtq_element_init(&d->elems[i]);
    }
    Transport *t = *transport = (Transport *)device_new(&transport_class);
    t->refuses = NONE;
    t->device.realized = TRUE; /* by hand */
    for (unsigned i = 0; i <= QUEUES_MAX; i++) {
        t->fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    virtio_port_init(&t->port, &transport_ops, &t->device, dma_space_memory(), "test");
    virtio_port_plug(&t->port, &d->dev);
    return d;
}

void set_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

void quiesce(Transport *t)
{
    gboolean done = FALSE;
    virtio_port_quiesce(&t->port, set_done, &done);
    while (!done) {
        bus_wait();
    }
    assert_down(t);
}

void take_off(void *opaque)
{
    Transport *t = opaque;
    TestDevice *d = (TestDevice *)t->port.dev;
    assert_down(t);
    virtio_port_unplug(&t->port);
    virtio_port_finalize(&t->port);
    for (unsigned i = 0; i < QUEUES_MAX; i++) {
        virtq_element_free(&d->elems[i]);
    }
    g_assert_cmpint(d->wrong_thread, ==, 0);
    device_unref(&d->dev.device);
    t->device.realized = FALSE;
    device_unref(&t->device);
}

void unplug(Transport *t)
{
    quiesce(t);
    take_off(t);
}

/* The driver */

void set_up(Transport *t)
{
    guint64 at = RINGS;

    virtio_port_write_status(&t->port, 3);
    t->port.driver_features = virtio_port_features(&t->port) & ~(1ull << 29);
    virtio_port_write_status(&t->port, 11);
    for (unsigned i = 0; i < t->port.n_queues; i++) {
        Virtqueue *vq = &t->port.queues[i];
        at = guest_ring_init(&port_rings[i], &board_bus.memory, at, NUM);
        vq->num = NUM;
        vq->desc = port_rings[i].desc;
        vq->avail = port_rings[i].avail;
        vq->used = port_rings[i].used;
        vq->ready = TRUE;
    }
    buffers = (at + 4095) & ~4095ull;
}

void go(Transport *t)
{
    set_up(t);
    virtio_port_write_status(&t->port, LIVE);
    g_assert_cmpint(virtio_port_status(&t->port), ==, LIVE);
}

void add_request(unsigned queue)
{
    GuestBuffer buffer = { buffers, 16, TRUE };
    guest_ring_add(&port_rings[queue], &buffer, 1);
}

void wait_for(gint *counter, gint n)
{
    while (g_atomic_int_get(counter) < n) {
        bus_wait_some();
    }
    g_assert_cmpint(g_atomic_int_get(counter), ==, n);
}

int port_run(void)
{
    board_make(0);
    int rc = g_test_run();
    device_cleanup();
    board_free();
    return rc;
}
