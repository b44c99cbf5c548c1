/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reset: every vCPU goes back to the state that KVM made it with. That of the boot
 * processor is kept; the others' differs from it in what they are told apart by. Then
 * the boot processor takes the entry state of the kernel (PVH: 32-bit flat protected
 * mode; Linux' 64-bit entry: long mode with the loader's page tables), or begins at the
 * reset vector.
 * Application processors wait for INIT and SIPI in the kernel.
 *
 * #syscalls main: ioctl(KVM_SET_SREGS) ioctl(KVM_SET_REGS)
 */
#include <string.h>

#include "accel/cpu-feature.h"
#include "accel/kvm-internal.h"
#include "accel/run-state.h"
#include "event/lock.h"

#define CR0_PE   (1u << 0)
#define CR0_ET   (1u << 4)
#define CR0_PG   (1u << 31)
#define CR4_PAE  (1u << 5)
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10)

#define RESET_CS      0xf000
#define RESET_CS_BASE 0xffff0000u
#define RESET_IP      0xfff0

#define SELECTOR_CODE 0x10
#define SELECTOR_DATA 0x18
#define SELECTOR_TSS  0x20

#define TYPE_CODE 0xb /* execute, read, accessed */
#define TYPE_DATA 0x3 /* read, write, accessed */
#define TYPE_TSS  0xb /* busy: entry to the guest requires it */

static struct kvm_segment flat(guint16 selector, guint8 type, gboolean long_mode)
{
    gboolean code = type == TYPE_CODE;
    return (struct kvm_segment){
        .limit = 0xffffffff,
        .selector = selector,
        .type = type,
        .present = 1,
        .db = !(long_mode && code),
        .s = 1,
        .l = long_mode && code,
        .g = 1,
    };
}

static void boot_sregs(struct kvm_sregs *s, const BootState *boot)
{
    struct kvm_segment data = flat(SELECTOR_DATA, TYPE_DATA, boot->long_mode);
    s->cs = flat(SELECTOR_CODE, TYPE_CODE, boot->long_mode);
    s->ds = s->es = s->fs = s->gs = s->ss = data;
    s->tr = (struct kvm_segment){
        .limit = 0x67, .selector = SELECTOR_TSS, .type = TYPE_TSS, .present = 1
    };
    s->gdt.base = boot->gdt_base;
    s->gdt.limit = boot->gdt_limit;
    s->idt.base = 0;
    s->idt.limit = 0;
    s->cr0 = CR0_PE | CR0_ET;
    if (boot->long_mode) {
        s->cr0 |= CR0_PG;
        s->cr3 = boot->cr3;
        s->cr4 = CR4_PAE;
        s->efer = EFER_LME | EFER_LMA;
    }
}

#define APIC_ID_REG   0x20
#define APIC_ID_SHIFT 24
#define APIC_BASE_BSP (1u << 8)

static VcpuState *power_on;

gboolean kvm_keep_power_on(Vcpu *cpu, GError **errp)
{
    power_on = g_new(VcpuState, 1);
    return vcpu_save(cpu, power_on, errp);
}

static VcpuState *power_on_state(const Vcpu *cpu)
{
    VcpuState *state = g_memdup2(power_on, sizeof(*power_on));
    if (cpu->index != 0) {
        guint32 id = cpu->apic_id << APIC_ID_SHIFT;
        memcpy(&state->lapic.regs[APIC_ID_REG], &id, sizeof(id));
        state->sregs.apic_base &= ~(guint64)APIC_BASE_BSP;
        state->mp_state.mp_state = KVM_MP_STATE_UNINITIALIZED;
    }
    return state;
}

static gboolean enter_boot(Vcpu *cpu, const BootState *boot)
{
    struct kvm_sregs sregs = power_on->sregs;
    struct kvm_regs regs = {
        .rip = boot->entry,
        .rsp = boot->stack,
        .rsi = boot->rsi,
        .rbx = boot->rbx,
        .rflags = 2,
    };
    boot_sregs(&sregs, boot);
    return kvm_vcpu_ioctl(cpu, KVM_SET_SREGS, &sregs) == 0 &&
           kvm_vcpu_ioctl(cpu, KVM_SET_REGS, &regs) == 0;
}

/*
 * Intel's manual, volume 3, table 9-1: real mode, and the code segment's base is where
 * the firmware is, below 4 GiB. EDX has the processor's signature.
 */
static gboolean enter_reset_vector(Vcpu *cpu)
{
    struct kvm_sregs sregs = power_on->sregs;
    struct kvm_regs regs = { .rip = RESET_IP,
                             .rdx = cpu_get_cpuid(1, 0, CPUID_EAX),
                             .rflags = 2 };
    sregs.cs.selector = RESET_CS;
    sregs.cs.base = RESET_CS_BASE;
    return kvm_vcpu_ioctl(cpu, KVM_SET_SREGS, &sregs) == 0 &&
           kvm_vcpu_ioctl(cpu, KVM_SET_REGS, &regs) == 0;
}

static gboolean reset_vcpu(Vcpu *cpu, GError **errp)
{
    g_assert(cpu->stopped);
    if (cpu->fresh) {
        cpu->fresh = FALSE;
        return TRUE;
    }
    g_autofree VcpuState *state = power_on_state(cpu);
    return vcpu_load_reset(cpu, state, errp);
}

void kvm_reset_vcpus(const BootState *boot)
{
    g_assert(machine_lock_held());
    for (guint i = 0; i < kvm.vcpus->len; i++) {
        g_autoptr(GError) error = NULL;
        if (!reset_vcpu(g_ptr_array_index(kvm.vcpus, i), &error)) {
            vm_request_internal_error(error->message);
            return;
        }
    }
    Vcpu *first = kvm.vcpus->len ? g_ptr_array_index(kvm.vcpus, 0) : NULL;
    if (first && boot->reset_vector && !enter_reset_vector(first)) {
        vm_request_internal_error("KVM refuses the entry state of the firmware");
    } else if (first && boot->valid && !enter_boot(first, boot)) {
        vm_request_internal_error("KVM refuses the entry state of the kernel");
    }
}
