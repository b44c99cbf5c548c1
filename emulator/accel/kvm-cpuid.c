/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID: what KVM supports on this host, what -cpu makes of it, each vCPU's place in the
 * topology, the hypervisor's leaves.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "accel/cpu-config.h"
#include "accel/kvm-internal.h"
#include "accel/topology.h"
#include "util/error.h"
#include "util/log.h"
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
#define ENTRIES_ADDED (LEVELS_CORES + LEVELS_DIES + 1)

/* Sub-leaves of 0xb and 0x1f, with the one that ends them. */
#define LEVELS_CORES 3
#define LEVELS_DIES  4

typedef struct kvm_cpuid2 Cpuid;

#define MSR_ARCH_CAPABILITIES 0x10a

static GMutex supported_lock;
/* Made once, by whoever comes first, and constant then. */
static CpuidEntry *supported;
static CpuHost host;
static CpuResult result;
static GArray *base; /* of CpuidEntry: what all vCPUs have in common */

static gsize cpuid_bytes(guint32 entries)
{
    return sizeof(Cpuid) + entries * sizeof(struct kvm_cpuid_entry2);
}

/* What is ours to give beside what KVM says, and what is not. */
static void adjust(CpuidEntry *e)
{
    if (e->function == 1) {
        e->regs[CPUID_ECX] |= FEATURE_HYPERVISOR | FEATURE_X2APIC;
        e->regs[CPUID_ECX] &= ~FEATURE_VMX; /* nested virtualization is not offered */
        if (kvm.caps.tsc_deadline_timer) {
            e->regs[CPUID_ECX] |= FEATURE_TSC_DEADLINE;
        }
    } else if (e->function == 0x80000001) {
        e->regs[CPUID_ECX] &= ~FEATURE_SVM;
    }
}

