/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q35's flash over qtest: Intel's command set, and when what a guest writes is in the
 * image. hw/pflash.c says what of it is QEMU's; QEMU 7.2 answers the same here.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "tests/device/board.h"

#define CODE_SIZE 0x40000u
#define VARS_SIZE 0x10000u
#define CODE      (0x100000000ull - CODE_SIZE)
#define VARS      (CODE - VARS_SIZE)

#define READY         0x80
#define ERASE_ERROR   0x20
#define PROGRAM_ERROR 0x10

static char *dir;

static guint8 pattern(gsize at, guint8 seed)
{
    return (guint8)(at * seed + at / 256);
}

/* A new image in the test's directory; its name. */
static const char *make_image(const char *name, gsize size, guint8 seed)
{
    static char path[2][256];
    static unsigned turn;
    g_autofree guint8 *content = g_malloc(size);

    turn = !turn;
    for (gsize i = 0; i < size; i++) {
        content[i] = pattern(i, seed);
    }
    g_snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
    g_assert_true(g_file_set_contents(path[turn], (char *)content, (gssize)size, NULL));
    return path[turn];
}

static guint8 image_byte(const char *name, gsize at)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *content = NULL;
    gsize size;

    g_assert_true(g_file_get_contents(path, &content, &size, NULL));
    g_assert_cmpuint(at, <, size);
    return (guint8)content[at];
}

#define BOARD "-M q35 -m 16 "

static char *drives(const char *vars, const char *options)
{
    return g_strdup_printf("-drive if=pflash,unit=0,format=raw,readonly=on,file=%s/code "
                           "-drive if=pflash,unit=1,format=raw,file=%s/%s%s",
                           dir, dir, vars, options);
}

static QTest *start(void)
{
    make_image("code", CODE_SIZE, 7);
    make_image("vars", VARS_SIZE, 5);
    g_autofree char *args = drives("vars", "");
    return qtest_start(BOARD "%s", args);
}

static void program(QTest *q, guint64 addr, guint8 value)
{
    qtest_writeb(q, addr, 0x40);
    qtest_writeb(q, addr, value);
}

static void erase(QTest *q, guint64 addr)
{
    qtest_writeb(q, addr, 0x20);
    qtest_writeb(q, addr, 0xd0);
}

/* --- what is seen --- */

static void check_array(QTest *q, guint64 base, gsize size, guint8 seed)
{
    g_autofree guint8 *content = g_malloc(size);

    qtest_memread(q, base, content, size);
    for (gsize i = 0; i < size; i++) {
        g_assert_cmphex(content[i], ==, pattern(i, seed));
    }
}

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

/* The first half of a Write to Buffer of n bytes from addr on. */
static void fill_buffer(QTest *q, guint64 addr, unsigned n, guint8 value)
{
    qtest_writeb(q, addr, 0xe8);
    g_assert_cmphex(qtest_readb(q, addr) & READY, ==, READY);
    qtest_writeb(q, addr, (guint8)(n - 1));
    for (unsigned i = 0; i < n; i++) {
        qtest_writeb(q, addr + i, (guint8)(value + i));
    }
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

/* The variables' image is behind x-test. */
static QTest *start_held(void)
{
    make_image("code", CODE_SIZE, 7);
    make_image("vars", VARS_SIZE, 5);
    return qtest_start("-M q35,pflash0=c,pflash1=n -m 16 "
                       "-blockdev driver=file,node-name=c,read-only=on,filename=%s/code "
                       "-blockdev driver=file,node-name=f,filename=%s/vars "
                       "-blockdev driver=x-test,node-name=n,file=f",
                       dir, dir);
}

static void testing(QTest *q, const char *command)
{
    g_autofree char *line = g_strdup_printf("block n %s", command);
    g_autofree char *reply = qtest_command_line(q, line);
    g_assert_true(g_str_has_prefix(reply, "OK"));
}

/* How many requests the medium has not done yet. */
static guint64 held(QTest *q)
{
    g_autofree char *reply = qtest_command_line(q, "block n count");
    g_auto(GStrv) words = g_strsplit(reply, " ", 0);
    g_assert_cmpstr(words[0], ==, "OK");
    return g_ascii_strtoull(words[1], NULL, 10);
}

static void wait_held(QTest *q, guint64 n)
{
    while (held(q) != n) {
    }
}

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
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY | PROGRAM_ERROR);
    g_assert_cmphex(image_byte("vars", 0x2001), ==, pattern(0x2001, 5));
    qtest_writeb(q, VARS, 0x50);
    program(q, VARS + 0x4001, 0x78);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY);
    g_assert_cmphex(image_byte("vars", 0x2001), ==, 0x77);
    g_assert_cmphex(image_byte("vars", 0x4001), ==, 0x78);
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

