/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the daemon looks for firmware: also where its own make install puts it. */
#include <glib/gstdio.h>

#include "domain/descriptor.h"
#include "util/paths.h"

#define DESCRIPTOR                                                                       \
    "{\"interface-types\":[\"uefi\"],\"mapping\":{\"device\":\"memory\","                \
    "\"filename\":\"/code\"},\"targets\":[],\"features\":[]}"

static void check_dirs(const char *datadir, const char *own)
{
    g_autoptr(DriverPaths) paths = driver_paths_new("/root-of-test", datadir);

    g_assert_cmpuint(g_strv_length(paths->firmware_dirs), ==, own ? 3 : 2);
    g_assert_cmpstr(paths->firmware_dirs[0], ==, "/root-of-test/etc/qemu/firmware");
    g_assert_cmpstr(paths->firmware_dirs[1], ==, "/root-of-test/usr/share/qemu/firmware");
    g_assert_cmpstr(paths->firmware_dirs[2], ==, own);
}

static void test_dirs(void)
{
    check_dirs("/usr/share", NULL); /* once */
    check_dirs("/usr/share/", NULL);
    check_dirs("/usr/local/share", "/root-of-test/usr/local/share/qemu/firmware");
}

/* What lies there alone is read. */
static void test_read(void)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *root = g_dir_make_tmp("vireo-paths-XXXXXX", &err);
    g_autoptr(DriverPaths) paths = driver_paths_new(root, "/opt/share");
    g_autoptr(GPtrArray) all = NULL;
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", root);

    for (guint i = 1; i < 3; i++) {
        g_autofree char *file = g_build_filename(paths->firmware_dirs[i], "1.json", NULL);

        g_assert_cmpint(g_mkdir_with_parents(paths->firmware_dirs[i], 0700), ==, 0);
        if (i == 2) {
            g_assert_true(g_file_set_contents(file, DESCRIPTOR, -1, &err));
        }
    }
    all = descriptors_read(paths->firmware_dirs);
    g_assert_cmpuint(all->len, ==, 1);
    g_assert_true(g_str_has_suffix(((const Descriptor *)all->pdata[0])->path,
                                   "/opt/share/qemu/firmware/1.json"));
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, &err));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/driver-paths/dirs", test_dirs);
    g_test_add_func("/driver-paths/read", test_read);
    return g_test_run();
}
