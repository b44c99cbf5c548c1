/* SPDX-License-Identifier: GPL-2.0-or-later */
/* e1000: registers, EEPROM, PHY and link, interrupts, resets, options. */
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/e1000.h"

#define NEGOTIATION 500000000ll /* ns */
#define THROTTLE    128000ll    /* ns: at least */
#define BMCR        0
#define BMSR        1
#define LPA         5

static QTest *start(E1000Driver *d, const char *more)
{
    QTest *q = qtest_start(E_CARD "%s", more);

    e1000_open(d, q);
    return q;
}

/* --- registers --- */

/* After power-on, as QEMU 7.2's: those that are not zero. */
static const struct {
    guint32 reg, value;
} reset_values[] = {
    { 0x0000, 0x00140240 }, { 0x0008, 0x80080783 }, { 0x0010, 0x00000188 },
    { 0x0038, 0x00008100 }, { 0x0e00, 0x00000602 }, { 0x1000, 0x00100030 },
    { 0x5400, 0xaa005452 }, { 0x5404, 0x8000ccbb }, { 0x5820, 0x00222300 },
};

/* The bits that a guest of QEMU 7.2 writes and finds again: offset, dwords, bits. */
static const struct {
    guint32 reg, n, bits;
    gboolean extra; /* not there with extra_mac_registers=off */
} kept[] = {
    { 0x0038, 1, 0xffffffff, FALSE },  { 0x00c4, 1, 0x0000ffff, FALSE },
    { 0x0458, 1, 0x0000ffff, TRUE },   { 0x0e00, 1, 0xffffffff, FALSE },
    { 0x1000, 1, 0xffffffff, FALSE },  { 0x2410, 1, 0x00001fff, TRUE },
    { 0x2418, 1, 0x00001fff, TRUE },   { 0x2420, 1, 0x00001fff, TRUE },
    { 0x2428, 1, 0x00001fff, TRUE },   { 0x2430, 1, 0x00001fff, TRUE },
    { 0x2800, 1, 0xfffffff0, FALSE },  { 0x2804, 1, 0xffffffff, FALSE },
    { 0x2808, 1, 0x000fff80, FALSE },  { 0x2810, 1, 0x0000ffff, FALSE },
    { 0x2820, 1, 0x0000ffff, FALSE },  { 0x282c, 1, 0x0000ffff, FALSE },
    { 0x3410, 1, 0x000007ff, TRUE },   { 0x3418, 1, 0x000007ff, TRUE },
    { 0x3420, 1, 0x00001fff, TRUE },   { 0x3428, 1, 0x00001fff, TRUE },
    { 0x3430, 1, 0x00001fff, TRUE },   { 0x3800, 1, 0xfffffff0, FALSE },
    { 0x3804, 1, 0xffffffff, FALSE },  { 0x3808, 1, 0x000fff80, FALSE },
    { 0x3810, 1, 0x0000ffff, FALSE },  { 0x3828, 1, 0xffffffff, FALSE },
    { 0x382c, 1, 0x0000ffff, FALSE },  { 0x5200, 128, 0xffffffff, FALSE },
    { 0x5400, 32, 0xffffffff, FALSE }, { 0x5600, 128, 0xffffffff, FALSE },
    { 0x5800, 1, 0xffffffff, TRUE },   { 0x5808, 1, 0xffffffff, FALSE },
    { 0x5810, 1, 0xffffffff, TRUE },   { 0x5838, 1, 0xffffffff, TRUE },
    { 0x5840, 7, 0xffffffff, TRUE },   { 0x5880, 4, 0xffffffff, TRUE },
    { 0x5a00, 32, 0xffffffff, TRUE },  { 0x5b50, 1, 0xffffffff, FALSE },
    { 0x5f00, 7, 0x000007ff, TRUE },   { 0x9000, 255, 0x0000000f, TRUE },
    { 0x9800, 255, 0xffffffff, TRUE },
};

