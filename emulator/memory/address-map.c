/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address maps. `regions` (sorted, under the machine lock) is what was asked for;
 * the outermost commit makes an immutable view of it, publishes that, waits until
 * no reader uses the old one, and tells the listeners the difference: first what
 * went, by descending priority, then what came, by ascending.
 */
#include "memory/address-map.h"

#include <inttypes.h>

#include "event/lock.h"
#include "memory/map-internal.h"
#include "util/error.h"

static View empty_view;
static AddressMap memory_map = { .last = G_MAXUINT64, .view = &empty_view };
static AddressMap io_map = { .last = 0xffff, .view = &empty_view };

AddressMap *address_map_memory(void)
{
    return &memory_map;
}

AddressMap *address_map_io(void)
{
    return &io_map;
}

/* Regions */

static Region *region_new(const char *name, guint64 size)
{
    g_assert(size > 0);
    Region *region = g_new0(Region, 1);
    region->name = g_strdup(name);
    region->size = size;
    return region;
}

Region *region_new_io(const char *name, guint64 size, const RegionOps *ops, void *opaque)
{
    Region *region = region_new(name, size);
    region->ops = ops;
    region->opaque = opaque;
    return region;
}

Region *region_new_ram(const char *name, RamBlock *block, guint64 offset, guint64 size,
                       gboolean readonly)
{
    g_assert(offset <= block->size && size <= block->size - offset);
    Region *region = region_new(name, size);
    region->block = ram_block_ref(block);
    region->block_offset = offset;
    region->readonly = readonly || block->readonly;
    return region;
}

void region_free(Region *region)
{
    if (!region) {
        return;
    }
    g_assert(!region->map && !region->view_map);
    if (region->busy) {
        region->doomed = TRUE;
        return;
    }
    if (region->eventfds) {
        g_array_unref(region->eventfds);
    }
    ram_block_unref(region->block);
    g_free(region->name);
    g_free(region);
}

/* Views */

const MapSection *view_find(const View *view, guint64 addr)
{
    unsigned low = 0, high = view->n;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const MapSection *s = &view->sections[middle];
        if (addr < s->addr) {
            high = middle;
        } else if (addr - s->addr >= s->size) {
            low = middle + 1;
        } else {
            return s;
        }
    }
    return NULL;
}

static View *view_new(const AddressMap *map)
{
    View *view = g_malloc(sizeof(View) + map->regions->len * sizeof(MapSection));
    view->n = map->regions->len;
    for (unsigned i = 0; i < view->n; i++) {
        Region *r = g_ptr_array_index(map->regions, i);
        view->sections[i] = (MapSection){
            .region = r,
            .addr = r->addr,
            .size = r->size,
            .block = r->block ? ram_block_ref(r->block) : NULL,
            .offset = r->block_offset,
            .readonly = r->readonly,
        };
    }
    return view;
}

static void view_free(View *view)
{
    if (view == &empty_view) {
        return;
    }
    for (unsigned i = 0; i < view->n; i++) {
        ram_block_unref(view->sections[i].block);
    }
    g_free(view);
}

/* Listeners */

static void tell_one(Region *region, const RegionEventfd *e, gboolean add)
{
    AddressMap *map = region->view_map;
    for (guint i = 0; map && i < map->listeners->len; i++) {
        MapListener *l = g_ptr_array_index(map->listeners, i);
        guint64 addr = region->view_addr + e->offset;
        if (add && l->eventfd_add) {
            l->eventfd_add(l, addr, e->size, e->match, e->value, e->fd);
        } else if (!add && l->eventfd_del) {
            l->eventfd_del(l, addr, e->size, e->match, e->value, e->fd);
        }
    }
}

static void tell_eventfds(Region *region, gboolean add)
{
    for (guint i = 0; region->eventfds && i < region->eventfds->len; i++) {
        tell_one(region, &g_array_index(region->eventfds, RegionEventfd, i), add);
    }
}

static void tell_del(AddressMap *map, const MapSection *s)
{
    tell_eventfds(s->region, FALSE);
    s->region->view_map = NULL;
    for (guint i = map->listeners->len; i-- > 0;) {
        MapListener *l = g_ptr_array_index(map->listeners, i);
        if (l->del) {
            l->del(l, s);
        }
    }
}

static void tell_add(AddressMap *map, const MapSection *s)
{
    for (guint i = 0; i < map->listeners->len; i++) {
        MapListener *l = g_ptr_array_index(map->listeners, i);
        if (l->add) {
            l->add(l, s);
        }
    }
    s->region->view_map = map;
    s->region->view_addr = s->addr;
    tell_eventfds(s->region, TRUE);
}

static void tell_all(AddressMap *map, size_t member)
{
    for (guint i = 0; i < map->listeners->len; i++) {
        MapListener *l = g_ptr_array_index(map->listeners, i);
        void (*fn)(MapListener *) = *(void (**)(MapListener *))((char *)l + member);
        if (fn) {
            fn(l);
        }
    }
}

/* A region keeps its place when it is in both views at one address. */
static gboolean view_has(const View *view, const MapSection *s)
{
    const MapSection *found = view_find(view, s->addr);
    return found && found->region == s->region && found->addr == s->addr;
}

static void tell_difference(AddressMap *map, const View *old, const View *new)
{
    map_log_lock();
    tell_all(map, offsetof(MapListener, begin));
    for (unsigned i = old->n; i-- > 0;) {
        if (!view_has(new, &old->sections[i])) {
            tell_del(map, &old->sections[i]);
        }
    }
    for (unsigned i = 0; i < new->n; i++) {
        if (!view_has(old, &new->sections[i])) {
            tell_add(map, &new->sections[i]);
        }
    }
    tell_all(map, offsetof(MapListener, commit));
    map_log_unlock();
}

