/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net with as many pairs of queues as there may be, with fewer CPUs or vectors
 * than pairs, and between hosts whose taps have different numbers of them: with
 * multiqueue taps in a network namespace of its own, without the right to which it is
 * skipped.
 */
#include <linux/virtio_net.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/virtio-pci-net.h"

#define PAIRS   32
#define CONTROL (2 * PAIRS)
#define FLOWS   64
#define ROOT    ",bus=pcie.0,addr=5"
#define CARD    "-device virtio-net-pci,id=d,netdev=h,mq=on,mac=52:54:00:aa:bb:cc" ROOT " "

static char *options(const char *ifname, unsigned pairs, const char *more)
{
    return g_strdup_printf("-M q35 -m 64 -smp 1 -netdev tap,id=h,ifname=%s,queues=%u,"
                           "script=no,downscript=no " CARD "%s",
                           ifname, pairs, more);
}

static QTest *start(VirtioPciDriver *d, const char *ifname, unsigned pairs,
                    const char *more)
{
    g_autofree char *text = options(ifname, pairs, more);
    QTest *q = qtest_start("%s", text);

    vpci_find(d, q, ROOT);
    return q;
}

/* Takes frames until each of n flows has come; returns how many pairs they came by. */
static unsigned take_flows(VirtioPciDriver *d, unsigned pairs, unsigned n)
{
    guint64 seen = 0, by = 0, all = n == 64 ? ~0ull : (1ull << n) - 1;

    while (seen != all) {
        for (unsigned pair = 0; pair < pairs; pair++) {
            int seed = has_frame(d, pair) ? take_frame(d, pair) : -1;
            if (seed >= 0) {
                seen |= 1ull << seed;
                by |= 1ull << pair;
            }
        }
    }
    return (unsigned)__builtin_popcountll(by);
}

static void start_driver(VirtioPciDriver *d, unsigned pairs)
{
    vpci_enable_msix(d);
    vpci_start(d, EACH_INTERRUPTS, 2 * pairs + 1, 64);
    for (unsigned i = 0; i < pairs; i++) {
        offer(d, i, BUFFERS);
    }
}

/* All 32 pairs serve one CPU, the last of them as the first, and go on elsewhere. */
static void test_most(void)
{
    VirtioPciDriver d;
    QTest *from = start(&d, "vireo10", PAIRS, "");
    int host = host_end("vireo10");

    g_assert_cmpuint(d.n_queues, ==, 2 * PAIRS + 1);
    g_assert_cmpuint(d.n_vectors, ==, 2 * PAIRS + 2);
    g_assert_cmpuint(qtest_readw(from, d.config + 8), ==, PAIRS);
    start_driver(&d, PAIRS);
    send_flows(host, FLOWS);
    g_assert_cmpuint(take_flows(&d, PAIRS, FLOWS), ==, 1); /* until it says otherwise */
    g_assert_cmpuint(net_set_pairs(&d, CONTROL, PAIRS + 1), ==, VIRTIO_NET_ERR);
    g_assert_cmpuint(net_set_pairs(&d, CONTROL, PAIRS), ==, VIRTIO_NET_OK);
    send_flows(host, FLOWS);
    g_assert_cmpuint(take_flows(&d, PAIRS, FLOWS), >, PAIRS / 4);

    g_autofree char *text = options("vireo11", PAIRS, "");
    QTest *to = qtest_start("%s-incoming unix:%s/stream", text, qtest_dir(from));
    int there = host_end("vireo11");
    qmp(from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:%s/stream\"}}",
        qtest_dir(from));
    wait_event(to, "RESUME");
    d.q = to;
    qtest_bus_set(to);
    send_flows(there, FLOWS);
    g_assert_cmpuint(take_flows(&d, PAIRS, FLOWS), >, PAIRS / 4);
    for (unsigned pairs = 1; pairs <= PAIRS; pairs += 13) {
        g_assert_cmpuint(net_set_pairs(&d, CONTROL, pairs), ==, VIRTIO_NET_OK);
        send_flows(there, FLOWS);
        g_assert_cmpuint(take_flows(&d, PAIRS, FLOWS), <=, pairs);
    }
    close(host);
    close(there);
    qtest_stop(from);
    qtest_stop(to);
}

