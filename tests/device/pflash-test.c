/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q35's flash over qtest: Intel's command set, and when what a guest writes is in the
 * image. hw/pflash.c says what of it is QEMU's; QEMU 7.2 answers the same here.
 */
#include "config.h"

#include "tests/device/pflash.h"

/* --- what is seen --- */

/* One below the other, and the end of the first one below 1 MiB until there is RAM. */
static void test_map(void)
{
    QTest *q = start();
    guint8 low[0x20000];

    for (int i = 0; i < 2; i++) {
        check_array(q, CODE, CODE_SIZE, 7);
        check_array(q, VARS, VARS_SIZE, 5);
        g_assert_cmphex(qtest_readl(q, VARS - 4), ==, G_MAXUINT32);
        qtest_memread(q, 0xe0000, low, sizeof(low));
        for (gsize k = 0; k < sizeof(low); k++) {
            g_assert_cmphex(low[k], ==, pattern(CODE_SIZE - sizeof(low) + k, 7));
        }
        qtest_writel(q, 0xe0000, 0x12345678); /* read-only */
        g_assert_cmphex(qtest_readl(q, 0xe0000), !=, 0x12345678);
        qtest_outl(q, 0xcf8, 0x80000090);
        qtest_outl(q, 0xcfc, 0x33333330);
        qtest_outl(q, 0xcf8, 0x80000094);
        qtest_outl(q, 0xcfc, 0x00333333);
        qtest_writel(q, 0xe0000, 0x12345678);
        g_assert_cmphex(qtest_readl(q, 0xe0000), ==, 0x12345678);
        board_reset(q);
    }
    qtest_stop(q);
}

static void test_query(void)
{
    static const guint8 expected[] = { 'Q', 'R', 'Y', 0x01, 0x00, 0x31 };
    QTest *q = start();
    guint8 table[0x40];

    qtest_writeb(q, VARS + 0x55, 0x98);
    qtest_memread(q, VARS + 0x100, table, sizeof(table));
    for (gsize i = 0; i < sizeof(table); i++) {
        table[i] = qtest_readb(q, VARS + 0x100 + i);
    }
    g_assert_cmpmem(table + 0x10, sizeof(expected), expected, sizeof(expected));
    g_assert_cmphex(table[0x27], ==, 16);                      /* 64 KiB */
    g_assert_cmphex(table[0x2a] | table[0x2b] << 8, ==, 8);    /* buffer: 256 bytes */
    g_assert_cmphex(table[0x2d] | table[0x2e] << 8, ==, 15);   /* 16 blocks */
    g_assert_cmphex(table[0x2f] | table[0x30] << 8, ==, 0x10); /* of 4 KiB */
    qtest_writeb(q, VARS, 0x70); /* which it does not take now */
    g_assert_cmphex(qtest_readb(q, VARS + 0x10), ==, 'Q');
    qtest_writeb(q, VARS, 0xff);
    g_assert_cmphex(qtest_readb(q, VARS + 0x10), ==, pattern(0x10, 5));
    qtest_writeb(q, VARS, 0x90);
    g_assert_cmphex(qtest_readl(q, VARS), ==, 0);
    qtest_writeb(q, VARS, 0xff);
    qtest_stop(q);
}

/* As OVMF finds out that it is flash: Clear Status shows the array and clears all. */
static void test_status(void)
{
    QTest *q = start();

    qtest_writeb(q, VARS, 0x70);
    g_assert_cmphex(qtest_readb(q, VARS + 7), ==, READY);
    g_assert_cmphex(qtest_readl(q, VARS), ==, READY << 16 | READY);
    qtest_writeb(q, VARS, 0x50);
    g_assert_cmphex(qtest_readb(q, VARS + 7), ==, pattern(7, 5));
    qtest_writeb(q, VARS, 0x70);
    g_assert_cmphex(qtest_readb(q, VARS), ==, 0);
    qtest_writeb(q, VARS, 0x60); /* locks are taken, and there are none */
    qtest_writeb(q, VARS, 0x01);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY);
    qtest_writeb(q, VARS, 0x60);
    qtest_writeb(q, VARS, 0x2f); /* not this one */
    g_assert_cmphex(qtest_readb(q, VARS + 7), ==, pattern(7, 5));
    board_reset(q);
    qtest_writeb(q, VARS, 0x33); /* nothing */
    g_assert_cmphex(qtest_readb(q, VARS + 7), ==, pattern(7, 5));
    qtest_stop(q);
}

