/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID feature bits that -cpu can switch, by QEMU's names. */
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

#endif
