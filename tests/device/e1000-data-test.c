/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * e1000: what a driver sends comes back by the PHY's loopback: descriptors, checksums,
 * segmentation, VLANs, filters, statistics.
 */
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/e1000.h"

static QTest *start(E1000Driver *d, guint32 rctl)
{
    QTest *q = qtest_start(E_CARD);

    e1000_open(d, q);
    e1000_start(d, rctl);
    e1000_loop(d);
    return q;
}

/* What came is this, and FCS, unless it is stripped. */
static void expect(E1000Driver *d, const guint8 *frame, unsigned len, unsigned fcs)
{
    static E1000Got got;

    e1000_wait(d, &got);
    g_assert_cmpuint(got.len, ==, len + fcs);
    g_assert_cmpmem(got.bytes, len, frame, len);
    g_assert_cmphex(got.status, ==, 7); /* done, last, no checksum was looked at */
}

/* --- descriptors --- */

static void test_frames(void)
{
    E1000Driver d;
    QTest *q = start(&d, E_RCTL_SECRC);
    guint8 frame[1514];

    e1000_make_frame(frame, sizeof(frame));
    e1000_get(&d, E_ICR);
    e1000_set(&d, E_IMS, E_RXT0);
    for (unsigned i = 0; i < 3 * E_RING; i++) { /* round the rings */
        unsigned len = i % 2 ? 60 : sizeof(frame);
        e1000_send(&d, frame, len);
        expect(&d, frame, len, 0);
    }
    g_assert_true(e1000_irq(&d));
    g_assert_cmphex(e1000_get(&d, E_ICR) & (E_TXDW | 2 | E_RXT0), ==,
                    E_TXDW | 2 | E_RXT0);
    memset(frame + 20, 0, 40);
    e1000_send(&d, frame, 20); /* is padded when it comes */
    expect(&d, frame, 60, 0);
    e1000_set(&d, E_RCTL, E_RCTL_EN);
    e1000_send(&d, frame, 60);
    expect(&d, frame, 60, E_FCS);
    qtest_stop(q);
}

/* Pieces of any size, with and without an answer; also told of one by one. */
static void test_pieces(void)
{
    static const guint16 sizes[] = { 1, 13, 0, 500, 1000 };
    E1000Driver d;
    QTest *q = start(&d, 0);
    guint8 frame[1514];
    guint64 at = E_DATA;

    e1000_make_frame(frame, sizeof(frame));
    qtest_memwrite(q, E_DATA, frame, sizeof(frame));
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        gboolean last = i + 1 == G_N_ELEMENTS(sizes);
        e1000_add(
            &d, at,
            sizes[i] | E_DEXT | E_D | (i % 2 ? E_RS : 0) | (last ? E_EOP | E_RS : 0), 0);
        at += sizes[i];
        e1000_kick(&d);
        g_assert_cmphex(qtest_readl(q, E_TX_RING + 16 * i + 12), ==, i % 2 || last);
    }
    expect(&d, frame, sizeof(frame), E_FCS);
    qtest_stop(q);
}

/* More buffers than one; those without an address are passed over; and too few. */
static void test_buffers(void)
{
    E1000Driver d;
    QTest *q = start(&d, 0x00030000 /* of 256 bytes */ | E_RCTL_LPE);
    guint8 frame[9000];

    e1000_make_frame(frame, sizeof(frame));
    e1000_send(&d, frame, sizeof(frame));
    expect(&d, frame, sizeof(frame), E_FCS);
    g_assert_cmpuint(d.rx_next, ==, (sizeof(frame) + E_FCS + 255) / 256);
    qtest_writeq(q, E_RX_RING + 16 * d.rx_next, 0);
    e1000_send(&d, frame, 60);
    while (!(qtest_readb(q, E_RX_RING + 16 * d.rx_next + 12))) {
    }
    g_assert_cmphex(qtest_readb(q, E_RX_RING + 16 * d.rx_next + 12), ==, 1);
    g_assert_cmphex(qtest_readw(q, E_RX_RING + 16 * d.rx_next + 8), ==, 0);
    d.rx_next++;
    expect(&d, frame, 60, E_FCS);
    e1000_get(&d, E_ICR);
    e1000_set(&d, E_RDT, (e1000_get(&d, E_RDH) + 2) % E_RING);
    e1000_send(&d, frame, 600);
    e1000_expect_none(&d);
    g_assert_cmphex(e1000_get(&d, E_ICR) & (E_RXO | E_RXT0), ==, E_RXO);
    g_assert_cmphex(e1000_get(&d, 0x4010), ==, 1); /* missed */
    g_assert_cmphex(e1000_get(&d, 0x4010), ==, 0);
    e1000_send(&d, frame, 508);
    expect(&d, frame, 508, E_FCS);
    qtest_stop(q);
}

