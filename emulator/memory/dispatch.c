/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An access as the CPU makes it. Registers see naturally aligned accesses of 1, 2,
 * 4 or 8 bytes that their ops allow; a handler that is running is not entered again
 * (a device that is made to access itself gets ones).
 */
#include <string.h>
#include <unistd.h>

#include "event/lock.h"
#include "memory/address-map.h"
#include "memory/map-internal.h"
#include "util/fd.h"

/* The largest aligned power of two that fits. */
static unsigned access_size(guint64 offset, guint64 len)
{
    unsigned size = 8;
    while (size > len || (offset & (size - 1))) {
        size >>= 1;
    }
    return size;
}

static guint64 ones(unsigned size)
{
    return size == 8 ? ~0ull : (1ull << (8 * size)) - 1;
}

static gboolean enter(Region *region, unsigned size)
{
    const RegionOps *ops = region->ops;
    if (!ops || region->busy || size < ops->min_size ||
        (size > ops->max_size && !ops->split)) {
        return FALSE;
    }
    region->busy = TRUE;
    return TRUE;
}

static void leave(Region *region)
{
    region->busy = FALSE;
    if (region->doomed) {
        region_destroy(region);
    }
}

static guint64 region_read(Region *region, guint64 offset, unsigned size)
{
    if (!enter(region, size)) {
        return ones(size);
    }
    const RegionOps *ops = region->ops;
    guint64 value = 0;
    unsigned step = MIN(size, ops->max_size);
    for (unsigned i = 0; i < size && region->ops; i += step) {
        guint64 part =
            ops->read ? ops->read(region->opaque, offset + i, step) : ones(step);
        value |= (part & ones(step)) << (8 * i);
    }
    leave(region);
    return value;
}

static gboolean signal_eventfd(const Region *region, guint64 offset, guint64 value,
                               unsigned size)
{
    guint n = region->eventfds && !region->dead ? region->eventfds->len : 0;
    for (guint i = 0; i < n; i++) {
        const RegionEventfd *e = &g_array_index(region->eventfds, RegionEventfd, i);
        if (e->offset == offset && (!e->size || e->size == size) &&
            (!e->match || e->value == value)) {
            fd_signal(e->fd);
            return TRUE;
        }
    }
    return FALSE;
}

static void region_write(Region *region, guint64 offset, guint64 value, unsigned size)
{
    if (signal_eventfd(region, offset, value, size) || !enter(region, size)) {
        return;
    }
    const RegionOps *ops = region->ops;
    unsigned step = MIN(size, ops->max_size);
    for (unsigned i = 0; i < size && ops->write && region->ops; i += step) {
        ops->write(region->opaque, offset + i, (value >> (8 * i)) & ones(step), step);
    }
    leave(region);
}

/* Bytes from addr to the next section, at most len. */
static guint64 gap(const View *view, guint64 addr, guint64 len)
{
    for (unsigned i = 0; i < view->n; i++) {
        if (view->sections[i].addr > addr) {
            return MIN(len, view->sections[i].addr - addr);
        }
    }
    return len;
}

/* At byte `at` of the section; returns the bytes that were moved, at least one. */
static guint64 section_read(const MapSection *s, guint64 at, guint8 *to, guint64 len)
{
    guint64 n = MIN(len, s->size - at);
    if (s->block) {
        memcpy(to, s->block->host + s->offset + at, n);
        return n;
    }
    guint64 offset = s->region_offset + at;
    n = access_size(offset, n);
    guint64 value = region_read(s->region, offset, (unsigned)n);
    memcpy(to, &value, n); /* little-endian, as the guest */
    return n;
}

static guint64 section_write(const MapSection *s, guint64 at, const guint8 *from,
                             guint64 len)
{
    guint64 n = MIN(len, s->size - at);
    if (s->block && !s->readonly) {
        memcpy(s->block->host + s->offset + at, from, n);
        ram_block_mark_dirty(s->block, s->offset + at, n);
        return n;
    }
    if (s->region->kind == REGION_RAM) {
        return n;
    }
    guint64 offset = s->region_offset + at, value = 0;
    n = access_size(offset, n);
    memcpy(&value, from, n);
    region_write(s->region, offset, value, (unsigned)n);
    return n;
}

/* Looked up for each piece of an access: a handler may change the map. */
static const MapSection *section_at(AddressMap *map, guint64 addr, guint64 len,
                                    guint64 *hole)
{
    const View *view = map_view(map);
    const MapSection *s = addr <= map->root.last ? view_find(view, addr) : NULL;
    if (!s) {
        *hole = gap(view, addr, len);
    }
    return s;
}

void address_map_read(AddressMap *map, guint64 addr, void *buf, guint64 len)
{
    g_assert(machine_lock_held());
    guint8 *to = buf;
    for (guint64 n; len; to += n, addr += n, len -= n) {
        const MapSection *s = section_at(map, addr, len, &n);
        if (s) {
            n = section_read(s, addr - s->addr, to, len);
        } else {
            memset(to, 0xff, n);
        }
    }
}

void address_map_write(AddressMap *map, guint64 addr, const void *buf, guint64 len)
{
    g_assert(machine_lock_held());
    const guint8 *from = buf;
    for (guint64 n; len; from += n, addr += n, len -= n) {
        const MapSection *s = section_at(map, addr, len, &n);
        if (s) {
            n = section_write(s, addr - s->addr, from, len);
        }
    }
}
