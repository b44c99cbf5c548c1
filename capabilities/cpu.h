/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU features and models of x86 as data: one truth for emulator and driver. The tables
 * (cpu-features.def, cpu-models.def) are made by tools/cpu-tables. All is constant, and
 * any thread may ask.
 */
#ifndef CAPABILITIES_CPU_H
#define CAPABILITIES_CPU_H

#include <glib.h>

/* Where a feature's bit is: a register of a CPUID leaf, or a model specific register. */
typedef enum CpuidRegister {
    CPUID_EAX,
    CPUID_EBX,
    CPUID_ECX,
    CPUID_EDX,
    CPUID_MSR
} CpuidRegister;

typedef struct CpuFeature {
    const char *name;    /* QEMU's */
    const char *libvirt; /* NULL: it has none */
    const char *others;  /* QEMU's other spellings, or NULL; words */
    guint32 function;    /* leaf, or MSR */
    guint32 index;       /* subleaf, 0 where there is none */
    CpuidRegister reg;
    unsigned bit;
    const char *needs; /* features without which it is off, or NULL; words */
    gboolean known;    /* to QEMU; else name is libvirt's */
} CpuFeature;

#define CPU_FEATURES_MAX 512

/* A set of rows of the table. */
typedef struct CpuFeatureSet {
    guint64 words[CPU_FEATURES_MAX / 64];
} CpuFeatureSet;

/* Rows in the order of their places: words of CPUID, then MSRs. */
guint cpu_feature_count(void);
const CpuFeature *cpu_feature_at(guint i);
/*
 * The first row of that name, in any spelling ('_' is '-'); -1: none. A name may stand
 * for several bits ("kvmclock"), each with a row.
 */
int cpu_feature_find(const char *name);
/* Of a bit; NULL: it has none. */
const char *cpu_feature_name(guint32 function, guint32 index, CpuidRegister reg,
                             unsigned bit);
/* As QEMU writes it: "CPUID.01H:ECX.pni [bit 0]". Free it. */
char *cpu_feature_describe(const CpuFeature *f);

gboolean cpu_features_have(const CpuFeatureSet *set, guint i);
/* One row; or all rows of that name. */
void cpu_features_put(CpuFeatureSet *set, guint i, gboolean on);
void cpu_features_change(CpuFeatureSet *set, const char *name, gboolean on);
/* "a b +c -d": changes one after the other. */
void cpu_features_apply(CpuFeatureSet *set, const char *text);
/* Takes out of the set whatever lacks what it needs, until nothing does. */
void cpu_features_close(CpuFeatureSet *set, CpuFeatureSet *dropped /* or NULL */);

typedef struct CpuModel {
    const char *name; /* "Skylake-Server-v4" */
    const char *stem; /* "Skylake-Server" */
    guint version;
    const char *vendor;
    guint32 level, level7, xlevel, xlevel2; /* highest leaves; level7: subleaf of 7 */
    guint family, model, stepping;
    gboolean legacy_cache; /* no caches of its own */
    const char *model_id;
    const char *features; /* what differs from the version before */
    const char *nested;   /* beside, when vmx=on asks for it; likewise */
} CpuModel;

typedef struct CpuAlias {
    const char *name, *of;
} CpuAlias;

/* Versions of one model follow each other. */
guint cpu_model_count(void);
const CpuModel *cpu_model_at(guint i);
/* Ends with a NULL name. */
const CpuAlias *cpu_model_aliases(void);
/* By its versioned name or an alias; NULL: there is none. */
const CpuModel *cpu_model_find(const char *name);
/* All that it has; nested: with vmx=on. */
void cpu_model_features(const CpuModel *model, gboolean nested, CpuFeatureSet *set);
/* EAX of leaf 1, which says the same in each vendor's CPUs. */
guint32 cpu_signature(guint family, guint model, guint stepping);

#endif
