/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID: what KVM supports on this host, with each vCPU's place in the topology, the
 * hypervisor's leaves, and the features that -cpu switches off.
 */
#include <errno.h>
#include <string.h>

#include "accel/cpu-feature.h"
#include "accel/kvm-internal.h"
#include "accel/topology.h"
#include "util/error.h"
#include "util/tsan.h"

#define ENTRIES_MAX 256
#define LEVEL4_BITS 48

#define LEAF_KVM       0x40000000u
#define LEAF_FREQUENCY 0x40000010u /* eax: TSC in kHz, ebx: APIC timer in kHz */
#define APIC_KHZ       1000000u    /* KVM's APIC timer counts nanoseconds */

#define FEATURE_HTT          (1u << 28) /* 1.edx */
#define FEATURE_X2APIC       (1u << 21) /* 1.ecx */
#define FEATURE_TSC_DEADLINE (1u << 24)
#define FEATURE_HYPERVISOR   (1u << 31)
#define FEATURE_VMX          (1u << 5)
#define FEATURE_SVM          (1u << 2) /* 0x80000001.ecx */

/* What add_levels() and add_frequency() add to KVM's list at most. */
#define ENTRIES_ADDED 4

typedef struct kvm_cpuid2 Cpuid;

static GMutex supported_lock;
static Cpuid *supported; /* asked once, by whoever comes first; of its size */

static gsize cpuid_bytes(guint32 entries)
{
    return sizeof(Cpuid) + entries * sizeof(struct kvm_cpuid_entry2);
}

static gboolean ask_locked(GError **errp)
{
    if (supported) {
        return TRUE;
    }
    g_autofree Cpuid *cpuid = g_malloc(cpuid_bytes(ENTRIES_MAX));
    memset(cpuid, 0, sizeof(*cpuid));
    cpuid->nent = ENTRIES_MAX;
    if (kvm_ioctl(KVM_GET_SUPPORTED_CPUID, cpuid) < 0) {
        return error_set_errno(errp, errno, "KVM_GET_SUPPORTED_CPUID");
    }
    gsize used = cpuid_bytes(cpuid->nent);
    supported = g_realloc(g_steal_pointer(&cpuid), used);
    return TRUE;
}

/* Whoever has come back from here may read `supported` without the lock. */
static gboolean ask_supported(GError **errp)
{
    g_mutex_lock(&supported_lock);
    TSAN_ACQUIRE(&supported_lock);
    gboolean ok = ask_locked(errp);
    TSAN_RELEASE(&supported_lock);
    g_mutex_unlock(&supported_lock);
    return ok;
}

static guint32 packages_cpus(void)
{
    return cpu_topology.dies * cpu_topology.cores * cpu_topology.threads;
}

static void fix_features(struct kvm_cpuid_entry2 *e, const Vcpu *cpu)
{
    guint32 logical = 1u << cpu_topology_shifts().package;
    e->ebx =
        (e->ebx & 0x0000ffff) | MIN(logical, 255) << 16 | (cpu->apic_id & 0xff) << 24;
    e->edx = packages_cpus() > 1 ? e->edx | FEATURE_HTT : e->edx & ~FEATURE_HTT;
    e->ecx |= FEATURE_HYPERVISOR | FEATURE_X2APIC;
    e->ecx &= ~FEATURE_VMX; /* nested virtualization is not offered */
    if (kvm.caps.tsc_deadline_timer) {
        e->ecx |= FEATURE_TSC_DEADLINE;
    }
}

/* Intel 4 and AMD 0x8000001d: who shares a cache (first two levels: one core). */
static void fix_cache(struct kvm_cpuid_entry2 *e, gboolean intel)
{
    CpuTopologyShifts s = cpu_topology_shifts();
    guint32 level = e->eax >> 5 & 7;
    guint32 sharing = level >= 3 ? 1u << s.die : 1u << s.core;
    if (!(e->eax & 0x1f)) {
        return; /* no more caches */
    }
    e->eax = (e->eax & 0x3fff) | (sharing - 1) << 14;
    if (intel) {
        e->eax |= ((1u << (s.package - s.core)) - 1) << 26;
    }
}

/* 0xb and 0x1f: levels of the topology, by sub-leaf. */
static void fix_levels(struct kvm_cpuid_entry2 *e, const Vcpu *cpu)
{
    CpuTopologyShifts s = cpu_topology_shifts();
    gboolean dies = e->function == 0x1f;
    e->eax = e->ebx = 0;
    e->ecx = e->index & 0xff;
    e->edx = cpu->apic_id;
    if (e->index == 0) {
        e->eax = s.core;
        e->ebx = cpu_topology.threads;
        e->ecx |= 1 << 8; /* threads of a core */
    } else if (e->index == 1) {
        e->eax = dies ? s.die : s.package;
        e->ebx = dies ? cpu_topology.cores * cpu_topology.threads : packages_cpus();
        e->ecx |= 2 << 8; /* cores */
    } else if (e->index == 2 && dies) {
        e->eax = s.package;
        e->ebx = packages_cpus();
        e->ecx |= 5 << 8; /* dies */
    }
}

