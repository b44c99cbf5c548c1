/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A q35 with all that a command line can put on it, and a guest that knows where it is:
 * configuration space, BARs, drivers of virtio over PCI.
 */
#ifndef VIREO_TESTS_FUZZ_Q35_GUEST_H
#define VIREO_TESTS_FUZZ_Q35_GUEST_H

#include "fuzz/guest.h"

/* Kind of a function, and where it is after a reset. */
typedef struct Q35Function {
    const char *id;
    guint8 bus, devfn;
    guint8 queues;        /* of virtio; 0: it is something else */
    guint32 features;     /* that its driver might want of the first 32 */
    gboolean may_be_gone; /* it comes and goes */
} Q35Function;

enum {
    Q35_MCH,
    Q35_LPC,
    Q35_SATA,
    Q35_PORT0,
    Q35_PORT1,
    Q35_PORT2,
    Q35_PORT3,
    Q35_DISK,
    Q35_DISK_IOTHREAD,
    Q35_DISK_READONLY,
    Q35_RNG,
    Q35_CARD,
    Q35_TESTDEV,
    Q35_SATA2,
    Q35_PCI_BRIDGE,
    Q35_SWITCH,
    Q35_BALLOON,
    Q35_SERIAL,
    Q35_KEYBOARD,
    Q35_TABLET,
    Q35_WATCHDOG,
    Q35_PVPANIC,
    Q35_HOT_DISK,
    Q35_HOT_DISK_IOTHREAD,
    Q35_HOT_RNG,
    Q35_HOT_TESTDEV,
    Q35_HOT_FUNCTION1,
    Q35_FUNCTIONS
};
#define Q35_QUEUES 8

extern const Q35Function q35_functions[Q35_FUNCTIONS];

#define Q35_BARS         6
#define Q35_CAPABILITIES 0x20 /* IDs below that */

typedef struct Q35Bar {
    guint64 address;
    gboolean known, io;
} Q35Bar;

/* What the guest has not said yet, and whom it says it to; what it knows. */
typedef struct Q35Guest {
    FuzzVm *vm;
    GString *out;
    Q35Bar bars[Q35_FUNCTIONS][Q35_BARS]; /* as it was when it looked */
    guint8 capabilities[Q35_FUNCTIONS][Q35_CAPABILITIES];
    FuzzRing rings[Q35_FUNCTIONS][Q35_QUEUES];
} Q35Guest;

/* In the harness's directory: the images. */
void q35_make_files(void);
/* The command line, the hot-plugged included; owned. */
char *q35_args(void);
/* Mostly an address at which a q35 has something. */
guint64 q35_choose_address(FuzzInput *in);

Q35Guest *q35_guest_new(FuzzVm *vm);
void q35_guest_free(Q35Guest *g);
/* Says it; returns when it is done. */
void q35_flush(Q35Guest *g);

/* All has been reset: BARs are looked for again. */
void q35_forget(Q35Guest *g);

/* By the ports; reading flushes. */
void q35_config_write(Q35Guest *g, unsigned function, unsigned offset, guint32 value);
guint32 q35_config_read(Q35Guest *g, unsigned function, unsigned offset);
/* 0: there is none. */
unsigned q35_capability(Q35Guest *g, unsigned function, guint8 id);
/* Where the BAR is, as far as the guest knows. */
guint64 q35_bar(Q35Guest *g, unsigned function, unsigned bar, gboolean *io);

/* MSI-X on, or off: then all share the pin. */
void q35_enable_msix(Q35Guest *g, unsigned function, gboolean on);
/*
 * What a driver does until its device works. wrong: from 0xf8 on, one step is not right;
 * features: of the first 32.
 */
void q35_start_driver(Q35Guest *g, unsigned function, guint32 features, guint8 wrong);
void q35_notify(Q35Guest *g, unsigned function, unsigned queue);
/* The same by the legacy interface, of a function that has it; a queue by itself, too. */
void q35_start_legacy(Q35Guest *g, unsigned function, guint32 features, guint8 wrong);
void q35_legacy_queue(Q35Guest *g, unsigned function, unsigned queue, guint8 wrong);
void q35_legacy_notify(Q35Guest *g, unsigned function, unsigned queue);
/* The queue begins anew (virtio 1.2, 2.6.1), with what the others have not. */
void q35_reset_queue(Q35Guest *g, unsigned function, unsigned queue, guint8 wrong);
/*
 * What is behind a root port gets a place in the port's window for its registers, if it
 * has none: no firmware does that for what is plugged.
 */
void q35_place(Q35Guest *g, unsigned function);
/*
 * The disk gets a driver and a sector, which begins with that; returns when the device
 * has written it. A reset meanwhile begins it anew.
 */
void q35_write_sector(Q35Guest *g, unsigned disk, guint64 sector, guint64 begin);

#endif
