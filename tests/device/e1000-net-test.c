/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * e1000 on a tap in a network namespace of its own, and migrated: skipped without the
 * right to make one.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/e1000.h"

#define ETHERTYPE 0x88b5
#define RARP      0x8035

/* The other end: a packet socket on the interface, which is brought up. */
static int host_end(const char *ifname, guint16 type)
{
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(type) };
    struct ifreq ifr = { .ifr_flags = IFF_UP };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(type));

    g_strlcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    g_assert_cmpint(ioctl(fd, SIOCSIFFLAGS, &ifr), ==, 0);
    g_assert_cmpint(ioctl(fd, SIOCGIFINDEX, &ifr), ==, 0);
    to.sll_ifindex = ifr.ifr_ifindex;
    g_assert_cmpint(bind(fd, (struct sockaddr *)&to, sizeof(to)), ==, 0);
    return fd;
}

static QTest *start(E1000Driver *d, int *host)
{
    QTest *q = qtest_start(E_CARD ",netdev=h -netdev tap,id=h,ifname=vireo6");

    *host = host_end("vireo6", ETHERTYPE);
    e1000_open(d, q);
    e1000_start(d, E_RCTL_SECRC);
    return q;
}

static void stop(QTest *q, int host)
{
    close(host);
    qtest_stop(q);
}

static void guest_sends(E1000Driver *d, int host, unsigned len)
{
    guint8 frame[1514], got[2000];

    e1000_make_frame(frame, len);
    e1000_send(d, frame, len);
    g_assert_cmpint(recv(host, got, sizeof(got), 0), ==, len);
    g_assert_cmpmem(got, len, frame, len);
}

static void host_sends(int host, guint8 mark, unsigned len)
{
    guint8 frame[1514];

    e1000_make_frame(frame, len);
    frame[14] = mark;
    g_assert_cmpint(send(host, frame, len, 0), ==, len);
}

/* Others are not for this address, and are filtered. */
static void guest_receives(E1000Driver *d, guint8 mark, unsigned len)
{
    static E1000Got got;
    guint8 frame[1514];

    e1000_make_frame(frame, len);
    frame[14] = mark;
    e1000_wait(d, &got);
    g_assert_cmpmem(got.bytes, got.len, frame, len);
}

static void test_packets(void)
{
    E1000Driver d;
    int host;
    QTest *q = start(&d, &host);

    for (unsigned i = 0; i < 100; i++) {
        guest_sends(&d, host, i % 2 ? 1514 : 60 + i);
        host_sends(host, (guint8)i, i % 3 ? 100 : 1514);
        guest_receives(&d, (guint8)i, i % 3 ? 100 : 1514);
    }
    stop(q, host);
}

/* What comes while there are no buffers, or while the VM stands, waits. */
static void test_waiting(void)
{
    E1000Driver d;
    int host;
    QTest *q = start(&d, &host);

    e1000_set(&d, E_RDT, 0);
    for (unsigned i = 0; i < 20; i++) {
        host_sends(host, (guint8)i, 100);
    }
    e1000_expect_none(&d);
    e1000_set(&d, E_RDT, E_RING - 1);
    for (unsigned i = 0; i < 20; i++) {
        guest_receives(&d, (guint8)i, 100);
    }
    g_assert_cmphex(e1000_get(&d, 0x4010), ==, 0); /* none is missed */
    board_qmp(q, "stop");
    host_sends(host, 1, 100);
    e1000_expect_none(&d);
    board_qmp(q, "cont");
    guest_receives(&d, 1, 100);
    qtest_writew(q, d.config + 4, 3); /* no bus mastering */
    host_sends(host, 2, 100);
    e1000_expect_none(&d);
    qtest_writew(q, d.config + 4, 7);
    guest_receives(&d, 2, 100);
    stop(q, host);
}

/* While the PHY negotiates there is no link: frames are lost, either way. */
static void test_link(void)
{
    E1000Driver d;
    int host;
    QTest *q = start(&d, &host);
    guint8 frame[60], got[100];

    e1000_phy_set(&d, 0, 0x1340);
    host_sends(host, 1, 100);
    e1000_make_frame(frame, sizeof(frame));
    e1000_send(&d, frame, sizeof(frame));
    e1000_expect_none(&d);
    e1000_expect_none(&d);
    qtest_clock_step(q, 500000000);
    host_sends(host, 2, 100);
    guest_receives(&d, 2, 100);
    g_assert_cmpint(recv(host, got, sizeof(got), MSG_DONTWAIT), <, 0);
    guest_sends(&d, host, 60);
    stop(q, host);
}

