/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -cpu and -smp as they have been given, and the CPUID that the guest sees. */
#include "accel/cpu-config.h"
#include "accel/topology.h"
#include "accel/vcpu.h"
#include "util/error.h"

static CpuConfig config;
static CpuidEntry *cpuid;
static guint n_cpuid;

static const CpuSource *source;

void cpu_set_source(const CpuSource *s)
{
    source = s;
}

void cpu_ask_alone(const CpuSource *s)
{
    CpuHost host;

    source = s->host(&host, NULL) ? s : NULL;
}

gboolean cpu_get_host(CpuHost *host, GError **errp)
{
    if (!source) {
        return error_set(errp, "The accelerator has no CPU that could be asked");
    }
    return source->host(host, errp);
}

const CpuConfig *cpu_config(void)
{
    if (!config.name) {
        cpu_config_init(&config);
    }
    return &config;
}

gboolean cpu_kvm_hidden(void)
{
    return !cpu_config()->kvm;
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
    return cpu_config_parse(&config, cpu, errp) && configure_topology(smp, errp) &&
           (!source || source->prepare(errp));
}
