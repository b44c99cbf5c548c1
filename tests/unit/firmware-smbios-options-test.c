/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -smbios: what is read, what adds to what, what is refused by name. What comes of it is
 * compared with QEMU's by tests/golden/smbios/qemu.py.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "config/argv.h"
#include "firmware/smbios-options.h"

static char *directory;

/* Of "a b c"; no word has a blank. The tree, for what else is in it. */
static gboolean read_line(SmbiosInfo *info, ConfigNode **tree, const char *line,
                          GError **errp)
{
    g_autofree char *whole = g_strconcat("vireo", *line ? " " : "", line, NULL);
    g_auto(GStrv) argv = g_strsplit(whole, " ", -1);
    ConfigNode *list;
    memset(info, 0, sizeof(*info));
    *tree = config_parse_argv((int)g_strv_length(argv), argv, errp);
    return *tree && config_get_node(*tree, "smbios", CONFIG_LIST, &list, errp) &&
           smbios_options_read(info, list, errp);
}

static ConfigNode *read_ok(SmbiosInfo *info, const char *line)
{
    GError *err = NULL;
    ConfigNode *tree;
    gboolean ok = read_line(info, &tree, line, &err);
    g_assert_no_error(err);
    g_assert_true(ok);
    return tree;
}

static char *write_file(const char *name, const void *data, gsize len)
{
    char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, data, (gssize)len, NULL));
    return path;
}

static void test_nothing(void)
{
    SmbiosInfo info;
    G_GNUC_UNUSED g_autoptr(ConfigNode) tree = read_ok(&info, "");
    static const guint8 none[SMBIOS_TYPES];
    g_assert_cmpmem(info.told, SMBIOS_TYPES, none, SMBIOS_TYPES);
    g_assert_cmpuint(info.processor.max_mhz, ==, 2000);
    g_assert_cmpuint(info.processor.current_mhz, ==, 2000);
    g_assert_null(info.strings);
    smbios_options_clear(&info);
}

/* Strings stay, numbers and switches that are not said again do not. */
static void test_again(void)
{
    SmbiosInfo info;
    G_GNUC_UNUSED g_autoptr(ConfigNode) tree =
        read_ok(&info, "-smbios type=0,vendor=v,uefi=on,release=1.2 "
                       "-smbios type=0x0,version=w -smbios type=4,max-speed=5,part= "
                       "-smbios type=4,asset=a -smbios type=4,asset=b");
    g_assert_cmpstr(info.bios.vendor, ==, "v");
    g_assert_cmpstr(info.bios.version, ==, "w");
    g_assert_false(info.bios.uefi);
    g_assert_cmpuint(info.bios.major, ==, 1);
    g_assert_cmpuint(info.bios.minor, ==, 2);
    g_assert_cmpuint(info.processor.max_mhz, ==, 2000);
    g_assert_cmpstr(info.processor.part, ==, "");
    g_assert_cmpstr(info.processor.asset, ==, "b");
    g_assert_null(info.processor.serial);
    g_assert_true(info.told[0] && info.told[4] && !info.told[1]);
    smbios_options_clear(&info);
}

static void check_strings(const SmbiosInfo *info, const char *const *strings)
{
    guint n = g_strv_length((char **)strings);
    g_assert_nonnull(info->strings);
    g_assert_cmpuint(info->strings->len, ==, n);
    for (guint i = 0; i < n; i++) {
        g_assert_cmpstr(info->strings->pdata[i], ==, strings[i]);
    }
}

/* In the order of the line; empty ones would end the structure. */
static void test_strings(void)
{
    g_autofree char *path = write_file("string", "from,a\nfile", 11);
    g_autofree char *empty = write_file("empty", "", 0);
    g_autofree char *line =
        g_strdup_printf("-smbios value=a,type=11,value=b,,c,,,,,path=%s,value=,path=%s "
                        "-smbios type=11,value=d=e.f,value=value=x",
                        path, empty);
    SmbiosInfo info;
    G_GNUC_UNUSED g_autoptr(ConfigNode) tree = read_ok(&info, line);
    check_strings(&info, (const char *[]){ "a", "b,c,,", "from,a\nfile", "d=e.f",
                                           "value=x", NULL });
    smbios_options_clear(&info);
}

static char *many_strings(guint n)
{
    GString *line = g_string_new("-smbios type=11");
    for (guint i = 0; i < n; i++) {
        g_string_append_printf(line, ",value=%u", i);
    }
    return g_string_free(line, FALSE);
}

static void test_many_strings(void)
{
    g_autofree char *most = many_strings(255);
    g_autofree char *more = many_strings(256);
    g_autoptr(GError) err = NULL;
    ConfigNode *failed;
    SmbiosInfo info;
    G_GNUC_UNUSED g_autoptr(ConfigNode) tree = read_ok(&info, most);
    g_assert_cmpuint(info.strings->len, ==, 255);
    smbios_options_clear(&info);
    g_assert_false(read_line(&info, &failed, more, &err));
    g_assert_nonnull(strstr(err->message, ": more than 255 strings of type 11"));
    smbios_options_clear(&info);
    config_node_unref(failed);
}

