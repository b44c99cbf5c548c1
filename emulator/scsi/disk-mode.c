/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MODE SENSE and MODE SELECT (SPC-3, 6.7 to 6.10, 7.4; SBC-3, 6.4). */
#include <string.h>

#include "scsi/scsi.h"

#define HEADS         16
#define SECTORS       63
#define CYLINDERS_MAX 16383
#define RPM           5400

enum { MODE_SELECT_6 = 0x15, MODE_SENSE_6 = 0x1a };
enum { PAGE_CACHING = 0x08, PAGE_ALL = 0x3f };
enum { CURRENT, CHANGEABLE, DEFAULT, SAVED };

#define DESCRIPTOR_SIZE 8
#define REPLY_MAX       128

/* A geometry that nothing depends on: QEMU's where the medium says none. */
static guint32 cylinders(const ScsiDisk *disk)
{
    guint64 sectors = block_node_size(disk->node) / BLOCK_SECTOR_SIZE;

    return (guint32)CLAMP(sectors / (HEADS * SECTORS), 2, CYLINDERS_MAX);
}

static gsize page_error(const ScsiDisk *disk, guint8 *p, unsigned control)
{
    p[0] = control == CHANGEABLE ? 0 : 0x80; /* automatic reallocation */
    return 10;
}

static gsize page_geometry(const ScsiDisk *disk, guint8 *p, unsigned control)
{
    if (control != CHANGEABLE) {
        scsi_put(p, 3, cylinders(disk));
        p[3] = HEADS;
        scsi_put(p + 4, 3, cylinders(disk)); /* write precompensation */
        scsi_put(p + 7, 3, cylinders(disk)); /* reduced current */
        scsi_put(p + 10, 2, 200);            /* step rate */
        scsi_put(p + 12, 3, 0xffffff);       /* landing zone */
        scsi_put(p + 18, 2, RPM);
    }
    return 22;
}

static gsize page_flexible(const ScsiDisk *disk, guint8 *p, unsigned control)
{
    if (control != CHANGEABLE) {
        scsi_put(p, 2, 5000); /* transfer rate */
        p[2] = HEADS;
        p[3] = SECTORS;
        scsi_put(p + 4, 2, disk->block_size);
        for (unsigned i = 6; i < 12; i += 2) {
            scsi_put(p + i, 2, cylinders(disk));
        }
        p[13] = p[14] = p[16] = p[17] = p[18] = 1; /* delays */
        scsi_put(p + 26, 2, RPM);
    }
    return 30;
}

static gsize page_caching(const ScsiDisk *disk, guint8 *p, unsigned control)
{
    p[0] = control == CHANGEABLE || disk->write_cache ? 0x04 : 0;
    return 18;
}

static const struct Page {
    guint8 code;
    gsize (*fill)(const ScsiDisk *disk, guint8 *p, unsigned control); /* p: zeroed */
} pages[] = {
    { 0x01, page_error },
    { 0x04, page_geometry },
    { 0x05, page_flexible },
    { PAGE_CACHING, page_caching },
};

/* One page, or all of them; 0: there is none such. */
static gsize put_pages(const ScsiDisk *disk, guint8 *p, guint8 code, unsigned control)
{
    gsize n = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (code == pages[i].code || code == PAGE_ALL) {
            gsize len = pages[i].fill(disk, p + n + 2, control);
            p[n] = pages[i].code;
            p[n + 1] = (guint8)len;
            n += 2 + len;
        }
    }
    return n;
}

static gsize put_descriptor(const ScsiDisk *disk, guint8 *p)
{
    guint64 blocks = scsi_disk_blocks(disk);

    scsi_put(p + 1, 3, blocks > 0xffffff ? 0 : blocks);
    scsi_put(p + 5, 3, disk->block_size);
    return DESCRIPTOR_SIZE;
}

