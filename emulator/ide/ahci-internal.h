/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of the controller: ahci.c (the PCI function, its life, its rows),
 * ahci-registers.c, ahci-port.c (the command lists), ahci-command.c (one command, from
 * its header to its end), ahci-data.c (PRD tables), ahci-fis.c (what the guest is sent).
 *
 * Commands are taken on the main loop, in turns: a write to PxCI only asks for that.
 * What takes a port's commands away from it (ST off, COMRESET, a reset, a stop of the VM)
 * is complete when none of them is in flight: those of several pieces end after the one
 * that is, and the vCPU that has asked waits.
 */
#ifndef VIREO_IDE_AHCI_INTERNAL_H
#define VIREO_IDE_AHCI_INTERNAL_H

#include "event/lock.h"
#include "ide/ahci.h"
#include "ide/ide.h"

/* PxSCTL: what the guest wants of the link. */
#define SCTL_DET  0x0fu
#define DET_RESET 1
#define DET_OFF   4

#define AHCI_SLOTS     32
#define AHCI_BAR_SIZE  0x1000
#define AHCI_PORT_BASE 0x100
#define AHCI_PORT_SIZE 0x80

/* GHC */
enum {
    GHC_CAP = 0x00,
    GHC_CONTROL = 0x04,
    GHC_IS = 0x08,
    GHC_PI = 0x0c,
    GHC_VS = 0x10,
};
#define CONTROL_RESET  0x00000001u
#define CONTROL_IE     0x00000002u
#define CONTROL_ENABLE 0x80000000u

/* Port registers: 3.3. */
enum {
    PORT_CLB = 0x00,
    PORT_CLBU = 0x04,
    PORT_FB = 0x08,
    PORT_FBU = 0x0c,
    PORT_IS = 0x10,
    PORT_IE = 0x14,
    PORT_CMD = 0x18,
    PORT_TFD = 0x20,
    PORT_SIG = 0x24,
    PORT_SSTS = 0x28,
    PORT_SCTL = 0x2c,
    PORT_SERR = 0x30,
    PORT_SACT = 0x34,
    PORT_CI = 0x38,
};
/* PxIS, PxIE */
enum {
    IS_DHRS = 1 << 0,
    IS_PSS = 1 << 1,
    IS_DSS = 1 << 2,
    IS_SDBS = 1 << 3,
    IS_OFS = 1 << 24,
    IS_IFS = 1 << 27,
    IS_HBFS = 1 << 29,
    IS_TFES = 1 << 30,
};
/* PxCMD */
enum {
    CMD_ST = 1 << 0,
    CMD_SUD = 1 << 1,
    CMD_POD = 1 << 2,
    CMD_CLO = 1 << 3,
    CMD_FRE = 1 << 4,
    CMD_FR = 1 << 14,
    CMD_CR = 1 << 15,
};
#define CMD_CCS_SHIFT 8
#define CMD_CCS_MASK  0x1f00u

typedef struct AhciHba AhciHba;
typedef struct AhciPort AhciPort;

/* A command in flight, and how far its PRD table has been used. */
typedef struct AhciCommand AhciCommand;
struct AhciCommand {
    IdeCommand cmd; /* first */
    AhciPort *port;
    AhciCommand *next; /* of those not in use */
    gboolean queued;
    gboolean dropped; /* taken away from the guest: nothing is told at its end */
    guint64 header;   /* where it is, for the count of bytes */
    guint64 prds;     /* address of the table */
    guint32 n_prds, prd;
    guint32 prd_offset; /* bytes of that one that are used */
    guint32 fault;      /* IS_ bit: why there was no memory for its data */
};

/* Somebody who goes on when nothing is in flight. */
typedef struct AhciWait {
    void (*done)(void *opaque);
    void *opaque;
} AhciWait;

struct AhciPort {
    AhciHba *hba;
    IdePort ide; /* the drive's end */

    /* Registers; migrated. */
    guint64 clb, fb;
    guint32 is, ie, cmd, tfd, sig, sctl, serr, sact, ci;
    guint8 last_slot;    /* the slot that was taken last */
    gboolean halted;     /* after an error, until ST is off: 5.3.2 */
    gboolean soft_reset; /* SRST is set in the drive's control register */
    gboolean signed_on;  /* the drive's signature has been sent */
    guint32 redo;        /* queued commands that are to be done again */

