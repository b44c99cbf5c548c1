/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message signalled interrupt: one vector of MSI-X (PCI 3.0, 6.8.2) or MSI, or of
 * whatever else sends messages. A device keeps an array of them; who has the registers
 * (pci/msix.c) says message and mask, who has the data raises.
 *
 * Under the machine lock a device calls msi_vector_raise(). The data plane, which never
 * takes that lock, writes to the vector's eventfd: while the vector is not masked KVM
 * makes an interrupt of it by itself (irqfd, a GSI and its route), or the main loop does
 * where KVM cannot. While it is masked nobody reads the eventfd: its count is the pending
 * bit, so that it is right although the interrupt bypasses us.
 *
 * All functions under the machine lock.
 */
#ifndef VIREO_DEVICE_MSI_H
#define VIREO_DEVICE_MSI_H

#include "accel/accel.h"

typedef struct EventHandler EventHandler;

/* Read by anyone; changed by the functions below alone. */
typedef struct MsiVector {
    MsiMessage message;
    gboolean masked;  /* by whatever masks it: its bit, the function's, not enabled */
    gboolean pending; /* incomplete: see msi_vector_pending() */
    gboolean queued;  /* waits for msi_batch_end() */

    int fd; /* -1: none */
    unsigned fd_users;
    int gsi;               /* -1: none; routed to message */
    gboolean in_kernel;    /* fd is an irqfd on gsi */
    EventHandler *handler; /* or the main loop reads it; or, masked, nobody */
} MsiVector;

/* Masked, not pending, no message. */
void msi_vector_init(MsiVector *v);
/* Its descriptor is in use no more; sent is nothing more. */
void msi_vector_finalize(MsiVector *v);

/*
 * The eventfd for a data plane, the same for all who ask; counted. What is signalled
 * until the last put is not lost. Fails only when the host has no descriptors.
 */
gboolean msi_vector_fd_get(MsiVector *v, int *fd, GError **errp);
void msi_vector_fd_put(MsiVector *v);

/*
 * What the registers say now. Unmasked, what is pending is sent, once. Where KVM refuses
 * the route (logged once), the vector goes through the main loop, slower.
 */
void msi_vector_set(MsiVector *v, const MsiMessage *message, gboolean masked);
/*
 * Around the changes of several vectors: their routes are given to KVM once, by the last
 * end. What is signalled meanwhile comes then.
 */
void msi_batch_begin(void);
void msi_batch_end(void);

/* An interrupt: sent now, or pending while it is masked. */
void msi_vector_raise(MsiVector *v);
/*
 * The bit in the pending bit array. Also what is to be saved, with the data plane quiet:
 * then an unmasked vector may have it, for what the main loop has not come to.
 */
gboolean msi_vector_pending(MsiVector *v);
/*
 * Reset (FALSE: what the eventfd has counted goes too) and loading. A vector that is not
 * masked sends it now; when a VM is loaded the vCPUs come before the devices.
 */
void msi_vector_set_pending(MsiVector *v, gboolean pending);

#endif
