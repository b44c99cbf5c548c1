/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of a disk: which there are, and where their numbers stand in the CDB. */
#include "scsi/scsi.h"

#define MIN_SCSI_PROTECT 2 /* of versions above, bits 7:5 of byte 1 ask for protection   \
                            */

struct ScsiRow {
    guint8 opcode;
    guint8 lba_at, lba_size; /* 0: none */
    guint8 len_at, len_size;
    ScsiMode mode;
    enum { BYTES, BLOCKS, ONE_BLOCK, NOTHING } unit; /* of the data, by that length */
    void (*fn)(ScsiDisk *disk, ScsiCommand *cmd);
    gboolean any_time; /* a unit attention stays for the next one: SPC-3, 6.4.1 */
};

guint64 scsi_disk_blocks(const ScsiDisk *disk)
{
    return block_node_size(disk->node) / disk->block_size;
}

static void do_nothing(ScsiDisk *disk, ScsiCommand *cmd)
{
    scsi_good(cmd);
}

static void request_sense(ScsiDisk *disk, ScsiCommand *cmd)
{
    gint old = g_atomic_int_get(&disk->attention);

    while (!g_atomic_int_compare_and_exchange(&disk->attention, old, 0)) {
        old = g_atomic_int_get(&disk->attention);
    }
    scsi_reply_sense(cmd, (guint32)old);
}

/* BYTCHK would compare what the guest sends: not there, as in QEMU. */
static void verify(ScsiDisk *disk, ScsiCommand *cmd)
{
    if (cmd->cdb[1] & 0x06) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
    } else {
        scsi_good(cmd);
    }
}

/* Of a medium that has no tray nothing is loaded or ejected. */
static void start_stop(ScsiDisk *disk, ScsiCommand *cmd)
{
    if (disk->removable && (cmd->cdb[4] & 0x02)) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
    } else {
        scsi_good(cmd);
    }
}

static void prevent_allow(ScsiDisk *disk, ScsiCommand *cmd)
{
    disk->prevented = disk->removable && (cmd->cdb[4] & 1);
    scsi_good(cmd);
}

/* clang-format off */
static const ScsiRow rows[] = {
    /* opcode  LBA     length                                                           */
    { 0x00,    0, 0,   0, 0,  SCSI_NO_DATA,    NOTHING,   do_nothing }, /* TEST UNIT READY */
    { 0x03,    0, 0,   4, 1,  SCSI_TO_GUEST,   BYTES,     request_sense, TRUE },
    { 0x08,    1, 3,   4, 1,  SCSI_TO_GUEST,   BLOCKS,    scsi_disk_read },
    { 0x0a,    1, 3,   4, 1,  SCSI_FROM_GUEST, BLOCKS,    scsi_disk_write },
    { 0x12,    0, 0,   3, 2,  SCSI_TO_GUEST,   BYTES,     scsi_disk_inquiry, TRUE },
    { 0x15,    0, 0,   4, 1,  SCSI_FROM_GUEST, BYTES,     scsi_disk_mode_select },
    { 0x16,    0, 0,   0, 0,  SCSI_NO_DATA,    NOTHING,   do_nothing }, /* RESERVE(6) */
    { 0x17,    0, 0,   0, 0,  SCSI_NO_DATA,    NOTHING,   do_nothing }, /* RELEASE(6) */
    { 0x1a,    0, 0,   4, 1,  SCSI_TO_GUEST,   BYTES,     scsi_disk_mode_sense },
    { 0x1b,    0, 0,   0, 0,  SCSI_NO_DATA,    NOTHING,   start_stop },
    { 0x1e,    0, 0,   0, 0,  SCSI_NO_DATA,    NOTHING,   prevent_allow },
    { 0x25,    2, 4,   0, 0,  SCSI_TO_GUEST,   BYTES,     scsi_disk_capacity_10 },
    { 0x28,    2, 4,   7, 2,  SCSI_TO_GUEST,   BLOCKS,    scsi_disk_read },
    { 0x2a,    2, 4,   7, 2,  SCSI_FROM_GUEST, BLOCKS,    scsi_disk_write },
    { 0x2b,    2, 4,   0, 0,  SCSI_NO_DATA,    NOTHING,   do_nothing }, /* SEEK(10) */
    { 0x2f,    2, 4,   7, 2,  SCSI_NO_DATA,    NOTHING,   verify },
    { 0x35,    2, 4,   7, 2,  SCSI_NO_DATA,    NOTHING,   scsi_disk_flush },
    { 0x41,    2, 4,   7, 2,  SCSI_FROM_GUEST, ONE_BLOCK, scsi_disk_write_same },
    { 0x42,    0, 0,   7, 2,  SCSI_FROM_GUEST, BYTES,     scsi_disk_unmap },
    { 0x55,    0, 0,   7, 2,  SCSI_FROM_GUEST, BYTES,     scsi_disk_mode_select },
    { 0x5a,    0, 0,   7, 2,  SCSI_TO_GUEST,   BYTES,     scsi_disk_mode_sense },
    { 0x88,    2, 8,  10, 4,  SCSI_TO_GUEST,   BLOCKS,    scsi_disk_read },
    { 0x8a,    2, 8,  10, 4,  SCSI_FROM_GUEST, BLOCKS,    scsi_disk_write },
    { 0x8f,    2, 8,  10, 4,  SCSI_NO_DATA,    NOTHING,   verify },
    { 0x93,    2, 8,  10, 4,  SCSI_FROM_GUEST, ONE_BLOCK, scsi_disk_write_same },
    { 0x9e,    2, 8,  10, 4,  SCSI_TO_GUEST,   BYTES,     scsi_disk_service_action_in },
    { 0xa8,    2, 4,   6, 4,  SCSI_TO_GUEST,   BLOCKS,    scsi_disk_read },
    { 0xaa,    2, 4,   6, 4,  SCSI_FROM_GUEST, BLOCKS,    scsi_disk_write },
    { 0xaf,    2, 4,   6, 4,  SCSI_NO_DATA,    NOTHING,   verify },
};
/* clang-format on */

