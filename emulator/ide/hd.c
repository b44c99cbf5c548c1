/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ide-hd: a hard disk (ATA8-ACS). Each command is a row: how its data goes, how wide its
 * registers are, what does it. What QEMU's disk knows is here; READ LOG EXT in addition,
 * which tells which of the queued commands has failed.
 */
#include "ide/hd.h"

#include <errno.h>

#include "util/error.h"

#define MODEL "QEMU HARDDISK"

/* Device register. */
#define DEVICE_LBA   0x40
#define DEVICE_FUA   0x80 /* of queued commands */
#define DEVICE_HEADS 0x0f

/* Commands that need no other name. */
#define NOT_QUEUED 0x80

typedef enum HdWidth {
    NONE,  /* no address */
    LBA28, /* or cylinder, head and sector */
    LBA48,
    QUEUED, /* LBA48, and the number of sectors is in the features */
} HdWidth;

typedef struct HdCommand {
    guint8 code;
    HdWidth width;
    IdeProtocol protocol;
    HdFn fn;
} HdCommand;

/* --- moving data --- */

static guint64 address(const IdeHd *hd, const IdeCommand *cmd, const HdCommand *row)
{
    const IdeRegisters *regs = &cmd->regs;
    guint8 head = regs->device & DEVICE_HEADS;

    if (row->width != LBA28) {
        return regs->lba;
    }
    if (regs->device & DEVICE_LBA) {
        return (regs->lba & 0xffffff) | (guint64)head << 24;
    }
    guint64 cylinder = regs->lba >> 8 & 0xffff, sector = regs->lba & 0xff;
    return sector ? (cylinder * hd->heads + head) * hd->sectors + sector - 1
                  : G_MAXUINT64;
}

static guint32 sectors_of(const IdeCommand *cmd, const HdCommand *row)
{
    if (row->width == LBA28) {
        return cmd->regs.count & 0xff ? cmd->regs.count & 0xff : 256;
    }
    guint16 count = row->width == QUEUED ? cmd->features : cmd->regs.count;
    return count ? count : 65536;
}

/* Bytes on the medium; FALSE: it has no such sectors. */
static gboolean find_range(const IdeHd *hd, const IdeCommand *cmd, const HdCommand *row,
                           guint64 *offset, guint64 *bytes)
{
    guint64 lba = address(hd, cmd, row), n = sectors_of(cmd, row), all = hd_sectors(hd);

    *offset = lba * IDE_SECTOR_SIZE;
    *bytes = n * IDE_SECTOR_SIZE;
    return lba <= all && n <= all - lba;
}

static void fail(IdeHd *hd, IdeCommand *cmd, guint8 error)
{
    if (cmd->protocol == IDE_QUEUED_IN || cmd->protocol == IDE_QUEUED_OUT) {
        hd_note_queue_error(hd, cmd, error);
    }
    ide_command_fail(cmd, error);
}

/* 7.25.6: of a read, the address is that of the first sector that could not be read. */
static void moved(IdeCommand *cmd, int error)
{
    IdeHd *hd = (IdeHd *)cmd->drive;

    if (!error) {
        ide_command_good(cmd);
        return;
    }
    cmd->regs.lba = cmd->offset / IDE_SECTOR_SIZE;
    if (error == EFAULT) {
        fail(hd, cmd, IDE_ERROR_ABRT);
    } else {
        fail(hd, cmd, cmd->block.op == BLOCK_READ ? IDE_ERROR_UNC : IDE_ERROR_ABRT);
    }
}

static const HdCommand *find_row(guint8 code);

static void move(IdeHd *hd, IdeCommand *cmd, BlockOp op)
{
    const HdCommand *row = find_row(cmd->command);
    gboolean writes = op == BLOCK_WRITE;
    gboolean fua = writes && (!hd->drive.write_cache_on ||
                              (row->width == QUEUED && cmd->regs.device & DEVICE_FUA));
    guint64 offset, bytes;

    if (!find_range(hd, cmd, row, &offset, &bytes)) {
        block_account_invalid(&hd->drive.stats, op);
        fail(hd, cmd, IDE_ERROR_IDNF);
        return;
    }
    ide_transfer(cmd, op, offset, bytes, fua, moved);
}

