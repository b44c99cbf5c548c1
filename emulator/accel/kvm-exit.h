/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exits from the guest; on the vCPU's thread, without the machine lock. */
#ifndef VIREO_ACCEL_KVM_EXIT_H
#define VIREO_ACCEL_KVM_EXIT_H

#include "accel/kvm-internal.h"

void kvm_handle_exit(Vcpu *cpu);
/* KVM_RUN failed: the VM stops with an internal error. */
void kvm_handle_error(Vcpu *cpu, int error);
/* Ends the access that was begun; waits, parked, while it is held. Machine lock. */
void vcpu_finish_access(Vcpu *cpu);

#endif
