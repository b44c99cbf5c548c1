/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which firmware a q35 starts with, where it is, and what cannot be right: -bios, SeaBIOS
 * by default, -L, flash by -drive and by -machine. The words of errors are QEMU's.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/board.h"

#define SEABIOS "/usr/share/seabios/bios-256k.bin"

static char *dir;

static char *in_dir(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

static void put(const char *name, const void *content, gsize size)
{
    g_autofree char *path = in_dir(name);
    g_assert_true(g_file_set_contents(path, content, (gssize)size, NULL));
}

static guint8 byte_at(gsize i)
{
    return (guint8)(i * 3 + i / 256);
}

static void put_size(const char *name, gsize size)
{
    g_autofree guint8 *content = g_malloc(size + 1);
    for (gsize i = 0; i < size; i++) {
        content[i] = byte_at(i);
    }
    put(name, content, size);
}

static void expect(QTest *q, guint64 addr, gsize size, gsize from)
{
    static guint8 seen[0x10000];
    for (gsize done = 0, n; done < size; done += n) {
        n = MIN(size - done, sizeof(seen));
        qtest_memread(q, addr + done, seen, n);
        for (gsize i = 0; i < n; i++) {
            g_assert_cmphex(seen[i], ==, byte_at(from + done + i));
        }
    }
}

/* It ends at 4 GiB; its last 128 KiB, or all of it, are below 1 MiB. */
static void check_bios(gsize size)
{
    gsize low = MIN(size, 0x20000);
    put_size("rom", size);
    QTest *q = qtest_start("-M q35 -m 16 -bios %s/rom", dir);
    for (int i = 0; i < 2; i++) {
        expect(q, 0x100000000ull - size, size, 0);
        expect(q, 0x100000 - low, low, size - low);
        qtest_writel(q, 0xfffff000, 0x12345678);
        qtest_writel(q, 0xff000, 0x12345678);
        expect(q, 0xff000, 0x1000, size - 0x1000);
        board_reset(q);
    }
    g_assert_cmphex(qtest_readl(q, 0x100000000ull - size - 4), ==, G_MAXUINT32);
    g_assert_cmphex(qtest_readl(q, 0x100000 - low - 4), ==, G_MAXUINT32);
    qtest_stop(q);
}

static void test_bios(void)
{
    check_bios(0x10000);
    check_bios(0x20000);
    check_bios(0x40000);
    check_bios(0x1000000);
}

static guint32 config_readl(QTest *q, unsigned devfn, unsigned offset)
{
    qtest_outl(q, 0xcf8, 0x80000000u | devfn << 8 | offset);
    return qtest_inl(q, 0xcfc);
}

/* What firmware does, the board does not; CMOS memory is its own. */
static void test_bare(void)
{
    put_size("rom", 0x10000);
    QTest *q = qtest_start("-M q35 -m 64 -device pci-testdev,addr=3 -bios %s/rom", dir);
    for (int i = 0; i < 2; i++) {
        g_assert_cmphex(config_readl(q, 0, 0x60), ==, 0xb0000000);    /* PCIEXBAR: off */
        g_assert_cmphex(config_readl(q, 0, 0x90), ==, 0);             /* PAM: PCI's */
        g_assert_cmphex(config_readl(q, 0xf8, 0x40), ==, 1);          /* no PMBASE */
        g_assert_cmphex(config_readl(q, 0xf8, 0x60), ==, 0x80808080); /* no PIRQs */
        g_assert_cmphex(config_readl(q, 3 << 3, 0x10), ==, 0);        /* no BAR */
        g_assert_cmphex(qtest_readl(q, 0xb0000000), ==, G_MAXUINT32);
        qtest_outb(q, 0x70, 0x35); /* CMOS: 48 MiB above 16 MiB */
        g_assert_cmphex(qtest_inb(q, 0x71), ==, (48 << 20 >> 16) >> 8);
        board_reset(q);
    }
    qtest_stop(q);
    q = qtest_start("-M q35 -m 64"); /* of qtest's there is nothing to boot */
    g_assert_cmphex(config_readl(q, 0, 0x60), ==, 0xb0000001);
    g_assert_cmphex(qtest_readl(q, 0xfffffff0), ==, G_MAXUINT32);
    qtest_stop(q);
}

/* By name, in -L's directories first. */
static void test_name(void)
{
    if (g_access(SEABIOS, R_OK) != 0) {
        g_test_skip("seabios is not installed");
        return;
    }
    QTest *q = qtest_start("-M q35 -m 16 -L /nonexistent -bios bios-256k.bin");
    g_assert_cmphex(qtest_readb(q, 0xfffffff0), ==, 0xea); /* a far jump */
    g_assert_cmphex(qtest_readl(q, 0xfffffff1), ==, 0xf000e05b);
    qtest_stop(q);
    put_size("bios-256k.bin", 0x10000);
    q = qtest_start("-M q35 -m 16 -L /nonexistent -L %s -bios bios-256k.bin", dir);
    expect(q, 0xffff0000, 0x10000, 0);
    qtest_stop(q);
}

/* The same from -drive with index=, with the first free unit, and from -machine. */
static void test_flash(void)
{
    static const char *const ways[] = {
        "-drive if=pflash,format=raw,file=%s/code -drive "
        "if=pflash,format=raw,file=%s/vars",
        "-drive if=pflash,index=1,format=raw,file=%s/vars "
        "-drive if=pflash,index=0,format=raw,readonly=on,file=%s/code",
        "-drive if=pflash,unit=1,bus=0,format=raw,id=v,file=%s/vars "
        "-drive if=pflash,format=raw,read-only=on,file=%s/code",
        "-blockdev driver=file,node-name=v,filename=%s/vars -M q35,pflash1=v "
        "-drive if=pflash,format=raw,file=%s/code",
        "-blockdev driver=raw,node-name=v,file.driver=file,file.filename=%s/vars "
        "-blockdev driver=file,node-name=c,read-only=on,filename=%s/code "
        "-M q35,pflash1=v,pflash0=c",
    };
    put_size("code", 0x3000);
    put_size("vars", 0x8000);
    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_auto(GStrv) parts = g_strsplit(ways[i], "%s", 0);
        g_autofree char *args = g_strjoinv(dir, parts);
        QTest *q = qtest_start("-M q35 -m 16 %s", args);
        expect(q, 0xffffd000, 0x3000, 0);
        expect(q, 0xffff5000, 0x8000, 0);
        expect(q, 0xfd000, 0x3000, 0);
        g_assert_cmphex(qtest_readl(q, 0xfcffc), ==, G_MAXUINT32);
        qtest_stop(q);
    }
}