static void read_sectors(IdeHd *hd, IdeCommand *cmd)
{
    move(hd, cmd, BLOCK_READ);
}

static void write_sectors(IdeHd *hd, IdeCommand *cmd)
{
    move(hd, cmd, BLOCK_WRITE);
}

/* So many sectors in a PIO data block: 7.27. Without SET MULTIPLE it is one. */
static void set_block(const IdeHd *hd, IdeCommand *cmd)
{
    cmd->pio_block = MAX(hd->multiple, 1u) * IDE_SECTOR_SIZE;
}

static void read_multiple(IdeHd *hd, IdeCommand *cmd)
{
    set_block(hd, cmd);
    read_sectors(hd, cmd);
}

static void write_multiple(IdeHd *hd, IdeCommand *cmd)
{
    set_block(hd, cmd);
    write_sectors(hd, cmd);
}

/* --- without data --- */

static void good(IdeHd *hd, IdeCommand *cmd)
{
    ide_command_good(cmd);
}

static void abort_command(IdeHd *hd, IdeCommand *cmd)
{
    ide_command_fail(cmd, IDE_ERROR_ABRT);
}

static void verify(IdeHd *hd, IdeCommand *cmd)
{
    guint64 offset, bytes;

    if (find_range(hd, cmd, find_row(cmd->command), &offset, &bytes)) {
        ide_command_good(cmd);
    } else {
        ide_command_fail(cmd, IDE_ERROR_IDNF);
    }
}

static void flush(IdeHd *hd, IdeCommand *cmd)
{
    ide_request(cmd, BLOCK_FLUSH, 0, 0, moved);
}

/* The address of the last sector, as far as the registers reach. */
static void native_max(IdeHd *hd, IdeCommand *cmd)
{
    guint64 last = MAX(hd_sectors(hd), 1) - 1;

    if (find_row(cmd->command)->width == LBA28) {
        last = MIN(last, 0x0fffffff);
        cmd->regs.device =
            (guint8)((cmd->regs.device & ~DEVICE_HEADS) | (last >> 24 & DEVICE_HEADS));
        last &= 0xffffff;
    }
    cmd->regs.lba = last;
    ide_command_good(cmd);
}

/* 7.8: always active. */
static void check_power(IdeHd *hd, IdeCommand *cmd)
{
    cmd->regs.count = 0xff;
    ide_command_good(cmd);
}

/* 7.9: passed; all of its result is in the registers of the signature. */
static void diagnose(IdeHd *hd, IdeCommand *cmd)
{
    ide_drive_signature(&hd->drive, &cmd->regs);
    cmd->status = IDE_STATUS_DRDY | IDE_STATUS_DSC;
    cmd->error = 1;
    ide_command_end(cmd);
}

/* Of old drives: how the guest counts heads and sectors. */
static void set_geometry(IdeHd *hd, IdeCommand *cmd)
{
    if (!(cmd->regs.count & 0xff)) {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
        return;
    }
    hd->sectors = (guint8)cmd->regs.count;
    hd->heads = (guint8)((cmd->regs.device & DEVICE_HEADS) + 1);
    ide_command_good(cmd);
}

void hd_send_page(IdeCommand *cmd, const guint8 page[IDE_SECTOR_SIZE])
{
    if (ide_command_send(cmd, page, IDE_SECTOR_SIZE)) {
        ide_command_good(cmd);
    } else {
        ide_command_fail(cmd, IDE_ERROR_ABRT);
    }
}

/* --- the table --- */

