/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lists that no driver makes: addresses that are no memory, tables too short and
 * too long, frames that are none. Each is an error of its port, which works again when
 * ST has been off; the others and the VM go on.
 */
#include <string.h>

#include "tests/device/ahci.h"
#include "tests/device/turn.h"
#include "tests/device/virtio-common.h"

#define LISTS  0x200000ull
#define NO_RAM 0x80000000ull /* behind all of it */
#define END    (16 * MIB)

static char *dir;

static QTest *start(Ahci *a)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    QTest *q = qtest_start("-machine q35 -m 16M "
                           "-blockdev driver=file,node-name=n,filename=%s "
                           "-device ide-hd,drive=n,bus=ide.1",
                           path);

    ahci_open(a, q, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(a, 1);
    return q;
}

static void assert_good(const Ahci *a)
{
    ahci_restart(a, 1);
    g_assert_true(ahci_move(a, 1, FALSE, 0, 2, TRUE));
    g_assert_true(ahci_move(a, 1, FALSE, 0, 2, FALSE));
    g_assert_cmphex(qtest_readb(a->q, AHCI_DATA), ==, 0x11);
}

/* One of the bits of an error, and nothing else but what comes with it. */
static void assert_error(const Ahci *a, guint32 bits)
{
    g_assert_false(ahci_wait(a, 1, 0));
    g_assert_cmphex(ahci_get(a, 1, A_IS) & ~0xfu, ==, bits);
    assert_good(a);
}

/* --- the list and the table --- */

static void test_addresses(void)
{
    AhciPrd prd = { AHCI_DATA, 512 };
    AhciTask t = { .command = 0x25, .count = 1, .prds = &prd, .n_prds = 1 };
    static const guint64 bad[] = { NO_RAM, END - 0x80 + 0x80, G_MAXUINT64 & ~0x7full,
                                   0xb00fa000, 0xfee00000 };
    Ahci a;
    QTest *q = start(&a);

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        ahci_prepare(&a, 1, 0, &t);
        qtest_writeq(q, ahci_list(&a, 1) + 8, bad[i]);
        ahci_set(&a, 1, A_CI, 1);
        assert_error(&a, A_HBFS);
        prd.address = bad[i];
        ahci_issue(&a, 1, 0, &t);
        assert_error(&a, A_HBFS | A_TFES);
        t.command = 0x35;
        t.out = TRUE;
        ahci_issue(&a, 1, 0, &t);
        assert_error(&a, A_HBFS | A_TFES);
        t = (AhciTask){
            .command = 0x60, .queued = TRUE, .count = 1, .prds = &prd, .n_prds = 1
        };
        ahci_issue(&a, 1, 0, &t);
        assert_error(&a, A_HBFS | A_TFES);
        t = (AhciTask){ .command = 0x25, .count = 1, .prds = &prd, .n_prds = 1 };
        prd.address = AHCI_DATA;
    }
    ahci_set(&a, 1, A_CMD, 0x16);
    ahci_set(&a, 1, A_CLB, (guint32)NO_RAM);
    ahci_set(&a, 1, A_CMD, 0x17);
    ahci_set(&a, 1, A_CI, G_MAXUINT32);
    g_assert_false(ahci_wait(&a, 1, 0));
    ahci_set(&a, 1, A_CLB, (guint32)ahci_list(&a, 1));
    ahci_set(&a, 1, A_FB, (guint32)NO_RAM); /* frames are lost, and that is told */
    ahci_restart(&a, 1);
    ahci_issue(&a, 1, 0, &(AhciTask){ .command = 0xe5 });
    while (!(ahci_get(&a, 1, A_IS) & A_HBFS)) {
    }
    ahci_set(&a, 1, A_FB, (guint32)ahci_fis(&a, 1));
    assert_good(&a);
    qtest_stop(q);
}

/* Where memory ends, a table may end, too, if what is behind is not needed. */
static void test_end_of_memory(void)
{
    Ahci a;
    QTest *q = start(&a);
    guint64 table = END - 0x80 - 3 * 16;
    guint64 at = table & ~0x7full; /* the frame; then the entries up to the end */
    unsigned n = (unsigned)((END - at - 0x80) / 16);
    AhciPrd prds[8];

    for (unsigned i = 0; i < 8; i++) {
        prds[i] = (AhciPrd){ AHCI_DATA + 512 * i, 512 };
    }
    g_assert_cmpuint(n, ==, 8);
    ahci_prepare(&a, 1, 0,
                 &(AhciTask){ .command = 0x25, .count = 8, .prds = prds, .n_prds = 8 });
    guint8 bytes[0x80 + 8 * 16];
    qtest_memread(q, ahci_table(&a, 1, 0), bytes, sizeof(bytes));
    qtest_memwrite(q, at, bytes, sizeof(bytes));
    qtest_writeq(q, ahci_list(&a, 1) + 8, at);
    qtest_writel(q, ahci_list(&a, 1), 5 | 0xffffu << 16);
    ahci_set(&a, 1, A_CI, 1);
    g_assert_true(ahci_wait(&a, 1, 0));
    g_assert_cmpuint(ahci_moved(&a, 1, 0), ==, 8 * 512);
    qtest_writeb(q, at + 12, 9); /* one sector more than there are entries for */
    ahci_set(&a, 1, A_CI, 1);
    assert_error(&a, A_HBFS | A_TFES);
    qtest_stop(q);
}

