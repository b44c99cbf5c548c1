/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames that the guest finds in its FIS area (AHCI 1.3.1, 4.2.1; SATA 3.x, 10.5), and
 * what PxTFD says after each.
 */
#include "ide/ahci-internal.h"

/* Where they are. */
#define AT_PIO      0x20
#define AT_REGISTER 0x40
#define AT_BITS     0x58

/* Types, and the second byte. */
#define FIS_REGISTER  0x34
#define FIS_PIO       0x5f
#define FIS_BITS      0xa1
#define FIS_TO_HOST   0x20
#define FIS_INTERRUPT 0x40

#define REGISTER_BYTES 20

static void set_tfd(AhciPort *port, guint8 status, guint8 error)
{
    port->tfd = status | (guint32)error << 8;
}

/* Where the guest has no memory for them it has no command list either, most likely. */
static void post(AhciPort *port, unsigned at, const guint8 *fis, unsigned len)
{
    DmaSpace *dma = &port->hba->pci.dma;

    if ((port->cmd & CMD_FRE) && !guest_write(dma, port->fb + at, fis, len) &&
        dma_space_is_open(dma)) {
        ahci_port_halt(port, IS_HBFS);
    }
}

static void put_registers(guint8 *fis, const IdeRegisters *regs)
{
    for (unsigned i = 0; i < 3; i++) {
        fis[4 + i] = (guint8)(regs->lba >> (8 * i));
        fis[8 + i] = (guint8)(regs->lba >> (24 + 8 * i));
    }
    fis[7] = regs->device;
    fis[12] = (guint8)regs->count;
    fis[13] = (guint8)(regs->count >> 8);
}

void ahci_fis_register(AhciPort *port, const IdeRegisters *regs, guint8 status,
                       guint8 error, gboolean interrupt)
{
    guint8 fis[REGISTER_BYTES] = { FIS_REGISTER, interrupt ? FIS_INTERRUPT : 0, status,
                                   error };

    put_registers(fis, regs);
    set_tfd(port, status, error);
    post(port, AT_REGISTER, fis, sizeof(fis));
}

/* The bytes of the last data block. */
static guint32 last_block(const IdeCommand *cmd)
{
    guint32 block = cmd->pio_block ? cmd->pio_block : IDE_SECTOR_SIZE;
    guint32 rest = (guint32)(cmd->moved % block);

    return rest ? rest : (guint32)MIN(block, cmd->moved);
}

/* The one that came before the last data block: those before it have been there, too. */
void ahci_fis_pio(AhciPort *port, const IdeCommand *cmd, gboolean to_guest)
{
    guint8 fis[REGISTER_BYTES] = { FIS_PIO, to_guest ? FIS_TO_HOST | FIS_INTERRUPT : 0,
                                   cmd->status | IDE_STATUS_DRQ, cmd->error };
    guint32 bytes = last_block(cmd);

    put_registers(fis, &cmd->regs);
    fis[15] = to_guest ? cmd->status : IDE_STATUS_BSY | cmd->status;
    fis[16] = (guint8)bytes;
    fis[17] = (guint8)(bytes >> 8);
    set_tfd(port, cmd->status, cmd->error);
    post(port, AT_PIO, fis, sizeof(fis));
}

/* 10.5.7: the drive does not send bits 3 and 7 of the status, which stay. */
void ahci_fis_bits(AhciPort *port, guint8 status, guint8 error, guint32 done)
{
    guint8 kept = IDE_STATUS_DRQ | IDE_STATUS_BSY;
    guint8 fis[8] = { FIS_BITS, FIS_INTERRUPT, (guint8)(status & ~kept), error };

    for (unsigned i = 0; i < 4; i++) {
        fis[4 + i] = (guint8)(done >> (8 * i));
    }
    set_tfd(port, (guint8)((status & ~kept) | (port->tfd & kept)), error);
    post(port, AT_BITS, fis, sizeof(fis));
}
