/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all SCSI commands are made of: numbers, data, ends and sense. */
#include <string.h>

#include "scsi/scsi.h"

#define SENSE_DESC 0x01 /* REQUEST SENSE: descriptor format */

guint64 scsi_get(const guint8 *p, unsigned size)
{
    guint64 value = 0;

    for (unsigned i = 0; i < size; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

void scsi_put(guint8 *p, unsigned size, guint64 value)
{
    while (size) {
        p[--size] = (guint8)value;
        value >>= 8;
    }
}

static void end(ScsiCommand *cmd)
{
    g_clear_pointer(&cmd->pattern, g_free);
    cmd->done(cmd);
}

void scsi_good(ScsiCommand *cmd)
{
    cmd->status = SCSI_GOOD;
    end(cmd);
}

/* SPC-3, 4.5.3 */
void scsi_fill_sense(guint8 *p, guint32 sense)
{
    memset(p, 0, SCSI_SENSE_SIZE);
    p[0] = 0x70; /* current */
    p[2] = (guint8)(sense >> 16);
    p[7] = SCSI_SENSE_SIZE - 8;
    p[12] = (guint8)(sense >> 8);
    p[13] = (guint8)sense;
}

void scsi_check(ScsiCommand *cmd, guint32 sense)
{
    cmd->status = SCSI_CHECK_CONDITION;
    cmd->moved = 0;
    cmd->sense_len = SCSI_SENSE_SIZE;
    scsi_fill_sense(cmd->sense, sense);
    end(cmd);
}

static void send(ScsiCommand *cmd, const guint8 *from, gsize bytes, gboolean pad)
{
    cmd->moved = pad ? cmd->xfer : MIN(cmd->xfer, bytes);
    for (unsigned i = 0; i < cmd->n_iov; i++) {
        guint8 *to = cmd->iov[i].iov_base;
        gsize room = cmd->iov[i].iov_len, n = MIN(room, bytes);
        memcpy(to, from, n);
        memset(to + n, 0, pad ? room - n : 0);
        from += n;
        bytes -= n;
    }
    scsi_good(cmd);
}

void scsi_reply(ScsiCommand *cmd, const void *reply, gsize bytes)
{
    send(cmd, reply, bytes, FALSE);
}

void scsi_reply_padded(ScsiCommand *cmd, const void *reply, gsize bytes)
{
    send(cmd, reply, bytes, TRUE);
}

gsize scsi_receive(const ScsiCommand *cmd, guint64 offset, void *buf, gsize bytes)
{
    guint8 *to = buf;
    gsize left = bytes;

    for (unsigned i = 0; i < cmd->n_iov && left; i++) {
        gsize size = cmd->iov[i].iov_len;
        if (offset >= size) {
            offset -= size;
            continue;
        }
        gsize n = MIN(size - offset, left);
        memcpy(to, (const guint8 *)cmd->iov[i].iov_base + offset, n);
        offset = 0;
        to += n;
        left -= n;
    }
    return bytes - left;
}

void scsi_reply_sense(ScsiCommand *cmd, guint32 sense)
{
    guint8 p[SCSI_SENSE_SIZE] = { 0 };

    if (cmd->cdb[1] & SENSE_DESC) { /* 4.5.2.1 */
        p[0] = 0x72;
        p[1] = (guint8)(sense >> 16);
        scsi_put(p + 2, 2, sense & 0xffff);
        scsi_reply_padded(cmd, p, 8);
    } else {
        scsi_fill_sense(p, sense);
        scsi_reply_padded(cmd, p, sizeof(p));
    }
}