/* A flash is a part of an image, too. */
static void test_part(void)
{
    put_size("code", 0x3000);
    QTest *q = qtest_start("-M q35,pflash0=c -m 16 -blockdev driver=raw,node-name=c,"
                           "offset=4096,size=4096,file.driver=file,file.filename=%s/code",
                           dir);
    expect(q, 0xfffff000, 0x1000, 0x1000);
    qtest_writeb(q, 0xfffff000, 0x40);
    qtest_writeb(q, 0xfffff123, 0x99);
    qtest_stop(q);
    g_autofree char *path = in_dir("code"), *content = NULL;
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_assert_cmphex((guint8)content[0x1123], ==, 0x99);
    g_assert_cmphex((guint8)content[0x1122], ==, byte_at(0x1122));
}

/* %s is the directory. */
static const struct {
    const char *options, *message;
} refused[] = {
    { "-bios %s/nix", "could not load PC BIOS '%s/nix': cannot open" },
    { "-bios nix", "could not load PC BIOS 'nix': cannot open 'nix': No such file" },
    { "-bios %s/odd", "could not load PC BIOS '%s/odd': its size of 1000" },
    { "-bios %s/empty", "could not load PC BIOS '%s/empty': '%s/empty' is empty" },
    { "-bios %s/huge", "has more than 16777216 bytes" },
    { "-bios %s/code -initrd x", "-initrd only allowed with -kernel option" },
    { "-M microvm -bios %s/code",
      "code: machine 'microvm-vireo-1.0' starts no firmware" },
    { "-M microvm -drive if=pflash,format=raw,file=%s/code",
      "-drive if=pflash,format=raw,file=%s/code: machine type does not support "
      "if=pflash,bus=0,unit=0" },
    { "-drive if=pflash,unit=1,format=raw,file=%s/vars", "pflash1 requires pflash0" },
    { "-drive if=pflash,unit=2,format=raw,file=%s/vars",
      "unit=2,format=raw,file=%s/vars: machine type does not support "
      "if=pflash,bus=0,unit=2" },
    { "-drive if=pflash,bus=1,format=raw,file=%s/vars",
      "machine type does not support if=pflash,bus=1,unit=0" },
    { "-drive if=pflash,unit=0,index=0,format=raw,file=%s/vars",
      "index cannot be used with bus and unit" },
    { "-drive if=pflash,unit=0,format=raw,file=%s/code "
      "-drive if=pflash,unit=0,format=raw,file=%s/vars",
      "drive with bus=0, unit=0 exists" },
    { "-drive if=pflash,format=raw", "Must specify either driver or file" },
    { "-drive if=pflash,format=raw,file=%s/odd",
      "system firmware block device pflash0 has invalid size 1024: its size must be a "
      "non-zero multiple of 0x1000: '/" },
    { "-drive if=pflash,format=raw,file=%s/empty",
      "system firmware block device pflash0 has invalid size 0" },
    { "-drive if=pflash,format=raw,file=%s/code -drive if=pflash,format=raw,file=%s/8m",
      "combined size of system firmware exceeds 8388608 bytes" },
    { "-drive if=pflash,format=raw,file=%s/huge",
      "combined size of system firmware exceeds 8388608 bytes" },
    { "-M q35,max-fw-size=64k -drive if=pflash,format=raw,file=%s/code "
      "-drive if=pflash,format=raw,file=%s/vars",
      "combined size of system firmware exceeds 65536 bytes" },
    { "-M q35,max-fw-size=17M", "max-fw-size" },
    { "-M q35,pflash0=nix", "-machine pflash0=nix: Property 'cfi.pflash01.drive' can't" },
    { "-M q35,pflash0=c -blockdev driver=file,node-name=c,filename=%s/code "
      "-drive if=pflash,format=raw,file=%s/vars",
      "file=%s/vars: clashes with -machine pflash0=c" },
    { "-M q35,pflash0=c,pflash1=c -blockdev driver=file,node-name=c,filename=%s/code",
      "Permission conflict on node 'c'" },
    { "-drive if=pflash,format=raw,file=%s/code -drive if=pflash,format=raw,file=%s/code",
      "lock" },
    { "-global driver=cfi.pflash01,property=secure,value=on "
      "-drive if=pflash,format=raw,file=%s/code",
      "Property 'cfi.pflash01.secure' value 'on' is not supported: there is no system "
      "management mode" },
    { "-device cfi.pflash01", "'driver' expects a pluggable device type" },
};

