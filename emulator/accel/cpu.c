/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -cpu and -smp: the model (only the host's own), its features, the topology. */
#include <string.h>

#include "accel/cpu-feature.h"
#include "accel/topology.h"
#include "accel/vcpu.h"
#include "util/error.h"

/* The names are QEMU's. Nested virtualization (vmx, svm) is not offered. */
static const CpuFeature features[] = {
    { "pclmulqdq", 1, 0, CPUID_ECX, 1 },
    { "monitor", 1, 0, CPUID_ECX, 3 },
    { "ssse3", 1, 0, CPUID_ECX, 9 },
    { "pdcm", 1, 0, CPUID_ECX, 15 },
    { "fma", 1, 0, CPUID_ECX, 12 },
    { "cx16", 1, 0, CPUID_ECX, 13 },
    { "pcid", 1, 0, CPUID_ECX, 17 },
    { "sse4.1", 1, 0, CPUID_ECX, 19 },
    { "sse4.2", 1, 0, CPUID_ECX, 20 },
    { "x2apic", 1, 0, CPUID_ECX, 21 },
    { "movbe", 1, 0, CPUID_ECX, 22 },
    { "popcnt", 1, 0, CPUID_ECX, 23 },
    { "tsc-deadline", 1, 0, CPUID_ECX, 24 },
    { "aes", 1, 0, CPUID_ECX, 25 },
    { "xsave", 1, 0, CPUID_ECX, 26 },
    { "avx", 1, 0, CPUID_ECX, 28 },
    { "f16c", 1, 0, CPUID_ECX, 29 },
    { "rdrand", 1, 0, CPUID_ECX, 30 },
    { "hypervisor", 1, 0, CPUID_ECX, 31 },
    { "acpi", 1, 0, CPUID_EDX, 22 },
    { "ss", 1, 0, CPUID_EDX, 27 },
    { "arat", 6, 0, CPUID_EAX, 2 },
    { "fsgsbase", 7, 0, CPUID_EBX, 0 },
    { "sgx", 7, 0, CPUID_EBX, 2 },
    { "hle", 7, 0, CPUID_EBX, 4 },
    { "rtm", 7, 0, CPUID_EBX, 11 },
    { "mpx", 7, 0, CPUID_EBX, 14 },
    { "intel-pt", 7, 0, CPUID_EBX, 25 },
    { "tsc-adjust", 7, 0, CPUID_EBX, 1 },
    { "bmi1", 7, 0, CPUID_EBX, 3 },
    { "avx2", 7, 0, CPUID_EBX, 5 },
    { "smep", 7, 0, CPUID_EBX, 7 },
    { "bmi2", 7, 0, CPUID_EBX, 8 },
    { "erms", 7, 0, CPUID_EBX, 9 },
    { "invpcid", 7, 0, CPUID_EBX, 10 },
    { "avx512f", 7, 0, CPUID_EBX, 16 },
    { "rdseed", 7, 0, CPUID_EBX, 18 },
    { "adx", 7, 0, CPUID_EBX, 19 },
    { "smap", 7, 0, CPUID_EBX, 20 },
    { "clflushopt", 7, 0, CPUID_EBX, 23 },
    { "clwb", 7, 0, CPUID_EBX, 24 },
    { "sha-ni", 7, 0, CPUID_EBX, 29 },
    { "umip", 7, 0, CPUID_ECX, 2 },
    { "pku", 7, 0, CPUID_ECX, 3 },
    { "la57", 7, 0, CPUID_ECX, 16 },
    { "rdpid", 7, 0, CPUID_ECX, 22 },
    { "md-clear", 7, 0, CPUID_EDX, 10 },
    { "spec-ctrl", 7, 0, CPUID_EDX, 26 },
    { "stibp", 7, 0, CPUID_EDX, 27 },
    { "arch-capabilities", 7, 0, CPUID_EDX, 29 },
    { "ssbd", 7, 0, CPUID_EDX, 31 },
    { "lahf-lm", 0x80000001, 0, CPUID_ECX, 0 },
    { "cmp-legacy", 0x80000001, 0, CPUID_ECX, 1 },
    { "abm", 0x80000001, 0, CPUID_ECX, 5 },
    { "sse4a", 0x80000001, 0, CPUID_ECX, 6 },
    { "3dnowprefetch", 0x80000001, 0, CPUID_ECX, 8 },
    { "topoext", 0x80000001, 0, CPUID_ECX, 22 },
    { "perfctr-core", 0x80000001, 0, CPUID_ECX, 23 },
    { "nx", 0x80000001, 0, CPUID_EDX, 20 },
    { "pdpe1gb", 0x80000001, 0, CPUID_EDX, 26 },
    { "rdtscp", 0x80000001, 0, CPUID_EDX, 27 },
    { "invtsc", 0x80000007, 0, CPUID_EDX, 8 },
    { "ibpb", 0x80000008, 0, CPUID_EBX, 12 },
    { "kvm-nopiodelay", 0x40000001, 0, CPUID_EAX, 1 },
    { "kvmclock", 0x40000001, 0, CPUID_EAX, 3 },
    { "kvm-asyncpf", 0x40000001, 0, CPUID_EAX, 4 },
    { "kvm-steal-time", 0x40000001, 0, CPUID_EAX, 5 },
    { "kvm-pv-eoi", 0x40000001, 0, CPUID_EAX, 6 },
    { "kvm-pv-unhalt", 0x40000001, 0, CPUID_EAX, 7 },
    { "kvm-pv-tlb-flush", 0x40000001, 0, CPUID_EAX, 9 },
    { "kvm-pv-ipi", 0x40000001, 0, CPUID_EAX, 11 },
    { "kvm-poll-control", 0x40000001, 0, CPUID_EAX, 12 },
    { "kvm-pv-sched-yield", 0x40000001, 0, CPUID_EAX, 13 },
    { "kvm-asyncpf-int", 0x40000001, 0, CPUID_EAX, 14 },
    { "kvmclock-stable-bit", 0x40000001, 0, CPUID_EAX, 24 },
};

/* True of the host's CPU as we show it, and not to be changed: either value is taken. */
static const char *const accepted[] = { "migratable", "host-phys-bits",
                                        "l3-cache",   "host-cache-info",
                                        "check",      "enforce",
                                        "pmu" };

/* What is never there: only "off" is taken. */
static const char *const absent[] = { "vmx", "svm" };

typedef struct Asked {
    const CpuFeature *feature;
    gboolean on;
} Asked;

static GArray *asked;
static CpuidEntry *cpuid;
static guint n_cpuid;
static gboolean kvm_hidden;

gboolean cpu_kvm_hidden(void)
{
    return kvm_hidden;
}

static gboolean is_one_of(const char *const *names, guint n, const char *name)
{
    for (guint i = 0; i < n; i++) {
        if (g_str_equal(names[i], name)) {
            return TRUE;
        }
    }
    return FALSE;
}

void cpu_feature_foreach(void (*fn)(const CpuFeature *feature, gboolean on, void *opaque),
                         void *opaque)
{
    for (guint i = 0; asked && i < asked->len; i++) {
        const Asked *a = &g_array_index(asked, Asked, i);
        fn(a->feature, a->on, opaque);
    }
}

const char *cpu_feature_name(guint32 function, guint32 index, CpuidRegister reg,
                             unsigned bit)
{
    for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
        const CpuFeature *f = &features[i];
        if (f->function == function && f->index == index && f->reg == reg &&
            f->bit == bit) {
            return f->name;
        }
    }
    return NULL;
}

