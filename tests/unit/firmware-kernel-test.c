/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel loaders: files made for the purpose, good and hostile. */
#include "config.h"

#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>

#include "event/loop.h"
#include "firmware/kernel.h"
#include "memory/address-map.h"
#include "memory/guest.h"

#define MIB (1u << 20)

static char *dir;
static const BootMemory memory = { .low_ram = 16 * MIB, .rsdp = 0xe0000 };

static char *write_file(const char *name, const void *data, gsize len)
{
    char *path = g_build_filename(dir, name, NULL);

    g_assert_true(g_file_set_contents(path, data, len, NULL));
    return path;
}

static void remove_dir(void)
{
    GDir *d = g_dir_open(dir, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(d))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);

        g_unlink(path);
    }
    g_dir_close(d);
    g_rmdir(dir);
    g_clear_pointer(&dir, g_free);
}

static void put(guint8 *p, guint64 value, unsigned n)
{
    value = GUINT64_TO_LE(value);
    memcpy(p, &value, n);
}

/* A bzImage of 5 sectors of set-up and 4 KiB of "kernel". */
#define BZ_SIZE (5 * 512 + 4096)
static guint8 *make_bzimage(void)
{
    guint8 *p = g_malloc0(BZ_SIZE);

    p[0x1f1] = 4;
    put(p + 0x1fe, 0xaa55, 2);
    p[0x201] = 0x268 - 0x202;
    memcpy(p + 0x202, "HdrS", 4);
    put(p + 0x206, 0x020f, 2);
    p[0x211] = 1;
    put(p + 0x22c, 0x7fffffff, 4);
    put(p + 0x230, 0x200000, 4);
    p[0x234] = 1;
    put(p + 0x236, 1, 2);
    put(p + 0x238, 2047, 4);
    put(p + 0x258, 2 * MIB, 8);
    put(p + 0x260, 4 * MIB, 4);
    memset(p + 5 * 512, 0xaa, 4096);
    return p;
}

static guint64 read_u64(guint64 addr, unsigned size)
{
    guint64 value = 0;

    g_assert_true(guest_read(dma_space_memory(), addr, &value, size));
    return GUINT64_FROM_LE(value);
}

static void test_bzimage(void)
{
    g_autofree guint8 *image = make_bzimage();
    g_autofree char *path = write_file("bz", image, BZ_SIZE);
    g_autofree char *initrd = write_file("initrd", "INITRD", 6);
    g_autoptr(GError) err = NULL;
    g_autoptr(Kernel) kernel = kernel_open(path, initrd, "console=ttyS0", &memory, &err);
    BootState boot;
    char text[16];

    g_assert_no_error(err);
    g_assert_true(kernel_load(kernel, &boot, &err));
    g_assert_true(boot.valid && boot.long_mode);
    g_assert_cmphex(boot.entry, ==, MIB + 0x200);
    g_assert_cmphex(read_u64(MIB + 4088, 8), ==, 0xaaaaaaaaaaaaaaaa);
    g_assert_cmphex(read_u64(boot.rsi + 0x202, 4), ==, 0x53726448);
    g_assert_cmphex(read_u64(boot.rsi + 0x210, 1), ==, 0xff);
    g_assert_cmphex(read_u64(boot.rsi + 0x70, 8), ==, 0xe0000);
    g_assert_cmphex(read_u64(boot.rsi + 0x218, 4), ==, 16 * MIB - 4096);
    g_assert_cmphex(read_u64(boot.rsi + 0x21c, 4), ==, 6);
    guest_read(dma_space_memory(), read_u64(boot.rsi + 0x228, 4), text, 14);
    g_assert_cmpstr(text, ==, "console=ttyS0");
    guest_read(dma_space_memory(), 16 * MIB - 4096, text, 6);
    g_assert_cmpmem(text, 6, "INITRD", 6);
    g_assert_cmphex(read_u64(boot.rsi + 0x1e8, 1), ==, 3);
    g_assert_cmphex(read_u64(boot.rsi + 0x2d0 + 2 * 20 + 8, 8), ==, 15 * MIB);
    /* 2 MiB pages: the one with the entry */
    g_assert_cmphex(read_u64(boot.cr3, 8) & ~0xfffull, ==, boot.cr3 + 4096);
    g_assert_cmphex(read_u64(boot.cr3 + 2 * 4096 + 8, 8), ==, 0x200083);
    g_assert_cmphex(read_u64(boot.gdt_base + 0x10, 8), ==, 0x00af9b000000ffff);
}

