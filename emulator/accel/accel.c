/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The choice of the accelerator, and the board's interrupt controllers as it sees them.
 */
#include "accel/accel.h"

#include "accel/run-state.h"
#include "event/lock.h"
#include "memory/ram.h"
#include "util/error.h"

static const Accel *const accels[] = { &accel_kvm, &accel_qtest };
static const Accel *chosen;

static struct {
    unsigned pins;
    void (*eoi)(void *opaque, guint8 vector);
    void *opaque;
} ioapic;

static struct {
    int (*acknowledge)(void *opaque);
    void *opaque;
} pic;

static void on_hole(void)
{
    vm_request_internal_error("the host cannot provide a page of guest memory (SIGBUS)");
}

gboolean accel_init(ConfigNode *node, GError **errp)
{
    const char *name;
    if (!config_get_string(node, "accel", "kvm", &name, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(accels); i++) {
        if (g_str_equal(accels[i]->name, name)) {
            if (!accels[i]->init(node, errp)) {
                return FALSE;
            }
            chosen = accels[i];
            ram_set_hole_handler(on_hole);
            return TRUE;
        }
    }
    return error_set(errp, "-accel %s: invalid accelerator (kvm, qtest)", name);
}

const Accel *accel_get(void)
{
    return chosen;
}

void accel_set(const Accel *accel)
{
    chosen = accel;
}

void accel_when_vcpus_rest(void (*done)(void *opaque), void *opaque)
{
    if (chosen->when_vcpus_rest) {
        chosen->when_vcpus_rest(done, opaque);
    } else {
        done(opaque);
    }
}

void accel_set_ioapic(unsigned pins, void (*eoi)(void *opaque, guint8 vector),
                      void *opaque)
{
    ioapic.pins = pins;
    ioapic.eoi = eoi;
    ioapic.opaque = opaque;
}

unsigned accel_ioapic_pins(void)
{
    return ioapic.pins;
}

void accel_ioapic_eoi(guint8 vector)
{
    g_assert(machine_lock_held());
    if (ioapic.eoi) {
        ioapic.eoi(ioapic.opaque, vector);
    }
}

void accel_set_pic(int (*acknowledge)(void *opaque), void *opaque)
{
    pic.acknowledge = acknowledge;
    pic.opaque = opaque;
}

int accel_pic_acknowledge(void)
{
    g_assert(machine_lock_held());
    return pic.acknowledge ? pic.acknowledge(pic.opaque) : -1;
}

void accel_pic_output(gboolean level)
{
    g_assert(machine_lock_held());
    if (chosen->pic_output) {
        chosen->pic_output(level);
    }
}

gboolean accel_inject_nmi(GError **errp)
{
    g_assert(machine_lock_held());
    if (!chosen->inject_nmi) {
        return error_set(errp, "The accelerator '%s' has no CPU that could take an NMI",
                         chosen->name);
    }
    return chosen->inject_nmi(errp);
}

unsigned accel_phys_bits(void)
{
    const Accel *accel = accel_get();
    return accel->phys_bits ? accel->phys_bits() : ACCEL_PHYS_BITS;
}
