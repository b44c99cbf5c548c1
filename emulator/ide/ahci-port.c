/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port: which command comes next (AHCI 1.3.1, 5.3.2), errors that stop it (6.2), and
 * the link to the drive (10.4.2).
 */
#include "event/turn.h"
#include "ide/ahci-internal.h"

#define NO_DRIVE_STATUS 0x7f
#define NO_SIGNATURE    G_MAXUINT32

gboolean ahci_port_linked(const AhciPort *port)
{
    guint32 det = port->sctl & SCTL_DET;

    return port->ide.drive && det != DET_RESET && det != DET_OFF;
}

void ahci_port_forget(AhciPort *port)
{
    g_assert(port->in_flight == 0);
    port->ci = port->sact = port->redo = 0;
    port->halted = FALSE;
    port->last_slot = AHCI_SLOTS - 1;
    if (port->tfd & IDE_STATUS_BSY) { /* of what was taken away from it */
        port->tfd = IDE_STATUS_DRDY | IDE_STATUS_DSC;
    }
}

/* 10.4.2: its registers are told of by a frame, as soon as the guest takes frames. */
void ahci_port_sign_on(AhciPort *port)
{
    IdeDrive *drive = port->ide.drive;
    IdeRegisters regs;

    if (!ahci_port_linked(port) || port->signed_on || !(port->cmd & CMD_FRE)) {
        return;
    }
    ide_drive_signature(drive, &regs);
    port->signed_on = TRUE;
    port->sig = (guint32)(regs.lba << 8) | regs.count;
    ahci_fis_register(
        port, &regs,
        ide_drive_get_class(drive)->packet ? 0 : IDE_STATUS_DRDY | IDE_STATUS_DSC, 1,
        FALSE);
}

void ahci_port_link_changed(AhciPort *port)
{
    IdeDrive *drive = port->ide.drive;

    ahci_port_forget(port);
    port->tfd = NO_DRIVE_STATUS;
    port->sig = NO_SIGNATURE;
    port->signed_on = port->soft_reset = FALSE;
    if (ahci_port_linked(port)) {
        if (ide_drive_get_class(drive)->port_reset) {
            ide_drive_get_class(drive)->port_reset(drive, TRUE);
        }
        ahci_port_sign_on(port);
    }
}

void ahci_port_reset(AhciPort *port)
{
    port->is = port->ie = port->sctl = port->serr = 0;
    port->cmd = CMD_SUD | CMD_POD;
    port->held = FALSE;
    ahci_port_link_changed(port);
}

void ahci_port_halt(AhciPort *port, guint32 bits)
{
    port->halted = TRUE;
    ahci_port_raise(port, bits);
}

/* --- the list --- */

static gboolean may_take(const AhciPort *port)
{
    return port->hba->running && (port->cmd & CMD_ST) && ahci_port_linked(port) &&
           !port->halted && !port->held && !port->draining && !port->busy;
}

static guint32 in_flight(const AhciPort *port)
{
    guint32 bits = 0;

    for (unsigned i = 0; i < AHCI_SLOTS; i++) {
        bits |= port->commands[i] ? 1u << i : 0;
    }
    return bits;
}

/* What is to be done again comes first; else the first after the one before. */
static unsigned choose(const AhciPort *port, guint32 slots)
{
    guint32 after = slots & ~(guint32)((2ull << port->last_slot) - 1);

    return (unsigned)__builtin_ctz(after ? after : slots);
}

/* FALSE: there is nothing that it may take. */
static gboolean take_one(AhciPort *port)
{
    guint32 slots = port->ci & ~in_flight(port);

    if (!may_take(port)) {
        return FALSE;
    }
    turn_count(TURN_DESCRIPTORS, 1);
    if (port->redo) {
        return ahci_command_start(port, (unsigned)__builtin_ctz(port->redo), TRUE);
    }
    return slots && ahci_command_start(port, choose(port, slots), FALSE);
}

/* Requests of several queued commands reach the medium together. */
static BlockChild *find_user(const AhciPort *port)
{
    IdeDrive *drive = port->ide.drive;

    return may_take(port) && ide_drive_get_class(drive)->max_queue ? drive->user : NULL;
}

gboolean ahci_port_serve(AhciPort *port)
{
    BlockChild *user = find_user(port);
    gboolean more = TRUE;

    if (user) {
        block_plug(user);
    }
    while (more && !turn_over()) {
        more = take_one(port);
    }
    if (user) {
        block_unplug(user);
    }
    return !more;
}