/* One vector too few (2N + 1), and two for all: the queues share them. */
static void test_few_vectors(void)
{
    static const char *const vectors[] = { "8", "2" };

    for (unsigned i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_autofree char *more =
            g_strdup_printf("-global virtio-pci.vectors=%s ", vectors[i]);
        VirtioPciDriver d;
        QTest *q = start(&d, "vireo12", 4, more);
        int host = host_end("vireo12");

        g_assert_cmpuint(d.n_vectors, ==, atoi(vectors[i]));
        vpci_enable_msix(&d);
        g_assert_true(vpci_negotiate(&d, EACH_INTERRUPTS));
        for (unsigned k = 0; k < 9; k++) {
            vpci_set_up_queue(&d, k, 64, k % d.n_vectors);
        }
        vpci_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 3);
        vpci_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, d.n_vectors); /* there is none */
        g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, NO_VECTOR);
        vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 15);
        for (unsigned k = 0; k < 4; k++) {
            offer(&d, k, BUFFERS);
        }
        g_assert_cmpuint(net_set_pairs(&d, 8, 4), ==, VIRTIO_NET_OK);
        vpci_wait_message(&d, 8 % d.n_vectors);
        send_flows(host, FLOWS);
        g_assert_cmpuint(take_flows(&d, 4, FLOWS), ==, 4);
        vpci_wait_message(&d, 4 % d.n_vectors);
        guest_sends(&d, 1);
        vpci_wait_message(&d, 1);
        close(host);
        qtest_stop(q);
    }
}

/* What query-migrate says of the source when it has failed. */
static char *why_failed(QTest *q)
{
    for (;;) {
        g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\":\"query-migrate\"}");
        JsonObject *o = json_node_get_object(info);
        const char *status = json_object_get_string_member(o, "status");

        g_assert_cmpstr(status, !=, "completed");
        if (strcmp(status, "failed") == 0) {
            return g_strdup(json_object_get_string_member(o, "error-desc"));
        }
    }
}

/* Queues are what is named, not the vectors that follow from them; the source goes on. */
static void test_differs(void)
{
    static const struct {
        unsigned here, there;
        const char *more, *said, *theirs;
    } rows[] = {
        { 4, 1, "", "pairs of queues=1", "pairs of queues=4" },
        { 2, 4, "", "pairs of queues=4", "pairs of queues=2" },
        { 1, 2, "", "The source VM does not have", "pairs of queues=2" },
        { 4, 2, "-global virtio-pci.vectors=10 ", "pairs of queues=2",
          "pairs of queues=4" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        VirtioPciDriver d;
        g_autofree char *text = options("vireo14", rows[i].there, rows[i].more);
        QTest *from = start(&d, "vireo13", rows[i].here, rows[i].more);
        QTest *to = qtest_start("%s-incoming unix:%s/stream", text, qtest_dir(from));
        int host = host_end("vireo13");

        start_driver(&d, rows[i].here);
        qmp(from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:%s/stream\"}}",
            qtest_dir(from));
        g_autofree char *why = why_failed(from);
        if (!strstr(why, rows[i].said) || !strstr(why, rows[i].theirs)) {
            g_error("%u to %u pairs: %s", rows[i].here, rows[i].there, why);
        }
        send_flows(host, 8);
        g_assert_cmpuint(take_flows(&d, rows[i].here, 8), ==, 1);
        close(host);
        qtest_stop(from);
        qtest_stop(to);
    }
}

/* Numbers that cannot be are refused with the number. */
static void test_refused(void)
{
    static const char *const rows[][2] = {
        { "queues=257", "257" },
        { "queues=4294967297", "4294967297" },
        { "queues=-1", "queues" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *args = g_strdup_printf(
            "-M q35 -netdev tap,id=h,ifname=vireo15,%s " CARD, rows[i][0]);
        g_autofree char *messages = NULL;

        g_assert_cmpint(qtest_run(args, &messages), ==, 1);
        if (!strstr(messages, rows[i][1])) {
            g_error("%s: %s", rows[i][0], messages);
        }
    }
}

int main(int argc, char **argv)
{
    if (!net_has_namespace()) {
        return 77;
    }
    vpci_init(&argc, &argv);
    g_test_add_func("/virtio-net-queues/most", test_most);
    g_test_add_func("/virtio-net-queues/few-vectors", test_few_vectors);
    g_test_add_func("/virtio-net-queues/differs", test_differs);
    g_test_add_func("/virtio-net-queues/refused", test_refused);
    return vpci_run();
}
