/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address map: what answers at a guest-physical address (or an I/O port).
 *
 * The map is an immutable sorted array, replaced as a whole by commit and read
 * under RCU: lookups take no lock. Changes happen under the machine lock.
 * Regions may not overlap. Listeners (KVM, vhost, VFIO) hear of each difference
 * between two views.
 */
#ifndef VIREO_MEMORY_ADDRESS_MAP_H
#define VIREO_MEMORY_ADDRESS_MAP_H

#include "memory/ram.h"

typedef struct AddressMap AddressMap;
typedef struct Region Region;

/*
 * Register access; under the machine lock. offset is relative to the region.
 * size is 1, 2, 4 or 8 and within [min_size, max_size]: wider or narrower guest
 * accesses are refused (reads give all ones) unless `split` is set, which
 * performs a wider access as several of max_size.
 */
typedef struct RegionOps {
    guint64 (*read)(void *opaque, guint64 offset, unsigned size);
    void (*write)(void *opaque, guint64 offset, guint64 value, unsigned size);
    unsigned min_size, max_size;
    gboolean split;
} RegionOps;

AddressMap *address_map_memory(void); /* guest-physical memory */
AddressMap *address_map_io(void);     /* x86 I/O ports, 64 KiB */

Region *region_new_io(const char *name, guint64 size, const RegionOps *ops, void *opaque);
/* Takes a reference to the block. */
Region *region_new_ram(const char *name, RamBlock *block, guint64 offset, guint64 size,
                       gboolean readonly);
void region_free(Region *region); /* not while mapped; frees after a grace period */

/*
 * Transactions nest; the outermost commit publishes the new view, waits until
 * vCPUs that must see it do, and informs the listeners. Adding fails with an
 * error that names both regions on overlap or overflow.
 */
void address_map_begin(AddressMap *map);
gboolean address_map_add(AddressMap *map, Region *region, guint64 addr, GError **errp);
void address_map_remove(AddressMap *map, Region *region);
void address_map_commit(AddressMap *map);

/*
 * One region, in a transaction of its own. Where it cannot be added it has been freed.
 * Taken off it is freed; NULL: it never was on the map. *region is NULL then.
 */
gboolean address_map_put(AddressMap *map, Region **region, guint64 addr, GError **errp);
void address_map_take(AddressMap *map, Region **region);

/*
 * A write to [region+offset, +size) (size 0: any size) whose value matches
 * (or any value, when !match) signals fd instead of calling the region's ops.
 * Listeners that can (KVM) do it in the kernel; dispatch does it otherwise.
 */
void region_add_eventfd(Region *region, guint64 offset, unsigned size, gboolean match,
                        guint64 value, int fd);
void region_del_eventfd(Region *region, guint64 offset, unsigned size, gboolean match,
                        guint64 value, int fd);

/*
 * An access as the CPU makes it: RAM, registers, or nothing (reads give ones).
 * Under the machine lock (registers need it). len is any length for RAM.
 */
void address_map_read(AddressMap *map, guint64 addr, void *buf, guint64 len);
void address_map_write(AddressMap *map, guint64 addr, const void *buf, guint64 len);

/* A part of the map as listeners see it. */
typedef struct MapSection {
    Region *region;
    guint64 addr, size;
    RamBlock *block; /* NULL for registers */
    guint64 offset;  /* in the block */
    gboolean readonly;
} MapSection;

#define MAP_LOG_END G_MAXUINT

typedef struct MapListener MapListener;
struct MapListener {
    int priority; /* lower first on add, last on del */
    void (*begin)(MapListener *l);
    void (*add)(MapListener *l, const MapSection *s);
    void (*del)(MapListener *l, const MapSection *s);
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
};
/* A new listener hears of all that is already mapped. */
void address_map_listen(AddressMap *map, MapListener *listener);
void address_map_unlisten(AddressMap *map, MapListener *listener);

#endif
