/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps and their transactions. The outermost commit renders a new view of each map
 * whose tree has changed, tells the listeners the difference (map-listener.c), publishes
 * the views and waits once until no reader uses an old one.
 */
#include "memory/address-map.h"

#include "event/lock.h"
#include "memory/map-internal.h"

#define ADDRESS_MAP(i, text, end)                                                        \
    {                                                                                    \
        .root = { .name = (char *)(text),                                                \
                  .last = (end),                                                         \
                  .map = &address_maps[i],                                               \
                  .now = { .enabled = TRUE } },                                          \
        .view = &view_empty,                                                             \
    }

AddressMap address_maps[N_ADDRESS_MAPS] = {
    ADDRESS_MAP(0, "memory", G_MAXUINT64),
    ADDRESS_MAP(1, "I/O", 0xffff),
};

static guint depth;         /* of transactions */
static gboolean committing; /* the maps are not to be changed */

AddressMap *address_map_memory(void)
{
    return &address_maps[0];
}

AddressMap *address_map_io(void)
{
    return &address_maps[1];
}

Region *address_map_root(AddressMap *map)
{
    return &map->root;
}

gboolean address_map_changing(void)
{
    return depth && !committing;
}

void address_map_begin(void)
{
    g_assert(machine_lock_held() && !committing);
    depth++;
}

/* A map with nothing new has no coming view. */
static void render(void)
{
    for (AddressMap *map = address_maps; map < address_maps + N_ADDRESS_MAPS; map++) {
        map->coming = map->changed ? view_render(map) : NULL;
        if (map->coming && view_equal(map->view, map->coming)) {
            view_free(map->coming);
            map->coming = NULL;
        }
    }
}

static gboolean tell(gboolean must, GError **errp)
{
    for (AddressMap *map = address_maps; map < address_maps + N_ADDRESS_MAPS; map++) {
        if (map->coming && !must && !map_has_room(map, errp)) {
            return FALSE;
        }
    }
    for (AddressMap *map = address_maps; map < address_maps + N_ADDRESS_MAPS; map++) {
        if (map->coming && !map_tell(map, must, errp)) {
            while (map-- > address_maps) {
                if (map->coming) {
                    map_take_back(map);
                }
            }
            return FALSE;
        }
    }
    return TRUE;
}

static void publish(void)
{
    View *old[N_ADDRESS_MAPS];
    gboolean wait = FALSE;
    for (guint i = 0; i < N_ADDRESS_MAPS; i++) {
        AddressMap *map = &address_maps[i];
        old[i] = map->coming ? map->view : &view_empty;
        wait |= old[i] != &view_empty;
        if (map->coming) {
            rcu_publish(&map->view, map->coming);
        }
        map->coming = NULL;
        map->changed = FALSE;
    }
    if (wait) {
        rcu_wait();
    }
    for (guint i = 0; i < N_ADDRESS_MAPS; i++) {
        view_free(old[i]);
    }
    region_changes_keep();
    region_free_dead();
}

static void take_back(void)
{
    region_changes_undo();
    for (AddressMap *map = address_maps; map < address_maps + N_ADDRESS_MAPS; map++) {
        if (map->coming) {
            view_free(map->coming);
            map->coming = NULL;
        }
        map->changed = region_any_dead();
    }
}

static gboolean commit(gboolean must, GError **errp)
{
    g_assert(machine_lock_held() && depth && !committing);
    if (depth > 1) {
        depth--;
        return TRUE;
    }
    committing = TRUE;
    render();
    gboolean ok = tell(must, errp);
    if (ok) {
        publish();
    } else {
        take_back();
    }
    committing = FALSE;
    depth = 0;
    return ok;
}

gboolean address_map_commit(GError **errp)
{
    return commit(FALSE, errp);
}

void address_map_settle(void)
{
    commit(TRUE, NULL);
}

gboolean address_map_add(AddressMap *map, Region *region, guint64 addr, GError **errp)
{
    address_map_begin();
    gboolean added = region_add(&map->root, region, addr, errp);
    return address_map_commit(added ? errp : NULL) && added;
}

void address_map_remove(Region *region)
{
    address_map_begin();
    region_remove(region);
    address_map_settle();
}

gboolean address_map_put(AddressMap *map, Region **region, guint64 addr, GError **errp)
{
    if (!address_map_add(map, *region, addr, errp)) {
        g_clear_pointer(region, region_free);
        return FALSE;
    }
    return TRUE;
}

void address_map_take(Region **region)
{
    if (*region) {
        address_map_remove(*region);
        g_clear_pointer(region, region_free);
    }
}
