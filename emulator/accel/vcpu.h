/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPUs as the rest of the emulator sees them.
 */
#ifndef VIREO_ACCEL_VCPU_H
#define VIREO_ACCEL_VCPU_H

#include "accel/accel.h"
#include "util/state.h"

/*
 * -cpu and -smp (cpus, sockets, dies, clusters, cores, threads; complete): checks
 * and keeps them. Before the first vCPU; the accelerator is ready.
 */
gboolean cpu_configure(ConfigNode *cpu, ConfigNode *smp, GError **errp);
/* Place in the topology as an APIC ID: threads of a core are next to each other. */
guint32 cpu_apic_id(unsigned index);

/* By index; NULL where the accelerator has none (qtest). */
Vcpu *vcpu_get(unsigned index);
int vcpu_tid(const Vcpu *cpu); /* after finish_vcpus() */
/* The rate of its TSC, after finish_vcpus(); 0: the accelerator does not know. */
guint32 vcpu_tsc_khz(const Vcpu *cpu);
/*
 * The rows of a vCPU's migration state; opaque is what vcpu_state_new() made (NULL
 * where the accelerator has no vCPUs), to be freed by g_free(). pre_save reads it from
 * KVM, post_load writes it there. Under the machine lock, all vCPUs stopped.
 */
typedef struct VcpuState VcpuState;
VcpuState *vcpu_state_new(unsigned index);
const StateDesc *vcpu_state_desc(void);

#endif
