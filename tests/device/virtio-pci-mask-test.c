/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X vectors that are masked and moved under traffic, as Linux does when an interrupt
 * goes to another CPU, of a disk and of a card; and the card's that move to another
 * process masked and pending. The card has a tap in a network namespace of its own:
 * skipped without the right to make one.
 */
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/virtio-pci-net.h"

#define MOVES 200
#define OTHERS                                                                           \
    32 /* words of messages, behind those of the vectors, that are aimed at              \
        */

static const guint8 broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* Word n of those that a vector is aimed at in turn. */
static unsigned word(unsigned n)
{
    return OTHERS + n % 4;
}

/* The vector is aimed there, masked meanwhile. */
static void move_vector(VirtioPciDriver *d, unsigned vector, unsigned to)
{
    vpci_mask(d, vector, TRUE);
    vpci_aim(d, vector, MSI_AT + 4 * to, MSI_DATA + to);
    vpci_mask(d, vector, FALSE);
}

/* A message comes there, or at the place before; not at both: it is one. */
static void wait_either(VirtioPciDriver *d, unsigned now, unsigned before)
{
    guint32 value = 0;

    while (!value) {
        value = vpci_taken(d, now);
        if (!value) {
            value = vpci_taken(d, before);
        }
    }
    g_assert_true(value == MSI_DATA + now || value == MSI_DATA + before);
}

/* Each request interrupts, with a move before, while it is under way, or both. */
static void test_disk(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_live(&d, where);

    for (unsigned i = 0; i < MOVES; i++) {
        unsigned queue = i % d.n_queues;
        unsigned before = word(i), now = word(i + 1);

        move_vector(&d, queue, before);
        vpci_blk_add(&d, queue, 0, 0 /* a read */, 0);
        vpci_kick(&d, queue);
        move_vector(&d, queue, now);
        guint32 head, len;
        vpci_wait_used(&d, queue, &head, &len);
        wait_either(&d, now, before);
        g_assert_cmpuint(vpci_blk_status(&d, 0), ==, 0);
    }
    board_qmp(q, "query-status"); /* the main loop has come round */
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(vpci_taken(&d, word(i)), ==, 0);
    }
    g_assert_cmphex(qtest_readq(q, d.pba), ==, 0);
    qtest_stop(q);
}

static char *card_options(const char *where, const char *ifname)
{
    return g_strdup_printf(VPCI_MACHINE
                           "-netdev tap,id=h,ifname=%s,script=no,downscript=no "
                           "-device virtio-net-pci,id=d,netdev=h,"
                           "mac=52:54:00:aa:bb:cc%s ",
                           ifname, where);
}

static QTest *start_card(VirtioPciDriver *d, const char *where, int *host)
{
    g_autofree char *options = card_options(where, "vireo30");
    QTest *q = qtest_start("%s", options);

    *host = host_end("vireo30");
    vpci_find(d, q, where);
    vpci_enable_msix(d);
    vpci_start(d, EACH_INTERRUPTS, 3, 64);
    offer(d, 0, BUFFERS);
    return q;
}

static void test_card(gconstpointer where)
{
    VirtioPciDriver d;
    int host;
    QTest *q = start_card(&d, where, &host);

    for (unsigned i = 0; i < MOVES; i++) {
        unsigned before = word(i), now = word(i + 1);

        move_vector(&d, 0, before);
        host_sends(host, broadcast, -1, (guint8)i);
        move_vector(&d, 0, now);
        g_assert_cmpint(next_seed(&d, 0), ==, (guint8)i);
        wait_either(&d, now, before);
        if (i % 16 == 0) { /* the queue goes to another vector, and comes back */
            vpci_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
            vpci_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 2);
            host_sends(host, broadcast, -1, 0x55);
            g_assert_cmpint(next_seed(&d, 0), ==, 0x55);
            vpci_wait_message(&d, 2);
            vpci_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
        }
        guest_sends(&d, 1);
        vpci_wait_message(&d, 1);
    }
    g_assert_cmphex(qtest_readq(q, d.pba) & 1, ==, 0);
    close(host);
    qtest_stop(q);
}

static void wait_pending(VirtioPciDriver *d, unsigned vector)
{
    while (!vpci_pending(d, vector)) {
    }
}

/* Two by their own bits, then the function as a whole: each comes once, over there. */
static void test_card_migrates(gconstpointer where)
{
    VirtioPciDriver d;
    int host;
    QTest *from = start_card(&d, where, &host);
    g_autofree char *options = card_options(where, "vireo31");
    guint16 flags = (guint16)d.msix + PCI_MSIX_FLAGS;

    vpci_mask(&d, 0, TRUE);
    vpci_taken(&d, 0); /* of what the host's kernel has sent */
    host_sends(host, broadcast, -1, 9);
    g_assert_cmpint(next_seed(&d, 0), ==, 9);
    wait_pending(&d, 0);
    vpci_set_cfg(&d, flags, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    vpci_taken(&d, 1);
    guest_sends(&d, 1);
    wait_pending(&d, 1);
    QTest *to = board_migrate(from, options);
    int there = host_end("vireo31");
    d.q = to;
    qtest_bus_set(to);
    g_assert_true(vpci_pending(&d, 0) && vpci_pending(&d, 1));
    g_assert_cmphex(vpci_taken(&d, 0), ==, 0);
    g_assert_cmphex(vpci_taken(&d, 1), ==, 0);
    vpci_set_cfg(&d, flags, 2, PCI_MSIX_FLAGS_ENABLE);
    vpci_wait_message(&d, 1);
    g_assert_cmphex(vpci_taken(&d, 0), ==, 0);
    vpci_mask(&d, 0, FALSE);
    vpci_wait_message(&d, 0);
    host_sends(there, broadcast, -1, 10);
    g_assert_cmpint(next_seed(&d, 0), ==, 10);
    vpci_wait_message(&d, 0);
    guest_sends(&d, 2);
    vpci_wait_message(&d, 1);
    close(host);
    close(there);
    qtest_stop(from);
    qtest_stop(to);
}

int main(int argc, char **argv)
{
    if (!net_has_namespace()) {
        return 77;
    }
    vpci_init(&argc, &argv);
    vpci_add_everywhere("mask/disk", test_disk);
    vpci_add_everywhere("mask/card", test_card);
    vpci_add_everywhere("mask/card-migrates", test_card_migrates);
    return vpci_run();
}
