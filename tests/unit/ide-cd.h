/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of ide-cd share: packets and their ends, drives and media. */
#ifndef VIREO_TEST_IDE_CD_H
#define VIREO_TEST_IDE_CD_H

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

static char *path; /* of the image */
static ToyPort port;

/* --- commands --- */

static inline guint from_hex(const char *text, guint8 *bytes, guint max)
{
    guint n = (guint)strlen(text ? text : "") / 2;

    g_assert_cmpuint(n, <=, max);
    for (guint i = 0; i < n; i++) {
        bytes[i] = (guint8)(g_ascii_xdigit_value(text[2 * i]) << 4 |
                            g_ascii_xdigit_value(text[2 * i + 1]));
    }
    return n;
}

static inline void start(const char *hex, guint16 features, guint16 limit)
{
    guint8 packet[12] = { 0 };

    from_hex(hex, packet, sizeof(packet));
    memset(port.memory, 0, 65536);
    toy_port_start(&port, 0xa0, features, 0, (guint64)limit << 8, packet);
}

static inline void run(const char *hex, guint16 features)
{
    start(hex, features, LIMIT);
    toy_port_wait(&port);
}

static inline void assert_good(guint64 bytes)
{
    g_assert_false(port.again);
    g_assert_cmphex(port.cmd.status, ==, IDE_STATUS_DRDY | IDE_STATUS_DSC);
    g_assert_cmphex(port.cmd.error, ==, 0);
    g_assert_cmphex(port.cmd.regs.count, ==, 3);
    g_assert_cmpuint(port.cmd.moved, ==, bytes);
}

/* As the registers have it, and as the drive says when it is asked. */
static inline void assert_sense(guint8 key, guint16 code)
{
    g_assert_false(port.again);
    g_assert_cmphex(port.cmd.status, ==, IDE_STATUS_DRDY | IDE_STATUS_ERR);
    g_assert_cmphex(port.cmd.error, ==, key << 4);
    run("0300000012", 0);
    assert_good(18);
    g_assert_cmphex(port.memory[2], ==, key);
    g_assert_cmphex(cd_get16(port.memory + 12), ==, code);
}

static inline void assert_aborted(void)
{
    g_assert_cmphex(port.cmd.status & IDE_STATUS_ERR, !=, 0);
    g_assert_cmphex(port.cmd.error, ==, IDE_ERROR_ABRT);
}

static inline void good(const char *hex, guint64 bytes)
{
    run(hex, 0);
    assert_good(bytes);
}

static inline void fails(const char *hex, guint8 key, guint16 code)
{
    run(hex, 0);
    assert_sense(key, code);
}

/* --- drives and media --- */

static inline void write_image(guint32 blocks)
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
static inline void add_medium(const char *name)
{
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"x-test\",\"node-name\":\"%s\",\"file\":{\"driver\":\"file\","
        "\"filename\":\"%s\",\"read-only\":true}}",
        name, path);
    g_autoptr(ConfigNode) config = config_parse_json(json, NULL);

    g_assert_nonnull(block_node_add(config, NULL));
}

static inline void testing(const char *command)
{
    g_auto(GStrv) args = g_strsplit(command, " ", -1);
    g_autofree char *answer = block_testing_command(args);

    g_assert_true(g_str_has_prefix(answer, "OK"));
}

static inline IdeCd *plug(const char *json)
{
    g_autoptr(GError) error = NULL;
    Device *dev = toy_port_plug(&port, &ide_cd_class, json, &error);

    g_assert_no_error(error);
    return (IdeCd *)dev;
}

static inline void unplug(IdeCd *cd)
{
    toy_port_unplug(&cd->drive.device);
}

static inline void insert(IdeCd *cd, const char *name)
{
    Late late = { FALSE };

    removable_insert_later(&cd->removable, name, late_done, &late);
    g_assert_true(late_wait(&late, NULL));
}

static inline void take_out(IdeCd *cd)
{
    Late late = { FALSE };

    removable_take_out_later(&cd->removable, late_done, &late);
    g_assert_true(late_wait(&late, NULL));
}

/* GET EVENT STATUS NOTIFICATION. */
#define GET_EVENT "4a010000100000000800"

static inline void assert_event(guint8 event, guint8 status)
{
    good(GET_EVENT, 8);
    g_assert_cmphex(port.memory[4], ==, event);
    g_assert_cmphex(port.memory[5], ==, status);
}

static inline guint16 word(guint n)
{
    return (guint16)(port.memory[2 * n] | port.memory[2 * n + 1] << 8);
}

static inline void command(guint8 code, guint16 features, guint16 count)
{
    toy_port_start(&port, code, features, count, 0, NULL);
    g_assert_true(port.ended);
}

static inline void begin_tests(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    no_board_make();
    block_testing_enable();
    path = g_strdup_printf("%s/vireo-cd-%d", g_get_tmp_dir(), getpid());
    toy_port_init(&port);
}

static inline int run_tests(void)
{
    int status = g_test_run();

    toy_port_finalize(&port);
    block_cleanup();
    unlink(path);
    g_free(path);
    return status;
}

#endif