static guint64 ask_arch_capabilities(void)
{
    union {
        struct kvm_msrs head;
        guint8 space[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
    } msrs = { .head.nmsrs = 1 };

    msrs.head.entries[0].index = MSR_ARCH_CAPABILITIES;
    return kvm_ioctl(KVM_GET_MSRS, &msrs) == 1 ? msrs.head.entries[0].data : 0;
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
    supported = g_new(CpuidEntry, cpuid->nent);
    for (guint32 i = 0; i < cpuid->nent; i++) {
        const struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
        supported[i] =
            (CpuidEntry){ e->function, e->index, { e->eax, e->ebx, e->ecx, e->edx } };
        adjust(&supported[i]);
    }
    host = (CpuHost){ supported, cpuid->nent, ask_arch_capabilities() };
    return TRUE;
}

/* Without a VM, KVM is opened for this alone. */
static gboolean ask_alone_locked(GError **errp)
{
    if (supported || kvm.fd >= 0) {
        return ask_locked(errp);
    }
    if (!kvm_open("/dev/kvm", errp)) {
        return FALSE;
    }
    kvm.caps.tsc_deadline_timer =
        kvm_ioctl(KVM_CHECK_EXTENSION, GINT_TO_POINTER(KVM_CAP_TSC_DEADLINE_TIMER)) > 0;
    gboolean ok = ask_locked(errp);
    close(kvm.fd);
    kvm.fd = -1;
    return ok;
}

static gboolean prepare_locked(GError **errp)
{
    if (!ask_locked(errp)) {
        return FALSE;
    }
    if (!base) {
        cpu_resolve(cpu_config(), &host, &result);
        if (!cpu_check(cpu_config(), &result, errp)) {
            return FALSE;
        }
        base = cpuid_build(cpu_config(), &host, &result);
    }
    return TRUE;
}

/* Whoever has come back from these may read what they make without the lock. */
static gboolean locked(gboolean (*make)(GError **errp), GError **errp)
{
    g_mutex_lock(&supported_lock);
    TSAN_ACQUIRE(&supported_lock);
    gboolean ok = make(errp);
    TSAN_RELEASE(&supported_lock);
    g_mutex_unlock(&supported_lock);
    return ok;
}

static gboolean kvm_prepare_cpus(GError **errp)
{
    return locked(prepare_locked, errp);
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

static gboolean has_entry(const Cpuid *cpuid, guint32 function, guint32 index)
{
    for (guint32 i = 0; i < cpuid->nent; i++) {
        if (cpuid->entries[i].function == function && cpuid->entries[i].index == index) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A leaf of levels may be missing from KVM's list, or lack sub-leaves: then it is made.
 */
static void add_levels(Cpuid *cpuid, guint32 function, guint32 n)
{
    if (has_entry(cpuid, function, n - 1)) {
        return;
    }
    guint32 kept = 0;
    for (guint32 i = 0; i < cpuid->nent; i++) {
        if (cpuid->entries[i].function != function) {
            cpuid->entries[kept++] = cpuid->entries[i];
        }
    }
    for (guint32 index = 0; index < n; index++) {
        cpuid->entries[kept++] = (struct kvm_cpuid_entry2){
            .function = function, .index = index, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX
        };
    }
    cpuid->nent = kept;
    if (cpuid->entries[0].function == 0 && cpuid->entries[0].eax < function) {
        cpuid->entries[0].eax = function;
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

static gboolean kvm_cpu_host(CpuHost *out, GError **errp)
{
    if (!locked(ask_alone_locked, errp)) {
        return FALSE;
    }
    *out = host;
    return TRUE;
}

const CpuSource kvm_cpu_source = { kvm_cpu_host, kvm_prepare_cpus };

/* Leaves whose answer depends on ecx. */
static gboolean has_index(guint32 function)
{
    static const guint32 indexed[] = { 0x4,  0x7,  0xb,        0xd,       0xf,  0x10,
                                       0x12, 0x14, 0x17,       0x18,      0x1d, 0x1e,
                                       0x1f, 0x24, 0x8000001d, 0x80000026 };

    for (guint i = 0; i < G_N_ELEMENTS(indexed); i++) {
        if (indexed[i] == function) {
            return TRUE;
        }
    }
    return FALSE;
}

/* With room for what is added. */
static Cpuid *copy_base(void)
{
    Cpuid *cpuid = g_malloc0(cpuid_bytes(base->len + ENTRIES_ADDED));

    cpuid->nent = base->len;
    for (guint i = 0; i < base->len; i++) {
        const CpuidEntry *e = &g_array_index(base, CpuidEntry, i);

        cpuid->entries[i] = (struct kvm_cpuid_entry2){
            .function = e->function,
            .index = e->index,
            .flags = has_index(e->function) ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
            .eax = e->regs[CPUID_EAX],
            .ebx = e->regs[CPUID_EBX],
            .ecx = e->regs[CPUID_ECX],
            .edx = e->regs[CPUID_EDX],
        };
    }
    return cpuid;
}

/* KVM has given the vCPU all that there is: leave what the model has. */
static void set_arch_capabilities(const Vcpu *cpu)
{
    union {
        struct kvm_msrs head;
        guint8 space[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
    } msrs = { .head.nmsrs = 1 };
    guint64 value = 0;

    for (guint i = 0; i < cpu_feature_count(); i++) {
        const CpuFeature *f = cpu_feature_at(i);

        if (f->reg == CPUID_MSR && f->function == MSR_ARCH_CAPABILITIES &&
            cpu_features_have(&result.have, i)) {
            value |= G_GUINT64_CONSTANT(1) << f->bit;
        }
    }
    msrs.head.entries[0].index = MSR_ARCH_CAPABILITIES;
    msrs.head.entries[0].data = value;
    if (kvm_vcpu_ioctl(cpu, KVM_SET_MSRS, &msrs) != 1) {
        log_warn("vCPU %u: KVM does not set ARCH_CAPABILITIES", cpu->index);
    }
}

gboolean kvm_set_cpuid(Vcpu *cpu, GError **errp)
{
    if (!kvm_prepare_cpus(errp)) {
        return FALSE;
    }
    g_autofree Cpuid *cpuid = copy_base();
    if (!cpu_config()->model) {
        add_levels(cpuid, 0xb, LEVELS_CORES);
        if (cpu_topology.dies > 1) {
            add_levels(cpuid, 0x1f, LEVELS_DIES);
        }
    }
    for (guint32 i = 0; i < cpuid->nent; i++) {
        fix_entry(&cpuid->entries[i], cpu);
    }
    if (cpu_kvm_hidden()) {
        hide_kvm(cpuid);
    } else {
        add_frequency(cpuid, cpu);
    }
    if (kvm_vcpu_ioctl(cpu, KVM_SET_CPUID2, cpuid) < 0) {
        return error_set_errno(errp, errno, "vCPU %u: KVM_SET_CPUID2", cpu->index);
    }
    if (cpu_config()->model &&
        cpu_features_have(&result.have, (guint)cpu_feature_find("arch-capabilities"))) {
        set_arch_capabilities(cpu);
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
    guint32 bits = locked(ask_locked, NULL)
                       ? cpu_host_word(&host, 0x80000008, 0, CPUID_EAX) & 0xff
                       : 0;

    bits = cpu_config_phys_bits(cpu_config(), bits ? bits : ACCEL_PHYS_BITS);
    return MIN(bits, LEVEL4_BITS);
}
