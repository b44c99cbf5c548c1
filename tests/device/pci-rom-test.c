/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option ROMs: what the guest sees of the file, what is refused, cards that are plugged,
 * also where no file can be opened any more, migration, and ROMs without a BAR.
 */
#include <linux/pci_regs.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/board.h"

#define ECAM   0xb0000000u
#define PLACE  0xfd000000u /* where a ROM is put on the root bus: nothing is there */
#define DEVFN  0x28        /* addr=5 */
#define PORT   0x10        /* addr=2 */
#define VM     "-M q35 -m 16 "
#define BEHIND VM "-device pcie-root-port,id=rp,addr=2,chassis=1 "

#define BYTES  5000 /* of the test's file */
#define PCIR   0x40
#define VENDOR (PCIR + 4)
#define ID     (PCIR + 6)

static guint8 image[BYTES];

/* A ROM of another device, whose sum is 0. */
static void make_image(void)
{
    guint8 sum = 0;

    for (unsigned i = 0; i < BYTES; i++) {
        image[i] = (guint8)(i * 7 + i / 256);
    }
    image[0] = 0x55;
    image[1] = 0xaa;
    image[0x18] = PCIR;
    image[0x19] = 0;
    memcpy(image + PCIR, "PCIR\x12\x34\x56\x78", 8);
    image[6] = 0;
    for (unsigned i = 0; i < BYTES; i++) {
        sum += image[i];
    }
    image[6] = (guint8)-sum;
}

static char *make_file(const char *dir, const char *name, const void *data, gsize len)
{
    char *path = g_build_filename(dir, name, NULL);

    g_assert_true(g_file_set_contents(path, data, (gssize)len, NULL));
    return path;
}

typedef struct Files {
    char *dir, *rom, *other, *empty, *class_rom;
} Files;
static Files files;

static void make_files(void)
{
    guint8 other[BYTES];

    make_image();
    memset(other, 0x77, sizeof(other));
    files.dir = g_dir_make_tmp("vireo-rom-XXXXXX", NULL);
    files.rom = make_file(files.dir, "card.rom", image, BYTES);
    files.other = make_file(files.dir, "other.rom", other, BYTES);
    files.empty = make_file(files.dir, "empty.rom", "", 0);
    files.class_rom = make_file(files.dir, "efi-virtio.rom", image, BYTES);
}

static void remove_files(void)
{
    unlink(files.rom);
    unlink(files.other);
    unlink(files.empty);
    unlink(files.class_rom);
    rmdir(files.dir);
}

/* The guest's view */

static guint64 config_at(unsigned bus, unsigned devfn, unsigned offset)
{
    return ECAM + (bus << 20) + (devfn << 12) + offset;
}

/* The BAR's size; 0: there is none. */
static guint32 rom_size(QTest *q, unsigned bus, unsigned devfn)
{
    guint64 at = config_at(bus, devfn, PCI_ROM_ADDRESS);
    guint32 old = qtest_readl(q, at), mask;

    qtest_writel(q, at, ~(guint32)PCI_ROM_ADDRESS_ENABLE);
    mask = qtest_readl(q, at);
    qtest_writel(q, at, old);
    return mask ? ~mask + 1 : 0;
}

static void show_rom(QTest *q, unsigned bus, unsigned devfn, guint32 addr)
{
    qtest_writel(q, config_at(bus, devfn, PCI_ROM_ADDRESS),
                 addr | PCI_ROM_ADDRESS_ENABLE);
    qtest_writew(q, config_at(bus, devfn, PCI_COMMAND), PCI_COMMAND_MEMORY);
}

static void expect_bytes(QTest *q, guint32 addr, const guint8 *want)
{
    guint8 got[8192], rest[8192 - BYTES] = { 0 };

    qtest_memread(q, addr, got, sizeof(got));
    g_assert_cmpmem(got, BYTES, want, BYTES);
    g_assert_cmpmem(got + BYTES, sizeof(rest), rest, sizeof(rest));
}