static void set_link(QTest *q, const char *name, const char *up)
{
    json_node_unref(qtest_qmp_ok(q,
                                 "{\"execute\":\"set_link\",\"arguments\":{"
                                 "\"name\":\"%s\",\"up\":%s}}",
                                 name, up));
}

/* The cable is pulled, by the card's name or the back end's: what is sent is lost. */
static void test_cable(void)
{
    static const char *const names[] = { "nic", "h" };
    E1000Driver d;
    int host;
    QTest *q = start(&d, &host);
    guint8 frame[60], got[100];

    e1000_make_frame(frame, sizeof(frame));
    e1000_get(&d, E_ICR);
    e1000_set(&d, E_IMS, E_LSC);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        qtest_clock_step(q, 1000000000);
        set_link(q, names[i], "false");
        g_assert_cmphex(e1000_get(&d, E_STATUS) & 2, ==, 0);
        g_assert_cmphex(e1000_phy_get(&d, 1) & 0x24, ==, 0);
        g_assert_true(e1000_irq(&d));
        g_assert_cmphex(e1000_get(&d, E_ICR) & E_LSC, ==, E_LSC);
        host_sends(host, 1, 100);
        e1000_send(&d, frame, sizeof(frame));
        e1000_expect_none(&d);
        e1000_phy_set(&d, 0, 0x1340); /* there is nobody to negotiate with */
        qtest_clock_step(q, 1000000000);
        g_assert_cmphex(e1000_get(&d, E_STATUS) & 2, ==, 0);
        board_reset(q);
        e1000_open(&d, q);
        e1000_start(&d, E_RCTL_SECRC);
        e1000_set(&d, E_IMS, E_LSC);
        g_assert_cmphex(e1000_get(&d, E_STATUS) & 2, ==, 0);
        set_link(q, names[i], "true");
        g_assert_cmphex(e1000_get(&d, E_STATUS) & 2, ==, 0);
        qtest_clock_step(q, 500000000); /* that has been done */
        g_assert_cmphex(e1000_get(&d, E_STATUS) & 2, ==, 2);
        g_assert_cmphex(e1000_phy_get(&d, 1) & 0x24, ==, 0x24);
        g_assert_true(e1000_irq(&d));
        g_assert_cmphex(e1000_get(&d, E_ICR) & E_LSC, ==, E_LSC);
        host_sends(host, 2, 100);
        guest_receives(&d, 2, 100);
        g_assert_cmpint(recv(host, got, sizeof(got), MSG_DONTWAIT), <, 0);
        guest_sends(&d, host, 60);
    }
    stop(q, host);
}

/* --- migration --- */

/* The card is left in the midst of everything. */
static void prepare(E1000Driver *d)
{
    guint8 frame[200];

    e1000_make_frame(frame, sizeof(frame));
    qtest_memwrite(d->q, E_DATA, frame, sizeof(frame));
    e1000_set(d, E_MTA + 12, 0x12345678);
    e1000_set(d, E_VFTA + 508, 0x87654321);
    e1000_set(d, E_RA + 8, 0x11223344);
    e1000_add_context(d, 0x0021180e, 0x00003222, E_TSE | 3 << 24, 54 << 8 | 1000u << 16);
    e1000_add_context(d, 14 | 50 << 8, 0, 0, 0);     /* the sum of all, to 50 */
    e1000_add(d, E_DATA, E_DEXT | E_D | 100, 0x100); /* the half of it */
    e1000_kick(d);
    qtest_outl(d->q, qtest_readw(d->q, d->config + 0x14) & 0xfffc, 0x5404);
    e1000_set(d, E_EECD, 2);
    for (unsigned i = 0; i < 9; i++) { /* a read of word 2; then four of its bits */
        e1000_set(d, E_EECD, 2 | (0x182u >> (8 - i) & 1 ? 4 : 0));
        e1000_set(d, E_EECD, 3 | (0x182u >> (8 - i) & 1 ? 4 : 0));
    }
    for (unsigned i = 0; i < 5; i++) {
        e1000_set(d, E_EECD, 2);
        e1000_set(d, E_EECD, 3);
    }
    e1000_set(d, E_IMS, E_LSC);
    e1000_set(d, E_ICS, E_LSC); /* an interrupt; another one is held back */
    e1000_get(d, E_ICR);
    e1000_set(d, E_ICS, E_LSC);
    g_assert_false(e1000_irq(d));
    e1000_phy_set(d, 0, 0x1340);
}

