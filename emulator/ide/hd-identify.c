/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IDENTIFY DEVICE (ATA8-ACS, 7.16): the words that QEMU's disk has, and of what is more
 * here: the logs.
 */
#include "ide/hd.h"

#define LBA28_MAX 0x0fffffffu

/* Words that are always so. */
static const struct {
    guint8 word;
    guint16 value;
} fixed[] = {
    { 0, 0x0040 }, /* a disk that is not removable */
    { 20, 3 },     /* of old drives: the kind of buffer, its sectors, bytes of ECC */
    { 21, 512 },
    { 22, 4 },
    { 47, 0x8000 | HD_MULTIPLE_MAX },
    { 48, 1 },
    { 49, 0x0b00 }, /* DMA, LBA, IORDY */
    { 51, 0x0200 },
    { 52, 0x0200 },
    { 53, 0x0007 }, /* 54-58, 64-70 and 88 say something */
    { 64, 0x0003 }, /* PIO 3 and 4; then, in ns, the cycles */
    { 65, 120 },
    { 66, 120 },
    { 67, 120 },
    { 68, 120 },
    { 75, IDE_QUEUE_DEPTH - 1 },
    { 76, 0x0100 }, /* NCQ */
    { 80, 0x00f0 }, /* ATA-4 to -7 */
    { 81, 0x0016 },
    { 82, 0x4021 }, /* NOP, write cache, SMART */
    { 83, 0x7400 }, /* FLUSH CACHE (EXT), LBA48 */
    { 86, 0x3400 },
    { 93, 0x6001 },
};

#define SUPPORTED  0x4000 /* words 84 and 87: the bits are valid */
#define HAS_LOGS   0x0020
#define HAS_WWN    0x0100
#define SMART_ON   0x0001
#define CACHE_ON   0x0020
#define NOP_ON     0x4000
#define TRIM_FIXED 0x4000 /* word 69: what has been trimmed reads as it did */

static void put_geometry(const IdeHd *hd, guint8 *page)
{
    guint64 all = hd_sectors(hd);
    guint16 cylinders =
        (guint16)CLAMP(all / (HD_HEADS * HD_SECTORS), 2, (guint64)HD_CYLINDERS);
    guint32 old = (guint32)cylinders * hd->heads * hd->sectors;

    ide_put_word(page, 1, cylinders);
    ide_put_word(page, 3, HD_HEADS);
    ide_put_word(page, 4, IDE_SECTOR_SIZE * HD_SECTORS);
    ide_put_word(page, 5, IDE_SECTOR_SIZE);
    ide_put_word(page, 6, HD_SECTORS);
    ide_put_word(page, 54, cylinders);
    ide_put_word(page, 55, hd->heads);
    ide_put_word(page, 56, hd->sectors);
    ide_put_word(page, 57, (guint16)old);
    ide_put_word(page, 58, (guint16)(old >> 16));
}

static void put_size(const IdeHd *hd, guint8 *page)
{
    guint64 all = hd_sectors(hd);
    guint32 few = (guint32)MIN(all, LBA28_MAX);
    guint32 blocks = (guint32)(hd->drive.physical_block_size / IDE_SECTOR_SIZE);

    ide_put_word(page, 60, (guint16)few);
    ide_put_word(page, 61, (guint16)(few >> 16));
    for (unsigned i = 0; i < 4; i++) {
        ide_put_word(page, 100 + i, (guint16)(all >> (16 * i)));
    }
    ide_put_word(page, 106,
                 (guint16)(0x6000 | (blocks > 1 ? (unsigned)__builtin_ctz(blocks) : 0)));
}

/* One of these tells which mode is in use. */
static void put_modes(const IdeHd *hd, guint8 *page)
{
    unsigned mode = hd->xfer & 7, kind = hd->xfer & 0xf8;
    guint16 chosen = (guint16)(0x0100 << mode);

    ide_put_word(page, 62, (guint16)(0x07 | (kind == 0x10 ? chosen : 0)));
    ide_put_word(page, 63, (guint16)(0x07 | (kind == 0x20 ? chosen : 0)));
    ide_put_word(page, 88, (guint16)(0x3f | (kind == 0x40 ? chosen : 0)));
}

static void put_features(const IdeHd *hd, guint8 *page)
{
    const IdeDrive *drive = &hd->drive;
    guint16 has = (guint16)(SUPPORTED | HAS_LOGS | (drive->wwn ? HAS_WWN : 0));

    ide_put_word(page, 59, hd->multiple ? 0x0100 | hd->multiple : 0);
    ide_put_word(page, 84, has);
    ide_put_word(page, 85,
                 (guint16)(NOP_ON | (hd->smart ? SMART_ON : 0) |
                           (drive->write_cache_on ? CACHE_ON : 0)));
    ide_put_word(page, 87, has);
    for (unsigned i = 0; i < 4; i++) {
        ide_put_word(page, 108 + i, (guint16)(drive->wwn >> (48 - 16 * i)));
    }
    if (drive->discard_granularity) {
        ide_put_word(page, 69, TRIM_FIXED);
        ide_put_word(page, 169, 1);
    }
    ide_put_word(page, 217, hd->rotation_rate);
}

void hd_identify(IdeHd *hd, IdeCommand *cmd)
{
    guint8 page[IDE_SECTOR_SIZE] = { 0 };

    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++) {
        ide_put_word(page, fixed[i].word, fixed[i].value);
    }
    ide_put_text(page, 10, 10, hd->drive.serial);
    ide_put_text(page, 23, 4, hd->drive.ver);
    ide_put_text(page, 27, 20, hd->drive.model);
    put_geometry(hd, page);
    put_size(hd, page);
    put_modes(hd, page);
    put_features(hd, page);
    hd_send_page(cmd, page);
}
