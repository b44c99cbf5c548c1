/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's driver of virtio over PCI, over qtest: it finds a function's structures by
 * their capabilities, as a guest does. Messages go to guest memory, a word for each
 * vector. One VM at a time: qtest_bus_set().
 */
#pragma once
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "tests/device/virtio-common.h"

#define VPCI_QUEUES 72 /* at most */
#define NO_PORT     0xff
#define NO_VECTOR   0xffff
#define MSI_AT      0x3f0000u /* messages: a word of guest memory each */
#define MSI_DATA    0x5100u   /* and the vector */
#define DECODES     (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)
/* Features of a driver that every completion interrupts */
#define EACH_INTERRUPTS (~(1ull << VIRTIO_RING_F_EVENT_IDX))
#define VPCI_PORT       0x10 /* devfn of the root port "rp" */
#define VPCI_ROOT       0x28 /* devfn of a device that is not behind it */
#define VPCI_MACHINE                                                                     \
    "-M q35 -m 64 -smp 3 -object iothread,id=io -object rng-random,id=r "                \
    "-device pcie-root-port,id=rp,bus=pcie.0,chassis=1,addr=2 "
#define MIB (1u << 20)

typedef struct VirtioPciDriver {
    QTest *q;
    unsigned port, devfn; /* devfn of the root port that it is behind, or NO_PORT */
    guint8 msix, express, window; /* capabilities */
    guint64 registers, table, pba;
    guint64 common, notify, isr, config;
    guint32 multiplier;
    unsigned n_vectors, n_queues;
    guint64 features;
    guint64 data; /* memory behind the rings */
    GuestRing rings[VPCI_QUEUES];
    guint16 noff[VPCI_QUEUES];
} VirtioPciDriver;

/* Configuration space. */
guint32 vpci_cfg(const VirtioPciDriver *d, unsigned offset, unsigned size);
void vpci_set_cfg(const VirtioPciDriver *d, unsigned offset, unsigned size,
                  guint32 value);
/* The same of the root port. */
guint32 vpci_port_cfg(const VirtioPciDriver *d, unsigned offset, unsigned size);
void vpci_set_port_cfg(const VirtioPciDriver *d, unsigned offset, unsigned size,
                       guint32 value);

/*
 * Finds everything in the function, which decodes and masters from then on. where: the
 * options that say its bus, ",bus=rp..." or ",bus=pcie.0,addr=5".
 */
void vpci_find(VirtioPciDriver *d, QTest *q, const char *where);
/* Only what the capabilities say, of a function that may have no such structures. */
void vpci_find_function(VirtioPciDriver *d, QTest *q, const char *where);
/* Again, after the BARs may have moved. */
void vpci_find_again(VirtioPciDriver *d);

/* Registers; put: of the common configuration. */
guint32 vpci_get(const VirtioPciDriver *d, unsigned offset, unsigned size);
void vpci_put(const VirtioPciDriver *d, unsigned offset, unsigned size, guint32 value);
guint32 vpci_read(const VirtioPciDriver *d, guint64 addr, unsigned size);
void vpci_write(const VirtioPciDriver *d, guint64 addr, unsigned size, guint32 value);

/* 3.1.1 up to FEATURES_OK, with what is offered of `features`. TRUE when that sticks. */
gboolean vpci_negotiate(VirtioPciDriver *d, guint64 features);
/* A ring of num entries; vector may be NO_VECTOR. */
void vpci_set_up_queue(VirtioPciDriver *d, unsigned i, guint16 num, guint16 vector);
/* All of it: n queues of num entries with vectors 0 to n - 1, then live. */
void vpci_start(VirtioPciDriver *d, guint64 features, unsigned n, guint16 num);
void vpci_kick(VirtioPciDriver *d, unsigned queue);
void vpci_wait_used(VirtioPciDriver *d, unsigned queue, guint32 *head, guint32 *len);
guint16 vpci_used_idx(const VirtioPciDriver *d, unsigned queue);
void vpci_wait_used_idx(const VirtioPciDriver *d, unsigned queue, guint16 idx);

/* MSI-X: every vector with a message of its own, none masked. */
void vpci_enable_msix(VirtioPciDriver *d);
void vpci_aim(VirtioPciDriver *d, unsigned vector, guint64 addr, guint32 data);
void vpci_mask(VirtioPciDriver *d, unsigned vector, gboolean masked);
gboolean vpci_pending(VirtioPciDriver *d, unsigned vector);
/* The message that has come since the last call; 0: none. */
guint32 vpci_taken(VirtioPciDriver *d, unsigned vector);
void vpci_wait_message(VirtioPciDriver *d, unsigned vector);
/* None has come, and none is on its way: nothing is in flight. */
void vpci_expect_silence(VirtioPciDriver *d);

/* virtio-blk: one sector (to or from d->data + 0x4000 * slot); only made available. */
guint16 vpci_blk_add(VirtioPciDriver *d, unsigned queue, unsigned slot, guint32 type,
                     guint64 sector);
guint8 vpci_blk_status(VirtioPciDriver *d, unsigned slot);
/* A read of sector 0 from start to end; returns its status. */
guint8 vpci_blk(VirtioPciDriver *d, unsigned queue);
void vpci_read_one(VirtioPciDriver *d, unsigned queue); /* and that is good */

/* The tests: a directory, and each test for the places where a function may be. */
extern char *vpci_dir;
void vpci_init(int *argc, char ***argv);
int vpci_run(void);
/* fn's data is `where`. */
void vpci_add_everywhere(const char *name, GTestDataFunc fn);
void vpci_add_behind_port(const char *name, GTestDataFunc fn);
/* A disk "d" of one MiB of 0x11 on node "n", which may hold requests. */
char *vpci_disk_options(const char *where, const char *more);
QTest *vpci_start_disk(VirtioPciDriver *d, const char *where, const char *more);
/* With a driver and MSI-X; each completion interrupts. */
QTest *vpci_start_live(VirtioPciDriver *d, const char *where);