/* --- writing --- */

/* It is in the image when the guest goes on, not later. */
static void test_program(void)
{
    QTest *q = start();

    program(q, VARS + 0x1234, 0xa5);
    g_assert_cmphex(image_byte("vars", 0x1234), ==, 0xa5);
    g_assert_cmphex(image_byte("vars", 0x1233), ==, pattern(0x1233, 5));
    g_assert_cmphex(image_byte("vars", 0x1235), ==, pattern(0x1235, 5));
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY);
    qtest_writeb(q, VARS, 0x10); /* four bytes, of which one was all zeros */
    qtest_writel(q, VARS + 0xfffc, 0x11223344);
    g_assert_cmphex(image_byte("vars", 0xffff), ==, 0x11);
    qtest_writeb(q, VARS, 0xff);
    g_assert_cmphex(qtest_readl(q, VARS + 0xfffc), ==, 0x11223344);
    g_assert_cmphex(qtest_readb(q, VARS + 0x1234), ==, 0xa5);
    board_reset(q);
    g_assert_cmphex(qtest_readb(q, VARS + 0x1234), ==, 0xa5);
    qtest_stop(q);
}

static void test_erase(void)
{
    QTest *q = start();

    qtest_writeb(q, VARS + 0x3010, 0x20);
    g_assert_cmphex(image_byte("vars", 0x3010), ==, pattern(0x3010, 5));
    qtest_writeb(q, VARS + 0x3010, 0xff); /* not confirmed */
    g_assert_cmphex(qtest_readb(q, VARS + 0x3010), ==, pattern(0x3010, 5));
    erase(q, VARS + 0x3010);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY);
    for (gsize at = 0x2fff; at <= 0x4000; at++) {
        gboolean erased = at >= 0x3000 && at < 0x4000;
        g_assert_cmphex(image_byte("vars", at), ==, erased ? 0xff : pattern(at, 5));
    }
    qtest_writeb(q, VARS, 0xff);
    g_assert_cmphex(qtest_readl(q, VARS + 0x3ffc), ==, G_MAXUINT32);
    g_assert_cmphex(qtest_readb(q, VARS + 0x4000), ==, pattern(0x4000, 5));
    qtest_stop(q);
}

static void test_buffer(void)
{
    QTest *q = start();

    fill_buffer(q, VARS + 0x510, 16, 0x60);
    g_assert_cmphex(image_byte("vars", 0x510), ==, pattern(0x510, 5));
    qtest_writeb(q, VARS + 0x500, 0xd0);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY);
    for (gsize at = 0x500; at < 0x600; at++) {
        gboolean written = at >= 0x510 && at < 0x520;
        g_assert_cmphex(image_byte("vars", at), ==,
                        written ? 0x50 + at - 0x500 : pattern(at, 5));
    }
    /* what is not confirmed is forgotten */
    fill_buffer(q, VARS + 0x600, 256, 0);
    qtest_writeb(q, VARS + 0x600, 0xff);
    g_assert_cmphex(qtest_readb(q, VARS + 0x600), ==, pattern(0x600, 5));
    /* two blocks at once: a wrong sequence */
    fill_buffer(q, VARS + 0x6fe, 3, 0);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY | ERASE_ERROR | PROGRAM_ERROR);
    qtest_writeb(q, VARS + 0x600, 0x50);
    g_assert_cmphex(qtest_readb(q, VARS + 0x6fe), ==, pattern(0x6fe, 5));
    qtest_stop(q);
}

