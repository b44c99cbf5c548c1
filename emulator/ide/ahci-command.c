/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One command: its header and table (AHCI 1.3.1, 4.2.2 and 4.2.3) are read once and
 * checked on the copy; the drive gets it; its end is told (5.3, the port's states) by
 * frames, registers and interrupt, in this order.
 */
#include <string.h>

#include "ide/ahci-internal.h"

#define HEADER_SIZE 32
#define COUNT_AT    4 /* in the header: bytes that were moved */
#define TABLE_MASK  (~0x7full)
#define TABLE_BYTES 0x50 /* frame and packet */
#define PACKET_AT   0x40
#define PRDS_AT     0x80

/* First word of a header. */
#define HEADER_FIS_LENGTH 0x1fu
#define HEADER_PACKET     0x20u
#define HEADER_PRDS_SHIFT 16

/* The frame. */
#define FIS_TO_DRIVE  0x27
#define FIS_DWORDS    5
#define FIS_COMMAND   0x80 /* else the control register is written */
#define FIS_PORT_MASK 0x0f /* of a port multiplier; there is none */
#define CONTROL_SRST  0x04
#define READ_QUEUED   0x60
#define WRITE_QUEUED  0x61
#define TAG_SHIFT     3

static AhciCommand *command_get(AhciHba *h)
{
    AhciCommand *c = h->free;

    if (c) {
        h->free = c->next;
    } else {
        c = g_new0(AhciCommand, 1);
        guest_iov_init(&c->cmd.data);
    }
    return c;
}

static void command_put(AhciHba *h, AhciCommand *c)
{
    guest_iov_done(&c->cmd.data, 0);
    c->next = h->free;
    h->free = c;
}

void ahci_free_commands(AhciHba *h)
{
    while (h->free) {
        AhciCommand *c = h->free;
        h->free = c->next;
        guest_iov_free(&c->cmd.data);
        g_free(c);
    }
}

/* --- ends --- */

static void tell_count(const AhciCommand *c)
{
    guint32 count = GUINT32_TO_LE((guint32)c->cmd.moved);

    guest_write(&c->port->hba->pci.dma, c->header + COUNT_AT, &count, sizeof(count));
}

static void tell_queued(const AhciCommand *c)
{
    AhciPort *port = c->port;
    guint32 bit = 1u << c->cmd.slot;

    if (c->cmd.status & IDE_STATUS_ERR) {
        ahci_fis_bits(port, c->cmd.status, c->cmd.error, 0);
        ahci_port_halt(port, IS_TFES | c->fault);
    } else {
        ahci_fis_bits(port, c->cmd.status, c->cmd.error, bit);
        port->sact &= ~bit;
        ahci_port_raise(port, IS_SDBS);
    }
}

/* A PIO command to the guest ends with its data; QEMU's sends the registers, too. */
static guint32 tell_data(const AhciCommand *c)
{
    gboolean in = c->cmd.protocol == IDE_PIO_IN;

    if (!in && c->cmd.protocol != IDE_PIO_OUT) {
        return 0;
    }
    ahci_fis_pio(c->port, &c->cmd, in);
    return in ? IS_PSS : 0;
}

static void tell(const AhciCommand *c)
{
    const IdeCommand *cmd = &c->cmd;
    AhciPort *port = c->port;
    gboolean failed = (cmd->status & IDE_STATUS_ERR) != 0;
    guint32 bits = IS_DHRS;

    if (c->queued) {
        tell_queued(c);
        return;
    }
    tell_count(c);
    bits |= failed ? 0 : tell_data(c);
    ahci_fis_register(port, &cmd->regs, cmd->status, cmd->error, TRUE);
    if (failed) { /* SeaBIOS 1.16 waits for IS_DHRS, and never looks at the other */
        ahci_port_halt(port, bits | IS_TFES | c->fault);
    } else {
        port->ci &= ~(1u << cmd->slot);
        ahci_port_raise(port, bits);
    }
}

/*
 * After an error the others that are in flight are not told of: the drive has aborted
 * them (SATA 3.x, 13.6.5), and the driver begins anew.
 */
static void command_end(IdeCommand *cmd, gboolean again)
{
    AhciCommand *c = (AhciCommand *)cmd;
    AhciPort *port = c->port;

    port->commands[cmd->slot] = NULL;
    port->in_flight--;
    port->hba->in_flight--;
    port->busy = port->busy && c->queued;
    if (c->dropped || port->halted) {
        /* nobody hears of it */
    } else if (again) {
        port->held = TRUE;
        port->redo |= c->queued ? 1u << cmd->slot : 0;
    } else {
        tell(c);
    }
    command_put(port->hba, c);
    ahci_ended(port);
}

static const IdePortOps port_ops = { ahci_data_map, ahci_data_unmap, command_end };

/* --- beginnings --- */

/* As it was read. */
typedef struct Header {
    guint32 flags, count;
    guint64 table;
} Header;

static gboolean fetch(AhciPort *port, unsigned slot, Header *header, guint8 *table)
{
    DmaSpace *dma = &port->hba->pci.dma;

    if (!guest_read(dma, port->clb + HEADER_SIZE * slot, header, sizeof(*header))) {
        return FALSE;
    }
    header->flags = GUINT32_FROM_LE(header->flags);
    header->table = GUINT64_FROM_LE(header->table) & TABLE_MASK;
    return guest_read(dma, header->table, table, TABLE_BYTES);
}

/* 10.4.1: the first frame sets SRST, the second one clears it, and the drive signs on. */
static void write_control(AhciPort *port, unsigned slot, guint8 control)
{
    gboolean reset = (control & CONTROL_SRST) != 0, over = port->soft_reset && !reset;
    const IdeDriveClass *klass = ide_drive_get_class(port->ide.drive);

    port->ci &= ~(1u << slot);
    port->soft_reset = reset;
    if (over) {
        if (klass->port_reset) {
            klass->port_reset(port->ide.drive, FALSE);
        }
        port->signed_on = FALSE;
        ahci_port_sign_on(port);
    }
}

static void set_registers(IdeCommand *cmd, const guint8 *fis)
{
    cmd->command = fis[2];
    cmd->features = (guint16)(fis[3] | fis[11] << 8);
    cmd->control = fis[15];
    cmd->regs.device = fis[7];
    cmd->regs.count = (guint16)(fis[12] | fis[13] << 8);
    cmd->regs.lba = 0;
    for (unsigned i = 0; i < 3; i++) {
        cmd->regs.lba |= (guint64)fis[4 + i] << (8 * i) | (guint64)fis[8 + i]
                                                              << (24 + 8 * i);
    }
}

static AhciCommand *make(AhciPort *port, unsigned slot, const Header *header,
                         const guint8 *table)
{
    AhciCommand *c = command_get(port->hba);
    IdeCommand *cmd = &c->cmd;

    c->port = port;
    c->dropped = FALSE;
    c->header = port->clb + HEADER_SIZE * slot;
    c->prds = header->table + PRDS_AT;
    c->n_prds = header->flags >> HEADER_PRDS_SHIFT;
    c->prd = c->prd_offset = c->fault = 0;
    cmd->ops = &port_ops;
    cmd->drive = port->ide.drive;
    cmd->slot = (guint8)slot;
    set_registers(cmd, table);
    cmd->tag = (guint8)((cmd->regs.count & 0xff) >> TAG_SHIFT);
    cmd->packet_sent = (header->flags & HEADER_PACKET) != 0;
    memcpy(cmd->packet, table + PACKET_AT, sizeof(cmd->packet));
    cmd->stopping = FALSE;
    cmd->protocol = IDE_NON_DATA;
    cmd->pio_block = 0;
    cmd->status = cmd->error = 0;
    cmd->moved = cmd->mapped = 0;
    return c;
}

/* 5.3.8: the drive takes a queued command at once, so that PxCI is the list's again. */
static void accept_queued(AhciPort *port, const IdeCommand *cmd)
{
    port->ci &= ~(1u << cmd->slot);
    ahci_fis_register(port, &cmd->regs, IDE_STATUS_DRDY | IDE_STATUS_DSC, 0, FALSE);
}

static void hand_over(AhciPort *port, AhciCommand *c, gboolean redo)
{
    IdeCommand *cmd = &c->cmd;

    port->commands[cmd->slot] = c;
    port->in_flight++;
    port->hba->in_flight++;
    if (!c->queued) {
        port->busy = TRUE;
        port->tfd = IDE_STATUS_BSY | IDE_STATUS_DRDY | IDE_STATUS_DSC;
    } else if (!redo) {
        accept_queued(port, cmd);
    }
    ide_drive_get_class(cmd->drive)->command(cmd->drive, cmd);
}

static gboolean is_queued(const AhciPort *port, guint8 code)
{
    return (code == READ_QUEUED || code == WRITE_QUEUED) &&
           ide_drive_get_class(port->ide.drive)->max_queue;
}

static gboolean refuse(AhciPort *port, guint32 bits)
{
    ahci_port_halt(port, bits);
    return FALSE;
}

/* What the HBA cannot send to the drive, or the drive does not answer. */
static gboolean is_good_frame(const AhciPort *port, const Header *header,
                              const guint8 *fis, gboolean redo)
{
    gboolean command = (fis[1] & FIS_COMMAND) != 0;

    return (header->flags & HEADER_FIS_LENGTH) >= FIS_DWORDS && fis[0] == FIS_TO_DRIVE &&
           !(fis[1] & FIS_PORT_MASK) && !(command && port->soft_reset) &&
           (!redo || (command && is_queued(port, fis[2])));
}

gboolean ahci_command_start(AhciPort *port, unsigned slot, gboolean redo)
{
    guint8 table[TABLE_BYTES];
    Header header;

    if (!fetch(port, slot, &header, table)) {
        return refuse(port, IS_HBFS);
    }
    if (!is_good_frame(port, &header, table, redo)) {
        return refuse(port, IS_IFS);
    }
    gboolean command = (table[1] & FIS_COMMAND) != 0;
    gboolean queued = command && is_queued(port, table[2]);
    if (!queued && port->in_flight) {
        return FALSE; /* after those */
    }
    port->last_slot = (guint8)slot;
    port->redo &= ~(1u << slot);
    if (!command) {
        write_control(port, slot, table[15]);
        return TRUE;
    }
    AhciCommand *c = make(port, slot, &header, table);
    c->queued = queued;
    hand_over(port, c, redo);
    return TRUE;
}