static void expect_reset_values(const E1000Driver *d)
{
    for (guint32 reg = 0; reg < 0x6000; reg += reg < 0x20 ? 8 : 4) {
        guint32 expected = 0;
        for (unsigned i = 0; i < G_N_ELEMENTS(reset_values); i++) {
            expected |= reset_values[i].reg == reg ? reset_values[i].value : 0;
        }
        g_assert_cmphex(e1000_get(d, reg), ==, expected);
    }
}

static void write_all(const E1000Driver *d, gboolean extra)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(kept); i++) {
        for (guint32 n = 0; n < kept[i].n; n += 31) {
            guint32 reg = kept[i].reg + 4 * n;
            guint32 bits = extra || !kept[i].extra ? kept[i].bits : 0;
            e1000_set(d, reg, G_MAXUINT32);
            g_assert_cmphex(e1000_get(d, reg) & kept[i].bits, ==, bits);
            g_assert_cmphex(e1000_get(d, reg) & kept[i].bits, ==, bits);
        }
    }
}

static void test_registers(void)
{
    E1000Driver d;
    QTest *q = start(&d, "");

    g_assert_cmphex(qtest_readl(q, d.config), ==, 0x100e8086);
    g_assert_cmphex(qtest_readl(q, d.config + 8), ==, 0x02000003);
    g_assert_cmphex(qtest_readl(q, d.config + 0x2c), ==, 0x11001af4);
    g_assert_cmphex(qtest_readb(q, d.config + 0x3d), ==, 1);
    g_assert_cmphex(qtest_readb(q, d.config + 0x34), ==, 0); /* no capabilities */
    expect_reset_values(&d);
    write_all(&d, TRUE);
    g_assert_cmphex(qtest_readb(q, d.bar + 0x3a), ==, 0xff);
    qtest_writeb(q, d.bar + E_VET, 0); /* dwords only */
    g_assert_cmphex(e1000_get(&d, E_VET), ==, 0xffffffff);
    g_assert_cmphex(e1000_get(&d, 0x1fffc), ==, 0);
    board_reset(q);
    e1000_open(&d, q);
    expect_reset_values(&d);
    qtest_stop(q);
}

static void test_ports(void)
{
    E1000Driver d;
    QTest *q = start(&d, "");
    guint16 io = qtest_readw(q, d.config + 0x14) & 0xfffc;

    g_assert_cmphex(qtest_readl(q, d.config + 0x14) & 3, ==, 1);
    qtest_outl(q, io, E_VET);
    g_assert_cmphex(qtest_inl(q, io), ==, E_VET);
    g_assert_cmphex(qtest_inl(q, io + 4), ==, 0x8100);
    qtest_outl(q, io + 4, 0x88a8);
    g_assert_cmphex(e1000_get(&d, E_VET), ==, 0x88a8);
    qtest_outl(q, io, 0xffffffff);
    g_assert_cmphex(qtest_inl(q, io), ==, 0x1fffc);
    qtest_outl(q, io + 4, 1);
    g_assert_cmphex(qtest_inl(q, io + 4), ==, 0);
    g_assert_cmphex(qtest_inl(q, io + 8), ==, 0);
    qtest_stop(q);
}

/* --- the EEPROM --- */

#define SK 1u
#define CS 2u
#define DI 4u
#define DO 8u

/* One bit goes in; what comes out while the clock is high. */
static unsigned clock_bit(const E1000Driver *d, unsigned bit)
{
    guint32 value = CS | (bit ? DI : 0);

    e1000_set(d, E_EECD, value);
    e1000_set(d, E_EECD, value | SK);
    unsigned out = (e1000_get(d, E_EECD) & DO) != 0;
    e1000_set(d, E_EECD, value);
    return out;
}

