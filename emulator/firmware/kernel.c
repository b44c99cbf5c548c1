/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both kinds of kernels have in common: files, placement, the memory map.
 *
 * #syscalls main: openat pread64
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/kernel-internal.h"
#include "memory/guest.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"

#define HEAD_SIZE 4096

/* Regular files only: their size is needed, and they can be read again. */
static int open_file(const char *option, const char *path, guint64 *size, GError **errp)
{
    autofd int fd = path_open(path, O_RDONLY | O_NONBLOCK, 0); /* a FIFO waits */
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        error_set_errno(errp, errno, "%s '%s': cannot open", option, path);
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        error_set(errp, "%s '%s': not a regular file", option, path);
        return -1;
    }
    *size = st.st_size;
    return fd_steal(&fd);
}

gboolean kernel_pread(const Kernel *kernel, void *buf, gsize len, guint64 offset,
                      GError **errp)
{
    guint8 *p = buf;

    if (offset > kernel->size || len > kernel->size - offset) {
        return error_set(errp, "-kernel '%s': the file is cut off", kernel->path);
    }
    while (len) {
        ssize_t n = pread(kernel->fd, p, len, offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_set_errno(errp, errno, "-kernel '%s': cannot read",
                                   kernel->path);
        }
        if (n == 0) {
            return error_set(errp, "-kernel '%s': the file is cut off", kernel->path);
        }
        p += n;
        offset += n;
        len -= n;
    }
    return TRUE;
}

/* File contents straight into guest memory. */
static gboolean load_file(int fd, const char *option, const char *path, guint64 offset,
                          guint64 size, guint64 address, GError **errp)
{
    GuestPin pin = { 0 };
    guint64 done = 0;
    gboolean ok = TRUE;

    if (size == 0) {
        return TRUE;
    }
    if (!guest_pin(dma_space_memory(), &pin, address, size, TRUE)) {
        return error_set(errp, "%s '%s': no memory at 0x%" G_GINT64_MODIFIER "x", option,
                         path, address);
    }
    while (ok && done < size) {
        ssize_t n = pread(fd, (guint8 *)pin.host + done, size - done, offset + done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            ok = error_set_errno(errp, errno, "%s '%s': cannot read", option, path);
        } else if (n == 0) {
            ok = error_set(errp, "%s '%s': the file is cut off", option, path);
        } else {
            done += n;
        }
    }
    guest_pin_dirty(&pin, 0, size);
    guest_unpin(&pin);
    return ok;
}

static gboolean zero_memory(const Kernel *kernel, guint64 address, guint64 size,
                            GError **errp)
{
    GuestPin pin = { 0 };

    if (size == 0) {
        return TRUE;
    }
    if (!guest_pin(dma_space_memory(), &pin, address, size, TRUE)) {
        return error_set(errp, "-kernel '%s': no memory at 0x%" G_GINT64_MODIFIER "x",
                         kernel->path, address);
    }
    memset(pin.host, 0, size);
    guest_pin_dirty(&pin, 0, size);
    guest_unpin(&pin);
    return TRUE;
}

gboolean kernel_write(guint64 address, const void *data, gsize len, GError **errp)
{
    if (!guest_write(dma_space_memory(), address, data, len)) {
        return error_set(errp, "-kernel: no memory at 0x%" G_GINT64_MODIFIER "x",
                         address);
    }
    return TRUE;
}

unsigned e820_build(const BootMemory *memory, E820Entry entries[E820_MAX])
{
    unsigned n = 0;

    entries[n++] = (E820Entry){ 0, MIN(memory->low_ram, BOOT_LOW_END), 1 };
    entries[n++] = (E820Entry){ BOOT_RESERVED, BOOT_HIGH_START - BOOT_RESERVED, 2 };
    if (memory->low_ram > BOOT_HIGH_START) {
        entries[n++] =
            (E820Entry){ BOOT_HIGH_START, memory->low_ram - BOOT_HIGH_START, 1 };
    }
    if (memory->reserved_size) {
        entries[n++] = (E820Entry){ memory->reserved_base, memory->reserved_size, 2 };
    }
    if (memory->high_ram) {
        entries[n++] = (E820Entry){ FOUR_GIB, memory->high_ram, 1 };
    }
    return n;
}

/* As high as the kernel allows, on a page of its own. */
static gboolean place_initrd(Kernel *kernel, GError **errp)
{
    guint64 top = MIN(kernel->memory.low_ram, kernel->initrd_max + 1);

    if (kernel->initrd_size == 0) {
        return TRUE;
    }
    if (kernel->initrd_size > top ||
        ((top - kernel->initrd_size) & ~(guint64)4095) < kernel->end) {
        return error_set(
            errp,
            "-initrd '%s': %" G_GUINT64_FORMAT
            " bytes do not fit between the kernel's end at %" G_GUINT64_FORMAT
            " MiB and %" G_GUINT64_FORMAT " MiB (-m is too small?)",
            kernel->initrd_path, kernel->initrd_size, kernel->end >> 20, top >> 20);
    }
    kernel->initrd_addr = (top - kernel->initrd_size) & ~(guint64)4095;
    return TRUE;
}