static void test_lists(void)
{
    SmbiosInfo info;
    G_GNUC_UNUSED g_autoptr(ConfigNode) tree =
        read_ok(&info, "-smbios type=8,internal_reference=i,external_reference=e,"
                       "connector_type=255,port_type=1 -smbios type=8 "
                       "-smbios type=41,designation=d,kind=sound,instance=0,pcidev=x "
                       "-smbios type=41");
    const SmbiosPort *port = info.ports->pdata[0];
    g_assert_cmpuint(info.ports->len, ==, 2);
    g_assert_cmpstr(port->internal, ==, "i");
    g_assert_cmpstr(port->external, ==, "e");
    g_assert_cmpuint(port->connector, ==, 255);
    g_assert_cmpuint(port->port, ==, 1);
    const SmbiosOnboard *onboard = info.onboard->pdata[0];
    g_assert_cmpuint(info.onboard->len, ==, 2);
    g_assert_cmpint(onboard->kind, ==, 6);
    g_assert_cmpuint(onboard->instance, ==, 0);
    g_assert_cmpstr(onboard->pcidev, ==, "x");
    onboard = info.onboard->pdata[1];
    g_assert_cmpint(onboard->kind, ==, 0);
    g_assert_cmpuint(onboard->instance, ==, 1);
    g_assert_null(onboard->pcidev);
    smbios_options_clear(&info);
}

/* The last one counts, whoever says it. */
static void test_uuid(void)
{
    static const char one[] = "11111111-2222-4333-8444-555555555555";
    static const char two[] = "00112233-4455-6677-8899-aabbccddeeff";
    g_autofree char *first = g_strdup_printf("-uuid %s -smbios type=1,uuid=%s", one, two);
    g_autofree char *last = g_strdup_printf("-smbios type=1,uuid=%s -uuid %s", one, two);
    const char *const lines[] = { first, last };
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        SmbiosInfo info;
        g_autoptr(ConfigNode) tree = read_ok(&info, lines[i]);
        g_assert_cmpstr(config_map_string(tree, "uuid"), ==, two);
        smbios_options_clear(&info);
    }
}

static void test_files(void)
{
    static const guint8 one[] = { 221, 5, 1, 0, 9, 'a', 0, 'b', 0, 0 };
    static const guint8 other[] = { 4, 4, 2, 0, 0, 0 };
    g_autofree char *a = write_file("one", one, sizeof(one));
    g_autofree char *b = write_file("other", other, sizeof(other));
    g_autofree char *line =
        g_strdup_printf("-smbios file=%s -smbios file=%s -smbios file=%s", b, a, b);
    SmbiosInfo info;
    G_GNUC_UNUSED g_autoptr(ConfigNode) tree = read_ok(&info, line);
    guint8 all[sizeof(one) + 2 * sizeof(other)];
    memcpy(all, other, sizeof(other));
    memcpy(all + sizeof(other), one, sizeof(one));
    memcpy(all + sizeof(other) + sizeof(one), other, sizeof(other));
    g_assert_cmpmem(info.loaded->data, info.loaded->len, all, sizeof(all));
    g_assert_true(info.has[221] && info.has[4] && !info.has[0]);
    smbios_options_clear(&info);
}

static void refuse(const char *line, const char *why)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(ConfigNode) tree = NULL;
    SmbiosInfo info;
    g_assert_false(read_line(&info, &tree, line, &err));
    if (!g_str_has_suffix(err->message, why) || !strstr(err->message, line)) {
        g_error("%s: %s", line, err->message);
    }
    smbios_options_clear(&info);
}