void scsi_disk_mode_sense(ScsiDisk *disk, ScsiCommand *cmd)
{
    gboolean six = cmd->cdb[0] == MODE_SENSE_6;
    gboolean plain = (cmd->cdb[1] & 0x08) || !scsi_disk_blocks(disk);
    guint8 code = cmd->cdb[2] & 0x3f, specific = 0, p[REPLY_MAX] = { 0 };
    unsigned control = cmd->cdb[2] >> 6;
    gsize head = six ? 4 : 8, n = head;

    if (control == SAVED) {
        scsi_check(cmd, SCSI_SENSE_SAVING);
        return;
    }
    specific = (disk->dpofua ? 0x10 : 0) | (disk->read_only ? 0x80 : 0);
    n += plain ? 0 : put_descriptor(disk, p + n);
    gsize len = put_pages(disk, p + n, code, control);
    if (!len) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    n += len;
    if (six) {
        p[0] = (guint8)(n - 1);
        p[2] = specific;
        p[3] = plain ? 0 : DESCRIPTOR_SIZE;
    } else {
        scsi_put(p, 2, n - 2);
        p[3] = specific;
        p[7] = plain ? 0 : DESCRIPTOR_SIZE;
    }
    scsi_reply_padded(cmd, p, n);
}

/* --- MODE SELECT --- */

/* One page of the list, `size` bytes left: only what is changeable may change. */
static guint32 check_page(const ScsiDisk *disk, const guint8 *p, gsize size, gsize *used)
{
    guint8 now[64] = { 0 }, may[64] = { 0 };
    gsize len = size < 2 ? 0 : 2u + p[1];

    if (size < 2 || len > size) {
        return SCSI_SENSE_PARAMETER_LENGTH;
    }
    guint8 code = p[0] & 0x3f;
    if ((p[0] & 0x40) || code == PAGE_ALL || put_pages(disk, now, code, CURRENT) != len) {
        return SCSI_SENSE_PARAMETER;
    }
    put_pages(disk, may, code, CHANGEABLE);
    for (gsize i = 2; i < len; i++) {
        if ((p[i] ^ now[i]) & ~may[i]) {
            return SCSI_SENSE_PARAMETER;
        }
    }
    *used = len;
    return SCSI_SENSE_NONE;
}

/* All of the list is good before any of it is taken. */
static guint32 take_pages(ScsiDisk *disk, const guint8 *p, gsize size)
{
    gboolean write_cache = disk->write_cache;
    gsize used = 0;

    for (; size; p += used, size -= used) {
        guint32 sense = check_page(disk, p, size, &used);
        if (sense != SCSI_SENSE_NONE) {
            return sense;
        }
        if ((p[0] & 0x3f) == PAGE_CACHING) {
            write_cache = (p[2] & 0x04) != 0;
        }
    }
    disk->write_cache = write_cache;
    return SCSI_SENSE_NONE;
}

void scsi_disk_mode_select(ScsiDisk *disk, ScsiCommand *cmd)
{
    gboolean six = cmd->cdb[0] == MODE_SELECT_6;
    gsize head = six ? 4 : 8, descriptor;
    guint8 list[REPLY_MAX];

    if ((cmd->cdb[1] & 0x11) != 0x10) { /* pages in their format, and none are saved */
        scsi_check(cmd, SCSI_SENSE_FIELD);
        return;
    }
    gsize n = scsi_receive(cmd, 0, list, sizeof(list));
    if (!cmd->xfer) { /* 6.7: no error */
        scsi_good(cmd);
        return;
    }
    if (n != cmd->xfer || n < head) {
        scsi_check(cmd, SCSI_SENSE_PARAMETER_LENGTH);
        return;
    }
    descriptor = six ? list[3] : scsi_get(list + 6, 2);
    if (descriptor > n - head) {
        scsi_check(cmd, SCSI_SENSE_PARAMETER_LENGTH);
        return;
    }
    if (descriptor != 0 && descriptor != DESCRIPTOR_SIZE) {
        scsi_check(cmd, SCSI_SENSE_PARAMETER);
        return;
    }
    guint32 sense = take_pages(disk, list + head + descriptor, n - head - descriptor);
    if (sense != SCSI_SENSE_NONE) {
        scsi_check(cmd, sense);
        return;
    }
    cmd->moved = cmd->xfer;
    if (disk->write_cache) {
        scsi_good(cmd);
    } else {
        scsi_disk_flush(disk, cmd); /* what was in the cache */
    }
}
