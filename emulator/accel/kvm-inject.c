/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two wires into the local APICs that are not messages: LINT0, where the 8259's
 * output comes in (ExtINT, boot processor only), and LINT1 (NMI).
 *
 * ExtINT. The output is a flag that the boot processor's thread looks at before each
 * KVM_RUN. While it is up KVM is asked to say when the window for interrupts opens:
 * interrupts on, LINT0 set to ExtINT and not masked, nothing half delivered. Then the
 * vector is acknowledged, and given to KVM as an event that has been taken already, with
 * KVM_SET_VCPU_EVENTS. Not with KVM_INTERRUPT: what that is given waits in the kernel
 * where nothing can read it or take it back, so that a vCPU that is stopped just then
 * loses it in a migration, and has it still after a reset. KVM expects of who injects
 * this way that the guest is between two instructions: so never right after an exit for
 * an access, which KVM completes in the next KVM_RUN. (A nested guest would take what is
 * its hypervisor's; nested virtualization is not offered.)
 *
 * NMI. It is the vCPU's thread that looks at LINT1 and asks for it; where the vCPU rests,
 * whoever raises LINT1 does.
 *
 * #syscalls vcpu: ioctl(KVM_GET_VCPU_EVENTS) ioctl(KVM_SET_VCPU_EVENTS)
 *     ioctl(KVM_GET_MP_STATE)
 * #syscalls vcpu: ioctl(KVM_SET_MP_STATE)
 *     -- rare: a halted guest that takes its interrupts from the 8259
 * #syscalls main,vcpu: ioctl(KVM_NMI) ioctl(KVM_GET_LAPIC) ioctl(KVM_GET_SREGS)
 *     -- rare: an operator's NMI
 */
#include <errno.h>
#include <string.h>

#include "accel/kvm-internal.h"
#include "event/lock.h"
#include "util/error.h"
#include "util/log.h"

#define APIC_BASE_ENABLE (1u << 11)
#define APIC_LVT_LINT1   0x360
#define LVT_MASKED       (1u << 16)
#define LVT_MODE(lvt)    ((lvt) >> 8 & 7)
#define LVT_MODE_NMI     4

#define LOAD(field)         __atomic_load_n(&(field), __ATOMIC_SEQ_CST)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_SEQ_CST)

static gint pic_level; /* atomic */

/* ExtINT */

void kvm_pic_output(gboolean level)
{
    g_assert(machine_lock_held());
    STORE(pic_level, level);
    if (level && kvm.vcpus->len) {
        kvm_kick_vcpu(g_ptr_array_index(kvm.vcpus, 0));
    }
}

/* KVM says that it could; is there really nothing that the next entry is to deliver? */
static gboolean takes_interrupt(const Vcpu *cpu, struct kvm_vcpu_events *events)
{
    return cpu->run->ready_for_interrupt_injection &&
           kvm_vcpu_ioctl(cpu, KVM_GET_VCPU_EVENTS, events) == 0 &&
           !events->exception.injected && !events->exception.pending &&
           !events->nmi.injected && !events->interrupt.injected;
}

/* HLT ends with it. */
static gboolean wake(const Vcpu *cpu)
{
    struct kvm_mp_state state;
    if (kvm_vcpu_ioctl(cpu, KVM_GET_MP_STATE, &state) < 0) {
        return FALSE;
    }
    if (state.mp_state != KVM_MP_STATE_HALTED) {
        return TRUE;
    }
    state.mp_state = KVM_MP_STATE_RUNNABLE;
    return kvm_vcpu_ioctl(cpu, KVM_SET_MP_STATE, &state) == 0;
}

static void inject_vector(const Vcpu *cpu, struct kvm_vcpu_events *events, guint8 vector)
{
    events->flags = 0; /* an NMI that has come meanwhile stays, and so does the shadow */
    events->interrupt.injected = 1;
    events->interrupt.nr = vector;
    events->interrupt.soft = 0;
    if (kvm_vcpu_ioctl(cpu, KVM_SET_VCPU_EVENTS, events) < 0 || !wake(cpu)) {
        log_once("KVM does not take an interrupt of the 8259: %s", error_text(errno));
    }
}

static void take_extint(Vcpu *cpu)
{
    struct kvm_vcpu_events events;
    if (!takes_interrupt(cpu, &events)) {
        return;
    }
    machine_lock();
    int vector = LOAD(pic_level) ? accel_pic_acknowledge() : -1;
    machine_unlock();
    if (vector >= 0) {
        inject_vector(cpu, &events, (guint8)vector);
    }
}

/* NMI */

static gboolean lint1_is_nmi(const Vcpu *cpu)
{
    struct kvm_sregs sregs;
    struct kvm_lapic_state lapic;
    guint32 lvt;
    if (kvm_vcpu_ioctl(cpu, KVM_GET_SREGS, &sregs) < 0 ||
        kvm_vcpu_ioctl(cpu, KVM_GET_LAPIC, &lapic) < 0) {
        return FALSE;
    }
    memcpy(&lvt, &lapic.regs[APIC_LVT_LINT1], sizeof(lvt));
    /* Switched off, the APIC leaves LINT1 to the processor: its NMI pin. */
    return !(sregs.apic_base & APIC_BASE_ENABLE) ||
           (!(lvt & LVT_MASKED) && LVT_MODE(lvt) == LVT_MODE_NMI);
}

static void raise_lint1(Vcpu *cpu)
{
    STORE(cpu->nmi, 0);
    if (lint1_is_nmi(cpu) && kvm_vcpu_ioctl(cpu, KVM_NMI, NULL) < 0) {
        log_once("KVM does not take an NMI: %s", error_text(errno));
    }
}

gboolean kvm_inject_nmi(GError **errp)
{
    g_assert(machine_lock_held());
    for (guint i = 0; i < kvm.vcpus->len; i++) {
        Vcpu *cpu = g_ptr_array_index(kvm.vcpus, i);
        if (cpu->stopped) {
            raise_lint1(cpu);
        } else {
            STORE(cpu->nmi, 1);
            kvm_kick_vcpu(cpu);
        }
    }
    return TRUE;
}

/* The vCPU's thread */

/*
 * A vCPU that was stopped in HLT blocks in KVM, which looks at the window only when
 * something else has woken it.
 */
void vcpu_inject_first(Vcpu *cpu)
{
    if (cpu->index == 0 && LOAD(pic_level)) {
        STORE(cpu->run->immediate_exit, 1);
    }
}

void vcpu_inject_last(Vcpu *cpu)
{
    g_assert(machine_lock_held());
    if (LOAD(cpu->nmi)) {
        raise_lint1(cpu);
    }
}

void vcpu_inject(Vcpu *cpu, gboolean between)
{
    if (G_UNLIKELY(LOAD(cpu->nmi))) {
        raise_lint1(cpu);
    }
    if (cpu->index != 0) {
        return;
    }
    if (LOAD(pic_level) && between) {
        take_extint(cpu);
    }
    cpu->run->request_interrupt_window = LOAD(pic_level) != 0;
}
