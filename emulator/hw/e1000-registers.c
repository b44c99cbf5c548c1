/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers as a table (13.2), in memory and by a pair of I/O ports (13.3.1). Dwords:
 * of a smaller write there is nothing. Of the packet buffer's memory (10000h and on)
 * there is nothing either.
 */
#include <string.h>

#include "hw/e1000-internal.h"

#define ALL         0xffffffffu
#define ADDRESS     0xfffffff0u /* of a ring */
#define RING_LENGTH 0x000fff80u
#define HALF        0x0000ffffu
#define POINTER     0x00001fffu

/* The I/O BAR. */
#define PORT_ADDRESS 0
#define PORT_DATA    4

enum {
    EXTRA = 1,       /* there with extra_mac_registers=on only */
    READ_CLEARS = 2, /* (13.7) */
    CLEARS_PAIR = 4, /* the high half of 64 bits clears both when it is read */
    WRITE_ONLY = 8,
};

typedef struct Row {
    guint32 offset;
    guint16 at;    /* E1000Reg of the first */
    guint16 count; /* of them, one after the other */
    guint32 writable;
    guint8 flags;
} Row;

/* By offset. */
static const Row rows[] = {
    { 0x00000, E1000_CTRL, 1, ALL & ~(CTRL_RST | CTRL_PHY_RST), 0 },
    { 0x00008, E1000_STATUS, 1, 0, 0 },
    { 0x00010, E1000_EECD, 1, EECD_SK | EECD_CS | EECD_DI | EECD_REQ, 0 },
    { 0x00014, E1000_EERD, 1, 0, 0 },
    { 0x00018, E1000_CTRL_EXT, 1, ALL & ~CTRL_EXT_EE_RST, 0 },
    { 0x00020, E1000_MDIC, 1, 0, 0 },
    { 0x00028, E1000_FCAL, 1, ALL, 0 },
    { 0x0002c, E1000_FCAH, 1, HALF, 0 },
    { 0x00030, E1000_FCT, 1, HALF, 0 },
    { 0x00038, E1000_VET, 1, ALL, 0 },
    { 0x000c0, E1000_ICR, 1, 0, 0 },
    { 0x000c4, E1000_ITR, 1, HALF, 0 },
    { 0x000c8, E1000_ICR, 1, 0, 0 }, /* ICS */
    { 0x000d0, E1000_IMS, 1, 0, 0 },
    { 0x000d8, E1000_IMS, 1, 0, WRITE_ONLY }, /* IMC */
    { 0x00100, E1000_RCTL, 1, ALL, 0 },
    { 0x00170, E1000_FCTTV, 1, HALF, 0 },
    { 0x00178, E1000_TXCW, 1, 0xc000ffffu, 0 },
    { 0x00400, E1000_TCTL, 1, ALL, 0 },
    { 0x00410, E1000_TIPG, 1, ALL, 0 },
    { 0x00458, E1000_AIT, 1, HALF, EXTRA },
    { 0x00e00, E1000_LEDCTL, 1, ALL, 0 },
    { 0x01000, E1000_PBA, 1, ALL, 0 },
    { 0x02160, E1000_FCRTL, 1, 0x8000fff8u, 0 },
    { 0x02168, E1000_FCRTH, 1, 0x0000fff8u, 0 },
    { 0x02410, E1000_RDFH, 9, POINTER, EXTRA },
    { 0x02800, E1000_RDBAL, 1, ADDRESS, 0 },
    { 0x02804, E1000_RDBAH, 1, ALL, 0 },
    { 0x02808, E1000_RDLEN, 1, RING_LENGTH, 0 },
    { 0x02810, E1000_RDH, 1, HALF, 0 },
    { 0x02818, E1000_RDT, 1, HALF, 0 },
    { 0x02820, E1000_RDTR, 1, HALF, 0 },
    { 0x02828, E1000_RXDCTL, 1, 0x013f3f3fu, 0 },
    { 0x0282c, E1000_RADV, 1, HALF, 0 },
    { 0x02c00, E1000_RSRPD, 1, 0x00000fffu, 0 },
    { 0x03000, E1000_TXDMAC, 1, 1, 0 },
    { 0x03410, E1000_TDFH, 9, POINTER, EXTRA },
    { 0x03800, E1000_TDBAL, 1, ADDRESS, 0 },
    { 0x03804, E1000_TDBAH, 1, ALL, 0 },
    { 0x03808, E1000_TDLEN, 1, RING_LENGTH, 0 },
    { 0x03810, E1000_TDH, 1, HALF, 0 },
    { 0x03818, E1000_TDT, 1, HALF, 0 },
    { 0x03820, E1000_TIDV, 1, HALF, 0 },
    { 0x03828, E1000_TXDCTL, 1, ALL, 0 },
    { 0x0382c, E1000_TADV, 1, HALF, 0 },
    { 0x03830, E1000_TSPMT, 1, ALL, 0 },
    { 0x04000, STATISTIC(0x4000), 1, 0, READ_CLEARS },
    { 0x04004, STATISTIC(0x4004), 3, 0, READ_CLEARS | EXTRA },
    { 0x04010, STAT_MPC, 1, 0, READ_CLEARS },
    { 0x04014, STATISTIC(0x4014), 24, 0, READ_CLEARS | EXTRA },
    { 0x04074, STAT_GPRC, 1, 0, READ_CLEARS },
    { 0x04078, STAT_BPRC, 2, 0, READ_CLEARS | EXTRA },
    { 0x04080, STAT_GPTC, 1, 0, READ_CLEARS },
    { 0x04088, STAT_GORC, 1, 0, EXTRA },
    { 0x0408c, STAT_GORC + 1, 1, 0, CLEARS_PAIR | EXTRA },
    { 0x04090, STAT_GOTC, 1, 0, EXTRA },
    { 0x04094, STAT_GOTC + 1, 1, 0, CLEARS_PAIR | EXTRA },
    { 0x04098, STATISTIC(0x4098), 10, 0, READ_CLEARS | EXTRA },
    { 0x040c0, STAT_TOR, 1, 0, 0 },
    { 0x040c4, STAT_TOR + 1, 1, 0, CLEARS_PAIR },
    { 0x040c8, STAT_TOT, 1, 0, 0 },
    { 0x040cc, STAT_TOT + 1, 1, 0, CLEARS_PAIR },
    { 0x040d0, STAT_TPR, 2, 0, READ_CLEARS },
    { 0x040d8, STAT_PTC64, 10, 0, READ_CLEARS | EXTRA },
    { 0x05000, E1000_RXCSUM, 1, 0x000003ffu, 0 },
    { 0x05200, E1000_MTA, 128, ALL, 0 },
    { 0x05400, E1000_RA, 2 * E1000_ADDRESS_PAIRS, ALL, 0 },
    { 0x05600, E1000_VFTA, 128, ALL, 0 },
    { 0x05800, E1000_WUC, 1, ALL, EXTRA },
    { 0x05808, E1000_WUFC, 1, ALL, 0 },
    { 0x05810, E1000_WUS, 1, ALL, EXTRA },
    { 0x05820, E1000_MANC, 1, 0, 0 },
    { 0x05838, E1000_IPAV, 1, ALL, EXTRA },
    { 0x05840, E1000_IP4AT, 7, ALL, EXTRA },
    { 0x05880, E1000_IP6AT, 4, ALL, EXTRA },
    { 0x05900, E1000_WUPL, 1, 0, EXTRA },
    { 0x05a00, E1000_WUPM, 32, ALL, EXTRA },
    { 0x05b50, E1000_SWSM, 1, ALL, 0 },
    { 0x05f00, E1000_FFLT, 7, 0x000007ffu, EXTRA },
    { 0x09000, E1000_FFMT, 255, 0x0000000fu, EXTRA },
    { 0x09800, E1000_FFVT, 255, ALL, EXTRA },
};

