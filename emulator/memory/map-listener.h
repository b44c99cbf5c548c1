/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listeners of an address map: KVM's memory slots, and what else keeps a copy of it.
 *
 * A transaction that changes the view tells them, before the new view is published:
 * begin, what goes by descending address and priority of the listeners, what comes by
 * ascending, commit. All under the machine lock and the log's lock; they change no map.
 */
#ifndef VIREO_MEMORY_MAP_LISTENER_H
#define VIREO_MEMORY_MAP_LISTENER_H

#include "memory/region.h"

typedef struct AddressMap AddressMap;

/* A part of the map as listeners see it. */
typedef struct MapSection {
    Region *region;
    guint64 addr, size;
    guint64 region_offset; /* of addr in the region */
    RamBlock *block;       /* NULL for registers */
    guint64 offset;        /* of addr in the block */
    gboolean readonly;
} MapSection;

/*
 * The whole pages of a section: the part that a page table can map. A device may lie on
 * a part of a page of RAM. FALSE: none, or guest and host pages do not meet.
 */
gboolean map_section_pages(const MapSection *s, MapSection *pages);

#define MAP_LOG_END G_MAXUINT

typedef struct MapListener MapListener;
struct MapListener {
    const char *name; /* for messages */
    int priority;     /* lower first on add, last on del */
    /*
     * How many sections with whole pages it could take beside those it has, NULL: any
     * number. Asked before anything is told, so that what does not fit changes nothing.
     */
    guint (*room)(MapListener *l);
    void (*begin)(MapListener *l);
    /* FALSE: the section is refused. All that was told is then taken back. */
    gboolean (*add)(MapListener *l, const MapSection *s, GError **errp);
    void (*del)(MapListener *l, const MapSection *s);
    /*
     * A section that cannot be refused (it was there before a transaction that is taken
     * back, or lay under what is unplugged) was refused by add.
     */
    void (*lost)(MapListener *l, const MapSection *s, const GError *error);
    gboolean (*log_start)(MapListener *l, GError **errp);
    void (*log_stop)(MapListener *l);
    /*
     * One part of the log into ram_block_merge_dirty(): *part is 0 at first, and
     * becomes the next one, or MAP_LOG_END. Whoever collects has no machine lock, but
     * no other call to the listener comes meanwhile. What del takes away is collected
     * there.
     */
    gboolean (*log_sync)(MapListener *l, guint *part, GError **errp);
    /* See dirty_log_clear(); NULL: log_sync clears what it has collected. */
    gboolean (*log_clear)(MapListener *l, RamBlock *block, gsize first, gsize pages,
                          const unsigned long *bits, GError **errp);
    void (*eventfd_add)(MapListener *l, guint64 addr, unsigned size, gboolean match,
                        guint64 value, int fd);
    void (*eventfd_del)(MapListener *l, guint64 addr, unsigned size, gboolean match,
                        guint64 value, int fd);
    void (*commit)(MapListener *l);

    MapListener *next; /* the map's own */
};

/*
 * A new listener hears of all that is mapped. FALSE: it has refused a section, and does
 * not listen.
 */
gboolean address_map_listen(AddressMap *map, MapListener *listener, GError **errp);
void address_map_unlisten(AddressMap *map, MapListener *listener);

#endif