/* A reset loads it again, whatever the guest has done to its memory. */
static void test_reload(void)
{
    g_autofree guint8 *image = make_bzimage();
    g_autofree char *path = write_file("bz", image, BZ_SIZE);
    g_autoptr(Kernel) kernel = kernel_open(path, NULL, NULL, &memory, NULL);
    guint64 zero = 0;
    BootState boot;

    g_assert_true(kernel_load(kernel, &boot, NULL));
    guest_write(dma_space_memory(), MIB + 0x200, &zero, sizeof(zero));
    g_unlink(path);
    g_assert_true(kernel_load(kernel, &boot, NULL));
    g_assert_cmphex(read_u64(MIB + 0x200, 8), ==, 0xaaaaaaaaaaaaaaaa);
}

static void test_kvmclock(void)
{
    static const struct {
        const char *cmdline;
        gboolean lacks, lacks_hidden;
    } cases[] = {
        { NULL, FALSE, TRUE },
        { "console=ttyS0 quiet", FALSE, TRUE },
        { "no-kvmclock", TRUE, TRUE },
        { "quiet  no_kvmclock\tpanic=1", TRUE, TRUE },
        { "quiet nopv -- shell", TRUE, TRUE },
        { "no-kvmclock-vsyscall xnopv no-kvmcloc", FALSE, TRUE },
        { "no-kvmclock tsc_early_khz=1000000", FALSE, FALSE },
        { "tsc-early-khz=1000000 nopv", FALSE, FALSE },
    };
    g_autofree guint8 *image = make_bzimage();
    g_autofree char *path = write_file("bz", image, BZ_SIZE);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Kernel) kernel =
            kernel_open(path, NULL, cases[i].cmdline, &memory, NULL);

        g_assert_cmpint(kernel_lacks_kvmclock(kernel, FALSE), ==, cases[i].lacks);
        g_assert_cmpint(kernel_lacks_kvmclock(kernel, TRUE), ==, cases[i].lacks_hidden);
    }
}

/* The command line that a bzImage is loaded with. */
static void assert_loaded(const Kernel *kernel, const char *cmdline)
{
    g_autofree char *text = g_malloc(strlen(cmdline) + 1);
    BootState boot;

    g_assert_true(kernel_load(kernel, &boot, NULL));
    g_assert_true(guest_read(dma_space_memory(), read_u64(boot.rsi + 0x228, 4), text,
                             strlen(cmdline) + 1));
    g_assert_cmpmem(text, strlen(cmdline) + 1, cmdline, strlen(cmdline) + 1);
}

static void test_tell_tsc(void)
{
    g_autofree guint8 *image = make_bzimage();
    g_autofree char *path = write_file("bz", image, BZ_SIZE);
    g_autoptr(Kernel) kernel = kernel_open(path, NULL, "nopv -- x", &memory, NULL);
    g_autofree char *full = g_strnfill(2047 - strlen("tsc_early_khz=1000000 "), 'a');
    g_autofree char *told = g_strconcat("tsc_early_khz=1000000 ", full, NULL);

    kernel_tell_tsc(kernel, 2445408);
    assert_loaded(kernel, "tsc_early_khz=2445408 nopv -- x");
    kernel_tell_tsc(kernel, G_MAXUINT32);
    assert_loaded(kernel, "tsc_early_khz=4294967295 nopv -- x");
    kernel_tell_tsc(kernel, 0);
    assert_loaded(kernel, "nopv -- x");
    kernel_free(kernel);

    kernel = kernel_open(path, NULL, full, &memory, NULL);
    kernel_tell_tsc(kernel, 1000000);
    assert_loaded(kernel, told);
    kernel_tell_tsc(kernel, 10000000); /* no room */
    assert_loaded(kernel, full);
}

static void expect_error(const void *data, gsize len, const char *text)
{
    g_autofree char *path = write_file("bad", data, len);
    g_autoptr(GError) err = NULL;

    g_assert_null(kernel_open(path, NULL, "x", &memory, &err));
    g_assert_nonnull(strstr(err->message, path));
    if (!strstr(err->message, text)) {
        g_error("'%s' does not say '%s'", err->message, text);
    }
}

