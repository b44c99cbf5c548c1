/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty pages of tiny guests on the real /dev/kvm: 64 MiB of RAM, three vCPUs. Skipped
 * where /dev/kvm is missing.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "accel/vcpu.h"
#include "event/lock.h"
#include "event/loop.h"
#include "event/turn.h"
#include "memory/guest.h"
#include "tests/unit/tiny-board.h"
#include "util/bitmap.h"

#define CPUS 3

static const char *program;

/* As the migration thread does it, which has no machine lock. */
static void sync_log(void)
{
    g_autoptr(GError) error = NULL;
    machine_unlock();
    dirty_log_sync(&error);
    g_assert_no_error(error);
    machine_lock();
}

static guint64 take_log(unsigned long *got)
{
    machine_unlock();
    guint64 pages = dirty_log_take(ram, got);
    machine_lock();
    return pages;
}

/* What KVM has as dirty at the beginning, all of memory or nothing, is read. */
static void forget_log(unsigned long *got)
{
    g_autoptr(GError) error = NULL;
    gsize pages = RAM_SIZE >> RAM_PAGE_BITS;
    sync_log();
    take_log(got);
    machine_unlock();
    dirty_log_clear(ram, 0, pages, got, &error);
    g_assert_no_error(error);
    machine_lock();
    memset(got, 0, pages / 8);
}

/* Stop, look at the pages it wrote, go on; many times. */
static void test_dirty_log(void)
{
    g_autofree unsigned long *got = bitmap_new(RAM_SIZE >> RAM_PAGE_BITS);
    gsize first = (16u << 20) >> RAM_PAGE_BITS;
    g_assert_true(dirty_log_start(NULL));
    forget_log(got);
    run_guest("dirty", "mib=4 hot=3 print=20", "round 20\n");
    sync_log();
    g_assert_cmpuint(take_log(got), >=, 1024);
    for (gsize i = 0; i < 1024; i++) {
        g_assert_true(bitmap_test(got, first + i));
    }
    g_assert_false(bitmap_test(got, first + 1024));

    /* The stop may have cut a line in two: only what follows a whole one is new. */
    forget_log(got);
    g_string_truncate(output, 0);
    vm_start();
    until_round();
    g_string_truncate(output, 0);
    until_round();
    vm_stop(RUN_STATE_PAUSED);
    sync_log();
    take_log(got);
    for (gsize i = 0; i < 1024; i++) {
        g_assert_cmpint(bitmap_test(got, first + i), ==, i < 3);
    }
    dirty_log_stop();
}

/*
 * A model of a migration: one thread collects and copies, a device and a guest write,
 * the main loop takes memory away and maps it again, by two views of it whose pages
 * stand differently in the words of a bitmap. In the end the copies are the memory.
 */
#define EXTRA_ADDR  0x10000000u
#define EXTRA_SIZE  (1u << 20)
#define CLEAR_PAGES 256

typedef struct Copy {
    RamBlock *block;
    guint8 *bytes;
    unsigned long *pending;
} Copy;

static Copy copies[2];                /* of ram and extra */
static gint copying, writing, passes; /* atomic */

static void copy_piece(Copy *c, gsize first, gsize pages)
{
    g_autoptr(GError) error = NULL;
    dirty_log_clear(c->block, first, pages, c->pending + first / BITS_PER_LONG, &error);
    g_assert_no_error(error);
    for (gsize i = first; i < first + pages; i++) {
        if (bitmap_test(c->pending, i)) {
            bitmap_clear(c->pending, i);
            memcpy(c->bytes + (i << RAM_PAGE_BITS), c->block->host + (i << RAM_PAGE_BITS),
                   RAM_PAGE_SIZE);
        }
    }
}

static void copy_dirty(void)
{
    for (guint n = 0; n < G_N_ELEMENTS(copies); n++) {
        gsize pages = copies[n].block->size >> RAM_PAGE_BITS;
        dirty_log_take(copies[n].block, copies[n].pending);
        for (gsize i = 0; i < pages; i += CLEAR_PAGES) {
            copy_piece(&copies[n], i, MIN(CLEAR_PAGES, pages - i));
        }
    }
}

static gpointer copier(gpointer opaque)
{
    g_autoptr(GError) error = NULL;
    while (g_atomic_int_get(&copying)) {
        copy_dirty();
        dirty_log_sync(&error);
        g_assert_no_error(error);
        g_atomic_int_inc(&passes);
    }
    return NULL;
}

static gpointer device(gpointer opaque)
{
    guint64 n = 1;
    while (g_atomic_int_get(&writing)) {
        n = n * 6364136223846793005ull + 1442695040888963407ull;
        guest_write(dma_space_memory(), (40u << 20) + (n >> 40) % (8u << 20), &n,
                    sizeof(n));
        guest_write(dma_space_memory(), EXTRA_ADDR + (n >> 30) % EXTRA_SIZE, &n,
                    sizeof(n));
    }
    return NULL;
}

