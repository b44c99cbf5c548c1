/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM blocks: mapping, references, and the registry whose order is that of the
 * migration stream. Anonymous memory is aligned to huge pages, so that KVM can map
 * it with them.
 *
 * #syscalls main: munmap madvise
 */
#include "memory/ram.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/discard.h"
#include "memory/map-internal.h"
#include "util/error.h"

#define HUGE_ALIGN (2u << 20)

static GPtrArray *registered;
static guint64 guest_size;

/* Maps at an address that is a multiple of align; MAP_FAILED with errno. */
static void *map_aligned(guint64 size, guint64 align, int prot, int flags, int fd,
                         guint64 fd_offset)
{
    guint64 total;
    if (__builtin_add_overflow(size, align, &total)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    guint8 *area =
        mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) {
        return MAP_FAILED;
    }
    guint64 head = (align - ((guintptr)area & (align - 1))) & (align - 1);
    guint8 *host = mmap(area + head, size, prot, flags | MAP_FIXED, fd, (off_t)fd_offset);
    if (host == MAP_FAILED) {
        int saved = errno;
        munmap(area, total);
        errno = saved;
        return MAP_FAILED;
    }
    if (head) {
        munmap(area, head);
    }
    munmap(host + size, total - head - size);
    return host;
}

RamBlock *ram_block_map(const char *name, guint64 size, int fd, guint64 fd_offset,
                        int flags, gboolean readonly, GError **errp)
{
    guint64 page = fd >= 0 ? ram_fd_page_size(fd) : RAM_PAGE_SIZE;
    guint64 align = MAX(page, size >= HUGE_ALIGN ? HUGE_ALIGN : RAM_PAGE_SIZE);
    if (!size || size % RAM_PAGE_SIZE || size > G_MAXINT64) {
        error_set(errp,
                  "RAM block '%s': size %" G_GUINT64_FORMAT " is not a multiple of %u",
                  name, size, RAM_PAGE_SIZE);
        return NULL;
    }
    int prot = readonly ? PROT_READ : PROT_READ | PROT_WRITE;
    void *host = map_aligned(size, align, prot, flags, fd, fd_offset);
    if (host == MAP_FAILED) {
        error_set_errno(errp, errno,
                        "cannot set up guest memory '%s' (%" G_GUINT64_FORMAT " bytes)",
                        name, size);
        return NULL;
    }
    RamBlock *block = g_new0(RamBlock, 1);
    block->name = g_strdup(name);
    block->host = host;
    block->size = size;
    block->fd = fd;
    block->fd_offset = fd_offset;
    block->page_size = page;
    block->shared = (flags & MAP_SHARED) != 0;
    block->refs = 1;
    madvise(host, size, MADV_DONTFORK);
    if (fd < 0 && size > HUGE_ALIGN) {
        /* Firmware, loaders and tables use little of the first: no 2 MiB are cleared. */
        madvise((guint8 *)host + HUGE_ALIGN, size - HUGE_ALIGN, MADV_HUGEPAGE);
    }
    ram_hole_watch(block);
    return block;
}

RamBlock *ram_block_new(const char *name, guint64 size, GError **errp)
{
    return ram_block_map(name, size, -1, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                         FALSE, errp);
}

RamBlock *ram_block_new_copy(const char *name, guint64 size, int fd, guint64 bytes,
                             GError **errp)
{
    g_autoptr(RamBlock) block = ram_block_new(name, size, errp);

    g_assert(bytes && bytes <= size);
    if (!block) {
        return NULL;
    }
    if (mmap(block->host, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, 0) == MAP_FAILED) {
        error_set_errno(errp, errno, "cannot map the file of '%s'", name);
        return NULL;
    }
    madvise(block->host, bytes, MADV_DONTFORK);
    return g_steal_pointer(&block);
}

void ram_block_leave_out_of_core(const RamBlock *block)
{
    madvise(block->host, block->size, MADV_DONTDUMP);
}

RamBlock *ram_block_ref(RamBlock *block)
{
    g_atomic_int_inc(&block->refs);
    return block;
}

void ram_block_unref(RamBlock *block)
{
    if (!block || !g_atomic_int_dec_and_test(&block->refs)) {
        return;
    }
    ram_hole_unwatch(block);
    munmap(block->host, block->size);
    if (block->fd >= 0) {
        close(block->fd);
    }
    g_free(block->dirty);
    g_free(block->given_back);
    g_free(block->name);
    g_free(block);
}

RamBlock *ram_block_find(const char *name)
{
    for (guint i = 0; registered && i < registered->len; i++) {
        RamBlock *block = g_ptr_array_index(registered, i);
        if (g_str_equal(block->name, name)) {
            return block;
        }
    }
    return NULL;
}

void ram_set_guest_size(guint64 size)
{
    guest_size = size;
}

guint64 ram_guest_size(void)
{
    return guest_size;
}

gboolean ram_lock_all(GError **errp)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) {
        return error_set_errno(errp, errno, "cannot lock memory");
    }
    discard_forbid();
    return TRUE;
}

gboolean ram_block_register(RamBlock *block, GError **errp)
{
    if (ram_block_find(block->name)) {
        return error_set(errp, "RAM block '%s' exists already", block->name);
    }
    if (!registered) {
        registered = g_ptr_array_new();
    }
    g_ptr_array_add(registered, ram_block_ref(block));
    dirty_log_block_added(block);
    return TRUE;
}

void ram_block_unregister(RamBlock *block)
{
    gboolean known = registered && g_ptr_array_remove(registered, block);
    g_assert(known);
    if (!registered->len) {
        g_clear_pointer(&registered, g_ptr_array_unref);
    }
    dirty_log_block_removed(block);
    ram_block_unref(block);
}

void ram_block_foreach(void (*fn)(RamBlock *block, void *opaque), void *opaque)
{
    for (guint i = 0; registered && i < registered->len; i++) {
        fn(g_ptr_array_index(registered, i), opaque);
    }
}