/* How much of the file the emulator has made its own, in bytes. */
static guint64 private_bytes(QTest *q, const char *path)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/smaps", qtest_pid(q));
    g_autofree char *text = NULL;
    guint64 kib = 0;
    gboolean ours = FALSE, seen = FALSE;

    g_assert_true(g_file_get_contents(name, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l; l++) {
        if (g_str_has_prefix(*l,
                             "Size:")) { /* of the mapping that the line before names */
            ours = l > lines && g_str_has_suffix(l[-1], path);
            seen = seen || ours;
        } else if (ours && g_str_has_prefix(*l, "Anonymous:")) {
            kib += g_ascii_strtoull(*l + 10 + strspn(*l + 10, " "), NULL, 10);
        }
    }
    g_assert_true(seen);
    return kib << 10;
}

static void test_content(void)
{
    QTest *q = qtest_start(VM "-device pci-testdev,addr=5,romfile=%s", files.rom);

    g_assert_cmphex(rom_size(q, 0, DEVFN), ==, 8192);
    show_rom(q, 0, DEVFN, PLACE);
    expect_bytes(q, PLACE, image); /* as it is: it is for this card, the user says */
    qtest_memset(q, PLACE, 0xee, 16);
    expect_bytes(q, PLACE, image);
    g_assert_cmpuint(private_bytes(q, files.rom), ==, 0);
    board_reset(q);
    g_assert_cmphex(qtest_readl(q, config_at(0, DEVFN, PCI_ROM_ADDRESS)), ==, 0);
    g_assert_cmphex(qtest_readl(q, PLACE), ==, G_MAXUINT32);
    show_rom(q, 0, DEVFN, PLACE);
    expect_bytes(q, PLACE, image);
    qtest_stop(q);
}

static void test_names(void)
{
    QTest *q = qtest_start(VM "-L %s -device pci-testdev,addr=5,romfile=card.rom "
                              "-device pci-testdev,addr=6 "
                              "-device pci-testdev,addr=7,romfile= "
                              "-device pci-testdev,addr=8,romfile=card.rom,romsize=65536 "
                              "-device pci-testdev,addr=9,romfile=card.rom,rombar=0",
                           files.dir);

    g_assert_cmphex(rom_size(q, 0, 5 << 3), ==, 8192);
    g_assert_cmphex(rom_size(q, 0, 6 << 3), ==, 0);
    g_assert_cmphex(rom_size(q, 0, 7 << 3), ==, 0);
    g_assert_cmphex(rom_size(q, 0, 8 << 3), ==, 65536);
    g_assert_cmphex(rom_size(q, 0, 9 << 3), ==, 0);
    qtest_stop(q);
}

static void refused(const char *options, const char *message)
{
    g_autofree char *args = g_strdup_printf(VM "-device pci-testdev,%s", options);

    board_refuses(args, message);
}

static void test_refused(void)
{
    g_autofree char *empty = g_strdup_printf("romfile=%s", files.empty);
    g_autofree char *small = g_strdup_printf("romfile=%s,romsize=4096", files.rom);
    g_autofree char *odd = g_strdup_printf("romfile=%s,romsize=12345", files.rom);
    g_autofree char *dir = g_strdup_printf("romfile=%s", files.dir);

    refused("romfile=/nowhere/x.rom", "failed to find romfile \"/nowhere/x.rom\"");
    refused("romfile=/nowhere/x.rom,rombar=0", "failed to find romfile");
    refused(empty, "empty.rom\" is empty");
    refused("romfile=/dev/zero", "romfile \"/dev/zero\"");
    refused(dir, "failed to find romfile");
    refused(small, "card.rom\" (5000 bytes) is too large for ROM size 4096");
    refused(odd, "ROM size 12345 is not a power of two");
    refused("romsize=0", "ROM size 0 is not a power of two");
    refused("rombar=2", "rombar");
}

