/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a vCPU between KVM and the migration stream. The rows below are the
 * format; each row is a member of one of KVM's structures, so that what KVM refuses
 * is refused by name of its ioctl.
 *
 * #syscalls main: ioctl(KVM_GET_DEBUGREGS) ioctl(KVM_GET_LAPIC)
 *     ioctl(KVM_GET_MP_STATE) ioctl(KVM_GET_REGS) ioctl(KVM_GET_SREGS)
 *     ioctl(KVM_GET_TSC_KHZ) ioctl(KVM_GET_VCPU_EVENTS) ioctl(KVM_GET_XCRS)
 *     ioctl(KVM_GET_XSAVE2)
 * #syscalls main: ioctl(KVM_GET_XSAVE) -- rare: Linux before 5.17
 * #syscalls main: ioctl(KVM_SET_DEBUGREGS) ioctl(KVM_SET_LAPIC) ioctl(KVM_SET_MP_STATE)
 *     ioctl(KVM_SET_REGS) ioctl(KVM_SET_SREGS) ioctl(KVM_SET_VCPU_EVENTS)
 *     ioctl(KVM_SET_XCRS) ioctl(KVM_SET_XSAVE)
 * #syscalls main: ioctl(KVM_SET_TSC_KHZ) -- rare: between hosts of different clocks
 */
#include <errno.h>
#include <string.h>

#include "accel/kvm-internal.h"
#include "event/lock.h"
#include "util/error.h"
#include "util/log.h"

#define CR0_PE 1u

static gboolean call(Vcpu *cpu, unsigned long request, const void *arg, const char *name,
                     GError **errp)
{
    if (kvm_vcpu_ioctl(cpu, request, (void *)arg) < 0) {
        return error_set_errno(errp, errno, "vCPU %u: %s", cpu->index, name);
    }
    return TRUE;
}

#define CALL(request, arg) call(cpu, request, arg, #request, errp)

static gboolean save_xsave(Vcpu *cpu, VcpuState *s, GError **errp)
{
    guint32 size = MAX((guint32)kvm.caps.xsave2, sizeof(struct kvm_xsave));
    if (size > sizeof(s->xsave)) {
        return error_set(errp, "vCPU %u: extended state of %u bytes is not supported",
                         cpu->index, size);
    }
    s->xsave_size = size;
    return kvm.caps.xsave2 ? CALL(KVM_GET_XSAVE2, s->xsave)
                           : CALL(KVM_GET_XSAVE, s->xsave);
}

guint32 vcpu_tsc_khz(const Vcpu *cpu)
{
    int khz = kvm_vcpu_ioctl(cpu, KVM_GET_TSC_KHZ, NULL);

    return (guint32)MAX(khz, 0);
}

gboolean vcpu_save(Vcpu *cpu, VcpuState *s, GError **errp)
{
    /* mp_state first: KVM carries out a pending INIT or SIPI when asked for it. */
    if (!CALL(KVM_GET_MP_STATE, &s->mp_state) || !CALL(KVM_GET_REGS, &s->regs) ||
        !CALL(KVM_GET_SREGS, &s->sregs) || !save_xsave(cpu, s, errp) ||
        !CALL(KVM_GET_XCRS, &s->xcrs) || !CALL(KVM_GET_DEBUGREGS, &s->debugregs) ||
        !CALL(KVM_GET_LAPIC, &s->lapic) || !CALL(KVM_GET_VCPU_EVENTS, &s->events) ||
        !vcpu_msrs_save(cpu, s, errp)) {
        return FALSE;
    }
    s->tsc_khz = vcpu_tsc_khz(cpu);
    return TRUE;
}

static gboolean load(Vcpu *cpu, const VcpuState *s, gboolean reset, GError **errp)
{
    /* The APIC's base before the APIC, the APIC before the MSRs (TSC deadline). */
    if (!CALL(KVM_SET_MP_STATE, &s->mp_state) || !CALL(KVM_SET_REGS, &s->regs) ||
        !CALL(KVM_SET_SREGS, &s->sregs) || !CALL(KVM_SET_XCRS, &s->xcrs) ||
        !CALL(KVM_SET_XSAVE, s->xsave) || !CALL(KVM_SET_DEBUGREGS, &s->debugregs) ||
        !CALL(KVM_SET_LAPIC, &s->lapic)) {
        return FALSE;
    }
    vcpu_msrs_load(cpu, s, reset);
    return CALL(KVM_SET_VCPU_EVENTS, &s->events);
}