static void read_words(const E1000Driver *d, unsigned at, guint16 *words, unsigned n)
{
    unsigned command = 0x180 | at; /* start, read, address */

    e1000_set(d, E_EECD, 0);
    e1000_set(d, E_EECD, CS);
    for (unsigned i = 0; i < 9; i++) {
        clock_bit(d, command >> (8 - i) & 1);
    }
    g_assert_cmphex(e1000_get(d, E_EECD) & DO, ==, 0);
    for (unsigned i = 0; i < n; i++) {
        words[i] = 0;
        for (unsigned bit = 0; bit < 16; bit++) {
            words[i] = (guint16)(words[i] << 1 | clock_bit(d, 0));
        }
    }
    e1000_set(d, E_EECD, 0);
}

static guint16 read_eerd(const E1000Driver *d, unsigned at)
{
    e1000_set(d, E_EERD, at << 8 | 1);
    guint32 value = e1000_get(d, E_EERD);

    g_assert_cmphex(value & 0xffff, ==, at << 8 | 0x10);
    return (guint16)(value >> 16);
}

static void test_eeprom(void)
{
    E1000Driver d;
    QTest *q = start(&d, "");
    guint16 words[66], one, sum = 0;

    read_words(&d, 0, words, 66); /* it goes on at the begin */
    g_assert_cmphex(words[64], ==, words[0]);
    g_assert_cmphex(words[65], ==, words[1]);
    for (unsigned i = 0; i < 64; i++) {
        g_assert_cmphex(read_eerd(&d, i), ==, words[i]);
        sum = (guint16)(sum + words[i]);
    }
    g_assert_cmphex(sum, ==, 0xbaba);
    g_assert_cmphex(words[0], ==, 0x5452);
    g_assert_cmphex(words[1], ==, 0xaa00);
    g_assert_cmphex(words[2], ==, 0xccbb);
    g_assert_cmphex(words[0xb], ==, 0x100e);
    g_assert_cmphex(words[0x32], ==, 0x121c);
    read_words(&d, 0x1b, &one, 1);
    g_assert_cmphex(one, ==, 0x040b);
    g_assert_cmphex(read_eerd(&d, 64), ==, 0);
    g_assert_cmphex(e1000_get(&d, E_EECD), ==, 0x188);
    qtest_stop(q);
}

/* --- PHY and link --- */

static void test_phy(void)
{
    static const struct {
        guint8 reg;
        guint16 value, bits;
    } regs[] = { { 2, 0x0141, 0 },      { 3, 0x0c20, 0 },
                 { 4, 0x0de1, 0xffff }, { 5, 0x01e0, 0 },
                 { 6, 0, 0 },           { 9, 0x0e00, 0xffff },
                 { 10, 0x3c00, 0 },     { 16, 0x0360, 0xffff },
                 { 17, 0xac00, 0 },     { 20, 0x0d60, 0xffff } };
    E1000Driver d;
    QTest *q = start(&d, "");

    g_assert_cmphex(e1000_phy_get(&d, BMCR), ==, 0x1140);
    g_assert_cmphex(e1000_phy_get(&d, BMSR), ==, 0x794d);
    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        g_assert_cmphex(e1000_phy_get(&d, regs[i].reg), ==, regs[i].value);
        e1000_phy_set(&d, regs[i].reg, 0xffff);
        g_assert_cmphex(e1000_phy_get(&d, regs[i].reg), ==, regs[i].value | regs[i].bits);
    }
    e1000_set(&d, E_MDIC, 0x08270000); /* a register that is not there */
    g_assert_cmphex(e1000_get(&d, E_MDIC), ==, 0x58270000);
    e1000_set(&d, E_MDIC, 0x08420000); /* another PHY */
    g_assert_cmphex(e1000_get(&d, E_MDIC) >> 28, ==, 5);
    e1000_set(&d, E_MDIC, 0x28220000); /* with an interrupt */
    g_assert_cmphex(e1000_get(&d, E_ICR), ==, 0x200);
    e1000_phy_set(&d, BMCR, 0x8000);
    g_assert_cmphex(e1000_phy_get(&d, BMCR), ==, 0x1140);
    g_assert_cmphex(e1000_phy_get(&d, 20), ==, 0x0d60);
    g_assert_cmphex(e1000_phy_get(&d, BMSR), ==, 0x794d);
    qtest_stop(q);
}

