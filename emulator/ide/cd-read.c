/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of the medium for the guest (MMC-6: READ (10), READ (12), READ CD, SEEK). A long
 * read goes in portions: between two of them the host may take the medium out.
 *
 * A raw sector (ECMA-130, 14) is made of a block: with synchronisation and header, and
 * zeros where a disc has what corrects errors.
 */
#include <errno.h>
#include <string.h>

#include "block/on-error.h"
#include "ide/cd.h"

#define PORTION_BLOCKS 512u
#define RAW_DATA       16u /* where in a raw sector its data begins */

/* What is left of the read: cmd->scratch. */
enum { NEXT_BLOCK, BLOCKS_LEFT };

static gboolean check_range(IdeCd *cd, IdeCommand *cmd, guint64 block, guint64 count)
{
    if (block + count <= cd_blocks(cd)) {
        return TRUE;
    }
    cd_check(cmd, CD_ILLEGAL_REQUEST, CD_ASC_OUT_OF_RANGE);
    return FALSE;
}

/* FALSE: the command has ended. error: of the portion. */
static gboolean go_on(IdeCd *cd, IdeCommand *cmd, int error)
{
    if (error == EFAULT) {
        cd_abort(cmd);
    } else if (cd->removable.medium != cd->medium) {
        cd_check(cmd, CD_NOT_READY, CD_ASC_NO_MEDIUM);
    } else if (error) {
        cd_check(cmd, CD_MEDIUM_ERROR, CD_ASC_READ_ERROR);
    } else if (!cmd->scratch[BLOCKS_LEFT]) {
        cd_good(cmd);
    } else if (cmd->stopping) {
        ide_command_again(cmd);
    } else {
        cd->drive.user = cd->removable.user; /* it may have been out meanwhile */
        return TRUE;
    }
    return FALSE;
}

static void begin(IdeCd *cd, IdeCommand *cmd, guint64 block, guint64 count, guint32 size)
{
    cd->drive.node = cd->medium = cd->removable.medium;
    cd->drive.user = cd->removable.user;
    cmd->scratch[NEXT_BLOCK] = block;
    cmd->scratch[BLOCKS_LEFT] = count;
    if (count) {
        cd_begin_data(cmd, count * size);
    }
}

/* --- blocks, straight to the guest --- */

static void portion_done(IdeCommand *cmd, int error)
{
    IdeCd *cd = (IdeCd *)cmd->drive;
    guint64 block = cmd->scratch[NEXT_BLOCK];
    guint64 count = MIN(cmd->scratch[BLOCKS_LEFT], PORTION_BLOCKS);

    if (!go_on(cd, cmd, error)) {
        return;
    }
    cmd->scratch[NEXT_BLOCK] += count;
    cmd->scratch[BLOCKS_LEFT] -= count;
    ide_transfer(cmd, BLOCK_READ, block * CD_BLOCK_SIZE, count * CD_BLOCK_SIZE, FALSE,
                 portion_done);
}

static void read_blocks(IdeCd *cd, IdeCommand *cmd, guint64 block, guint64 count)
{
    if (!check_range(cd, cmd, block, count)) {
        return;
    }
    begin(cd, cmd, block, count, CD_BLOCK_SIZE);
    portion_done(cmd, 0);
}

void cd_read_10(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    read_blocks(cd, cmd, cd_get32(packet + 2), cd_get16(packet + 7));
}

void cd_read_12(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    read_blocks(cd, cmd, cd_get32(packet + 2), cd_get32(packet + 6));
}

void cd_seek(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    if (check_range(cd, cmd, cd_get32(packet + 2), 1)) {
        cd_good(cmd);
    }
}

/* --- raw sectors, one at a time --- */

static guint8 bcd(guint64 n)
{
    return (guint8)(n / 10 % 10 << 4 | n % 10);
}

static void make_raw(guint8 *sector, guint64 block)
{
    guint64 frame = block + 150;

    memset(sector, 0xff, 12);
    sector[0] = sector[11] = 0;
    sector[12] = bcd(frame / 75 / 60);
    sector[13] = bcd(frame / 75 % 60);
    sector[14] = bcd(frame % 75);
    sector[15] = 1; /* mode */
    memset(sector + RAW_DATA + CD_BLOCK_SIZE, 0, CD_RAW_SIZE - RAW_DATA - CD_BLOCK_SIZE);
}

static void raw_next(IdeCd *cd, IdeCommand *cmd);

/* It is in the drive's sector now, unless that is ignored. */
static void raw_send(IdeCd *cd, IdeCommand *cmd)
{
    make_raw(cd->sector, cmd->scratch[NEXT_BLOCK]++);
    cmd->scratch[BLOCKS_LEFT]--;
    if (!ide_command_send(cmd, cd->sector, CD_RAW_SIZE)) {
        cd_abort(cmd);
    } else if (go_on(cd, cmd, 0)) {
        raw_next(cd, cmd);
    }
}

static void raw_failed(IdeCd *cd, IdeCommand *cmd, int error)
{
    IdeDrive *drive = &cd->drive;

    switch (ide_command_error(cmd, error)) {
    case BLOCK_ERROR_STOP:
        ide_command_again(cmd);
        break;
    case BLOCK_ERROR_IGNORE:
        block_account_done(&drive->stats, &cmd->account);
        raw_send(cd, cmd);
        break;
    case BLOCK_ERROR_REPORT:
        block_account_failed(&drive->stats, &cmd->account);
        go_on(cd, cmd, error);
    }
}

static void raw_done(void *opaque, int ret)
{
    IdeCommand *cmd = opaque;
    IdeCd *cd = (IdeCd *)cmd->drive;

    if (ret < 0) {
        raw_failed(cd, cmd, -ret);
        return;
    }
    block_account_done(&cd->drive.stats, &cmd->account);
    raw_send(cd, cmd);
}

static void raw_next(IdeCd *cd, IdeCommand *cmd)
{
    memset(cd->sector, 0, sizeof(cd->sector));
    cd->iov = (struct iovec){ cd->sector + RAW_DATA, CD_BLOCK_SIZE };
    cmd->block = (BlockRequest){ .op = BLOCK_READ,
                                 .iov = &cd->iov,
                                 .n_iov = 1,
                                 .offset = cmd->scratch[NEXT_BLOCK] * CD_BLOCK_SIZE,
                                 .bytes = CD_BLOCK_SIZE,
                                 .done = raw_done,
                                 .opaque = cmd };
    block_account_start(&cmd->account, BLOCK_READ, CD_BLOCK_SIZE);
    block_submit(cd->removable.user, &cmd->block);
}

/* Of what is asked for: nothing, the data of a sector, or all of it. */
void cd_read_cd(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    guint32 block = cd_get32(packet + 2);
    guint32 count = (guint32)packet[6] << 16 | cd_get16(packet + 7);

    switch (count ? packet[9] & 0xf8 : 0) {
    case 0x00:
        cd_good(cmd);
        break;
    case 0x10:
        read_blocks(cd, cmd, block, count);
        break;
    case 0xf8:
        if (check_range(cd, cmd, block, count)) {
            begin(cd, cmd, block, count, CD_RAW_SIZE);
            raw_next(cd, cmd);
        }
        break;
    default:
        cd_check(cmd, CD_ILLEGAL_REQUEST, CD_ASC_FIELD);
    }
}