static const Row *find(const E1000 *e, guint32 offset)
{
    unsigned low = 0, high = G_N_ELEMENTS(rows);

    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (rows[middle].offset <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const Row *row = &rows[low];
    gboolean inside = (offset - row->offset) / 4 < row->count;
    return inside && (e->extra || !(row->flags & EXTRA)) ? row : NULL;
}

/* --- resets --- */

/* What the EEPROM says: 5.6. */
static void load_address(E1000 *e)
{
    const guint8 *mac = e->mac;

    e->reg[E1000_RA] = mac[0] | mac[1] << 8 | mac[2] << 16 | (guint32)mac[3] << 24;
    e->reg[E1000_RA + 1] = RA_VALID | mac[4] | mac[5] << 8;
}

void e1000_registers_reset(E1000 *e)
{
    guint32 link = e->reg[E1000_STATUS] & STATUS_LU;

    memset(e->reg, 0, sizeof(e->reg));
    e->reg[E1000_CTRL] = CTRL_DEFAULT;
    e->reg[E1000_STATUS] = STATUS_FIXED | link;
    e->reg[E1000_VET] = VET_DEFAULT;
    e->reg[E1000_LEDCTL] = LEDCTL_DEFAULT;
    e->reg[E1000_PBA] = PBA_DEFAULT;
    e->reg[E1000_MANC] = MANC_DEFAULT;
    load_address(e);
    e->port_address = 0;
    e->wire = (E1000Wire){ .out = TRUE };
    e1000_tx_reset(e);
    e1000_irq_reset(e);
}

void e1000_registers_check(E1000 *e)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (unsigned n = 0; rows[i].writable && n < rows[i].count; n++) {
            e->reg[rows[i].at + n] &= rows[i].writable;
        }
    }
    e->reg[E1000_STATUS] = STATUS_FIXED | (e->reg[E1000_STATUS] & STATUS_LU);
    e->reg[E1000_MANC] = MANC_DEFAULT;
}

