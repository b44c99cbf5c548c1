/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the KVM accelerator share. */
#ifndef VIREO_ACCEL_KVM_INTERNAL_H
#define VIREO_ACCEL_KVM_INTERNAL_H

#include <linux/kvm.h>
#include <stddef.h>

#include "accel/accel.h"
#include "accel/vcpu.h"

/* Probed once at start, constant afterwards. 0: missing. */
typedef struct KvmCaps {
    int nr_memslots, irq_routing, immediate_exit, split_irqchip, signal_msi;
    int ext_cpuid, vcpu_events, debugregs, xcrs, adjust_clock, get_tsc_khz;
    /* a VM does without these */
    int irqfd, ioeventfd, ioeventfd_any_length, readonly_mem, xsave2;
    int tsc_deadline_timer, tsc_control, kvmclock_ctrl, set_tss_addr;
    int set_identity_map_addr;
    int manual_dirty_log;
} KvmCaps;

typedef struct Kvm {
    int fd, vm_fd;
    size_t run_size; /* of the mapping of a vCPU */
    KvmCaps caps;
    GPtrArray *vcpus; /* by index */
    gboolean run;     /* vCPUs may run; machine lock */
    guint64 clock;    /* guest's kvmclock while stopped, in ns */
    gboolean clock_valid;
} Kvm;

extern Kvm kvm;

gboolean kvm_open(const char *device, GError **errp);
int kvm_ioctl(unsigned long request, void *arg);
int kvm_vm_ioctl(unsigned long request, void *arg);
int kvm_vcpu_ioctl(const Vcpu *cpu, unsigned long request, void *arg);

/* kvm-caps.c: without: "NAME[:NAME...]" of optional ones to do without, or NULL. */
gboolean kvm_probe(const char *without, GError **errp);

/* kvm-memory.c: follows the address maps. */
gboolean kvm_memory_init(GError **errp);

/* kvm-route.c */
void kvm_send_msi(const MsiMessage *msg);
gboolean kvm_set_gsi_route(unsigned gsi, const MsiMessage *msg);
gboolean kvm_commit_gsi_routes(GError **errp);
unsigned kvm_gsi_count(void);
gboolean kvm_add_irqfd(unsigned gsi, int fd);
void kvm_del_irqfd(unsigned gsi, int fd);

/*
 * kvm-vcpu.c. All of these under the machine lock. Between pause and resume no vCPU
 * is inside KVM_RUN (they wait just before it): memory slots are replaced then.
 */
gboolean kvm_create_vcpu(unsigned index, guint32 apic_id, GError **errp);
gboolean kvm_finish_vcpus(GError **errp);
void kvm_run_vcpus(gboolean run);
void kvm_when_vcpus_rest(void (*done)(void *opaque), void *opaque);
void kvm_hold_current_vcpu(void);
void kvm_pause_for_slots(void);
void kvm_resume_after_slots(void);
/* Any thread: its next KVM_RUN, or the one that it is in, ends with EINTR. */
void kvm_kick_vcpu(Vcpu *cpu);

#define VCPU_MSRS_MAX  768
#define VCPU_XSAVE_MAX 12288

typedef struct VcpuMsr {
    guint32 index;
    guint64 value;
} VcpuMsr;

/*
 * Everything that a vCPU is, in KVM's own structures; made when it is to be saved or
 * loaded. Of the two arrays at the end only what is used is written.
 */
struct VcpuState {
    Vcpu *cpu;
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_mp_state mp_state;
    struct kvm_vcpu_events events;
    struct kvm_debugregs debugregs;
    struct kvm_xcrs xcrs;
    struct kvm_lapic_state lapic;
    guint32 tsc_khz;
    guint64 clock;
    guint32 xsave_size, n_msrs;
    guint8 xsave[VCPU_XSAVE_MAX];
    VcpuMsr msrs[VCPU_MSRS_MAX];
};

struct Vcpu {
    unsigned index;
    guint32 apic_id;
    int fd;
    struct kvm_run *run; /* atomic: NULL until the thread has made it */
    GThread *thread;
    int tid;

    GError *error;  /* of making it */
    gboolean fresh; /* as it was made */

    GCond wake;        /* the thread waits here with the machine lock */
    gboolean held;     /* asked for something: waits for run_vcpus(TRUE) */
    gboolean stopped;  /* waits, with no exit half done */
    gboolean parked;   /* its access is held (event/lock.h) */
    gboolean answered; /* the access has been completed */
    gint stop;         /* atomic: leave the run loop */
    gint nmi;          /* atomic: LINT1 has been raised */
    gint in_guest;     /* atomic: inside KVM_RUN */
};

/*
 * kvm-inject.c. The vCPU's own thread, before each KVM_RUN. between: no instruction is
 * half done, which is known after EINTR, and when the window for interrupts has opened.
 */
void vcpu_inject(Vcpu *cpu, gboolean between);
/* The same when it begins to run, and when it comes to rest (with the machine lock). */
void vcpu_inject_first(Vcpu *cpu);
void vcpu_inject_last(Vcpu *cpu);
void kvm_pic_output(gboolean level);
gboolean kvm_inject_nmi(GError **errp);

/* kvm-state.c: between KVM and *state; while the vCPU is not in KVM_RUN. */
gboolean vcpu_save(Vcpu *cpu, VcpuState *state, GError **errp);
gboolean vcpu_load(Vcpu *cpu, const VcpuState *state, GError **errp);
/* The same for a reset: the time stamp counter begins at 0. */
gboolean vcpu_load_reset(Vcpu *cpu, const VcpuState *state, GError **errp);

/* kvm-msr.c: which MSRs there are, is asked once; those that cannot be read go. */
gboolean vcpu_msrs_save(Vcpu *cpu, VcpuState *state, GError **errp);
void vcpu_msrs_load(Vcpu *cpu, const VcpuState *state, gboolean reset);

/*
 * kvm-boot.c: the state in which KVM has made the boot processor, to which a reset goes
 * back; in that vCPU's thread, before it runs.
 */
gboolean kvm_keep_power_on(Vcpu *cpu, GError **errp);
void kvm_reset_vcpus(const BootState *boot);

/* kvm-cpuid.c */
gboolean kvm_set_cpuid(Vcpu *cpu, GError **errp);
unsigned kvm_phys_bits(void);

#endif