static void test_refused(void)
{
    static const char *const rows[][2] = {
        { "-smbios vendor=x", ": Must specify type= or file=" },
        { "-smbios value=x", ": Must specify type= or file=" },
        { "-smbios type=x", ": Parameter 'type' expects a number, not 'x'" },
        { "-smbios type=", ": Parameter 'type' expects a number, not ''" },
        { "-smbios type=-1", ": Parameter 'type' expects a number, not '-1'" },
        { "-smbios type=128", ": type 128 is out of range!" },
        { "-smbios type=16", ": Don't know how to build fields for SMBIOS type 16" },
        { "-smbios type=file", ": Parameter 'type' expects a number, not 'file'" },
        { "-smbios type=1,foo=x", ": Invalid parameter 'foo'" },
        { "-smbios type=1,vendor=x", ": Invalid parameter 'vendor'" },
        { "-smbios type=1,value=x", ": Invalid parameter 'value'" },
        { "-smbios type=8,path=x", ": Invalid parameter 'path'" },
        { "-smbios type=1,uuid=abc", ": Invalid UUID" },
        { "-smbios type=0,release=1", ": Invalid release" },
        { "-smbios type=0,release=1.2x", ": Invalid release" },
        { "-smbios type=0,release=1.256", ": Invalid release" },
        { "-smbios type=0,release=-1.2", ": Invalid release" },
        { "-smbios type=0,uefi=maybe",
          ": Parameter 'uefi' expects 'on' or 'off', not 'maybe'" },
        { "-smbios type=4,max-speed=65536",
          ": Parameter 'max-speed' expects a number from 0 to 65535, not '65536'" },
        { "-smbios type=17,speed=-1", ": Parameter 'speed' expects a number, not '-1'" },
        { "-smbios type=41,kind=invalid",
          ": Parameter 'kind' does not accept value 'invalid' (it is one of other, "
          "unknown, video, scsi, ethernet, tokenring, sound, pata, sata, sas)" },
        { "-smbios type=11,path=/nonexistent",
          ": Could not open '/nonexistent': No such file or directory" },
        { "-smbios type=11,path=/dev/zero", ": '/dev/zero': not a regular file" },
        { "-smbios file=/nonexistent",
          ": Could not open '/nonexistent': No such file or directory" },
        { "-smbios file=/tmp", ": '/tmp': not a regular file" },
        { "-smbios file=/nonexistent,type=1", ": Invalid parameter 'type'" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        refuse(rows[i][0], rows[i][1]);
    }
}

/* Structures as a file may have them, and none that would be another's or no one's. */
static void test_structures(void)
{
    static const struct {
        const char *bytes;
        gsize len;
    } bad[] = {
        { "", 0 },
        { "\1\4\0", 3 },
        { "\1\4\0\0", 4 },
        { "\1\4\0\0\0", 5 },
        { "\1\3\0\0\0\0", 6 },
        { "\1\0\0\0\0\0", 6 },
        { "\1\6\0\0\0\0", 6 },
        { "\1\xff\0\0\0\0", 6 },
        { "\1\4\0\0a\0", 6 },
        { "\1\4\0\0\0\0\0", 7 },
        { "\1\4\0\0a\0\0b\0\0", 10 },
        { "\1\4\0\0\0\0\2\4\1\0\0\0", 12 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = write_file("bad", bad[i].bytes, bad[i].len);
        g_autofree char *line = g_strdup_printf("-smbios file=%s", path);
        g_autofree char *why =
            g_strdup_printf(": SMBIOS file %s: not one structure and its strings", path);
        refuse(line, why);
    }
}

static void refuse_second(const char *first, const char *second, const char *why)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(ConfigNode) tree = NULL;
    g_autofree char *line = g_strconcat(first, " ", second, NULL);
    g_autofree char *all = g_strconcat(second, ": ", why, NULL);
    SmbiosInfo info;
    g_assert_false(read_line(&info, &tree, line, &err));
    g_assert_cmpstr(err->message, ==, all);
    smbios_options_clear(&info);
}

static void test_files_refused(void)
{
    static const guint8 system[] = { 1, 4, 1, 0, 0, 0 }, last[] = { 127, 4, 1, 0, 0, 0 };
    g_autofree guint8 *large = g_malloc(65536);
    memset(large, 'x', 65536);
    g_autofree char *a = write_file("system", system, sizeof(system));
    g_autofree char *b = write_file("last", last, sizeof(last));
    g_autofree char *c = write_file("large", large, 65536);
    g_autofree char *zero = write_file("zero", "a\0b", 3);
    g_autofree char *load_a = g_strconcat("-smbios file=", a, NULL);
    g_autofree char *load_b = g_strconcat("-smbios file=", b, NULL);
    g_autofree char *load_c = g_strconcat("-smbios file=", c, NULL);
    g_autofree char *string_c = g_strconcat("-smbios type=11,path=", c, NULL);
    g_autofree char *string_0 = g_strconcat("-smbios type=11,path=", zero, NULL);
    g_autofree char *nul = g_strconcat(": NUL in OEM strings value in ", zero, NULL);
    refuse_second("-smbios type=1,serial=s", load_a,
                  "can't load type 1 struct, fields already specified!");
    refuse_second(load_a, "-smbios type=1,serial=s",
                  "can't add fields, binary file already loaded!");
    refuse(load_b, ": a structure of type 127 ends the table");
    refuse(load_c, ": more than 65535 bytes");
    refuse(string_c, ": more than 65535 bytes");
    refuse(string_0, nul);
}

static void remove_files(void)
{
    GDir *dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_unlink(path);
    }
    g_dir_close(dir);
    g_rmdir(directory);
    g_free(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("vireo-smbios-XXXXXX", NULL);
    g_assert_nonnull(directory);
    g_test_add_func("/smbios-options/nothing", test_nothing);
    g_test_add_func("/smbios-options/again", test_again);
    g_test_add_func("/smbios-options/strings", test_strings);
    g_test_add_func("/smbios-options/many-strings", test_many_strings);
    g_test_add_func("/smbios-options/lists", test_lists);
    g_test_add_func("/smbios-options/uuid", test_uuid);
    g_test_add_func("/smbios-options/files", test_files);
    g_test_add_func("/smbios-options/refused", test_refused);
    g_test_add_func("/smbios-options/structures", test_structures);
    g_test_add_func("/smbios-options/files-refused", test_files_refused);
    int status = g_test_run();
    remove_files();
    return status;
}