static char *with_dir(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "%s", 0);
    return g_strjoinv(dir, parts);
}

static void test_refused(void)
{
    put_size("code", 0x10000);
    put_size("vars", 0x8000);
    put_size("odd", 1000);
    put_size("empty", 0);
    put_size("8m", 8 << 20);
    put_size("huge", (16 << 20) + 0x10000);
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *options = with_dir(refused[i].options);
        g_autofree char *message = with_dir(refused[i].message);
        g_autofree char *args = g_strdup_printf(
            "%s -m 16 %s", strstr(options, "-M ") ? "" : "-M q35", options);
        board_refuses(args, message);
    }
}

/* Of flash and -bios QEMU takes the flash; what may be said anyway. */
static void test_taken(void)
{
    put_size("code", 0x3000);
    QTest *q = qtest_start("-M q35 -m 16 -bios /nonexistent "
                           "-global driver=cfi.pflash01,property=secure,value=off "
                           "-drive if=pflash,format=raw,readonly=on,file=%s/code "
                           "-drive if=pflash,format=raw,readonly=on,file=%s/code",
                           dir, dir);
    expect(q, 0xffffd000, 0x3000, 0);
    expect(q, 0xffffa000, 0x3000, 0);
    qtest_stop(q);
    put_size("8m", 8 << 20);
    q = qtest_start("-M q35,max-fw-size=16M -m 16 "
                    "-drive if=pflash,format=raw,readonly=on,file=%s/code "
                    "-drive if=pflash,format=raw,readonly=on,file=%s/8m",
                    dir, dir);
    expect(q, 0xff7fd000, 0x10000, 0);
    qtest_stop(q);
}

/* --- by KVM --- */

/*
 * A firmware that says by the serial port where it runs: the highest digit of CS, 0xf, as
 * a letter. It resets itself twice, by the keyboard controller, and counts in CMOS
 * memory.
 */
static const guint8 vector[] = {
    0x8c, 0xc8,             /* mov ax, cs */
    0x88, 0xe0,             /* mov al, ah */
    0xc0, 0xe8, 0x04,       /* shr al, 4: 0xf */
    0x04, 0x41,             /* add al, 'A' */
    0xba, 0xf8, 0x03,       /* mov dx, 0x3f8 */
    0xee,                   /* out dx, al */
    0xeb, 0x00,             /* jmp +0 */
    0xb0, 0x8f, 0xe6, 0x70, /* CMOS 0x0f: how often it has been here */
    0xe4, 0x71,             /* in al, 0x71 */
    0x3c, 0x02,             /* cmp al, 2 */
    0x74, 0x0c,             /* je done */
    0xfe, 0xc0,             /* inc al */
    0xe6, 0x71,             /* out 0x71, al */
    0xb0, 0xfe, 0xe6, 0x64, /* reset */
    0xeb, 0xfe,             /* jmp $ */
    0x90, 0x90,             /* nops */
    0xb0, 0x2e, 0xee,       /* done: mov al, '.'; out dx, al */
    0xf4, 0xeb, 0xfd,       /* hlt; jmp */
};

