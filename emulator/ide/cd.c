/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ide-cd: a CD and DVD drive as an ATA packet device (ATA8-ACS). Here: its life, its tray
 * and medium, what migrates, and the commands that are no packets. A medium is an image
 * of blocks of 2048 bytes.
 */
#include "ide/cd.h"

#include <string.h>

#include "util/error.h"

#define MODEL "QEMU DVD-ROM"

/* IDENTIFY's bits of the transfer modes that are supported; above them, those selected.
 */
#define SINGLE_WORD_MODES  0x07
#define MULTI_WORD_MODES   0x07
#define ULTRA_MODES        0x3f
#define ULTRA_MODE_DEFAULT 0x20

static IdeCd *cd_of(Removable *r)
{
    return (IdeCd *)((guint8 *)r - offsetof(IdeCd, removable));
}

/* --- tray and medium --- */

static guint64 medium_blocks(const IdeCd *cd)
{
    const BlockNode *medium = cd->removable.medium;

    return medium ? block_node_size(medium) / CD_BLOCK_SIZE : 0;
}

guint32 cd_blocks(const IdeCd *cd)
{
    return cd->removable.tray_open ? 0 : (guint32)MIN(medium_blocks(cd), G_MAXUINT32);
}

/* The guest learns that the medium is another one. */
static void tell(IdeCd *cd)
{
    cd->change = CD_SAY_EMPTY;
    cd->new_medium = TRUE;
    cd->eject_request = FALSE;
    cd->swapped = FALSE;
}

static void moved(Removable *r)
{
    tell(cd_of(r));
}

static void eject_requested(Removable *r)
{
    cd_of(r)->eject_request = TRUE;
}

/* Also when a migration has ended here: then most often it is the one that it was. */
static void medium_changed(Removable *r)
{
    IdeCd *cd = cd_of(r);
    guint64 blocks = medium_blocks(cd);

    if (blocks == cd->blocks) {
        return;
    }
    cd->blocks = blocks;
    if (r->tray_open) {
        cd->swapped = TRUE;
    } else {
        tell(cd);
    }
}

static const RemovableClass removable_class = { moved, eject_requested, medium_changed };

void cd_move_tray(IdeCd *cd, gboolean open)
{
    removable_move_tray(&cd->removable, open);
    if (!open && cd->swapped) {
        tell(cd);
    }
}

/* --- life --- */

static void set_up(IdeCd *cd)
{
    Device *device = &cd->drive.device;
    Removable *r = &cd->removable;

    r->klass = &removable_class;
    r->name = device->id ? device->id : device->path;
    r->path = device->path;
    r->stats = &cd->drive.stats;
    r->share_rw = cd->drive.share_rw;
    r->drive = cd->drive.drive && removable_is_drive_name(cd->drive.drive)
                   ? cd->drive.drive
                   : NULL;
}

/* Without drive= it is empty, and may be so with the name of a -drive. */
static gboolean find_medium(IdeCd *cd, BlockNode **medium, GError **errp)
{
    const char *name = cd->drive.drive;

    set_up(cd);
    *medium = name ? block_node_find(name) : NULL;
    return !name || *medium || cd->removable.drive ||
           error_set(errp, "Property '%s.drive' can't find value '%s'",
                     device_user_name(&cd->drive.device), name);
}

static void cd_acquire(Device *device, DeviceChanged done, void *opaque)
{
    IdeCd *cd = (IdeCd *)device;
    BlockNode *medium;
    GError *error = NULL;

    if (find_medium(cd, &medium, &error)) {
        removable_acquire(&cd->removable, medium, done, opaque);
    } else {
        done(opaque, error);
    }
}

static void cd_release(Device *device, DeviceChanged done, void *opaque)
{
    removable_release(&((IdeCd *)device)->removable, done, opaque);
}

static gboolean cd_realize(Device *device, GError **errp)
{
    IdeCd *cd = (IdeCd *)device;
    BlockNode *medium;

    if (!find_medium(cd, &medium, errp) || !ide_drive_check(&cd->drive, MODEL, errp) ||
        !removable_add(&cd->removable, medium, errp)) {
        return FALSE;
    }
    cd->blocks = medium_blocks(cd);
    return TRUE;
}

static void cd_unrealize(Device *device)
{
    removable_remove(&((IdeCd *)device)->removable);
}

static void reset_modes(IdeCd *cd)
{
    cd->single_word = cd->multi_word = 0;
    cd->ultra = ULTRA_MODE_DEFAULT;
}

