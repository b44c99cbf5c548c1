/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest RAM: blocks of host memory, with pins and a dirty bitmap.
 *
 * A block is mapped once and stays until its last reference is dropped: I/O in
 * flight holds references, so that memory can be unplugged under it.
 */
#ifndef VIREO_MEMORY_RAM_H
#define VIREO_MEMORY_RAM_H

#include "config/object.h"

#define RAM_PAGE_BITS 12
#define RAM_PAGE_SIZE (1u << RAM_PAGE_BITS)

typedef struct RamBlock {
    char *name; /* unique; names the block in the migration stream */
    guint8 *host;
    guint64 size;      /* bytes, a multiple of RAM_PAGE_SIZE */
    int fd;            /* backing file or -1; owned */
    guint64 page_size; /* of the host, behind that file */
    guint64 fd_offset; /* of the block in it */
    gboolean shared;   /* MAP_SHARED */
    gboolean readonly; /* mapped without PROT_WRITE: only for read-only regions */
    gboolean backend;  /* made by ram_backend_new() */
    gint refs;
    unsigned long *dirty;      /* one bit a page while logging is on, else NULL */
    unsigned long *given_back; /* discard.h; NULL: none ever was */
} RamBlock;

/* `-object memory-backend-{ram,file,memfd}`; node is its own configuration. */
extern const ObjectType object_memory_ram, object_memory_file, object_memory_memfd;
RamBlock *ram_backend_new(ConfigNode *node, GError **errp);
/* Host page size behind a backing file (huge pages: theirs). */
guint64 ram_fd_page_size(int fd);
/* Anonymous memory: what `-m` alone gives. */
RamBlock *ram_block_new(const char *name, guint64 size, GError **errp);
/*
 * Anonymous memory whose first `bytes` are the file's, unless written to (then they are
 * the block's own): mapped, not read. fd stays the caller's and is not needed any more.
 */
RamBlock *ram_block_new_copy(const char *name, guint64 size, int fd, guint64 bytes,
                             GError **errp);
/* A core file of this process does not have it. */
void ram_block_leave_out_of_core(const RamBlock *block);
/* Registered blocks, by name; registration order is the stream's order. */
gboolean ram_block_register(RamBlock *block, GError **errp);
void ram_block_unregister(RamBlock *block);
RamBlock *ram_block_find(const char *name);
/* All memory of the guest, in bytes, as -m says it; the machine tells it. */
void ram_set_guest_size(guint64 size);
guint64 ram_guest_size(void);
void ram_block_foreach(void (*fn)(RamBlock *block, void *opaque), void *opaque);
RamBlock *ram_block_ref(RamBlock *block);
void ram_block_unref(RamBlock *block);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RamBlock, ram_block_unref)
/*
 * Keeps all memory of the process, and what it will map, from being swapped: RAM of the
 * guest that nobody has touched becomes memory of the host now, and stays. Before any
 * filter.
 */
gboolean ram_lock_all(GError **errp);
/*
 * Catches SIGBUS on RAM (a truncated backing file, exhausted huge pages): the
 * access completes on a zero page, and fn is called on the main loop.
 */
void ram_set_hole_handler(void (*fn)(void));

/*
 * Dirty tracking. Whoever writes guest memory marks it after the write: any
 * thread, cheap when logging is off. The bitmap of a block is what the VMM wrote
 * ORed with what listeners (KVM) report in dirty_log_sync().
 */
gboolean dirty_log_start(GError **errp);
void dirty_log_stop(void);
gboolean dirty_log_active(void);
void ram_block_mark_dirty(RamBlock *block, guint64 offset, guint64 length);
/* Collects from all listeners. Migration thread, without the machine lock. */
gboolean dirty_log_sync(GError **errp);
/* Listeners: pages that a log has as dirty, from page `first` of the block on. */
void ram_block_merge_dirty(RamBlock *block, gsize first, const unsigned long *log,
                           gsize pages);
/*
 * Pages that were taken and are about to be read: from here on, writes to those whose
 * bit is set (bits: the block's, from page `first` on, a multiple of 64) are news
 * again. Migration thread, without the machine lock.
 */
gboolean dirty_log_clear(RamBlock *block, gsize first, gsize pages,
                         const unsigned long *bits, GError **errp);
/*
 * Moves the block's dirty bits into `into` (one bit a page, ORed) and clears
 * them; returns the number of pages newly set. Atomic against markers.
 */
guint64 dirty_log_take(RamBlock *block, unsigned long *into);

#endif
