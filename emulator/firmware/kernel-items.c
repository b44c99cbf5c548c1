/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places and header fields are those of QEMU, whose option ROM (linuxboot_dma.bin) goes
 * by them; OVMF puts setup and kernel together again and takes neither.
 */
#include "config.h"

#include "firmware/kernel-items.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/kernel-internal.h"
#include "hw/fw-cfg.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"

/* Offsets in the file (Documentation/arch/x86/boot.rst). */
#define HDR_SETUP_SECTS   0x1f1
#define HDR_VID_MODE      0x1fa
#define HDR_VERSION       0x206
#define HDR_LOADER_TYPE   0x210
#define HDR_LOADFLAGS     0x211
#define HDR_RAMDISK_IMAGE 0x218
#define HDR_RAMDISK_SIZE  0x21c
#define HDR_HEAP_END      0x224
#define HDR_CMD_LINE_PTR  0x228
#define HDR_INITRD_MAX    0x22c
#define HDR_XLOADFLAGS    0x236
#define HDR_CMDLINE_SIZE  0x238
#define HDR_END           0x23c /* of what is looked at */

#define MIN_VERSION        0x0206 /* Linux 2.6.22: it says how long its command line is */
#define VERSION_XLOADFLAGS 0x020c
#define LOADED_HIGH        0x01
#define CAN_USE_HEAP       0x80
#define XLF_ABOVE_4G       0x0002
#define LOADER_QEMU        0xb0
#define SECTOR             512

/* Where they go. */
#define SETUP_ADDR   0x10000u
#define CMDLINE_ADDR 0x20000u
#define KERNEL_ADDR  0x100000u
#define HEAP_SIZE    (CMDLINE_ADDR - SETUP_ADDR - 0x200)
#define TABLES_SIZE  0x28000u /* of ACPI's, which firmware has at the end of low RAM */

struct KernelItems {
    GBytes *setup, *kernel;
    GBytes *initrd; /* NULL: none */
    guint32 initrd_addr;
    char *cmdline;
};

static guint32 get(const guint8 *p, unsigned n)
{
    guint32 value = 0;

    memcpy(&value, p, n);
    return GUINT32_FROM_LE(value);
}

static void put(guint8 *p, guint32 value, unsigned n)
{
    value = GUINT32_TO_LE(value);
    memcpy(p, &value, n);
}

