/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio over PCI with requests in flight: resets of a queue, of the function and by Bus
 * Master Enable, unplug, the stream; and a driver that writes anything anywhere.
 */
#include <linux/virtio_config.h>
#include <string.h>

#include "accel/run-state.h"
#include "block/testing.h"
#include "event/vm-event.h"
#include "virtio-pci-board.h"

static unsigned deleted; /* disks, as events tell */

/* Its requests end first, and the vCPU waits; the others go on. */
static void test_queue_reset(gconstpointer iothread)
{
    gboolean done;

    make_live(iothread);
    hold_request(1);
    put(VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
    begin_write(common + VIRTIO_PCI_COMMON_Q_RESET, 2, 1, &done);
    let_settle();
    g_assert_false(done);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_RESET, 2), ==, 1);
    put(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1); /* too early */
    medium("release");
    wait_done(&done);
    g_assert_true(is_done(1));
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_RESET, 2), ==, 0);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 0);
    g_assert_cmphex(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, NO_VECTOR);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), ==, 256);
    request(2);
    wait_used(2);
    request(1);
    let_settle();
    g_assert_false(is_done(1));
    set_up_queue(1, 0);
    taken(0);
    request(1);
    wait_used(1);
    wait_message(0);

    /* not without the feature */
    negotiate(1ull << VIRTIO_F_RING_RESET);
    set_up_queue(0, 0);
    put(VIRTIO_PCI_COMMON_STATUS, 1, 15);
    put(VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 1);
    free_board();
}

/* Two vCPUs, each with a reason of its own to stop the queues, and one that starts them.
 */
static void test_stops_at_once(gconstpointer iothread)
{
    gboolean done[4];

    make_live(iothread);
    hold_request(0);
    put(VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
    begin_write(common + VIRTIO_PCI_COMMON_MSIX, 2, 0, &done[0]);
    begin_write_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY, &done[1]);
    cfg_write(&v->pci, PCI_COMMAND, 2, ON);
    begin_write(common + VIRTIO_PCI_COMMON_Q_RESET, 2, 1, &done[2]);
    begin_write(common + VIRTIO_PCI_COMMON_Q_RESET, 2, 1, &done[3]);
    g_assert_false(done[0]);
    g_assert_false(done[2]);
    medium("release");
    for (unsigned i = 0; i < G_N_ELEMENTS(done); i++) {
        wait_done(&done[i]);
    }
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 0);
    wait_used(0);
    request(0);
    wait_used(0);
    free_board();
}

/* Without bus mastering nothing is reached; what was in flight ends before. */
static void test_bus_master(gconstpointer iothread)
{
    gboolean done = FALSE;

    make_live(iothread);
    hold_request(0);
    begin_write_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY, &done);
    let_settle();
    g_assert_false(done);
    g_assert_true(dma_space_is_open(&v->pci.dma));
    medium("release");
    wait_done(&done);
    g_assert_true(is_done(0));
    g_assert_false(dma_space_is_open(&v->pci.dma));
    request(0);
    let_settle();
    g_assert_false(is_done(0));
    put_config(PCI_COMMAND, 2, ON);
    wait_used(0);
    free_board();
}

/* A reset of the function with a request in flight, and the driver begins anew. */
static void test_function_reset(gconstpointer iothread)
{
    make_live(iothread);
    hold_request(0);
    access_begin();
    pci_function_reset(&v->pci);
    gboolean done = FALSE;
    access_finish(set_done, &done);
    let_settle();
    g_assert_false(done);
    medium("release");
    wait_done(&done);
    g_assert_true(is_done(0));
    g_assert_cmpuint(cfg_read(&v->pci, PCI_COMMAND, 2), ==, 0);
    map_bars();
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_STATUS, 1), ==, 0);
    g_assert_cmphex(get(VIRTIO_PCI_COMMON_MSIX, 2), ==, NO_VECTOR);
    enable_msix();
    start();
    request(1);
    wait_message(1);
    free_board();
}

/* The part has an event of its own, without an id. */
static void on_event(const char *name, ConfigNode *data, void *opaque)
{
    deleted += g_str_equal(name, "DEVICE_DELETED") && config_map_peek(data, "device");
}

/* The guest has let go of it with a request in flight. */
static void test_unplug(gconstpointer iothread)
{
    deleted = 0;
    make_live(iothread);
    hold_request(0);
    Device *dev = device_ref(&v->pci.device);
    device_unplug(dev);
    let_settle();
    g_assert_true(dev->realized);
    medium("release");
    while (!deleted) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_false(dev->realized);
    g_assert_true(is_done(0));
    g_assert_cmphex(mem_read(common, 4), ==, 0xffffffff);
    device_unref(dev);
    /* the drive and the place are free again */
    plug(new_disk(), root);
    map_bars();
    enable_msix();
    start();
    request(0);
    wait_message(0);
    free_board();
}