static gboolean link_up(const E1000Driver *d)
{
    gboolean up = (e1000_get(d, E_STATUS) & 2) != 0;

    g_assert_cmpint((e1000_phy_get(d, BMSR) & 4) != 0, ==, up);
    return up;
}

static void test_link(void)
{
    E1000Driver d;
    QTest *q = start(&d, "");

    e1000_set(&d, E_IMS, E_LSC);
    g_assert_true(link_up(&d));
    g_assert_cmphex(e1000_get(&d, E_ICR), ==, 0);
    e1000_phy_set(&d, BMCR, 0x1340); /* negotiate */
    g_assert_cmphex(e1000_phy_get(&d, BMCR), ==, 0x1140);
    g_assert_false(link_up(&d));
    g_assert_true(e1000_irq(&d));
    g_assert_cmphex(e1000_get(&d, E_ICR), ==, E_LSC);
    g_assert_false(e1000_irq(&d));
    qtest_clock_step(q, NEGOTIATION - 1);
    g_assert_false(link_up(&d));
    qtest_clock_step(q, 1);
    g_assert_true(link_up(&d));
    g_assert_true(e1000_irq(&d));
    g_assert_cmphex(e1000_get(&d, E_ICR), ==, E_LSC);
    g_assert_cmphex(e1000_phy_get(&d, BMSR), ==, 0x796d);
    g_assert_cmphex(e1000_phy_get(&d, LPA), ==, 0x41e0);
    e1000_phy_set(&d, BMCR, 0x1940); /* without power */
    g_assert_false(link_up(&d));
    e1000_phy_set(&d, BMCR, 0x0140); /* and not by negotiation */
    g_assert_true(link_up(&d));
    e1000_set(&d, E_CTRL, 0x04000000); /* a reset of the card lets the link be */
    g_assert_true(link_up(&d));
    g_assert_cmphex(e1000_get(&d, E_CTRL), ==, 0x00140240);
    g_assert_cmphex(e1000_phy_get(&d, BMCR), ==, 0x0140);
    qtest_stop(q);
    q = start(&d, ",autonegotiation=off");
    e1000_phy_set(&d, BMCR, 0x1340);
    g_assert_true(link_up(&d));
    g_assert_cmphex(e1000_phy_get(&d, BMSR), ==, 0x794d);
    qtest_stop(q);
}

/* --- interrupts --- */

static void test_interrupts(void)
{
    E1000Driver d;
    QTest *q = start(&d, ",mitigation=off");

    e1000_set(&d, E_ICS, 0x5);
    g_assert_false(e1000_irq(&d));
    g_assert_cmphex(e1000_get(&d, E_ICS), ==, 5);
    e1000_set(&d, E_IMS, 0x4);
    g_assert_true(e1000_irq(&d));
    g_assert_cmphex(e1000_get(&d, E_IMS), ==, 4);
    e1000_set(&d, E_IMC, 0x4);
    g_assert_false(e1000_irq(&d));
    g_assert_cmphex(e1000_get(&d, E_IMC), ==, 0);
    e1000_set(&d, E_IMS, 0x1);
    g_assert_true(e1000_irq(&d));
    e1000_set(&d, E_ICR, 0x1); /* a one clears */
    g_assert_false(e1000_irq(&d));
    g_assert_cmphex(e1000_get(&d, E_ICR), ==, 4); /* and so does reading */
    g_assert_cmphex(e1000_get(&d, E_ICR), ==, 0);
    for (unsigned i = 0; i < 3; i++) { /* nothing is held back */
        e1000_set(&d, E_ICS, 1);
        g_assert_true(e1000_irq(&d));
        g_assert_cmphex(e1000_get(&d, E_ICR), ==, 1);
    }
    qtest_writew(q, d.config + 4, 0x406); /* INTx off: the status tells all the same */
    e1000_set(&d, E_ICS, 1);
    g_assert_true(e1000_irq(&d));
    qtest_stop(q);
}