/* Transactions */

static void map_init(AddressMap *map)
{
    if (!map->regions) {
        map->regions = g_ptr_array_new();
        map->listeners = g_ptr_array_new();
    }
}

void address_map_begin(AddressMap *map)
{
    g_assert(machine_lock_held());
    map_init(map);
    map->depth++;
}

gboolean address_map_add(AddressMap *map, Region *region, guint64 addr, GError **errp)
{
    g_assert(map->depth && !region->map);
    guint64 last;
    if (__builtin_add_overflow(addr, region->size - 1, &last) || last > map->last) {
        return error_set(errp,
                         "region '%s' (0x%" PRIx64 " bytes) at 0x%" PRIx64
                         " does not fit into the address space",
                         region->name, region->size, addr);
    }
    guint i = 0;
    for (; i < map->regions->len; i++) {
        Region *r = g_ptr_array_index(map->regions, i);
        if (addr <= r->addr + (r->size - 1) && r->addr <= last) {
            return error_set(errp,
                             "region '%s' at 0x%" PRIx64 "-0x%" PRIx64
                             " overlaps '%s' at 0x%" PRIx64 "-0x%" PRIx64,
                             region->name, addr, last, r->name, r->addr,
                             r->addr + (r->size - 1));
        }
        if (r->addr > addr) {
            break;
        }
    }
    region->map = map;
    region->addr = addr;
    g_ptr_array_insert(map->regions, (gint)i, region);
    map->changed = TRUE;
    return TRUE;
}

void address_map_remove(AddressMap *map, Region *region)
{
    g_assert(map->depth && region->map == map);
    g_ptr_array_remove(map->regions, region);
    region->map = NULL;
    map->changed = TRUE;
}

void address_map_commit(AddressMap *map)
{
    g_assert(machine_lock_held() && map->depth);
    if (map->depth > 1 || !map->changed) {
        map->depth--;
        return;
    }
    map->changed = FALSE;
    View *old = map->view;
    View *new = map->regions->len ? view_new(map) : &empty_view;
    rcu_publish(&map->view, new);
    if (old != &empty_view) {
        rcu_wait();
    }
    tell_difference(map, old, new);
    view_free(old);
    map->depth--;
}

gboolean address_map_put(AddressMap *map, Region **region, guint64 addr, GError **errp)
{
    gboolean ok;

    address_map_begin(map);
    ok = address_map_add(map, *region, addr, errp);
    address_map_commit(map);
    if (!ok) {
        g_clear_pointer(region, region_free);
    }
    return ok;
}

void address_map_take(AddressMap *map, Region **region)
{
    if (*region) {
        address_map_begin(map);
        address_map_remove(map, *region);
        address_map_commit(map);
        g_clear_pointer(region, region_free);
    }
}

void address_map_listen(AddressMap *map, MapListener *listener)
{
    address_map_begin(map);
    guint i = 0;
    while (i < map->listeners->len &&
           ((MapListener *)g_ptr_array_index(map->listeners, i))->priority <=
               listener->priority) {
        i++;
    }
    if (listener->begin) {
        listener->begin(listener);
    }
    for (unsigned k = 0; k < map->view->n; k++) {
        const MapSection *s = &map->view->sections[k];
        if (listener->add) {
            listener->add(listener, s);
        }
        const GArray *list = s->region->eventfds;
        for (guint n = 0; list && listener->eventfd_add && n < list->len; n++) {
            const RegionEventfd *e = &g_array_index(list, RegionEventfd, n);
            listener->eventfd_add(listener, s->addr + e->offset, e->size, e->match,
                                  e->value, e->fd);
        }
    }
    if (listener->commit) {
        listener->commit(listener);
    }
    map_log_lock();
    g_ptr_array_insert(map->listeners, (gint)i, listener);
    map_log_unlock();
    address_map_commit(map);
}

void address_map_unlisten(AddressMap *map, MapListener *listener)
{
    g_assert(machine_lock_held() && !map->depth);
    map_log_lock();
    gboolean known = g_ptr_array_remove(map->listeners, listener);
    map_log_unlock();
    g_assert(known);
}

/* Eventfds */

static gboolean same_eventfd(const RegionEventfd *a, const RegionEventfd *b)
{
    return a->offset == b->offset && a->size == b->size && a->match == b->match &&
           a->value == b->value && a->fd == b->fd;
}

void region_add_eventfd(Region *region, guint64 offset, unsigned size, gboolean match,
                        guint64 value, int fd)
{
    g_assert(machine_lock_held() && offset < region->size);
    RegionEventfd e = { offset, size, match, match ? value : 0, fd };
    if (!region->eventfds) {
        region->eventfds = g_array_new(FALSE, FALSE, sizeof(RegionEventfd));
    }
    g_array_append_val(region->eventfds, e);
    tell_one(region, &e, TRUE);
}

void region_del_eventfd(Region *region, guint64 offset, unsigned size, gboolean match,
                        guint64 value, int fd)
{
    g_assert(machine_lock_held());
    RegionEventfd e = { offset, size, match, match ? value : 0, fd };
    for (guint i = 0; region->eventfds && i < region->eventfds->len; i++) {
        if (same_eventfd(&g_array_index(region->eventfds, RegionEventfd, i), &e)) {
            tell_one(region, &e, FALSE);
            g_array_remove_index(region->eventfds, i);
            return;
        }
    }
    g_assert_not_reached();
}
