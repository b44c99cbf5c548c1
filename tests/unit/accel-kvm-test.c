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
#include "memory/address-map.h"
#include "memory/guest.h"
#include "tests/unit/tiny-board.h"

#define REGS 0xd0000000u
#define CPUS 3

#define EXTRA_ADDR 0x10000000u
#define EXTRA_SIZE (1u << 20)

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
    g_assert_false(configure_cpu("model", "EPYC-0", 1, &error));
    g_assert_nonnull(strstr(error->message, "EPYC-0"));
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
    g_test_add_func("/accel/kvm/state", test_state);
    g_test_add_func("/accel/kvm/state-unreadable", test_state_unreadable);
    g_test_add_func("/accel/kvm/slots", test_slots);
    g_test_add_func("/accel/kvm/cut-slot", test_cut_slot);
    g_test_add_func("/accel/kvm/stop-and-go", test_stop_and_go);
    g_test_add_func("/accel/kvm/internal-error", test_internal_error);
    return g_test_run();
}