/* Too little memory for the data is an overflow; too much is none. */
static void test_lengths(void)
{
    static const guint8 codes[] = { 0x20, 0x24, 0x25, 0x30, 0x35, 0x60, 0x61, 0xc8 };
    AhciPrd prds[] = { { AHCI_DATA, 1023 }, { AHCI_DATA + 0x1000, 0x400000 } };
    AhciPrd identify = { AHCI_DATA, 511 };
    Ahci a;
    QTest *q = start(&a);

    for (unsigned i = 0; i < G_N_ELEMENTS(codes); i++) {
        AhciTask t = { .command = codes[i],
                       .queued = codes[i] >> 4 == 6,
                       .count = 2,
                       .lba = 100,
                       .prds = prds,
                       .out = (codes[i] & 0x10) || codes[i] == 0x61 };
        for (t.n_prds = 0; t.n_prds < 2; t.n_prds++) {
            ahci_issue(&a, 1, 0, &t);
            assert_error(&a, A_OFS | A_TFES);
        }
        ahci_issue(&a, 1, 0, &t);
        g_assert_true(ahci_wait(&a, 1, 0));
    }
    ahci_issue(&a, 1, 0, &(AhciTask){ .command = 0xec, .prds = &identify, .n_prds = 1 });
    assert_error(&a, A_OFS | A_TFES);
    ahci_issue(&a, 1, 0, &(AhciTask){ .command = 0x06, .features = 1, .count = 1 });
    assert_error(&a, A_OFS | A_TFES);
    qtest_stop(q);
}

/* As many entries as a table can have, of a byte each, for as much as a command moves. */
static void test_tiny_pieces(void)
{
    const unsigned n = 65535;
    g_autofree guint8 *table = g_malloc0(0x80 + 16 * (gsize)n);
    Ahci a;
    QTest *q = start(&a);

    ahci_prepare(&a, 1, 0, &(AhciTask){ .command = 0x25, .count = 127 });
    qtest_memread(q, ahci_table(&a, 1, 0), table, 0x80);
    for (unsigned i = 0; i < n; i++) {
        guint32 address = GUINT32_TO_LE((guint32)AHCI_DATA + 3 * i);
        memcpy(table + 0x80 + 16 * i, &address, 4);
    }
    qtest_memwrite(q, 0x800000, table, 0x80 + 16 * (gsize)n);
    qtest_memset(q, AHCI_DATA, AHCI_UNTOUCHED, 3 * n);
    qtest_writel(q, ahci_list(&a, 1), 5 | n << 16);
    qtest_writeq(q, ahci_list(&a, 1) + 8, 0x800000);
    ahci_set(&a, 1, A_CI, 1);
    g_assert_true(ahci_wait(&a, 1, 0));
    g_assert_cmpuint(ahci_moved(&a, 1, 0), ==, 127 * 512);
    for (unsigned i = 0; i < n; i += 251) {
        g_assert_cmphex(qtest_readb(q, AHCI_DATA + 3 * i), ==,
                        i < 127 * 512 ? 0x11 : AHCI_UNTOUCHED);
        g_assert_cmphex(qtest_readb(q, AHCI_DATA + 3 * i + 1), ==, AHCI_UNTOUCHED);
    }
    qtest_writeb(q, 0x800000 + 12, 128); /* a sector for which there are not enough */
    ahci_set(&a, 1, A_CI, 1);
    assert_error(&a, A_OFS | A_TFES);
    qtest_stop(q);
}

/* 32 commands at once, with all the entries that they can have: others have their turn.
 */
static void test_turns(void)
{
    const unsigned n = 800;
    g_autofree guint8 *table = g_malloc0(0x80 + 16 * (gsize)n);
    Ahci a;
    QTest *q = start(&a);

    ahci_prepare(&a, 1, 0, &(AhciTask){ .command = 0x60, .queued = TRUE, .count = n });
    qtest_memread(q, ahci_table(&a, 1, 0), table, 0x80);
    for (unsigned i = 0; i < n; i++) {
        guint32 entry[4] = { GUINT32_TO_LE((guint32)AHCI_DATA + 1024 * i), 0, 0,
                             GUINT32_TO_LE(511) };
        memcpy(table + 0x80 + 16 * i, entry, 16);
    }
    qtest_memwrite(q, 0x800000, table, 0x80 + 16 * (gsize)n);
    for (unsigned slot = 0; slot < 32; slot++) {
        qtest_writel(q, ahci_list(&a, 1) + 32 * slot, 5 | n << 16);
        qtest_writeq(q, ahci_list(&a, 1) + 32 * slot + 8, 0x800000);
    }
    for (unsigned round = 0; round < 4; round++) {
        ahci_set(&a, 1, A_SACT, G_MAXUINT32);
        ahci_set(&a, 1, A_CI, G_MAXUINT32);
        for (unsigned slot = 0; slot < 32; slot++) {
            g_assert_true(ahci_wait(&a, 1, slot));
        }
    }
    turn_check(q, "descriptors", 4 * 32 * n, 4 * KIB);
    qtest_stop(q);
}