/* 1518 bytes with FCS, or with a tag 1522; longer ones with LPE only. */
static void test_long_frames(void)
{
    E1000Driver d;
    QTest *q = start(&d, 0);
    guint8 frame[16384];

    e1000_make_frame(frame, sizeof(frame));
    e1000_send(&d, frame, 1518);
    expect(&d, frame, 1518, E_FCS);
    e1000_send(&d, frame, 1519);
    e1000_expect_none(&d);
    g_assert_cmphex(e1000_get(&d, 0x40ac), ==, 1);
    e1000_set(&d, E_RCTL, E_RCTL_EN | E_RCTL_LPE);
    e1000_send(&d, frame, 16380);
    expect(&d, frame, 16380, E_FCS);
    e1000_send(&d, frame, 16381); /* none that could be sent */
    e1000_expect_none(&d);
    qtest_stop(q);
}

/* --- checksums and segments --- */

static guint16 sum_of(const guint8 *bytes, unsigned len, guint32 sum)
{
    for (unsigned i = 0; i < len; i++) {
        sum += i % 2 ? bytes[i] : (guint32)bytes[i] << 8;
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (guint16)((sum & 0xffff) + (sum >> 16));
}

static void put16(guint8 *at, unsigned value)
{
    at[0] = (guint8)(value >> 8);
    at[1] = (guint8)value;
}

static guint16 get16(const guint8 *at)
{
    return (guint16)(at[0] << 8 | at[1]);
}

/* Headers of a packet of that many bytes; the sums and lengths are the card's. */
static unsigned make_packet(guint8 *frame, gboolean ip4, gboolean tcp, unsigned len)
{
    unsigned ip = 14, tu = ip + (ip4 ? 20 : 40), header = tu + (tcp ? 20 : 8);

    e1000_make_frame(frame, len);
    memset(frame + ip, 0, header - ip);
    put16(frame + 12, ip4 ? 0x0800 : 0x86dd);
    frame[ip] = ip4 ? 0x45 : 0x60;
    frame[ip + (ip4 ? 9 : 6)] = tcp ? 6 : 17;
    for (unsigned i = 0; i < (ip4 ? 8u : 32u); i++) {
        frame[ip + (ip4 ? 12 : 8) + i] = (guint8)(10 + i);
    }
    if (ip4) {
        put16(frame + ip + 4, 0xfffe); /* identification */
    }
    if (tcp) {
        put16(frame + tu + 4, 0xffff); /* sequence */
        put16(frame + tu + 6, 0xff00);
        frame[tu + 12] = 0x50;
        frame[tu + 13] = 0x19; /* FIN, PSH, ACK */
    }
    return header;
}

/* Of addresses and protocol. */
static guint32 pseudo_sum(const guint8 *ip, gboolean ip4, gboolean tcp)
{
    return sum_of(ip + (ip4 ? 12 : 8), ip4 ? 8 : 32, tcp ? 6 : 17);
}

/* What a host would check. */
static void check_sums(const guint8 *frame, unsigned len, gboolean ip4, gboolean tcp)
{
    const guint8 *ip = frame + 14, *tu = ip + (ip4 ? 20 : 40);
    unsigned n = (unsigned)(frame + len - tu);

    if (ip4) {
        g_assert_cmphex(sum_of(ip, 20, 0), ==, 0xffff);
        g_assert_cmpuint(get16(ip + 2), ==, len - 14);
    } else {
        g_assert_cmpuint(get16(ip + 4), ==, n);
    }
    if (!tcp) {
        g_assert_cmpuint(get16(tu + 4), ==, n);
    }
    g_assert_cmphex(sum_of(tu, n, pseudo_sum(ip, ip4, tcp) + n), ==, 0xffff);
}

static void add_context(E1000Driver *d, gboolean ip4, gboolean tcp, guint32 more,
                        guint32 upper)
{
    guint32 ip = 14, tu = ip + (ip4 ? 20 : 40);

    e1000_add_context(d, ip | (ip + 10) << 8 | (tu - 1) << 16,
                      tu | (tu + (tcp ? 16 : 6)) << 8,
                      more | (tcp ? 1u << 24 : 0) | (ip4 ? 2u << 24 : 0), upper);
}

/* 3.5.6: sums of a packet that is not cut, over several descriptors. */
static void test_sums(void)
{
    E1000Driver d;
    QTest *q = start(&d, E_RCTL_SECRC);
    guint8 frame[601];
    static E1000Got got;

    for (unsigned i = 0; i < 4; i++) {
        gboolean ip4 = i & 1, tcp = i & 2;
        unsigned header = make_packet(frame, ip4, tcp, sizeof(frame));
        guint8 *ip = frame + 14, *tu = ip + (ip4 ? 20 : 40);
        unsigned n = (unsigned)(frame + sizeof(frame) - tu);
        put16(ip + (ip4 ? 2 : 4), ip4 ? sizeof(frame) - 14 : n);
        put16(tu + 4, tcp ? get16(tu + 4) : n);
        put16(tu + (tcp ? 16 : 6), sum_of(NULL, 0, pseudo_sum(ip, ip4, tcp) + n));
        qtest_memwrite(q, E_DATA, frame, sizeof(frame));
        add_context(&d, ip4, tcp, 0, 0);
        e1000_add(&d, E_DATA, E_DEXT | E_D | header, ip4 ? 0x300 : 0x200);
        e1000_add(&d, E_DATA + header,
                  E_DEXT | E_D | E_EOP | E_RS | ((guint32)sizeof(frame) - header), 0);
        e1000_kick(&d);
        e1000_wait(&d, &got);
        g_assert_cmpuint(got.len, ==, sizeof(frame));
        check_sums(got.bytes, got.len, ip4, tcp);
        g_assert_cmpmem(got.bytes + header, got.len - header, frame + header,
                        sizeof(frame) - header);
    }
    e1000_make_frame(frame, sizeof(frame)); /* legacy: from 14 on, to 16 */
    put16(frame + 16, 0);
    qtest_memwrite(q, E_DATA, frame, sizeof(frame));
    e1000_add(&d, E_DATA, E_EOP | E_IC | 16 << 16 | sizeof(frame), 14 << 8);
    e1000_kick(&d);
    e1000_wait(&d, &got);
    g_assert_cmphex(sum_of(got.bytes + 14, got.len - 14, 0), ==, 0xffff);
    qtest_stop(q);
}

/* 3.5: one packet becomes several, the last one shorter. */
static void cut(E1000Driver *d, gboolean ip4, gboolean tcp)
{
    enum { MSS = 1001, PAYLOAD = 5 * MSS + 77 };
    guint8 frame[100 + PAYLOAD];
    static E1000Got got;
    unsigned header = make_packet(frame, ip4, tcp, sizeof(frame));
    guint8 *tu = frame + 14 + (ip4 ? 20 : 40);
    unsigned all = header + PAYLOAD;

    put16(tu + (tcp ? 16 : 6), sum_of(NULL, 0, pseudo_sum(frame + 14, ip4, tcp)));
    qtest_memwrite(d->q, E_DATA, frame, all);
    add_context(d, ip4, tcp, E_TSE | PAYLOAD, header << 8 | MSS << 16);
    e1000_add(d, E_DATA, E_DEXT | E_D | E_TSE | 200, ip4 ? 0x300 : 0x200);
    e1000_add(d, E_DATA + 200, E_DEXT | E_D | E_TSE | E_EOP | E_RS | (all - 200), 0);
    e1000_kick(d);
    for (unsigned i = 0; i < 6; i++) {
        const guint8 *ip = got.bytes + 14;
        unsigned n = i < 5 ? MSS : 77;
        e1000_wait(d, &got);
        g_assert_cmpuint(got.len, ==, header + n);
        check_sums(got.bytes, got.len, ip4, tcp);
        g_assert_cmpmem(got.bytes + header, n, frame + header + i * MSS, n);
        if (ip4) {
            g_assert_cmphex(get16(ip + 4), ==, (0xfffe + i) & 0xffff);
        }
        if (tcp) {
            tu = got.bytes + 14 + (ip4 ? 20 : 40);
            g_assert_cmphex((guint32)get16(tu + 4) << 16 | get16(tu + 6), ==,
                            0xffffff00u + i * MSS);
            g_assert_cmphex(tu[13], ==, i < 5 ? 0x10 : 0x19);
        }
    }
}

static void test_segments(void)
{
    E1000Driver d;
    QTest *q = start(&d, E_RCTL_SECRC);

    for (unsigned i = 0; i < 4; i++) {
        cut(&d, i & 1, i & 2);
    }
    g_assert_cmphex(e1000_get(&d, 0x40f8), ==, 4); /* packets that were cut */
    qtest_stop(q);
}

/* --- VLANs and filters --- */

static void test_vlan(void)
{
    E1000Driver d;
    QTest *q = start(&d, E_RCTL_SECRC);
    guint8 frame[104], plain[100];
    static E1000Got got;

    e1000_make_frame(plain, sizeof(plain));
    memcpy(frame, plain, 12);
    put16(frame + 12, 0x8100);
    put16(frame + 14, 0x6123);
    memcpy(frame + 16, plain + 12, sizeof(plain) - 12);
    qtest_memwrite(q, E_DATA, plain, sizeof(plain));
    e1000_add(&d, E_DATA, E_EOP | E_VLE | sizeof(plain), 0x6123u << 16); /* no VME */
    e1000_kick(&d);
    expect(&d, plain, sizeof(plain), 0);
    e1000_send(&d, frame, sizeof(frame));
    expect(&d, frame, sizeof(frame), 0);
    e1000_set(&d, E_CTRL, E_CTRL_VME | e1000_get(&d, E_CTRL));
    e1000_add(&d, E_DATA, E_EOP | E_VLE | sizeof(plain), 0x6123u << 16);
    qtest_memwrite(q, E_DATA, plain, sizeof(plain));
    e1000_kick(&d); /* put in, and taken out again */
    e1000_wait(&d, &got);
    g_assert_cmpmem(got.bytes, got.len, plain, sizeof(plain));
    g_assert_cmphex(got.special, ==, 0x6123);
    g_assert_cmphex(got.status, ==, 0xf);
    e1000_set(&d, E_RCTL, E_RCTL_EN | E_RCTL_SECRC | E_RCTL_VFE);
    e1000_send(&d, frame, sizeof(frame));
    e1000_expect_none(&d);
    e1000_set(&d, E_VFTA + 4 * (0x123 / 32), 1u << 0x123 % 32);
    e1000_send(&d, frame, sizeof(frame));
    e1000_wait(&d, &got);
    g_assert_cmphex(got.special, ==, 0x6123);
    e1000_set(&d, E_RCTL, E_RCTL_EN | E_RCTL_SECRC | E_RCTL_VFE | 0x180000); /* CFI */
    e1000_send(&d, frame, sizeof(frame));
    e1000_expect_none(&d);
    e1000_set(&d, E_RCTL, E_RCTL_EN | E_RCTL_SECRC | E_RCTL_VFE | 0x080000); /* none */
    e1000_send(&d, frame, sizeof(frame));
    e1000_wait(&d, &got);
    g_assert_cmphex(got.special, ==, 0x6123);
    qtest_stop(q);
}

static void send_to(E1000Driver *d, const guint8 *to, gboolean comes)
{
    guint8 frame[60];

    e1000_make_frame(frame, sizeof(frame));
    memcpy(frame, to, 6);
    e1000_send(d, frame, sizeof(frame));
    if (comes) {
        expect(d, frame, sizeof(frame), 0);
    } else {
        e1000_expect_none(d);
    }
}

static void test_filters(void)
{
    static const guint8 broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    static const guint8 other[] = { 0x52, 0x54, 0, 1, 2, 3 };
    static const guint8 group[] = { 0x01, 0, 0x5e, 0x11, 0x22, 0x33 };
    static const guint8 shifts[] = { 4, 3, 2, 0 };
    E1000Driver d;
    QTest *q = start(&d, E_RCTL_SECRC);

    send_to(&d, broadcast, FALSE);
    e1000_set(&d, E_RCTL, E_RCTL_EN | E_RCTL_SECRC | E_RCTL_BAM);
    send_to(&d, broadcast, TRUE);
    send_to(&d, other, FALSE);
    e1000_set(&d, E_RA + 8 * 15, 0x01005452);
    send_to(&d, other, FALSE);
    e1000_set(&d, E_RA + 8 * 15 + 4, 0x80000302);
    send_to(&d, other, TRUE);
    e1000_set(&d, E_RA + 8 * 15 + 4, 0x302);
    send_to(&d, other, FALSE);
    e1000_set(&d, E_RCTL, E_RCTL_EN | E_RCTL_SECRC | E_RCTL_UPE);
    send_to(&d, other, TRUE);
    send_to(&d, group, FALSE);
    e1000_set(&d, E_RCTL, E_RCTL_EN | E_RCTL_SECRC | 0x10); /* MPE */
    send_to(&d, group, TRUE);
    send_to(&d, other, FALSE);
    for (unsigned mo = 0; mo < 4; mo++) {
        unsigned hash = 0x3322u >> shifts[mo] & 0xfff;
        e1000_set(&d, E_RCTL, E_RCTL_EN | E_RCTL_SECRC | mo << 12);
        send_to(&d, group, FALSE);
        e1000_set(&d, E_MTA + 4 * (hash / 32), 1u << hash % 32);
        send_to(&d, group, TRUE);
        e1000_set(&d, E_MTA + 4 * (hash / 32), 0);
    }
    qtest_stop(q);
}

/* --- statistics --- */

static void test_statistics(void)
{
    static const struct {
        guint32 reg, value;
    } expected[] = {
        { 0x40d0, 7 },    { 0x40d4, 7 },    { 0x4074, 7 },    { 0x4080, 7 },
        { 0x405c, 1 },    { 0x4060, 1 },    { 0x4064, 1 },    { 0x4068, 1 },
        { 0x406c, 1 },    { 0x4070, 2 },    { 0x40d8, 1 },    { 0x40dc, 1 },
        { 0x40e0, 1 },    { 0x40e4, 1 },    { 0x40e8, 1 },    { 0x40ec, 2 },
        { 0x4078, 1 },    { 0x407c, 1 },    { 0x40f0, 1 },    { 0x40f4, 1 },
        { 0x4088, 4590 }, { 0x408c, 0 },    { 0x4088, 0 },    { 0x4090, 4590 },
        { 0x4094, 0 },    { 0x4090, 0 },    { 0x40c0, 4590 }, { 0x40c4, 0 },
        { 0x40c0, 0 },    { 0x40c8, 4590 }, { 0x40cc, 0 },    { 0x40c8, 0 },
    };
    static const guint16 sizes[] = { 64, 127, 255, 511, 1023, 1092, 1518 };
    E1000Driver d;
    QTest *q = start(&d, E_RCTL_SECRC | E_RCTL_BAM | 0x10);
    guint8 frame[1514];

    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        e1000_make_frame(frame, sizeof(frame));
        memset(frame, 0xff, i == 1 ? 6 : 0);
        frame[0] |= i == 2; /* a group */
        e1000_send(&d, frame, sizes[i] - E_FCS);
        expect(&d, frame, sizes[i] - E_FCS, 0);
    }
    for (unsigned round = 0; round < 2; round++) { /* reading clears */
        for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
            g_assert_cmphex(e1000_get(&d, expected[i].reg), ==,
                            round ? 0 : expected[i].value);
        }
    }
    qtest_stop(q);
}

