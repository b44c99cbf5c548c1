/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of regions. The first change of a region in a transaction keeps its state, so
 * that a refused one can be taken back exactly: links among siblings follow from the
 * states (priority, then order of addition).
 */
#include "memory/region.h"

#include <inttypes.h>

#include "event/lock.h"
#include "memory/map-internal.h"
#include "util/error.h"

static Region *changed; /* in this transaction, by next_changed */
static Region *dead;    /* freed, perhaps in a view, by next_dead */
static guint additions;

/* The state of a region that nobody saw: most are new, and cost no copy. */
static RegionState nowhere;

/* Making and freeing */

static Region *region_new(RegionKind kind, const char *name, guint64 size)
{
    g_assert(size > 0 || kind == REGION_CONTAINER || kind == REGION_ALIAS);
    Region *region = g_new0(Region, 1);
    region->kind = kind;
    region->name = g_strdup(name);
    region->last = size - 1;
    region->now.enabled = TRUE;
    return region;
}

static Region *region_new_block(RegionKind kind, const char *name, RamBlock *block,
                                guint64 offset, guint64 size)
{
    g_assert(offset <= block->size && size <= block->size - offset);
    Region *region = region_new(kind, name, size);
    region->block = ram_block_ref(block);
    region->block_offset = offset;
    return region;
}

Region *region_new_container(const char *name, guint64 size)
{
    return region_new(REGION_CONTAINER, name, size);
}

Region *region_new_io(const char *name, guint64 size, const RegionOps *ops, void *opaque)
{
    Region *region = region_new(REGION_IO, name, size);
    region->ops = ops;
    region->opaque = opaque;
    return region;
}

Region *region_new_ram(const char *name, RamBlock *block, guint64 offset, guint64 size,
                       gboolean readonly)
{
    Region *region = region_new_block(REGION_RAM, name, block, offset, size);
    region->now.readonly = readonly || block->readonly;
    return region;
}

Region *region_new_rom_device(const char *name, RamBlock *block, guint64 offset,
                              guint64 size, const RegionOps *ops, void *opaque)
{
    Region *region = region_new_block(REGION_ROM_DEVICE, name, block, offset, size);
    region->ops = ops;
    region->opaque = opaque;
    region->now.readonly = region->now.direct = TRUE;
    return region;
}

Region *region_new_alias(const char *name, Region *target, guint64 offset, guint64 size)
{
    Region *region = region_new(REGION_ALIAS, name, size);
    region->target = target;
    region->now.alias_offset = offset;
    region->next_alias = target->aliases;
    target->aliases = region;
    return region;
}

static void forget_alias(Region *region)
{
    Region **at = &region->target->aliases;
    while (*at != region) {
        at = &(*at)->next_alias;
    }
    *at = region->next_alias;
    region->target = NULL;
}

void region_free(Region *region)
{
    if (!region) {
        return;
    }
    g_assert(!region->now.parent && !region->children && !region->aliases);
    region->dead = TRUE;
    region->ops = NULL;
    if (region->target) {
        forget_alias(region);
    }
    if (address_map_changing() || dead) { /* a view may have it */
        region->next_dead = dead;
        dead = region;
    } else {
        region_destroy(region);
    }
}