/* The guest has no hold on it any more. The tray stays: a port's reset has no hands. */
static void forget_guest(IdeCd *cd)
{
    cd->removable.locked = FALSE;
    cd->sense_key = CD_NO_SENSE;
    cd->sense_code = CD_ASC_NONE;
    cd->eject_request = FALSE;
}

/* A machine that is switched on pulls its trays in. */
static void cd_reset(Device *device)
{
    IdeCd *cd = (IdeCd *)device;

    ide_drive_reset(device);
    forget_guest(cd);
    reset_modes(cd);
    removable_move_tray(&cd->removable, FALSE);
    cd->change = CD_SETTLED;
    cd->new_medium = cd->swapped = FALSE;
}

static void cd_port_reset(IdeDrive *drive, gboolean hard)
{
    IdeCd *cd = (IdeCd *)drive;

    forget_guest(cd);
    if (hard) {
        reset_modes(cd);
    }
}

/* --- commands that are no packets --- */

static const struct {
    guint8 word;
    guint16 value;
} identify_words[] = {
    { 0, 0x85c0 },                  /* packet device, CD, removable, 12 bytes of packet */
    { 20, 3 },                      /* of old: buffer, */
    { 21, 512 },                    /* its size in sectors, */
    { 22, 4 },                      /* bytes of error correction */
    { 48, 1 },      { 49, 0x0300 }, /* DMA, LBA */
    { 53, 0x0007 },                 /* words 64 to 70 and 88 are valid */
    { 64, 0x0003 },                 /* PIO modes 3, 4 */
    { 65, 180 },                    /* ns of a cycle: multi-word DMA, */
    { 66, 180 },    { 67, 300 },    /* PIO without, */
    { 68, 180 },                    /* and with flow control */
    { 71, 30 }, /* ns, typical: from the packet to the release of the bus */
    { 72, 30 },     { 76, 0x0002 }, /* Serial ATA, 1.5 Gbit/s */
    { 80, 0x001e },                 /* ATA-1 to ATA/ATAPI-4 */
};

static guint16 modes(guint8 supported, guint8 selected)
{
    return (guint16)(selected << 8 | supported);
}

static void identify(IdeCd *cd, IdeCommand *cmd)
{
    IdeDrive *drive = &cd->drive;
    guint8 page[IDE_SECTOR_SIZE] = { 0 };

    for (guint i = 0; i < G_N_ELEMENTS(identify_words); i++) {
        ide_put_word(page, identify_words[i].word, identify_words[i].value);
    }
    ide_put_text(page, 10, 10, drive->serial);
    ide_put_text(page, 23, 4, drive->ver);
    ide_put_text(page, 27, 20, drive->model);
    ide_put_word(page, 62, modes(SINGLE_WORD_MODES, cd->single_word));
    ide_put_word(page, 63, modes(MULTI_WORD_MODES, cd->multi_word));
    ide_put_word(page, 88, modes(ULTRA_MODES, cd->ultra));
    if (drive->wwn) {
        ide_put_word(page, 84, 0x0100);
        ide_put_word(page, 87, 0x0100);
        for (guint i = 0; i < 4; i++) {
            ide_put_word(page, 108 + i, (guint16)(drive->wwn >> (48 - 16 * i)));
        }
    }
    cmd->protocol = IDE_PIO_IN;
    if (ide_command_send(cmd, page, sizeof(page))) {
        ide_command_good(cmd);
    } else {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
    }
}

/* IDENTIFY DEVICE is for disks: it says what this is. */
static void no_disk(IdeCd *cd, IdeCommand *cmd)
{
    ide_drive_signature(&cd->drive, &cmd->regs);
    ide_command_fail(cmd, IDE_ERROR_ABRT);
}

/* Packet devices end these without DRDY. */
static void be_reset(IdeCd *cd, IdeCommand *cmd)
{
    forget_guest(cd);
    ide_drive_signature(&cd->drive, &cmd->regs);
    cmd->status = 0;
    cmd->error = 0;
    ide_command_end(cmd);
}

static void diagnose(IdeCd *cd, IdeCommand *cmd)
{
    ide_drive_signature(&cd->drive, &cmd->regs);
    cmd->status = 0;
    cmd->error = 0x01; /* all is well */
    ide_command_end(cmd);
}

