/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports with a transport and devices of the test's own: an interrupt for each queue,
 * queues of several loops, more queues than a word has bits, other data planes.
 */
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "util/error.h"
#include "virtio-board.h"
#include "virtio/port-internal.h"

#define QUEUES_MAX 33
#define NUM        8
#define LIVE       15 /* status of a driver that has set everything up */
#define NONE       -1

/* A transport that counts. */
typedef struct Transport {
    Device device;
    VirtioPort port;
    int fds[QUEUES_MAX + 1]; /* the last one: of the configuration */
    unsigned got[QUEUES_MAX + 1];
    gboolean unwanted[QUEUES_MAX + 1]; /* the driver has no vector for it */
    int refuses;                       /* this one, or NONE */
    guint64 ioeventfds;                /* of the queues that have one */
    unsigned interrupts;               /* by the control plane, of the configuration */
    unsigned resets;
} Transport;

/* A device that answers when it may. */
typedef struct TestDevice {
    VirtioDevice dev;
    gboolean two_loops; /* odd queues are the iothread's */
    gint hold;          /* atomic: requests stay in flight */
    VirtqElement elems[QUEUES_MAX];
    gboolean held[QUEUES_MAX];
    gint starts, stops, handled, wrong_thread; /* atomic */
} TestDevice;

static GuestRing rings[QUEUES_MAX];
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

