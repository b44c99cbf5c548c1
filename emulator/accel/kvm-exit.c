/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vCPU does when it leaves the guest: accesses go to the address maps, the
 * rest changes the run state. Nothing that a guest does ends the process: what is
 * not expected pauses the VM.
 *
 * #syscalls vcpu: ioctl(KVM_GET_REGS)
 */
#include "accel/kvm-exit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "accel/run-state.h"
#include "event/lock.h"
#include "memory/address-map.h"
#include "util/error.h"

static void handle_io(Vcpu *cpu)
{
    struct kvm_run *run = cpu->run;
    guint8 *data = (guint8 *)run + run->io.data_offset;
    unsigned size = run->io.size;
    AddressMap *io = address_map_io();
    machine_lock();
    access_begin();
    for (guint32 i = 0; i < run->io.count; i++, data += size) {
        if (run->io.direction == KVM_EXIT_IO_OUT) {
            address_map_write(io, run->io.port, data, size);
        } else {
            address_map_read(io, run->io.port, data, size);
        }
    }
    vcpu_finish_access(cpu);
    machine_unlock();
}

static void handle_mmio(Vcpu *cpu)
{
    struct kvm_run *run = cpu->run;
    guint32 len = MIN(run->mmio.len, sizeof(run->mmio.data));
    machine_lock();
    access_begin();
    if (run->mmio.is_write) {
        address_map_write(address_map_memory(), run->mmio.phys_addr, run->mmio.data, len);
    } else {
        address_map_read(address_map_memory(), run->mmio.phys_addr, run->mmio.data, len);
    }
    vcpu_finish_access(cpu);
    machine_unlock();
}

static void handle_eoi(Vcpu *cpu)
{
    machine_lock();
    accel_ioapic_eoi(cpu->run->eoi.vector);
    machine_unlock();
}

static void handle_system_event(Vcpu *cpu)
{
    switch (cpu->run->system_event.type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        vm_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN);
        break;
    case KVM_SYSTEM_EVENT_RESET:
        vm_request_reset(SHUTDOWN_GUEST_RESET);
        break;
    case KVM_SYSTEM_EVENT_CRASH:
        vm_request_panic();
        break;
    default:
        break; /* suspend and the like: nothing to do for us */
    }
}

/* Where the guest was, for whoever looks into it. */
static void append_position(GString *text, Vcpu *cpu)
{
    struct kvm_regs regs;
    if (kvm_vcpu_ioctl(cpu, KVM_GET_REGS, &regs) == 0) {
        g_string_append_printf(text, ", vCPU %u at RIP 0x%" PRIx64, cpu->index,
                               (guint64)regs.rip);
    }
}

static void internal_error(Vcpu *cpu, GString *text)
{
    append_position(text, cpu);
    vm_request_internal_error(text->str);
    g_string_free(text, TRUE);
}

static void handle_internal_error(Vcpu *cpu)
{
    const struct kvm_run *run = cpu->run;
    GString *text = g_string_new("KVM internal error");
    g_string_append_printf(text, ", suberror %u", run->internal.suberror);
    if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION) {
        g_string_append(text, " (emulation failure)");
        if (run->internal.ndata >= 3 &&
            (run->emulation_failure.flags &
             KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)) {
            g_string_append(text, ", instruction");
            guint8 n = MIN(run->emulation_failure.insn_size,
                           sizeof(run->emulation_failure.insn_bytes));
            for (guint8 i = 0; i < n; i++) {
                g_string_append_printf(text, " %02x",
                                       run->emulation_failure.insn_bytes[i]);
            }
        }
    }
    internal_error(cpu, text);
}

void kvm_handle_exit(Vcpu *cpu)
{
    const struct kvm_run *run = cpu->run;
    GString *text;
    switch (run->exit_reason) {
    case KVM_EXIT_IO:
        handle_io(cpu);
        break;
    case KVM_EXIT_MMIO:
        handle_mmio(cpu);
        break;
    case KVM_EXIT_IOAPIC_EOI:
        handle_eoi(cpu);
        break;
    case KVM_EXIT_INTR:
    case KVM_EXIT_IRQ_WINDOW_OPEN:
        break;
    case KVM_EXIT_SHUTDOWN: /* a triple fault */
        vm_request_reset(SHUTDOWN_GUEST_RESET);
        break;
    case KVM_EXIT_SYSTEM_EVENT:
        handle_system_event(cpu);
        break;
    case KVM_EXIT_INTERNAL_ERROR:
        handle_internal_error(cpu);
        break;
    case KVM_EXIT_FAIL_ENTRY:
        text = g_string_new(NULL);
        g_string_append_printf(text,
                               "KVM cannot enter the guest, hardware reason 0x%" PRIx64,
                               (guint64)run->fail_entry.hardware_entry_failure_reason);
        internal_error(cpu, text);
        break;
    default:
        text = g_string_new(NULL);
        g_string_append_printf(text, "unexpected KVM exit %u", run->exit_reason);
        internal_error(cpu, text);
        break;
    }
}

void kvm_handle_error(Vcpu *cpu, int error)
{
    GString *text = g_string_new("KVM_RUN: ");
    g_string_append(text, error_text(error));
    if (error == EFAULT) {
        g_string_append(text, " (guest memory that the host cannot provide)");
    }
    internal_error(cpu, text);
}
