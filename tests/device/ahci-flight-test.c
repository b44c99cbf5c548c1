/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands in flight while something takes them away, or stops them: ST, COMRESET, reset
 * of the controller, bus mastering, a reset of the machine, stop and cont, migration, a
 * failing medium. The guest's access, or the user's command, ends when nothing moves.
 */
#include <string.h>

#include "tests/device/ahci.h"
#include "tests/device/virtio-common.h"

#define MIB   (1u << 20)
#define LISTS 0x200000ull
#define FIRST 3 /* slots, as many as there are requests */
#define N     5

static char *dir;

#define ARGS                                                                             \
    "-machine q35 -m 16M -device pvpanic -action panic=pause "                           \
    "-blockdev driver=file,node-name=f,filename=%s "                                     \
    "-blockdev driver=x-test,node-name=n,file=f "                                        \
    "-device ide-hd,id=d,drive=n,bus=ide.0%s"

static QTest *start(Ahci *a, const char *more)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    QTest *q = qtest_start(ARGS, path, more);

    ahci_open(a, q, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(a, 0);
    return q;
}

static guint64 buffer(unsigned slot)
{
    return AHCI_DATA + 0x1000 * slot;
}

static void issue(const Ahci *a, unsigned slot, guint8 code)
{
    AhciPrd prd = { buffer(slot), 512 };

    qtest_memset(a->q, prd.address, AHCI_UNTOUCHED, 512);
    ahci_issue(a, 0, slot,
               &(AhciTask){ .command = code,
                            .queued = code == 0x60 || code == 0x61,
                            .count = 1,
                            .lba = slot,
                            .prds = &prd,
                            .n_prds = 1,
                            .out = code == 0x61 || code == 0x35 });
}

/* Queued reads that the medium has not done. */
static void hold_queue(const Ahci *a)
{
    block_testing(a->q, "n hold");
    for (unsigned i = 0; i < N; i++) {
        issue(a, FIRST + i, 0x60);
    }
    while (blocks_held(a->q, "n") < N) {
    }
}

static void hold_one(const Ahci *a)
{
    block_testing(a->q, "n hold");
    issue(a, FIRST, 0x25);
    while (blocks_held(a->q, "n") < 1) {
    }
}

static void assert_nothing_told(const Ahci *a)
{
    g_assert_cmphex(ahci_get(a, 0, A_IS) & ~A_DHRS, ==, 0);
    g_assert_cmphex(qtest_readl(a->q, ahci_fis(a, 0) + 0x58), ==, 0);
    g_assert_cmphex(ahci_get(a, 0, A_SACT), ==, 0);
    g_assert_cmphex(ahci_get(a, 0, A_CI), ==, 0);
}

/* --- the guest takes them away --- */

typedef struct Taking {
    const char *name;
    gboolean config; /* a write to configuration space, else to the BAR */
    guint32 at, value;
    void (*undo)(const Ahci *a);
} Taking;

static void undo_stop(const Ahci *a)
{
    g_assert_cmphex(ahci_get(a, 0, A_CMD) & 0xc001, ==, 0x4000);
    ahci_restart(a, 0);
}

static void undo_comreset(const Ahci *a)
{
    g_assert_cmphex(ahci_get(a, 0, A_SSTS), ==, 1);
    ahci_set(a, 0, A_SCTL, 0);
    g_assert_cmphex(ahci_get(a, 0, A_TFD), ==, 0x150);
}

static void undo_reset(const Ahci *a)
{
    g_assert_cmphex(ahci_read(a, 4), ==, 0x80000000);
    ahci_start(a, 0);
}

static const Taking takings[] = {
    { "st", FALSE, 0x118, 0x16, undo_stop },
    { "comreset", FALSE, 0x12c, 1, undo_comreset },
    { "offline", FALSE, 0x12c, 4, NULL },
    { "reset", FALSE, 0x04, 0x80000001, undo_reset },
};

