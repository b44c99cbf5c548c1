/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty tracking. A bitmap exists while logging is on; it is published and taken
 * away under RCU, so that whoever marks needs no lock. A grace period after
 * publishing makes sure that a writer who saw no bitmap has finished its write
 * before logging counts as started.
 */
#include "event/lock.h"
#include "event/turn.h"
#include "memory/map-internal.h"
#include "util/bitmap.h"

static gboolean active; /* under the machine lock */

gboolean dirty_log_active(void)
{
    return active;
}

static gsize block_pages(const RamBlock *block)
{
    return block->size >> RAM_PAGE_BITS;
}

static void publish_bitmap(RamBlock *block, void *opaque)
{
    unsigned long *map = bitmap_new(block_pages(block));
    rcu_publish(&block->dirty, map);
}

static void collect_bitmap(RamBlock *block, void *opaque)
{
    if (block->dirty) {
        g_ptr_array_add(opaque, block->dirty);
        rcu_publish(&block->dirty, NULL);
    }
}

static void drop_bitmaps(void)
{
    g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func(g_free);
    ram_block_foreach(collect_bitmap, old);
    rcu_wait();
}

gboolean dirty_log_start(GError **errp)
{
    g_assert(machine_lock_held() && !active);
    ram_block_foreach(publish_bitmap, NULL);
    rcu_wait();
    if (!address_map_log_start(errp)) {
        drop_bitmaps();
        return FALSE;
    }
    active = TRUE;
    return TRUE;
}

void dirty_log_stop(void)
{
    g_assert(machine_lock_held());
    if (!active) {
        return;
    }
    active = FALSE;
    address_map_log_stop();
    drop_bitmaps();
}

void dirty_log_block_added(RamBlock *block)
{
    if (active) {
        publish_bitmap(block, NULL);
        bitmap_set_range_atomic(block->dirty, 0, block_pages(block)); /* all is news */
        rcu_wait();
    }
}

void dirty_log_block_removed(RamBlock *block)
{
    if (block->dirty) {
        unsigned long *map = block->dirty;
        rcu_publish(&block->dirty, NULL);
        rcu_wait();
        g_free(map);
    }
}

void ram_block_mark_dirty(RamBlock *block, guint64 offset, guint64 length)
{
    if (!length) {
        return;
    }
    rcu_enter();
    unsigned long *map = rcu_read(&block->dirty);
    if (G_UNLIKELY(map)) {
        TSAN_ACQUIRE(&block->dirty);
        guint64 first = offset >> RAM_PAGE_BITS;
        guint64 last = (offset + length - 1) >> RAM_PAGE_BITS;
        bitmap_set_range_atomic(map, first, last - first + 1);
    }
    rcu_leave();
}

void ram_block_merge_dirty(RamBlock *block, gsize first, const unsigned long *log,
                           gsize pages)
{
    gsize shift = first % BITS_PER_LONG;
    turn_count_locked(TURN_LOG_PAGES, pages);
    rcu_enter();
    unsigned long *map = rcu_read(&block->dirty);
    TSAN_ACQUIRE(&block->dirty);
    unsigned long *to = map ? map + first / BITS_PER_LONG : NULL;
    for (gsize i = 0; map && i < BITMAP_WORDS(pages); i++) {
        if (log[i]) {
            bitmap_or_word_atomic(&to[i], log[i] << shift);
            if (shift && log[i] >> (BITS_PER_LONG - shift)) {
                bitmap_or_word_atomic(&to[i + 1], log[i] >> (BITS_PER_LONG - shift));
            }
        }
    }
    rcu_leave();
}

gboolean dirty_log_sync(GError **errp)
{
    g_assert(!machine_lock_held()); /* nobody is to wait for all of RAM */
    return address_map_log_sync(errp);
}

gboolean dirty_log_clear(RamBlock *block, gsize first, gsize pages,
                         const unsigned long *bits, GError **errp)
{
    g_assert(!machine_lock_held() && first % BITS_PER_LONG == 0);
    turn_count_locked(TURN_LOG_PAGES, pages);
    return address_map_log_clear(block, first, pages, bits, errp);
}

guint64 dirty_log_take(RamBlock *block, unsigned long *into)
{
    guint64 fresh = 0;
    rcu_enter();
    unsigned long *map = rcu_read(&block->dirty);
    TSAN_ACQUIRE(&block->dirty);
    gsize words = map ? BITMAP_WORDS(block_pages(block)) : 0;
    turn_count_locked(TURN_LOG_PAGES, words * BITS_PER_LONG);
    for (gsize i = 0; i < words; i++) {
        if (!__atomic_load_n(&map[i], __ATOMIC_RELAXED)) {
            continue;
        }
        unsigned long bits = __atomic_exchange_n(&map[i], 0, __ATOMIC_SEQ_CST);
        fresh += (guint64)__builtin_popcountl(bits & ~into[i]);
        into[i] |= bits;
    }
    rcu_leave();
    return fresh;
}