static void fix_entry(struct kvm_cpuid_entry2 *e, const Vcpu *cpu)
{
    CpuTopologyShifts s = cpu_topology_shifts();
    switch (e->function) {
    case 0x1:
        fix_features(e, cpu);
        break;
    case 0x4:
        fix_cache(e, TRUE);
        break;
    case 0xb:
    case 0x1f:
        fix_levels(e, cpu);
        break;
    case LEAF_KVM:
        e->eax = LEAF_FREQUENCY;
        break;
    case 0x80000001:
        e->ecx &= ~FEATURE_SVM;
        break;
    case 0x80000008:
        if (e->ecx) { /* AMD */
            e->ecx =
                (e->ecx & ~0xf0ffu) | s.package << 12 | MIN(packages_cpus() - 1, 255);
        }
        break;
    case 0x8000001d:
        fix_cache(e, FALSE);
        break;
    case 0x8000001e:
        e->eax = cpu->apic_id;
        e->ebx = (cpu_topology.threads - 1) << 8 | (cpu->apic_id >> s.core & 0xff);
        e->ecx = cpu->apic_id >> s.package & 0xff;
        break;
    }
}

/* 0xb with its sub-leaves may be missing from KVM's list: then it is made. */
static void add_levels(Cpuid *cpuid)
{
    for (guint32 i = 0; i < cpuid->nent; i++) {
        if (cpuid->entries[i].function == 0xb && cpuid->entries[i].index == 1) {
            return;
        }
    }
    guint32 kept = 0;
    for (guint32 i = 0; i < cpuid->nent; i++) {
        if (cpuid->entries[i].function != 0xb) {
            cpuid->entries[kept++] = cpuid->entries[i];
        }
    }
    for (guint32 index = 0; index < 3; index++) {
        cpuid->entries[kept++] = (struct kvm_cpuid_entry2){
            .function = 0xb, .index = index, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX
        };
    }
    cpuid->nent = kept;
    if (cpuid->entries[0].function == 0 && cpuid->entries[0].eax < 0xb) {
        cpuid->entries[0].eax = 0xb;
    }
}

static void add_frequency(Cpuid *cpuid, const Vcpu *cpu)
{
    cpuid->entries[cpuid->nent++] = (struct kvm_cpuid_entry2){ .function = LEAF_FREQUENCY,
                                                               .eax = vcpu_tsc_khz(cpu),
                                                               .ebx = APIC_KHZ };
}

/* -cpu host,kvm=off: the hypervisor's leaves are gone. */
static void hide_kvm(Cpuid *cpuid)
{
    guint32 kept = 0;
    for (guint32 i = 0; i < cpuid->nent; i++) {
        if (cpuid->entries[i].function >> 8 != LEAF_KVM >> 8) {
            cpuid->entries[kept++] = cpuid->entries[i];
        }
    }
    cpuid->nent = kept;
}

static guint32 *entry_register(struct kvm_cpuid_entry2 *e, CpuidRegister reg)
{
    switch (reg) {
    case CPUID_EAX:
        return &e->eax;
    case CPUID_EBX:
        return &e->ebx;
    case CPUID_ECX:
        return &e->ecx;
    case CPUID_EDX:
        return &e->edx;
    }
    g_assert_not_reached();
}

typedef struct Apply {
    Cpuid *cpuid;
    GError **errp;
    gboolean ok;
} Apply;

static void apply_feature(const CpuFeature *f, gboolean on, void *opaque)
{
    Apply *a = opaque;
    for (guint32 i = 0; i < a->cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *e = &a->cpuid->entries[i];
        if (e->function != f->function || e->index != f->index) {
            continue;
        }
        guint32 *reg = entry_register(e, f->reg), bit = 1u << f->bit;
        if (!on) {
            *reg &= ~bit;
        }
        if (!on || (*reg & bit)) {
            return;
        }
    }
    if (on && a->ok) {
        a->ok = error_set(
            a->errp, "-cpu host,%s=on: this host cannot provide the feature", f->name);
    }
}

static void tell(const Cpuid *cpuid)
{
    CpuidEntry *entries = g_new(CpuidEntry, cpuid->nent);
    for (guint32 i = 0; i < cpuid->nent; i++) {
        const struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
        entries[i] =
            (CpuidEntry){ e->function, e->index, { e->eax, e->ebx, e->ecx, e->edx } };
    }
    cpu_set_cpuid(entries, cpuid->nent);
}

gboolean kvm_set_cpuid(Vcpu *cpu, GError **errp)
{
    if (!ask_supported(errp)) {
        return FALSE;
    }
    g_autofree Cpuid *cpuid = g_malloc(cpuid_bytes(supported->nent + ENTRIES_ADDED));
    memcpy(cpuid, supported, cpuid_bytes(supported->nent));
    add_levels(cpuid);
    for (guint32 i = 0; i < cpuid->nent; i++) {
        fix_entry(&cpuid->entries[i], cpu);
    }
    if (cpu_kvm_hidden()) {
        hide_kvm(cpuid);
    } else {
        add_frequency(cpuid, cpu);
    }
    Apply apply = { cpuid, errp, TRUE };
    cpu_feature_foreach(apply_feature, &apply);
    if (!apply.ok) {
        return FALSE;
    }
    if (kvm_vcpu_ioctl(cpu, KVM_SET_CPUID2, cpuid) < 0) {
        return error_set_errno(errp, errno, "vCPU %u: KVM_SET_CPUID2", cpu->index);
    }
    if (cpu->index == 0) {
        tell(cpuid);
    }
    return TRUE;
}

/* Leaf 0x80000008. Page tables of KVM's with four levels reach no further than 48 bits.
 */
unsigned kvm_phys_bits(void)
{
    guint32 entries = ask_supported(NULL) ? supported->nent : 0;
    for (guint32 i = 0; i < entries; i++) {
        const struct kvm_cpuid_entry2 *e = &supported->entries[i];
        if (e->function == 0x80000008 && (e->eax & 0xff)) {
            return MIN(e->eax & 0xff, LEVEL4_BITS);
        }
    }
    return ACCEL_PHYS_BITS;
}