/* While the VM stands, nothing moves; afterwards all does. */
static void test_stop(void)
{
    E1000Driver d;
    QTest *q = start(&d, E_RCTL_SECRC);
    guint8 frame[60];

    e1000_make_frame(frame, sizeof(frame));
    qtest_memwrite(q, E_DATA, frame, sizeof(frame));
    board_qmp(q, "stop");
    e1000_add(&d, E_DATA, E_EOP | E_RS | sizeof(frame), 0);
    e1000_set(&d, E_TDT, d.tx_tail);
    board_qmp(q, "query-status");
    g_assert_cmphex(e1000_get(&d, E_TDH), ==, 0);
    board_qmp(q, "cont");
    expect(&d, frame, sizeof(frame), 0);
    qtest_writew(q, d.config + 4, 3); /* no bus mastering */
    e1000_add(&d, E_DATA, E_EOP | E_RS | sizeof(frame), 0);
    e1000_set(&d, E_TDT, d.tx_tail);
    board_qmp(q, "query-status");
    g_assert_cmphex(e1000_get(&d, E_TDH), ==, 1);
    qtest_writew(q, d.config + 4, 7);
    expect(&d, frame, sizeof(frame), 0);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/e1000/data/frames", test_frames);
    g_test_add_func("/e1000/data/pieces", test_pieces);
    g_test_add_func("/e1000/data/buffers", test_buffers);
    g_test_add_func("/e1000/data/long-frames", test_long_frames);
    g_test_add_func("/e1000/data/sums", test_sums);
    g_test_add_func("/e1000/data/segments", test_segments);
    g_test_add_func("/e1000/data/vlan", test_vlan);
    g_test_add_func("/e1000/data/filters", test_filters);
    g_test_add_func("/e1000/data/statistics", test_statistics);
    g_test_add_func("/e1000/data/stop", test_stop);
    return g_test_run();
}
