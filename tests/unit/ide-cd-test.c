/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ide-cd on a port without a controller: what QEMU's drive answers it answers, too; reads
 * by DMA and PIO; trays and media as the guest sees them; failures; what migrates.
 */
#include <string.h>
#include <unistd.h>

#include "block/testing.h"
#include "config/json.h"
#include "ide-port.h"
#include "ide/cd.h"
#include "no-board.h"
#include "tests/unit/block-late.h"

#define DMA    1
#define LIMIT  0xfffeu
#define BLOCKS 400u

typedef struct Answer {
    const char *packet, *data; /* hexadecimal; without zeros at the end */
    guint32 len;
    gboolean head; /* data goes on */
    guint8 key;
    guint16 code;
} Answer;

#include "golden/atapi/qemu-7.2.h"

static char *path;
static ToyPort port;

/* --- commands --- */

static guint from_hex(const char *text, guint8 *bytes, guint max)
{
    guint n = (guint)strlen(text ? text : "") / 2;

    g_assert_cmpuint(n, <=, max);
    for (guint i = 0; i < n; i++) {
        bytes[i] = (guint8)(g_ascii_xdigit_value(text[2 * i]) << 4 |
                            g_ascii_xdigit_value(text[2 * i + 1]));
    }
    return n;
}

static void start(const char *hex, guint16 features, guint16 limit)
{
    guint8 packet[12] = { 0 };

    from_hex(hex, packet, sizeof(packet));
    memset(port.memory, 0, 65536);
    toy_port_start(&port, 0xa0, features, 0, (guint64)limit << 8, packet);
}

static void run(const char *hex, guint16 features)
{
    start(hex, features, LIMIT);
    toy_port_wait(&port);
}

static void assert_good(guint64 bytes)
{
    g_assert_false(port.again);
    g_assert_cmphex(port.cmd.status, ==, IDE_STATUS_DRDY | IDE_STATUS_DSC);
    g_assert_cmphex(port.cmd.error, ==, 0);
    g_assert_cmphex(port.cmd.regs.count, ==, 3);
    g_assert_cmpuint(port.cmd.moved, ==, bytes);
}

/* As the registers have it, and as the drive says when it is asked. */
static void assert_sense(guint8 key, guint16 code)
{
    g_assert_false(port.again);
    g_assert_cmphex(port.cmd.status, ==, IDE_STATUS_DRDY | IDE_STATUS_ERR);
    g_assert_cmphex(port.cmd.error, ==, key << 4);
    run("0300000012", 0);
    assert_good(18);
    g_assert_cmphex(port.memory[2], ==, key);
    g_assert_cmphex(cd_get16(port.memory + 12), ==, code);
}

static void assert_aborted(void)
{
    g_assert_cmphex(port.cmd.status & IDE_STATUS_ERR, !=, 0);
    g_assert_cmphex(port.cmd.error, ==, IDE_ERROR_ABRT);
}

static void good(const char *hex, guint64 bytes)
{
    run(hex, 0);
    assert_good(bytes);
}

static void fails(const char *hex, guint8 key, guint16 code)
{
    run(hex, 0);
    assert_sense(key, code);
}

/* --- drives and media --- */

static void write_image(guint32 blocks)
{
    g_autofree guint8 *data = g_malloc((gsize)BLOCKS * CD_BLOCK_SIZE);
    gsize bytes = (gsize)MIN(blocks, BLOCKS) * CD_BLOCK_SIZE;

    for (guint i = 0; i < BLOCKS; i++) {
        memset(data + i * CD_BLOCK_SIZE, (int)i, CD_BLOCK_SIZE);
    }
    g_assert_true(g_file_set_contents(path, (char *)data, (gssize)bytes, NULL));
    g_assert_cmpint(truncate(path, (off_t)blocks * CD_BLOCK_SIZE), ==, 0);
}

/* Filtered, so that a test can hold and fail its requests. */
static void add_medium(const char *name)
{
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"x-test\",\"node-name\":\"%s\",\"file\":{\"driver\":\"file\","
        "\"filename\":\"%s\",\"read-only\":true}}",
        name, path);
    g_autoptr(ConfigNode) config = config_parse_json(json, NULL);

    g_assert_nonnull(block_node_add(config, NULL));
}

static void testing(const char *command)
{
    g_auto(GStrv) args = g_strsplit(command, " ", -1);
    g_autofree char *answer = block_testing_command(args);

    g_assert_true(g_str_has_prefix(answer, "OK"));
}