/* The class's own: says that it is for this card. */
static void test_class_rom(void)
{
    QTest *q;
    guint8 want[BYTES], got[BYTES], sum = 0;

    if (unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK)) {
        g_test_skip("no right to make a tap");
        return;
    }
    q = qtest_start(VM "-L %s -netdev tap,id=n,ifname=t0,script=no,downscript=no "
                       "-device virtio-net-pci,netdev=n,addr=5",
                    files.dir);
    memcpy(want, image, BYTES);
    memcpy(want + PCIR, "PCIR\xf4\x1a\x00\x10", 8); /* transitional on the root bus */
    g_assert_cmphex(rom_size(q, 0, DEVFN), ==, 8192);
    show_rom(q, 0, DEVFN, PLACE);
    qtest_memread(q, PLACE, got, BYTES);
    for (unsigned i = 0; i < BYTES; i++) {
        sum += got[i];
    }
    g_assert_cmphex(sum, ==, 0);
    want[6] = got[6];
    expect_bytes(q, PLACE, want);
    g_assert_cmpuint(private_bytes(q, files.class_rom), ==, 4096);
    qtest_stop(q);
}

/* Plugging */

static guint32 behind_port(QTest *q, unsigned *bus)
{
    *bus = qtest_readb(q, config_at(0, PORT, PCI_SECONDARY_BUS));
    return (guint32)(qtest_readw(q, config_at(0, PORT, PCI_MEMORY_BASE)) & 0xfff0) << 16;
}

static void plug(QTest *q, const char *romfile)
{
    json_node_unref(qtest_qmp_ok(q,
                                 "{\"execute\":\"device_add\",\"arguments\":{"
                                 "\"driver\":\"pci-testdev\",\"id\":\"d\",\"bus\":\"rp\","
                                 "\"romfile\":\"%s\"}}",
                                 romfile));
}

static void plug_refused(QTest *q, const char *romfile, const char *more,
                         const char *message)
{
    g_autofree char *said =
        qtest_qmp_fails(q,
                        "{\"execute\":\"device_add\",\"arguments\":{"
                        "\"driver\":\"pci-testdev\",\"id\":\"d\",\"bus\":\"rp\","
                        "\"romfile\":\"%s\"%s}}",
                        romfile, more);

    if (!strstr(said, message)) {
        g_error("'%s' does not say '%s'", said, message);
    }
}

static void unplug(QTest *q)
{
    json_node_unref(
        qtest_qmp_ok(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"d\"}}"));
    board_reset(q); /* it lets go */
    board_wait(q, "DEVICE_DELETED");
}

static void expect_plugged(QTest *q, const guint8 *want)
{
    unsigned bus;
    guint32 base = behind_port(q, &bus) + 0x100000;

    g_assert_cmphex(rom_size(q, bus, 0), ==, 8192);
    show_rom(q, bus, 0, base);
    expect_bytes(q, base, want);
}

static void test_plug(void)
{
    QTest *q = qtest_start(BEHIND "-L %s", files.dir);

    plug_refused(q, "/nowhere/x.rom", "", "failed to find romfile \"/nowhere/x.rom\"");
    plug_refused(q, files.empty, "", "is empty");
    plug_refused(q, files.dir, "", "is not a regular file");
    plug_refused(q, files.rom, ",\"romsize\":4096", "is too large for ROM size 4096");
    plug_refused(q, files.rom, ",\"rombar\":0", "Hot-plugged device without ROM bar");
    plug_refused(q, files.rom, ",\"membar\":5", "membar"); /* after it is open */
    plug(q, "card.rom");
    expect_plugged(q, image);
    unplug(q);
    plug(q, files.rom);
    expect_plugged(q, image);
    qtest_stop(q);
}

/* Where no file can be opened by name any more (see fd-test.py, too). */
static void test_plug_closed(void)
{
    QTest *q = qtest_start(BEHIND "-sandbox on,files=deny "
                                  "-device pci-testdev,addr=5,romfile=%s",
                           files.rom);

    plug_refused(q, files.rom, "", "failed to find romfile");
    plug_refused(q, "/dev/fdset/2", "", "/dev/fdset/2");
    plug(q, "");
    unplug(q);
    show_rom(q, 0, DEVFN, PLACE);
    expect_bytes(q, PLACE, image);
    qtest_stop(q);
}

