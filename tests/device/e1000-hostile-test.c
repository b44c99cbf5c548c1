/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * e1000: what no driver does. Rings and buffers that are no memory, tails beyond the
 * ring, packets without an end, contexts that make no sense: no turn is too long, and a
 * driver that begins anew gets its frames.
 */
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/e1000.h"
#include "tests/device/turn.h"

#define NO_RAM 0x80000000ull

static QTest *start(E1000Driver *d)
{
    QTest *q = qtest_start(E_CARD);

    e1000_open(d, q);
    e1000_start(d, E_RCTL_SECRC);
    e1000_loop(d);
    return q;
}

static void assert_good(E1000Driver *d)
{
    static E1000Got got;
    guint8 frame[60];

    e1000_set(d, E_CTRL, 0x04000000);
    e1000_start(d, E_RCTL_SECRC);
    e1000_make_frame(frame, sizeof(frame));
    e1000_send(d, frame, sizeof(frame));
    e1000_wait(d, &got);
    g_assert_cmpmem(got.bytes, got.len, frame, sizeof(frame));
}

/* Once round the main loop. */
static void look(E1000Driver *d)
{
    board_qmp(d->q, "query-status");
}

static void test_rings(void)
{
    static const guint64 bad[] = { NO_RAM, 0xfffffffffffffff0ull, 0xfee00000, 0xb0020000,
                                   16 * MIB - 16 };
    E1000Driver d;
    QTest *q = start(&d);
    guint8 frame[60];

    e1000_make_frame(frame, sizeof(frame));
    qtest_memwrite(q, E_DATA, frame, sizeof(frame));
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        e1000_set(&d, E_TDBAL, (guint32)bad[i]);
        e1000_set(&d, E_TDBAL + 4, (guint32)(bad[i] >> 32));
        e1000_set(&d, E_TDT, 33);
        look(&d);
        assert_good(&d);
        e1000_set(&d, E_RDBAL, (guint32)bad[i]);
        e1000_set(&d, E_RDBAL + 4, (guint32)(bad[i] >> 32));
        e1000_send(&d, frame, sizeof(frame));
        assert_good(&d);
        e1000_add(&d, bad[i], E_EOP | E_RS | 60, 0); /* where the frame is */
        e1000_kick(&d);
        e1000_expect_none(&d);
        qtest_writeq(q, E_RX_RING + 16 * d.rx_next, bad[i]); /* where it goes */
        e1000_send(&d, frame, sizeof(frame));
        assert_good(&d);
    }
    qtest_stop(q);
}

/* Without a ring, of the largest, with tails and heads that are not in it. */
static void test_tails(void)
{
    E1000Driver d;
    QTest *q = start(&d);
    guint8 frame[60];

    e1000_make_frame(frame, sizeof(frame));
    qtest_memset(q, E_TX_RING, 0, 16 * E_RING);
    e1000_set(&d, E_TDT, 0xffff); /* once round */
    look(&d);
    g_assert_cmpuint(e1000_get(&d, E_TDH), <, E_RING);
    e1000_set(&d, E_TDH, 0xfff0);
    e1000_set(&d, E_TDT, 3);
    while (e1000_get(&d, E_TDH) != 3) {
    }
    e1000_set(&d, E_TDLEN, 0);
    e1000_set(&d, E_TDT, 5);
    look(&d);
    assert_good(&d);
    e1000_set(&d, E_RDH, 0xffff);
    e1000_set(&d, E_RDT, 0xffff);
    e1000_send(&d, frame, sizeof(frame));
    look(&d);
    g_assert_cmpuint(e1000_get(&d, E_RDH), <, E_RING);
    e1000_set(&d, E_RDLEN, 0);
    e1000_send(&d, frame, sizeof(frame));
    look(&d);
    assert_good(&d);
    qtest_memset(q, 0x800000, 0, MIB); /* 65536 descriptors of nothing */
    e1000_set(&d, E_TDBAL, 0x800000);
    e1000_set(&d, E_TDLEN, 0xfff80);
    e1000_set(&d, E_TDH, 1);
    e1000_set(&d, E_TDT, 0);
    while (e1000_get(&d, E_TDH) != 0) {
    }
    turn_check(q, "descriptors", 0xfff0, G_MAXUINT64);
    assert_good(&d);
    qtest_stop(q);
}

/* As many descriptors as a ring may have, none with a buffer: a frame passes few. */
static void test_no_buffers(void)
{
    E1000Driver d;
    QTest *q = start(&d);
    guint8 frame[60];

    e1000_make_frame(frame, sizeof(frame));
    qtest_memset(q, 0x800000, 0, MIB);
    e1000_set(&d, E_RDBAL, 0x800000);
    e1000_set(&d, E_RDLEN, 0xfff80);
    e1000_set(&d, E_RDH, 0);
    e1000_set(&d, E_RDT, 0xffff);
    for (unsigned i = 0; i < 10; i++) {
        e1000_send(&d, frame, sizeof(frame));
        look(&d);
    }
    turn_check(q, "descriptors", 5000, G_MAXUINT64);
    assert_good(&d);
    qtest_stop(q);
}