static IdeCd *plug(const char *json)
{
    g_autoptr(GError) error = NULL;
    Device *dev = toy_port_plug(&port, &ide_cd_class, json, &error);

    g_assert_no_error(error);
    return (IdeCd *)dev;
}

static void unplug(IdeCd *cd)
{
    toy_port_unplug(&cd->drive.device);
}

static void insert(IdeCd *cd, const char *name)
{
    Late late = { FALSE };

    removable_insert_later(&cd->removable, name, late_done, &late);
    g_assert_true(late_wait(&late, NULL));
}

static void take_out(IdeCd *cd)
{
    Late late = { FALSE };

    removable_take_out_later(&cd->removable, late_done, &late);
    g_assert_true(late_wait(&late, NULL));
}

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

/* --- trays and media --- */

#define GET_EVENT "4a010000100000000800"

static void assert_event(guint8 event, guint8 status)
{
    good(GET_EVENT, 8);
    g_assert_cmphex(port.memory[4], ==, event);
    g_assert_cmphex(port.memory[5], ==, status);
}

static void test_guest_tray(void)
{
    IdeCd *cd;

    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    assert_event(0, 2);
    good("1e0000000100", 0);
    g_assert_true(cd->removable.locked);
    good("5a002a00000000005000", 30);
    g_assert_cmphex(port.memory[8 + 6], ==, 0x2b);
    fails("1b0000000200", CD_ILLEGAL_REQUEST, CD_ASC_REMOVAL_PREVENTED);
    good("1b0000000300", 0);
    good("1b0000001200", 0); /* of power alone */
    g_assert_false(cd->removable.tray_open);
    good("1e0000000000", 0);
    good("1b0000000200", 0);
    g_assert_true(cd->removable.tray_open);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    fails("28000000000500000100", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    assert_event(0, 1);
    good("bd000000000000000800", 8);
    g_assert_cmphex(port.memory[1], ==, 0x10);
    good("46000000000000000800", 8);
    g_assert_cmphex(port.memory[7], ==, 0);
    good("1b0000000300", 0);
    good("00", 0); /* it is the same one */
    assert_event(0, 2);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

/* What a guest hears of a medium that the host has changed; it asks for events or not. */
static void test_host_change(void)
{
    IdeCd *cd;

    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{}");
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    removable_open_tray(&cd->removable, FALSE, NULL);
    assert_event(0, 1);
    insert(cd, "m");
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    removable_close_tray(&cd->removable);
    good("12000000080000", 8);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    good("46000000000000000800", 8);
    run("28000000000500000100", 0);
    g_assert_cmphex(port.cmd.error, ==, CD_UNIT_ATTENTION << 4);
    run("00", 0); /* until it has been asked for */
    assert_sense(CD_UNIT_ATTENTION, CD_ASC_MEDIUM_CHANGED);
    run("0300000012", 0);
    g_assert_cmphex(port.memory[2], ==, CD_NO_SENSE);
    good("28000000000500000100", CD_BLOCK_SIZE);
    assert_event(2, 2);
    assert_event(0, 2);

    /* Locked: the guest is asked, and takes its time. */
    good("1e0000000100", 0);
    g_assert_false(removable_open_tray(&cd->removable, FALSE, NULL));
    assert_event(1, 2);
    assert_event(0, 2);
    good("1e0000000000", 0);
    good("1b0000000200", 0);
    g_assert_true(cd->removable.tray_open);

    /* The host changes it while it is open, the guest closes it. */
    take_out(cd);
    insert(cd, "m");
    good("1b0000000300", 0);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    fails("00", CD_UNIT_ATTENTION, CD_ASC_MEDIUM_CHANGED);
    good("00", 0);
    good("1e0000000100", 0);
    g_assert_true(removable_open_tray(&cd->removable, TRUE, NULL));
    g_assert_false(cd->removable.locked);
    take_out(cd);
    removable_close_tray(&cd->removable);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

/* A medium that is read when the host wants it: the read ends, and then it is out. */
static void test_taken_while_read(void)
{
    static const char *const reads[] = { "a80000000000000007000000",
                                         "be0000000005000009f80000" };
    Late late = { FALSE };
    IdeCd *cd;

    write_image(4096);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    for (guint i = 0; i < G_N_ELEMENTS(reads); i++) {
        testing("m hold");
        start(reads[i], DMA, LIMIT);
        g_assert_false(port.ended);
        removable_open_tray(&cd->removable, FALSE, NULL);
        removable_take_out_later(&cd->removable, late_done, &late);
        for (guint n = 0; n < 20; n++) {
            event_loop_iterate(event_loop_main(), FALSE);
        }
        g_assert_false(late.done);
        testing("m release");
        toy_port_wait(&port);
        g_assert_true(late_wait(&late, NULL));
        late = (Late){ FALSE };
        g_assert_cmpuint(port.cmd.moved, <=, 512 * CD_BLOCK_SIZE);
        assert_sense(CD_NOT_READY, CD_ASC_NO_MEDIUM);
        insert(cd, "m");
        removable_close_tray(&cd->removable);
        fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
        fails("00", CD_UNIT_ATTENTION, CD_ASC_MEDIUM_CHANGED);
    }
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

static guint16 word(guint n)
{
    return (guint16)(port.memory[2 * n] | port.memory[2 * n + 1] << 8);
}

static void command(guint8 code, guint16 features, guint16 count)
{
    toy_port_start(&port, code, features, count, 0, NULL);
    g_assert_true(port.ended);
}

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

/* The machine pulls the tray in; a port that is reset only loses its hold. */
static void test_reset(void)
{
    IdeCd *cd = plug("{}");

    good("1e0000000100", 0);
    removable_open_tray(&cd->removable, TRUE, NULL);
    good("1e0000000100", 0);
    ide_cd_class.port_reset(&cd->drive, TRUE);
    g_assert_true(cd->removable.tray_open);
    g_assert_false(cd->removable.locked);
    ide_cd_class.device.reset(&cd->drive.device);
    g_assert_false(cd->removable.tray_open);
    assert_event(0, 0);
    unplug(cd);
}

/* --- state --- */

static void save(IdeCd *cd, GByteArray *out)
{
    g_assert_true(state_save(out, ide_cd_class.device.state, cd, NULL));
}

static void test_state(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GByteArray) again = g_byte_array_new();
    IdeCd *cd;

    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    good("1e0000000100", 0);
    g_assert_false(removable_open_tray(&cd->removable, FALSE, NULL));
    command(0xef, 3, 0x21);
    fails("ff", CD_ILLEGAL_REQUEST, CD_ASC_OPCODE);
    save(cd, out);
    unplug(cd);

    cd = plug("{\"drive\":\"m\"}");
    g_assert_true(state_load(out->data, out->len, ide_cd_class.device.state, cd, NULL));
    save(cd, again);
    g_assert_cmpmem(again->data, again->len, out->data, out->len);
    g_assert_true(cd->removable.locked);
    run("0300000012", 0);
    g_assert_cmphex(port.memory[2], ==, CD_ILLEGAL_REQUEST);
    good("00", 0);
    assert_event(1, 2);
    command(0xa1, 0, 0);
    g_assert_cmphex(word(63), ==, 0x0207);
    unplug(cd);
    g_assert_true(node_del("m", NULL));

    /* Another medium has been put in meanwhile: that shows when it is active. */
    block_set_start_inactive(TRUE);
    write_image(BLOCKS - 1);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    g_assert_true(state_load(out->data, out->len, ide_cd_class.device.state, cd, NULL));
    g_assert_true(nodes_activate(NULL));
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    fails("00", CD_UNIT_ATTENTION, CD_ASC_MEDIUM_CHANGED);
    good("00", 0);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
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
    int status;

    g_test_init(&argc, &argv, NULL);
    no_board_make();
    block_testing_enable();
    path = g_strdup_printf("%s/vireo-cd-%d", g_get_tmp_dir(), getpid());
    toy_port_init(&port);
    g_test_add_func("/ide-cd/answers", test_answers);
    g_test_add_func("/ide-cd/read", test_read);
    g_test_add_func("/ide-cd/raw", test_raw);
    g_test_add_func("/ide-cd/failures", test_failures);
    g_test_add_func("/ide-cd/stopping", test_stopping);
    g_test_add_func("/ide-cd/guest-tray", test_guest_tray);
    g_test_add_func("/ide-cd/host-change", test_host_change);
    g_test_add_func("/ide-cd/taken-while-read", test_taken_while_read);
    g_test_add_func("/ide-cd/small", test_small);
    g_test_add_func("/ide-cd/commands", test_commands);
    g_test_add_func("/ide-cd/reset", test_reset);
    g_test_add_func("/ide-cd/state", test_state);
    g_test_add_func("/ide-cd/options", test_options);
    status = g_test_run();
    toy_port_finalize(&port);
    block_cleanup();
    unlink(path);
    g_free(path);
    return status;
}