/* At the reset vector itself there is a jump to what is at 0xffffff00. */
static void put_vector(const char *name, gsize size)
{
    g_autofree guint8 *rom = g_malloc0(size);
    const guint8 jump[] = { 0xe9, 0x0d, 0xff }; /* to 0xff00 in the segment */
    memcpy(rom + size - 0x100, vector, sizeof(vector));
    memcpy(rom + size - 0x10, jump, sizeof(jump));
    put(name, rom, size);
}

static void test_vector(void)
{
    put_vector("rom", 0x10000);
    QTest *q = qtest_start_kvm("-M q35 -m 16 -nodefaults -bios %s/rom", dir);
    g_autofree char *said = qtest_serial(q, ".");
    g_assert_cmpstr(said, ==, "PPP.");
    qtest_stop(q);
    put_vector("code", 0x400000);
    put_size("vars", 0x84000);
    q = qtest_start_kvm("-M q35 -m 16 -nodefaults "
                        "-drive if=pflash,format=raw,readonly=on,file=%s/code "
                        "-drive if=pflash,format=raw,file=%s/vars",
                        dir, dir);
    g_autofree char *again = qtest_serial(q, ".");
    g_assert_cmpstr(again, ==, "PPP.");
    qtest_stop(q);
}

/* A boot sector that says so on the serial port. */
static const guint8 sector[] = {
    0x31, 0xc0, 0x8e, 0xd8,                  /* xor ax, ax; mov ds, ax */
    0xba, 0xf8, 0x03,                        /* mov dx, 0x3f8 */
    0xbe, 0x15, 0x7c,                        /* mov si, text */
    0xac, 0x84, 0xc0, 0x74, 0x03,            /* lodsb; test al, al; jz */
    0xee, 0xeb, 0xf8,                        /* out dx, al; jmp */
    0xf4, 0xeb, 0xfd,                        /* hlt; jmp */
    'b',  'o',  'o',  't',  'e',  'd', 0x00, /* text */
};

/* Disks that SeaBIOS, by default, finds; e is none that boots: it tries one disk. */
static const char *const seabios_disks[][2] = {
    { "virtio", "-device virtio-blk-pci,drive=d" },
    { "sata", "-device ide-hd,drive=d,bus=ide.3" },
    { "second", "-device virtio-blk-pci,drive=e,bootindex=2 "
                "-device ide-hd,drive=d,bus=ide.0,bootindex=1" },
};

static void test_seabios(gconstpointer devices)
{
    if (g_access(SEABIOS, R_OK) != 0 || g_access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("needs seabios and /dev/kvm");
        return;
    }
    g_autofree guint8 *disk = g_malloc0(1 << 20);
    put("odd", disk, 1 << 20);
    memcpy(disk, sector, sizeof(sector));
    disk[510] = 0x55;
    disk[511] = 0xaa;
    put("disk", disk, 1 << 20);
    QTest *q = qtest_start_kvm("-M q35 -m 64 -nodefaults "
                               "-drive if=none,id=d,format=raw,file=%s/disk "
                               "-drive if=none,id=e,format=raw,file=%s/odd %s",
                               dir, dir, (const char *)devices);
    g_autofree char *said = qtest_serial(q, "booted");
    g_assert_nonnull(said);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    static const char *const files[] = { "rom", "code", "vars", "odd",          "empty",
                                         "8m",  "huge", "disk", "bios-256k.bin" };
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-firmware-XXXXXX", NULL);
    g_test_add_func("/firmware/bios", test_bios);
    g_test_add_func("/firmware/bare", test_bare);
    g_test_add_func("/firmware/name", test_name);
    g_test_add_func("/firmware/flash", test_flash);
    g_test_add_func("/firmware/part", test_part);
    g_test_add_func("/firmware/refused", test_refused);
    g_test_add_func("/firmware/taken", test_taken);
    g_test_add_func("/firmware/vector", test_vector);
    for (guint i = 0; i < G_N_ELEMENTS(seabios_disks); i++) {
        g_autofree char *name =
            g_strdup_printf("/firmware/seabios/%s", seabios_disks[i][0]);
        g_test_add_data_func(name, seabios_disks[i][1], test_seabios);
    }
    int status = g_test_run();
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = in_dir(files[i]);
        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    g_free(dir);
    return status;
}