/* Packets that never end, or are of nothing, or of more than there can be. */
static void test_packets(void)
{
    E1000Driver d;
    QTest *q = start(&d);

    for (unsigned i = 0; i < 40; i++) { /* without an end: 40 times 64 KiB */
        e1000_add(&d, 0x100000, E_DEXT | E_D | E_TSE | 0xffff, 0);
        e1000_kick(&d);
    }
    e1000_add(&d, 0x100000, E_DEXT | E_D | E_TSE | E_EOP | 0xffff, 0);
    e1000_add(&d, 0x100000, E_DEXT | E_D | E_TSE | E_EOP | 0xfffff, 0);
    e1000_add(&d, 0x100000, E_EOP, 0);
    e1000_add(&d, 0x100000, E_EOP | 1, 0);
    e1000_add(&d, 0x100000, E_EOP | E_IC | 0xff << 16 | 200, 0xff00);
    e1000_add(&d, 0x100000, E_EOP | E_IC | 0xff << 16 | 256, 0xff00);
    e1000_add(&d, 0x100000, E_EOP | E_VLE | 3, 0);
    e1000_kick(&d);
    assert_good(&d);
    for (unsigned i = 0; i < 60; i++) { /* read, and not to be sent */
        e1000_add(&d, 0x100000, E_DEXT | E_D | E_EOP | 0xffff, 0);
    }
    e1000_kick(&d);
    turn_check(q, "net-bytes", 60 * 0xffff, G_MAXUINT64);
    assert_good(&d);
    qtest_stop(q);
}

/* 1-byte segments of the largest packet, and contexts whose offsets are beyond it. */
static void test_contexts(void)
{
    static const struct {
        guint32 ip, tu, upper;
        guint32 sent;
    } contexts[] = {
        { 0x0021180e, 0x00003222, 54 << 8 | 1u << 16, 946 },
        { 0x0021180e, 0x00003222, 54 << 8, 0 },                /* no MSS */
        { 0x0021180e, 0x00003222, 0xff00 | 0x3fffu << 16, 0 }, /* too long */
        { 0x0021180e, 0x00003222, 53 << 8 | 1u << 16, 0 },     /* the header is shorter */
        { 0x0021180d, 0x00003222, 54 << 8 | 1u << 16, 0 },
        { 0x002118f0, 0x00003222, 54 << 8 | 1u << 16, 0 },
        { 0x0021180e, 0x000032f0, 54 << 8 | 1u << 16, 0 },
        { 0x0021ff0e, 0x0000ff22, 54 << 8 | 500u << 16, 2 }, /* sums are nowhere */
        { 0xffff180e, 0x00013222, 54 << 8 | 500u << 16, 2 }, /* or of nothing */
    };
    E1000Driver d;
    QTest *q = start(&d);

    e1000_set(&d, E_RCTL, E_RCTL_EN | E_RCTL_UPE | 0x10);
    for (unsigned i = 0; i < G_N_ELEMENTS(contexts); i++) {
        for (unsigned tcp = 0; tcp < 4; tcp++) {
            e1000_get(&d, 0x40d4);
            e1000_add_context(&d, contexts[i].ip, contexts[i].tu, E_TSE | tcp << 24,
                              contexts[i].upper);
            e1000_add(&d, 0x100000, E_DEXT | E_D | E_TSE | E_EOP | 1000, 0x300);
            e1000_kick(&d);
            look(&d);
            while (tcp == 3 && e1000_get(&d, E_TDH) != d.tx_tail) {
            }
            if (tcp == 3) {
                guint32 sent = 0;
                while (sent < contexts[i].sent) {
                    sent += e1000_get(&d, 0x40d4);
                }
                look(&d);
                g_assert_cmpuint(sent + e1000_get(&d, 0x40d4), ==, contexts[i].sent);
            } else {
                e1000_set(&d, E_CTRL, 0x04000000);
                e1000_start(&d, E_RCTL_UPE | 0x10);
            }
        }
    }
    assert_good(&d);
    e1000_add_context(&d, 0x0021180e, 0x00003222, E_TSE | 3 << 24, 54 << 8 | 1u << 16);
    for (unsigned i = 0; i < 4; i++) {
        e1000_add(&d, 0x100000, E_DEXT | E_D | E_TSE | (i == 3 ? E_EOP : 0) | 0xff00,
                  0x300);
    }
    e1000_kick(&d);
    for (guint32 sent = 0; sent < 2000;) { /* of 261066 segments */
        sent += e1000_get(&d, 0x40d4);
    }
    turn_check(q, "packets", 2000, G_MAXUINT64);
    assert_good(&d);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/e1000/hostile/rings", test_rings);
    g_test_add_func("/e1000/hostile/tails", test_tails);
    g_test_add_func("/e1000/hostile/no-buffers", test_no_buffers);
    g_test_add_func("/e1000/hostile/packets", test_packets);
    g_test_add_func("/e1000/hostile/contexts", test_contexts);
    return g_test_run();
}