/* Interrupts that the data plane has made since the last call. */
static guint64 interrupts(Transport *t, unsigned i)
{
    guint64 count = 0;
    return read(t->fds[i], &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void assert_down(const Transport *t)
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

/* In the queue's loop: what it holds is done. */
static void release(void *opaque)
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

static TestDevice *plug(Transport **transport, unsigned n, gboolean two_loops)
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
    for (unsigned i = 0; i <= QUEUES_MAX; i++) {
        t->fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    virtio_port_init(&t->port, &transport_ops, &t->device, dma_space_memory(), "test");
    virtio_port_plug(&t->port, &d->dev);
    return d;
}

static void set_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

static void quiesce(Transport *t)
{
    gboolean done = FALSE;
    virtio_port_quiesce(&t->port, set_done, &done);
    while (!done) {
        bus_wait();
    }
    assert_down(t);
}

/* As unplug does: the transport may end with it. */
static void take_off(void *opaque)
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
    device_unref(&t->device);
}

static void unplug(Transport *t)
{
    quiesce(t);
    take_off(t);
}

/* The driver */

static void set_up(Transport *t)
{
    guint64 at = RINGS;

    virtio_port_write_status(&t->port, 3);
    t->port.driver_features = virtio_port_features(&t->port) & ~(1ull << 29);
    virtio_port_write_status(&t->port, 11);
    for (unsigned i = 0; i < t->port.n_queues; i++) {
        Virtqueue *vq = &t->port.queues[i];
        at = guest_ring_init(&rings[i], &board_bus.memory, at, NUM);
        vq->num = NUM;
        vq->desc = rings[i].desc;
        vq->avail = rings[i].avail;
        vq->used = rings[i].used;
        vq->ready = TRUE;
    }
    buffers = (at + 4095) & ~4095ull;
}

static void go(Transport *t)
{
    set_up(t);
    virtio_port_write_status(&t->port, LIVE);
    g_assert_cmpint(virtio_port_status(&t->port), ==, LIVE);
}

static void add_request(unsigned queue)
{
    GuestBuffer buffer = { buffers, 16, TRUE };
    guest_ring_add(&rings[queue], &buffer, 1);
}

static void wait_for(gint *counter, gint n)
{
    while (g_atomic_int_get(counter) < n) {
        bus_wait_some();
    }
    g_assert_cmpint(g_atomic_int_get(counter), ==, n);
}

/* Each queue interrupts by its own vector, the configuration by another. */
static void test_vectors(gconstpointer two_loops)
{
    Transport *t;
    TestDevice *d = plug(&t, QUEUES_MAX, two_loops != NULL);
    guint32 head, len;

    t->unwanted[7] = TRUE;
    go(t);
    g_assert_cmphex(t->ioeventfds, ==, (1ull << QUEUES_MAX) - 1);
    for (unsigned i = 0; i < QUEUES_MAX; i++) {
        add_request(i);
        virtio_port_notify(&t->port, i);
        wait_for(&d->handled, i + 1);
        g_assert_true(guest_ring_take(&rings[i], &head, &len));
        for (unsigned other = 0; other <= QUEUES_MAX; other++) {
            g_assert_cmpuint(interrupts(t, other), ==, other == i && i != 7);
        }
    }
    g_assert_cmpuint(t->port.isr, ==, VIRTIO_ISR_QUEUE);
    virtio_device_config_changed(&d->dev);
    g_assert_cmpuint(t->interrupts, ==, 1);
    g_assert_cmpuint(t->port.isr, ==, VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG);
    unplug(t);
}

/* There is no number of queues beyond which one is forgotten: nothing happens. */
static void test_no_such_queue(void)
{
    Transport *t;
    TestDevice *d = plug(&t, 3, FALSE);

    go(t);
    virtio_port_notify(&t->port, 3);
    virtio_port_notify(&t->port, G_MAXUINT);
    virtio_port_write_status(&t->port, 0);
    virtio_port_notify(&t->port, 0);
    g_assert_cmpint(d->handled, ==, 0);
    g_assert_cmpuint(t->resets, ==, 1);
    unplug(t);
}

/* A stop waits for what is in flight in each of the loops. */
static void test_two_loops(void)
{
    Transport *t;
    TestDevice *d = plug(&t, 4, TRUE);
    gboolean done = FALSE;

    go(t);
    wait_for(&d->starts, 2);
    g_atomic_int_set(&d->hold, TRUE);
    for (unsigned i = 0; i < 4; i++) {
        add_request(i);
        virtio_port_notify(&t->port, i);
    }
    wait_for(&d->handled, 4);
    virtio_port_quiesce(&t->port, set_done, &done);
    for (unsigned i = 0; i < 4; i++) {
        Virtqueue *vq = &t->port.queues[i];
        g_assert_false(done);
        g_assert_cmpint(t->port.phase, ==, VIRTIO_STOPPING);
        event_loop_post(vq->loop, release, vq);
        wait_for(&d->handled, 5 + i);
    }
    while (!done) {
        bus_wait();
    }
    g_assert_cmpint(d->stops, ==, 2);
    assert_down(t);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpuint(t->port.queues[i].last_avail, ==, 1);
        g_assert_cmpuint(t->port.queues[i].used_idx, ==, 1);
    }
    unplug(t);
}

/* A driver that misbehaves in one queue stops all, and it is told so by one vector. */
static void test_broken(gconstpointer two_loops)
{
    Transport *t;
    TestDevice *d = plug(&t, 4, two_loops != NULL);

    go(t);
    guest_ring_make_available(&rings[1], 1000);
    virtio_port_notify(&t->port, 1);
    while (!(virtio_port_status(&t->port) & VIRTIO_CONFIG_S_NEEDS_RESET)) {
        bus_wait_some();
    }
    while (interrupts(t, QUEUES_MAX) == 0) {
        bus_wait_some();
    }
    add_request(2);
    virtio_port_notify(&t->port, 2);
    gboolean done = FALSE;
    virtio_port_stop(&t->port, set_done, &done);
    while (!done) {
        bus_wait();
    }
    g_assert_cmpint(d->handled, ==, 0);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpuint(interrupts(t, i), ==, 0);
    }
    unplug(t);
}

