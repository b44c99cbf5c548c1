/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio over PCI moves from one process to another: interrupts that are pending and
 * masked, a queue that was reset, the pin's level, requests that were in flight or wait
 * for the VM to go on.
 */
#include <linux/virtio_blk.h>
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/virtio-pci.h"

typedef struct Pair {
    char *options;
    QTest *from, *to;
    VirtioPciDriver d;
} Pair;

/* A driver on the source; the destination waits. */
static void start_pair(Pair *p, const char *where, const char *more, gboolean msix)
{
    p->options = vpci_disk_options(where, more);
    p->from = qtest_start("%s", p->options);
    p->to = qtest_start("%s-incoming unix:%s/stream", p->options, qtest_dir(p->from));
    vpci_find(&p->d, p->from, where);
    if (msix) {
        vpci_enable_msix(&p->d);
    }
    vpci_start(&p->d, EACH_INTERRUPTS, p->d.n_queues, 16);
}

static void begin(Pair *p)
{
    qmp(p->from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:%s/stream\"}}",
        qtest_dir(p->from));
}

/* What query-migrate or query-status says. */
static const char *status_of(QTest *q, const char *command)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\":\"%s\"}", command);

    return g_intern_string(
        json_object_get_string_member(json_node_get_object(info), "status"));
}

static gboolean has_completed(QTest *q)
{
    const char *status = status_of(q, "query-migrate");

    g_assert_cmpstr(status, !=, "failed");
    return strcmp(status, "completed") == 0;
}

/* The driver goes on at the destination. */
static void end(Pair *p)
{
    while (!has_completed(p->from)) {
    }
    p->d.q = p->to;
    qtest_bus_set(p->to);
}

static void stop_pair(Pair *p)
{
    qtest_stop(p->from);
    qtest_stop(p->to);
    g_free(p->options);
}

static void wait_pending(VirtioPciDriver *d, unsigned vector)
{
    while (!vpci_pending(d, vector)) {
    }
}

static void set_flags(VirtioPciDriver *d, guint16 flags)
{
    vpci_set_cfg(d, d->msix + PCI_MSIX_FLAGS, 2, flags);
}

