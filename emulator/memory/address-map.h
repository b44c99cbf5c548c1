/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address maps: what answers at a guest-physical address, and at an I/O port.
 *
 * A map is a tree of regions (memory/region.h), rendered flat by the commit of a
 * transaction into a view: an immutable sorted array that is replaced as a whole and
 * read under RCU, so that lookups take no lock. Changes happen under the machine lock.
 * Listeners (memory/map-listener.h) hear of each difference between two views and may
 * refuse it.
 */
#ifndef VIREO_MEMORY_ADDRESS_MAP_H
#define VIREO_MEMORY_ADDRESS_MAP_H

#include "memory/map-listener.h"
#include "memory/region.h"

AddressMap *address_map_memory(void); /* guest-physical memory */
AddressMap *address_map_io(void);     /* x86 I/O ports, 64 KiB */
Region *address_map_root(AddressMap *map);

/*
 * Transactions nest, and are of all maps. The outermost commit renders what has changed,
 * tells the listeners, publishes the new views and waits until nobody uses the old ones.
 *
 * FALSE: a listener has refused; maps, regions and listeners are as they were at the
 * outermost begin, except for regions that were freed meanwhile: they stay silent in the
 * view until a commit that is not refused. Commits inside never fail. Whoever has begun
 * undoes what else was done inside.
 */
void address_map_begin(void);
gboolean address_map_commit(GError **errp);
/*
 * The same of what nobody can refuse (a BAR that the guest moves): MapListener.lost()
 * hears of what does not fit, which is then reached as registers are.
 */
void address_map_settle(void);

/* One region in the root, as region_add() does, in a transaction of its own. */
gboolean address_map_add(AddressMap *map, Region *region, guint64 addr, GError **errp);
/*
 * Takes the region out of where it is (nowhere: nothing), in a transaction that nobody
 * can refuse: MapListener.lost() hears of what has come to light and does not fit.
 */
void address_map_remove(Region *region);

/*
 * One region in the root, as address_map_add(). Where it cannot be added it has been
 * freed. Taken off it is freed; NULL: it never was on the map. *region is NULL then.
 */
gboolean address_map_put(AddressMap *map, Region **region, guint64 addr, GError **errp);
void address_map_take(Region **region);

/*
 * How many more sections of RAM all listeners have room for; G_MAXUINT: any number. For
 * whoever wants to know before it begins.
 */
guint address_map_room(AddressMap *map);

/*
 * An access as the CPU makes it: RAM, registers, or nothing (reads give ones).
 * Under the machine lock (registers need it). len is any length for RAM.
 */
void address_map_read(AddressMap *map, guint64 addr, void *buf, guint64 len);
void address_map_write(AddressMap *map, guint64 addr, const void *buf, guint64 len);

#endif
