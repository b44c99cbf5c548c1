/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ide-cd on a port without a controller: what QEMU's drive answers it answers, too; reads
 * by DMA and PIO; failures; commands that are no packets. Trays: ide-cd-tray-test.c.
 */
#include "ide-cd.h"

typedef struct Answer {
    const char *packet, *data; /* hexadecimal; without zeros at the end */
    guint32 len;
    gboolean head; /* data goes on */
    guint8 key;
    guint16 code;
} Answer;

#include "golden/atapi/qemu-7.2.h"

/* --- QEMU's answers --- */

static void check_answer(const Answer *a, guint16 features)
{
    guint8 data[64];
    guint n = from_hex(a->data, data, sizeof(data));

    g_test_message("%s", a->packet);
    run(a->packet, features);
    if (a->key) {
        assert_sense(a->key, a->code);
        return;
    }
    assert_good(a->len);
    g_assert_cmpmem(port.memory, n, data, n);
    for (guint i = n; i < a->len && !a->head; i++) {
        g_assert_cmphex(port.memory[i], ==, 0);
    }
}

static void check_answers(guint32 blocks, const Answer *answers, guint n)
{
    IdeCd *cd;

    write_image(blocks);
    if (blocks) {
        add_medium("m");
    }
    for (guint16 features = 0; features <= DMA; features++) {
        cd = plug(blocks ? "{\"drive\":\"m\",\"serial\":\"Serial\"}"
                         : "{\"serial\":\"Serial\"}");
        for (guint i = 0; i < n; i++) {
            check_answer(&answers[i], features);
        }
        unplug(cd);
    }
    if (blocks) {
        g_assert_true(node_del("m", NULL));
    }
}

static void test_answers(void)
{
    check_answers(0, answers_0, G_N_ELEMENTS(answers_0));
    check_answers(400, answers_400, G_N_ELEMENTS(answers_400));
    check_answers(360000, answers_360000, G_N_ELEMENTS(answers_360000));
    check_answers(360001, answers_360001, G_N_ELEMENTS(answers_360001));
}

/* --- reads --- */

static void assert_blocks(guint32 first, guint32 n)
{
    for (guint32 i = 0; i < n; i++) {
        const guint8 *p = port.memory + i * CD_BLOCK_SIZE;
        g_assert_cmphex(p[0], ==, (guint8)(first + i));
        g_assert_cmphex(p[CD_BLOCK_SIZE - 1], ==, (guint8)(first + i));
    }
}

