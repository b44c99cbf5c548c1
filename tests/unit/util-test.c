/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/bitmap.h"
#include "util/error.h"
#include "util/fd.h"

#include <errno.h>

static void test_range(void)
{
    for (gsize first = 0; first < 70; first++) {
        for (gsize count = 0; count < 140; count++) {
            g_autofree unsigned long *map = bitmap_new(256);
            bitmap_set_range_atomic(map, first, count);
            g_assert_cmpuint(bitmap_count(map, 256), ==, count);
            g_assert_cmpuint(bitmap_find_next(map, 256, 0), ==, count ? first : 256);
            for (gsize i = 0; i < 256; i++) {
                g_assert_cmpint(bitmap_test(map, i), ==, i >= first && i < first + count);
            }
        }
    }
}

static void test_find(void)
{
    g_autofree unsigned long *map = bitmap_new(130);
    bitmap_set(map, 3);
    bitmap_set(map, 64);
    bitmap_set(map, 129);
    g_assert_cmpuint(bitmap_find_next(map, 130, 0), ==, 3);
    g_assert_cmpuint(bitmap_find_next(map, 130, 4), ==, 64);
    g_assert_cmpuint(bitmap_find_next(map, 130, 65), ==, 129);
    g_assert_cmpuint(bitmap_find_next(map, 129, 65), ==, 129);
    g_assert_cmpuint(bitmap_find_next(map, 130, 130), ==, 130);
    bitmap_clear(map, 129);
    g_assert_cmpuint(bitmap_find_next(map, 130, 65), ==, 130);
}

static void test_fd(void)
{
    int p[2];
    g_assert_cmpint(pipe(p), ==, 0);
    char out[] = "hello", in[5];
    g_assert_true(fd_write_all(p[1], out, 5));
    close(p[1]);
    g_assert_true(fd_read_all(p[0], in, 5));
    g_assert_cmpmem(in, 5, "hello", 5);
    g_assert_false(fd_read_all(p[0], in, 1));
    g_assert_cmpint(errno, ==, 0);
    close(p[0]);
}

static void test_error(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(error_set_errno(&error, ENOENT, "cannot open '%s'", "x"));
    g_assert_cmpstr(error->message, ==, "cannot open 'x': No such file or directory");
    g_assert_false(error_set(NULL, "nobody asks"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/bitmap/range", test_range);
    g_test_add_func("/util/bitmap/find", test_find);
    g_test_add_func("/util/fd", test_fd);
    g_test_add_func("/util/error", test_error);
    return g_test_run();
}