/* After an interrupt: the next one comes when `ns` have passed, and not before. */
static void expect_pause(const E1000Driver *d, guint32 cause, gint64 ns)
{
    e1000_set(d, E_ICS, cause);
    g_assert_true(e1000_irq(d));
    e1000_get(d, E_ICR);
    g_assert_false(e1000_irq(d));
    e1000_set(d, E_ICS, cause);
    g_assert_false(e1000_irq(d));
    qtest_clock_step(d->q, ns - 1);
    g_assert_false(e1000_irq(d));
    qtest_clock_step(d->q, 1);
    g_assert_true(e1000_irq(d));
    e1000_get(d, E_ICR);
    qtest_clock_step(d->q, 1000000000);
    g_assert_false(e1000_irq(d));
}

static void test_mitigation(void)
{
    E1000Driver d;
    QTest *q = start(&d, "");

    e1000_set(&d, E_IMS, 0xffff);
    expect_pause(&d, E_LSC, THROTTLE);
    e1000_set(&d, E_ITR, 1000);
    expect_pause(&d, E_LSC, 256000);
    e1000_set(&d, E_RADV, 200);
    expect_pause(&d, E_RXT0, 256000); /* RDTR is 0 */
    e1000_set(&d, E_RDTR, 1);
    expect_pause(&d, E_RXT0, 204800);
    expect_pause(&d, E_LSC, 256000);
    e1000_set(&d, E_ITR, 1);
    expect_pause(&d, E_LSC, THROTTLE);
    qtest_stop(q);
}

/* --- options --- */

static void test_options(void)
{
    E1000Driver d;
    QTest *q = start(&d, ",extra_mac_registers=off");

    write_all(&d, FALSE);
    qtest_stop(q);
    q = qtest_start(
        "-machine q35 -m 16M -device e1000-82540em,addr=4 -device e1000,addr=5");
    e1000_open(&d, q);
    g_assert_cmphex(e1000_get(&d, E_RA), ==, 0x12005452);
    g_assert_cmphex(e1000_get(&d, E_RA + 4), ==, 0x80005634);
    d.bar = qtest_readl(q, E_CONFIG + 0x8010) & ~0xfull;
    qtest_writew(q, E_CONFIG + 0x8004, 7);
    g_assert_cmphex(e1000_get(&d, E_RA + 4), ==, 0x80005734);
    qtest_stop(q);
    board_refuses("-machine q35 -device e1000,netdev=x",
                  "Property 'e1000.netdev' can't find value 'x'");
    board_refuses("-machine q35 -device e1000,init-vet=off",
                  "Property 'e1000.init-vet' value 'off' is not supported");
}

/* Plugged and unplugged while the VM runs, by ACPI. */
static void test_hotplug(void)
{
    QTest *q = qtest_start("-machine q35 -m 16M -device pcie-root-port,id=rp,addr=5");

    for (unsigned i = 0; i < 2; i++) {
        json_node_unref(qtest_qmp_ok(q, "{\"execute\":\"device_add\",\"arguments\":{"
                                        "\"driver\":\"e1000\",\"id\":\"nic\","
                                        "\"bus\":\"rp\"}}"));
        json_node_unref(qtest_qmp_ok(q, "{\"execute\":\"device_del\",\"arguments\":{"
                                        "\"id\":\"nic\"}}"));
        qtest_outl(q, 0xcd0, 0);
        qtest_outl(q, 0xcc8, 1);
        board_wait(q, "DEVICE_DELETED");
    }
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/e1000/registers", test_registers);
    g_test_add_func("/e1000/ports", test_ports);
    g_test_add_func("/e1000/eeprom", test_eeprom);
    g_test_add_func("/e1000/phy", test_phy);
    g_test_add_func("/e1000/link", test_link);
    g_test_add_func("/e1000/interrupts", test_interrupts);
    g_test_add_func("/e1000/mitigation", test_mitigation);
    g_test_add_func("/e1000/options", test_options);
    g_test_add_func("/e1000/hotplug", test_hotplug);
    return g_test_run();
}
