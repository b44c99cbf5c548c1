/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SET FEATURES and SET MULTIPLE MODE (ATA8-ACS, 7.47 and 7.48). */
#include "ide/hd.h"

#include <string.h>

/* Subcommands: those of which something follows. */
enum {
    CACHE_ON = 0x02,
    TRANSFER_MODE = 0x03,
    CACHE_OFF = 0x82,
};

/* Those that are as the guest wants them, whatever they mean here. */
static const guint8 accepted[] = {
    0x05, 0x85,             /* advanced power management */
    0x42, 0xc2,             /* acoustics */
    0x55, 0xaa,             /* read look-ahead */
    0x66, 0xcc,             /* what a reset leaves */
    0x67, 0x69, 0x96, 0x9a, /* of old drives */
};

/* A kind of mode and the highest of it. */
static const struct {
    guint8 kind, max;
} modes[] = {
    { 0x00, 1 }, /* PIO, the default ones */
    { 0x08, 4 }, /* PIO with flow control */
    { 0x10, 2 }, /* DMA of single words */
    { 0x20, 2 }, /* DMA of several */
    { 0x40, 5 }, /* Ultra DMA */
};

static gboolean is_mode(guint8 code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
        if ((code & 0xf8) == modes[i].kind) {
            return (code & 7) <= modes[i].max;
        }
    }
    return FALSE;
}

static void set_mode(IdeHd *hd, IdeCommand *cmd)
{
    guint8 code = (guint8)cmd->regs.count;

    if (!is_mode(code)) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    hd->xfer = code;
    ide_command_good(cmd);
}

static void flushed(IdeCommand *cmd, int error)
{
    if (error) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    cmd->drive->write_cache_on = FALSE;
    ide_command_good(cmd);
}

void hd_set_features(IdeHd *hd, IdeCommand *cmd)
{
    guint8 what = (guint8)cmd->features;

    switch (what) {
    case CACHE_ON:
        hd->drive.write_cache_on = TRUE;
        break;
    case TRANSFER_MODE:
        set_mode(hd, cmd);
        return;
    case CACHE_OFF: /* what is in it goes to the medium first */
        ide_request(cmd, BLOCK_FLUSH, 0, 0, flushed);
        return;
    default:
        if (!memchr(accepted, what, sizeof(accepted))) {
            ide_command_fail(cmd, IDE_ERROR_ABRT);
            return;
        }
    }
    ide_command_good(cmd);
}

void hd_set_multiple(IdeHd *hd, IdeCommand *cmd)
{
    guint8 n = (guint8)cmd->regs.count;

    if (n > HD_MULTIPLE_MAX || (n & (n - 1))) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    hd->multiple = n;
    ide_command_good(cmd);
}