/* clang-format off */
static const HdCommand commands[] = {
    { 0x06, LBA48, IDE_DMA_OUT, hd_trim },            /* DATA SET MANAGEMENT */
    { 0x10, NONE, IDE_NON_DATA, good },               /* RECALIBRATE */
    { 0x20, LBA28, IDE_PIO_IN, read_sectors },
    { 0x21, LBA28, IDE_PIO_IN, read_sectors },        /* without retries */
    { 0x24, LBA48, IDE_PIO_IN, read_sectors },
    { 0x25, LBA48, IDE_DMA_IN, read_sectors },
    { 0x27, LBA48, IDE_NON_DATA, native_max },
    { 0x29, LBA48, IDE_PIO_IN, read_multiple },
    { 0x2f, LBA48, IDE_PIO_IN, hd_read_log },
    { 0x30, LBA28, IDE_PIO_OUT, write_sectors },
    { 0x31, LBA28, IDE_PIO_OUT, write_sectors },
    { 0x34, LBA48, IDE_PIO_OUT, write_sectors },
    { 0x35, LBA48, IDE_DMA_OUT, write_sectors },
    { 0x39, LBA48, IDE_PIO_OUT, write_multiple },
    { 0x3c, LBA28, IDE_PIO_OUT, write_sectors },      /* WRITE VERIFY */
    { 0x40, LBA28, IDE_NON_DATA, verify },
    { 0x41, LBA28, IDE_NON_DATA, verify },
    { 0x42, LBA48, IDE_NON_DATA, verify },
    { 0x60, QUEUED, IDE_QUEUED_IN, read_sectors },    /* READ FPDMA QUEUED */
    { 0x61, QUEUED, IDE_QUEUED_OUT, write_sectors },
    { 0x70, LBA28, IDE_NON_DATA, good },              /* SEEK */
    { 0x90, NONE, IDE_NON_DATA, diagnose },
    { 0x91, NONE, IDE_NON_DATA, set_geometry },
    { 0x94, NONE, IDE_NON_DATA, good },               /* power: STANDBY, IDLE, SLEEP */
    { 0x95, NONE, IDE_NON_DATA, good },
    { 0x96, NONE, IDE_NON_DATA, good },
    { 0x97, NONE, IDE_NON_DATA, good },
    { 0x98, NONE, IDE_NON_DATA, check_power },
    { 0x99, NONE, IDE_NON_DATA, good },
    { 0xb0, NONE, IDE_NON_DATA, hd_smart },           /* some have data */
    { 0xc4, LBA28, IDE_PIO_IN, read_multiple },
    { 0xc5, LBA28, IDE_PIO_OUT, write_multiple },
    { 0xc6, NONE, IDE_NON_DATA, hd_set_multiple },
    { 0xc8, LBA28, IDE_DMA_IN, read_sectors },
    { 0xc9, LBA28, IDE_DMA_IN, read_sectors },
    { 0xca, LBA28, IDE_DMA_OUT, write_sectors },
    { 0xcb, LBA28, IDE_DMA_OUT, write_sectors },
    { 0xe0, NONE, IDE_NON_DATA, good },
    { 0xe1, NONE, IDE_NON_DATA, good },
    { 0xe2, NONE, IDE_NON_DATA, good },
    { 0xe3, NONE, IDE_NON_DATA, good },
    { 0xe5, NONE, IDE_NON_DATA, check_power },
    { 0xe6, NONE, IDE_NON_DATA, good },
    { 0xe7, NONE, IDE_NON_DATA, flush },
    { 0xea, NONE, IDE_NON_DATA, flush },
    { 0xec, NONE, IDE_PIO_IN, hd_identify },
    { 0xef, NONE, IDE_NON_DATA, hd_set_features },
    { 0xf5, NONE, IDE_NON_DATA, good },               /* SECURITY FREEZE LOCK */
    { 0xf8, LBA28, IDE_NON_DATA, native_max },
};
static const HdCommand unknown = { 0, NONE, IDE_NON_DATA, abort_command };
/* clang-format on */

static const HdCommand *find_row(guint8 code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].code == code) {
            return &commands[i];
        }
    }
    return &unknown;
}

static void hd_command(IdeDrive *drive, IdeCommand *cmd)
{
    const HdCommand *row = find_row(cmd->command);

    cmd->protocol = row->protocol;
    row->fn((IdeHd *)drive, cmd);
}

/* --- life --- */

static void forget_queue_error(IdeHd *hd)
{
    hd->queue_error = (HdQueueError){ .tag = NOT_QUEUED };
}

/* What the guest has set with SET FEATURES stays. */
static void hd_port_reset(IdeDrive *drive, gboolean hard)
{
    IdeHd *hd = (IdeHd *)drive;

    hd->heads = HD_HEADS;
    hd->sectors = HD_SECTORS;
    forget_queue_error(hd);
}

static void hd_reset(Device *device)
{
    IdeHd *hd = (IdeHd *)device;

    ide_drive_reset(device);
    hd_port_reset(&hd->drive, TRUE);
    hd->multiple = HD_MULTIPLE_MAX;
    hd->xfer = HD_XFER_DEFAULT;
    hd->smart = hd->smart_autosave = TRUE;
    hd->self_tests = 0;
}

