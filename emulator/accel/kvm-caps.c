/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this KVM can do: asked once, by a table. */
#include <string.h>
#include <sys/ioctl.h>

#include "accel/kvm-internal.h"
#include "util/error.h"

typedef struct Cap {
    const char *name;
    int number;
    size_t offset;
    gboolean required;
} Cap;

#define REQUIRED(NAME, member)                                                           \
    {                                                                                    \
#NAME, KVM_CAP_##NAME, offsetof(KvmCaps, member), TRUE                           \
    }
#define OPTIONAL(NAME, member)                                                           \
    {                                                                                    \
#NAME, KVM_CAP_##NAME, offsetof(KvmCaps, member), FALSE                          \
    }

static const Cap caps[] = {
    REQUIRED(NR_MEMSLOTS, nr_memslots),
    REQUIRED(IRQ_ROUTING, irq_routing),
    REQUIRED(IMMEDIATE_EXIT, immediate_exit),
    REQUIRED(SPLIT_IRQCHIP, split_irqchip),
    REQUIRED(SIGNAL_MSI, signal_msi),
    REQUIRED(EXT_CPUID, ext_cpuid),
    REQUIRED(VCPU_EVENTS, vcpu_events),
    REQUIRED(DEBUGREGS, debugregs),
    REQUIRED(XCRS, xcrs),
    REQUIRED(ADJUST_CLOCK, adjust_clock),
    REQUIRED(GET_TSC_KHZ, get_tsc_khz),
    OPTIONAL(IRQFD, irqfd),
    OPTIONAL(IOEVENTFD, ioeventfd),
    OPTIONAL(IOEVENTFD_ANY_LENGTH, ioeventfd_any_length),
    OPTIONAL(READONLY_MEM, readonly_mem),
    OPTIONAL(XSAVE2, xsave2),
    OPTIONAL(TSC_DEADLINE_TIMER, tsc_deadline_timer),
    OPTIONAL(TSC_CONTROL, tsc_control),
    OPTIONAL(KVMCLOCK_CTRL, kvmclock_ctrl),
    OPTIONAL(SET_IDENTITY_MAP_ADDR, set_identity_map_addr),
    OPTIONAL(SET_TSS_ADDR, set_tss_addr),
    OPTIONAL(MANUAL_DIRTY_LOG_PROTECT2, manual_dirty_log),
};

static int *cap_value(const Cap *cap)
{
    return (int *)((char *)&kvm.caps + cap->offset);
}

static gboolean drop(const char *name, GError **errp)
{
    for (guint i = 0; i < G_N_ELEMENTS(caps); i++) {
        if (g_ascii_strcasecmp(name, caps[i].name) == 0) {
            if (caps[i].required) {
                return error_set(
                    errp, "-accel kvm,x-without=%s: vireo cannot do without it", name);
            }
            *cap_value(&caps[i]) = 0;
            return TRUE;
        }
    }
    return error_set(errp, "-accel kvm,x-without=%s: no such capability", name);
}

gboolean kvm_probe(const char *without, GError **errp)
{
    for (guint i = 0; i < G_N_ELEMENTS(caps); i++) {
        int value = kvm_ioctl(KVM_CHECK_EXTENSION, GINT_TO_POINTER(caps[i].number));
        if (value <= 0 && caps[i].required) {
            return error_set(errp, "this KVM lacks KVM_CAP_%s, which vireo needs",
                             caps[i].name);
        }
        *cap_value(&caps[i]) = MAX(value, 0);
    }
    g_auto(GStrv) names = g_strsplit(without ? without : "", ":", 0);
    for (guint i = 0; names[i]; i++) {
        if (!drop(names[i], errp)) {
            return FALSE;
        }
    }
    return TRUE;
}