/* All of a regular file of at most max bytes. */
static GByteArray *read_file(const char *option, const char *path, guint64 max,
                             GError **errp)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    autofd int fd = path_open(path, O_RDONLY | O_NONBLOCK, 0); /* a FIFO waits */
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        error_set_errno(errp, errno, "%s '%s': cannot open", option, path);
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        error_set(errp, "%s '%s': not a regular file", option, path);
        return NULL;
    }
    if ((guint64)st.st_size > max) {
        error_set(errp,
                  "%s '%s': %" G_GUINT64_FORMAT " bytes do not fit into memory "
                  "(-m is too small?)",
                  option, path, (guint64)st.st_size);
        return NULL;
    }
    if (!fd_read_up_to(fd, (gsize)st.st_size, bytes)) {
        error_set_errno(errp, errno, "%s '%s': cannot read", option, path);
        return NULL;
    }
    if (bytes->len != (guint64)st.st_size) {
        error_set(errp, "%s '%s': cannot read: its size changes", option, path);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

static gboolean check_header(const char *path, const GByteArray *file,
                             const char *cmdline, GError **errp)
{
    guint32 version;

    if (!bzimage_probe(file->data, file->len)) {
        return error_set(errp, "-kernel '%s': firmware takes a bzImage only", path);
    }
    version = get(file->data + HDR_VERSION, 2);
    if (version < MIN_VERSION) {
        return error_set(errp,
                         "-kernel '%s': boot protocol %u.%02u, older than 2.06 (Linux "
                         "2.6.22)",
                         path, version >> 8, version & 0xff);
    }
    if (!(file->data[HDR_LOADFLAGS] & LOADED_HIGH)) {
        return error_set(errp, "-kernel '%s': is a zImage", path);
    }
    if (strlen(cmdline) > MIN(get(file->data + HDR_CMDLINE_SIZE, 4), BOOT_CMDLINE_MAX)) {
        return error_set(errp,
                         "-append: %" G_GSIZE_FORMAT
                         " characters, more than the kernel's limit of %u",
                         strlen(cmdline),
                         MIN(get(file->data + HDR_CMDLINE_SIZE, 4), BOOT_CMDLINE_MAX));
    }
    return TRUE;
}

/* "vga=": a mode of the kernel's setup code, which takes it from its header alone. */
static void set_video_mode(guint8 *setup, const char *cmdline)
{
    static const struct {
        const char *name;
        guint16 mode;
    } named[] = { { "normal", 0xffff }, { "ext", 0xfffe }, { "ask", 0xfffd } };
    const char *value = strstr(cmdline, "vga=");

    if (!value) {
        return;
    }
    value += strlen("vga=");
    for (guint i = 0; i < G_N_ELEMENTS(named); i++) {
        if (g_str_has_prefix(value, named[i].name)) {
            put(setup + HDR_VID_MODE, named[i].mode, 2);
            return;
        }
    }
    put(setup + HDR_VID_MODE, (guint32)g_ascii_strtoull(value, NULL, 0), 2);
}

static gboolean split(KernelItems *items, const char *path, const GByteArray *file,
                      guint64 low_ram, GError **errp)
{
    guint sectors = file->data[HDR_SETUP_SECTS] ? file->data[HDR_SETUP_SECTS] : 4;
    guint size = (sectors + 1) * SECTOR;
    g_autofree guint8 *setup = NULL;

    if (size > CMDLINE_ADDR - SETUP_ADDR || size < HDR_END || size >= file->len) {
        return error_set(errp, "-kernel '%s': the file is cut off or damaged", path);
    }
    if (KERNEL_ADDR + (guint64)(file->len - size) > low_ram) {
        return error_set(errp, "-kernel '%s': does not fit into memory (-m is too small)",
                         path);
    }
    setup = g_memdup2(file->data, size);
    set_video_mode(setup, items->cmdline);
    setup[HDR_LOADER_TYPE] = LOADER_QEMU;
    setup[HDR_LOADFLAGS] |= CAN_USE_HEAP;
    put(setup + HDR_HEAP_END, HEAP_SIZE, 2);
    put(setup + HDR_CMD_LINE_PTR, CMDLINE_ADDR, 4);
    if (items->initrd) {
        put(setup + HDR_RAMDISK_IMAGE, items->initrd_addr, 4);
        put(setup + HDR_RAMDISK_SIZE, (guint32)g_bytes_get_size(items->initrd), 4);
    }
    items->setup = g_bytes_new_take(g_steal_pointer(&setup), size);
    items->kernel = g_bytes_new(file->data + size, file->len - size);
    return TRUE;
}

/* The highest address of its last byte. */
static guint32 initrd_max(const guint8 *header, guint64 low_ram)
{
    gboolean anywhere = get(header + HDR_VERSION, 2) >= VERSION_XLOADFLAGS &&
                        get(header + HDR_XLOADFLAGS, 2) & XLF_ABOVE_4G;
    guint32 max = anywhere ? G_MAXUINT32 : get(header + HDR_INITRD_MAX, 4);

    return max >= low_ram - TABLES_SIZE ? (guint32)(low_ram - TABLES_SIZE - 1) : max;
}

/* As high as kernel and tables allow. */
static gboolean add_initrd(KernelItems *items, const char *path, const GByteArray *kernel,
                           guint64 low_ram, GError **errp)
{
    guint32 max = initrd_max(kernel->data, low_ram), end = KERNEL_ADDR + kernel->len;
    GByteArray *file = read_file("-initrd", path, low_ram, errp);

    if (!file) {
        return FALSE;
    }
    items->initrd = g_byte_array_free_to_bytes(file);
    if (g_bytes_get_size(items->initrd) >= max) {
        return error_set(errp,
                         "-initrd '%s': initrd is too large, cannot support. (max: %u, "
                         "need %" G_GSIZE_FORMAT ")",
                         path, max, g_bytes_get_size(items->initrd));
    }
    items->initrd_addr = (max - (guint32)g_bytes_get_size(items->initrd)) & ~4095u;
    return items->initrd_addr >= end ||
           error_set(errp,
                     "-initrd '%s': %" G_GSIZE_FORMAT
                     " bytes do not fit between the kernel's end at %u MiB and %u MiB "
                     "(-m is too small?)",
                     path, g_bytes_get_size(items->initrd), end >> 20, max >> 20);
}

static gboolean load(KernelItems *items, const char *path, const char *initrd,
                     guint64 low_ram, GError **errp)
{
    g_autoptr(GByteArray) file = read_file("-kernel", path, low_ram, errp);

    return file && check_header(path, file, items->cmdline, errp) &&
           (!initrd || add_initrd(items, initrd, file, low_ram, errp)) &&
           split(items, path, file, low_ram, errp);
}

KernelItems *kernel_items_new(const char *path, const char *initrd, const char *cmdline,
                              guint64 low_ram, GError **errp)
{
    KernelItems *items = g_new0(KernelItems, 1);

    items->cmdline = g_strdup(cmdline ? cmdline : "");
    if (!load(items, path, initrd, low_ram, errp)) {
        g_clear_pointer(&items, kernel_items_free);
    }
    return items;
}

void kernel_items_free(KernelItems *items)
{
    if (items) {
        g_clear_pointer(&items->setup, g_bytes_unref);
        g_clear_pointer(&items->kernel, g_bytes_unref);
        g_clear_pointer(&items->initrd, g_bytes_unref);
        g_free(items->cmdline);
        g_free(items);
    }
}

void kernel_items_set(const KernelItems *items, Device *fw_cfg)
{
    gsize cmdline = strlen(items->cmdline) + 1;

    fw_cfg_set_number(fw_cfg, FW_CFG_CMDLINE_ADDR, CMDLINE_ADDR, 4);
    fw_cfg_set_number(fw_cfg, FW_CFG_CMDLINE_SIZE, cmdline, 4);
    fw_cfg_set_bytes(fw_cfg, FW_CFG_CMDLINE_DATA, items->cmdline, cmdline);
    if (items->initrd) {
        fw_cfg_set_number(fw_cfg, FW_CFG_INITRD_ADDR, items->initrd_addr, 4);
        fw_cfg_set_number(fw_cfg, FW_CFG_INITRD_SIZE, g_bytes_get_size(items->initrd), 4);
        fw_cfg_take_bytes(fw_cfg, FW_CFG_INITRD_DATA, g_bytes_ref(items->initrd));
    }
    fw_cfg_set_number(fw_cfg, FW_CFG_KERNEL_ADDR, KERNEL_ADDR, 4);
    fw_cfg_set_number(fw_cfg, FW_CFG_KERNEL_SIZE, g_bytes_get_size(items->kernel), 4);
    fw_cfg_take_bytes(fw_cfg, FW_CFG_KERNEL_DATA, g_bytes_ref(items->kernel));
    fw_cfg_set_number(fw_cfg, FW_CFG_SETUP_ADDR, SETUP_ADDR, 4);
    fw_cfg_set_number(fw_cfg, FW_CFG_SETUP_SIZE, g_bytes_get_size(items->setup), 4);
    fw_cfg_take_bytes(fw_cfg, FW_CFG_SETUP_DATA, g_bytes_ref(items->setup));
}
