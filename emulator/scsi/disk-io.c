/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reaches the medium: READ, WRITE, SYNCHRONIZE CACHE, UNMAP, WRITE SAME (SBC-3). */
#include <errno.h>
#include <string.h>

#include "scsi/scsi.h"

#define PATTERN_MAX (512u << 10)

#define UNMAP_HEADER 8
#define UNMAP_ENTRY  16

static gboolean in_range(const ScsiDisk *disk, guint64 lba, guint64 blocks)
{
    guint64 all = scsi_disk_blocks(disk);

    return lba <= all && blocks <= all - lba;
}

/* As QEMU says of what its host does. */
static guint32 sense_of(int error)
{
    switch (error) {
    case ENOSPC:
        return SCSI_SENSE_SPACE;
    case ENOMEM:
        return SCSI_SENSE_NO_RESOURCES;
    case EINVAL:
        return SCSI_SENSE_FIELD;
    default:
        return SCSI_SENSE_IO;
    }
}

static void next(ScsiCommand *cmd);

static void piece_done(ScsiCommand *cmd)
{
    block_account_done(&cmd->disk->stats, &cmd->account);
    cmd->offset += cmd->block.bytes;
    cmd->left -= cmd->block.bytes;
    next(cmd);
}

static void ended(void *opaque, int ret)
{
    ScsiCommand *cmd = opaque;
    ScsiDisk *disk = cmd->disk;
    gboolean read = cmd->block.op == BLOCK_READ;

    if (ret >= 0) {
        piece_done(cmd);
        return;
    }
    switch (block_failed(&(BlockFailure){ .policy = read ? disk->rerror : disk->werror,
                                          .read = read,
                                          .error = -ret,
                                          .node = disk->node,
                                          .path = disk->path,
                                          .stats = &disk->stats })) {
    case BLOCK_ERROR_STOP:
        g_clear_pointer(&cmd->pattern, g_free);
        cmd->again = TRUE;
        cmd->done(cmd);
        break;
    case BLOCK_ERROR_IGNORE:
        piece_done(cmd);
        break;
    case BLOCK_ERROR_REPORT:
        block_account_failed(&disk->stats, &cmd->account);
        scsi_check(cmd, sense_of(-ret));
    }
}

static void submit(ScsiCommand *cmd, BlockOp op, guint64 offset, guint64 bytes)
{
    BlockRequest *r = &cmd->block;

    r->op = op;
    r->offset = offset;
    r->bytes = bytes;
    r->done = ended;
    r->opaque = cmd;
    block_account_start(&cmd->account, op, bytes);
    block_submit(cmd->disk->user, r);
}

/* FALSE: the command has ended. */
static gboolean may_write(ScsiDisk *disk, ScsiCommand *cmd, BlockOp op, guint64 lba,
                          guint64 blocks)
{
    guint32 sense = disk->read_only                ? SCSI_SENSE_PROTECTED
                    : !in_range(disk, lba, blocks) ? SCSI_SENSE_OUT_OF_RANGE
                                                   : SCSI_SENSE_NONE;

    if (sense != SCSI_SENSE_NONE) {
        block_account_invalid(&disk->stats, op);
        scsi_check(cmd, sense);
        return FALSE;
    }
    return TRUE;
}

/* READ and WRITE have one piece, the guest's memory; they come here when it is done. */
static void move(ScsiDisk *disk, ScsiCommand *cmd, BlockOp op)
{
    cmd->offset = cmd->lba * disk->block_size;
    cmd->left = cmd->xfer;
    cmd->block.iov = cmd->iov;
    cmd->block.n_iov = cmd->n_iov;
    cmd->block.unmap = FALSE;
    cmd->block.fua = op == BLOCK_WRITE && (!disk->write_cache || (cmd->cdb[1] & 0x08));
    if (cmd->left) {
        submit(cmd, op, cmd->offset, cmd->left);
    } else {
        scsi_good(cmd);
    }
}

void scsi_disk_read(ScsiDisk *disk, ScsiCommand *cmd)
{
    if (!in_range(disk, cmd->lba, cmd->blocks)) {
        block_account_invalid(&disk->stats, BLOCK_READ);
        scsi_check(cmd, SCSI_SENSE_OUT_OF_RANGE);
        return;
    }
    move(disk, cmd, BLOCK_READ);
}

/* WRITE(6) has no FUA: its byte 1 is of the LBA, and a write too many is no harm. */
void scsi_disk_write(ScsiDisk *disk, ScsiCommand *cmd)
{
    if (may_write(disk, cmd, BLOCK_WRITE, cmd->lba, cmd->blocks)) {
        move(disk, cmd, BLOCK_WRITE);
    }
}

/* All of it, whatever the range. */
void scsi_disk_flush(ScsiDisk *disk, ScsiCommand *cmd)
{
    cmd->left = 0;
    cmd->block.iov = NULL;
    cmd->block.n_iov = 0;
    cmd->block.fua = cmd->block.unmap = FALSE;
    submit(cmd, BLOCK_FLUSH, 0, 0);
}

/* --- UNMAP: one entry of the list after the other, read when its turn comes --- */

