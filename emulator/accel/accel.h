/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What runs the guest: KVM, or qtest, which runs nothing and lets a test drive
 * the devices. One accelerator is chosen at start and stays.
 */
#ifndef VIREO_ACCEL_ACCEL_H
#define VIREO_ACCEL_ACCEL_H

#include "config/node.h"

typedef struct Vcpu Vcpu;

/* MSI message as the interrupt controllers and routing know it. */
typedef struct MsiMessage {
    guint64 address;
    guint32 data;
} MsiMessage;

/* Entry state of the boot processor; filled by firmware/, applied at reset. */
typedef struct BootState {
    gboolean reset_vector; /* as after power-on: firmware; the rest does not count */
    gboolean valid;
    gboolean long_mode; /* 64-bit entry: page tables at cr3, GDT at gdt_base */
    guint64 entry, stack;
    guint64 rsi, rbx; /* bzImage: zero page; PVH: start info */
    guint64 cr3, gdt_base;
    guint16 gdt_limit;
} BootState;

typedef struct Accel {
    const char *name;
    /* Creates the VM. node: the -accel options. Before any memory is mapped. */
    gboolean (*init)(ConfigNode *node, GError **errp);
    /* After the board's RAM is mapped: irqchip, vCPUs (their threads wait). */
    gboolean (*create_irqchip)(GError **errp);
    /*
     * Begins to make a vCPU, in the order of their indices; qtest has none. The work
     * is done when finish_vcpus() returns, and what went wrong comes from there.
     */
    gboolean (*create_vcpu)(unsigned index, guint32 apic_id, GError **errp);
    gboolean (*finish_vcpus)(GError **errp);
    /* All vCPUs to the state after power-on; the first one takes the boot state. */
    void (*reset_vcpus)(const BootState *boot);
    void (*run_vcpus)(gboolean run); /* returns when none is in the guest, if !run */
    /*
     * After run_vcpus(FALSE): no vCPU has an access half done any more, and their state
     * can be saved, loaded, reset. Main loop, under the lock, now or later. NULL: always.
     */
    void (*when_vcpus_rest)(void (*done)(void *opaque), void *opaque);
    /* A vCPU thread: it does not enter the guest again until run_vcpus(TRUE). */
    void (*hold_current_vcpu)(void);
    /* Interrupts: an MSI now; a GSI of the split irqchip routed to an MSI. */
    void (*send_msi)(const MsiMessage *msg);
    /* FALSE: there is no such GSI. Takes effect by the commit. */
    gboolean (*set_gsi_route)(unsigned gsi, const MsiMessage *msg /* NULL: none */);
    /* FALSE: all that was set since the last one is as it was before. */
    gboolean (*commit_gsi_routes)(GError **errp);
    unsigned (*gsi_count)(void); /* pins included */
    /* Lets fd raise gsi without user space; FALSE: not possible, poll it instead. */
    gboolean (*add_irqfd)(unsigned gsi, int fd);
    void (*del_irqfd)(unsigned gsi, int fd);
    /* See accel_pic_output(), accel_inject_nmi(); NULL: nobody to take it. */
    void (*pic_output)(gboolean level);
    gboolean (*inject_nmi)(GError **errp);
    /* Of a guest-physical address; NULL: ACCEL_PHYS_BITS. */
    unsigned (*phys_bits)(void);
} Accel;

#define ACCEL_PHYS_BITS 40 /* as QEMU has it for a CPU that says nothing else */

extern const Accel accel_kvm;
extern const Accel accel_qtest;

/*
 * The board's I/O APIC (split irqchip), set before create_irqchip: how many GSIs are
 * its pins, and who hears that a vCPU has acknowledged a level-triggered vector. eoi
 * runs under the machine lock.
 */
void accel_set_ioapic(unsigned pins, void (*eoi)(void *opaque, guint8 vector),
                      void *opaque);

unsigned accel_ioapic_pins(void);
void accel_ioapic_eoi(guint8 vector);

/* A GSI above the I/O APIC's pins, for an MSI; -1 with errp: all are in use. */
int accel_gsi_alloc(GError **errp);
void accel_gsi_free(int gsi);

/*
 * The board's 8259: who is asked, under the machine lock, for the vector of its highest
 * request (the INTA cycles; -1: none). NULL: there is none any more.
 */
void accel_set_pic(int (*acknowledge)(void *opaque), void *opaque);
int accel_pic_acknowledge(void);
/*
 * Its INT output, at LINT0 of vCPU 0: while it is up that vCPU acknowledges as soon as it
 * can take an interrupt, if its local APIC lets ExtINT through. Machine lock, any thread.
 */
void accel_pic_output(gboolean level);
/*
 * An NMI at LINT1 of every vCPU, as a button on the board would give it: the local APICs
 * say what becomes of it. Machine lock.
 */
gboolean accel_inject_nmi(GError **errp);
/* Bits of the highest address that the guest can reach, by CPUID and page tables. */
unsigned accel_phys_bits(void);

/* node: the -accel options. */
gboolean accel_init(ConfigNode *node, GError **errp);
const Accel *accel_get(void);
/* Tests: a stand-in; before anything uses it. */
void accel_set(const Accel *accel);
void accel_when_vcpus_rest(void (*done)(void *opaque), void *opaque);

#endif