static void begin_copies(RamBlock *extra)
{
    RamBlock *blocks[] = { ram, extra };
    g_assert_true(dirty_log_start(NULL));
    for (guint n = 0; n < G_N_ELEMENTS(copies); n++) {
        gsize pages = blocks[n]->size >> RAM_PAGE_BITS;
        copies[n] = (Copy){ blocks[n], g_malloc0(blocks[n]->size), bitmap_new(pages) };
        memset(copies[n].pending, 0xff, pages / 8);
    }
}

static void end_copies(void)
{
    sync_log();
    machine_unlock();
    copy_dirty();
    machine_lock();
    for (guint n = 0; n < G_N_ELEMENTS(copies); n++) {
        g_assert_cmpint(
            memcmp(copies[n].bytes, copies[n].block->host, copies[n].block->size), ==, 0);
        g_free(copies[n].bytes);
        g_free(copies[n].pending);
    }
    dirty_log_stop();
}

static void move_memory(Region *views[2], guint times)
{
    for (guint i = 0; i < times; i++) {
        Region *view = views[g_test_rand_int_range(0, 2)];
        map(address_map_memory(), view, EXTRA_ADDR);
        for (int k = g_test_rand_int_range(0, 6); k > 0; k--) {
            until_round();
            g_string_truncate(output, 0);
        }
        unmap(address_map_memory(), view);
        machine_unlock(); /* one removal in each hold, see test_dirty_model() */
        machine_lock();
    }
}

/* at_end: the memory that comes and goes is there when the VM stops. */
static void dirty_model(gboolean at_end)
{
    RamBlock *extra = ram_block_new("extra", EXTRA_SIZE, NULL);
    Region *views[2] = { region_new_ram("whole", extra, 0, EXTRA_SIZE, FALSE),
                         region_new_ram("part", extra, 5 << RAM_PAGE_BITS, EXTRA_SIZE / 2,
                                        FALSE) };
    g_assert_true(ram_block_register(extra, NULL));
    boot_guest("dirty", "start=0x10000000 mib=1 hot=96 print=3");
    begin_copies(extra);
    passes = 0;
    copying = writing = TRUE;
    GThread *threads[2] = { thread_try_start("migration", "copier", copier, NULL, NULL),
                            thread_try_start("worker", "device", device, NULL, NULL) };
    vm_start();
    do {
        move_memory(views, 15);
    } while (g_atomic_int_get(&passes) < 4);
    if (at_end) {
        map(address_map_memory(), views[0], EXTRA_ADDR);
    }
    vm_stop(RUN_STATE_PAUSED);
    g_atomic_int_set(&writing, FALSE);
    g_thread_join(threads[1]);
    g_atomic_int_set(&copying, FALSE);
    machine_unlock();
    g_thread_join(threads[0]);
    machine_lock();
    end_copies();
    if (at_end) {
        unmap(address_map_memory(), views[0]);
    }
    region_free(views[0]);
    region_free(views[1]);
    ram_block_unregister(extra);
    ram_block_unref(extra);
}

static void test_dirty_model(void)
{
    dirty_model(TRUE);
    dirty_model(FALSE);
    /* Of what goes the log is read with the machine lock, and of nothing else. */
    TurnCounter log = turn_counter(TURN_LOG_PAGES);
    g_assert_cmpuint(log.peak, ==, EXTRA_SIZE >> RAM_PAGE_BITS);
    g_assert_cmpuint(log.peak, <=, log.bound);
    g_assert_cmpuint(log.total, >, RAM_SIZE >> RAM_PAGE_BITS);
}

/* The same where KVM lacks what is used, and logs in another way. */
static void test_dirty_fallback(void)
{
    const char *argv[] = {
        program, "-p", "/accel/kvm/dirty-log", "-p", "/accel/kvm/dirty-model", NULL
    };
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "VIREO_TEST_WITHOUT",
                                         "MANUAL_DIRTY_LOG_PROTECT2", TRUE);
    int status = -1;
    machine_unlock();
    g_assert_true(
        g_spawn_sync(NULL, (char **)argv, env, 0, NULL, NULL, NULL, NULL, &status, NULL));
    machine_lock();
    g_assert_cmpint(status, ==, 0);
}

static void configure_cpu(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfigNode) cpu = config_map_new(), smp = config_map_new();
    config_map_set(cpu, "model", config_string_new("host"));
    config_map_set(smp, "cpus", config_int_new(CPUS));
    config_map_set(smp, "cores", config_int_new(CPUS));
    cpu_configure(cpu, smp, &error);
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        g_printerr("skipped: no /dev/kvm (%s)\n", g_strerror(errno));
        return 77;
    }
    program = argv[0];
    event_init();
    configure_cpu();
    tiny_board_make(CPUS);
    g_test_add_func("/accel/kvm/dirty-log", test_dirty_log);
    g_test_add_func("/accel/kvm/dirty-model", test_dirty_model);
    g_test_add_func("/accel/kvm/dirty-fallback", test_dirty_fallback);
    return g_test_run();
}