/* 14.4: all but the PHY, the link and the PCI function. */
static void soft_reset(E1000 *e)
{
    guint32 address = e->port_address; /* it is what the guest is using */

    e1000_registers_reset(e);
    e->port_address = address;
    e1000_update(e);
}

/* --- reading --- */

static guint32 read_clears(guint32 *value)
{
    guint32 old = *value;

    *value = 0;
    return old;
}

static guint32 read_icr(E1000 *e)
{
    guint32 value = read_clears(&e->reg[E1000_ICR]);

    e1000_update_irq(e);
    return value;
}

static guint32 read_register(E1000 *e, guint32 offset)
{
    const Row *row = find(e, offset);
    guint32 *value = row ? &e->reg[row->at + (offset - row->offset) / 4] : NULL;

    if (!row || row->flags & WRITE_ONLY) {
        return 0;
    }
    if (row->flags & CLEARS_PAIR) {
        value[-1] = 0;
    }
    if (row->flags & (READ_CLEARS | CLEARS_PAIR)) {
        return read_clears(value);
    }
    switch (offset) {
    case 0xc0:
        return read_icr(e);
    case 0x10:
        return e1000_eecd_read(e);
    default:
        return *value;
    }
}

/* --- writing --- */

static void write_ctrl(E1000 *e, guint32 value)
{
    if (value & CTRL_PHY_RST) {
        e1000_phy_reset(e);
        e1000_link_update(e);
    }
    if (value & CTRL_RST) {
        soft_reset(e);
    }
}

static void write_interrupts(E1000 *e, guint32 offset, guint32 value)
{
    switch (offset) {
    case 0xc0:
        e->reg[E1000_ICR] &= ~value;
        break;
    case 0xc8:
        e->reg[E1000_ICR] |= value;
        break;
    case 0xd0:
        e->reg[E1000_IMS] |= value;
        break;
    case 0xd8:
        e->reg[E1000_IMS] &= ~value;
        break;
    }
    e1000_update_irq(e);
}

/* What a write does besides. */
static void act(E1000 *e, const Row *row, guint32 value)
{
    switch (row->at) {
    case E1000_CTRL:
        write_ctrl(e, value);
        break;
    case E1000_CTRL_EXT:
        if (value & CTRL_EXT_EE_RST) {
            load_address(e);
        }
        break;
    case E1000_EECD:
        e1000_eecd_write(e, value);
        break;
    case E1000_EERD:
        e->reg[E1000_EERD] = e1000_eerd(e, value);
        break;
    case E1000_MDIC:
        e->reg[E1000_MDIC] = e1000_mdi(e, value);
        break;
    case E1000_ICR:
    case E1000_IMS:
        write_interrupts(e, row->offset, value);
        break;
    case E1000_RCTL:
    case E1000_RDLEN:
    case E1000_RDH:
    case E1000_RDT:
        e1000_update(e);
        break;
    case E1000_TCTL:
    case E1000_TDT:
        e1000_tx_tail(e);
        break;
    default:
        break;
    }
}

static void write_register(E1000 *e, guint32 offset, guint32 value)
{
    const Row *row = find(e, offset);

    if (row) {
        guint32 *at = &e->reg[row->at + (offset - row->offset) / 4];
        *at = (*at & ~row->writable) | (value & row->writable);
        act(e, row, value);
    }
}

/* --- accesses --- */

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

const RegionOps e1000_memory_ops = { .read = memory_read,
                                     .write = memory_write,
                                     .min_size = 1,
                                     .max_size = 4,
                                     .split = TRUE };

static guint64 port_read(void *opaque, guint64 offset, unsigned size)
{
    E1000 *e = opaque;

    if (size == 4 && offset == PORT_ADDRESS) {
        return e->port_address;
    }
    return size == 4 && offset == PORT_DATA ? read_register(e, e->port_address) : 0;
}

static void port_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    E1000 *e = opaque;

    if (size == 4 && offset == PORT_ADDRESS) {
        e->port_address = (guint32)value & (E1000_MEMORY_SIZE - 4);
    } else if (size == 4 && offset == PORT_DATA) {
        write_register(e, e->port_address, (guint32)value);
    }
}

const RegionOps e1000_port_ops = {
    .read = port_read, .write = port_write, .min_size = 1, .max_size = 4, .split = TRUE
};
