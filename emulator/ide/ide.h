/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATA drives, and what they are plugged into (ATA8-ACS; SATA 3.x, chapters 10 and 13).
 *
 * A port (AHCI's; ide/ahci.h) has a bus for one drive. It takes the guest's commands, and
 * hands each to the drive: registers, packet, and a way to the guest's data. The drive
 * moves the data, and ends the command in one of two ways: ide_command_end(), of which
 * the guest is told, or ide_command_again(), of which it is not: the port hands the same
 * command over once more, when the VM goes on, here or where it has migrated to.
 *
 * All of it on the main loop, or under the machine lock. A drive never waits: it ends the
 * command now, inside command(), or from a callback of the block layer.
 */
#ifndef VIREO_IDE_IDE_H
#define VIREO_IDE_IDE_H

#include "block/on-error.h"
#include "block/stats.h"
#include "device/device.h"
#include "memory/guest.h"

#define IDE_BUS_TYPE    "IDE"
#define IDE_SECTOR_SIZE 512u
#define IDE_PACKET_SIZE 16 /* bytes that a port hands over; ours use 12 */
#define IDE_QUEUE_DEPTH 32
#define IDE_UNIT_ANY    G_MAXUINT32 /* unit= is not given */

/* Status and error register. */
enum {
    IDE_STATUS_ERR = 0x01, /* CHK of a packet command */
    IDE_STATUS_DRQ = 0x08,
    IDE_STATUS_DSC = 0x10,
    IDE_STATUS_DF = 0x20,
    IDE_STATUS_DRDY = 0x40,
    IDE_STATUS_BSY = 0x80,
};
enum {
    IDE_ERROR_ABRT = 0x04,
    IDE_ERROR_IDNF = 0x10,
    IDE_ERROR_UNC = 0x40,
    IDE_ERROR_ICRC = 0x80,
    /* packet commands: the sense key above these, and */
    IDE_ERROR_ILI = 0x01,
    IDE_ERROR_EOM = 0x02,
};
/* Interrupt reason: the count register while a packet command is under way. */
enum {
    IDE_REASON_COMMAND = 0x01, /* C/D */
    IDE_REASON_TO_HOST = 0x02, /* I/O */
};

typedef struct IdeDrive IdeDrive;
typedef struct IdeCommand IdeCommand;
typedef struct IdePort IdePort; /* ide/bus.c: the drive's end of it */

/* What both sides see. */
typedef struct IdeRegisters {
    guint8 device;
    guint16 count;
    guint64 lba; /* 48 bits; 15:8 and 23:16 of a packet command: the byte count limit */
} IdeRegisters;

/* How the data goes, and with that which FISes the guest gets. */
typedef enum IdeProtocol {
    IDE_NON_DATA,
    IDE_PIO_IN, /* to the guest */
    IDE_PIO_OUT,
    IDE_DMA_IN,
    IDE_DMA_OUT,
    IDE_QUEUED_IN, /* FPDMA */
    IDE_QUEUED_OUT,
} IdeProtocol;

/* What a port does for its commands. */
typedef struct IdePortOps {
    /*
     * Pins the guest's memory for the next bytes of the command's data: at most `bytes`,
     * a multiple of `unit`, and so much as a request can have pieces. What there is
     * stands in cmd->data. Returns bytes; 0: the guest has not given so much, or it is no
     * memory; the command then ends with an error, and the port tells why.
     */
    guint64 (*map)(IdeCommand *cmd, guint64 bytes, guint32 unit, gboolean to_guest);
    /* Of these, `moved` bytes from the first on are done: marks them dirty, lets go. */
    void (*unmap)(IdeCommand *cmd, guint64 moved, gboolean to_guest);
    void (*end)(IdeCommand *cmd, gboolean again);
} IdePortOps;

/* The port's, one for each command that is under way. It does not move. */
struct IdeCommand {
    /* From the port: what the guest has sent. */
    const IdePortOps *ops;
    IdeDrive *drive;
    guint8 slot, tag; /* tag: of a queued command */
    guint8 command, control;
    guint16 features; /* queued commands: the number of sectors */
    gboolean packet_sent;
    guint8 packet[IDE_PACKET_SIZE];
    /* Taken back: ended by ide_command_again() at the next occasion, however far it is.
     */
    gboolean stopping;

    /* As sent; then, for the drive to change, as the guest will find them. */
    IdeRegisters regs;
    /* The drive's, before it moves data. */
    IdeProtocol protocol;
    guint32
        pio_block; /* bytes of a PIO data block (0: a sector); a packet's: the limit */
    /* The drive's, at the end: DRDY and what it adds. */
    guint8 status, error;

    guint64 moved; /* bytes of data so far, both ways */
    GuestIov data; /* that are mapped now */
    guint64 mapped;

    /* ide_transfer() and its like. */
    BlockRequest block;
    BlockAccount account;
    guint64 offset, left; /* bytes: on the medium, that are still to be moved */
    void (*done)(IdeCommand *cmd, int error);

    /* The drive's own, as it likes; not there any more when the command is done again. */
    guint64 scratch[4];
    guint8 page[IDE_SECTOR_SIZE] __attribute__((aligned(8)));
};

typedef struct IdeDriveClass {
    DeviceClass device; /* .parent: &ide_drive_class */
    gboolean packet;    /* of the signature: a packet device (ATA8-ACS, 9.12) */
    guint32 max_queue;  /* queued commands; 0: none */
    /* One at a time, but for queued ones, of which as many as it says. */
    void (*command)(IdeDrive *drive, IdeCommand *cmd);
    /*
     * Power on, COMRESET (hard), or SRST of the control register: no command is under
     * way. NULL: nothing to do.
     */
    void (*port_reset)(IdeDrive *drive, gboolean hard);
} IdeDriveClass;

struct IdeDrive {
    Device device;
    IdePort *port; /* NULL: not plugged */

    /* Properties of all drives. */
    char *drive, *serial, *ver, *model;
    guint64 wwn;
    guint32 unit; /* 0, or not given */
    gint32 bootindex;
    guint64 logical_block_size, physical_block_size, min_io_size, opt_io_size;
    guint64 discard_granularity;
    int werror, rerror; /* BLOCK_ON_ERROR_ */
    int write_cache;    /* OnOffAuto */
    gboolean share_rw;

    BlockNode *node; /* NULL: no medium */
    BlockChild *user; /* the drive, of it, while it is attached */
    gboolean read_only;
    BlockStats stats;
    void (*resized)(IdeDrive *drive); /* of the medium, or it is active now; NULL: none */

    gboolean write_cache_on; /* state: else a write is on the medium when it ends */
};

extern const DeviceClass ide_drive_class;
extern const IdeDriveClass ide_hd_class;
extern const IdeDriveClass ide_cd_class;

static inline const IdeDriveClass *ide_drive_get_class(const IdeDrive *drive)
{
    return (const IdeDriveClass *)drive->device.klass;
}

/* --- Bus: bus.c --- */

/* An end of a port: embedded in what has it. */
struct IdePort {
    Bus *bus;
    IdeDrive *drive; /* NULL: nothing there */
    void *opaque;    /* the owner's */
    guint8 number;   /* among the owner's, for it to set */
    guint serial;    /* of a drive that is given none: QEMU's number */
};
/* "NAME" is a bus of the owner's for one drive; in its realize, free in its unrealize. */
void ide_port_init(IdePort *port, const char *name, Device *owner, void *opaque);
void ide_port_finalize(IdePort *port);
/* The registers after power-on, reset and DEVICE RESET: what kind of drive it is. */
void ide_drive_signature(const IdeDrive *drive, IdeRegisters *regs);

/* --- Drive: drive.c --- */

/* The node of drive=; NULL: none is named, or, with an error, there is none such. */
BlockNode *ide_drive_find_node(const IdeDrive *drive, GError **errp);
/* Attaches a node that is there; writable unless the node is not, or read_only. */
gboolean ide_drive_attach(IdeDrive *drive, BlockNode *node, gboolean read_only,
                          GError **errp);
/* No command is under way. Of a drive without a medium: nothing. */
void ide_drive_detach(IdeDrive *drive);
/* For realize: names and sizes; fills in what was not given. model: its default. */
gboolean ide_drive_check(IdeDrive *drive, const char *model, GError **errp);
/* For DeviceClass.reset. */
void ide_drive_reset(Device *device);
/* Text of IDENTIFY: padded with spaces, two characters a word, the first on top. */
void ide_put_text(guint8 *page, unsigned word, unsigned words, const char *text);
void ide_put_word(guint8 *page, unsigned word, guint16 value);
/* The last byte of a sector makes the sum of all zero. */
void ide_put_checksum(guint8 *page);

/* --- Commands: command.c --- */

/* What the drive's policy makes of a request of the command that has failed by errno. */
BlockErrorAction ide_command_error(const IdeCommand *cmd, int error);
/* Takes status and error from the command. It is gone afterwards. */
void ide_command_end(IdeCommand *cmd);
/* DRDY and DSC; the command is gone. */
void ide_command_good(IdeCommand *cmd);
/* DRDY and ERR, with these bits of the error register; the command is gone. */
void ide_command_fail(IdeCommand *cmd, guint8 error);
void ide_command_again(IdeCommand *cmd);
/*
 * Copies to or from the guest, behind what has been moved before. FALSE: the guest has no
 * memory for it; the command is to be failed.
 */
gboolean ide_command_send(IdeCommand *cmd, const void *buf, guint32 len);
gboolean ide_command_receive(IdeCommand *cmd, void *buf, guint32 len);

/*
 * Moves bytes of the medium from or to the guest, in as many requests as it needs. op:
 * BLOCK_READ or BLOCK_WRITE; offset and bytes: of whole sectors, within the medium. done
 * is called later, with 0 or an errno: what werror= and rerror= say has been done (an
 * ignored failure is none; of one for which the VM stops nobody hears but the port).
 * EFAULT: the guest has no memory for it. cmd->offset is then that of what failed. The
 * medium stays while this is under way.
 */
void ide_transfer(IdeCommand *cmd, BlockOp op, guint64 offset, guint64 bytes,
                  gboolean fua, void (*done)(IdeCommand *cmd, int error));
/* The same for what has no data of the guest: BLOCK_FLUSH, BLOCK_DISCARD, ... */
void ide_request(IdeCommand *cmd, BlockOp op, guint64 offset, guint64 bytes,
                 void (*done)(IdeCommand *cmd, int error));

#endif
