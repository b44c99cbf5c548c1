/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCSI commands (SPC-3, SBC-3) of a disk, and of a target without one.
 *
 * A host adapter puts a CDB into a command, has scsi_disk_parse() say how much data goes
 * which way, gives so much of the guest's memory, and runs it. The command ends by
 * done(), now or later, in the loop that the medium's user is bound to; all of this runs
 * there. Nothing is allocated for a request, but for the pattern of WRITE SAME.
 */
#ifndef VIREO_SCSI_SCSI_H
#define VIREO_SCSI_SCSI_H

#include "block/on-error.h"
#include "block/stats.h"

#define SCSI_CDB_SIZE   32
#define SCSI_SENSE_SIZE 18 /* fixed format */

/* SAM-3, 5.3: how a command has ended. */
enum { SCSI_GOOD = 0x00, SCSI_CHECK_CONDITION = 0x02 };

/* Sense: key, additional sense code and qualifier (SPC-3, 4.5.6). */
#define SCSI_SENSE(key, code) ((guint32)(key) << 16 | (code))
enum {
    SCSI_SENSE_NONE = SCSI_SENSE(0x0, 0x0000),
    SCSI_SENSE_NO_RESOURCES = SCSI_SENSE(0x4, 0x4400), /* internal target failure */
    SCSI_SENSE_PARAMETER_LENGTH = SCSI_SENSE(0x5, 0x1a00),
    SCSI_SENSE_OPCODE = SCSI_SENSE(0x5, 0x2000),
    SCSI_SENSE_OUT_OF_RANGE = SCSI_SENSE(0x5, 0x2100),
    SCSI_SENSE_FIELD = SCSI_SENSE(0x5, 0x2400),
    SCSI_SENSE_NO_LUN = SCSI_SENSE(0x5, 0x2500),
    SCSI_SENSE_PARAMETER = SCSI_SENSE(0x5, 0x2600),
    SCSI_SENSE_SAVING = SCSI_SENSE(0x5, 0x3900),
    SCSI_SENSE_RESET = SCSI_SENSE(0x6, 0x2900),
    SCSI_SENSE_CAPACITY = SCSI_SENSE(0x6, 0x2a09),
    SCSI_SENSE_PROTECTED = SCSI_SENSE(0x7, 0x2700),
    SCSI_SENSE_IO = SCSI_SENSE(0xb, 0x0006), /* the I/O process has ended */
    SCSI_SENSE_SPACE = SCSI_SENSE(0x7, 0x2707),
};

typedef enum ScsiMode { SCSI_NO_DATA, SCSI_TO_GUEST, SCSI_FROM_GUEST } ScsiMode;

typedef struct ScsiDisk ScsiDisk;
typedef struct ScsiCommand ScsiCommand;
typedef struct ScsiRow ScsiRow;

/* The adapter's, one for each command that is under way. It does not move. */
struct ScsiCommand {
    guint8 cdb[SCSI_CDB_SIZE]; /* the adapter's copy: zeros behind what the guest sent */
    /* From scsi_disk_parse(). */
    const ScsiRow *row; /* NULL: not known */
    ScsiMode mode;
    guint64 xfer; /* bytes of data */
    /* The adapter's: pieces of exactly xfer bytes. They stay until the end. */
    const struct iovec *iov;
    unsigned n_iov;
    /*
     * The end: the command is the adapter's again. `again`: the VM has stopped for it; it
     * is to be parsed and run once more when the VM goes on, and the guest is told
     * nothing.
     */
    void (*done)(ScsiCommand *cmd);
    gboolean again;
    guint8 status;
    guint8 sense_len; /* 0: none */
    guint8 sense[SCSI_SENSE_SIZE];
    guint64 moved; /* bytes of data that are valid, or were taken */

    /* The disk's. */
    ScsiDisk *disk;
    guint64 lba, blocks;
    BlockRequest block;
    BlockAccount account;
    guint64 offset, left; /* bytes, of what goes in pieces */
    guint32 entry;        /* of UNMAP's list */
    void *pattern;        /* WRITE SAME's, owned */
    struct iovec pattern_iov;
};

