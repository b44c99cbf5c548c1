/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a target answers where no logical unit does (SPC-3, 6.4.1 and 6.21). */
#include <string.h>

#include "scsi/scsi.h"

enum { TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, INQUIRY = 0x12, REPORT_LUNS = 0xa0 };

/* Qualifier and type: no unit at this number ever, or none at the moment. */
#define TYPE_NEVER  0x7f
#define TYPE_ABSENT 0x3f

#define LUN_ENTRY  8
#define LUN_HEADER 8

void scsi_target_parse(ScsiCommand *cmd)
{
    const guint8 *cdb = cmd->cdb;

    cmd->mode = SCSI_TO_GUEST;
    switch (cdb[0]) {
    case INQUIRY:
        cmd->xfer = scsi_get(cdb + 3, 2);
        break;
    case REQUEST_SENSE:
        cmd->xfer = cdb[4];
        break;
    case REPORT_LUNS:
        cmd->xfer = scsi_get(cdb + 6, 4);
        break;
    default:
        cmd->mode = SCSI_NO_DATA;
        cmd->xfer = 0;
    }
}

/* The list has its length at the head, and 0 first, whether it is there or not. */
static void report_luns(ScsiCommand *cmd, const guint16 *luns, unsigned n)
{
    guint8 reply[LUN_HEADER + 256 * LUN_ENTRY] = { 0 };
    gsize bytes = LUN_HEADER + LUN_ENTRY;

    if (cmd->xfer < LUN_HEADER + LUN_ENTRY) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        if (luns[i] && bytes + LUN_ENTRY <= sizeof(reply)) {
            /* SAM-3, 4.9: from 256 on by the flat method */
            scsi_put(reply + bytes, 2, luns[i] < 256 ? luns[i] : 0x4000u | luns[i]);
            bytes += LUN_ENTRY;
        }
    }
    scsi_put(reply, 4, bytes - LUN_HEADER);
    scsi_reply(cmd, reply, bytes);
}

static void inquiry(ScsiCommand *cmd, guint16 lun)
{
    guint8 reply[36] = { 0 };

    if (cmd->cdb[1] & 1) {
        if (cmd->cdb[2]) { /* the list of pages alone is there */
            scsi_check(cmd, SCSI_SENSE_FIELD);
            return;
        }
        reply[0] = lun ? TYPE_NEVER : TYPE_ABSENT;
        reply[3] = 1;
        scsi_reply(cmd, reply, 5);
        return;
    }
    if (cmd->cdb[2]) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    reply[0] = lun ? TYPE_NEVER : TYPE_ABSENT;
    if (lun) { /* nothing more, as QEMU */
        scsi_reply(cmd, reply, sizeof(reply));
        return;
    }
    reply[2] = 5;
    reply[3] = 0x12;
    reply[4] = sizeof(reply) - 5;
    reply[7] = 0x12;
    memcpy(reply + 8, "QEMU    QEMU TARGET     2.5+", 28);
    scsi_reply(cmd, reply, sizeof(reply));
}

void scsi_target_run(ScsiCommand *cmd, const guint16 *luns, unsigned n, guint16 lun)
{
    switch (cmd->cdb[0]) {
    case REPORT_LUNS:
        if (lun) {
            scsi_check(cmd, SCSI_SENSE_NO_LUN);
        } else {
            report_luns(cmd, luns, n);
        }
        break;
    case INQUIRY:
        inquiry(cmd, lun);
        break;
    case REQUEST_SENSE:
        scsi_reply_sense(cmd, lun ? SCSI_SENSE_NO_LUN : SCSI_SENSE_NONE);
        break;
    case TEST_UNIT_READY:
        if (!lun) {
            scsi_good(cmd);
            break;
        }
        /* fall through */
    default:
        scsi_check(cmd, SCSI_SENSE_NO_LUN);
    }
}
