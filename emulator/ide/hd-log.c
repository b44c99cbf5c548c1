/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ LOG EXT (ATA8-ACS, 7.24): the directory, and the queued command that has failed,
 * which a driver asks for to know which of its commands that was (SATA 3.1, 13.7.4).
 */
#include "ide/hd.h"

#define LOG_DIRECTORY   0x00
#define LOG_QUEUE_ERROR 0x10
#define NOT_QUEUED      0x80

static void put_directory(guint8 *page)
{
    ide_put_word(page, LOG_DIRECTORY, 1); /* version */
    ide_put_word(page, LOG_QUEUE_ERROR, 1);
}

static void put_queue_error(guint8 *page, const HdQueueError *e)
{
    page[0] = e->tag;
    page[2] = e->status;
    page[3] = e->error;
    page[7] = e->device;
    for (unsigned i = 0; i < 3; i++) {
        page[4 + i] = (guint8)(e->lba >> (8 * i));
        page[8 + i] = (guint8)(e->lba >> (24 + 8 * i));
    }
    page[12] = (guint8)e->count;
    page[13] = (guint8)(e->count >> 8);
    ide_put_checksum(page);
}

void hd_note_queue_error(IdeHd *hd, const IdeCommand *cmd, guint8 error)
{
    hd->queue_error = (HdQueueError){ .tag = cmd->tag,
                                      .status = IDE_STATUS_DRDY | IDE_STATUS_ERR,
                                      .error = error,
                                      .device = cmd->regs.device,
                                      .count = cmd->regs.count,
                                      .lba = cmd->regs.lba };
}

void hd_read_log(IdeHd *hd, IdeCommand *cmd)
{
    guint8 page[IDE_SECTOR_SIZE] = { 0 }, log = (guint8)cmd->regs.lba;

    if (cmd->regs.count != 1 || cmd->regs.lba >> 8) { /* each has one page */
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    switch (log) {
    case LOG_DIRECTORY:
        put_directory(page);
        break;
    case LOG_QUEUE_ERROR:
        put_queue_error(page, &hd->queue_error);
        hd->queue_error = (HdQueueError){ .tag = NOT_QUEUED };
        break;
    default:
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    hd_send_page(cmd, page);
}