static void test_read_only(void)
{
    QTest *q = start();

    program(q, CODE + 0x10, 0x99);
    g_assert_cmphex(qtest_readb(q, CODE), ==, READY | PROGRAM_ERROR);
    erase(q, CODE + 0x1000);
    g_assert_cmphex(qtest_readb(q, CODE), ==, READY | ERASE_ERROR | PROGRAM_ERROR);
    qtest_writeb(q, CODE, 0x50);
    fill_buffer(q, CODE + 0x2000, 4, 0);
    qtest_writeb(q, CODE + 0x2000, 0xd0);
    g_assert_cmphex(qtest_readb(q, CODE), ==, READY | PROGRAM_ERROR);
    qtest_writeb(q, CODE, 0xff);
    check_array(q, CODE, CODE_SIZE, 7);
    g_assert_cmphex(image_byte("code", 0x10), ==, pattern(0x10, 7));
    qtest_stop(q);
}

/* --- the medium --- */

/* The vCPU waits for the medium; nobody else does. */
static void test_held(void)
{
    QTest *q = start_held();

    qtest_writeb(q, VARS + 1, 0x40);
    testing(q, "hold");
    qtest_begin(q, "writeb 0x%" G_GINT64_MODIFIER "x 0x77", (guint64)VARS + 1);
    wait_held(q, 1);
    board_qmp(q, "query-status");
    g_assert_cmphex(image_byte("vars", 1), ==, pattern(1, 5));
    g_assert_cmpuint(held(q), ==, 1);
    testing(q, "release");
    qtest_finish(q);
    g_assert_cmphex(image_byte("vars", 1), ==, 0x77);
    /* who hears that it is done hears that it is on stable storage */
    testing(q, "hold");
    qtest_begin(q, "writeb 0x%" G_GINT64_MODIFIER "x 0xff", (guint64)VARS);
    wait_held(q, 1);
    testing(q, "release");
    qtest_finish(q);
    testing(q, "hold");
    qtest_writeb(q, VARS, 0xff); /* nothing has changed */
    g_assert_cmpuint(held(q), ==, 0);
    testing(q, "release");
    qtest_stop(q);
}

/* Several changes of one access, in two sectors: one after the other, and all waited for.
 */
static void test_several(void)
{
    QTest *q = start_held();

    testing(q, "hold");
    qtest_begin(q,
                "write 0x%" G_GINT64_MODIFIER "x 24 0x400000005a5a5a5a"
                "400000006b6b6b6b400000007c7c7c7c",
                (guint64)VARS + 0x1f8);
    for (unsigned i = 0; i < 3; i++) {
        wait_held(q, 1);
        g_assert_cmphex(image_byte("vars", 0x1fc), ==, i > 0 ? 0x5a : pattern(0x1fc, 5));
        g_assert_cmphex(image_byte("vars", 0x204), ==, i > 1 ? 0x6b : pattern(0x204, 5));
        testing(q, "release 1");
    }
    qtest_finish(q);
    testing(q, "release");
    g_assert_cmphex(image_byte("vars", 0x1ff), ==, 0x5a);
    g_assert_cmphex(image_byte("vars", 0x204), ==, 0x6b);
    g_assert_cmphex(image_byte("vars", 0x20f), ==, 0x7c);
    g_assert_cmphex(image_byte("vars", 0x1f8), ==, pattern(0x1f8, 5));
    qtest_stop(q);
}

/* The status is not read before the flush has ended. */
static void test_settle(void)
{
    QTest *q = start_held();

    program(q, VARS + 1, 0x77);
    testing(q, "hold");
    qtest_begin(q, "readb 0x%" G_GINT64_MODIFIER "x", (guint64)VARS);
    wait_held(q, 1);
    testing(q, "release");
    g_autofree char *reply = qtest_command_line(q, "endianness");
    g_assert_cmpstr(reply, ==, "OK 0x0000000000000080"); /* the first command's */
    g_autofree char *second = qtest_command_line(q, "endianness");
    g_assert_cmpstr(second, ==, "OK little");
    qtest_stop(q);
}

