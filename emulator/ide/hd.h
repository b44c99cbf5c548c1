/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ide-hd: between its commands (hd.c, hd-features.c), IDENTIFY and SMART. */
#ifndef VIREO_IDE_HD_H
#define VIREO_IDE_HD_H

#include "ide/ide.h"

#define HD_HEADS        16
#define HD_SECTORS      63
#define HD_CYLINDERS    16383 /* no more are told of */
#define HD_MULTIPLE_MAX 16
#define HD_XFER_DEFAULT 0x45 /* Ultra DMA 5 */

/* The last queued command that has failed: log page 0x10 (SATA 3.1, 13.7.4). */
typedef struct HdQueueError {
    guint8 tag; /* 0x80: the last failed command was none of the queue */
    guint8 status, error, device;
    guint16 count;
    guint64 lba;
} HdQueueError;

typedef struct IdeHd {
    IdeDrive drive;
    guint16 rotation_rate; /* revolutions a minute; 1: it does not rotate; 0: unknown */

    /* What the guest has set. */
    guint8 heads, sectors; /* of CHS addresses */
    guint8 multiple;       /* sectors of a block of READ MULTIPLE; 0: not set */
    guint8 xfer;           /* SET FEATURES' code of a transfer mode */
    gboolean smart, smart_autosave;
    guint8 self_tests;    /* so many of self_test are used */
    guint8 self_test[21]; /* codes of those that have run, the oldest first */
    HdQueueError queue_error;
} IdeHd;

typedef void (*HdFn)(IdeHd *hd, IdeCommand *cmd);

static inline guint64 hd_sectors(const IdeHd *hd)
{
    return block_node_size(hd->drive.node) / IDE_SECTOR_SIZE;
}

/* The page of a PIO command, whole; ends the command. */
void hd_send_page(IdeCommand *cmd, const guint8 page[IDE_SECTOR_SIZE]);
void hd_identify(IdeHd *hd, IdeCommand *cmd);     /* hd-identify.c */
void hd_set_features(IdeHd *hd, IdeCommand *cmd); /* hd-features.c */
void hd_set_multiple(IdeHd *hd, IdeCommand *cmd); /* the same */
void hd_trim(IdeHd *hd, IdeCommand *cmd);         /* hd-trim.c */
void hd_smart(IdeHd *hd, IdeCommand *cmd);        /* hd-smart.c */
void hd_read_log(IdeHd *hd, IdeCommand *cmd);     /* hd-log.c */
/* Remembers a queued command that fails with this error. */
void hd_note_queue_error(IdeHd *hd, const IdeCommand *cmd, guint8 error);

#endif
