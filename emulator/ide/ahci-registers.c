/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers (AHCI 1.3.1, 3.1 and 3.3), in memory and by the pair of index and data ports
 * (2.2; the ICH9's data sheet, 15.1.25). Dwords: of a smaller write there is nothing.
 */
#include "ide/ahci-internal.h"
#include "pci/msi.h"

/* CAP: 64-bit addresses, NCQ, AHCI only, 1.5 Gbit/s, 32 slots, as QEMU's. */
#define CAPABILITIES (0xc0140000u | (AHCI_SLOTS - 1) << 8 | (AHCI_PORTS - 1))
#define VERSION_1_0  0x00010000u

#define IE_MASK    0xfdc000ffu
#define CLB_MASK   (~0x3ffull)
#define FB_MASK    (~0xffull)
#define SSTS_UP    0x113 /* active, 1.5 Gbit/s, there is a drive, and it talks */
#define SSTS_QUIET 0x001 /* there is a drive */
#define SSTS_OFF   0x004
/* PxCMD: what the guest writes and finds again. */
#define CMD_KEPT 0x0f820000u

/* 16 bytes into BAR 4; see the SATA capability. */
#define PAIR_INDEX 0x10
#define PAIR_DATA  0x14
#define INDEX_MASK 0xffcu

/* --- interrupts --- */

static guint32 pending_ports(const AhciHba *h)
{
    guint32 bits = 0;

    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        bits |= h->ports[i].is & h->ports[i].ie ? 1u << i : 0;
    }
    return bits;
}

void ahci_update_irq(AhciHba *h, gboolean again)
{
    gboolean level = (h->control & CONTROL_IE) && pending_ports(h);

    if (level && (again || !h->asserted) && pci_msi_enabled(&h->pci)) {
        pci_msi_raise(&h->pci, 0);
    }
    h->asserted = level;
    pci_set_intx(&h->pci, level);
}

void ahci_port_raise(AhciPort *port, guint32 bits)
{
    port->is |= bits;
    ahci_update_irq(port->hba, (bits & port->ie) != 0);
}

/* --- the HBA --- */

/*
 * A guest's access that takes commands away is over when none is in flight. An unplug may
 * have waited before: then there is nothing left to be changed.
 */
typedef struct Held {
    AhciHba *hba;   /* a reference */
    AhciPort *port; /* NULL: all of it */
    AccessHold *hold;
    void (*then)(struct Held *held);
} Held;

static void held_done(void *opaque)
{
    Held *held = opaque;
    Device *device = &held->hba->pci.device;

    if (device->realized) {
        held->then(held);
        ahci_want(held->hba);
    }
    access_release(held->hold);
    device_unref(device);
    g_free(held);
}

static Held *held_new(AhciHba *h, AhciPort *port, void (*then)(Held *held))
{
    Held *held = g_new(Held, 1);

    *held = (Held){ .hba = h, .port = port, .hold = access_hold(), .then = then };
    device_ref(&h->pci.device);
    return held;
}

static void port_then(AhciPort *port, void (*then)(Held *held))
{
    Held *held = held_new(port->hba, port, then);

    ahci_port_drain(port, held_done, held);
}

static void reset_now(Held *held)
{
    AhciHba *h = held->hba;

    h->resetting--;
    h->control = CONTROL_ENABLE;
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        ahci_port_reset(&h->ports[i]);
    }
    ahci_update_irq(h, FALSE);
    ahci_update(h);
}

/* 10.4.3 */
static void reset(AhciHba *h)
{
    Held *held = held_new(h, NULL, reset_now);

    h->resetting++;
    ahci_drop_all(h);
    ahci_stop(h, held_done, held);
}

static guint32 hba_read(const AhciHba *h, unsigned reg)
{
    switch (reg) {
    case GHC_CAP:
        return CAPABILITIES;
    case GHC_CONTROL:
        return h->control | (h->resetting ? CONTROL_RESET : 0);
    case GHC_IS:
        return pending_ports(h);
    case GHC_PI:
        return (1u << AHCI_PORTS) - 1;
    case GHC_VS:
        return VERSION_1_0;
    default:
        return 0;
    }
}

static void hba_write(AhciHba *h, unsigned reg, guint32 value)
{
    switch (reg) {
    case GHC_CONTROL:
        if (value & CONTROL_RESET) {
            reset(h);
            return;
        }
        h->control = CONTROL_ENABLE | (value & CONTROL_IE);
        ahci_update_irq(h, FALSE);
        break;
    case GHC_IS: /* its bits follow the ports'; what is left is told of once more */
        ahci_update_irq(h, TRUE);
        break;
    }
}

/* --- a port --- */

static void stopped(Held *held)
{
    ahci_port_forget(held->port);
}

static void link_changed(Held *held)
{
    ahci_port_link_changed(held->port);
}

static guint32 read_command(const AhciPort *port)
{
    guint32 value = port->cmd;

    value |= value & CMD_FRE ? CMD_FR : 0;
    value |= (value & CMD_ST) || port->draining ? CMD_CR : 0;
    if (value & CMD_ST) {
        value |= (guint32)port->last_slot << CMD_CCS_SHIFT & CMD_CCS_MASK;
    }
    return value;
}

static void write_command(AhciPort *port, guint32 value)
{
    guint32 old = port->cmd;

    port->cmd = CMD_SUD | CMD_POD | (value & (CMD_KEPT | CMD_ST | CMD_FRE));
    if (value & CMD_CLO) {
        port->tfd &= ~(guint32)(IDE_STATUS_BSY | IDE_STATUS_DRQ);
    }
    if (port->cmd & CMD_FRE) {
        ahci_port_sign_on(port);
    }
    if ((old & CMD_ST) && !(port->cmd & CMD_ST)) {
        port_then(port, stopped);
    }
    ahci_want(port->hba);
}

