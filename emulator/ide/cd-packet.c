/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet commands of the CD drive (ATA8-ACS, 7.18 and clause 11; MMC-6): what comes
 * before each, how they end, and those that move tray and lock.
 *
 * The sense data of the last failure stays until there is another one, as QEMU's does;
 * a unit attention is over when it has been asked for.
 */
#include <string.h>

#include "ide/cd.h"

#define FEATURE_DMA   0x01
#define SENSE_SIZE    18u
#define SENSE_CURRENT 0xf0 /* fixed format, current, with an information field */
#define LIMIT_SHIFT   8    /* of the byte count in the registers */
#define LIMIT_MASK    0xffffu

/* --- ends --- */

static void end(IdeCommand *cmd, guint8 status, guint8 error)
{
    cmd->regs.count = IDE_REASON_COMMAND | IDE_REASON_TO_HOST;
    cmd->status = IDE_STATUS_DRDY | status;
    cmd->error = error;
    ide_command_end(cmd);
}

void cd_good(IdeCommand *cmd)
{
    end(cmd, IDE_STATUS_DSC, 0);
}

void cd_check(IdeCommand *cmd, guint8 key, guint16 code)
{
    IdeCd *cd = (IdeCd *)cmd->drive;

    cd->sense_key = key;
    cd->sense_code = code;
    end(cmd, IDE_STATUS_ERR, (guint8)(key << 4));
}

void cd_abort(IdeCommand *cmd)
{
    ide_command_fail(cmd, IDE_ERROR_ABRT);
}

/* --- data --- */

static guint32 byte_limit(const IdeCommand *cmd)
{
    return (guint32)(cmd->regs.lba >> LIMIT_SHIFT) & LIMIT_MASK;
}

static gboolean is_dma(const IdeCommand *cmd)
{
    return cmd->features & FEATURE_DMA;
}

/*
 * PIO: in blocks of at most the limit, of which the registers have the last one's length
 * at the end; an odd limit is for the last block only.
 */
void cd_begin_data(IdeCommand *cmd, guint64 bytes)
{
    guint32 limit = MIN(byte_limit(cmd), LIMIT_MASK - 1);

    if (is_dma(cmd)) {
        cmd->protocol = IDE_DMA_IN;
        return;
    }
    limit -= bytes > limit && limit > 1 ? limit % 2 : 0;
    cmd->protocol = IDE_PIO_IN;
    cmd->pio_block = limit;
    guint32 last = (guint32)(bytes % limit ? bytes % limit : limit);
    cmd->regs.lba &= ~((guint64)LIMIT_MASK << LIMIT_SHIFT);
    cmd->regs.lba |= (guint64)last << LIMIT_SHIFT;
}

void cd_reply(IdeCommand *cmd, const guint8 *reply, guint32 bytes, guint32 max)
{
    bytes = MIN(bytes, max);
    if (!bytes) {
        cd_good(cmd);
        return;
    }
    cd_begin_data(cmd, bytes);
    if (ide_command_send(cmd, reply, bytes)) {
        cd_good(cmd);
    } else {
        cd_abort(cmd);
    }
}

/* --- commands of tray, lock and sense --- */

static void test_unit_ready(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    cd_good(cmd);
}

static void request_sense(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    guint8 reply[SENSE_SIZE] = { SENSE_CURRENT };

    reply[2] = cd->sense_key;
    reply[7] = SENSE_SIZE - 8;
    cd_put16(reply + 12, cd->sense_code);
    if (cd->sense_key == CD_UNIT_ATTENTION) {
        cd->sense_key = CD_NO_SENSE;
        cd->sense_code = CD_ASC_NONE;
    }
    cd_reply(cmd, reply, sizeof(reply), packet[4]);
}