/* The guest is told; and when the medium is well again it gets what it has missed. */
static void test_failing(void)
{
    QTest *q = start_held();

    testing(q, "fail write 0 65536 EIO 1");
    program(q, VARS + 0x2001, 0x77);
    g_assert_cmphex(image_byte("vars", 0x2001), ==, pattern(0x2001, 5));
    program(q, VARS + 0x4001, 0x78);
    g_assert_cmphex(image_byte("vars", 0x2001), ==, 0x77);
    g_assert_cmphex(image_byte("vars", 0x4001), ==, 0x78);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY | PROGRAM_ERROR);
    qtest_writeb(q, VARS, 0x50);
    testing(q, "fail write 0 65536 ENOSPC 1");
    erase(q, VARS + 0x1000);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY | ERASE_ERROR);
    qtest_writeb(q, VARS, 0x50);
    testing(q, "fail flush 0 65536 EIO 1");
    program(q, VARS + 0x5001, 0x79);
    qtest_readb(q, VARS); /* the flush fails after the status has been read */
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY | PROGRAM_ERROR);
    qtest_stop(q);
}

/* What was lost is written when the guest looks again, and before a reset. */
static void test_retry(void)
{
    QTest *q = start_held();

    testing(q, "fail write 0 65536 EIO 2");
    program(q, VARS + 0x2001, 0x77);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY | PROGRAM_ERROR);
    g_assert_cmphex(image_byte("vars", 0x2001), ==, pattern(0x2001, 5));
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY | PROGRAM_ERROR);
    g_assert_cmphex(image_byte("vars", 0x2001), ==, 0x77);
    qtest_writeb(q, VARS, 0x50);
    testing(q, "fail write 0 65536 EIO 2");
    erase(q, VARS + 0x1000);
    qtest_writeb(q, VARS, 0x50); /* shows the array: fails once more */
    g_assert_cmphex(image_byte("vars", 0x1000), ==, pattern(0x1000, 5));
    qtest_writeb(q, VARS, 0x70);
    g_assert_cmphex(qtest_readb(q, VARS), ==, ERASE_ERROR);
    g_assert_cmphex(image_byte("vars", 0x1000), ==, 0xff);
    testing(q, "fail write 0 65536 EIO 1");
    program(q, VARS + 0x4001, 0x78);
    g_assert_cmphex(image_byte("vars", 0x4001), ==, pattern(0x4001, 5));
    testing(q, "hold");
    board_qmp(q, "system_reset");
    wait_held(q, 1); /* the reset waits for it */
    g_assert_false(qtest_event_seen(q, "RESET"));
    testing(q, "release");
    board_wait(q, "RESET");
    g_assert_cmphex(image_byte("vars", 0x4001), ==, 0x78);
    qtest_stop(q);
}

/* stop ends when the write has ended; a reset comes after it. */
static void test_stop(void)
{
    QTest *q = start_held();

    qtest_writeb(q, VARS + 1, 0x40);
    testing(q, "hold");
    qtest_begin(q, "writeb 0x%" G_GINT64_MODIFIER "x 0x77", (guint64)VARS + 1);
    wait_held(q, 1);
    board_qmp(q, "system_reset");
    board_qmp(q, "query-status");
    g_assert_false(qtest_event_seen(q, "RESET"));
    testing(q, "release");
    qtest_finish(q);
    board_wait(q, "RESET");
    g_assert_cmphex(qtest_readb(q, VARS + 1), ==, 0x77); /* the array */
    board_qmp(q, "stop");
    g_assert_cmphex(image_byte("vars", 1), ==, 0x77);
    board_qmp(q, "cont");
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    flash_tests_begin();
    g_test_add_func("/pflash/map", test_map);
    g_test_add_func("/pflash/query", test_query);
    g_test_add_func("/pflash/status", test_status);
    g_test_add_func("/pflash/program", test_program);
    g_test_add_func("/pflash/erase", test_erase);
    g_test_add_func("/pflash/buffer", test_buffer);
    g_test_add_func("/pflash/read-only", test_read_only);
    g_test_add_func("/pflash/held", test_held);
    g_test_add_func("/pflash/several", test_several);
    g_test_add_func("/pflash/settle", test_settle);
    g_test_add_func("/pflash/failing", test_failing);
    g_test_add_func("/pflash/retry", test_retry);
    g_test_add_func("/pflash/stop", test_stop);
    return flash_tests_run();
}