/*
 * An INIT that another vCPU has sent in the last moment is carried out by KVM when the
 * state is asked for, not after the reset.
 *
 * After a triple fault KVM on AMD has emptied the VMCB, the root of the nested page
 * table with it, and puts that back only when it sees CR0, CR4 or EFER change. Where
 * the vCPU had no paging on (Linux reboots by the real mode), nothing does: what waits
 * for INIT and SIPI would then take each access for a page fault for ever. So CR0
 * changes twice.
 */
static gboolean prepare_reset(Vcpu *cpu, const VcpuState *state, GError **errp)
{
    struct kvm_mp_state now;
    struct kvm_sregs other = state->sregs;

    other.cr0 ^= CR0_PE;
    return CALL(KVM_GET_MP_STATE, &now) && CALL(KVM_SET_SREGS, &other);
}

gboolean vcpu_load_reset(Vcpu *cpu, const VcpuState *state, GError **errp)
{
    return prepare_reset(cpu, state, errp) && load(cpu, state, TRUE, errp);
}

gboolean vcpu_load(Vcpu *cpu, const VcpuState *state, GError **errp)
{
    guint32 khz = vcpu_tsc_khz(cpu);
    if (state->tsc_khz && khz != state->tsc_khz &&
        (!kvm.caps.tsc_control ||
         kvm_vcpu_ioctl(cpu, KVM_SET_TSC_KHZ, GUINT_TO_POINTER(state->tsc_khz)) < 0)) {
        log_warn("vCPU %u: the time stamp counter ran at %u kHz and runs at %u kHz here",
                 cpu->index, state->tsc_khz, khz);
    }
    return load(cpu, state, FALSE, errp);
}

/* The stream */

VcpuState *vcpu_state_new(unsigned index)
{
    Vcpu *cpu = vcpu_get(index);
    if (!cpu) {
        return NULL;
    }
    VcpuState *state = g_new0(VcpuState, 1);
    state->cpu = cpu;
    return state;
}

static gboolean pre_save(void *opaque, GError **errp)
{
    VcpuState *state = opaque;
    g_assert(machine_lock_held());
    g_assert(state->cpu->stopped);
    state->clock = kvm.clock;
    return vcpu_save(state->cpu, state, errp);
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    VcpuState *state = opaque;
    g_assert(machine_lock_held());
    g_assert(state->cpu->stopped);
    if (state->xsave_size < sizeof(struct kvm_xsave)) {
        return error_set(errp, "vCPU %u: the extended state has only %u bytes",
                         state->cpu->index, state->xsave_size);
    }
    kvm.clock = state->clock;
    kvm.clock_valid = TRUE;
    state->cpu->fresh = FALSE;
    return vcpu_load(state->cpu, state, errp);
}

static const StateField segment_fields[] = {
    STATE_FIELD("base", STATE_U64, struct kvm_segment, base),
    STATE_FIELD("limit", STATE_U32, struct kvm_segment, limit),
    STATE_FIELD("selector", STATE_U16, struct kvm_segment, selector),
    STATE_FIELD("type", STATE_U8, struct kvm_segment, type),
    STATE_FIELD("present", STATE_U8, struct kvm_segment, present),
    STATE_FIELD("dpl", STATE_U8, struct kvm_segment, dpl),
    STATE_FIELD("db", STATE_U8, struct kvm_segment, db),
    STATE_FIELD("s", STATE_U8, struct kvm_segment, s),
    STATE_FIELD("l", STATE_U8, struct kvm_segment, l),
    STATE_FIELD("g", STATE_U8, struct kvm_segment, g),
    STATE_FIELD("avl", STATE_U8, struct kvm_segment, avl),
    STATE_FIELD("unusable", STATE_U8, struct kvm_segment, unusable),
    { 0 },
};
static const StateDesc segment_desc = { .name = "segment",
                                        .version = 1,
                                        .fields = segment_fields };

static const StateField msr_fields[] = {
    STATE_FIELD("index", STATE_U32, VcpuMsr, index),
    STATE_FIELD("value", STATE_U64, VcpuMsr, value),
    { 0 },
};
static const StateDesc msr_desc = { .name = "msr", .version = 1, .fields = msr_fields };

static const StateField xcr_fields[] = {
    STATE_FIELD("xcr", STATE_U32, struct kvm_xcr, xcr),
    STATE_FIELD("value", STATE_U64, struct kvm_xcr, value),
    { 0 },
};
static const StateDesc xcr_desc = { .name = "xcr", .version = 1, .fields = xcr_fields };

