/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model-specific registers: KVM lists those that make up a vCPU's state, but for the
 * MTRRs and machine checks. One that cannot be read is left out from then on; one that
 * cannot be set is logged.
 *
 * #syscalls main: ioctl(KVM_GET_MSRS) ioctl(KVM_SET_MSRS)
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "accel/kvm-internal.h"
#include "util/error.h"
#include "util/log.h"

#define BATCH 128

#define MSR_IA32_TSC 0x10

/* Constants that CPUID and KVM decide; nested virtualization is not offered. */
static const struct {
    guint32 first, last;
} constants[] = {
    { 0x8b, 0x8b },             /* microcode revision */
    { 0x10a, 0x10a },           /* ARCH_CAPABILITIES */
    { 0x480, 0x493 },           /* VMX capabilities */
    { 0x40000002, 0x40000002 }, /* Hyper-V's number of the vCPU */
    { 0xc0010015, 0xc0010015 }, /* HWCR */
    { 0xc0010140, 0xc0010141 }, /* OSVW */
};

/* KVM does not list them, but has them. The banks of machine checks come behind. */
static const struct {
    guint32 first, n;
} unlisted[] = {
    { 0x200, 16 }, /* MTRRs: variable, fixed, default type */
    { 0x250, 1 },  { 0x258, 2 }, { 0x268, 8 }, { 0x2ff, 1 },
};

#define MSR_MCG_CAP  0x179
#define MSR_MC0_CTL  0x400
#define MC_BANK_MSRS 4

/* vCPUs are made by several threads at once. */
static GMutex lock;
static guint32 *known;
static guint n_known;

/* A kvm_msrs with room for BATCH entries. */
typedef union Batch {
    struct kvm_msrs head;
    guint8 space[sizeof(struct kvm_msrs) + BATCH * sizeof(struct kvm_msr_entry)];
} Batch;

static gboolean is_constant(guint32 index)
{
    for (guint i = 0; i < G_N_ELEMENTS(constants); i++) {
        if (index >= constants[i].first && index <= constants[i].last) {
            return TRUE;
        }
    }
    return FALSE;
}

static void add_known(guint32 index)
{
    if (n_known < VCPU_MSRS_MAX && !is_constant(index)) {
        known[n_known++] = index;
    }
}

static guint bank_msrs(const Vcpu *cpu)
{
    Batch batch = { .head.nmsrs = 1 };
    batch.head.entries[0].index = MSR_MCG_CAP;
    return kvm_vcpu_ioctl(cpu, KVM_GET_MSRS, &batch) == 1
               ? (batch.head.entries[0].data & 0xff) * MC_BANK_MSRS
               : 0;
}

static void add_unlisted(const Vcpu *cpu)
{
    for (guint i = 0; i < G_N_ELEMENTS(unlisted); i++) {
        for (guint k = 0; k < unlisted[i].n; k++) {
            add_known(unlisted[i].first + k);
        }
    }
    for (guint i = 0, n = bank_msrs(cpu); i < n; i++) {
        add_known(MSR_MC0_CTL + i);
    }
}

static void ask_list(const Vcpu *cpu)
{
    struct kvm_msr_list probe = { .nmsrs = 0 };
    kvm_ioctl(KVM_GET_MSR_INDEX_LIST, &probe); /* E2BIG: says how many */
    g_autofree struct kvm_msr_list *list =
        g_malloc0(sizeof(*list) + probe.nmsrs * sizeof(guint32));
    list->nmsrs = probe.nmsrs;
    if (kvm_ioctl(KVM_GET_MSR_INDEX_LIST, list) < 0) {
        log_warn("KVM_GET_MSR_INDEX_LIST: %s", error_text(errno));
        list->nmsrs = 0;
    }
    known = g_new(guint32, VCPU_MSRS_MAX);
    for (guint32 i = 0; i < list->nmsrs; i++) {
        add_known(list->indices[i]);
    }
    add_unlisted(cpu);
}

gboolean vcpu_msrs_save(Vcpu *cpu, VcpuState *state, GError **errp)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    if (!known) {
        ask_list(cpu);
    }
    state->n_msrs = 0;
    for (guint from = 0; from < n_known;) {
        Batch batch = { .head.nmsrs = MIN(n_known - from, BATCH) };
        for (guint i = 0; i < batch.head.nmsrs; i++) {
            batch.head.entries[i].index = known[from + i];
        }
        int n = kvm_vcpu_ioctl(cpu, KVM_GET_MSRS, &batch);
        if (n < 0) {
            return error_set_errno(errp, errno, "vCPU %u: KVM_GET_MSRS", cpu->index);
        }
        for (int i = 0; i < n; i++) {
            state->msrs[state->n_msrs++] =
                (VcpuMsr){ batch.head.entries[i].index, batch.head.entries[i].data };
        }
        from += (guint)n;
        if (n < (int)batch.head.nmsrs) { /* the next one cannot be read */
            memmove(&known[from], &known[from + 1],
                    (n_known - from - 1) * sizeof(guint32));
            n_known--;
        }
    }
    return TRUE;
}

void vcpu_msrs_load(Vcpu *cpu, const VcpuState *state, gboolean reset)
{
    for (guint from = 0; from < state->n_msrs;) {
        Batch batch = { .head.nmsrs = 0 };
        guint next = from;
        for (; next < state->n_msrs && batch.head.nmsrs < BATCH; next++) {
            const VcpuMsr *msr = &state->msrs[next];
            /*
             * A reset writes 0 to the TSC, which KVM takes as the wish that all vCPUs
             * agree. It must write: after a triple fault KVM on AMD has forgotten the
             * TSC's offset, and the guest's deadlines would be far in the future.
             */
            gboolean zero = reset && msr->index == MSR_IA32_TSC;
            batch.head.entries[batch.head.nmsrs++] =
                (struct kvm_msr_entry){ .index = msr->index,
                                        .data = zero ? 0 : msr->value };
        }
        for (guint32 done = 0; done < batch.head.nmsrs;) {
            Batch rest = { .head.nmsrs = batch.head.nmsrs - done };
            memcpy(rest.head.entries, &batch.head.entries[done],
                   rest.head.nmsrs * sizeof(batch.head.entries[0]));
            int n = kvm_vcpu_ioctl(cpu, KVM_SET_MSRS, &rest);
            done += (guint32)MAX(n, 0);
            if (done < batch.head.nmsrs) {
                const struct kvm_msr_entry *refused = &batch.head.entries[done++];
                if (refused->data) {
                    log_warn("vCPU %u: KVM cannot set MSR 0x%x to 0x%" PRIx64, cpu->index,
                             refused->index, (guint64)refused->data);
                }
            }
        }
        from = next;
    }
}
