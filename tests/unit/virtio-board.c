/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio-board.h"

#include "accel/accel.h"
#include "accel/run-state.h"
#include "config/node.h"
#include "event/lock.h"
#include "memory/guest.h"
#include "virtio/mmio.h"

#define RAM_SIZE (4u << 20)

unsigned board_edges[SLOTS_MAX];
static IrqLine *lines[SLOTS_MAX];

static guint32 bus_read32(guint64 addr)
{
    guint32 value;

    address_map_read(address_map_memory(), addr, &value, 4);
    return value;
}

void bus_wait(void)
{
    event_loop_iterate(event_loop_main(), TRUE);
}

void bus_wait_some(void)
{
    event_loop_iterate(event_loop_main(), FALSE);
    g_thread_yield();
}

static void access_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

void bus_begin_write32(guint64 addr, guint32 value, gboolean *done)
{
    *done = FALSE;
    access_begin();
    address_map_write(address_map_memory(), addr, &value, 4);
    access_finish(access_done, done);
}

static void bus_write32(guint64 addr, guint32 value)
{
    gboolean done;

    bus_begin_write32(addr, value, &done);
    while (!done) {
        bus_wait();
    }
}

void mem_read(guint64 addr, void *buf, gsize len)
{
    g_assert_true(guest_read(dma_space_memory(), addr, buf, len));
}

void mem_write(guint64 addr, const void *buf, gsize len)
{
    g_assert_true(guest_write(dma_space_memory(), addr, buf, len));
}

const GuestBus board_bus = { bus_read32, bus_write32, bus_wait, { mem_read, mem_write } };

static void irq(void *opaque, unsigned n, int level)
{
    board_edges[n] += level;
}

void board_make(unsigned slots)
{
    g_autoptr(ConfigNode) accel = config_map_new();
    g_autoptr(GError) error = NULL;

    event_init();
    config_map_set(accel, "accel", config_string_new("qtest"));
    g_assert_true(accel_init(accel, &error));
    RamBlock *ram = ram_block_new("ram", RAM_SIZE, &error);
    Region *region = region_new_ram("ram", ram, 0, RAM_SIZE, FALSE);
    g_assert_true(address_map_add(address_map_memory(), region, 0, NULL));
    for (unsigned i = 0; i < slots; i++) {
        lines[i] = irq_line_new(irq, NULL, i);
        g_assert_true(virtio_mmio_create(i, SLOT(i), lines[i], &error));
    }
    g_assert_nonnull(iothread_new("io", NULL));
    vm_start();
}

void board_free(void)
{
    g_assert_true(iothread_delete("io", NULL));
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        g_clear_pointer(&lines[i], irq_line_free);
    }
}
