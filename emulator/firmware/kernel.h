/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel loaders: bzImage (64-bit boot protocol, 2.12 or later) and ELF with a PVH
 * entry point. The files are hostile input. They are opened and checked once and
 * stay open: every reset of the machine reads them into guest memory again.
 */
#ifndef VIREO_FIRMWARE_KERNEL_H
#define VIREO_FIRMWARE_KERNEL_H

#include "accel/accel.h"

typedef struct Kernel Kernel;

/* What the kernel is told about memory. */
typedef struct BootMemory {
    guint64 low_ram;  /* bytes from 0 on */
    guint64 high_ram; /* bytes from 4 GiB on */
    /* No memory, and nothing that the kernel may place there; size 0: none. */
    guint64 reserved_base, reserved_size;
    guint64 rsdp;     /* address of the ACPI RSDP (0: none); tables lie below 1 MiB */
} BootMemory;

/*
 * Opens and checks kernel and initrd (NULL: none) against the memory; creates
 * nothing. cmdline NULL: empty. Errors name option and value.
 */
Kernel *kernel_open(const char *path, const char *initrd, const char *cmdline,
                    const BootMemory *memory, GError **errp);
void kernel_free(Kernel *kernel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kernel, kernel_free)

/*
 * Whether this is a Linux that will not ask kvmclock for the rate of the TSC, because
 * its command line says so, or because it is not to know that this is KVM (hidden);
 * nor has it the rate from its command line.
 */
gboolean kernel_lacks_kvmclock(const Kernel *kernel, gboolean hidden);
/* From the next load on, its command line tells the rate; 0: it does not. */
void kernel_tell_tsc(Kernel *kernel, guint32 khz);

/* Into guest memory; fills the entry state. Under the machine lock, vCPUs stopped. */
gboolean kernel_load(const Kernel *kernel, BootState *boot, GError **errp);

#endif
