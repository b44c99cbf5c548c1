/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of memory/ share. Not for other layers. */
#ifndef VIREO_MEMORY_MAP_INTERNAL_H
#define VIREO_MEMORY_MAP_INTERNAL_H

#include "event/rcu.h"
#include "memory/address-map.h"
#include "util/tsan.h"

typedef struct RegionEventfd {
    guint64 offset;
    unsigned size;
    gboolean match;
    guint64 value;
    int fd;
} RegionEventfd;

struct Region {
    char *name;
    guint64 size;
    const RegionOps *ops; /* registers */
    void *opaque;
    RamBlock *block; /* RAM */
    guint64 block_offset;
    gboolean readonly;

    AddressMap *map; /* where it is added, with the open transaction */
    guint64 addr;
    AddressMap *view_map; /* where the listeners know it, at view_addr; or NULL */
    guint64 view_addr;
    GArray *eventfds; /* RegionEventfd; NULL: none */
    gboolean busy;    /* a handler of it runs */
    gboolean doomed;  /* freed by its own handler: freed when that returns */
};

/* Immutable once published. Holds a reference to each RAM block. */
typedef struct View {
    unsigned n;
    MapSection sections[];
} View;

struct AddressMap {
    guint64 last; /* highest address */
    View *view;   /* published under RCU; never NULL */
    unsigned depth;
    gboolean changed;
    GPtrArray *regions;   /* what the next view is made of, sorted by address */
    GPtrArray *listeners; /* MapListener, by priority */
};

/* The section that holds addr, or NULL. Under RCU or the machine lock. */
const MapSection *view_find(const View *view, guint64 addr);

static inline const View *map_view(AddressMap *map)
{
    const View *view = rcu_read(&map->view);
    TSAN_ACQUIRE(&map->view);
    return view;
}

/* listener-log.c: calls the listeners of guest memory. */
gboolean address_map_log_start(GError **errp);
void address_map_log_stop(void);
gboolean address_map_log_sync(GError **errp);
gboolean address_map_log_clear(RamBlock *block, gsize first, gsize pages,
                               const unsigned long *bits, GError **errp);
/* Around each change of what the listeners know. */
void map_log_lock(void);
void map_log_unlock(void);

/* dirty.c: a block was registered or goes while logging may be on. */
void dirty_log_block_added(RamBlock *block);
void dirty_log_block_removed(RamBlock *block);

/* hole.c: the ranges whose SIGBUS is survived. */
void ram_hole_watch(RamBlock *block);
void ram_hole_unwatch(RamBlock *block);

/* ram.c: maps `size` bytes; flags are those of mmap(). */
RamBlock *ram_block_map(const char *name, guint64 size, int fd, guint64 fd_offset,
                        int flags, gboolean readonly, GError **errp);

#endif
