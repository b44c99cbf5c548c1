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

typedef enum RegionKind {
    REGION_CONTAINER,
    REGION_IO,
    REGION_RAM,
    REGION_ROM_DEVICE,
    REGION_ALIAS,
} RegionKind;

/* What a transaction may change, and a refused one gives back. */
typedef struct RegionState {
    Region *parent; /* NULL: in none */
    guint64 offset; /* in it */
    guint64 alias_offset;
    int priority;
    guint order; /* of the additions */
    guint exclusive : 1;
    guint enabled : 1;
    guint readonly : 1;
    guint direct : 1;
} RegionState;

struct Region {
    char *name;
    guint64 last; /* offset of the last byte */
    RegionKind kind;
    guint busy : 1;       /* a handler of it runs */
    guint dead : 1;       /* region_free() was called */
    guint doomed : 1;     /* dead, and out of all views: goes when it is not busy */
    const RegionOps *ops; /* registers; NULL when dead */
    void *opaque;
    RamBlock *block; /* RAM */
    guint64 block_offset;
    Region *target;  /* of an alias */
    AddressMap *map; /* whose root this is */

    RegionState now;
    RegionState *before; /* at the begin of the transaction; NULL: unchanged */
    Region *children;    /* what wins comes first */
    Region *next;        /* sibling */
    Region *aliases, *next_alias;
    Region *next_changed, *next_dead;
    GArray *eventfds; /* RegionEventfd; NULL: none */
};

/* Immutable once published. Holds a reference to each RAM block. */
typedef struct View {
    unsigned n;
    MapSection sections[];
} View;

struct AddressMap {
    Region root;
    View *view;             /* published under RCU; never NULL */
    View *coming;           /* rendered by the commit under way, or NULL */
    gboolean changed;       /* the tree is not as the view */
    MapListener *listeners; /* by priority */
};

#define N_ADDRESS_MAPS 2
extern AddressMap address_maps[N_ADDRESS_MAPS];

/* view.c */
extern View view_empty;
View *view_render(AddressMap *map); /* with references */
void view_free(View *view);
gboolean map_section_equal(const MapSection *a, const MapSection *b);
/* The view has the same section. */
gboolean view_has(const View *view, const MapSection *s);
gboolean view_equal(const View *a, const View *b);
/* The section that holds addr, or NULL. Under RCU or the machine lock. */
const MapSection *view_find(const View *view, guint64 addr);

static inline const View *map_view(AddressMap *map)
{
    const View *view = rcu_read(&map->view);
    TSAN_ACQUIRE(&map->view);
    return view;
}

/* region.c: the end of a transaction. */
void region_changes_keep(void);
void region_changes_undo(void);
gboolean region_any_dead(void);      /* freed, and perhaps in a view */
void region_free_dead(void);         /* no view has them any more */
void region_destroy(Region *region); /* frees; a busy one when it is not busy any more */
/* address-map.c: inside begin and commit. */
gboolean address_map_changing(void);

/* map-listener.c. In a commit: tells the difference between view and coming. */
gboolean map_has_room(const AddressMap *map, GError **errp);
gboolean map_tell(AddressMap *map, gboolean must, GError **errp);
void map_take_back(AddressMap *map); /* what map_tell() has told */

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
