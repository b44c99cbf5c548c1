/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regions: what may answer at an address. They make a tree: a region holds others at
 * offsets with priorities; an alias shows a part of another region once more. A region
 * is seen as far as the regions above it reach: it is cut at their ends, hidden where a
 * sibling of higher priority answers, and it answers itself only where nothing in it
 * does. The address maps (memory/address-map.h) are such trees, rendered flat.
 *
 * All of it under the machine lock. Whatever changes a region that may be mapped stands
 * in a transaction (address_map_begin() to address_map_commit()); what a refused
 * transaction has changed is as it was before.
 *
 * Sizes and offsets are in bytes. A region is owned by whoever made it; a RAM block is
 * kept by reference.
 */
#ifndef VIREO_MEMORY_REGION_H
#define VIREO_MEMORY_REGION_H

#include "memory/ram.h"

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

/* Answers nowhere itself. size 0: all of 2^64 bytes. */
Region *region_new_container(const char *name, guint64 size);
Region *region_new_io(const char *name, guint64 size, const RegionOps *ops, void *opaque);
Region *region_new_ram(const char *name, RamBlock *block, guint64 offset, guint64 size,
                       gboolean readonly);
/*
 * Memory that is read like RAM and written through ops (flash). While it is not direct
 * (region_set_direct()), reads come to ops as well. Direct at first.
 */
Region *region_new_rom_device(const char *name, RamBlock *block, guint64 offset,
                              guint64 size, const RegionOps *ops, void *opaque);
/* Shows target from offset on; what is behind its end, is not there. size 0: 2^64. */
Region *region_new_alias(const char *name, Region *target, guint64 offset, guint64 size);
/*
 * The region is in no other one, and holds none; its aliases are freed before it.
 * NULL: nothing. Also from its own handler, and inside a transaction: its handlers are
 * not called any more, the memory goes when nobody sees it.
 */
void region_free(Region *region);

/*
 * Puts the region where none of those that were added so may share an address with it;
 * an error names both, or says that it does not fit. Priority 0.
 */
gboolean region_add(Region *parent, Region *region, guint64 offset, GError **errp);
/*
 * Puts the region over and under its siblings: higher priority wins, of equal ones the
 * one that was added last. What is beyond the parent's end is not seen.
 */
void region_add_over(Region *parent, Region *region, guint64 offset, int priority);
void region_remove(Region *region); /* in no region: nothing */
/* What is disabled is not seen, nor what is in it. Enabled at first. */
void region_set_enabled(Region *region, gboolean enabled);
/* Of one that was added over its siblings. */
void region_set_address(Region *region, guint64 offset);
/* RAM that is seen through this region cannot be written. */
void region_set_readonly(Region *region, gboolean readonly);
void region_set_direct(Region *region, gboolean direct);      /* a ROM device */
void region_set_alias_offset(Region *region, guint64 offset); /* an alias */

/*
 * A write to [region+offset, +size) (size 0: any size) whose value matches
 * (or any value, when !match) signals fd instead of calling the region's ops.
 * Listeners that can (KVM) do it in the kernel; dispatch does it otherwise. No part of
 * a transaction.
 */
void region_add_eventfd(Region *region, guint64 offset, unsigned size, gboolean match,
                        guint64 value, int fd);
void region_del_eventfd(Region *region, guint64 offset, unsigned size, gboolean match,
                        guint64 value, int fd);

#endif