static void test_bad_bzimage(void)
{
    static const struct {
        gsize offset;
        guint64 value;
        unsigned size;
        const char *message;
    } cases[] = {
        { 0x1fe, 0, 2, "neither a bzImage nor an ELF" },
        { 0x206, 0x020b, 2, "boot protocol 2.11, older than 2.12" },
        { 0x236, 0, 2, "has no 64-bit entry point" },
        { 0x211, 0, 1, "is a zImage" },
        { 0x1f1, 200, 1, "cut off" },
        { 0x260, 0xffffffff, 4, "needs memory up to" },
        { 0x258, G_MAXUINT64, 8, "header is damaged" },
        { 0x258, 16 * MIB, 8, "needs memory up to 20 MiB" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree guint8 *image = make_bzimage();

        put(image + cases[i].offset, cases[i].value, cases[i].size);
        expect_error(image, BZ_SIZE, cases[i].message);
    }
    for (gsize len = 0; len < 5 * 512 + 0x200; len += 17) {
        g_autofree guint8 *image = make_bzimage();

        expect_error(image, len, "");
    }
}

/* Not relocatable: where it wants to be, and nowhere else. */
static void test_fixed_address(void)
{
    g_autofree guint8 *image = make_bzimage();
    g_autofree char *path = NULL;
    g_autoptr(Kernel) kernel = NULL;
    BootState boot;

    image[0x234] = 0;
    path = write_file("fixed", image, BZ_SIZE);
    kernel = kernel_open(path, NULL, NULL, &memory, NULL);
    g_assert_true(kernel_load(kernel, &boot, NULL));
    g_assert_cmphex(boot.entry, ==, 2 * MIB + 0x200);
    put(image + 0x258, 0x1000, 8);
    expect_error(image, BZ_SIZE, "below 1 MiB");
}

static void test_limits(void)
{
    g_autofree guint8 *image = make_bzimage();
    g_autofree char *path = write_file("bz", image, BZ_SIZE);
    g_autofree char *big = g_strnfill(2048, 'a');
    g_autofree guint8 *data = g_malloc0(11 * MIB);
    g_autofree char *initrd = write_file("initrd", data, 11 * MIB);
    g_autoptr(GError) err = NULL;

    g_assert_null(kernel_open(path, NULL, big, &memory, &err));
    g_assert_cmpstr(err->message, ==,
                    "-append: 2048 characters, more than the kernel's limit of 2047");
    g_clear_error(&err);
    g_assert_null(kernel_open(path, initrd, NULL, &memory, &err));
    g_assert_nonnull(strstr(err->message, "do not fit"));
    g_clear_error(&err);
    g_assert_null(kernel_open("/nix", NULL, NULL, &memory, &err));
    g_assert_cmpstr(err->message, ==,
                    "-kernel '/nix': cannot open: No such file or directory");
    g_clear_error(&err);
    g_assert_null(kernel_open(path, "/nix", NULL, &memory, &err));
    g_assert_cmpstr(err->message, ==,
                    "-initrd '/nix': cannot open: No such file or directory");
    g_clear_error(&err);
    g_assert_null(kernel_open("/dev/null", NULL, NULL, &memory, &err));
    g_assert_cmpstr(err->message, ==, "-kernel '/dev/null': not a regular file");
}

/* ELF header, a PT_LOAD at 1 MiB, a PT_NOTE with the entry. */
typedef struct Elf {
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr[2];
    Elf64_Nhdr note;
    char name[4];
    guint64 entry;
    guint8 code[64];
} Elf;

static Elf make_elf(void)
{
    Elf elf = { .ehdr = { .e_type = ET_EXEC,
                          .e_machine = EM_X86_64,
                          .e_phoff = offsetof(Elf, phdr),
                          .e_phentsize = sizeof(Elf64_Phdr),
                          .e_phnum = 2 } };

    memcpy(elf.ehdr.e_ident, ELFMAG, SELFMAG);
    elf.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
    elf.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
    elf.phdr[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
                                .p_offset = offsetof(Elf, code),
                                .p_paddr = MIB,
                                .p_filesz = sizeof(elf.code),
                                .p_memsz = 8192 };
    elf.phdr[1] = (Elf64_Phdr){ .p_type = PT_NOTE,
                                .p_offset = offsetof(Elf, note),
                                .p_filesz = 24 };
    elf.note = (Elf64_Nhdr){ 4, 8, 18 };
    memcpy(elf.name, "Xen", 4);
    elf.entry = MIB + 16;
    memset(elf.code, 0x90, sizeof(elf.code));
    return elf;
}

static void test_pvh(void)
{
    Elf elf = make_elf();
    g_autofree char *path = write_file("elf", &elf, sizeof(elf));
    g_autofree char *initrd = write_file("initrd", "INITRD", 6);
    g_autoptr(GError) err = NULL;
    g_autoptr(Kernel) kernel = kernel_open(path, initrd, "quiet", &memory, &err);
    guint64 modules, map, junk = G_MAXUINT64;
    BootState boot;
    char text[8];

    g_assert_no_error(err);
    guest_write(dma_space_memory(), MIB + 100, &junk, sizeof(junk));
    g_assert_true(kernel_load(kernel, &boot, &err));
    g_assert_true(boot.valid && !boot.long_mode);
    g_assert_cmphex(boot.entry, ==, MIB + 16);
    g_assert_cmphex(read_u64(MIB + 56, 8), ==, 0x9090909090909090);
    g_assert_cmphex(read_u64(MIB + 100, 8), ==, 0); /* bss */
    g_assert_cmphex(read_u64(boot.rbx, 4), ==, 0x336ec578);
    g_assert_cmphex(read_u64(boot.rbx + 4, 4), ==, 1);
    g_assert_cmphex(read_u64(boot.rbx + 12, 4), ==, 1);
    modules = read_u64(boot.rbx + 16, 8);
    g_assert_cmphex(read_u64(modules, 8), ==, 16 * MIB - 4096);
    g_assert_cmphex(read_u64(modules + 8, 8), ==, 6);
    guest_read(dma_space_memory(), read_u64(boot.rbx + 24, 8), text, 6);
    g_assert_cmpstr(text, ==, "quiet");
    g_assert_cmphex(read_u64(boot.rbx + 32, 8), ==, 0xe0000);
    map = read_u64(boot.rbx + 40, 8);
    g_assert_cmphex(read_u64(boot.rbx + 48, 4), ==, 3);
    g_assert_cmphex(read_u64(map + 2 * 24, 8), ==, MIB);
    g_assert_cmphex(read_u64(map + 2 * 24 + 8, 8), ==, 15 * MIB);
}

/* Both protocols tell of what is kept for PCI between the two parts of memory. */
static void test_memory_map(void)
{
    static const guint64 expected[][3] = {
        { 0, 0x9fc00, 1 },           { 0xa0000, 0x60000, 2 },
        { MIB, 15 * MIB, 1 },        { 0xb0000000, 0x10000000, 2 },
        { 0x100000000, 2 * MIB, 1 },
    };
    BootMemory split = { .low_ram = 16 * MIB,
                         .high_ram = 2 * MIB,
                         .reserved_base = 0xb0000000,
                         .reserved_size = 0x10000000 };
    Elf elf = make_elf();
    g_autofree guint8 *image = make_bzimage();
    g_autofree char *pvh = write_file("elf", &elf, sizeof(elf));
    g_autofree char *bz = write_file("bz", image, BZ_SIZE);
    g_autoptr(Kernel) kernel = kernel_open(pvh, NULL, NULL, &split, NULL);
    BootState boot;
    g_assert_true(kernel_load(kernel, &boot, NULL));
    g_assert_cmphex(read_u64(boot.rbx + 32, 8), ==, 0); /* no RSDP */
    g_assert_cmphex(read_u64(boot.rbx + 48, 4), ==, G_N_ELEMENTS(expected));
    guint64 map = read_u64(boot.rbx + 40, 8);
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmphex(read_u64(map + i * 24, 8), ==, expected[i][0]);
        g_assert_cmphex(read_u64(map + i * 24 + 8, 8), ==, expected[i][1]);
        g_assert_cmphex(read_u64(map + i * 24 + 16, 4), ==, expected[i][2]);
    }
    g_clear_pointer(&kernel, kernel_free);
    kernel = kernel_open(bz, NULL, NULL, &split, NULL);
    g_assert_true(kernel_load(kernel, &boot, NULL));
    g_assert_cmphex(read_u64(boot.rsi + 0x1e8, 1), ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmphex(read_u64(boot.rsi + 0x2d0 + i * 20, 8), ==, expected[i][0]);
        g_assert_cmphex(read_u64(boot.rsi + 0x2d8 + i * 20, 8), ==, expected[i][1]);
        g_assert_cmphex(read_u64(boot.rsi + 0x2e0 + i * 20, 4), ==, expected[i][2]);
    }
}

