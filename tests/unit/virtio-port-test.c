/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a port does with its queues: their interrupts, their loops, their stream. */
#include <linux/virtio_config.h>
#include <string.h>

#include "virtio-port-toys.h"

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
        g_assert_true(guest_ring_take(&port_rings[i], &head, &len));
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
    guest_ring_make_available(&port_rings[1], 1000);
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
    g_assert_cmpuint(t->port.queues[32].desc, ==, port_rings[32].desc);
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
    g_test_add_func("/port/save-load", test_save_load);
    return port_run();
}