static const StateField vcpu_fields[] = {
    /* rax rbx rcx rdx rsi rdi rsp rbp r8-r15 rip rflags */
    STATE_ARRAY("gpr", STATE_U64, VcpuState, regs,
                sizeof(struct kvm_regs) / sizeof(guint64)),
    STATE_FIELD("cs", STATE_STRUCT, VcpuState, sregs.cs, .nested = &segment_desc),
    STATE_FIELD("ds", STATE_STRUCT, VcpuState, sregs.ds, .nested = &segment_desc),
    STATE_FIELD("es", STATE_STRUCT, VcpuState, sregs.es, .nested = &segment_desc),
    STATE_FIELD("fs", STATE_STRUCT, VcpuState, sregs.fs, .nested = &segment_desc),
    STATE_FIELD("gs", STATE_STRUCT, VcpuState, sregs.gs, .nested = &segment_desc),
    STATE_FIELD("ss", STATE_STRUCT, VcpuState, sregs.ss, .nested = &segment_desc),
    STATE_FIELD("tr", STATE_STRUCT, VcpuState, sregs.tr, .nested = &segment_desc),
    STATE_FIELD("ldt", STATE_STRUCT, VcpuState, sregs.ldt, .nested = &segment_desc),
    STATE_FIELD("gdt-base", STATE_U64, VcpuState, sregs.gdt.base),
    STATE_FIELD("gdt-limit", STATE_U16, VcpuState, sregs.gdt.limit),
    STATE_FIELD("idt-base", STATE_U64, VcpuState, sregs.idt.base),
    STATE_FIELD("idt-limit", STATE_U16, VcpuState, sregs.idt.limit),
    STATE_FIELD("cr0", STATE_U64, VcpuState, sregs.cr0),
    STATE_FIELD("cr2", STATE_U64, VcpuState, sregs.cr2),
    STATE_FIELD("cr3", STATE_U64, VcpuState, sregs.cr3),
    STATE_FIELD("cr4", STATE_U64, VcpuState, sregs.cr4),
    STATE_FIELD("cr8", STATE_U64, VcpuState, sregs.cr8),
    STATE_FIELD("efer", STATE_U64, VcpuState, sregs.efer),
    STATE_FIELD("apic-base", STATE_U64, VcpuState, sregs.apic_base),
    STATE_ARRAY("interrupt-bitmap", STATE_U64, VcpuState, sregs.interrupt_bitmap, 4),
    STATE_FIELD("mp-state", STATE_U32, VcpuState, mp_state.mp_state),
    STATE_ARRAY("debug-db", STATE_U64, VcpuState, debugregs.db, 4),
    STATE_FIELD("debug-dr6", STATE_U64, VcpuState, debugregs.dr6),
    STATE_FIELD("debug-dr7", STATE_U64, VcpuState, debugregs.dr7),
    /* Packed flags and pending events, as KVM's ABI lays them out. */
    STATE_ARRAY("events", STATE_BYTES, VcpuState, events, sizeof(struct kvm_vcpu_events)),
    STATE_COUNTED("xcrs", STATE_STRUCT, VcpuState, xcrs.xcrs, KVM_MAX_XCRS, xcrs.nr_xcrs,
                  .nested = &xcr_desc, .stride = sizeof(struct kvm_xcr)),
    STATE_ARRAY("lapic", STATE_BYTES, VcpuState, lapic, sizeof(struct kvm_lapic_state)),
    STATE_COUNTED("xsave", STATE_BYTES, VcpuState, xsave, VCPU_XSAVE_MAX, xsave_size),
    STATE_COUNTED("msrs", STATE_STRUCT, VcpuState, msrs, VCPU_MSRS_MAX, n_msrs,
                  .nested = &msr_desc, .stride = sizeof(VcpuMsr)),
    STATE_FIELD("tsc-khz", STATE_U32, VcpuState, tsc_khz),
    STATE_FIELD("kvmclock", STATE_U64, VcpuState, clock),
    { 0 },
};

static const StateDesc vcpu_desc = {
    .name = "vcpu",
    .version = 1,
    .fields = vcpu_fields,
    .pre_save = pre_save,
    .post_load = post_load,
};

const StateDesc *vcpu_state_desc(void)
{
    return &vcpu_desc;
}
