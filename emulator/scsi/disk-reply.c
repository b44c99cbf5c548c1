/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a disk says that it is, and how large: INQUIRY (SPC-3, 6.4), READ CAPACITY. */
#include <string.h>

#include "scsi/scsi.h"

#define PAGE_MAX              256
#define SERIAL_MAX            36
#define SERVICE_READ_CAPACITY 0x10

/* Left-aligned, with spaces behind it. */
static void put_text(guint8 *p, gsize size, const char *text)
{
    gsize len = strlen(text);

    memset(p, ' ', size);
    memcpy(p, text, MIN(len, size));
}

static guint64 in_blocks(const ScsiDisk *disk, guint64 bytes)
{
    return bytes / disk->block_size;
}

static gsize page_serial(const ScsiDisk *disk, guint8 *p)
{
    gsize len = MIN(strlen(disk->serial), SERIAL_MAX);

    memcpy(p, disk->serial, len);
    return len;
}

/* A designator (7.6.3): its head, and what it says. */
static gsize put_designator(guint8 *p, guint8 set, guint8 type, const void *id, gsize len)
{
    p[0] = set;
    p[1] = type;
    p[2] = 0;
    p[3] = (guint8)len;
    memcpy(p + 4, id, len);
    return 4 + len;
}

static gsize put_number(guint8 *p, guint8 set, guint8 type, guint64 number, unsigned size)
{
    guint8 bytes[8];

    scsi_put(bytes, size, number);
    return put_designator(p, set, type, bytes, size);
}

static gsize page_identification(const ScsiDisk *disk, guint8 *p)
{
    gsize n = 0;

    if (disk->device_id) {
        n += put_designator(p, 2, 0, disk->device_id, MIN(strlen(disk->device_id), 128));
    }
    if (disk->wwn) {
        n += put_number(p + n, 1, 3, disk->wwn, 8);
    }
    if (disk->port_wwn) {
        n += put_number(p + n, 0x61, 0x93, disk->port_wwn, 8);
    }
    if (disk->port_index) {
        n += put_number(p + n, 0x61, 0x94, disk->port_index, 4);
    }
    return n;
}

/* SBC-3, 6.5.3 */
static gsize page_limits(const ScsiDisk *disk, guint8 *p)
{
    guint64 max_io = in_blocks(disk, disk->max_io_size);

    p[0] = 1; /* WRITE SAME of no blocks is not taken */
    scsi_put(p + 2, 2, MIN(in_blocks(disk, disk->min_io_size), G_MAXUINT16));
    scsi_put(p + 4, 4, MIN(max_io, G_MAXUINT32));
    scsi_put(p + 8, 4, in_blocks(disk, disk->opt_io_size));
    scsi_put(p + 16, 4, MIN(in_blocks(disk, disk->max_unmap_size), G_MAXUINT32));
    scsi_put(p + 20, 4, 255); /* descriptors */
    scsi_put(p + 24, 4, in_blocks(disk, disk->discard_granularity));
    scsi_put(p + 32, 8, max_io); /* of WRITE SAME */
    return 0x3c;
}

static gsize page_characteristics(const ScsiDisk *disk, guint8 *p)
{
    scsi_put(p, 2, disk->rotation_rate);
    return 0x3c;
}

static gsize page_provisioning(const ScsiDisk *disk, guint8 *p)
{
    p[1] = 0xe0; /* UNMAP and both WRITE SAMEs */
    p[2] = disk->discard_granularity ? 2 : 1;
    return 4;
}

static gboolean has_serial(const ScsiDisk *disk)
{
    return disk->serial && *disk->serial;
}

static const struct Page {
    guint8 code;
    gboolean (*there)(const ScsiDisk *disk);        /* NULL: always */
    gsize (*fill)(const ScsiDisk *disk, guint8 *p); /* behind the head; zeroed */
} pages[] = {
    { 0x80, has_serial, page_serial }, { 0x83, NULL, page_identification },
    { 0xb0, NULL, page_limits },       { 0xb1, NULL, page_characteristics },
    { 0xb2, NULL, page_provisioning },
};

static gsize fill_list(const ScsiDisk *disk, guint8 *p)
{
    gsize n = 1; /* the list itself is 0 */

    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (!pages[i].there || pages[i].there(disk)) {
            p[n++] = pages[i].code;
        }
    }
    return n;
}

/* Behind the head; FALSE: there is none such. */
static gboolean fill_page(const ScsiDisk *disk, guint8 code, guint8 *p, gsize *len)
{
    if (code == 0) {
        *len = fill_list(disk, p);
        return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].code == code && (!pages[i].there || pages[i].there(disk))) {
            *len = pages[i].fill(disk, p);
            return TRUE;
        }
    }
    return FALSE;
}

static void inquiry_page(const ScsiDisk *disk, ScsiCommand *cmd)
{
    guint8 reply[PAGE_MAX] = { 0 };
    gsize len;

    if (!fill_page(disk, cmd->cdb[2], reply + 4, &len)) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    reply[1] = cmd->cdb[2];
    scsi_put(reply + 2, 2, len);
    scsi_reply_padded(cmd, reply, 4 + len);
}

void scsi_disk_inquiry(ScsiDisk *disk, ScsiCommand *cmd)
{
    guint8 reply[36] = { 0 };

    if (cmd->cdb[1] & 1) {
        inquiry_page(disk, cmd);
        return;
    }
    if (cmd->cdb[2]) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    reply[1] = disk->removable ? 0x80 : 0;
    reply[2] = disk->scsi_version;
    reply[3] = 0x12; /* LUNs in several levels; SPC-3's format */
    /* Zeros behind these are told of, too, as far as there is room: QEMU's are. */
    reply[4] = (guint8)(MIN(MAX(cmd->xfer, 36), PAGE_MAX) - 5);
    reply[7] = 0x12; /* synchronous transfers, queues */
    put_text(reply + 8, 8, disk->vendor);
    put_text(reply + 16, 16, disk->product);
    memcpy(reply + 32, disk->version, MIN(strlen(disk->version), 4)); /* no spaces */
    scsi_reply_padded(cmd, reply, sizeof(reply));
}

void scsi_disk_capacity_10(ScsiDisk *disk, ScsiCommand *cmd)
{
    guint64 blocks = scsi_disk_blocks(disk);
    guint8 reply[8];

    if (cmd->lba && !(cmd->cdb[8] & 1)) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    scsi_put(reply, 4, blocks ? MIN(blocks - 1, G_MAXUINT32) : 0);
    scsi_put(reply + 4, 4, disk->block_size);
    scsi_reply(cmd, reply, sizeof(reply));
}

void scsi_disk_service_action_in(ScsiDisk *disk, ScsiCommand *cmd)
{
    guint64 blocks = scsi_disk_blocks(disk);
    guint8 reply[32] = { 0 };

    if ((cmd->cdb[1] & 0x1f) != SERVICE_READ_CAPACITY ||
        (cmd->lba && !(cmd->cdb[14] & 1))) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    scsi_put(reply, 8, blocks ? blocks - 1 : 0);
    scsi_put(reply + 8, 4, disk->block_size);
    reply[13] = (guint8)__builtin_ctz(disk->physical_block_size / disk->block_size);
    reply[14] = disk->discard_granularity ? 0x80 : 0;
    scsi_reply(cmd, reply, sizeof(reply));
}
