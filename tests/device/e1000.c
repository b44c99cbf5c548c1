/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/e1000.h"

#include <string.h>

#define MDI_PHY   (1u << 21)
#define MDI_WRITE 0x04000000u
#define MDI_READ  0x08000000u
#define DONE      1u
#define LAST      2u

void e1000_open(E1000Driver *d, QTest *q)
{
    e1000_open_at(d, q, 4);
}

void e1000_open_at(E1000Driver *d, QTest *q, unsigned slot)
{
    *d = (E1000Driver){ .q = q, .config = E_ECAM + ((guint64)slot << 15) };
    d->bar = qtest_readl(q, d->config + 0x10) & ~0xfull;
    qtest_writew(q, d->config + 4, 7);
}

guint32 e1000_get(const E1000Driver *d, guint32 reg)
{
    return qtest_readl(d->q, d->bar + reg);
}

void e1000_set(const E1000Driver *d, guint32 reg, guint32 value)
{
    qtest_writel(d->q, d->bar + reg, value);
}

guint16 e1000_phy_get(const E1000Driver *d, unsigned reg)
{
    e1000_set(d, E_MDIC, MDI_READ | MDI_PHY | reg << 16);
    guint32 value = e1000_get(d, E_MDIC);

    g_assert_cmphex(value >> 28, ==, 1); /* ready, no error */
    return (guint16)value;
}

void e1000_phy_set(const E1000Driver *d, unsigned reg, guint16 value)
{
    e1000_set(d, E_MDIC, MDI_WRITE | MDI_PHY | reg << 16 | value);
    g_assert_cmphex(e1000_get(d, E_MDIC) >> 28, ==, 1);
}

gboolean e1000_irq(const E1000Driver *d)
{
    return (qtest_readw(d->q, d->config + 6) & 8) != 0;
}

static guint64 buffer(unsigned i)
{
    return E_BUFFERS + (guint64)E_BUFFER * i;
}

void e1000_start(E1000Driver *d, guint32 rctl)
{
    for (unsigned i = 0; i < E_RING; i++) {
        qtest_writeq(d->q, E_RX_RING + 16 * i, buffer(i));
        qtest_writeq(d->q, E_RX_RING + 16 * i + 8, 0);
    }
    d->tx_tail = d->rx_next = 0;
    e1000_set(d, E_TDBAL, E_TX_RING);
    e1000_set(d, E_TDBAL + 4, 0);
    e1000_set(d, E_TDLEN, 16 * E_RING);
    e1000_set(d, E_TDH, 0);
    e1000_set(d, E_TDT, 0);
    e1000_set(d, E_TCTL, 2);
    e1000_set(d, E_RDBAL, E_RX_RING);
    e1000_set(d, E_RDBAL + 4, 0);
    e1000_set(d, E_RDLEN, 16 * E_RING);
    e1000_set(d, E_RDH, 0);
    e1000_set(d, E_RDT, E_RING - 1);
    e1000_set(d, E_RCTL, E_RCTL_EN | rctl);
}

void e1000_loop(const E1000Driver *d)
{
    e1000_phy_set(d, 0, 0x4140);
}

void e1000_add(E1000Driver *d, guint64 address, guint32 lower, guint32 upper)
{
    guint64 at = E_TX_RING + 16 * d->tx_tail;

    qtest_writeq(d->q, at, address);
    qtest_writel(d->q, at + 8, lower);
    qtest_writel(d->q, at + 12, upper);
    d->tx_tail = (d->tx_tail + 1) % E_RING;
}

void e1000_add_context(E1000Driver *d, guint32 ip, guint32 tu, guint32 lower,
                       guint32 upper)
{
    e1000_add(d, ip | (guint64)tu << 32, lower | E_DEXT, upper);
}

void e1000_kick(E1000Driver *d)
{
    e1000_set(d, E_TDT, d->tx_tail);
    while (e1000_get(d, E_TDH) != d->tx_tail) {
    }
}

void e1000_send(E1000Driver *d, const void *frame, unsigned len)
{
    qtest_memwrite(d->q, E_DATA, frame, len);
    e1000_add(d, E_DATA, E_EOP | E_RS | len, 0);
    e1000_kick(d);
}

static guint64 next(const E1000Driver *d)
{
    return E_RX_RING + 16 * d->rx_next;
}

void e1000_wait(E1000Driver *d, E1000Got *got)
{
    got->len = 0;
    do {
        guint64 at = next(d);
        while (!((got->status = qtest_readb(d->q, at + 12)) & DONE)) {
        }
        unsigned n = qtest_readw(d->q, at + 8);
        g_assert_cmpuint(n, <=, sizeof(got->bytes) - got->len);
        qtest_memread(d->q, buffer(d->rx_next), got->bytes + got->len, n);
        got->len += n;
        got->special = qtest_readw(d->q, at + 14);
        qtest_writeq(d->q, at + 8, 0);
        e1000_set(d, E_RDT, d->rx_next);
        d->rx_next = (d->rx_next + 1) % E_RING;
    } while (!(got->status & LAST));
}

void e1000_expect_none(E1000Driver *d)
{
    json_node_unref(qtest_qmp_ok(d->q, "{\"execute\":\"query-status\"}"));
    g_assert_cmphex(qtest_readb(d->q, next(d) + 12), ==, 0);
}

void e1000_make_frame(guint8 *frame, unsigned len)
{
    static const guint8 header[] = { 0x52, 0x54, 0, 0xaa, 0xbb, 0xcc, 2,
                                     0,    0,    0, 0,    1,    0x88, 0xb5 };

    memcpy(frame, header, sizeof(header));
    for (unsigned i = sizeof(header); i < len; i++) {
        frame[i] = (guint8)(i + (i >> 8));
    }
}
