/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPUs as the rest of the emulator sees them.
 */
#ifndef VIREO_ACCEL_VCPU_H
#define VIREO_ACCEL_VCPU_H

#include "accel/accel.h"
#include "util/state.h"

/* By index; NULL where the accelerator has none (qtest). */
Vcpu *vcpu_get(unsigned index);
int vcpu_tid(const Vcpu *cpu);
/*
 * The rows of a vCPU's migration state; opaque is the Vcpu. pre_save reads it from
 * KVM, post_load writes it there. Under the machine lock, all vCPUs stopped.
 */
const StateDesc *vcpu_state_desc(void);

#endif