/* --- migration --- */

static QTest *move(QTest *from, const char *args)
{
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    QTest *to = qtest_start("%s -incoming unix:%s", args, path);

    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    qtest_wait_migrated(from);
    board_wait(to, "RESUME");
    qtest_stop(from);
    return to;
}

/* In the midst of commands; into the other host's image comes what was in this one's. */
static void test_migrate(void)
{
    QTest *q = start();
    g_autofree char *args = drives("vars2", "");
    g_autofree char *board_args = g_strconcat(BOARD, args, NULL);

    program(q, VARS + 0x1000, 0xa5);
    fill_buffer(q, VARS + 0x2000, 4, 0x40);
    qtest_writeb(q, CODE, 0x70);
    make_image("vars2", VARS_SIZE, 9);
    q = move(q, board_args);
    g_assert_cmphex(qtest_readb(q, CODE), ==, READY);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY);
    qtest_writeb(q, VARS + 0x2000, 0xd0); /* confirms what was begun there */
    qtest_writeb(q, VARS, 0xff);
    g_assert_cmphex(qtest_readl(q, VARS + 0x2000), ==, 0x43424140);
    g_assert_cmphex(qtest_readb(q, VARS + 0x1000), ==, 0xa5);
    g_assert_cmphex(qtest_readb(q, VARS + 0x1001), ==, pattern(0x1001, 5));
    g_assert_cmphex(image_byte("vars2", 0x1000), ==, 0xa5);
    g_assert_cmphex(image_byte("vars2", 0x2000), ==, 0x40);
    g_assert_cmphex(image_byte("vars2", 0x8000), ==, pattern(0x8000, 5));
    g_assert_cmphex(image_byte("vars", 0x2000), ==, pattern(0x2000, 5));
    qtest_writeb(q, CODE, 0xff);
    check_array(q, CODE, CODE_SIZE, 7);
    qtest_stop(q);
}

/* The same image on both sides: the source has it until it has given it away. */
static void test_migrate_shared(void)
{
    QTest *q = start();
    g_autofree char *args = drives("vars", "");
    g_autofree char *board_args = g_strconcat(BOARD, args, NULL);

    program(q, VARS + 0x1000, 0xa5);
    qtest_writeb(q, VARS, 0xff);
    for (guint8 i = 1; i < 3; i++) {
        q = move(q, board_args);
        g_assert_cmphex(qtest_readb(q, VARS + 0x1000), ==, 0xa5);
        program(q, VARS + 0x1000 + i, i);
        g_assert_cmphex(image_byte("vars", 0x1000u + i), ==, i);
        qtest_writeb(q, VARS, 0xff);
    }
    qtest_stop(q);
}

static const char *get_status(QTest *q, const char *command)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"%s\"}", command);
    JsonObject *o = json_node_get_object(info);
    return json_object_has_member(o, "status")
               ? g_intern_string(json_object_get_string_member(o, "status"))
               : "none";
}

/* Flash of another size, or none: the source keeps the VM, and the image. */
static void test_migrate_refused(void)
{
    static const char *const others[] = { "vars2", NULL };

    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        QTest *from = start();
        g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
        make_image("vars2", VARS_SIZE / 2, 9);
        g_autofree char *args = others[i] ? drives(others[i], "") : g_strdup("");
        QTest *to = qtest_start(BOARD "%s -incoming unix:%s", args, path);
        json_node_unref(qtest_qmp_ok(
            from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}",
            path));
        while (!g_str_equal(get_status(from, "query-migrate"), "failed")) {
            g_assert_cmpstr(get_status(from, "query-migrate"), !=, "completed");
        }
        while (!g_str_equal(get_status(from, "query-status"), "running")) {
        }
        program(from, VARS, 0x66);
        g_assert_cmphex(image_byte("vars", 0), ==, 0x66);
        g_assert_cmphex(image_byte("vars2", 0), ==, pattern(0, 9));
        qtest_stop(from);
        qtest_stop(to);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-pflash-XXXXXX", NULL);
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
    g_test_add_func("/pflash/stop", test_stop);
    g_test_add_func("/pflash/migrate", test_migrate);
    g_test_add_func("/pflash/migrate-shared", test_migrate_shared);
    g_test_add_func("/pflash/migrate-refused", test_migrate_refused);
    int status = g_test_run();
    static const char *const files[] = { "code", "vars", "vars2" };
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(dir, files[i], NULL);
        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    g_free(dir);
    return status;
}
