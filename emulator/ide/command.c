/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts that commands of all drives are made of: their ends, and how data goes
 * between guest and medium: piece by piece, each as large as the guest's memory for it
 * may be in one request.
 */
#include "ide/ide.h"

#include <errno.h>

void ide_command_end(IdeCommand *cmd)
{
    cmd->ops->end(cmd, FALSE);
}

void ide_command_good(IdeCommand *cmd)
{
    cmd->status = IDE_STATUS_DRDY | IDE_STATUS_DSC;
    cmd->error = 0;
    ide_command_end(cmd);
}

void ide_command_fail(IdeCommand *cmd, guint8 error)
{
    cmd->status = IDE_STATUS_DRDY | IDE_STATUS_ERR;
    cmd->error = error;
    ide_command_end(cmd);
}

void ide_command_again(IdeCommand *cmd)
{
    cmd->ops->end(cmd, TRUE);
}

/* The next piece of what is copied; 0: there is no memory for it. */
static guint32 map_some(IdeCommand *cmd, guint32 len, gboolean to_guest)
{
    return (guint32)cmd->ops->map(cmd, len, 1, to_guest);
}

gboolean ide_command_send(IdeCommand *cmd, const void *buf, guint32 len)
{
    const guint8 *from = buf;

    for (guint32 n; len; len -= n, from += n) {
        n = map_some(cmd, len, TRUE);
        if (!n) {
            return FALSE;
        }
        guest_iov_from_buf(&cmd->data, 0, from, n);
        cmd->ops->unmap(cmd, n, TRUE);
    }
    return TRUE;
}

gboolean ide_command_receive(IdeCommand *cmd, void *buf, guint32 len)
{
    guint8 *to = buf;

    for (guint32 n; len; len -= n, to += n) {
        n = map_some(cmd, len, FALSE);
        if (!n) {
            return FALSE;
        }
        guest_iov_to_buf(&cmd->data, 0, to, n);
        cmd->ops->unmap(cmd, n, FALSE);
    }
    return TRUE;
}

/* --- requests to the medium --- */

static gboolean has_data(const IdeCommand *cmd)
{
    return cmd->block.op == BLOCK_READ || cmd->block.op == BLOCK_WRITE;
}

BlockErrorAction ide_command_error(const IdeCommand *cmd, int error)
{
    IdeDrive *drive = cmd->drive;
    gboolean read = cmd->block.op == BLOCK_READ;

    return block_failed(&(BlockFailure){ .policy = read ? drive->rerror : drive->werror,
                                         .read = read,
                                         .error = error,
                                         .node = drive->node,
                                         .path = drive->device.path,
                                         .stats = &drive->stats });
}

static void next(IdeCommand *cmd);

/* A request of nothing only lets others have their turn. */
static gboolean counts(const IdeCommand *cmd)
{
    return cmd->block.op == BLOCK_FLUSH || cmd->block.bytes;
}

static void piece_done(IdeCommand *cmd)
{
    if (counts(cmd)) {
        block_account_done(&cmd->drive->stats, &cmd->account);
    }
    cmd->offset += cmd->block.bytes;
    cmd->left -= cmd->block.bytes;
    if (cmd->left) {
        next(cmd);
    } else {
        cmd->done(cmd, 0);
    }
}

static void piece_failed(IdeCommand *cmd, int error)
{
    switch (ide_command_error(cmd, error)) {
    case BLOCK_ERROR_STOP:
        ide_command_again(cmd);
        break;
    case BLOCK_ERROR_IGNORE:
        piece_done(cmd);
        break;
    case BLOCK_ERROR_REPORT:
        block_account_failed(&cmd->drive->stats, &cmd->account);
        cmd->done(cmd, error);
    }
}

/* A read that has failed may have changed some of the guest's memory. */
static void request_done(void *opaque, int ret)
{
    IdeCommand *cmd = opaque;

    if (has_data(cmd)) {
        cmd->ops->unmap(cmd, cmd->block.bytes, cmd->block.op == BLOCK_READ);
    }
    if (ret < 0) {
        piece_failed(cmd, -ret);
    } else {
        piece_done(cmd);
    }
}

static void submit(IdeCommand *cmd, guint64 bytes)
{
    BlockRequest *r = &cmd->block;

    r->iov = has_data(cmd) ? cmd->data.iov : NULL;
    r->n_iov = has_data(cmd) ? cmd->data.n : 0;
    r->offset = cmd->offset;
    r->bytes = bytes;
    r->done = request_done;
    r->opaque = cmd;
    block_account_start(&cmd->account, r->op, bytes);
    block_submit(cmd->drive->user, r);
}

static void next(IdeCommand *cmd)
{
    guint64 bytes = cmd->left;

    if (cmd->stopping) {
        ide_command_again(cmd);
        return;
    }
    if (has_data(cmd)) {
        bytes =
            cmd->ops->map(cmd, cmd->left, IDE_SECTOR_SIZE, cmd->block.op == BLOCK_READ);
        if (!bytes) {
            cmd->done(cmd, EFAULT);
            return;
        }
    }
    submit(cmd, bytes);
}

static void begin(IdeCommand *cmd, BlockOp op, guint64 offset, guint64 bytes,
                  gboolean fua, void (*done)(IdeCommand *cmd, int error))
{
    cmd->block.op = op;
    cmd->block.fua = fua;
    cmd->block.unmap = FALSE;
    cmd->offset = offset;
    cmd->left = bytes;
    cmd->done = done;
    next(cmd);
}

void ide_transfer(IdeCommand *cmd, BlockOp op, guint64 offset, guint64 bytes,
                  gboolean fua, void (*done)(IdeCommand *cmd, int error))
{
    begin(cmd, op, offset, bytes, fua, done);
}

void ide_request(IdeCommand *cmd, BlockOp op, guint64 offset, guint64 bytes,
                 void (*done)(IdeCommand *cmd, int error))
{
    begin(cmd, op, offset, bytes, FALSE, done);
}