/* The access waits for each of them, and the guest is told of none. */
static void check_taking(const Taking *t, void (*hold)(const Ahci *a), unsigned n)
{
    Ahci a;
    QTest *q = start(&a, "");

    hold(&a);
    qtest_begin(q, "writel 0x%" G_GINT64_MODIFIER "x 0x%x", a.bar + t->at, t->value);
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmpuint(blocks_held(q, "n"), ==, n - i);
        block_testing(q, "n release 1");
    }
    qtest_finish(q);
    assert_nothing_told(&a);
    block_testing(q, "n release");
    if (t->undo) {
        t->undo(&a);
        g_assert_true(ahci_move(&a, 0, FALSE, 0, 1, TRUE));
    }
    qtest_stop(q);
}

static void test_taking(gconstpointer data)
{
    check_taking(data, hold_queue, N);
    check_taking(data, hold_one, 1);
}

/* Bus mastering off: they end, with nowhere to be told; on again, the rest is taken. */
static void test_master(void)
{
    Ahci a;
    QTest *q = start(&a, "");

    hold_queue(&a);
    qtest_begin(q, "writew 0x%" G_GINT64_MODIFIER "x 3", a.config + 4);
    block_testing(q, "n release");
    qtest_finish(q);
    g_assert_cmphex(ahci_get(&a, 0, A_SACT), ==, 0);
    issue(&a, 0, 0x60);
    for (unsigned i = 0; i < 20; i++) {
        qmp(q, "{\"execute\": \"query-status\"}");
        g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, 1);
    }
    qtest_writew(q, a.config + 4, 7);
    g_assert_true(ahci_wait(&a, 0, 0));
    g_assert_cmphex(qtest_readb(q, buffer(0)), ==, 0x11);
    qtest_stop(q);
}

static void test_machine_reset(void)
{
    Ahci a;
    QTest *q = start(&a, "");

    hold_queue(&a);
    qmp(q, "{\"execute\": \"system_reset\"}");
    for (unsigned i = 0; i < N; i++) {
        qmp(q, "{\"execute\": \"query-status\"}");
        g_assert_false(qtest_event_seen(q, "RESET"));
        block_testing(q, "n release 1");
    }
    wait_event(q, "RESET");
    block_testing(q, "n release");
    g_assert_cmphex(ahci_get(&a, 0, A_CMD), ==, 6);
    g_assert_cmphex(ahci_get(&a, 0, A_CLB), ==, 0);
    ahci_open(&a, q, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(&a, 0);
    g_assert_true(ahci_move(&a, 0, FALSE, 0, 1, FALSE));
    qtest_stop(q);
}

/* The VM stops, and nobody waits for what is in flight, as after a user's stop. */
static void panic(QTest *q)
{
    qtest_outb(q, 0x505, 1);
    wait_event(q, "STOP");
}

/* The process ends while something waits for them. */
static void test_end(void)
{
    for (unsigned i = 0; i < 3; i++) {
        Ahci a;
        QTest *q = start(&a, "");

        hold_queue(&a);
        if (i == 1) {
            qmp(q, "{\"execute\": \"system_reset\"}");
        } else if (i == 2) {
            panic(q);
        }
        block_testing(q, "n release");
        qtest_stop(q);
    }
}

/* --- the VM stops --- */

static void stop_vm(QTest *q)
{
    qmp(q, "{\"execute\": \"stop\"}");
    wait_event(q, "STOP");
}

static void cont(QTest *q)
{
    qmp(q, "{\"execute\": \"cont\"}");
    wait_event(q, "RESUME");
}

/* What is issued in a stopped VM waits, and what has been, ends. */
static void test_stop(void)
{
    Ahci a;
    QTest *q = start(&a, "");

    stop_vm(q);
    issue(&a, 1, 0x25);
    issue(&a, 2, 0x25);
    for (unsigned i = 0; i < 20; i++) {
        qmp(q, "{\"execute\": \"query-status\"}");
        g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, 6);
    }
    cont(q);
    g_assert_true(ahci_wait(&a, 0, 1));
    g_assert_true(ahci_wait(&a, 0, 2));
    qtest_stop(q);
}

