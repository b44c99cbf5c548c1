/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bzImage: the x86 boot protocol (Linux, Documentation/arch/x86/boot.rst), entered
 * in 64-bit mode as "64-bit boot protocol" says: identity-mapped page tables, flat
 * segments 0x10 and 0x18, the zero page in rsi.
 */
#include "config.h"

#include <string.h>

#include "firmware/kernel-internal.h"
#include "util/error.h"

/* Offsets in the file; those of the header are the zero page's, too. */
#define HDR_SETUP_SECTS   0x1f1
#define HDR_BOOT_FLAG     0x1fe
#define HDR_JUMP_LENGTH   0x201
#define HDR_MAGIC         0x202
#define HDR_VERSION       0x206
#define HDR_LOADER_TYPE   0x210
#define HDR_LOADFLAGS     0x211
#define HDR_RAMDISK_IMAGE 0x218
#define HDR_RAMDISK_SIZE  0x21c
#define HDR_CMD_LINE_PTR  0x228
#define HDR_INITRD_MAX    0x22c
#define HDR_RELOCATABLE   0x234
#define HDR_XLOADFLAGS    0x236
#define HDR_CMDLINE_SIZE  0x238
#define HDR_PREF_ADDRESS  0x258
#define HDR_INIT_SIZE     0x260
#define HDR_MIN_END       0x264
#define HDR_MAX_END       0x290 /* what follows in the zero page is not header */

#define ZP_ACPI_RSDP    0x070
#define ZP_E820_ENTRIES 0x1e8
#define ZP_E820_TABLE   0x2d0
#define ZP_SIZE         4096

#define BOOT_FLAG        0xaa55
#define MIN_VERSION      0x020c
#define LOADED_HIGH      0x01
#define XLF_KERNEL_64    0x0001
#define LOADER_UNDEFINED 0xff
#define ENTRY_64         0x200
#define SECTOR           512

static guint16 get16(const guint8 *p)
{
    return p[0] | p[1] << 8;
}

static guint32 get32(const guint8 *p)
{
    return get16(p) | (guint32)get16(p + 2) << 16;
}

static guint64 get64(const guint8 *p)
{
    return get32(p) | (guint64)get32(p + 4) << 32;
}

static void put32(guint8 *p, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(p, &value, sizeof(value));
}

static void put64(guint8 *p, guint64 value)
{
    value = GUINT64_TO_LE(value);
    memcpy(p, &value, sizeof(value));
}

gboolean bzimage_probe(const guint8 *head, gsize len)
{
    return len >= HDR_MIN_END && get16(head + HDR_BOOT_FLAG) == BOOT_FLAG &&
           memcmp(head + HDR_MAGIC, "HdrS", 4) == 0;
}

static gboolean check_header(const Kernel *kernel, const guint8 *head, GError **errp)
{
    guint16 version = get16(head + HDR_VERSION);

    if (version < MIN_VERSION) {
        return error_set(
            errp, "-kernel '%s': boot protocol %u.%02u, older than 2.12 (Linux 3.8)",
            kernel->path, version >> 8, version & 0xff);
    }
    if (!(get16(head + HDR_XLOADFLAGS) & XLF_KERNEL_64)) {
        return error_set(errp, "-kernel '%s': has no 64-bit entry point", kernel->path);
    }
    if (!(head[HDR_LOADFLAGS] & LOADED_HIGH)) {
        return error_set(errp, "-kernel '%s': is a zImage", kernel->path);
    }
    return TRUE;
}

