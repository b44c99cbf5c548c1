/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between pci.c (the function), pci-registers.c (its structures), pci-legacy.c and
 * pci-interrupt.c.
 * All of it under the machine lock.
 */
#ifndef VIREO_VIRTIO_PCI_INTERNAL_H
#define VIREO_VIRTIO_PCI_INTERNAL_H

#include <linux/virtio_pci.h>

#include "virtio/pci.h"
#include "virtio/port-internal.h"

#define VIRTIO_MSI_NO_VECTOR     0xffff
#define VIRTIO_PCI_MULTIPLIER    4 /* bytes of a queue in the notification structure */
#define VIRTIO_PCI_STRUCTURES    4
#define VIRTIO_PCI_REGISTERS_BAR 4
#define VIRTIO_PCI_MSIX_BAR      1
#define VIRTIO_PCI_LEGACY_BAR    0

/* Which interfaces it has: as its properties say, or as its class is named. */
typedef enum VirtioPciKind {
    VIRTIO_PCI_ANY,
    VIRTIO_PCI_TRANSITIONAL,
    VIRTIO_PCI_NON_TRANSITIONAL,
} VirtioPciKind;

typedef struct VirtioPci {
    PciDevice pci;
    VirtioPort port;
    Bus *bus;        /* the part's */
    Device *backend; /* the part: a VirtioDevice */
    Region *regions[VIRTIO_PCI_STRUCTURES];
    Region *legacy; /* of BAR 0, which is the function's; NULL: there is none */
    guint8 window;  /* offset of the PCI configuration access capability */

    /* properties */
    guint32 vectors; /* of MSI-X; as many as there are, once it is realized */
    gboolean ioeventfd, queue_reset;
    VirtioPciKind kind;
    int disable_legacy; /* OnOffAuto; not AUTO, once it is realized */
    gboolean disable_modern;

    /* what the driver has written; migrated */
    guint32 device_feature_select, driver_feature_select;
    guint16 queue_select;
    /* by queue, then of the configuration: entries of the MSI-X table */
    guint32 n_vectors;
    guint16 *wanted;

    guint16 *held;       /* what the data plane was given of these, while it runs */
    gboolean *resetting; /* by queue: its reset waits */
    int intx_fd;         /* the data plane's way to the pin; -1: not in use */
    EventHandler *intx_handler;
    guint intx_users;
} VirtioPci;

/* pci-registers.c */
typedef struct VirtioPciStructure {
    guint8 type; /* VIRTIO_PCI_CAP_ */
    const char *name;
    guint32 offset, size; /* in the BAR */
    const RegionOps *ops;
} VirtioPciStructure;
extern const VirtioPciStructure virtio_pci_structures[VIRTIO_PCI_STRUCTURES];
/* The window on them that configuration space has: 4.1.4.9. */
void virtio_pci_window_read(PciDevice *dev, unsigned offset, unsigned size);
void virtio_pci_window_written(PciDevice *dev, unsigned offset, unsigned size,
                               guint32 old);

/*
 * pci-legacy.c. Which interfaces it is to have: before the configuration space is made,
 * of which identify() is called. FALSE: none.
 */
gboolean virtio_pci_choose_interfaces(VirtioPci *v, GError **errp);
void virtio_pci_identify(PciDevice *dev);
/* Below a port of PCI Express, not on the root bus or behind a conventional bridge. */
gboolean virtio_pci_behind_port(const VirtioPci *v);
/* Adds the BAR; MSI-X is there. */
void virtio_pci_add_legacy(VirtioPci *v);
void virtio_pci_init_transitional(Device *dev);
void virtio_pci_init_non_transitional(Device *dev);

/* pci-interrupt.c: VirtioTransportOps, and what the registers ask for. */
gboolean virtio_pci_vector_get(Device *transport, unsigned vector, int *fd,
                               GError **errp);
void virtio_pci_vector_put(Device *transport, unsigned vector);
void virtio_pci_interrupt(Device *transport, unsigned vector);
/* No event has a vector any more. */
void virtio_pci_forget_vectors(VirtioPci *v);
/* i: a queue, or n_vectors - 1. Stays without when there is no such vector. */
void virtio_pci_set_vector(VirtioPci *v, unsigned i, guint16 vector);
/* The pin follows the ISR status. */
void virtio_pci_update_intx(VirtioPci *v);
/* 4.1.4.5: reading clears. */
guint8 virtio_pci_read_isr(VirtioPci *v);
void virtio_pci_interrupts_changed(PciDevice *dev);
/*
 * Begins the data plane anew, with what has changed of vectors and queues. The vCPU that
 * asks for it waits until the old one has stopped.
 */
void virtio_pci_restart(VirtioPci *v);

#endif