static gboolean hd_realize(Device *device, GError **errp)
{
    IdeDrive *drive = (IdeDrive *)device;
    BlockNode *node = ide_drive_find_node(drive, errp);

    if (!node) {
        return drive->drive ? FALSE : error_set(errp, "No drive specified");
    }
    if (block_node_read_only(node)) {
        return error_set(errp, "Block node is read-only");
    }
    drive->node = node;
    return ide_drive_check(drive, MODEL, errp) &&
           ide_drive_attach(drive, node, FALSE, errp);
}

static void hd_unrealize(Device *device)
{
    ide_drive_detach((IdeDrive *)device);
}

static const StateField error_fields[] = {
    STATE_FIELD("tag", STATE_U8, HdQueueError, tag),
    STATE_FIELD("status", STATE_U8, HdQueueError, status),
    STATE_FIELD("error", STATE_U8, HdQueueError, error),
    STATE_FIELD("device", STATE_U8, HdQueueError, device),
    STATE_FIELD("count", STATE_U16, HdQueueError, count),
    STATE_FIELD("lba", STATE_U64, HdQueueError, lba),
    { NULL },
};

static const StateDesc error_state = { .name = "queue-error",
                                       .version = 1,
                                       .fields = error_fields };

static gboolean hd_post_load(void *opaque, guint32 version, GError **errp)
{
    const IdeHd *hd = opaque;

    if (!hd->heads || !hd->sectors) {
        return error_set(errp, "%s: a geometry of %u heads and %u sectors",
                         hd->drive.device.path, hd->heads, hd->sectors);
    }
    return TRUE;
}

static const StateField fields[] = {
    STATE_FIELD("heads", STATE_U8, IdeHd, heads, .limit = HD_HEADS),
    STATE_FIELD("sectors", STATE_U8, IdeHd, sectors),
    STATE_FIELD("multiple", STATE_U8, IdeHd, multiple, .limit = HD_MULTIPLE_MAX),
    STATE_FIELD("xfer", STATE_U8, IdeHd, xfer),
    STATE_FIELD("smart", STATE_BOOL, IdeHd, smart),
    STATE_FIELD("smart-autosave", STATE_BOOL, IdeHd, smart_autosave),
    STATE_FIELD("self-tests", STATE_U8, IdeHd, self_tests,
                .limit = sizeof(((IdeHd *)0)->self_test)),
    STATE_ARRAY("self-test", STATE_BYTES, IdeHd, self_test,
                sizeof(((IdeHd *)0)->self_test)),
    STATE_FIELD("queue-error", STATE_STRUCT, IdeHd, queue_error, .nested = &error_state,
                .stride = sizeof(HdQueueError)),
    { NULL },
};

static const StateDesc state = {
    .name = "ide-hd", .version = 1, .fields = fields, .post_load = hd_post_load
};

static const Property properties[] = {
    { "rotation_rate", PROP_U16, offsetof(IdeHd, rotation_rate), "0", .guest = TRUE,
      .help = "revolutions a minute; 1: it does not rotate; 0: not told" },
    PROPERTY_ONLY("bios-chs-trans", PROP_STRING, "auto"),
    PROPERTY_ONLY("cyls", PROP_U32, "0"),
    PROPERTY_ONLY("heads", PROP_U32, "0"),
    PROPERTY_ONLY("secs", PROP_U32, "0"),
    PROPERTY_ONLY("lcyls", PROP_U32, "0"),
    PROPERTY_ONLY("lheads", PROP_U32, "0"),
    PROPERTY_ONLY("lsecs", PROP_U32, "0"),
    { NULL },
};

const IdeDriveClass ide_hd_class = {
    .device = {
        .name = "ide-hd",
        .desc = "ATA hard disk",
        .bus = IDE_BUS_TYPE,
        .parent = &ide_drive_class,
        .instance_size = sizeof(IdeHd),
        .user_creatable = TRUE,
        .properties = properties,
        .state = &state,
        .realize = hd_realize,
        .reset = hd_reset,
        .unrealize = hd_unrealize,
    },
    .max_queue = IDE_QUEUE_DEPTH,
    .command = hd_command,
    .port_reset = hd_port_reset,
};
