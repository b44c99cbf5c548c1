/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM accelerator with tiny guests: 64 MiB of RAM, three vCPUs, a byte port that
 * is the serial line, and a page of registers. Skipped where /dev/kvm is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/kvm-internal.h"
#include "accel/run-state.h"
#include "event/clock.h"
#include "event/lock.h"
#include "event/loop.h"
#include "event/turn.h"
#include "memory/address-map.h"
#include "memory/guest.h"
#include "tests/unit/tiny-board.h"
#include "util/bitmap.h"

#define REGS 0xd0000000u
#define CPUS 3

static const char *program;
static Region *regs;

/* Devices: 0x80 counts; REGS holds a value. */
static guint8 port_value;
static guint32 reg_value;
static AccessHold *held;
static gboolean hold_next;

static guint64 port_read(void *opaque, guint64 offset, unsigned size)
{
    return (guint64)port_value + 1;
}

static void port_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    port_value = (guint8)value;
    if (hold_next) {
        hold_next = FALSE;
        held = access_hold();
    }
}

static guint64 reg_read(void *opaque, guint64 offset, unsigned size)
{
    return reg_value + 100;
}

static void reg_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    reg_value = (guint32)value;
}

static const RegionOps port_ops = { port_read, port_write, 1, 1, TRUE };
static const RegionOps reg_ops = { reg_read, reg_write, 4, 4, FALSE };

static void test_hello(void)
{
    run_guest("hello", "", "tiny: hello\n");
    g_assert_cmpstr(output->str, ==, "tiny: hello\n");
}

static void test_io(void)
{
    run_guest("io", "port=0x80 count=10 mmio=0xd0000000 string=1", "sum 1100\n");
    /* 1..10 from the port, 100..109 from the register, a word to nowhere. */
    g_assert_cmpstr(output->str, ==, "tiny: sum 1100\n");
    g_assert_cmpint(port_value, ==, 'z');
    g_assert_cmpint(reg_value, ==, 9);
}

static void test_notify(void)
{
    int fd = eventfd(0, EFD_NONBLOCK);
    guint64 n = 0;
    reg_value = 0;
    region_add_eventfd(regs, 8, 4, TRUE, 7, fd);
    run_guest("notify", "mmio=0xd0000008 count=5", "notified\n");
    region_del_eventfd(regs, 8, 4, TRUE, 7, fd);
    g_assert_cmpint(read(fd, &n, 8), ==, 8);
    g_assert_cmpuint(n, ==, 5);
    g_assert_cmpint(reg_value, ==, 0); /* the registers never saw it */
    run_guest("notify", "mmio=0xd0000008 count=5", "notified\n");
    g_assert_cmpint(reg_value, ==, 7);
    close(fd);
}

static void test_smp(void)
{
    run_guest("smp", "cpus=3", "cpus 3\n");
    for (unsigned i = 0; i < CPUS; i++) {
        g_assert_cmpint(vcpu_tid(vcpu_get(i)), >, 0);
    }
}

