/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/bitmap.h"
#include "util/created.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/file-name.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void check_reads(int fd, gsize max, gsize expected)
{
    g_autoptr(GByteArray) to = g_byte_array_new();

    g_byte_array_append(to, (const guint8 *)"before", 6);
    g_assert_true(fd_read_up_to(fd, max, to));
    g_assert_cmpuint(to->len, ==, 6 + expected);
    g_assert_cmpmem(to->data, 6, "before", 6);
    for (gsize i = 0; i < expected; i++) {
        g_assert_cmphex(to->data[6 + i], ==, (guint8)(i * 7 >> 3));
    }
}

static void test_read_up_to(void)
{
    static const gsize sizes[] = { 0, 1, 65535, 65536, 65537, 200000 };
    g_autoptr(GByteArray) none = g_byte_array_new();
    g_autofree guint8 *data = g_malloc(200000);
    for (gsize i = 0; i < 200000; i++) {
        data[i] = (guint8)(i * 7 >> 3);
    }
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        autofd int fd = memfd_create("file", MFD_CLOEXEC);
        g_assert_true(fd_write_all(fd, data, sizes[i])); /* its position is the end */
        check_reads(fd, 1000000, sizes[i]);
        check_reads(fd, sizes[i], sizes[i]);
        check_reads(fd, 0, MIN(sizes[i], 1));
        check_reads(fd, 65535, MIN(sizes[i], 65536));
    }
    int p[2];
    g_assert_cmpint(pipe(p), ==, 0);
    g_assert_true(fd_write_all(p[1], data, 10));
    check_reads(p[0], 4, 5);
    close(p[0]);
    close(p[1]);
    autofd int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_assert_false(fd_read_up_to(dir, 10, none));
    g_assert_cmpint(errno, ==, EISDIR);
    g_assert_cmpuint(none->len, ==, 0);
}

static void test_error(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(error_set_errno(&error, ENOENT, "cannot open '%s'", "x"));
    g_assert_cmpstr(error->message, ==, "cannot open 'x': No such file or directory");
    g_assert_false(error_set(NULL, "nobody asks"));
}

static void make_file(const char *path)
{
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, "", 0, &error);
    g_assert_no_error(error);
}

/* The next file would be given the number of the one before, were that not kept. */
static void test_file_name(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-util-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "x", NULL);
    FileName *name;

    make_file(path);
    name = file_name_new(path);
    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_true(file_name_remove(name));
    make_file(path);
    g_assert_true(file_name_remove(name)); /* that is another's */
    g_assert_cmpint(access(path, F_OK), ==, 0);
    file_name_free(name);
    name = file_name_new(path);
    file_name_free(file_name_ref(name));
    g_assert_true(file_name_remove(name));
    g_assert_cmpint(access(path, F_OK), ==, -1);
    file_name_free(name);
    g_assert_null(file_name_new(path));
    g_assert_cmpint(errno, ==, ENOENT);
    rmdir(dir);
}

/* What cannot be kept track of is not made. */
static void test_no_descriptor(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-util-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "x", NULL);
    autofd int fd = socket(AF_UNIX, SOCK_STREAM, 0), next = dup(fd);
    struct rlimit before, none;

    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = next;
    fd_clear(&next);
    setrlimit(RLIMIT_NOFILE, &none);
    g_assert_null(created_bind(fd, path));
    g_assert_cmpint(errno, ==, EMFILE);
    setrlimit(RLIMIT_NOFILE, &before);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/bitmap/range", test_range);
    g_test_add_func("/util/bitmap/find", test_find);
    g_test_add_func("/util/fd", test_fd);
    g_test_add_func("/util/read-up-to", test_read_up_to);
    g_test_add_func("/util/error", test_error);
    g_test_add_func("/util/file-name", test_file_name);
    g_test_add_func("/util/no-descriptor", test_no_descriptor);
    return g_test_run();
}
