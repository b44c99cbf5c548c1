/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver of an AHCI over qtest: where the lists are, commands, frames. It looks until
 * what it waits for is there: the emulator's end ends that, too.
 */
#ifndef VIREO_TESTS_AHCI_H
#define VIREO_TESTS_AHCI_H

#include "tests/device/qtest.h"

/* Registers of a port. */
enum {
    A_CLB = 0x00,
    A_FB = 0x08,
    A_IS = 0x10,
    A_IE = 0x14,
    A_CMD = 0x18,
    A_TFD = 0x20,
    A_SIG = 0x24,
    A_SSTS = 0x28,
    A_SCTL = 0x2c,
    A_SERR = 0x30,
    A_SACT = 0x34,
    A_CI = 0x38,
};
#define A_DHRS (1u << 0)
#define A_PSS  (1u << 1)
#define A_SDBS (1u << 3)
#define A_OFS  (1u << 24)
#define A_IFS  (1u << 27)
#define A_HBFS (1u << 29)
#define A_TFES (1u << 30)

#define AHCI_BOARD_CONFIG 0xb00fa000ull /* of 1f.2 */
#define AHCI_DATA         0x600000ull   /* behind all lists */
#define AHCI_UNTOUCHED    0xee          /* what the driver fills buffers with */

typedef struct Ahci {
    QTest *q;
    guint64 config, bar;
    guint64 lists; /* 128 KiB for each port */
} Ahci;

/* A piece of the guest's memory. */
typedef struct AhciPrd {
    guint64 address;
    guint32 bytes;
} AhciPrd;

typedef struct AhciTask {
    guint8 command, device;
    guint16 features, count;
    guint64 lba;
    gboolean queued;  /* count is of sectors; the tag is the slot's */
    gboolean control; /* no command: the control register is written */
    guint8 control_value;
    guint8 packet[16];
    gboolean has_packet;
    const AhciPrd *prds;
    unsigned n_prds;
    gboolean out; /* data goes to the drive */
} AhciTask;

/* Of the function whose configuration space is there; it masters the bus. */
void ahci_open(Ahci *a, QTest *q, guint64 config, guint64 lists);
guint32 ahci_read(const Ahci *a, guint32 reg);
void ahci_write(const Ahci *a, guint32 reg, guint32 value);
guint32 ahci_get(const Ahci *a, unsigned port, guint32 reg);
void ahci_set(const Ahci *a, unsigned port, guint32 reg, guint32 value);

guint64 ahci_list(const Ahci *a, unsigned port);
guint64 ahci_fis(const Ahci *a, unsigned port);
guint64 ahci_table(const Ahci *a, unsigned port, unsigned slot);
/* Interrupts on, its lists in place, begun. */
void ahci_start(const Ahci *a, unsigned port);
/* ST off and on again, and what was reported is cleared. */
void ahci_restart(const Ahci *a, unsigned port);

/* Writes header and table. */
void ahci_prepare(const Ahci *a, unsigned port, unsigned slot, const AhciTask *t);
/* Prepares and issues it. */
void ahci_issue(const Ahci *a, unsigned port, unsigned slot, const AhciTask *t);
/* Until the slot is free again (TRUE), or the port reports an error. */
gboolean ahci_wait(const Ahci *a, unsigned port, unsigned slot);
/* In slot 0; TRUE: it has ended well. */
gboolean ahci_do(const Ahci *a, unsigned port, const AhciTask *t);
/* READ and WRITE DMA EXT of sectors at AHCI_DATA; or, queued, by FPDMA. */
gboolean ahci_move(const Ahci *a, unsigned port, gboolean write, guint64 lba,
                   guint16 sectors, gboolean queued);
/* Bytes that were moved, as the header says. */
guint32 ahci_moved(const Ahci *a, unsigned port, unsigned slot);
/* IDENTIFY: 256 words. */
void ahci_identify(const Ahci *a, unsigned port, guint16 *words);
/* By two frames: 10.4.1. */
void ahci_soft_reset(const Ahci *a, unsigned port);

#endif