    /* Of this run. */
    AhciCommand *commands[AHCI_SLOTS]; /* in flight */
    unsigned in_flight;
    gboolean busy;  /* one of them is no queued one */
    gboolean held;  /* something waits for the VM to go on: nothing more until then */
    guint draining; /* so many wait until nothing is in flight */
    GSList *waits;  /* AhciWait, the last first */
};

struct AhciHba {
    PciDevice pci;
    AhciPort ports[AHCI_PORTS];
    guint32 control;   /* GHC; migrated */
    guint32 index;     /* of the pair in BAR 4; migrated */
    gboolean asserted; /* the interrupt, as it was last told */

    gboolean running; /* commands are taken */
    gboolean frozen;  /* quiesced from outside: until reset, unplug or the VM goes on */
    gboolean no_dma;
    guint resetting;  /* HBA resets that wait */
    gboolean wanted;  /* there may be commands to take */
    gboolean holding; /* the VM is told that something is in flight */
    gboolean ending;  /* who waits is told in another turn; nothing is taken before */
    unsigned in_flight, next_port;
    GSList *waits;
    AhciCommand *free; /* as many as were ever in flight */
};

/* ahci.c */
/* There may be something to take: on the main loop, soon. */
void ahci_want(AhciHba *h);
/* Starts what may run now. */
void ahci_update(AhciHba *h);
/* Takes no more commands; done is called (now or later) when none is in flight. */
void ahci_stop(AhciHba *h, void (*done)(void *opaque), void *opaque);
/* Nobody is told of what is in flight. */
void ahci_drop_all(AhciHba *h);
/* The same for a port, of which the guest takes away what is in flight. */
void ahci_port_drain(AhciPort *port, void (*done)(void *opaque), void *opaque);
/* A command has ended: who waits for that is told in a turn of its own. */
void ahci_ended(AhciPort *port);

/* ahci-registers.c */
extern const RegionOps ahci_memory_ops, ahci_pair_ops;
/* The interrupt follows PxIS, PxIE and GHC.IE; again: a message for what is new. */
void ahci_update_irq(AhciHba *h, gboolean again);
/* PxIS gets these bits. */
void ahci_port_raise(AhciPort *port, guint32 bits);

/* ahci-port.c */
/* All but the addresses of list and FIS area is as after power-on. Nothing in flight. */
void ahci_port_reset(AhciPort *port);
/* PxSCTL has switched the link on or off, and nothing is in flight. */
void ahci_port_link_changed(AhciPort *port);
gboolean ahci_port_linked(const AhciPort *port);
/* The FIS area is there, perhaps: a drive that has been reset says what it is. */
void ahci_port_sign_on(AhciPort *port);
/* ST is off, or the link: the list is forgotten. Nothing is in flight. */
void ahci_port_forget(AhciPort *port);
/* Takes what it may. FALSE: the turn is over. */
gboolean ahci_port_serve(AhciPort *port);
/* An error, with these bits of PxIS: nothing more until ST is off. */
void ahci_port_halt(AhciPort *port, guint32 bits);

/* ahci-command.c */
/* What is in the slot goes to the drive. FALSE: it cannot be taken now. */
gboolean ahci_command_start(AhciPort *port, unsigned slot, gboolean redo);
void ahci_free_commands(AhciHba *h);

/* ahci-data.c */
guint64 ahci_data_map(IdeCommand *cmd, guint64 bytes, guint32 unit, gboolean to_guest);
void ahci_data_unmap(IdeCommand *cmd, guint64 moved, gboolean to_guest);

/* ahci-fis.c: 4.2.1, and SATA 3.x, 10.5. They also set PxTFD. */
void ahci_fis_register(AhciPort *port, const IdeRegisters *regs, guint8 status,
                       guint8 error, gboolean interrupt);
void ahci_fis_pio(AhciPort *port, const IdeCommand *cmd, gboolean to_guest);
void ahci_fis_bits(AhciPort *port, guint8 status, guint8 error, guint32 done);

#endif
