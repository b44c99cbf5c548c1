/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8259 and NMIs with a tiny guest on the real /dev/kvm: by LINT0 and LINT1 of its
 * local APIC, while the VM is stopped, saved, reset, loaded and started at any moment.
 * Skipped where /dev/kvm is missing.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "accel/vcpu.h"
#include "event/loop.h"
#include "hw/i8259.h"
#include "tests/unit/tiny-board.h"

#define CPUS 2

static Device *pic;
static IrqSource sources[I8259_PINS];

static void pulse(unsigned pin)
{
    irq_source_set(&sources[pin], 1);
    irq_source_set(&sources[pin], 0);
}

static void post_pulse(void *pin)
{
    pulse(GPOINTER_TO_UINT(pin));
}

static void post_nmi(void *unused)
{
    g_assert_true(accel_inject_nmi(NULL));
}

/* See tests/tiny/extint.c. */
static void port_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    switch (offset) {
    case 0:
        pulse((unsigned)value);
        break;
    case 1:
        event_loop_post(event_loop_main(), post_pulse, GUINT_TO_POINTER((guint)value));
        break;
    case 2:
        g_assert_true(accel_inject_nmi(NULL));
        break;
    case 3:
        event_loop_post(event_loop_main(), post_nmi, NULL);
        break;
    }
}

static const RegionOps port_ops = { NULL, port_write, 1, 1, TRUE };

static GByteArray *save(const StateDesc *desc, void *opaque)
{
    g_autoptr(GError) error = NULL;
    GByteArray *bytes = g_byte_array_new();
    g_assert_true(state_save(bytes, desc, opaque, &error));
    return bytes;
}

static void load(const GByteArray *bytes, const StateDesc *desc, void *opaque)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(state_load(bytes->data, bytes->len, desc, opaque, &error));
}

static void forget(gpointer bytes)
{
    g_byte_array_unref(bytes);
}

/* All that the vCPUs and the 8259 are goes into a stream, is wiped, and comes back. */
static void move(void)
{
    g_autoptr(GByteArray) saved_pic = save(i8259_class.state, pic);
    g_autoptr(GPtrArray) saved = g_ptr_array_new_full(CPUS, forget);
    for (unsigned i = 0; i < CPUS; i++) {
        g_autofree VcpuState *state = vcpu_state_new(i);
        g_ptr_array_add(saved, save(vcpu_state_desc(), state));
    }
    i8259_class.reset(pic);
    accel_get()->reset_vcpus(&boot);
    for (unsigned i = 0; i < CPUS; i++) {
        g_autofree VcpuState *state = vcpu_state_new(i);
        load(g_ptr_array_index(saved, i), vcpu_state_desc(), state);
    }
    load(saved_pic, i8259_class.state, pic);
}

static void test_extint(void)
{
    const char *end = "extint 400\n";
    guint moves = 0;
    boot_guest("extint", "count=400");
    vm_start();
    while (!strstr(output->str, end)) {
        event_loop_iterate(event_loop_main(), TRUE);
        if (g_test_rand_bit()) {
            vm_stop(RUN_STATE_PAUSED);
            if (g_test_rand_bit()) {
                move();
                moves++;
            }
            vm_start();
        }
    }
    vm_stop(RUN_STATE_PAUSED);
    g_assert_cmpstr(output->str, ==, "tiny: extint 400\n");
    g_assert_cmpuint(moves, >, 30);
}

static void test_nmi(void)
{
    run_guest("extint", "nmi=1", "nmi\n");
    g_assert_cmpstr(output->str, ==, "tiny: waits\ntiny: nmi\n");
    run_guest("extint", "nmi=2", "nmi\n");
    run_guest("extint", "nmi=3", "waits\n");
    g_assert_true(accel_inject_nmi(NULL)); /* stopped, and then moved */
    move();
    vm_start();
    until_output("nmi\n");
    vm_stop(RUN_STATE_PAUSED);
}

/* A guest that is reset takes nothing of what was before. */
static void test_reset(void)
{
    pulse(3);
    i8259_class.reset(pic);
    run_guest("extint", "count=1", "tiny: extint 1\n");
    g_assert_cmpstr(output->str, ==, "tiny: extint 1\n");
}

static void make_board(void)
{
    g_autoptr(GError) error = NULL;
    tiny_board_make(CPUS);
    pic = device_new(&i8259_class);
    device_set_name(pic, "i8259");
    device_realize(pic, NULL, &error);
    g_assert_no_error(error);
    for (unsigned pin = 0; pin < I8259_PINS; pin++) {
        if (pin != I8259_CASCADE) {
            irq_source_connect(&sources[pin], i8259_pin(pic, pin));
        }
    }
    map(address_map_io(), region_new_io("port", 4, &port_ops, NULL), 0xe0);
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
    event_init();
    configure_cpu();
    make_board();
    g_test_add_func("/i8259/kvm/extint", test_extint);
    g_test_add_func("/i8259/kvm/nmi", test_nmi);
    g_test_add_func("/i8259/kvm/reset", test_reset);
    return g_test_run();
}