static void test_plug_class_rom(void)
{
    QTest *q;
    unsigned bus;
    guint32 base;

    if (unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK)) {
        g_test_skip("no right to make a tap");
        return;
    }
    q = qtest_start(BEHIND "-L %s -sandbox on,files=deny "
                           "-netdev tap,id=n,ifname=t0,script=no,downscript=no",
                    files.dir);
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-net-pci\","
           "\"id\":\"d\",\"bus\":\"rp\",\"netdev\":\"n\"}}"));
    base = behind_port(q, &bus) + 0x100000;
    show_rom(q, bus, 0, base);
    g_assert_cmphex(qtest_readw(q, base), ==, 0xaa55);
    g_assert_cmphex(qtest_readl(q, base + VENDOR), ==, 0x10411af4);
    unplug(q);
    qtest_stop(q);
}

/* The guest keeps what it has begun with. */
static void test_migration(void)
{
    QTest *from = qtest_start(VM "-device pci-testdev,addr=5,romfile=%s", files.rom);
    QTest *to = qtest_start(VM "-device pci-testdev,addr=5,romfile=%s "
                               "-incoming unix:%s/stream",
                            files.other, qtest_dir(from));

    show_rom(from, 0, DEVFN, PLACE);
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:%s/stream\"}}",
        qtest_dir(from)));
    qtest_wait_migrated(from);
    board_wait(to, "RESUME");
    expect_bytes(to, PLACE, image);
    qtest_stop(from);
    qtest_stop(to);
}

/* Ports of fw_cfg. */
static gboolean find_file(QTest *q, const char *name, guint32 *size)
{
    guint32 count = 0;

    qtest_outw(q, 0x510, 0x19);
    for (unsigned i = 0; i < 4; i++) {
        count = count << 8 | qtest_inb(q, 0x511);
    }
    while (count--) {
        guint8 entry[64];

        for (unsigned i = 0; i < sizeof(entry); i++) {
            entry[i] = qtest_inb(q, 0x511);
        }
        if (strcmp((const char *)entry + 8, name) == 0) {
            *size = (guint32)entry[0] << 24 | entry[1] << 16 | entry[2] << 8 | entry[3];
            qtest_outw(q, 0x510, (guint16)(entry[4] << 8 | entry[5]));
            return TRUE;
        }
    }
    return FALSE;
}

static void test_without_bar(void)
{
    QTest *q = qtest_start(VM "-device pci-testdev,addr=5,romfile=%s,rombar=0 "
                              "-device pci-testdev,addr=6,romfile=%s,rombar=0 "
                              "-device pci-testdev,addr=7,romfile=%s",
                           files.rom, files.rom, files.other);
    guint32 size;

    g_assert_true(find_file(q, "genroms/card.rom", &size));
    g_assert_cmpuint(size, ==, BYTES);
    for (unsigned i = 0; i < BYTES; i++) {
        g_assert_cmphex(qtest_inb(q, 0x511), ==, image[i]);
    }
    g_assert_false(find_file(q, "genroms/other.rom", &size));
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    make_files();
    g_test_add_func("/pci-rom/content", test_content);
    g_test_add_func("/pci-rom/names", test_names);
    g_test_add_func("/pci-rom/refused", test_refused);
    g_test_add_func("/pci-rom/class", test_class_rom);
    g_test_add_func("/pci-rom/plug", test_plug);
    g_test_add_func("/pci-rom/plug-closed", test_plug_closed);
    g_test_add_func("/pci-rom/plug-class", test_plug_class_rom);
    g_test_add_func("/pci-rom/migration", test_migration);
    g_test_add_func("/pci-rom/without-bar", test_without_bar);
    result = g_test_run();
    remove_files();
    return result;
}