static const ScsiRow *find_row(guint8 opcode)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].opcode == opcode) {
            return &rows[i];
        }
    }
    return NULL;
}

static gboolean short_form(guint8 opcode)
{
    return opcode == 0x08 || opcode == 0x0a;
}

static guint64 data_bytes(const ScsiDisk *disk, const ScsiCommand *cmd)
{
    switch (cmd->row->unit) {
    case BYTES:
        return cmd->cdb[0] == 0x25 ? 8
                                   : cmd->blocks; /* READ CAPACITY(10) has no length */
    case BLOCKS:
        return cmd->blocks * disk->block_size;
    case ONE_BLOCK: /* NDOB: no data, but zeros */
        return cmd->cdb[1] & 1 ? 0 : disk->block_size;
    case NOTHING:
        break;
    }
    return 0;
}

void scsi_disk_parse(const ScsiDisk *disk, ScsiCommand *cmd)
{
    const ScsiRow *row = find_row(cmd->cdb[0]);

    cmd->row = row;
    cmd->mode = SCSI_NO_DATA;
    cmd->xfer = cmd->lba = cmd->blocks = 0;
    if (!row) {
        return;
    }
    cmd->lba = scsi_get(cmd->cdb + row->lba_at, row->lba_size);
    cmd->blocks = scsi_get(cmd->cdb + row->len_at, row->len_size);
    if (short_form(row->opcode)) { /* SBC-3, 5.10: 21 bits, and 0 is 256 */
        cmd->lba &= 0x1fffff;
        cmd->blocks = cmd->blocks ? cmd->blocks : 256;
    }
    cmd->xfer = data_bytes(disk, cmd);
    cmd->mode = cmd->xfer ? row->mode : SCSI_NO_DATA;
}

void scsi_disk_run(ScsiDisk *disk, ScsiCommand *cmd)
{
    gint attention = 0;

    cmd->disk = disk;
    cmd->again = FALSE;
    cmd->status = SCSI_GOOD;
    cmd->sense_len = 0;
    cmd->moved = 0;
    cmd->pattern = NULL;
    if (!cmd->row || !cmd->row->any_time) {
        attention = g_atomic_int_get(&disk->attention);
    }
    if (attention && g_atomic_int_compare_and_exchange(&disk->attention, attention, 0)) {
        scsi_check(cmd, (guint32)attention);
    } else if (!cmd->row) {
        scsi_check(cmd, SCSI_SENSE_OPCODE);
    } else if (cmd->row->unit == BLOCKS && disk->scsi_version > MIN_SCSI_PROTECT &&
               (cmd->cdb[1] & 0xe0)) {
        scsi_check(cmd, SCSI_SENSE_FIELD);
    } else {
        cmd->row->fn(disk, cmd);
    }
}
