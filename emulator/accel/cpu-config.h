/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -cpu says, and the CPUID that follows from it and from what KVM can do. */
#ifndef VIREO_ACCEL_CPU_CONFIG_H
#define VIREO_ACCEL_CPU_CONFIG_H

#include "accel/cpu-feature.h"
#include "config/node.h"

#define CPU_UNSET (-1) /* a number that is the model's */

typedef struct CpuConfig {
    const char *name;      /* as asked for */
    const CpuModel *model; /* NULL: "host" and "max", all that KVM can do */
    CpuFeatureSet on, off; /* what was said of single features */
    gboolean check, enforce, migratable, kvm, pmu;
    gboolean host_phys_bits, host_cache_info, l3_cache;
    gint64 phys_bits, host_phys_bits_limit; /* 0: not said */
    gint64 level, level7, xlevel, family, stepping;
    const char *vendor, *model_id; /* NULL: the model's */
} CpuConfig;

/* "host" without anything said of it. */
void cpu_config_init(CpuConfig *config);
/* node: model and properties; its strings are interned. */
gboolean cpu_config_parse(CpuConfig *config, ConfigNode *node, GError **errp);

/* What an accelerator can give a guest. */
typedef struct CpuHost {
    const CpuidEntry *entries;
    guint n;
    guint64 arch_capabilities; /* MSR 0x10a */
} CpuHost;

/* An accelerator that has CPUs. */
typedef struct CpuSource {
    /* What it can give; what *host points to stays. */
    gboolean (*host)(CpuHost *host, GError **errp);
    /* -cpu and -smp have been read: can there be such vCPUs? */
    gboolean (*prepare)(GError **errp);
} CpuSource;
extern const CpuSource kvm_cpu_source;
/* Who is asked from now on. */
void cpu_set_source(const CpuSource *source);
/* The same for what it can give, once; there will be no vCPUs. */
void cpu_ask_alone(const CpuSource *source);
/* FALSE: there is nobody to be asked. */
gboolean cpu_get_host(CpuHost *host, GError **errp);

guint32 cpu_host_word(const CpuHost *host, guint32 function, guint32 index,
                      CpuidRegister reg);
gboolean cpu_host_can(const CpuHost *host, const CpuFeature *f);

/*
 * The features that a CPU is to have, those of them that it gets, and those that it does
 * not for want of the host; unmet: asked for, but not what they need.
 */
typedef struct CpuResult {
    CpuFeatureSet wanted, have, missing, unmet;
} CpuResult;
void cpu_resolve(const CpuConfig *config, const CpuHost *host, CpuResult *result);
/* Warns of what is missing ("check"), or refuses it ("enforce"). */
gboolean cpu_check(const CpuConfig *config, const CpuResult *result, GError **errp);

/* The entries of CPUID but for what depends on the vCPU; a new array of CpuidEntry. */
GArray *cpuid_build(const CpuConfig *config, const CpuHost *host,
                    const CpuResult *result);
/* Who it says that it is; vendor ends with a NUL. */
typedef struct CpuIdentity {
    char vendor[13], model_id[49];
    guint family, model, stepping;
} CpuIdentity;
void cpu_identify(const CpuConfig *config, const CpuHost *host, CpuIdentity *id);

/* Bits of a physical address that the guest is told; host_bits: what there are. */
guint cpu_config_phys_bits(const CpuConfig *config, guint host_bits);

/* cpuid-cache.c: leaves 2, 4, 0x80000005, 0x80000006, 0x8000001d of a model. */
void cpuid_add_caches(GArray *entries, const CpuConfig *config, gboolean amd,
                      gboolean topoext);

/* Of -cpu, as cpu_configure() has read it; the host's before. */
const CpuConfig *cpu_config(void);

#endif
