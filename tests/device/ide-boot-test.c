/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SeaBIOS boots from the drives of the q35's controller: a disk, a CD (El Torito), and
 * what bootindex= says of both. Each medium says its letter on the serial port.
 */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/device/qtest.h"

#define SEABIOS "/usr/share/seabios/bios-256k.bin"
#define BLOCK   2048u

static char *dir;

/* At 0000:7c00, by whichever segment. */
static const guint8 code[] = {
    0xba, 0xf8, 0x03, /* mov dx, 0x3f8 */
    0xb0, '?',  0xee, /* mov al, LETTER; out dx, al */
    0xb0, '!',  0xee, /* mov al, '!'; out dx, al */
    0xf4, 0xeb, 0xfd, /* hlt; jmp */
};

static void put_code(guint8 *at, char letter)
{
    memcpy(at, code, sizeof(code));
    at[4] = (guint8)letter;
    at[510] = 0x55;
    at[511] = 0xaa;
}

static char *put(const char *name, const guint8 *data, gsize len)
{
    char *path = g_build_filename(dir, name, NULL);

    g_assert_true(g_file_set_contents(path, (const char *)data, (gssize)len, NULL));
    return path;
}

static char *make_disk(char letter)
{
    g_autofree guint8 *data = g_malloc0(1 << 20);
    char name[] = { letter, '\0' };

    put_code(data, letter);
    return put(name, data, 1 << 20);
}

/* A volume descriptor (ECMA-119, 8.1). */
static void put_volume(guint8 *at, guint8 type)
{
    at[0] = type;
    memcpy(at + 1, "CD001\1", 6);
}

/* El Torito 1.0: the boot record names the catalogue, that the code, without emulation.
 */
static char *make_cd(char letter)
{
    static const guint8 catalogue[] = { 0x01, [28] = 0xaa, 0x55,     0x55,
                                        0xaa, 0x88,        [38] = 1, [40] = 20 };
    g_autofree guint8 *data = g_malloc0(64 * BLOCK);
    char name[] = { letter, '\0' };

    put_volume(data + 16 * BLOCK, 1);
    put_volume(data + 17 * BLOCK, 0);
    memcpy(data + 17 * BLOCK + 7, "EL TORITO SPECIFICATION", 23);
    data[17 * BLOCK + 0x47] = 19;
    put_volume(data + 18 * BLOCK, 255);
    memcpy(data + 19 * BLOCK, catalogue, sizeof(catalogue));
    put_code(data + 20 * BLOCK, letter);
    return put(name, data, 64 * BLOCK);
}

/* The VM that these options make boots what says the letter. */
static void boots(const char *options, char letter)
{
    const char text[] = { letter, '!', '\0' };
    QTest *q = qtest_start_kvm("-M q35 -m 64 -nodefaults %s", options);
    g_autofree char *said = qtest_serial(q, text);

    g_assert_nonnull(said);
    qtest_stop(q);
}

static void test_boot(void)
{
    g_autofree char *a = make_disk('a'), *b = make_disk('b'), *c = make_cd('c');
    g_autofree char *disk = g_strdup_printf("-drive if=ide,format=raw,file=%s", a);
    g_autofree char *cd = g_strdup_printf("-cdrom %s", c);
    g_autofree char *both = g_strdup_printf(
        "-drive if=none,id=a,format=raw,file=%s -drive if=none,id=b,format=raw,file=%s "
        "-drive if=none,id=c,media=cdrom,format=raw,file=%s "
        "-device ide-hd,drive=a,bus=ide.3,bootindex=%%d "
        "-device ide-hd,drive=b,bus=ide.4,bootindex=%%d "
        "-device ide-cd,drive=c,bus=ide.5,bootindex=%%d",
        a, b, c);

    if (g_access(SEABIOS, R_OK) != 0 || g_access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("needs seabios and /dev/kvm");
        return;
    }
    boots(disk, 'a');
    boots(cd, 'c');
    for (int first = 0; first < 3; first++) {
        int place[] = { 4, 5, 6 };
        place[first] = 1;
        g_auto(GStrv) parts = g_strsplit(both, "%d", 4);
        g_autofree char *options = g_strdup_printf(
            "%s%d%s%d%s%d", parts[0], place[0], parts[1], place[1], parts[2], place[2]);
        boots(options, "abc"[first]);
    }
    /* The first drive is empty: the next one's turn. */
    g_autofree char *empty = g_strdup_printf(
        "-device ide-cd,bus=ide.0,bootindex=1 -drive if=none,id=b,format=raw,file=%s "
        "-device ide-hd,drive=b,bus=ide.1,bootindex=2",
        b);
    boots(empty, 'b');
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-boot-XXXXXX", NULL);
    g_test_add_func("/ide/boot", test_boot);
    status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return status;
}