/* LoEj moves the tray; what is said of power alone changes nothing. */
static void start_stop_unit(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    gboolean start = packet[4] & 0x01, load_eject = packet[4] & 0x02;
    gboolean power = packet[4] & 0xf0;

    if (power || !load_eject) {
        cd_good(cmd);
    } else if (!start && cd->removable.locked && !cd->removable.tray_open) {
        cd_check(cmd, CD_ILLEGAL_REQUEST, CD_ASC_REMOVAL_PREVENTED);
    } else {
        cd_move_tray(cd, !start);
        cd_good(cmd);
    }
}

static void prevent_allow(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    cd->removable.locked = packet[4] & 0x01;
    cd_good(cmd);
}

static void set_speed(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    cd_good(cmd);
}

/* --- dispatch --- */

enum {
    ANY_TIME = 1, /* unit attention does not stop it */
    READY = 2,    /* needs a medium that can be read */
    NO_DATA = 4,  /* there is no need of a byte count limit */
};

static const struct {
    guint8 opcode;
    guint8 flags;
    CdHandler handle;
} commands[] = {
    { 0x00, READY | NO_DATA, test_unit_ready },
    { 0x03, ANY_TIME, request_sense },
    { 0x12, ANY_TIME, cd_inquiry },
    { 0x1b, NO_DATA, start_stop_unit },
    { 0x1e, NO_DATA, prevent_allow },
    { 0x25, READY, cd_read_capacity },
    { 0x28, READY, cd_read_10 },
    { 0x2b, READY | NO_DATA, cd_seek },
    { 0x43, READY, cd_read_toc },
    { 0x46, ANY_TIME, cd_get_configuration },
    { 0x4a, ANY_TIME, cd_get_event },
    { 0x51, READY, cd_read_disc_information },
    { 0x5a, 0, cd_mode_sense },
    { 0xa8, READY, cd_read_12 },
    { 0xad, READY, cd_read_dvd_structure },
    { 0xbb, NO_DATA, set_speed },
    { 0xbd, 0, cd_mechanism_status },
    { 0xbe, READY, cd_read_cd },
};

/* Of a medium that the host has changed the guest hears in two steps: see CdChange. */
static gboolean tell_change(IdeCd *cd, IdeCommand *cmd)
{
    if (cd->change == CD_SETTLED || !cd_blocks(cd)) {
        return FALSE;
    }
    if (cd->change == CD_SAY_EMPTY) {
        cd->change = CD_SAY_CHANGED;
        cd_check(cmd, CD_NOT_READY, CD_ASC_NO_MEDIUM);
    } else {
        cd->change = CD_SETTLED;
        cd_check(cmd, CD_UNIT_ATTENTION, CD_ASC_MEDIUM_CHANGED);
    }
    return TRUE;
}

/* FALSE: the command has ended. */
static gboolean check(IdeCd *cd, IdeCommand *cmd, guint8 flags)
{
    if (!(flags & ANY_TIME)) {
        if (cd->sense_key == CD_UNIT_ATTENTION) {
            cd_check(cmd, cd->sense_key, cd->sense_code);
            return FALSE;
        }
        if (tell_change(cd, cmd)) {
            return FALSE;
        }
    }
    if ((flags & READY) && !cd_blocks(cd)) {
        cd_check(cmd, CD_NOT_READY, CD_ASC_NO_MEDIUM);
        return FALSE;
    }
    if (!(flags & NO_DATA) && !is_dma(cmd) && !byte_limit(cmd)) {
        cmd->regs.count = IDE_REASON_COMMAND;
        cd_abort(cmd);
        return FALSE;
    }
    return TRUE;
}

void cd_packet(IdeCd *cd, IdeCommand *cmd)
{
    guint8 packet[CD_PACKET_SIZE];

    if (!cmd->packet_sent) {
        cd_abort(cmd);
        return;
    }
    memcpy(packet, cmd->packet, sizeof(packet));
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].opcode == packet[0]) {
            if (check(cd, cmd, commands[i].flags)) {
                commands[i].handle(cd, cmd, packet);
            }
            return;
        }
    }
    if (check(cd, cmd, NO_DATA)) {
        cd_check(cmd, CD_ILLEGAL_REQUEST, CD_ASC_OPCODE);
    }
}