static void go_on(E1000Driver *d)
{
    static E1000Got got;
    guint8 frame[200];

    g_assert_cmphex(e1000_get(d, E_MTA + 12), ==, 0x12345678);
    g_assert_cmphex(e1000_get(d, E_VFTA + 508), ==, 0x87654321);
    g_assert_cmphex(e1000_get(d, E_RA + 8), ==, 0x11223344);
    g_assert_cmphex(qtest_inl(d->q, qtest_readw(d->q, d->config + 0x14) & 0xfffc), ==,
                    0x5404);
    g_assert_cmphex(e1000_get(d, E_EECD) & 8, ==, 8); /* ccbb: the fifth bit */
    e1000_set(d, E_EECD, 2);
    e1000_set(d, E_EECD, 3);
    g_assert_cmphex(e1000_get(d, E_EECD) & 8, ==, 8);
    e1000_set(d, E_EECD, 2);
    e1000_set(d, E_EECD, 3);
    g_assert_cmphex(e1000_get(d, E_EECD) & 8, ==, 0);
    g_assert_false(e1000_irq(d));
    qtest_clock_step(d->q, 128000);
    g_assert_true(e1000_irq(d));
    g_assert_cmphex(e1000_get(d, E_STATUS) & 2, ==, 0);
    qtest_clock_step(d->q, 500000000);
    g_assert_cmphex(e1000_get(d, E_STATUS) & 2, ==, 2);
    e1000_loop(d);
    e1000_add(d, E_DATA + 100, E_DEXT | E_D | E_EOP | 100, 0);
    e1000_kick(d);
    e1000_wait(d, &got);
    qtest_memread(d->q, E_DATA, frame, sizeof(frame));
    g_assert_cmpuint(got.len, ==, sizeof(frame));
    g_assert_cmpmem(got.bytes, 50, frame, 50);
    g_assert_cmpmem(got.bytes + 52, 148, frame + 52, 148);
    g_assert_cmpint(memcmp(got.bytes + 50, frame + 50, 2), !=, 0);
}

static void test_migrate(void)
{
    QTest *q = qtest_start(E_CARD), *to;
    g_autofree char *path = g_build_filename(qtest_dir(q), "stream", NULL);
    E1000Driver d;
    guint8 got[100];

    to = qtest_start(E_CARD ",netdev=h -netdev tap,id=h,ifname=vireo7 -incoming unix:%s",
                     path);
    int host = host_end("vireo7", RARP);
    e1000_open(&d, q);
    e1000_start(&d, E_RCTL_SECRC);
    e1000_set(&d, E_RDT, E_RING - 2);
    prepare(&d);
    json_node_unref(qtest_qmp_ok(q,
                                 "{\"execute\": \"migrate\", \"arguments\": {\"uri\":"
                                 "\"unix:%s\"}}",
                                 path));
    qtest_wait_migrated(q);
    board_wait(to, "RESUME");
    qtest_stop(q);
    d.q = to;
    go_on(&d);
    g_assert_cmpint(recv(host, got, sizeof(got), 0), ==, 60); /* it is here now */
    g_assert_cmpmem(got + 6, 6, "\x52\x54\x00\xaa\xbb\xcc", 6);
    stop(to, host);
}

int main(int argc, char **argv)
{
    if (unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK)) {
        return 77;
    }
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/e1000/net/packets", test_packets);
    g_test_add_func("/e1000/net/waiting", test_waiting);
    g_test_add_func("/e1000/net/link", test_link);
    g_test_add_func("/e1000/net/cable", test_cable);
    g_test_add_func("/e1000/net/migrate", test_migrate);
    return g_test_run();
}