static void next_entry(ScsiCommand *cmd)
{
    ScsiDisk *disk = cmd->disk;
    guint8 entry[UNMAP_ENTRY];

    while (cmd->blocks) { /* entries left */
        guint64 at = UNMAP_HEADER + (guint64)cmd->entry * UNMAP_ENTRY;
        if (scsi_receive(cmd, at, entry, sizeof(entry)) != sizeof(entry)) {
            scsi_check(cmd, SCSI_SENSE_PARAMETER_LENGTH);
            return;
        }
        guint64 lba = scsi_get(entry, 8), blocks = scsi_get(entry + 8, 4);
        cmd->entry++;
        cmd->blocks--;
        if (!may_write(disk, cmd, BLOCK_DISCARD, lba, blocks)) {
            return;
        }
        if (blocks) {
            cmd->offset = lba * disk->block_size;
            cmd->left = blocks * disk->block_size;
            submit(cmd, BLOCK_DISCARD, cmd->offset, cmd->left);
            return;
        }
    }
    cmd->moved = cmd->xfer;
    scsi_good(cmd);
}

void scsi_disk_unmap(ScsiDisk *disk, ScsiCommand *cmd)
{
    guint8 head[UNMAP_HEADER];

    if (cmd->cdb[1] & 1) { /* ANCHOR */
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    if (!cmd->xfer) { /* 5.28.1: no error */
        scsi_good(cmd);
        return;
    }
    if (scsi_receive(cmd, 0, head, sizeof(head)) != sizeof(head)) {
        scsi_check(cmd, SCSI_SENSE_PARAMETER_LENGTH);
        return;
    }
    guint64 data = scsi_get(head, 2), entries = scsi_get(head + 2, 2);
    if (cmd->xfer < data + 2 || cmd->xfer < entries + UNMAP_HEADER ||
        entries % UNMAP_ENTRY) {
        scsi_check(cmd, SCSI_SENSE_PARAMETER_LENGTH);
        return;
    }
    cmd->block.iov = NULL;
    cmd->block.n_iov = 0;
    cmd->block.fua = cmd->block.unmap = FALSE;
    cmd->entry = 0;
    cmd->blocks = entries / UNMAP_ENTRY;
    next_entry(cmd);
}

/* --- WRITE SAME --- */

static gboolean is_zero(const guint8 *p, gsize n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* The pattern as often as it fits into a request. FALSE: the command has ended. */
static gboolean make_pattern(ScsiDisk *disk, ScsiCommand *cmd)
{
    gsize size = disk->block_size;
    gsize copies = MAX(MIN(cmd->blocks, PATTERN_MAX / size), 1);
    guint8 *p = g_try_malloc(copies * size);

    if (!p) {
        scsi_check(cmd, SCSI_SENSE_NO_RESOURCES);
        return FALSE;
    }
    scsi_receive(cmd, 0, p, size);
    for (gsize i = 1; i < copies; i++) {
        memcpy(p + i * size, p, size);
    }
    cmd->pattern = p;
    cmd->pattern_iov = (struct iovec){ p, copies * size };
    return TRUE;
}

static void next_pattern(ScsiCommand *cmd)
{
    cmd->pattern_iov.iov_len = MIN(cmd->pattern_iov.iov_len, cmd->left);
    cmd->block.iov = &cmd->pattern_iov;
    cmd->block.n_iov = 1;
    submit(cmd, BLOCK_WRITE, cmd->offset, cmd->pattern_iov.iov_len);
}

void scsi_disk_write_same(ScsiDisk *disk, ScsiCommand *cmd)
{
    /* ANCHOR, and what SBC-3 has made obsolete (5.43); wsnz: 0 is not "all". */
    if (!cmd->blocks || (cmd->cdb[1] & 0x16)) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    if (!may_write(disk, cmd, BLOCK_WRITE_ZEROES, cmd->lba, cmd->blocks)) {
        return;
    }
    cmd->offset = cmd->lba * disk->block_size;
    cmd->left = cmd->blocks * disk->block_size;
    cmd->block.fua = !disk->write_cache;
    cmd->block.unmap = (cmd->cdb[1] & 0x08) != 0;
    cmd->moved = cmd->xfer;
    if (!cmd->xfer) { /* NDOB */
        cmd->block.iov = NULL;
        cmd->block.n_iov = 0;
        submit(cmd, BLOCK_WRITE_ZEROES, cmd->offset, cmd->left);
        return;
    }
    if (!make_pattern(disk, cmd)) {
        return;
    }
    if (is_zero(cmd->pattern, disk->block_size)) {
        g_clear_pointer(&cmd->pattern, g_free);
        cmd->block.iov = NULL;
        cmd->block.n_iov = 0;
        submit(cmd, BLOCK_WRITE_ZEROES, cmd->offset, cmd->left);
    } else {
        cmd->block.unmap = FALSE;
        next_pattern(cmd);
    }
}

/* A piece is done: another one, or the end. */
static void next(ScsiCommand *cmd)
{
    if (cmd->left && cmd->pattern) {
        next_pattern(cmd);
    } else if (cmd->block.op == BLOCK_DISCARD) {
        next_entry(cmd);
    } else {
        cmd->moved = cmd->xfer;
        scsi_good(cmd);
    }
}