static gboolean check_segments(const Kernel *kernel, GError **errp)
{
    for (guint i = 0; i < kernel->segments->len; i++) {
        const Segment *s = &g_array_index(kernel->segments, Segment, i);
        guint64 end;

        if (__builtin_add_overflow(s->file_offset, s->file_size, &end) ||
            end > kernel->size || s->file_size > s->memory_size) {
            return error_set(errp, "-kernel '%s': the file is cut off or damaged",
                             kernel->path);
        }
        if (s->address < BOOT_HIGH_START) {
            return error_set(
                errp, "-kernel '%s': a segment at 0x%" G_GINT64_MODIFIER "x, below 1 MiB",
                kernel->path, s->address);
        }
        if (__builtin_add_overflow(s->address, s->memory_size, &end) ||
            end > kernel->memory.low_ram) {
            return error_set(errp,
                             "-kernel '%s': a segment of %" G_GUINT64_FORMAT
                             " bytes at 0x%" G_GINT64_MODIFIER
                             "x does not fit into memory (-m is too small?)",
                             kernel->path, s->memory_size, s->address);
        }
    }
    if (kernel->end > kernel->memory.low_ram) {
        return error_set(errp,
                         "-kernel '%s': needs memory up to %" G_GUINT64_FORMAT
                         " MiB to start (-m is too small)",
                         kernel->path, (kernel->end + 0xfffff) >> 20);
    }
    return TRUE;
}

static gboolean parse_image(Kernel *kernel, GError **errp)
{
    g_autofree guint8 *head = g_malloc0(HEAD_SIZE);
    gsize len = MIN(kernel->size, HEAD_SIZE);

    if (!kernel_pread(kernel, head, len, 0, errp)) {
        return FALSE;
    }
    if (pvh_probe(head, len)) {
        return pvh_open(kernel, head, len, errp);
    }
    if (bzimage_probe(head, len)) {
        return bzimage_open(kernel, head, len, errp);
    }
    return error_set(errp,
                     "-kernel '%s': neither a bzImage nor an ELF file with a PVH "
                     "entry point",
                     kernel->path);
}

static gboolean check_cmdline(const Kernel *kernel, GError **errp)
{
    gsize len = strlen(kernel->cmdline);

    if (len > kernel_cmdline_limit(kernel)) {
        return error_set(
            errp,
            "-append: %" G_GSIZE_FORMAT
            " characters, more than the kernel's limit of %" G_GUINT64_FORMAT,
            len, kernel_cmdline_limit(kernel));
    }
    return TRUE;
}

Kernel *kernel_open(const char *path, const char *initrd, const char *cmdline,
                    const BootMemory *memory, GError **errp)
{
    g_autoptr(Kernel) kernel = g_new0(Kernel, 1);

    kernel->memory = *memory;
    kernel->path = g_strdup(path);
    kernel->initrd_path = g_strdup(initrd);
    kernel->cmdline = g_strdup(cmdline ? cmdline : "");
    kernel->initrd_fd = -1;
    kernel->initrd_max = FOUR_GIB - 1;
    kernel->cmdline_max = BOOT_CMDLINE_MAX - 1;
    kernel->segments = g_array_new(FALSE, FALSE, sizeof(Segment));
    kernel->fd = open_file("-kernel", path, &kernel->size, errp);
    if (kernel->fd < 0 || !parse_image(kernel, errp) || !check_segments(kernel, errp)) {
        return NULL;
    }
    if (initrd) {
        kernel->initrd_fd = open_file("-initrd", initrd, &kernel->initrd_size, errp);
        if (kernel->initrd_fd < 0) {
            return NULL;
        }
    }
    if (!place_initrd(kernel, errp) || !check_cmdline(kernel, errp)) {
        return NULL;
    }
    return g_steal_pointer(&kernel);
}

void kernel_free(Kernel *kernel)
{
    if (!kernel) {
        return;
    }
    fd_clear(&kernel->fd);
    fd_clear(&kernel->initrd_fd);
    g_array_unref(kernel->segments);
    g_clear_pointer(&kernel->setup_header, g_bytes_unref);
    g_free(kernel->path);
    g_free(kernel->initrd_path);
    g_free(kernel->cmdline);
    g_free(kernel->told);
    g_free(kernel);
}

gboolean kernel_load(const Kernel *kernel, BootState *boot, GError **errp)
{
    const char *cmdline = kernel->told ? kernel->told : kernel->cmdline;

    memset(boot, 0, sizeof(*boot));
    for (guint i = 0; i < kernel->segments->len; i++) {
        const Segment *s = &g_array_index(kernel->segments, Segment, i);

        if (!load_file(kernel->fd, "-kernel", kernel->path, s->file_offset, s->file_size,
                       s->address, errp) ||
            !zero_memory(kernel, s->address + s->file_size, s->memory_size - s->file_size,
                         errp)) {
            return FALSE;
        }
    }
    if (!load_file(kernel->initrd_fd, "-initrd", kernel->initrd_path, 0,
                   kernel->initrd_size, kernel->initrd_addr, errp) ||
        !kernel_write(BOOT_CMDLINE, cmdline, strlen(cmdline) + 1, errp)) {
        return FALSE;
    }
    boot->valid = TRUE;
    boot->entry = kernel->entry;
    boot->stack = BOOT_STACK;
    return kernel->setup_header ? bzimage_start(kernel, boot, errp)
                                : pvh_start(kernel, boot, errp);
}
