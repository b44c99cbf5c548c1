/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main,io: madvise fallocate
 * #syscalls migration: lseek
 */
#include "memory/discard.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/bitmap.h"
#include "util/error.h"

static guint forbidden;

void discard_forbid(void)
{
    forbidden++;
}

void discard_allow(void)
{
    g_assert(forbidden);
    forbidden--;
}

gboolean discard_allowed(void)
{
    return forbidden == 0;
}

/* Made by the first discard; goes with the block. */
static unsigned long *given_back(RamBlock *block)
{
    unsigned long *map = __atomic_load_n(&block->given_back, __ATOMIC_ACQUIRE);

    if (!map) {
        g_autofree unsigned long *fresh = bitmap_new(block->size >> RAM_PAGE_BITS);
        if (__atomic_compare_exchange_n(&block->given_back, &map, fresh, FALSE,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            map = g_steal_pointer(&fresh);
        }
    }
    return map;
}

static gboolean give_back(const RamBlock *block, guint64 offset, guint64 length)
{
    if (block->fd < 0) {
        return madvise(block->host + offset, length, MADV_DONTNEED) == 0;
    }
    return fallocate(block->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     (off_t)(block->fd_offset + offset), (off_t)length) == 0;
}

gboolean ram_block_discard(RamBlock *block, guint64 offset, guint64 length, GError **errp)
{
    guint64 page = block->fd >= 0 ? block->page_size : RAM_PAGE_SIZE;
    guint64 first = (offset + page - 1) / page * page;
    guint64 end = (offset + length) / page * page;

    g_assert(offset + length <= block->size);
    if (!discard_allowed() || first >= end) {
        return FALSE;
    }
    if (block->fd >= 0 && !block->shared) {
        return error_set(errp, "'%s' is a private copy of a file", block->name);
    }
    if (!give_back(block, first, end - first)) {
        return error_set_errno(errp, errno, "cannot give memory of '%s' back",
                               block->name);
    }
    bitmap_set_range_atomic(given_back(block), first >> RAM_PAGE_BITS,
                            (end - first) >> RAM_PAGE_BITS);
    ram_block_mark_dirty(block, first, end - first);
    return TRUE;
}

void ram_block_reuse(RamBlock *block, guint64 offset, guint64 length)
{
    unsigned long *map = __atomic_load_n(&block->given_back, __ATOMIC_ACQUIRE);
    gsize end = (offset + length + RAM_PAGE_SIZE - 1) >> RAM_PAGE_BITS;

    for (gsize i = offset >> RAM_PAGE_BITS; map && i < end; i++) {
        __atomic_fetch_and(&map[i / BITS_PER_LONG], ~BIT_MASK(i), __ATOMIC_RELAXED);
    }
}

gboolean ram_block_is_hole(const RamBlock *block, gsize page)
{
    const unsigned long *map = __atomic_load_n(&block->given_back, __ATOMIC_ACQUIRE);
    off_t at = (off_t)(block->fd_offset + ((guint64)page << RAM_PAGE_BITS));

    if (!map || block->fd < 0 ||
        !(__atomic_load_n(&map[page / BITS_PER_LONG], __ATOMIC_RELAXED) &
          BIT_MASK(page))) {
        return FALSE;
    }
    off_t data = lseek(block->fd, at, SEEK_DATA);
    return data < 0 ? errno == ENXIO : data >= at + (off_t)RAM_PAGE_SIZE;
}
