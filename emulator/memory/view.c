/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views: the tree of a map rendered flat. What wins is drawn first, and what comes later
 * fills the gaps. An offset in a region and the guest's address differ by a constant, so
 * that no address is ever computed that the window does not hold.
 */
#include <string.h>

#include "memory/map-internal.h"

View view_empty;

typedef struct Drawing {
    View *view; /* without references */
    guint capacity;
} Drawing;

/* The part of a region that is to be drawn: its offset x is at base + x (modulo 2^64). */
typedef struct Window {
    guint64 base;
    guint64 first, last; /* offsets in the region, inclusive */
    gboolean readonly;
} Window;

static guint64 section_last(const MapSection *s)
{
    return s->addr + (s->size - 1);
}

/* The first section that ends at addr or behind. */
static guint first_from(const View *view, guint64 addr)
{
    guint low = 0, high = view->n;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (section_last(&view->sections[middle]) < addr) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const MapSection *view_find(const View *view, guint64 addr)
{
    guint i = first_from(view, addr);
    return i < view->n && view->sections[i].addr <= addr ? &view->sections[i] : NULL;
}

/* Drawing */

static void resize(Drawing *d, guint capacity)
{
    d->view = g_realloc(d->view, sizeof(View) + capacity * sizeof(MapSection));
    d->capacity = capacity;
}

static void insert(Drawing *d, guint at, MapSection s)
{
    if (d->view->n == d->capacity) {
        resize(d, 2 * d->capacity);
    }
    MapSection *to = &d->view->sections[at];
    memmove(to + 1, to, (d->view->n++ - at) * sizeof(*to));
    *to = s;
}

/* The region's own bytes at [addr, last], as a section. */
static MapSection section_of(Region *r, const Window *w, guint64 addr, guint64 last)
{
    MapSection s = { .region = r,
                     .addr = addr,
                     .size = last - addr + 1,
                     .region_offset = addr - w->base,
                     .readonly = w->readonly };
    if (r->kind == REGION_RAM || (r->kind == REGION_ROM_DEVICE && r->now.direct)) {
        s.block = r->block;
        s.offset = r->block_offset + s.region_offset;
    }
    return s;
}

static void fill(Drawing *d, Region *r, const Window *w)
{
    guint64 addr = w->base + w->first, end = w->base + w->last;
    for (guint i = first_from(d->view, addr);; i++) {
        const MapSection *s = i < d->view->n ? &d->view->sections[i] : NULL;
        if (s && s->addr <= addr) {
            if (section_last(s) >= end) {
                return;
            }
            addr = section_last(s) + 1;
            continue;
        }
        guint64 last = s && s->addr <= end ? s->addr - 1 : end;
        insert(d, i, section_of(r, w, addr, last));
        if (last == end) {
            return;
        }
        addr = last + 1;
    }
}

static void draw(Drawing *d, Region *r, Window w);

static void draw_target(Drawing *d, Region *alias, Window w)
{
    Region *target = alias->target;
    guint64 offset = alias->now.alias_offset;
    if (offset > target->last || w.first > target->last - offset) {
        return;
    }
    w.base -= offset;
    w.last = MIN(w.last, target->last - offset) + offset;
    w.first += offset;
    draw(d, target, w);
}

static void draw_child(Drawing *d, Region *child, Window w)
{
    guint64 offset = child->now.offset;
    if (w.last < offset || (w.first > offset && w.first - offset > child->last)) {
        return;
    }
    w.base += offset;
    w.first = MAX(w.first, offset) - offset;
    w.last = MIN(w.last - offset, child->last);
    draw(d, child, w);
}

static void draw(Drawing *d, Region *r, Window w)
{
    if (!r->now.enabled) {
        return;
    }
    w.readonly = w.readonly || r->now.readonly;
    if (r->kind == REGION_ALIAS) {
        draw_target(d, r, w);
        return;
    }
    for (Region *child = r->children; child; child = child->next) {
        draw_child(d, child, w);
    }
    if (r->kind != REGION_CONTAINER) {
        fill(d, r, &w);
    }
}

/* b goes on where a ends. */
static gboolean continues(const MapSection *a, const MapSection *b)
{
    return a->region == b->region && a->block == b->block && a->readonly == b->readonly &&
           section_last(a) + 1 == b->addr &&
           a->region_offset + a->size == b->region_offset;
}

static void join(View *view)
{
    guint n = 0;
    for (guint i = 0; i < view->n; i++) {
        if (n && continues(&view->sections[n - 1], &view->sections[i])) {
            view->sections[n - 1].size += view->sections[i].size;
        } else {
            view->sections[n++] = view->sections[i];
        }
    }
    view->n = n;
}

View *view_render(AddressMap *map)
{
    Drawing d = { .view = NULL };
    resize(&d, map->view->n + 32);
    d.view->n = 0;
    draw(&d, &map->root, (Window){ .last = map->root.last });
    if (!d.view->n) {
        g_free(d.view);
        return &view_empty;
    }
    join(d.view);
    resize(&d, d.view->n);
    for (guint i = 0; i < d.view->n; i++) {
        if (d.view->sections[i].block) {
            ram_block_ref(d.view->sections[i].block);
        }
    }
    return d.view;
}

void view_free(View *view)
{
    if (view == &view_empty) {
        return;
    }
    for (guint i = 0; i < view->n; i++) {
        ram_block_unref(view->sections[i].block);
    }
    g_free(view);
}

/* Comparing */

gboolean map_section_equal(const MapSection *a, const MapSection *b)
{
    return a->region == b->region && a->addr == b->addr && a->size == b->size &&
           a->region_offset == b->region_offset && a->block == b->block &&
           a->offset == b->offset && a->readonly == b->readonly;
}

gboolean view_has(const View *view, const MapSection *s)
{
    const MapSection *found = view_find(view, s->addr);
    return found && map_section_equal(found, s);
}

gboolean view_equal(const View *a, const View *b)
{
    for (guint i = 0; a->n == b->n && i < a->n; i++) {
        if (!map_section_equal(&a->sections[i], &b->sections[i])) {
            return FALSE;
        }
    }
    return a->n == b->n;
}

gboolean map_section_pages(const MapSection *s, MapSection *pages)
{
    guint64 skip = -s->addr % RAM_PAGE_SIZE;
    if (!s->block || (s->addr - s->offset) % RAM_PAGE_SIZE || s->size < skip ||
        s->size - skip < RAM_PAGE_SIZE) {
        return FALSE;
    }
    *pages = *s;
    pages->addr += skip;
    pages->offset += skip;
    pages->region_offset += skip;
    pages->size = (s->size - skip) / RAM_PAGE_SIZE * RAM_PAGE_SIZE;
    return TRUE;
}