static guint32 read_status(const AhciPort *port)
{
    guint32 det = port->sctl & SCTL_DET;

    if (det == DET_OFF) {
        return SSTS_OFF;
    }
    if (ahci_port_linked(port)) {
        return SSTS_UP;
    }
    return port->ide.drive ? SSTS_QUIET : 0;
}

static gboolean is_off(guint32 sctl)
{
    return (sctl & SCTL_DET) == DET_RESET || (sctl & SCTL_DET) == DET_OFF;
}

static void write_control(AhciPort *port, guint32 value)
{
    guint32 old = port->sctl;

    port->sctl = value;
    if (is_off(old) != is_off(value)) {
        port_then(port, link_changed);
    }
}

/* 3.3.13, 3.3.14: only while ST is set. */
static void write_slots(AhciPort *port, guint32 *slots, guint32 value)
{
    if (port->cmd & CMD_ST) {
        *slots |= value;
        ahci_want(port->hba);
    }
}

static guint32 port_read(const AhciPort *port, unsigned reg)
{
    switch (reg) {
    case PORT_CLB:
        return (guint32)port->clb;
    case PORT_CLBU:
        return (guint32)(port->clb >> 32);
    case PORT_FB:
        return (guint32)port->fb;
    case PORT_FBU:
        return (guint32)(port->fb >> 32);
    case PORT_IS:
        return port->is;
    case PORT_IE:
        return port->ie;
    case PORT_CMD:
        return read_command(port);
    case PORT_TFD:
        return port->tfd;
    case PORT_SIG:
        return port->sig;
    case PORT_SSTS:
        return read_status(port);
    case PORT_SCTL:
        return port->sctl;
    case PORT_SERR:
        return port->serr;
    case PORT_SACT:
        return port->sact;
    case PORT_CI:
        return port->ci;
    default:
        return 0;
    }
}

static void set_half(guint64 *address, gboolean high, guint32 value, guint64 mask)
{
    guint64 kept = high ? *address & G_MAXUINT32 : *address & ~(guint64)G_MAXUINT32;

    *address = (kept | (high ? (guint64)value << 32 : value)) & mask;
}

static void port_write(AhciPort *port, unsigned reg, guint32 value)
{
    guint32 fresh;

    switch (reg) {
    case PORT_CLB:
    case PORT_CLBU:
        set_half(&port->clb, reg == PORT_CLBU, value, CLB_MASK);
        break;
    case PORT_FB:
    case PORT_FBU:
        set_half(&port->fb, reg == PORT_FBU, value, FB_MASK);
        break;
    case PORT_IS:
        port->is &= ~value;
        ahci_update_irq(port->hba, FALSE);
        break;
    case PORT_IE:
        value &= IE_MASK;
        fresh = port->is & value & ~port->ie;
        port->ie = value;
        ahci_update_irq(port->hba, fresh != 0);
        break;
    case PORT_CMD:
        write_command(port, value);
        break;
    case PORT_SCTL:
        write_control(port, value);
        break;
    case PORT_SERR:
        port->serr &= ~value;
        break;
    case PORT_SACT:
        write_slots(port, &port->sact, value);
        break;
    case PORT_CI:
        write_slots(port, &port->ci, value);
        break;
    }
}

/* --- accesses --- */

static guint32 read_register(AhciHba *h, guint32 at)
{
    guint32 port = (at - AHCI_PORT_BASE) / AHCI_PORT_SIZE;

    if (at < AHCI_PORT_BASE) {
        return hba_read(h, at);
    }
    return port < AHCI_PORTS ? port_read(&h->ports[port], at % AHCI_PORT_SIZE) : 0;
}

static void write_register(AhciHba *h, guint32 at, guint32 value)
{
    guint32 port = (at - AHCI_PORT_BASE) / AHCI_PORT_SIZE;

    if (at < AHCI_PORT_BASE) {
        hba_write(h, at, value);
    } else if (port < AHCI_PORTS) {
        port_write(&h->ports[port], at % AHCI_PORT_SIZE, value);
    }
}

/* Aligned, so within one of them. */
static guint64 memory_read(void *opaque, guint64 offset, unsigned size)
{
    return read_register(opaque, (guint32)offset & ~3u) >> (8 * (offset & 3));
}

static void memory_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    if (size == 4 && offset % 4 == 0) {
        write_register(opaque, (guint32)offset, (guint32)value);
    }
}

const RegionOps ahci_memory_ops = { .read = memory_read,
                                    .write = memory_write,
                                    .min_size = 1,
                                    .max_size = 4,
                                    .split = TRUE };

static guint64 pair_read(void *opaque, guint64 offset, unsigned size)
{
    AhciHba *h = opaque;

    if (size == 4 && offset == PAIR_INDEX) {
        return h->index;
    }
    return size == 4 && offset == PAIR_DATA ? read_register(h, h->index) : 0;
}

static void pair_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    AhciHba *h = opaque;

    if (size == 4 && offset == PAIR_INDEX) {
        h->index = (guint32)value & INDEX_MASK;
    } else if (size == 4 && offset == PAIR_DATA) {
        write_register(h, h->index, (guint32)value);
    }
}

const RegionOps ahci_pair_ops = {
    .read = pair_read, .write = pair_write, .min_size = 1, .max_size = 4, .split = TRUE
};
