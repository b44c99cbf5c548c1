/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the q35's flash share: its images, boards with it, its commands. */
#ifndef VIREO_TESTS_PFLASH_H
#define VIREO_TESTS_PFLASH_H

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

static inline guint8 pattern(gsize at, guint8 seed)
{
    return (guint8)(at * seed + at / 256);
}

/* A new image in the test's directory; its name. */
static inline const char *make_image(const char *name, gsize size, guint8 seed)
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

static inline guint8 image_byte(const char *name, gsize at)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *content = NULL;
    gsize size;

    g_assert_true(g_file_get_contents(path, &content, &size, NULL));
    g_assert_cmpuint(at, <, size);
    return (guint8)content[at];
}

#define BOARD "-M q35 -m 16 "

static inline char *drives(const char *vars, const char *options)
{
    return g_strdup_printf("-drive if=pflash,unit=0,format=raw,readonly=on,file=%s/code "
                           "-drive if=pflash,unit=1,format=raw,file=%s/%s%s",
                           dir, dir, vars, options);
}

static inline QTest *start(void)
{
    make_image("code", CODE_SIZE, 7);
    make_image("vars", VARS_SIZE, 5);
    g_autofree char *args = drives("vars", "");
    return qtest_start(BOARD "%s", args);
}

static inline void program(QTest *q, guint64 addr, guint8 value)
{
    qtest_writeb(q, addr, 0x40);
    qtest_writeb(q, addr, value);
}

static inline void erase(QTest *q, guint64 addr)
{
    qtest_writeb(q, addr, 0x20);
    qtest_writeb(q, addr, 0xd0);
}

static inline void check_array(QTest *q, guint64 base, gsize size, guint8 seed)
{
    g_autofree guint8 *content = g_malloc(size);

    qtest_memread(q, base, content, size);
    for (gsize i = 0; i < size; i++) {
        g_assert_cmphex(content[i], ==, pattern(i, seed));
    }
}

/* The first half of a Write to Buffer of n bytes from addr on. */
static inline void fill_buffer(QTest *q, guint64 addr, unsigned n, guint8 value)
{
    qtest_writeb(q, addr, 0xe8);
    g_assert_cmphex(qtest_readb(q, addr) & READY, ==, READY);
    qtest_writeb(q, addr, (guint8)(n - 1));
    for (unsigned i = 0; i < n; i++) {
        qtest_writeb(q, addr + i, (guint8)(value + i));
    }
}

/* The variables' image is behind x-test. */
static inline char *held_board(const char *vars)
{
    return g_strdup_printf("-M q35,pflash0=c,pflash1=n -m 16 "
                           "-blockdev driver=file,node-name=c,read-only=on,"
                           "filename=%s/code "
                           "-blockdev driver=file,node-name=f,filename=%s/%s "
                           "-blockdev driver=x-test,node-name=n,file=f",
                           dir, dir, vars);
}

static inline QTest *start_held(void)
{
    g_autofree char *args = held_board("vars");

    make_image("code", CODE_SIZE, 7);
    make_image("vars", VARS_SIZE, 5);
    return qtest_start("%s", args);
}

static inline void testing(QTest *q, const char *command)
{
    g_autofree char *line = g_strdup_printf("block n %s", command);
    g_autofree char *reply = qtest_command_line(q, line);
    g_assert_true(g_str_has_prefix(reply, "OK"));
}

/* How many requests the medium has not done yet. */
static inline guint64 held(QTest *q)
{
    g_autofree char *reply = qtest_command_line(q, "block n count");
    g_auto(GStrv) words = g_strsplit(reply, " ", 0);
    g_assert_cmpstr(words[0], ==, "OK");
    return g_ascii_strtoull(words[1], NULL, 10);
}

static inline void wait_held(QTest *q, guint64 n)
{
    while (held(q) != n) {
    }
}

static inline void flash_tests_begin(void)
{
    dir = g_dir_make_tmp("vireo-pflash-XXXXXX", NULL);
}

static inline int flash_tests_run(void)
{
    static const char *const files[] = { "code", "vars", "vars2" };
    int status = g_test_run();

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(dir, files[i], NULL);
        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    g_free(dir);
    return status;
}

#endif