#define PIECES 600 /* more than one request takes */

/* One of several pieces is begun anew, and then complete. */
static void test_stop_between(void)
{
    g_autofree AhciPrd *prds = g_new(AhciPrd, PIECES);
    Ahci a;
    QTest *q = start(&a, "");

    for (unsigned i = 0; i < PIECES; i++) {
        prds[i] = (AhciPrd){ AHCI_DATA + 1024 * i, 512 };
    }
    qtest_memset(q, AHCI_DATA, AHCI_UNTOUCHED, 1024 * PIECES);
    block_testing(q, "n hold");
    ahci_issue(
        &a, 0, 0,
        &(AhciTask){ .command = 0x25, .count = PIECES, .prds = prds, .n_prds = PIECES });
    while (blocks_held(q, "n") < 1) {
    }
    panic(q);
    block_testing(q, "n release");
    qmp(q, "{\"execute\": \"stop\"}"); /* answered when nothing is in flight */
    g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, 1);
    g_assert_cmphex(qtest_readb(q, prds[0].address), ==, 0x11);
    g_assert_cmphex(qtest_readb(q, prds[PIECES - 1].address), ==, AHCI_UNTOUCHED);
    cont(q);
    g_assert_true(ahci_wait(&a, 0, 0));
    g_assert_cmpuint(ahci_moved(&a, 0, 0), ==, 512 * PIECES);
    for (unsigned i = 0; i < PIECES; i += 37) {
        g_assert_cmphex(qtest_readb(q, prds[i].address), ==, 0x11);
        g_assert_cmphex(qtest_readb(q, prds[i].address + 512), ==, AHCI_UNTOUCHED);
    }
    qtest_stop(q);
}

/* --- a medium that fails --- */

static void wait_stopped(QTest *q)
{
    wait_event(q, "BLOCK_IO_ERROR");
    wait_event(q, "STOP");
}

#define STOPS ",rerror=stop,werror=stop"

static void assert_waiting(const Ahci *a, guint32 sact, guint32 ci)
{
    g_assert_cmphex(ahci_get(a, 0, A_SACT), ==, sact);
    g_assert_cmphex(ahci_get(a, 0, A_CI), ==, ci);
    g_assert_cmphex(ahci_get(a, 0, A_IS) & A_TFES, ==, 0);
}

static void assert_all_read(const Ahci *a)
{
    for (unsigned i = 0; i < N; i++) {
        g_assert_true(ahci_wait(a, 0, FIRST + i));
        g_assert_cmphex(qtest_readb(a->q, buffer(FIRST + i)), ==, 0x11);
    }
}

static void fail_queue(const Ahci *a)
{
    block_testing(a->q, "n fail read 0 1048576 EIO 5");
    hold_queue(a);
    block_testing(a->q, "n release");
    wait_stopped(a->q);
    assert_waiting(a, ((1u << N) - 1) << FIRST, 0);
}

static void test_again(void)
{
    Ahci a;
    QTest *q = start(&a, STOPS);

    fail_queue(&a);
    cont(q);
    assert_all_read(&a);
    block_testing(q, "n fail write 0 1048576 ENOSPC 2");
    issue(&a, 1, 0x35);
    wait_stopped(q);
    assert_waiting(&a, 0, 2);
    g_assert_cmphex(ahci_get(&a, 0, A_TFD) & 0x80, ==, 0x80);
    cont(q); /* fails again */
    wait_stopped(q);
    assert_waiting(&a, 0, 2);
    cont(q);
    g_assert_true(ahci_wait(&a, 0, 1));
    qtest_stop(q);
}

static void assert_none_read(const Ahci *a)
{
    g_assert_true(ahci_do(a, 0, &(AhciTask){ .command = 0xe5 })); /* takes its turn */
    for (unsigned i = 0; i < N; i++) {
        g_assert_cmphex(qtest_readb(a->q, buffer(FIRST + i)), ==, AHCI_UNTOUCHED);
    }
}