gboolean bzimage_open(Kernel *kernel, const guint8 *head, gsize len, GError **errp)
{
    guint64 setup = ((head[HDR_SETUP_SECTS] ? head[HDR_SETUP_SECTS] : 4) + 1) * SECTOR;
    guint64 preferred = get64(head + HDR_PREF_ADDRESS), needed;
    guint64 address = head[HDR_RELOCATABLE] ? BOOT_HIGH_START : preferred;
    gsize end = HDR_MAGIC + head[HDR_JUMP_LENGTH];
    Segment image;

    if (!check_header(kernel, head, errp)) {
        return FALSE;
    }
    if (kernel->size <= setup + ENTRY_64) {
        return error_set(errp, "-kernel '%s': the file is cut off", kernel->path);
    }
    if (__builtin_add_overflow(MAX(preferred, address),
                               (guint64)get32(head + HDR_INIT_SIZE), &needed)) {
        return error_set(errp, "-kernel '%s': the header is damaged", kernel->path);
    }
    image.file_offset = setup;
    image.file_size = image.memory_size = kernel->size - setup;
    image.address = address;
    g_array_append_val(kernel->segments, image);
    kernel->entry = address + ENTRY_64;
    if (__builtin_add_overflow(address, image.memory_size, &kernel->end)) {
        return error_set(errp, "-kernel '%s': the header is damaged", kernel->path);
    }
    kernel->end = MAX(kernel->end, needed);
    kernel->initrd_max = get32(head + HDR_INITRD_MAX);
    kernel->cmdline_max = get32(head + HDR_CMDLINE_SIZE);
    end = MIN(CLAMP(end, HDR_MIN_END, HDR_MAX_END), len);
    kernel->setup_header = g_bytes_new(head + HDR_SETUP_SECTS, end - HDR_SETUP_SECTS);
    return TRUE;
}

static void fill_zero_page(const Kernel *kernel, guint8 *zp)
{
    E820Entry map[E820_MAX];
    unsigned n = e820_build(&kernel->memory, map);
    gsize len;
    const void *header = g_bytes_get_data(kernel->setup_header, &len);

    memcpy(zp + HDR_SETUP_SECTS, header, len);
    zp[HDR_LOADER_TYPE] = LOADER_UNDEFINED;
    put32(zp + HDR_CMD_LINE_PTR, BOOT_CMDLINE);
    put32(zp + HDR_RAMDISK_IMAGE, kernel->initrd_addr);
    put32(zp + HDR_RAMDISK_SIZE, kernel->initrd_size);
    put64(zp + ZP_ACPI_RSDP, kernel->memory.rsdp);
    zp[ZP_E820_ENTRIES] = n;
    for (unsigned i = 0; i < n; i++) {
        guint8 *entry = zp + ZP_E820_TABLE + i * 20;

        put64(entry, map[i].address);
        put64(entry + 8, map[i].size);
        put32(entry + 16, map[i].type);
    }
}

/* The first 4 GiB, one to one, in pages of 2 MiB. */
static gboolean write_page_tables(GError **errp)
{
    enum { PRESENT = 1, WRITABLE = 2, LARGE = 0x80, PAGE = 4096, ENTRIES = 512, GIB = 4 };
    g_autofree guint64 *tables = g_malloc0((2 + GIB) * PAGE);
    guint64 *pml4 = tables, *pdpt = tables + ENTRIES, *pd = tables + 2 * ENTRIES;

    pml4[0] = GUINT64_TO_LE((BOOT_PAGE_TABLES + PAGE) | PRESENT | WRITABLE);
    for (guint64 i = 0; i < GIB; i++) {
        pdpt[i] = GUINT64_TO_LE((BOOT_PAGE_TABLES + (2 + i) * PAGE) | PRESENT | WRITABLE);
    }
    for (guint64 i = 0; i < GIB * ENTRIES; i++) {
        pd[i] = GUINT64_TO_LE(i << 21 | PRESENT | WRITABLE | LARGE);
    }
    return kernel_write(BOOT_PAGE_TABLES, tables, (2 + GIB) * PAGE, errp);
}

gboolean bzimage_start(const Kernel *kernel, BootState *boot, GError **errp)
{
    /* Null, unused, 64-bit code (0x10), data (0x18): all flat. */
    static const guint64 gdt[] = { 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff };
    guint64 gdt_le[G_N_ELEMENTS(gdt)];
    guint8 zero_page[ZP_SIZE] = { 0 };

    fill_zero_page(kernel, zero_page);
    for (guint i = 0; i < G_N_ELEMENTS(gdt); i++) {
        gdt_le[i] = GUINT64_TO_LE(gdt[i]);
    }
    if (!kernel_write(BOOT_ZERO_PAGE, zero_page, sizeof(zero_page), errp) ||
        !kernel_write(BOOT_GDT, gdt_le, sizeof(gdt_le), errp) ||
        !write_page_tables(errp)) {
        return FALSE;
    }
    boot->long_mode = TRUE;
    boot->rsi = BOOT_ZERO_PAGE;
    boot->cr3 = BOOT_PAGE_TABLES;
    boot->gdt_base = BOOT_GDT;
    boot->gdt_limit = sizeof(gdt) - 1;
    return TRUE;
}
