/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listeners hear of the difference between two views: first what went, by descending
 * address, then what came, by ascending. The first refusal ends that, and what was told
 * is told the other way round.
 */
#include "memory/map-listener.h"

#include "event/lock.h"
#include "memory/address-map.h"
#include "memory/map-internal.h"
#include "util/error.h"

/* Eventfds */

static void tell_eventfd(MapListener *l, const MapSection *s, const RegionEventfd *e,
                         gboolean add)
{
    void (*fn)(MapListener *, guint64, unsigned, gboolean, guint64, int) =
        add ? l->eventfd_add : l->eventfd_del;
    guint64 at = e->offset - s->region_offset;
    if (fn && e->offset >= s->region_offset && at < s->size) {
        fn(l, s->addr + at, e->size, e->match, e->value, e->fd);
    }
}

/* To one listener. */
static void tell_eventfds(MapListener *l, const MapSection *s, gboolean add)
{
    const GArray *list = s->region->eventfds;
    for (guint i = 0; list && i < list->len; i++) {
        tell_eventfd(l, s, &g_array_index(list, RegionEventfd, i), add);
    }
}

/* To all who know the region. */
static void tell_everywhere(const Region *region, const RegionEventfd *e, gboolean add)
{
    for (AddressMap *map = address_maps; map < address_maps + N_ADDRESS_MAPS; map++) {
        const MapSection *s = map->view->sections;
        for (guint n = map->listeners ? map->view->n : 0; n--; s++) {
            for (MapListener *l = map->listeners; s->region == region && l; l = l->next) {
                tell_eventfd(l, s, e, add);
            }
        }
    }
}

static gboolean same_eventfd(const RegionEventfd *a, const RegionEventfd *b)
{
    return a->offset == b->offset && a->size == b->size && a->match == b->match &&
           a->value == b->value && a->fd == b->fd;
}

void region_add_eventfd(Region *region, guint64 offset, unsigned size, gboolean match,
                        guint64 value, int fd)
{
    g_assert(machine_lock_held() && offset <= region->last);
    RegionEventfd e = { offset, size, match, match ? value : 0, fd };
    if (!region->eventfds) {
        region->eventfds = g_array_new(FALSE, FALSE, sizeof(RegionEventfd));
    }
    g_array_append_val(region->eventfds, e);
    tell_everywhere(region, &e, TRUE);
}

void region_del_eventfd(Region *region, guint64 offset, unsigned size, gboolean match,
                        guint64 value, int fd)
{
    g_assert(machine_lock_held());
    RegionEventfd e = { offset, size, match, match ? value : 0, fd };
    for (guint i = 0; region->eventfds && i < region->eventfds->len; i++) {
        if (same_eventfd(&g_array_index(region->eventfds, RegionEventfd, i), &e)) {
            tell_everywhere(region, &e, FALSE);
            g_array_remove_index(region->eventfds, i);
            return;
        }
    }
    g_assert_not_reached();
}

/* Sections. A chain of listeners runs in its order on add, backwards on del. */

/* From l on, but not `end` and those behind it. */
static void tell_del(MapListener *l, const MapListener *end, const MapSection *s)
{
    if (l == end) {
        return;
    }
    tell_del(l->next, end, s);
    if (l->del) {
        l->del(l, s);
    }
}

static void tell_section_eventfds(const AddressMap *map, const MapSection *s,
                                  gboolean add)
{
    for (MapListener *l = map->listeners; l && s->region->eventfds; l = l->next) {
        tell_eventfds(l, s, add);
    }
}

static void del_section(const AddressMap *map, const MapSection *s)
{
    tell_section_eventfds(map, s, FALSE);
    tell_del(map->listeners, NULL, s);
}

static void tell_lost(MapListener *l, const MapSection *s, const GError *error)
{
    if (l->lost) {
        l->lost(l, s, error);
    }
}

static gboolean add_section(const AddressMap *map, const MapSection *s, gboolean must,
                            GError **errp)
{
    for (MapListener *l = map->listeners; l; l = l->next) {
        GError *error = NULL;
        if (!l->add || l->add(l, s, &error)) {
            continue;
        }
        if (!must) {
            tell_del(map->listeners, l, s);
            g_propagate_error(errp, error);
            return FALSE;
        }
        tell_lost(l, s, error);
        g_clear_error(&error);
    }
    tell_section_eventfds(map, s, TRUE);
    return TRUE;
}