/* What cannot be had is taken back whole, and the driver hears of it. */
static void test_no_vector(void)
{
    static const int which[] = { 0, 2, QUEUES_MAX };

    for (unsigned i = 0; i < G_N_ELEMENTS(which); i++) {
        Transport *t;
        TestDevice *d = plug(&t, 4, TRUE);
        set_up(t);
        t->refuses = which[i];
        virtio_port_write_status(&t->port, LIVE);
        g_assert_cmphex(virtio_port_status(&t->port), ==,
                        LIVE | VIRTIO_CONFIG_S_NEEDS_RESET);
        g_assert_cmpuint(t->interrupts, ==, 1);
        g_assert_cmpint(d->starts, ==, 0);
        assert_down(t);
        unplug(t);
    }
}

/* A vCPU makes the queues live, and the device goes before the main loop came to them. */
static gpointer vcpu(gpointer opaque)
{
    machine_lock();
    go(opaque);
    machine_unlock();
    return NULL;
}

static void test_gone_before_begin(void)
{
    Transport *t;
    TestDevice *d = plug(&t, 2, FALSE);
    GThread *thread = g_thread_new("vcpu", vcpu, t);

    machine_unlock();
    g_thread_join(thread);
    machine_lock();
    g_assert_cmpint(t->port.phase, ==, VIRTIO_RUNNING);
    device_ref(&d->dev.device);
    unplug(t);
    for (unsigned i = 0; i < 10; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    g_assert_cmpint(d->starts, ==, 0);
    g_assert_cmpint(d->stops, ==, 0);
    device_unref(&d->dev.device);
}

/* Who waits for the stop takes everything away; another one waits as well. */
static void test_gone_when_stopped(void)
{
    Transport *t;
    TestDevice *d = plug(&t, 2, TRUE);
    gboolean done = FALSE;

    go(t);
    wait_for(&d->starts, 2);
    virtio_port_quiesce(&t->port, take_off, t);
    virtio_port_stop(&t->port, set_done, &done);
    while (!done) {
        bus_wait();
    }
}

/* Who waits finds the port down, whatever those before have wished. */
static void goes_on(void *opaque)
{
    virtio_port_update(&((Transport *)opaque)->port);
}

static void finds_it_down(void *opaque)
{
    assert_down(opaque);
}

static void test_waiters(void)
{
    Transport *t;
    TestDevice *d = plug(&t, 2, TRUE);
    gboolean done = FALSE;

    go(t);
    wait_for(&d->starts, 2);
    virtio_port_stop(&t->port, goes_on, t);
    virtio_port_stop(&t->port, finds_it_down, t);
    virtio_port_stop(&t->port, set_done, &done);
    while (!done) {
        bus_wait();
    }
    wait_for(&d->starts, 4);
    unplug(t);
}

/* A transport without access to memory keeps the port down. */
static void test_no_dma(void)
{
    Transport *t;
    TestDevice *d = plug(&t, 2, FALSE);

    t->port.no_dma = TRUE;
    go(t);
    assert_down(t);
    g_assert_cmpint(d->starts, ==, 0);
    t->port.no_dma = FALSE;
    virtio_port_update(&t->port);
    wait_for(&d->starts, 1);
    unplug(t);
}

/* Another data plane */

static gboolean plane_fails;
static VirtioPort *plane_port;

static gboolean plane_start(VirtioPort *port, GError **errp)
{
    if (plane_fails) {
        return error_set(errp, "the other side is not there");
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        g_assert_cmpint(port->queues[i].kick_fd, >=, 0);
        g_assert_cmpint(port->queues[i].call_fd, >=, 0);
    }
    plane_port = port;
    return TRUE;
}

static gboolean plane_stop(VirtioPort *port)
{
    return FALSE;
}

static void plane_answers(void *opaque)
{
    for (unsigned i = 0; i < plane_port->n_queues; i++) {
        plane_port->queues[i].last_avail = plane_port->queues[i].used_idx = 5 + i;
    }
    virtio_port_stopped(plane_port);
}

static const VirtioDataPlane test_plane = { plane_start, plane_stop };

/* It stops when it likes, and says then how far the queues have come. */
static void test_data_plane(void)
{
    Transport *t;
    TestDevice *d = plug(&t, 2, FALSE);
    gboolean done = FALSE;

    d->dev.plane = &test_plane;
    go(t);
    virtio_port_stop(&t->port, set_done, &done);
    g_assert_false(vm_stands_still());
    for (unsigned i = 0; i < 10; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    g_assert_false(done);
    g_assert_cmpint(t->port.phase, ==, VIRTIO_STOPPING);
    g_assert_cmpuint(t->ioeventfds, ==, 0);
    event_loop_post(event_loop_main(), plane_answers, NULL);
    while (!done) {
        bus_wait();
    }
    g_assert_cmpint(t->port.phase, ==, VIRTIO_RUNNING); /* nothing speaks against it */
    g_assert_cmpuint(t->port.queues[1].last_avail, ==, 6);
    g_assert_cmpint(d->starts, ==, 0);
    done = FALSE;
    virtio_port_stop(&t->port, set_done, &done);
    plane_fails = TRUE;
    plane_answers(NULL);
    g_assert_true(done);
    g_assert_cmphex(virtio_port_status(&t->port), ==, LIVE | VIRTIO_CONFIG_S_NEEDS_RESET);
    assert_down(t);
    plane_fails = FALSE;
    unplug(t);
}

/* All of 33 queues is in the stream, with what was deferred, and 32 do not fit. */
static void test_save_load(void)
{
    Transport *t, *fewer;
    g_autoptr(GByteArray) saved = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    TestDevice *d = plug(&t, QUEUES_MAX, TRUE);
    go(t);
    quiesce(t);
    virtqueue_add_deferred(&t->port.queues[32], 3);
    t->port.queues[32].last_avail = 1;
    g_assert_true(state_save(saved, &virtio_port_state, &t->port, NULL));
    virtio_port_reset(&t->port);
    g_assert_cmpuint(t->port.queues[32].n_deferred, ==, 0);
    g_assert_true(
        state_load(saved->data, saved->len, &virtio_port_state, &t->port, &error));
    g_assert_true(virtio_port_post_load(&t->port, &error));
    g_assert_cmpuint(t->port.queues[32].desc, ==, rings[32].desc);
    g_assert_cmpuint(t->port.queues[32].n_deferred, ==, 1);
    g_assert_cmpuint(t->port.queues[32].deferred[0].head, ==, 3);
    virtio_port_write_status(&t->port, 0);
    unplug(t);

    d = plug(&fewer, QUEUES_MAX - 1, TRUE);
    g_assert_nonnull(d);
    g_assert_true(
        state_load(saved->data, saved->len, &virtio_port_state, &fewer->port, &error));
    g_assert_false(virtio_port_post_load(&fewer->port, &error));
    g_assert_nonnull(strstr(error->message, "33 queues"));
    virtio_port_reset(&fewer->port);
    unplug(fewer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/port/vectors/main", NULL, test_vectors);
    g_test_add_data_func("/port/vectors/two-loops", "", test_vectors);
    g_test_add_func("/port/no-such-queue", test_no_such_queue);
    g_test_add_func("/port/two-loops", test_two_loops);
    g_test_add_data_func("/port/broken/main", NULL, test_broken);
    g_test_add_data_func("/port/broken/two-loops", "", test_broken);
    g_test_add_func("/port/no-vector", test_no_vector);
    g_test_add_func("/port/gone-before-begin", test_gone_before_begin);
    g_test_add_func("/port/gone-when-stopped", test_gone_when_stopped);
    g_test_add_func("/port/waiters", test_waiters);
    g_test_add_func("/port/no-dma", test_no_dma);
    g_test_add_func("/port/data-plane", test_data_plane);
    g_test_add_func("/port/save-load", test_save_load);
    board_make(0);
    int rc = g_test_run();
    device_cleanup();
    board_free();
    return rc;
}