/* One vector is masked by its bit, one by the function's, and a queue has been reset. */
static void test_pending(gconstpointer where)
{
    Pair p;

    start_pair(&p, where, "", TRUE);
    vpci_mask(&p.d, 1, TRUE);
    vpci_read_one(&p.d, 1);
    wait_pending(&p.d, 1);
    vpci_put(&p.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
    vpci_put(&p.d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
    set_flags(&p.d, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    vpci_read_one(&p.d, 2);
    wait_pending(&p.d, 2);
    begin(&p);
    end(&p);
    board_wait(p.to, "RESUME");
    g_assert_cmphex(qtest_readl(p.to, p.d.pba), ==, 6);
    vpci_expect_silence(&p.d);
    set_flags(&p.d, PCI_MSIX_FLAGS_ENABLE);
    vpci_wait_message(&p.d, 2);
    vpci_expect_silence(&p.d);
    vpci_mask(&p.d, 1, FALSE);
    vpci_wait_message(&p.d, 1);
    g_assert_cmpuint(vpci_get(&p.d, VIRTIO_PCI_COMMON_Q_SELECT, 2), ==, 0);
    g_assert_cmpuint(vpci_get(&p.d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 0);
    g_assert_cmphex(vpci_get(&p.d, VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, NO_VECTOR);
    g_assert_cmphex(vpci_get(&p.d, VIRTIO_PCI_COMMON_MSIX, 2), ==, p.d.n_vectors - 1);
    vpci_set_up_queue(&p.d, 0, 8, 0);
    for (unsigned i = 0; i < p.d.n_queues; i++) {
        vpci_read_one(&p.d, i);
        vpci_wait_message(&p.d, i);
    }
    stop_pair(&p);
}

/* The fourth word of 200 pending bits. */
static void test_many_vectors(gconstpointer where)
{
    static const unsigned vectors[] = { 31, 66, 195 };
    Pair p;

    start_pair(&p, where, ",vectors=200", TRUE);
    g_assert_cmpuint(p.d.n_vectors, ==, 200);
    for (unsigned i = 0; i < G_N_ELEMENTS(vectors); i++) {
        vpci_put(&p.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
        vpci_put(&p.d, VIRTIO_PCI_COMMON_Q_MSIX, 2, vectors[i]);
        vpci_read_one(&p.d, i);
        vpci_wait_message(&p.d, vectors[i]);
        vpci_mask(&p.d, vectors[i], TRUE);
        vpci_read_one(&p.d, i);
        wait_pending(&p.d, vectors[i]);
    }
    vpci_mask(&p.d, 66, FALSE);
    vpci_wait_message(&p.d, 66);
    begin(&p);
    end(&p);
    board_wait(p.to, "RESUME");
    g_assert_cmphex(qtest_readq(p.to, p.d.pba), ==, 1ull << 31);
    g_assert_cmphex(qtest_readq(p.to, p.d.pba + 8), ==, 0);
    g_assert_cmphex(qtest_readq(p.to, p.d.pba + 16), ==, 0);
    g_assert_cmphex(qtest_readq(p.to, p.d.pba + 24), ==, 1ull << (195 - 192));
    vpci_expect_silence(&p.d);
    vpci_mask(&p.d, 195, FALSE);
    vpci_wait_message(&p.d, 195);
    vpci_expect_silence(&p.d);
    vpci_mask(&p.d, 31, FALSE);
    vpci_wait_message(&p.d, 31);
    for (unsigned i = 0; i < G_N_ELEMENTS(vectors); i++) {
        vpci_read_one(&p.d, i);
        vpci_wait_message(&p.d, vectors[i]);
    }
    stop_pair(&p);
}

static gboolean any_pin(QTest *q)
{
    gboolean up = FALSE;

    board_sync(q);
    for (unsigned n = 16; n < 24; n++) {
        up = up || qtest_get_irq(q, n);
    }
    return up;
}

static void test_pin(gconstpointer where)
{
    Pair p;

    start_pair(&p, where, "", FALSE);
    qtest_irq_intercept_in(p.from, "ioapic");
    qtest_irq_intercept_in(p.to, "ioapic");
    vpci_read_one(&p.d, 0);
    while (!any_pin(p.from)) {
    }
    begin(&p);
    end(&p);
    board_wait(p.to, "RESUME");
    g_assert_true(any_pin(p.to));
    g_assert_cmpuint(qtest_readb(p.to, p.d.isr), ==, 1);
    g_assert_false(any_pin(p.to));
    vpci_read_one(&p.d, 1);
    while (!any_pin(p.to)) {
    }
    stop_pair(&p);
}

/* The source does not end before they do; their interrupts are not lost. */
static void test_in_flight(gconstpointer where)
{
    Pair p;

    start_pair(&p, where, "", TRUE);
    vpci_mask(&p.d, 2, TRUE);
    block_testing(p.from, "n hold");
    for (unsigned i = 0; i < 4; i++) {
        vpci_blk_add(&p.d, 1 + i % 2, i, VIRTIO_BLK_T_IN, i);
    }
    vpci_kick(&p.d, 1);
    vpci_kick(&p.d, 2);
    while (blocks_held(p.from, "n") < 4) {
    }
    begin(&p);
    g_assert_false(has_completed(p.from));
    block_testing(p.from, "n release");
    end(&p);
    board_wait(p.to, "RESUME");
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpuint(vpci_used_idx(&p.d, 1 + i % 2), ==, 2);
        g_assert_cmpuint(vpci_blk_status(&p.d, i), ==, VIRTIO_BLK_S_OK);
    }
    vpci_wait_message(&p.d, 1);
    g_assert_true(vpci_pending(&p.d, 2));
    vpci_mask(&p.d, 2, FALSE);
    vpci_wait_message(&p.d, 2);
    vpci_read_one(&p.d, 1);
    vpci_wait_message(&p.d, 1);
    stop_pair(&p);
}

/* A failed one that waits for the VM to go on is done where that happens. */
static void test_deferred(gconstpointer where)
{
    Pair p;

    start_pair(&p, where, ",rerror=stop", TRUE);
    block_testing(p.from, "n fail read 0 512 EIO 1");
    vpci_blk_add(&p.d, 1, 0, VIRTIO_BLK_T_IN, 0);
    vpci_kick(&p.d, 1);
    wait_event(p.from, "STOP");
    begin(&p);
    end(&p);
    while (strcmp(status_of(p.to, "query-status"), "inmigrate") == 0) {
    }
    qmp(p.to, "{\"execute\":\"cont\"}");
    board_wait(p.to, "RESUME");
    vpci_wait_used_idx(&p.d, 1, 1);
    vpci_wait_message(&p.d, 1);
    g_assert_cmpuint(vpci_blk_status(&p.d, 0), ==, VIRTIO_BLK_S_OK);
    stop_pair(&p);
}

/* Whether it has gone; *why: the reason if not. */
static gboolean has_gone(Pair *p, char **why)
{
    for (;;) {
        g_autoptr(JsonNode) info =
            qtest_qmp_ok(p->from, "{\"execute\":\"query-migrate\"}");
        JsonObject *o = json_node_get_object(info);
        const char *status = json_object_get_string_member(o, "status");

        if (strcmp(status, "completed") == 0) {
            return TRUE;
        }
        if (strcmp(status, "failed") == 0) {
            *why = g_strdup(json_object_get_string_member(o, "error-desc"));
            return FALSE;
        }
    }
}

static const struct Difference {
    const char *there; /* what the destination says besides */
    const char *named; /* in the refusal; NULL: it goes, as the guest cannot see it */
} differences[] = {
    { ",num-queues=2", " vectors=3" },
    { ",num-queues=2,vectors=4", " num-queues=2" },
    { ",vectors=3", " vectors=3" },
    { ",queue-size=64", " queue-size=64" },
    { ",queue_reset=off", " queue_reset=off" },
    { ",event_idx=off", " event_idx=off" },
    { ",indirect_desc=off", " indirect_desc=off" },
    { ",config-wce=off", " config-wce=off" },
    { ",discard=off", " discard=off" },
    { ",write-zeroes=off", " write-zeroes=off" },
    { ",min_io_size=512", " min_io_size=512" },
    { ",opt_io_size=512", " opt_io_size=512" },
    { ",write-cache=off,ioeventfd=off,werror=stop", NULL },
};

/* What differs is named, and the source goes on. */
static void test_differs(void)
{
    static const char where[] = ",bus=pcie.0,addr=5";

    for (unsigned i = 0; i < G_N_ELEMENTS(differences); i++) {
        const struct Difference *row = &differences[i];
        g_autofree char *here = vpci_disk_options(where, "");
        g_autofree char *there = vpci_disk_options(where, row->there), *why = NULL;
        QTest *from = qtest_start("%s", here);
        QTest *to = qtest_start("%s-incoming unix:%s/stream", there, qtest_dir(from));
        Pair p = { .from = from, .to = to };
        begin(&p);
        g_assert_cmpint(has_gone(&p, &why), ==, !row->named);
        if (row->named && !strstr(why, row->named)) {
            g_error("'%s' is refused without its name: %s", row->there, why);
        }
        stop_pair(&p);
    }
}

int main(int argc, char **argv)
{
    vpci_init(&argc, &argv);
    vpci_add_everywhere("migrate/pending", test_pending);
    vpci_add_everywhere("migrate/many-vectors", test_many_vectors);
    vpci_add_everywhere("migrate/pin", test_pin);
    vpci_add_everywhere("migrate/in-flight", test_in_flight);
    vpci_add_everywhere("migrate/deferred", test_deferred);
    g_test_add_func("/virtio-pci/migrate/differs", test_differs);
    return vpci_run();
}