/* The stream */

static void save_or_load(GByteArray *saved[2], gboolean load)
{
    const StateDesc *const descs[] = { pci_device_class.device.state,
                                       virtio_pci_class.device.state };

    for (unsigned i = 0; i < G_N_ELEMENTS(descs); i++) {
        g_autoptr(GError) error = NULL;
        if (load) {
            state_load(saved[i]->data, saved[i]->len, descs[i], v, &error);
        } else {
            saved[i] = g_byte_array_new();
            state_save(saved[i], descs[i], v, &error);
        }
        g_assert_no_error(error);
    }
}

static void run_to_end(void (*fn)(void (*done)(void *), void *))
{
    gboolean done = FALSE;
    fn(set_done, &done);
    wait_done(&done);
}

static void test_save_load(gconstpointer iothread)
{
    GByteArray *saved[2];

    make_live(iothread);
    mask(1, TRUE);
    request(1); /* its interrupt waits */
    wait_used(1);
    vm_stop(RUN_STATE_FINISH_MIGRATE);
    run_to_end(device_quiesce_all);
    save_or_load(saved, FALSE);
    request(0); /* meanwhile */
    run_to_end(device_reset_all);
    g_assert_cmpuint(cfg_read(&v->pci, PCI_COMMAND, 2), ==, 0);
    save_or_load(saved, TRUE);
    vm_start();
    g_assert_cmphex(mem_read(TABLE + 0x800, 4) & 2, ==, 2);
    mask(1, FALSE);
    wait_message(1);
    request(1);
    wait_message(1);
    wait_used(0); /* who has gone on where it was has found that */
    wait_message(0);
    virtio_device_config_changed((VirtioDevice *)v->backend);
    wait_message(QUEUES);
    g_byte_array_unref(saved[0]);
    g_byte_array_unref(saved[1]);
    free_board();
}

static void test_load_refused(void)
{
    GByteArray *saved[2];
    g_autoptr(GError) error = NULL;

    make_board(NULL);
    vm_stop(RUN_STATE_FINISH_MIGRATE);
    v->wanted[1] = 77; /* as a hostile stream would have it */
    save_or_load(saved, FALSE);
    g_assert_false(state_load(saved[1]->data, saved[1]->len,
                              virtio_pci_class.device.state, v, &error));
    g_assert_nonnull(strstr(error->message, "vector 77"));
    run_to_end(device_reset_all);
    g_byte_array_unref(saved[0]);
    g_byte_array_unref(saved[1]);
    free_board();
}

/* Anything anywhere. */
static void test_hostile(gconstpointer iothread)
{
    make_live(iothread);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned size = 1u << g_test_rand_int_range(0, 3);
        guint32 value = (guint32)g_test_rand_int() >> g_test_rand_int_range(0, 32);
        guint32 at = (guint32)g_test_rand_int_range(0, 64) * size % 64;
        gboolean done = TRUE;
        switch (g_test_rand_int_range(0, 8)) {
        case 0:
            begin_write(TABLE + at, size, value, &done);
            break;
        case 1:
            begin_write(notify + at, size, value, &done);
            break;
        case 2:
            begin_write(config + at, size, value, &done);
            break;
        case 3:
            begin_write_config(at < 4 ? PCI_COMMAND : v->window + at % 20, size, value,
                               &done);
            break;
        case 4:
            mem_read(REGISTERS + (value & 0x3ffc), 4);
            mem_write(RINGS + (value & 0x3ffc), 4, (guint32)g_test_rand_int());
            break;
        case 5:
            map_bars();
            negotiate(1ull << 29);
            break;
        default:
            begin_write(common + at, size, value, &done);
        }
        wait_done(&done);
        if (i % 100 == 0) {
            map_bars();
            start();
        }
    }
    map_bars();
    start();
    request(0);
    wait_used(0);
    free_board();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    block_testing_enable();
    vm_event_subscribe(on_event, NULL);
    add_both("queue-reset", test_queue_reset);
    add_both("stops-at-once", test_stops_at_once);
    add_both("bus-master", test_bus_master);
    add_both("function-reset", test_function_reset);
    add_both("unplug", test_unplug);
    add_both("save-load", test_save_load);
    g_test_add_func("/virtio-pci/load-refused", test_load_refused);
    add_both("hostile", test_hostile);
    return g_test_run();
}