void region_destroy(Region *region)
{
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

gboolean region_any_dead(void)
{
    return dead != NULL;
}

void region_free_dead(void)
{
    while (dead) {
        Region *region = dead;
        dead = region->next_dead;
        region_destroy(region);
    }
}

/* Changes */

/* All maps in which the region may be seen. */
static void mark_maps(Region *region)
{
    if (region->map) {
        region->map->changed = TRUE;
    }
    for (Region *alias = region->aliases; alias; alias = alias->next_alias) {
        mark_maps(alias);
    }
    if (region->now.parent) {
        mark_maps(region->now.parent);
    }
}

/* Before a change. */
static void keep_state(Region *region)
{
    g_assert(machine_lock_held() && address_map_changing() && !region->dead);
    mark_maps(region);
    if (region->before) {
        return;
    }
    region->before = &nowhere;
    if (region->now.parent || region->aliases || region->map) {
        region->before = g_new(RegionState, 1);
        *region->before = region->now;
    }
    region->next_changed = changed;
    changed = region;
}

static gboolean wins(const RegionState *a, const RegionState *b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->order > b->order;
}

static void link_region(Region *region)
{
    Region **at = &region->now.parent->children;
    while (*at && wins(&(*at)->now, &region->now)) {
        at = &(*at)->next;
    }
    region->next = *at;
    *at = region;
}

static void unlink_region(Region *region)
{
    Region **at = &region->now.parent->children;
    while (*at != region) {
        at = &(*at)->next;
    }
    *at = region->next;
    region->now.parent = region->next = NULL;
}

static void put_region(Region *parent, Region *region, guint64 offset, int priority,
                       gboolean exclusive)
{
    g_assert(!region->now.parent && !region->map && !parent->dead);
    for (Region *r = parent; r; r = r->now.parent) {
        g_assert(r != region);
    }
    keep_state(region);
    region->now.parent = parent;
    region->now.offset = offset;
    region->now.priority = priority;
    region->now.order = ++additions;
    region->now.exclusive = exclusive;
    link_region(region);
    mark_maps(region);
}

gboolean region_add(Region *parent, Region *region, guint64 offset, GError **errp)
{
    guint64 last;
    if (__builtin_add_overflow(offset, region->last, &last) || last > parent->last) {
        return error_set(errp,
                         "region '%s' (0x%" PRIx64 " bytes) at 0x%" PRIx64
                         " does not fit into the address space",
                         region->name, region->last + 1, offset);
    }
    for (const Region *r = parent->children; r; r = r->next) {
        if (r->now.exclusive && offset <= r->now.offset + r->last &&
            r->now.offset <= last) {
            return error_set(errp,
                             "region '%s' at 0x%" PRIx64 "-0x%" PRIx64
                             " overlaps '%s' at 0x%" PRIx64 "-0x%" PRIx64,
                             region->name, offset, last, r->name, r->now.offset,
                             r->now.offset + r->last);
        }
    }
    put_region(parent, region, offset, 0, TRUE);
    return TRUE;
}

void region_add_over(Region *parent, Region *region, guint64 offset, int priority)
{
    put_region(parent, region, offset, priority, FALSE);
}

void region_remove(Region *region)
{
    if (region->now.parent) {
        keep_state(region);
        unlink_region(region);
    }
}

void region_set_enabled(Region *region, gboolean enabled)
{
    if (region->now.enabled != !!enabled) {
        keep_state(region);
        region->now.enabled = !!enabled;
    }
}

void region_set_address(Region *region, guint64 offset)
{
    g_assert(!region->now.exclusive);
    if (region->now.offset != offset) {
        keep_state(region);
        region->now.offset = offset;
    }
}

void region_set_readonly(Region *region, gboolean readonly)
{
    if (region->now.readonly != !!readonly) {
        keep_state(region);
        region->now.readonly = !!readonly;
    }
}

void region_set_direct(Region *region, gboolean direct)
{
    g_assert(region->kind == REGION_ROM_DEVICE);
    if (region->now.direct != !!direct) {
        keep_state(region);
        region->now.direct = !!direct;
    }
}

void region_set_alias_offset(Region *region, guint64 offset)
{
    g_assert(region->kind == REGION_ALIAS);
    if (region->now.alias_offset != offset) {
        keep_state(region);
        region->now.alias_offset = offset;
    }
}

/* The end of a transaction */

static RegionState *take_before(Region *region)
{
    RegionState *before = region->before;
    region->before = NULL;
    return before;
}

void region_changes_keep(void)
{
    for (; changed; changed = changed->next_changed) {
        RegionState *before = take_before(changed);
        if (before != &nowhere) {
            g_free(before);
        }
    }
}

/* What was freed, and what was in it, does not come back. */
void region_changes_undo(void)
{
    for (Region *r = changed; r; r = r->next_changed) {
        if (r->now.parent) {
            unlink_region(r);
        }
    }
    for (; changed; changed = changed->next_changed) {
        RegionState *before = take_before(changed);
        if (before == &nowhere) {
            continue;
        }
        changed->now = *before;
        g_free(before);
        if (changed->dead || (changed->now.parent && changed->now.parent->dead)) {
            changed->now.parent = NULL;
        } else if (changed->now.parent) {
            link_region(changed);
        }
    }
}
