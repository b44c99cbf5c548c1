/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is arguments of -smbios, one a line, and behind a NUL a file, which the
 * arguments name by '@'. They are refused with a text, or become tables: structure by
 * structure up to the end, and nothing behind it.
 */
#include "fuzz/smbios-fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/argv.h"
#include "firmware/smbios-options.h"

#define ARGS_MAX 32

struct SmbiosFuzzCounts smbios_fuzz_counts;

static int make_file(const uint8_t *data, size_t len)
{
    int fd = memfd_create("smbios-fuzz", MFD_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, data, len), ==, (ssize_t)len);
    return fd;
}

static ConfigNode *parse(const char *text, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(text, "@", -1);
    g_autofree char *joined = g_strjoinv(path, parts);
    g_auto(GStrv) lines = g_strsplit(joined, "\n", ARGS_MAX);
    char *argv[2 * ARGS_MAX + 2] = { "vireo" };
    int argc = 1;
    for (guint i = 0; lines[i]; i++) {
        argv[argc++] = "-smbios";
        argv[argc++] = lines[i];
    }
    g_autoptr(GError) err = NULL;
    ConfigNode *tree = config_parse_argv(argc, argv, &err);
    g_assert_true(!tree == !!err && (!err || *err->message));
    return tree;
}

static void check_tables(const GByteArray *tables)
{
    guint at = 0;
    guint8 type = 0;
    while (at < tables->len) {
        const guint8 *s = tables->data + at, *end;
        g_assert_cmpuint(type, !=, 127);
        g_assert_cmpuint(tables->len - at, >=, 6);
        type = s[0];
        g_assert_cmpuint(s[1], >=, 4);
        g_assert_cmpuint(s[1], <, tables->len - at);
        end = memmem(s + s[1], tables->len - at - s[1], "\0", 2);
        g_assert_nonnull(end);
        at = (guint)(end + 2 - tables->data);
    }
    g_assert_cmpuint(at, ==, tables->len);
    g_assert_cmpuint(type, ==, 127);
}

static void build(SmbiosInfo *info)
{
    static const SmbiosRange ram[] = { { 0, 1 << 20 } };
    info->sockets = 2;
    info->cores = info->threads = 1;
    info->ram = ram;
    info->n_ram = G_N_ELEMENTS(ram);
    g_autoptr(GByteArray) tables = smbios_build(info);
    check_tables(tables);
    smbios_fuzz_counts.built++;
    smbios_fuzz_counts.loaded += info->loaded != NULL;
    smbios_fuzz_counts.strings += info->strings && info->strings->len;
}

static void read_options(ConfigNode *tree)
{
    g_autoptr(GError) err = NULL;
    SmbiosInfo info = { 0 };
    if (smbios_options_read(&info, config_map_get(tree, "smbios"), &err)) {
        g_assert_null(err);
        build(&info);
    } else {
        g_assert_true(err && *err->message);
        smbios_fuzz_counts.refused++;
    }
    smbios_options_clear(&info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    g_autofree char *text = g_strndup((const char *)data, len);
    size_t args = strlen(text), file = MIN(args + 1, len);
    if (strchr(text, '/') || strstr(text, "help") || strchr(text, '?')) {
        return 0; /* other files; usage */
    }
    int fd = make_file(data + file, len - file);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autoptr(ConfigNode) tree = parse(text, path);
    if (tree) {
        read_options(tree);
    } else {
        smbios_fuzz_counts.refused++;
    }
    close(fd);
    return 0;
}
