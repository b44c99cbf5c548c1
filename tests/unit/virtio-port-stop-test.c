/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a port stops: who waits, what is gone by then, and other data planes. */
#include <linux/virtio_config.h>

#include "accel/run-state.h"
#include "util/error.h"
#include "virtio-port-toys.h"

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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/port-stop/gone-before-begin", test_gone_before_begin);
    g_test_add_func("/port-stop/gone-when-stopped", test_gone_when_stopped);
    g_test_add_func("/port-stop/waiters", test_waiters);
    g_test_add_func("/port-stop/no-dma", test_no_dma);
    g_test_add_func("/port-stop/data-plane", test_data_plane);
    return port_run();
}