static void test_bad_pvh(void)
{
    Elf elf = make_elf();

    elf.note.n_type = 17;
    expect_error(&elf, sizeof(elf), "has no PVH entry point");
    elf = make_elf();
    elf.note.n_descsz = 0xfffffff0;
    expect_error(&elf, sizeof(elf), "has no PVH entry point");
    elf = make_elf();
    elf.note.n_namesz = 0xffffffff;
    expect_error(&elf, sizeof(elf), "has no PVH entry point");
    elf = make_elf();
    elf.phdr[1].p_filesz = 1 << 20;
    expect_error(&elf, sizeof(elf), "the ELF notes are damaged");
    elf = make_elf();
    elf.phdr[1].p_offset = G_MAXINT64;
    expect_error(&elf, sizeof(elf), "cut off");
    elf = make_elf();
    elf.entry = 2 * MIB;
    expect_error(&elf, sizeof(elf), "the PVH entry point is in no segment");
    elf = make_elf();
    elf.phdr[0].p_memsz = G_MAXUINT64;
    expect_error(&elf, sizeof(elf), "wraps around");
    elf = make_elf();
    elf.phdr[0].p_memsz = 1;
    expect_error(&elf, sizeof(elf), "");
    elf = make_elf();
    elf.phdr[0].p_memsz = 16 * MIB;
    expect_error(&elf, sizeof(elf), "does not fit into memory");
    elf = make_elf();
    elf.phdr[0].p_paddr = 0x7000;
    elf.entry = 0x7000;
    expect_error(&elf, sizeof(elf), "below 1 MiB");
    elf = make_elf();
    elf.phdr[0].p_offset = G_MAXUINT64;
    expect_error(&elf, sizeof(elf), "cut off or damaged");
    elf = make_elf();
    elf.ehdr.e_phentsize = 1;
    expect_error(&elf, sizeof(elf), "the ELF header is damaged");
    elf = make_elf();
    elf.ehdr.e_phoff = G_MAXUINT64;
    expect_error(&elf, sizeof(elf), "the ELF header is damaged");
    elf = make_elf();
    elf.ehdr.e_ident[EI_DATA] = ELFDATA2MSB;
    expect_error(&elf, sizeof(elf), "not an ELF file for x86");
    elf = make_elf();
    for (gsize len = 1; len < sizeof(elf); len += 3) {
        expect_error(&elf, len, "");
    }
}