void cpu_set_cpuid(CpuidEntry *entries, guint n)
{
    g_free(cpuid);
    cpuid = entries;
    n_cpuid = n;
}

guint32 cpu_get_cpuid(guint32 function, guint32 index, CpuidRegister reg)
{
    for (guint i = 0; i < n_cpuid; i++) {
        const CpuidEntry *e = &cpuid[i];
        if (e->function == function && e->index == index) {
            return e->regs[reg];
        }
    }
    return 0;
}

static const CpuFeature *find_feature(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
        if (g_str_equal(features[i].name, name)) {
            return &features[i];
        }
    }
    return NULL;
}

/* "name=on|off", "+name", "-name"; '_' and '-' are one. */
static gboolean take_feature(ConfigNode *cpu, const char *key, GError **errp)
{
    gboolean sign = key[0] == '+' || key[0] == '-';
    gboolean on = key[0] == '+';
    g_autofree char *name = g_strdelimit(g_strdup(key + sign), "_", '-');
    if (!sign && !config_get_bool(cpu, key, TRUE, &on, errp)) {
        return FALSE;
    }
    config_map_get(cpu, key);
    const CpuFeature *feature = find_feature(name);
    if (feature) {
        Asked a = { feature, on };
        g_array_append_val(asked, a);
        return TRUE;
    }
    if (g_str_equal(name, "kvm")) {
        kvm_hidden = !on;
        return TRUE;
    }
    if (is_one_of(accepted, G_N_ELEMENTS(accepted), name) ||
        (!on && is_one_of(absent, G_N_ELEMENTS(absent), name))) {
        return TRUE;
    }
    return error_set(errp, "the feature '%s' is not supported", key);
}

static gboolean configure_topology(ConfigNode *smp, GError **errp)
{
    guint64 n[6];
    static const char *const keys[] = { "cpus",     "sockets", "dies",
                                        "clusters", "cores",   "threads" };
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!config_get_uint(smp, keys[i], 1, 1, 4096, &n[i], errp)) {
            return FALSE;
        }
    }
    cpu_topology = (CpuTopology){ .cpus = (guint32)n[0],
                                  .sockets = (guint32)n[1],
                                  .dies = (guint32)n[2],
                                  .cores = (guint32)(n[3] * n[4]),
                                  .threads = (guint32)n[5] };
    if (cpu_apic_id(cpu_topology.cpus - 1) > 254) {
        return error_set(errp,
                         "-smp: %u CPUs in this topology need APIC IDs above 254, which "
                         "are not supported",
                         cpu_topology.cpus);
    }
    return TRUE;
}

gboolean cpu_configure(ConfigNode *cpu, ConfigNode *smp, GError **errp)
{
    const char *model;
    if (!config_get_string(cpu, "model", "host", &model, errp)) {
        return FALSE;
    }
    if (!g_str_equal(model, "host") && !g_str_equal(model, "max")) {
        return error_set(errp, "-cpu %s: the model is not supported (host, max)", model);
    }
    kvm_hidden = FALSE;
    g_clear_pointer(&asked, g_array_unref);
    asked = g_array_new(FALSE, FALSE, sizeof(Asked));
    for (guint i = 0; i < config_map_size(cpu); i++) {
        const char *key = config_map_key(cpu, i);
        if (!g_str_equal(key, "model") && !take_feature(cpu, key, errp)) {
            config_prefix_origin(cpu, "-cpu", errp);
            return FALSE;
        }
    }
    return configure_topology(smp, errp);
}