static void test_read(void)
{
    IdeCd *cd;

    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    run("28000000000300003200", DMA);
    assert_good(0x32 * CD_BLOCK_SIZE);
    g_assert_cmpint(port.cmd.protocol, ==, IDE_DMA_IN);
    assert_blocks(3, 0x32);

    /* Whatever pieces the guest's memory has. */
    port.piece = 1536;
    run("a80000000001000001000000", DMA);
    assert_good(256 * CD_BLOCK_SIZE);
    assert_blocks(1, 256);
    port.piece = TOY_MEMORY;

    /* PIO: an odd limit, one that is larger than the data, all ones, and none. */
    start("28000000000500000300", 0, 3001);
    toy_port_wait(&port);
    assert_good(3 * CD_BLOCK_SIZE);
    g_assert_cmpint(port.cmd.protocol, ==, IDE_PIO_IN);
    g_assert_cmpuint(port.cmd.pio_block, ==, 3000);
    g_assert_cmpuint(port.cmd.regs.lba >> 8, ==, 3 * CD_BLOCK_SIZE - 6000);
    start("28000000000500000300", 0, 0xffff);
    toy_port_wait(&port);
    assert_good(3 * CD_BLOCK_SIZE);
    g_assert_cmpuint(port.cmd.pio_block, ==, 0xfffe);
    g_assert_cmpuint(port.cmd.regs.lba >> 8, ==, 3 * CD_BLOCK_SIZE);
    start("28000000000500000300", 0, 0);
    assert_aborted();
    g_assert_cmphex(port.cmd.regs.count, ==, 1);
    start("00", 0, 0);
    assert_good(0);

    /* Numbers that are too large together. */
    run("a8fffffffffffffffff00000", DMA);
    assert_sense(CD_ILLEGAL_REQUEST, CD_ASC_OUT_OF_RANGE);
    run("a800000001ffffffff000000", DMA);
    assert_sense(CD_ILLEGAL_REQUEST, CD_ASC_OUT_OF_RANGE);
    run("beffffffffffffff00f80000", DMA);
    assert_sense(CD_ILLEGAL_REQUEST, CD_ASC_OUT_OF_RANGE);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

static void test_raw(void)
{
    static const guint8 sync[] = { 0,    0xff, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0 };
    static const guint8 frames[] = { 0x18, 0x19, 0x20 };
    IdeCd *cd;

    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    run("be000000013e000003f80000", DMA); /* 318 + 150 = 6 * 75 + 18 */
    assert_good(3 * CD_RAW_SIZE);
    g_assert_cmpmem(port.memory, 12, sync, 12);
    for (guint i = 0; i < 3; i++) {
        const guint8 *sector = port.memory + i * CD_RAW_SIZE;
        g_assert_cmphex(sector[15], ==, 1);
        g_assert_cmphex(sector[12], ==, 0x00);
        g_assert_cmphex(sector[13], ==, 0x06);
        g_assert_cmphex(sector[14], ==, frames[i]);
        g_assert_cmphex(sector[16], ==, (guint8)(0x13e + i));
        g_assert_cmphex(sector[16 + 2047], ==, (guint8)(0x13e + i));
        g_assert_cmphex(sector[16 + 2048], ==, 0);
    }
    /* The guest has memory for less. */
    port.given = CD_RAW_SIZE + 100;
    run("be000000013e000003f80000", DMA);
    assert_aborted();
    port.given = 5;
    run("28000000000500000300", DMA);
    assert_aborted();
    run("12000000600000", DMA);
    assert_aborted();
    port.given = TOY_MEMORY;
    good("00", 0);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

static void test_failures(void)
{
    IdeCd *cd;

    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    testing("m fail read 10240 2048 EIO 2");
    run("28000000000500000100", DMA);
    assert_sense(CD_MEDIUM_ERROR, CD_ASC_READ_ERROR);
    run("be0000000005000001f80000", DMA);
    assert_sense(CD_MEDIUM_ERROR, CD_ASC_READ_ERROR);
    good("28000000000500000100", CD_BLOCK_SIZE);
    unplug(cd);

    /* For which the VM stops: the port does the command again. */
    cd = plug("{\"drive\":\"m\",\"rerror\":\"stop\"}");
    testing("m fail read 10240 2048 EIO 2");
    run("28000000000500000100", DMA);
    g_assert_true(port.again);
    run("be0000000005000001f80000", DMA);
    g_assert_true(port.again);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

/* A port that is to come to rest takes a long read back between two portions. */
static void test_stopping(void)
{
    IdeCd *cd;

    write_image(4096);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    testing("m hold");
    start("a80000000000000007000000", DMA, LIMIT);
    port.cmd.stopping = TRUE;
    testing("m release");
    toy_port_wait(&port);
    g_assert_true(port.again);
    testing("m hold");
    start("be0000000005000009f80000", DMA, LIMIT);
    port.cmd.stopping = TRUE;
    testing("m release");
    toy_port_wait(&port);
    g_assert_true(port.again);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

static void test_small(void)
{
    IdeCd *cd;

    g_assert_true(g_file_set_contents(path, "1234", 4, NULL));
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}"); /* no block: nothing that can be read */
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    fails("25", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

/* --- other commands --- */

static void test_commands(void)
{
    IdeCd *cd = plug("{\"serial\":\"ABC\",\"model\":\"Toy\",\"wwn\":81985529216486895}");

    command(0xa1, 0, 0);
    g_assert_cmphex(port.cmd.status, ==, IDE_STATUS_DRDY | IDE_STATUS_DSC);
    g_assert_cmpuint(port.cmd.moved, ==, 512);
    g_assert_cmphex(word(0), ==, 0x85c0);
    g_assert_cmpmem(port.memory + 20, 4, "BA C", 4);
    g_assert_cmpmem(port.memory + 54, 4, "oT y", 4);
    g_assert_cmphex(word(49), ==, 0x0300);
    g_assert_cmphex(word(108), ==, 0x0123);
    g_assert_cmphex(word(111), ==, 0xcdef);
    g_assert_cmphex(word(88), ==, 0x203f);
    command(0xef, 3, 0x22);
    command(0xa1, 0, 0);
    g_assert_cmphex(word(63), ==, 0x0407);
    g_assert_cmphex(word(88), ==, 0x003f);
    command(0xef, 3, 0x45);
    command(0xa1, 0, 0);
    g_assert_cmphex(word(63), ==, 0x0007);
    g_assert_cmphex(word(88), ==, 0x203f);
    command(0xef, 3, 0xff);
    assert_aborted();
    command(0xef, 0x77, 0);
    assert_aborted();
    command(0xef, 0x0100 | 0x66, 0);
    assert_aborted();

    command(0xec, 0, 0);
    assert_aborted();
    g_assert_cmphex(port.cmd.regs.lba, ==, 0xeb1401);
    g_assert_cmphex(port.cmd.regs.count, ==, 1);
    command(0x90, 0, 0);
    g_assert_cmphex(port.cmd.status, ==, 0);
    g_assert_cmphex(port.cmd.error, ==, 1);
    g_assert_cmphex(port.cmd.regs.lba, ==, 0xeb1401);
    good("1e0000000100", 0);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    command(0x08, 0, 0);
    g_assert_cmphex(port.cmd.status, ==, 0);
    g_assert_false(cd->removable.locked);
    g_assert_cmphex(cd->sense_key, ==, 0);
    for (guint code = 0; code < 256; code++) {
        static const guint8 known[] = { 0x08, 0x90, 0xa0, 0xa1, 0xe7, 0xec, 0xef };
        if (!memchr(known, (int)code, sizeof(known))) {
            command((guint8)code, 0, 0);
            assert_aborted();
        }
    }
    command(0xa0, 0, 0); /* and no packet */
    assert_aborted();
    unplug(cd);
}

/* --- options --- */

static void assert_refused(const char *json, const char *text)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(toy_port_plug(&port, &ide_cd_class, json, &error));
    g_assert_nonnull(strstr(error->message, text));
}

static void test_options(void)
{
    IdeCd *cd;

    assert_refused("{\"drive\":\"nothing\"}", "can't find value 'nothing'");
    assert_refused("{\"unit\":1}", "unit 1");
    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    g_assert_false(node_del("m", NULL));
    assert_refused("{}", "ide.0"); /* one drive on a bus */
    unplug(cd);
    removable_name_drive("named", NULL);
    cd = plug("{\"drive\":\"named\"}");
    g_assert_true(removable_find_drive("named") == &cd->removable);
    g_assert_null(cd->removable.medium);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

int main(int argc, char **argv)
{
    begin_tests(&argc, &argv);
    g_test_add_func("/ide-cd/answers", test_answers);
    g_test_add_func("/ide-cd/read", test_read);
    g_test_add_func("/ide-cd/raw", test_raw);
    g_test_add_func("/ide-cd/failures", test_failures);
    g_test_add_func("/ide-cd/stopping", test_stopping);
    g_test_add_func("/ide-cd/small", test_small);
    g_test_add_func("/ide-cd/commands", test_commands);
    g_test_add_func("/ide-cd/options", test_options);
    return run_tests();
}