int main(int argc, char **argv)
{
    RamBlock *ram;
    Region *region;
    int status;

    g_test_init(&argc, &argv, NULL);
    event_init();
    dir = g_dir_make_tmp("vireo-kernel-XXXXXX", NULL);
    ram = ram_block_new("ram", memory.low_ram, NULL);
    region = region_new_ram("ram", ram, 0, memory.low_ram, FALSE);
    g_assert_true(address_map_add(address_map_memory(), region, 0, NULL));
    g_test_add_func("/firmware/bzimage", test_bzimage);
    g_test_add_func("/firmware/reload", test_reload);
    g_test_add_func("/firmware/kvmclock", test_kvmclock);
    g_test_add_func("/firmware/tell-tsc", test_tell_tsc);
    g_test_add_func("/firmware/bad-bzimage", test_bad_bzimage);
    g_test_add_func("/firmware/fixed-address", test_fixed_address);
    g_test_add_func("/firmware/limits", test_limits);
    g_test_add_func("/firmware/pvh", test_pvh);
    g_test_add_func("/firmware/memory-map", test_memory_map);
    g_test_add_func("/firmware/bad-pvh", test_bad_pvh);
    status = g_test_run();
    address_map_remove(region);
    region_free(region);
    ram_block_unref(ram);
    remove_dir();
    return status;
}
