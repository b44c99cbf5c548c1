/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID: what the guest sees. */
#ifndef VIREO_ACCEL_CPU_FEATURE_H
#define VIREO_ACCEL_CPU_FEATURE_H

#include <glib.h>

#include "capabilities/cpu.h"

typedef struct CpuidEntry {
    guint32 function, index; /* leaf; subleaf, 0 where there is none */
    guint32 regs[4];         /* by CpuidRegister */
} CpuidEntry;

/*
 * What the guest's first CPU answers, as it was set. The accelerator tells, once and
 * before the machine is ready; an entry that there is none of is all zeros.
 */
void cpu_set_cpuid(CpuidEntry *entries, guint n); /* takes them */
guint32 cpu_get_cpuid(guint32 function, guint32 index, CpuidRegister reg);

/* "kvm=off": the guest does not see whose hypervisor this is, nor its features. */
gboolean cpu_kvm_hidden(void);

#endif
