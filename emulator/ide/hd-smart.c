/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMART (ATA8-ACS, 7.52): a healthy disk, with the attributes that QEMU's has. Self-tests
 * have passed as soon as they are asked for.
 */
#include "ide/hd.h"

#include <string.h>

#define KEY 0xc24f00u /* in bits 23:8 of the address */

/* Subcommands. */
enum {
    READ_DATA = 0xd0,
    READ_THRESHOLDS = 0xd1,
    AUTOSAVE = 0xd2,
    SELF_TEST = 0xd4,
    READ_LOG = 0xd5,
    ENABLE = 0xd8,
    DISABLE = 0xd9,
    RETURN_STATUS = 0xda,
};

#define AUTOSAVE_ON   0xf1
#define SELF_TEST_MAX 2 /* off-line, short, long; without keeping the guest */
#define LOG_SUMMARY   0x01
#define LOG_SELF_TEST 0x06

/* A page of attributes: version, then twelve bytes for each. */
#define ATTRIBUTE_BYTES 12
#define ATTRIBUTES_AT   2

static const struct {
    guint8 id, flags, value, raw[4], threshold;
} attributes[] = {
    { 1, 3, 100, { 0 }, 6 },               /* errors when reading */
    { 3, 3, 100, { 16 }, 0 },              /* time to spin up */
    { 4, 2, 100, { 100 }, 20 },            /* starts and stops */
    { 5, 3, 100, { 0 }, 36 },              /* reallocated sectors */
    { 9, 3, 100, { 1 }, 0 },               /* hours of power */
    { 12, 3, 100, { 0 }, 0 },              /* power cycles */
    { 190, 3, 69, { 31, 0, 31, 31 }, 50 }, /* temperature */
};

/* What follows the attributes: off-line collection, and minutes that tests take. */
static const struct {
    guint16 at;
    guint8 value;
} data_fields[] = {
    { 364, 288 & 0xff }, { 365, 288 >> 8 }, { 367, 0x19 }, { 368, 0x03 },
    { 370, 0x01 },       { 372, 2 },        { 373, 54 },   { 374, 1 },
};
#define DATA_OFFLINE       362
#define OFFLINE_DONE       0x02
#define OFFLINE_AUTOSAVING 0x80

/* A self-test in its log. */
#define TEST_BYTES      24
#define TEST_AT         2
#define TEST_HOURS      1
#define SELF_TEST_INDEX 508

static void send_page(IdeCommand *cmd, guint8 *page)
{
    ide_put_checksum(page);
    cmd->protocol = IDE_PIO_IN;
    hd_send_page(cmd, page);
}

static void read_data(IdeHd *hd, IdeCommand *cmd)
{
    guint8 page[IDE_SECTOR_SIZE] = { 1 };

    for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
        guint8 *a = page + ATTRIBUTES_AT + ATTRIBUTE_BYTES * i;
        a[0] = attributes[i].id;
        a[1] = attributes[i].flags;
        a[3] = a[4] = attributes[i].value; /* now, and the worst */
        memcpy(a + 5, attributes[i].raw, sizeof(attributes[i].raw));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(data_fields); i++) {
        page[data_fields[i].at] = data_fields[i].value;
    }
    page[DATA_OFFLINE] = OFFLINE_DONE | (hd->smart_autosave ? OFFLINE_AUTOSAVING : 0);
    send_page(cmd, page);
}

static void read_thresholds(IdeHd *hd, IdeCommand *cmd)
{
    guint8 page[IDE_SECTOR_SIZE] = { 1 };

    for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
        page[ATTRIBUTES_AT + ATTRIBUTE_BYTES * i] = attributes[i].id;
        page[ATTRIBUTES_AT + ATTRIBUTE_BYTES * i + 1] = attributes[i].threshold;
    }
    send_page(cmd, page);
}

static void read_log(IdeHd *hd, IdeCommand *cmd)
{
    guint8 page[IDE_SECTOR_SIZE] = { 1 };

    switch (cmd->regs.lba & 0xff) {
    case LOG_SUMMARY: /* of errors: none */
        break;
    case LOG_SELF_TEST:
        for (unsigned i = 0; i < hd->self_tests; i++) {
            guint8 *test = page + TEST_AT + TEST_BYTES * i;
            test[0] = hd->self_test[i];
            test[2] = TEST_HOURS;
        }
        page[SELF_TEST_INDEX] = hd->self_tests;
        break;
    default:
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    send_page(cmd, page);
}

static void set_autosave(IdeHd *hd, IdeCommand *cmd)
{
    guint8 how = (guint8)cmd->regs.count;

    if (how != 0 && how != AUTOSAVE_ON) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    hd->smart_autosave = how == AUTOSAVE_ON;
    ide_command_good(cmd);
}

/* The log keeps the last ones. */
static void self_test(IdeHd *hd, IdeCommand *cmd)
{
    guint8 what = (guint8)cmd->regs.lba;

    if (what > SELF_TEST_MAX) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    if (hd->self_tests == sizeof(hd->self_test)) {
        memmove(hd->self_test, hd->self_test + 1, sizeof(hd->self_test) - 1);
        hd->self_tests--;
    }
    hd->self_test[hd->self_tests++] = what;
    ide_command_good(cmd);
}

void hd_smart(IdeHd *hd, IdeCommand *cmd)
{
    guint8 what = (guint8)cmd->features;
    gboolean key = (cmd->regs.lba & 0xffff00) == KEY;

    if (!key || (!hd->smart && what != ENABLE)) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    switch (what) {
    case READ_DATA:
        read_data(hd, cmd);
        return;
    case READ_THRESHOLDS:
        read_thresholds(hd, cmd);
        return;
    case READ_LOG:
        read_log(hd, cmd);
        return;
    case AUTOSAVE:
        set_autosave(hd, cmd);
        return;
    case SELF_TEST:
        self_test(hd, cmd);
        return;
    case ENABLE:
    case DISABLE:
        hd->smart = what == ENABLE;
        ide_command_good(cmd);
        return;
    case RETURN_STATUS: /* healthy: the key as it came */
        ide_command_good(cmd);
        return;
    default:
        ide_command_fail(cmd, IDE_ERROR_ABRT);
    }
}
