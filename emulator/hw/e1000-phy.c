/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PHY that is in the chip (8.2, IEEE 802.3 clause 22), by MDI (13.4.6), and the link:
 * it is up when the cable is, the PHY has power, and it does not negotiate just now.
 */
#include <linux/mii.h>

#include <string.h>

#include "hw/e1000-internal.h"

#define PHY_ADDRESS 1
#define NEGOTIATION ((gint64)500000000) /* ns */

/* Beyond clause 22. */
#define PHY_CONTROL  16
#define PHY_STATUS   17
#define PHY_CONTROL2 20

#define BMSR_DEFAULT                                                                     \
    (BMSR_100FULL | BMSR_100HALF | BMSR_10FULL | BMSR_10HALF | BMSR_ESTATEN |            \
     0x0040 /* without preamble */ | BMSR_ANEGCAPABLE | BMSR_ERCAP)
#define BMCR_SELF_CLEARS (BMCR_RESET | BMCR_ANRESTART)

typedef struct PhyRow {
    guint8 number;
    guint16 initial, writable;
} PhyRow;

/* Others are answered with an error. */
static const PhyRow phy_rows[] = {
    { MII_BMCR, BMCR_ANENABLE | BMCR_FULLDPLX | BMCR_SPEED1000,
      0xffff & ~BMCR_SELF_CLEARS },
    { MII_BMSR, BMSR_DEFAULT, 0 },
    { MII_PHYSID1, 0x0141, 0 },
    { MII_PHYSID2, 0x0c20, 0 },
    { MII_ADVERTISE, 0x0de1, 0xffff },
    { MII_LPA, 0x01e0, 0 },
    { MII_EXPANSION, 0, 0 },
    { MII_CTRL1000, 0x0e00, 0xffff },
    { MII_STAT1000, 0x3c00, 0 },
    { PHY_CONTROL, 0x0360, 0xffff },
    { PHY_STATUS, 0xac00, 0 },
    { PHY_CONTROL2, 0x0d60, 0xffff },
};

static const PhyRow *find(unsigned number)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(phy_rows); i++) {
        if (phy_rows[i].number == number) {
            return &phy_rows[i];
        }
    }
    return NULL;
}

/* --- the link --- */

static gboolean negotiates(const E1000 *e)
{
    return e->autonegotiation && e->phy[MII_BMCR] & BMCR_ANENABLE;
}

static void set_link(E1000 *e, gboolean up)
{
    gboolean was = e1000_link_up(e);

    e->reg[E1000_STATUS] &= ~STATUS_LU;
    e->phy[MII_BMSR] &= (guint16)~BMSR_LSTATUS;
    if (up) {
        e->reg[E1000_STATUS] |= STATUS_LU;
        e->phy[MII_BMSR] |= BMSR_LSTATUS;
    } else {
        e->phy[MII_BMSR] &= (guint16)~BMSR_ANEGCOMPLETE;
        e->phy[MII_LPA] &= (guint16)~LPA_LPACK;
    }
    if (up != was) {
        e1000_raise(e, ICR_LSC);
    }
}

static gboolean has_cable(const E1000 *e)
{
    return net_nic_link_up(e->nic) && !(e->phy[MII_BMCR] & BMCR_PDOWN);
}

/* Down, until the other end has answered; without one, until there is one. */
static void negotiate(E1000 *e)
{
    set_link(e, FALSE);
    if (has_cable(e)) {
        timer_arm(e->negotiation, clock_now(CLOCK_TYPE_VIRTUAL) + NEGOTIATION);
    }
    e1000_update(e);
}

void e1000_negotiated(void *opaque)
{
    E1000 *e = opaque;

    if (has_cable(e)) {
        e->phy[MII_BMSR] |= BMSR_ANEGCOMPLETE;
        e->phy[MII_LPA] |= LPA_LPACK;
        set_link(e, TRUE);
        e1000_update(e);
    }
}

void e1000_link_update(E1000 *e)
{
    if (!has_cable(e)) {
        timer_disarm(e->negotiation);
        set_link(e, FALSE);
    } else if (!e1000_link_up(e) && negotiates(e)) {
        if (!timer_armed(e->negotiation)) {
            negotiate(e);
        }
    } else {
        timer_disarm(e->negotiation);
        set_link(e, TRUE);
    }
    e1000_update(e);
}

void e1000_cable_changed(void *opaque)
{
    e1000_link_update(opaque);
}

/* After power-on the link is up at once, as QEMU's, for firmware that does not wait. */
void e1000_phy_reset(E1000 *e)
{
    memset(e->phy, 0, sizeof(e->phy));
    for (unsigned i = 0; i < G_N_ELEMENTS(phy_rows); i++) {
        e->phy[phy_rows[i].number] = phy_rows[i].initial;
    }
    timer_disarm(e->negotiation);
    e->phy[MII_BMSR] |= e1000_link_up(e) ? BMSR_LSTATUS : 0;
}

gboolean e1000_phy_loops(const E1000 *e)
{
    return (e->phy[MII_BMCR] & BMCR_LOOPBACK) != 0;
}

/* --- MDI --- */

static void write_control(E1000 *e, guint16 value)
{
    if (value & BMCR_RESET) {
        e1000_phy_reset(e);
        e1000_link_update(e);
    } else if (value & BMCR_ANRESTART && negotiates(e)) {
        negotiate(e);
    } else {
        e1000_link_update(e);
    }
}

static void write_phy(E1000 *e, const PhyRow *row, guint16 value)
{
    guint16 *at = &e->phy[row->number];

    *at = (guint16)((*at & ~row->writable) | (value & row->writable));
    if (row->number == MII_BMCR) {
        write_control(e, value);
    }
}

guint32 e1000_mdi(E1000 *e, guint32 value)
{
    const PhyRow *row = find(value >> 16 & 0x1f);
    gboolean ours = (value >> 21 & 0x1f) == PHY_ADDRESS;

    value &= ~(MDIC_READY | MDIC_ERROR);
    if (!ours || !row || !(value & (MDIC_READ | MDIC_WRITE))) {
        value |= MDIC_ERROR;
    } else if (value & MDIC_READ) {
        value = (value & ~MDIC_DATA) | e->phy[row->number];
    } else {
        write_phy(e, row, (guint16)(value & MDIC_DATA));
    }
    if (value & MDIC_INTERRUPT) {
        e1000_raise(e, ICR_MDAC);
    }
    return value | MDIC_READY;
}