/* Neither a stopped port nor a reset machine does them again. */
static void test_forgotten(void)
{
    Ahci a;
    QTest *q = start(&a, STOPS);

    fail_queue(&a);
    ahci_set(&a, 0, A_CMD, 0x16);
    assert_waiting(&a, 0, 0);
    cont(q);
    ahci_restart(&a, 0);
    assert_none_read(&a);
    fail_queue(&a);
    qmp(q, "{\"execute\": \"system_reset\"}");
    wait_event(q, "RESET");
    cont(q);
    ahci_open(&a, q, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(&a, 0);
    assert_none_read(&a);
    qtest_stop(q);
}

/* --- elsewhere --- */

static QTest *move_vm(QTest *from, const char *more)
{
    g_autofree char *path = g_build_filename(dir, "image", NULL);
    g_autofree char *uri = g_strdup_printf("unix:%s/migrate", dir);
    QTest *to = qtest_start("-incoming %s " ARGS, uri, path, more);

    qmp(from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"%s\"}}", uri);
    qtest_wait_migrated(from);
    qtest_wait_migrated(to);
    qtest_stop(from);
    return to;
}

static void test_migrate_failed(void)
{
    Ahci a;
    QTest *q = start(&a, STOPS);

    fail_queue(&a);
    q = a.q = move_vm(q, STOPS);
    assert_waiting(&a, ((1u << N) - 1) << FIRST, 0);
    cont(q);
    assert_all_read(&a);
    qtest_stop(q);
}

/* What waits in the list goes with it; the registers, the pin and the disk's settings. */
static void test_migrate(void)
{
    guint16 words[256];
    Ahci a;
    QTest *q = start(&a, "");

    g_assert_true(ahci_do(&a, 0, &(AhciTask){ .command = 0xef, .features = 0x82 }));
    g_assert_true(ahci_do(&a, 0, &(AhciTask){ .command = 0xc6, .count = 4 }));
    stop_vm(q);
    for (unsigned i = 0; i < N; i++) {
        issue(&a, FIRST + i, 0x60);
    }
    q = a.q = move_vm(q, "");
    qtest_irq_intercept_in(q, "ioapic");
    assert_waiting(&a, ((1u << N) - 1) << FIRST, ((1u << N) - 1) << FIRST);
    g_assert_cmphex(ahci_read(&a, 8), ==, 1);
    ahci_set(&a, 0, A_IS, G_MAXUINT32);
    cont(q);
    assert_all_read(&a);
    qtest_wait_irq(q, 16, 1);
    ahci_identify(&a, 0, words);
    g_assert_cmphex(words[59], ==, 0x104);
    g_assert_cmphex(words[85], ==, 0x4001);
    qtest_stop(q);
}

/* One that does not take place leaves all as it was. */
static void test_migrate_not(void)
{
    Ahci a;
    QTest *q = start(&a, "");

    hold_queue(&a);
    qmp(q, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s/nobody\"}}",
        dir);
    block_testing(q, "n release");
    assert_all_read(&a);
    issue(&a, 1, 0x60);
    g_assert_true(ahci_wait(&a, 0, 1));
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-ahci-flight-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(takings); i++) {
        g_autofree char *name = g_strdup_printf("/ahci-flight/taken/%s", takings[i].name);
        g_test_add_data_func(name, &takings[i], test_taking);
    }
    g_test_add_func("/ahci-flight/master", test_master);
    g_test_add_func("/ahci-flight/machine-reset", test_machine_reset);
    g_test_add_func("/ahci-flight/end", test_end);
    g_test_add_func("/ahci-flight/stop", test_stop);
    g_test_add_func("/ahci-flight/stop-between", test_stop_between);
    g_test_add_func("/ahci-flight/again", test_again);
    g_test_add_func("/ahci-flight/forgotten", test_forgotten);
    g_test_add_func("/ahci-flight/migrate", test_migrate);
    g_test_add_func("/ahci-flight/migrate-failed", test_migrate_failed);
    g_test_add_func("/ahci-flight/migrate-not", test_migrate_not);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