/* --- frames --- */

static void test_frames(void)
{
    AhciTask t = { .command = 0xe5 };
    Ahci a;
    QTest *q = start(&a);

    for (unsigned length = 0; length < 32; length++) {
        ahci_prepare(&a, 1, 0, &t);
        qtest_writel(q, ahci_list(&a, 1), length);
        ahci_set(&a, 1, A_CI, 1);
        if (length >= 5) {
            g_assert_true(ahci_wait(&a, 1, 0));
        } else {
            assert_error(&a, A_IFS);
        }
    }
    for (unsigned type = 0; type < 256; type++) {
        ahci_prepare(&a, 1, 0, &t);
        qtest_writeb(q, ahci_table(&a, 1, 0), (guint8)type);
        ahci_set(&a, 1, A_CI, 1);
        if (type == 0x27) {
            g_assert_true(ahci_wait(&a, 1, 0));
        } else {
            assert_error(&a, A_IFS);
        }
    }
    ahci_prepare(&a, 1, 0, &t);
    qtest_writeb(q, ahci_table(&a, 1, 0) + 1, 0x81); /* behind a port multiplier */
    ahci_set(&a, 1, A_CI, 1);
    assert_error(&a, A_IFS);
    /* A drive that is held in reset takes no command. */
    g_assert_true(ahci_do(&a, 1, &(AhciTask){ .control = TRUE, .control_value = 4 }));
    ahci_issue(&a, 1, 0, &t);
    g_assert_false(ahci_wait(&a, 1, 0));
    ahci_restart(&a, 1);
    ahci_soft_reset(&a, 1);
    assert_good(&a);
    qtest_stop(q);
}

/* Ports without a drive, without memory for frames, or that are stopped. */
static void test_idle_ports(void)
{
    Ahci a;
    QTest *q = start(&a);

    ahci_start(&a, 0);
    ahci_set(&a, 0, A_CI, G_MAXUINT32);
    ahci_set(&a, 1, A_CMD, 6);
    ahci_set(&a, 1, A_CI, G_MAXUINT32);
    ahci_set(&a, 1, A_SACT, G_MAXUINT32);
    g_assert_cmphex(ahci_get(&a, 1, A_CI) | ahci_get(&a, 1, A_SACT), ==, 0);
    ahci_set(&a, 1, A_CMD, 7); /* no frames: it works all the same */
    qtest_memset(q, ahci_fis(&a, 1), 0x5a, 0x100);
    g_assert_true(ahci_move(&a, 1, FALSE, 0, 2, FALSE));
    for (unsigned i = 0; i < 0x100; i += 4) {
        g_assert_cmphex(qtest_readl(q, ahci_fis(&a, 1) + i), ==, 0x5a5a5a5a);
    }
    g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, G_MAXUINT32);
    g_assert_cmphex(ahci_get(&a, 0, A_IS), ==, 0);
    qtest_stop(q);
}

/* A slot that is issued while what was in it is in flight is one command, not two. */
static void test_twice(void)
{
    AhciPrd prd = { AHCI_DATA, 512 };
    AhciTask t = {
        .command = 0x60, .queued = TRUE, .count = 1, .prds = &prd, .n_prds = 1
    };
    Ahci a;
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    QTest *q = qtest_start("-machine q35 -m 16M "
                           "-blockdev driver=file,node-name=f,filename=%s "
                           "-blockdev driver=x-test,node-name=n,file=f "
                           "-device ide-hd,drive=n,bus=ide.1",
                           path);

    ahci_open(&a, q, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(&a, 1);
    block_testing(q, "n hold");
    ahci_issue(&a, 1, 0, &t);
    while (blocks_held(q, "n") < 1) {
    }
    for (unsigned i = 0; i < 10; i++) {
        ahci_set(&a, 1, A_SACT, 1);
        ahci_set(&a, 1, A_CI, 1);
        qmp(q, "{\"execute\": \"query-status\"}");
    }
    g_assert_cmpuint(blocks_held(q, "n"), ==, 1);
    g_assert_cmphex(ahci_get(&a, 1, A_CI), ==, 1);
    block_testing(q, "n release");
    g_assert_true(ahci_wait(&a, 1, 0));
    assert_good(&a);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-ahci-hostile-XXXXXX", NULL);
    g_test_add_func("/ahci-hostile/addresses", test_addresses);
    g_test_add_func("/ahci-hostile/end-of-memory", test_end_of_memory);
    g_test_add_func("/ahci-hostile/lengths", test_lengths);
    g_test_add_func("/ahci-hostile/tiny-pieces", test_tiny_pieces);
    g_test_add_func("/ahci-hostile/turns", test_turns);
    g_test_add_func("/ahci-hostile/frames", test_frames);
    g_test_add_func("/ahci-hostile/idle-ports", test_idle_ports);
    g_test_add_func("/ahci-hostile/twice", test_twice);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