/* What is in `from` and not in `to`; the first n of them. */
static void del_difference(const AddressMap *map, const View *from, const View *to,
                           guint n)
{
    while (n-- > 0) {
        if (!view_has(to, &from->sections[n])) {
            del_section(map, &from->sections[n]);
        }
    }
}

/* The number of sections of `to` that all have taken. */
static guint add_difference(const AddressMap *map, const View *from, const View *to,
                            gboolean must, GError **errp)
{
    guint n = 0;
    while (n < to->n && (view_has(from, &to->sections[n]) ||
                         add_section(map, &to->sections[n], must, errp))) {
        n++;
    }
    return n;
}

/* Transactions */

static void tell_begin(const AddressMap *map)
{
    map_log_lock();
    for (MapListener *l = map->listeners; l; l = l->next) {
        if (l->begin) {
            l->begin(l);
        }
    }
}

static void tell_commit(const AddressMap *map)
{
    for (MapListener *l = map->listeners; l; l = l->next) {
        if (l->commit) {
            l->commit(l);
        }
    }
    map_log_unlock();
}

gboolean map_tell(AddressMap *map, gboolean must, GError **errp)
{
    const View *old = map->view, *new = map->coming;
    tell_begin(map);
    del_difference(map, old, new, old->n);
    guint n = add_difference(map, old, new, must, errp);
    gboolean ok = n == new->n;
    if (!ok) {
        del_difference(map, new, old, n);
        add_difference(map, new, old, TRUE, NULL);
    }
    tell_commit(map);
    return ok;
}

void map_take_back(AddressMap *map)
{
    tell_begin(map);
    del_difference(map, map->coming, map->view, map->coming->n);
    add_difference(map, map->coming, map->view, TRUE, NULL);
    tell_commit(map);
}

/* Room */

static guint count_paged(const View *view, const View *without)
{
    guint n = 0;
    for (guint i = 0; i < view->n; i++) {
        MapSection pages;
        n += map_section_pages(&view->sections[i], &pages) &&
             !view_has(without, &view->sections[i]);
    }
    return n;
}

gboolean map_has_room(const AddressMap *map, GError **errp)
{
    guint64 come = count_paged(map->coming, map->view);
    guint64 go = count_paged(map->view, map->coming);
    for (MapListener *l = map->listeners; l; l = l->next) {
        guint room = l->room ? l->room(l) : G_MAXUINT;
        if (room != G_MAXUINT && come > go + room) {
            return error_set(
                errp, "%s has room for %u more sections of memory, and %u are needed",
                l->name, room, (guint)(come - go));
        }
    }
    return TRUE;
}

guint address_map_room(AddressMap *map)
{
    g_assert(machine_lock_held());
    guint room = G_MAXUINT;
    for (MapListener *l = map->listeners; l; l = l->next) {
        room = MIN(room, l->room ? l->room(l) : G_MAXUINT);
    }
    return room;
}

/* Listening */

/* The view as if it came, to one listener. */
static gboolean hear_all(const AddressMap *map, MapListener *l, GError **errp)
{
    const View *view = map->view;
    guint n = 0;
    if (l->begin) {
        l->begin(l);
    }
    while (n < view->n && (!l->add || l->add(l, &view->sections[n], errp))) {
        tell_eventfds(l, &view->sections[n++], TRUE);
    }
    gboolean ok = n == view->n;
    while (!ok && n-- > 0) {
        tell_eventfds(l, &view->sections[n], FALSE);
        if (l->del) {
            l->del(l, &view->sections[n]);
        }
    }
    if (l->commit) {
        l->commit(l);
    }
    return ok;
}

gboolean address_map_listen(AddressMap *map, MapListener *listener, GError **errp)
{
    g_assert(machine_lock_held());
    if (!hear_all(map, listener, errp)) {
        return FALSE;
    }
    MapListener **at = &map->listeners;
    while (*at && (*at)->priority <= listener->priority) {
        at = &(*at)->next;
    }
    map_log_lock();
    listener->next = *at;
    *at = listener;
    map_log_unlock();
    return TRUE;
}

void address_map_unlisten(AddressMap *map, MapListener *listener)
{
    g_assert(machine_lock_held());
    MapListener **at = &map->listeners;
    while (*at && *at != listener) {
        at = &(*at)->next;
    }
    g_assert(*at);
    map_log_lock();
    *at = listener->next;
    map_log_unlock();
}
