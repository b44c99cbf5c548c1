/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which frames are the guest's (3.2.1): addresses, multicast hashes, VLANs. */
#include <string.h>

#include "hw/e1000-internal.h"

#define VLAN_ID  0xfff
#define VLAN_CFI 0x1000

static guint16 get_be16(const guint8 *at)
{
    return (guint16)(at[0] << 8 | at[1]);
}

gboolean e1000_is_tagged(const E1000 *e, const guint8 *frame, gsize len)
{
    return len >= E1000_ADDRESSES + E1000_VLAN &&
           get_be16(frame + E1000_ADDRESSES) == (e->reg[E1000_VET] & 0xffff);
}

/* 13.5.3 */
static gboolean accepts_vlan(const E1000 *e, const guint8 *frame)
{
    guint32 rctl = e->reg[E1000_RCTL];
    guint16 tag = get_be16(frame + E1000_ADDRESSES + 2);
    guint16 id = tag & VLAN_ID;

    if (rctl & RCTL_CFIEN && !(tag & VLAN_CFI) != !(rctl & RCTL_CFI)) {
        return FALSE;
    }
    return e->reg[E1000_VFTA + id / 32] >> id % 32 & 1;
}

static gboolean is_exact(const E1000 *e, const guint8 *address)
{
    for (unsigned i = 0; i < E1000_ADDRESS_PAIRS; i++) {
        const guint32 *pair = &e->reg[E1000_RA + 2 * i];
        guint32 low = GUINT32_TO_LE(pair[0]);
        guint16 high = GUINT16_TO_LE((guint16)pair[1]);
        if (pair[1] & RA_VALID && !(pair[1] & RA_SELECT) &&
            memcmp(address, &low, 4) == 0 && memcmp(address + 4, &high, 2) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* 13.5.1: twelve bits of the address's last two bytes, RCTL.MO says which. */
static gboolean is_hashed(const E1000 *e, const guint8 *address)
{
    static const guint8 shifts[] = { 4, 3, 2, 0 };
    unsigned hash = (unsigned)(address[5] << 8 | address[4]);

    hash = hash >> shifts[RCTL_MO(e->reg[E1000_RCTL])] & 0xfff;
    return e->reg[E1000_MTA + hash / 32] >> hash % 32 & 1;
}

gboolean e1000_accepts(const E1000 *e, const guint8 *frame, gsize len)
{
    static const guint8 broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    guint32 rctl = e->reg[E1000_RCTL];
    gboolean multicast = frame[0] & 1;

    if (rctl & RCTL_VFE && e1000_is_tagged(e, frame, len) && !accepts_vlan(e, frame)) {
        return FALSE;
    }
    if (rctl & (multicast ? RCTL_MPE : RCTL_UPE)) {
        return TRUE;
    }
    if (rctl & RCTL_BAM && memcmp(frame, broadcast, sizeof(broadcast)) == 0) {
        return TRUE;
    }
    return is_exact(e, frame) || (multicast && is_hashed(e, frame));
}