/* SET FEATURES 0x03: by the kind in the upper bits of the count. */
static gboolean set_mode(IdeCd *cd, guint8 count)
{
    guint8 bit = (guint8)(1u << (count & 0x07));

    switch (count >> 3) {
    case 0x00: /* PIO, its default; and with flow control */
    case 0x01:
        cd->single_word = cd->multi_word = cd->ultra = 0;
        return TRUE;
    case 0x02:
        cd->single_word = bit;
        cd->multi_word = cd->ultra = 0;
        return TRUE;
    case 0x04:
        cd->multi_word = bit;
        cd->single_word = cd->ultra = 0;
        return TRUE;
    case 0x08:
        cd->ultra = bit;
        cd->single_word = cd->multi_word = 0;
        return TRUE;
    default:
        return FALSE;
    }
}

/* The others that QEMU's drive accepts: without an effect on one that is read only. */
static const guint8 features_without_effect[] = { 0x05, 0x42, 0x55, 0x66, 0x67, 0x69,
                                                  0x85, 0x96, 0x9a, 0xaa, 0xc2, 0xcc };

static gboolean set_feature(IdeCd *cd, const IdeCommand *cmd)
{
    switch (cmd->features) {
    case 0x02:
    case 0x82:
        cd->drive.write_cache_on = cmd->features == 0x02;
        return TRUE;
    case 0x03:
        return set_mode(cd, (guint8)cmd->regs.count);
    default:
        return cmd->features <= G_MAXUINT8 &&
               memchr(features_without_effect, cmd->features,
                      sizeof(features_without_effect));
    }
}

static void set_features(IdeCd *cd, IdeCommand *cmd)
{
    if (set_feature(cd, cmd)) {
        ide_command_good(cmd);
    } else {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
    }
}

/* There is nothing to be flushed. */
static void flush(IdeCd *cd, IdeCommand *cmd)
{
    ide_command_good(cmd);
}

static const struct {
    guint8 command;
    void (*run)(IdeCd *cd, IdeCommand *cmd);
} commands[] = {
    { 0x08, be_reset },     /* DEVICE RESET */
    { 0x90, diagnose },     /* EXECUTE DEVICE DIAGNOSTIC */
    { 0xa0, cd_packet },    /* PACKET */
    { 0xa1, identify },     /* IDENTIFY PACKET DEVICE */
    { 0xe7, flush },        /* FLUSH CACHE */
    { 0xec, no_disk },      /* IDENTIFY DEVICE */
    { 0xef, set_features }, /* SET FEATURES */
};

static void cd_command(IdeDrive *drive, IdeCommand *cmd)
{
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].command == cmd->command) {
            commands[i].run((IdeCd *)drive, cmd);
            return;
        }
    }
    ide_command_fail(cmd, IDE_ERROR_ABRT);
}

/* --- class --- */

static const StateField fields[] = {
    STATE_FIELD("tray-open", STATE_BOOL, IdeCd, removable.tray_open),
    STATE_FIELD("locked", STATE_BOOL, IdeCd, removable.locked),
    STATE_FIELD("sense-key", STATE_U8, IdeCd, sense_key, .limit = 0x0f),
    STATE_FIELD("sense-code", STATE_U16, IdeCd, sense_code),
    STATE_FIELD("change", STATE_U8, IdeCd, change, .limit = CD_SAY_CHANGED),
    STATE_FIELD("swapped", STATE_BOOL, IdeCd, swapped),
    STATE_FIELD("new-medium", STATE_BOOL, IdeCd, new_medium),
    STATE_FIELD("eject-request", STATE_BOOL, IdeCd, eject_request),
    STATE_FIELD("blocks", STATE_U64, IdeCd, blocks),
    STATE_FIELD("single-word", STATE_U8, IdeCd, single_word),
    STATE_FIELD("multi-word", STATE_U8, IdeCd, multi_word),
    STATE_FIELD("ultra", STATE_U8, IdeCd, ultra),
    { NULL },
};

static const StateDesc state = { .name = "ide-cd", .version = 1, .fields = fields };

const IdeDriveClass ide_cd_class = {
    .device = {
        .name = "ide-cd",
        .bus = IDE_BUS_TYPE,
        .desc = "CD and DVD drive",
        .instance_size = sizeof(IdeCd),
        .user_creatable = TRUE,
        .state = &state,
        .parent = &ide_drive_class,
        .acquire = cd_acquire,
        .release = cd_release,
        .realize = cd_realize,
        .reset = cd_reset,
        .unrealize = cd_unrealize,
    },
    .packet = TRUE,
    .command = cd_command,
    .port_reset = cd_port_reset,
};