/* A disk: what it is, and what the guest has made of it. */
struct ScsiDisk {
    BlockNode *node;
    BlockChild *user;
    const char *path; /* the device's */
    BlockStats stats;
    gboolean read_only;

    /* What it says of itself; set before it is used, texts borrowed or NULL. */
    const char *vendor, *product, *version, *serial, *device_id;
    guint64 wwn, port_wwn; /* 0: none */
    guint16 port_index;    /* 0: none */
    guint16 rotation_rate;
    guint8 scsi_version;
    gboolean removable, dpofua;
    guint32 block_size, physical_block_size; /* bytes, powers of two */
    guint32 min_io_size, opt_io_size;        /* bytes */
    guint32 discard_granularity;             /* bytes; 0: no thin provisioning */
    guint64 max_unmap_size, max_io_size;     /* bytes */
    int werror, rerror;                      /* BLOCK_ON_ERROR_ */

    /* The guest's: state. */
    gint attention;       /* atomic: a sense that the next command is told; 0: none */
    gboolean write_cache; /* else a write is on the medium when it ends */
    gboolean prevented;   /* the medium is not to be removed */
};

/* Of the medium, now. */
guint64 scsi_disk_blocks(const ScsiDisk *disk);
/* Says how much data the CDB wants; hostile: any bytes will do. */
void scsi_disk_parse(const ScsiDisk *disk, ScsiCommand *cmd);
/* Parsed, and with its data. */
void scsi_disk_run(ScsiDisk *disk, ScsiCommand *cmd);
/*
 * A target that has these LUNs (below 16384, rising): parses and runs REPORT LUNS, or
 * what is sent to `lun` that is none of them.
 */
void scsi_target_parse(ScsiCommand *cmd);
void scsi_target_run(ScsiCommand *cmd, const guint16 *luns, unsigned n, guint16 lun);

/* --- command.c: what all commands are made of --- */

/* Big-endian numbers of 1 to 8 bytes. */
guint64 scsi_get(const guint8 *p, unsigned size);
void scsi_put(guint8 *p, unsigned size, guint64 value);
void scsi_good(ScsiCommand *cmd);
void scsi_check(ScsiCommand *cmd, guint32 sense); /* SCSI_SENSE_ */
/* Fills 18 bytes. */
void scsi_fill_sense(guint8 *p, guint32 sense);
/* The reply, or so much as there is room for; ends the command. */
void scsi_reply(ScsiCommand *cmd, const void *reply, gsize bytes);
/* With zeros behind it up to xfer, where QEMU has them. */
void scsi_reply_padded(ScsiCommand *cmd, const void *reply, gsize bytes);
/* Copies from the data that the guest has sent; how much there was. */
gsize scsi_receive(const ScsiCommand *cmd, guint64 offset, void *buf, gsize bytes);
/* REQUEST SENSE: this one. */
void scsi_reply_sense(ScsiCommand *cmd, guint32 sense);

/* --- disk-reply.c, disk-mode.c: handlers --- */

void scsi_disk_inquiry(ScsiDisk *disk, ScsiCommand *cmd);
void scsi_disk_capacity_10(ScsiDisk *disk, ScsiCommand *cmd);
void scsi_disk_service_action_in(ScsiDisk *disk, ScsiCommand *cmd);
void scsi_disk_mode_sense(ScsiDisk *disk, ScsiCommand *cmd);
void scsi_disk_mode_select(ScsiDisk *disk, ScsiCommand *cmd);
/* --- disk-io.c --- */
void scsi_disk_read(ScsiDisk *disk, ScsiCommand *cmd);
void scsi_disk_write(ScsiDisk *disk, ScsiCommand *cmd);
void scsi_disk_flush(ScsiDisk *disk, ScsiCommand *cmd);
void scsi_disk_unmap(ScsiDisk *disk, ScsiCommand *cmd);
void scsi_disk_write_same(ScsiDisk *disk, ScsiCommand *cmd);

#endif