/* A write that is held: the vCPU does not go on, the VM can be stopped meanwhile. */
static void test_hold(void)
{
    hold_next = TRUE;
    boot_guest("io", "port=0x80 count=10");
    vm_start();
    while (!held) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    vm_stop(RUN_STATE_PAUSED);
    g_assert_cmpint(port_value, ==, 0);
    vm_start();
    for (int i = 0; i < 20; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    g_assert_cmpint(port_value, ==, 0);
    access_release(g_steal_pointer(&held));
    until_output("sum 55\n");
    vm_stop(RUN_STATE_PAUSED);
}

static int resets;

static void on_reset(void *opaque)
{
    resets++;
    boot_guest("hello", "");
    vm_reset_done();
}

static void test_triple_fault(void)
{
    resets = 0;
    vm_set_reset_handler(on_reset, NULL);
    boot_guest("hello", "fault=1");
    vm_start();
    while (!resets) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    until_output("tiny: hello\n");
    vm_stop(RUN_STATE_PAUSED);
    g_assert_cmpint(resets, ==, 1);
}

/* The number in the last whole line "round N" of the output, or 0. */
static guint32 last_round(void)
{
    guint32 n = 0;
    for (const char *p = output->str; (p = strstr(p, "round ")) && strchr(p, '\n');) {
        p += strlen("round ");
        n = (guint32)strtoul(p, NULL, 10);
    }
    return n;
}

static void until_round(void)
{
    while (!last_round()) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

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

/* A saved vCPU goes on where it was, after other things have run on it. */
static void test_state(void)
{
    g_autoptr(GError) error = NULL;
    const StateDesc *desc = vcpu_state_desc();
    run_guest("dirty", "mib=1 hot=2 print=100", "round 100\n");
    guint32 before = last_round();
    g_autoptr(GPtrArray) saved = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < CPUS; i++) {
        VcpuState *state = vcpu_state_new(i);
        g_ptr_array_add(saved, state);
        g_assert_true(desc->pre_save(state, &error));
        g_assert_cmpuint(state->n_msrs, >, 10);
    }
    g_autofree guint8 *image = g_memdup2(ram->host, 32u << 20);

    run_guest("smp", "cpus=3", "cpus 3\n");

    memcpy(ram->host, image, 32u << 20);
    for (unsigned i = 0; i < CPUS; i++) {
        gboolean ok = desc->post_load(g_ptr_array_index(saved, i), 1, &error);
        g_assert_no_error(error);
        g_assert_true(ok);
    }
    g_string_truncate(output, 0);
    vm_start();
    until_round();
    vm_stop(RUN_STATE_PAUSED);
    g_assert_cmpuint(last_round(), >, before); /* it did not begin again */

    VcpuState *first = g_ptr_array_index(saved, 0);
    first->xsave_size = 5;
    g_assert_false(desc->post_load(first, 1, &error));
}

/* A vCPU that KVM does not let be read has no state to be sent. */
static void test_state_unreadable(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree VcpuState *state = vcpu_state_new(0);
    Vcpu *cpu = vcpu_get(0);
    int fd = cpu->fd;

    cpu->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_assert_false(vcpu_state_desc()->pre_save(state, &error));
    g_assert_nonnull(strstr(error->message, "vCPU 0: KVM_GET_"));
    close(cpu->fd);
    cpu->fd = fd;
    g_assert_true(vcpu_state_desc()->pre_save(state, NULL));
}

/* Memory comes and goes while three vCPUs run. */
static void test_slots(void)
{
    RamBlock *extra = ram_block_new("extra", 1 << 20, NULL);
    Region *region = region_new_ram("extra", extra, 0, 1 << 20, FALSE);
    boot_guest("dirty", "mib=1 hot=2 print=100");
    vm_start();
    for (int i = 0; i < 50; i++) {
        map(address_map_memory(), region, 0x10000000);
        event_loop_iterate(event_loop_main(), FALSE);
        unmap(address_map_memory(), region);
    }
    until_output("round 100\n");
    vm_stop(RUN_STATE_PAUSED);
    region_free(region);
    ram_block_unref(extra);
}

/* A device over RAM cuts a slot in two; the rest of its page is reached by exits. */
static void test_cut_slot(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RamBlock) extra = ram_block_new("extra", EXTRA_SIZE, NULL);
    AddressMap *memory = address_map_memory();
    Region *dimm = region_new_ram("dimm", extra, 0, EXTRA_SIZE, FALSE);
    Region *bar = region_new_io("bar", 16, &reg_ops, NULL);
    guint room = address_map_room(memory);
    guint32 value = 0;

    map(memory, dimm, EXTRA_ADDR);
    g_assert_cmpuint(address_map_room(memory), ==, room - 1);
    address_map_begin();
    region_add_over(address_map_root(memory), bar, EXTRA_ADDR + 0x10010, 1);
    g_assert_true(address_map_commit(&error));
    g_assert_cmpuint(address_map_room(memory), ==, room - 2);
    address_map_read(memory, EXTRA_ADDR + 0x10010, &value, 4);
    g_assert_cmpuint(value, ==, (guint32)reg_value + 100);
    address_map_write(memory, EXTRA_ADDR + 0x10020, "x", 1);
    g_assert_cmpint(extra->host[0x10020], ==, 'x');

    unmap(memory, bar);
    g_assert_cmpuint(address_map_room(memory), ==, room - 1);
    unmap(memory, dimm);
    g_assert_cmpuint(address_map_room(memory), ==, room);
    region_free(bar);
    region_free(dimm);
}

