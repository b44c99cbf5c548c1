/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID: the feature bits that -cpu can switch, by QEMU's names; what the guest sees. */
#ifndef VIREO_ACCEL_CPU_FEATURE_H
#define VIREO_ACCEL_CPU_FEATURE_H

#include <glib.h>

typedef enum CpuidRegister { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX } CpuidRegister;

typedef struct CpuFeature {
    const char *name;
    guint32 function, index;
    CpuidRegister reg;
    unsigned bit;
} CpuFeature;

/* Those that the command line named, in its order. */
void cpu_feature_foreach(void (*fn)(const CpuFeature *feature, gboolean on, void *opaque),
                         void *opaque);
/* "kvm=off": the guest does not see whose hypervisor this is, nor its features. */
gboolean cpu_kvm_hidden(void);
/* NULL: a bit that -cpu does not know. */
const char *cpu_feature_name(guint32 function, guint32 index, CpuidRegister reg,
                             unsigned bit);

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

#endif
