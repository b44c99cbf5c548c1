/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which features a CPU gets: those of its model, as far as the host can give them. */
#include <string.h>

#include "accel/cpu-config.h"
#include "util/error.h"
#include "util/log.h"

#define MSR_ARCH_CAPABILITIES 0x10a

/* What KVM adds to each model, and takes from it, as QEMU has it there. */
static const char defaults[] =
    "+kvmclock +kvm-nopiodelay +kvm-asyncpf +kvm-steal-time +kvm-pv-eoi "
    "+kvmclock-stable-bit +x2apic +hypervisor -acpi -monitor -svm -vmx";

guint32 cpu_host_word(const CpuHost *host, guint32 function, guint32 index,
                      CpuidRegister reg)
{
    for (guint i = 0; i < host->n; i++) {
        const CpuidEntry *e = &host->entries[i];

        if (e->function == function && e->index == index) {
            return e->regs[reg];
        }
    }
    return 0;
}

gboolean cpu_host_can(const CpuHost *host, const CpuFeature *f)
{
    if (f->reg == CPUID_MSR) {
        return f->function == MSR_ARCH_CAPABILITIES &&
               (host->arch_capabilities >> f->bit & 1);
    }
    if (f->function == 1 && f->reg == CPUID_EDX && f->bit == 28) {
        return TRUE; /* HTT follows from the topology */
    }
    return cpu_host_word(host, f->function, f->index, f->reg) >> f->bit & 1;
}

static void all_of_host(const CpuConfig *config, const CpuHost *host, CpuFeatureSet *set)
{
    for (guint i = 0; i < cpu_feature_count(); i++) {
        if (cpu_host_can(host, cpu_feature_at(i))) {
            cpu_features_put(set, i, TRUE);
        }
    }
    if (config->migratable) {
        cpu_features_change(set, "invtsc", FALSE);
    }
    if (!config->pmu) {
        cpu_features_change(set, "pdcm", FALSE);
    }
}

void cpu_resolve(const CpuConfig *config, const CpuHost *host, CpuResult *result)
{
    CpuFeatureSet *have = &result->have;

    memset(result, 0, sizeof(*result));
    if (config->model) {
        cpu_model_features(config->model, FALSE, have);
        cpu_features_apply(have, defaults);
    } else {
        all_of_host(config, host, have);
    }
    for (guint i = 0; i < G_N_ELEMENTS(have->words); i++) {
        have->words[i] = (have->words[i] | config->on.words[i]) & ~config->off.words[i];
    }
    cpu_features_close(have, &result->unmet);
    for (guint i = 0; i < G_N_ELEMENTS(have->words); i++) {
        result->unmet.words[i] &= config->on.words[i];
    }
    result->wanted = *have;
    for (guint i = 0; i < cpu_feature_count(); i++) {
        if (cpu_features_have(have, i) && !cpu_host_can(host, cpu_feature_at(i))) {
            cpu_features_put(&result->missing, i, TRUE);
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(have->words); i++) {
        have->words[i] &= ~result->missing.words[i];
    }
    /* what needs something that the host lacks would not work either */
    cpu_features_close(have, NULL);
}

/* One line each, as QEMU says it; enforced: into *list instead. */
static void tell(const CpuFeatureSet *set, const char *why, gboolean warn, GString *list)
{
    for (guint i = 0; i < cpu_feature_count(); i++) {
        g_autofree char *text = NULL;

        if (!cpu_features_have(set, i)) {
            continue;
        }
        text = cpu_feature_describe(cpu_feature_at(i));
        if (warn) {
            log_warn("%s: %s", why, text);
        }
        g_string_append_printf(list, "%s%s", list->len ? ", " : "", text);
    }
}

gboolean cpu_check(const CpuConfig *config, const CpuResult *result, GError **errp)
{
    g_autoptr(GString) list = g_string_new(NULL);
    gboolean warn = config->check && !config->enforce;

    tell(&result->unmet, "This feature depends on other features that were not requested",
         warn, list);
    tell(&result->missing, "host doesn't support requested feature", warn, list);
    if (config->enforce && list->len) {
        return error_set(errp, "-cpu %s: Host doesn't support requested features: %s",
                         config->name, list->str);
    }
    return TRUE;
}
