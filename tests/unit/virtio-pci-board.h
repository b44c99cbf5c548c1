/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk of three queues on PCI, with a driver, on the board of pci-board.h: its drive
 * "n" is below the block driver "x-test", and there is an iothread "io". Messages are
 * found in RAM.
 */
#pragma once
#include "guest-ring.h"
#include "pci-board.h"
#include "virtio/pci-internal.h"

#define REGISTERS 0xc0000000u /* BAR 4 */
#define TABLE     0xc0100000u /* BAR 1 */
#define RINGS     0x10000u
#define DATA      0x40000u
#define NUM       16
#define QUEUES    3
#define ON        (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)
#define NO_VECTOR VIRTIO_MSI_NO_VECTOR
#define DISK_SIZE (1u << 20)

extern VirtioPci *v;                        /* the function */
extern guint32 common, notify, isr, config; /* addresses of its structures */
extern GuestRing rings[QUEUES];

/* A vCPU's accesses: *done when it goes on; or it has gone on. */
void set_done(void *opaque);
void begin_write(guint64 addr, unsigned size, guint32 value, gboolean *done);
void begin_write_config(unsigned offset, unsigned size, guint32 value, gboolean *done);
void wait_done(const gboolean *done);
guint32 get(unsigned offset, unsigned size); /* of the common configuration */
void put(unsigned offset, unsigned size, guint32 value);
void put_config(unsigned offset, unsigned size, guint32 value); /* PCI's */
void read_guest(guint64 addr, void *buf, gsize len);

/* A turn of the main loop, and of others. */
void turn(void);
/* Nothing more comes of what has been begun. */
void let_settle(void);
/* The message of a vector that has come since the last call; 0: none. */
guint32 taken(unsigned vector);
void wait_message(unsigned vector);

/* The driver */
void map_bars(void);
void mask(unsigned vector, gboolean masked);
void enable_msix(void);
/* All that is offered but for `without`. */
void negotiate(guint64 without);
void set_up_queue(unsigned i, guint16 vector);
/* All queues, each with the vector of its number. Without event_idx: each interrupts. */
void start(void);
void kick(unsigned queue);
/* A flush, which the medium may hold. */
void request(unsigned queue);
gboolean is_done(unsigned queue);
void wait_used(unsigned queue);
/* What the medium does with requests; returns how many it holds. */
guint64 medium(const char *command);
void hold_request(unsigned queue);

/* The machine */
Device *new_disk(void); /* not plugged */
void plug(Device *dev, PciBus *bus);
void make_medium(void);
/* iothread: whose loop the disk has; NULL: the main one. */
void make_board(const char *iothread);
/* The same, with MSI-X and a driver. */
void make_live(const char *iothread);
void free_board(void);

/* A test /virtio-pci/NAME/..., of a disk on the main loop and of one with an iothread. */
void add_both(const char *name, GTestDataFunc fn);