static void test_stop_and_go(void)
{
    boot_guest("dirty", "mib=1 hot=2 print=100");
    for (int i = 0; i < 300; i++) {
        vm_start();
        event_loop_iterate(event_loop_main(), FALSE);
        vm_stop(RUN_STATE_PAUSED);
    }
    vm_start();
    until_output("round 100\n");
    vm_stop(RUN_STATE_PAUSED);
}

/* The guest runs into nothing: no exit of the process, but a stopped VM. */
static void test_internal_error(void)
{
    boot_guest("hello", "");
    boot.entry = 0xe0000000; /* instructions from MMIO cannot be emulated */
    accel_get()->reset_vcpus(&boot);
    vm_start();
    while (vm_running()) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_cmpint(run_state_get(), ==, RUN_STATE_INTERNAL_ERROR);
    run_state_set(RUN_STATE_PAUSED);
    test_hello(); /* a reset cures it */
}

static void fails(const char *key, const char *value, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfigNode) node = config_map_new();
    config_map_set(node, "accel", config_string_new("kvm"));
    config_map_set(node, key, config_string_new(value));
    g_assert_false(accel_init(node, &error));
    g_assert_nonnull(strstr(error->message, message));
}

static gboolean configure_cpu(const char *key, const char *value, unsigned cpus,
                              GError **errp)
{
    g_autoptr(ConfigNode) cpu = config_map_new();
    g_autoptr(ConfigNode) smp = config_map_new();
    config_map_set(cpu, key, config_string_new(value));
    config_map_set(smp, "cpus", config_int_new(cpus));
    config_map_set(smp, "cores", config_int_new(cpus));
    return cpu_configure(cpu, smp, errp);
}

static void test_cpu(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(configure_cpu("model", "EPYC", 1, &error));
    g_assert_nonnull(strstr(error->message, "EPYC"));
    g_clear_error(&error);
    g_assert_false(configure_cpu("svm", "on", 1, &error));
    g_assert_nonnull(strstr(error->message, "svm"));
    g_clear_error(&error);
    g_assert_false(configure_cpu("model", "host", 300, &error));
    g_clear_error(&error);
    g_assert_true(configure_cpu("migratable", "on", 6, &error));
    g_assert_cmpuint(cpu_apic_id(5), ==, 5);
    g_assert_true(configure_cpu("model", "host", CPUS, &error));
}

static void make_vm(void)
{
    gint64 start = clock_now(CLOCK_TYPE_REALTIME);
    tiny_board_make(CPUS);
    map(address_map_io(), region_new_io("port", 1, &port_ops, NULL), 0x80);
    regs = map(address_map_memory(), region_new_io("regs", 4096, &reg_ops, NULL), REGS);
    boot_guest("hello", "");
    vm_start();
    until_output("tiny: hello\n");
    g_test_message("VM create to first exit: %" G_GINT64_FORMAT " us",
                   ((gint64)tiny_first_exit - start) / 1000);
    vm_stop(RUN_STATE_PAUSED);
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
    fails("x-without", "SIGNAL_MSI", "SIGNAL_MSI");
    fails("x-without", "FROB", "no such");
    fails("nonsense", "1", "nonsense");
    test_cpu();
    make_vm();
    g_test_add_func("/accel/kvm/hello", test_hello);
    g_test_add_func("/accel/kvm/io", test_io);
    g_test_add_func("/accel/kvm/notify", test_notify);
    g_test_add_func("/accel/kvm/smp", test_smp);
    g_test_add_func("/accel/kvm/hold", test_hold);
    g_test_add_func("/accel/kvm/triple-fault", test_triple_fault);
    g_test_add_func("/accel/kvm/dirty-log", test_dirty_log);
    g_test_add_func("/accel/kvm/dirty-model", test_dirty_model);
    g_test_add_func("/accel/kvm/dirty-fallback", test_dirty_fallback);
    g_test_add_func("/accel/kvm/state", test_state);
    g_test_add_func("/accel/kvm/state-unreadable", test_state_unreadable);
    g_test_add_func("/accel/kvm/slots", test_slots);
    g_test_add_func("/accel/kvm/cut-slot", test_cut_slot);
    g_test_add_func("/accel/kvm/stop-and-go", test_stop_and_go);
    g_test_add_func("/accel/kvm/internal-error", test_internal_error);
    return g_test_run();
}
