/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DATA SET MANAGEMENT with TRIM (ATA8-ACS, 7.10): sectors full of ranges, which are done
 * one after the other. A page of the list is read when its turn comes, and what it says
 * is checked on the copy; each page has a request at least, so that others have the loop
 * in between however long the list is.
 */
#include "ide/hd.h"

#define TRIM        1 /* features */
#define PAGE_RANGES 64

/* In the command's scratch words. */
enum { PAGES_LEFT, RANGE };

/* The ranges of the page at hand. */
static guint64 *ranges(IdeCommand *cmd)
{
    return (guint64 *)cmd->page;
}

static void next_range(IdeCommand *cmd, int error);

static void next_page(IdeCommand *cmd)
{
    if (cmd->scratch[PAGES_LEFT] == 0) {
        ide_command_good(cmd);
        return;
    }
    cmd->scratch[PAGES_LEFT]--;
    cmd->scratch[RANGE] = 0;
    if (!ide_command_receive(cmd, cmd->page, sizeof(cmd->page))) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    ide_request(cmd, BLOCK_DISCARD, 0, 0, next_range); /* nothing: others' turn */
}

/* 7.10.3.1: the sector, and in the upper 16 bits their number; 0: the entry is not used.
 */
static gboolean check_range(const IdeHd *hd, guint64 range, guint64 *offset,
                            guint64 *bytes)
{
    guint64 lba = range & 0xffffffffffffull, n = range >> 48, all = hd_sectors(hd);

    *offset = lba * IDE_SECTOR_SIZE;
    *bytes = n * IDE_SECTOR_SIZE;
    return lba <= all && n <= all - lba;
}

static void next_range(IdeCommand *cmd, int error)
{
    IdeHd *hd = (IdeHd *)cmd->drive;
    guint64 offset, bytes = 0;

    if (error) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    while (bytes == 0 && cmd->scratch[RANGE] < PAGE_RANGES) {
        guint64 range = GUINT64_FROM_LE(ranges(cmd)[cmd->scratch[RANGE]++]);
        if (range >> 48 && !check_range(hd, range, &offset, &bytes)) {
            block_account_invalid(&hd->drive.stats, BLOCK_DISCARD);
            ide_command_fail(cmd, IDE_ERROR_IDNF);
            return;
        }
    }
    if (bytes) {
        ide_request(cmd, BLOCK_DISCARD, offset, bytes, next_range);
    } else {
        next_page(cmd);
    }
}

void hd_trim(IdeHd *hd, IdeCommand *cmd)
{
    if (!(cmd->features & TRIM) || !hd->drive.discard_granularity || !cmd->regs.count) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    cmd->scratch[PAGES_LEFT] = cmd->regs.count;
    next_page(cmd);
}
