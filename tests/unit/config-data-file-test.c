/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files by path, by name in the -L directories and in the host's; what cannot be read. */
#include "config.h"

#include "config/data-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *top, *one, *two;

static char *put(const char *dir, const char *name, const char *content)
{
    char *path = g_build_filename(dir, name, NULL);

    g_assert_true(g_file_set_contents(path, content, -1, NULL));
    return path;
}

static void use_dirs(void)
{
    g_autoptr(ConfigNode) dirs = config_list_new();

    config_list_add(dirs, config_string_new(one));
    config_list_add(dirs, config_string_new(two));
    data_file_set_dirs(dirs);
}

static void expect(const char *name, const char *content)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = data_file_read(name, 100, &error);

    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), content,
                    strlen(content));
}

static void expect_refused(const char *name, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = data_file_read(name, 4, &error);

    g_assert_null(bytes);
    g_assert_nonnull(strstr(error->message, message));
}

/* The first place that has it; a directory of that name does not count. */
static void test_order(void)
{
    g_autofree char *here = NULL, *first = NULL;
    g_autofree char *second = put(two, "rom", "two");
    g_autofree char *directory = g_build_filename(one, "rom", NULL);

    use_dirs();
    g_assert_cmpint(g_mkdir(directory, 0700), ==, 0);
    expect("rom", "two");
    expect(second, "two");
    g_assert_cmpint(g_rmdir(directory), ==, 0);
    first = put(one, "rom", "one");
    expect("rom", "one");
    here = put(".", "rom", "here");
    expect("rom", "here");
    data_file_set_dirs(NULL);
    expect("rom", "here");
    g_assert_cmpint(g_unlink(here), ==, 0);
    expect_refused("rom", "cannot open 'rom': No such file");
    g_assert_cmpint(g_unlink(first), ==, 0);
    g_assert_cmpint(g_unlink(second), ==, 0);
}

/* Debian's packages of firmware; none of them need be installed for the build. */
static void test_installed(void)
{
    g_autoptr(GError) error = NULL;

    if (g_access("/usr/share/seabios/bios-256k.bin", R_OK) != 0) {
        g_test_skip("seabios is not installed");
        return;
    }
    int fd = data_file_open("bios-256k.bin", &error);
    g_assert_no_error(error);
    struct stat st;
    g_assert_cmpint(fstat(fd, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 256 * 1024);
    close(fd);
}

static void test_refused(void)
{
    g_autofree char *empty = put(two, "empty", ""), *five = put(two, "five", "12345");
    g_autofree char *four = put(two, "four", "1234");
    g_autofree char *fifo = g_build_filename(two, "fifo", NULL);

    expect_refused("/nonexistent/rom", "cannot open '/nonexistent/rom': No such file");
    expect_refused(two, "Is a directory");
    expect_refused(empty, "is empty");
    expect_refused(five, "has more than 4 bytes");
    expect(four, "1234");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    expect_refused(fifo, "is empty"); /* nobody writes into it, and nobody waits */
    const char *const all[] = { empty, five, four, fifo };
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        g_assert_cmpint(g_unlink(all[i]), ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    top = g_dir_make_tmp("vireo-data-file-XXXXXX", NULL);
    one = g_build_filename(top, "one", NULL);
    two = g_build_filename(top, "two", NULL);
    g_assert_true(g_chdir(top) == 0 && g_mkdir(one, 0700) == 0 &&
                  g_mkdir(two, 0700) == 0);
    g_test_add_func("/config/data-file/order", test_order);
    g_test_add_func("/config/data-file/installed", test_installed);
    g_test_add_func("/config/data-file/refused", test_refused);
    int status = g_test_run();
    g_assert_true(g_rmdir(one) == 0 && g_rmdir(two) == 0 && g_rmdir(top) == 0);
    g_free(one);
    g_free(two);
    g_free(top);
    return status;
}
