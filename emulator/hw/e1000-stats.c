/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics (13.7): they stay at their highest value; octets with FCS. */
#include "hw/e1000-internal.h"

void e1000_count(E1000 *e, E1000Reg counter)
{
    if (e->reg[counter] != G_MAXUINT32) {
        e->reg[counter]++;
    }
}

/* 64 bits, the low half first. */
static void add(E1000 *e, E1000Reg counter, guint64 n)
{
    guint64 old = e->reg[counter] | (guint64)e->reg[counter + 1] << 32;
    guint64 sum = n > G_MAXUINT64 - old ? G_MAXUINT64 : old + n;

    e->reg[counter] = (guint32)sum;
    e->reg[counter + 1] = (guint32)(sum >> 32);
}

/* Of the six for sizes the one to count; longer ones count as the longest. */
static E1000Reg of_size(E1000Reg first, gsize octets)
{
    static const guint16 below[] = { 65, 128, 256, 512, 1024 };
    unsigned i = 0;

    while (i < G_N_ELEMENTS(below) && octets >= below[i]) {
        i++;
    }
    return first + i;
}

static gboolean is_broadcast(const guint8 *frame)
{
    for (unsigned i = 0; i < 6; i++) {
        if (frame[i] != 0xff) {
            return FALSE;
        }
    }
    return TRUE;
}

static void count_groups(E1000 *e, const guint8 *frame, gsize len, E1000Reg broadcast,
                         E1000Reg multicast)
{
    if (len >= 6 && frame[0] & 1) {
        e1000_count(e, is_broadcast(frame) ? broadcast : multicast);
    }
}

void e1000_count_sent(E1000 *e, const guint8 *frame, gsize len)
{
    gsize octets = len + E1000_FCS;

    e1000_count(e, STAT_TPT);
    e1000_count(e, STAT_GPTC);
    e1000_count(e, of_size(STAT_PTC64, octets));
    count_groups(e, frame, len, STAT_BPTC, STAT_MPTC);
    add(e, STAT_TOT, octets);
    add(e, STAT_GOTC, octets);
}

void e1000_count_received(E1000 *e, const guint8 *frame, gsize len)
{
    gsize octets = len + E1000_FCS;

    e1000_count(e, STAT_TPR);
    e1000_count(e, STAT_GPRC);
    e1000_count(e, of_size(STAT_PRC64, octets));
    count_groups(e, frame, len, STAT_BPRC, STAT_MPRC);
    add(e, STAT_TOR, octets);
    add(e, STAT_GORC, octets);
}
