/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address map as a property: random trees of regions in 64 ports' worth of I/O space
 * are changed at random, and what each address shows is compared with a naive model that
 * asks the tree from the top for each address. Listeners keep a copy of their own, and
 * refuse now and then: then nothing may have changed.
 */
#include <string.h>

#include "event/lock.h"
#include "event/loop.h"
#include "memory/address-map.h"
#include "memory/map-internal.h"
#include "util/error.h"

#define SPAN    64 /* addresses that are looked at */
#define REGIONS 12
#define MAPS    100000 /* random maps */

static Region *regions[REGIONS];
static RamBlock *ram;
static const RegionOps ops = { NULL, NULL, 1, 1, TRUE };

/* The model: what answers at an offset of a region. */
typedef struct Answer {
    const Region *region;
    guint64 offset;
    gboolean readonly;
} Answer;

static gboolean ask(const Region *r, guint64 offset, gboolean readonly, Answer *answer);

/* The one among those not yet asked that is to be asked next. */
static const Region *best_below(const Region *parent, const Region *above)
{
    const Region *best = NULL;
    for (const Region *c = parent->children; c; c = c->next) {
        gboolean below =
            !above || c->now.priority < above->now.priority ||
            (c->now.priority == above->now.priority && c->now.order < above->now.order);
        if (below &&
            (!best || c->now.priority > best->now.priority ||
             (c->now.priority == best->now.priority && c->now.order > best->now.order))) {
            best = c;
        }
    }
    return best;
}

static gboolean ask_children(const Region *r, guint64 offset, gboolean readonly,
                             Answer *answer)
{
    for (const Region *c = best_below(r, NULL); c; c = best_below(r, c)) {
        if (offset >= c->now.offset && ask(c, offset - c->now.offset, readonly, answer)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean ask(const Region *r, guint64 offset, gboolean readonly, Answer *answer)
{
    if (!r->now.enabled || offset > r->last) {
        return FALSE;
    }
    readonly = readonly || r->now.readonly;
    if (r->kind == REGION_ALIAS) {
        guint64 at = offset + r->now.alias_offset;
        return at >= offset && ask(r->target, at, readonly, answer);
    }
    if (ask_children(r, offset, readonly, answer)) {
        return TRUE;
    }
    *answer = (Answer){ r, offset, readonly };
    return r->kind != REGION_CONTAINER;
}

static void check_address(AddressMap *map, guint64 addr)
{
    Answer want = { .region = NULL };
    gboolean any = ask(&map->root, addr, FALSE, &want);
    const MapSection *s = view_find(map->view, addr);
    g_assert_true(any == (s != NULL));
    if (!s) {
        return;
    }
    guint64 at = addr - s->addr;
    g_assert_true(s->region == want.region);
    g_assert_cmpuint(s->region_offset + at, ==, want.offset);
    g_assert_true(s->readonly == want.readonly);
    gboolean direct = want.region->kind == REGION_RAM ||
                      (want.region->kind == REGION_ROM_DEVICE && want.region->now.direct);
    g_assert_true(direct == (s->block != NULL));
    if (direct) {
        g_assert_cmpuint(s->offset + at, ==, want.region->block_offset + want.offset);
    }
}

/* Sorted, apart, and no two that could be one. */
static void check_shape(const View *view)
{
    for (guint i = 0; i + 1 < view->n; i++) {
        const MapSection *a = &view->sections[i], *b = a + 1;
        g_assert_cmpuint(a->addr + (a->size - 1), <, b->addr);
        g_assert_false(a->addr + a->size == b->addr && a->region == b->region &&
                       a->region_offset + a->size == b->region_offset &&
                       a->block == b->block && a->readonly == b->readonly);
    }
}

/* Counts down to the add that is refused, whoever is told; below 0: none. */
static int refuse = -1;

/* A listener with a copy of the view, which may refuse. */
typedef struct Copy {
    MapListener base;
    GArray *sections;
    guint room;
    gboolean open;
} Copy;

static void copy_begin(MapListener *l)
{
    g_assert_false(((Copy *)l)->open);
    ((Copy *)l)->open = TRUE;
}

static void copy_commit(MapListener *l)
{
    g_assert_true(((Copy *)l)->open);
    ((Copy *)l)->open = FALSE;
}

static gboolean copy_add(MapListener *l, const MapSection *s, GError **errp)
{
    Copy *c = (Copy *)l;
    g_assert_true(c->open);
    if (refuse >= 0 && refuse-- == 0) {
        return error_set(errp, "refused");
    }
    for (guint i = 0; i < c->sections->len; i++) { /* what goes, goes first */
        const MapSection *o = &g_array_index(c->sections, MapSection, i);
        g_assert_true(o->addr + (o->size - 1) < s->addr ||
                      s->addr + (s->size - 1) < o->addr);
    }
    g_array_append_val(c->sections, *s);
    return TRUE;
}

static void copy_del(MapListener *l, const MapSection *s)
{
    Copy *c = (Copy *)l;
    for (guint i = 0; i < c->sections->len; i++) {
        if (map_section_equal(&g_array_index(c->sections, MapSection, i), s)) {
            g_array_remove_index_fast(c->sections, i);
            return;
        }
    }
    g_assert_not_reached();
}

static guint copy_room(MapListener *l)
{
    return ((Copy *)l)->room;
}

static Copy make_copy(int priority)
{
    return (Copy){ .base = { .name = "copy",
                             .priority = priority,
                             .room = copy_room,
                             .begin = copy_begin,
                             .add = copy_add,
                             .del = copy_del,
                             .commit = copy_commit },
                   .sections = g_array_new(FALSE, FALSE, sizeof(MapSection)),
                   .room = G_MAXUINT };
}

static void check_copy(const Copy *c, const View *view)
{
    g_assert_cmpuint(c->sections->len, ==, view->n);
    for (guint i = 0; i < c->sections->len; i++) {
        g_assert_true(view_has(view, &g_array_index(c->sections, MapSection, i)));
    }
}

static void check_map(AddressMap *map)
{
    check_shape(map->view);
    for (guint64 addr = 0; addr < SPAN; addr++) {
        check_address(map, addr);
    }
}

/* Random trees */

static guint64 below(GRand *rand, guint n)
{
    return (guint64)g_rand_int_range(rand, 0, (gint32)n);
}

static Region *random_region(GRand *rand, guint i)
{
    guint64 size = 1 + below(rand, SPAN);
    switch (below(rand, i ? 6 : 5)) {
    case 0:
        return region_new_container("container", size);
    case 1:
        return region_new_io("io", size, &ops, NULL);
    case 2:
        return region_new_ram("ram", ram, below(rand, SPAN), size, below(rand, 4) == 0);
    case 3:
        return region_new_rom_device("rom", ram, below(rand, SPAN), size, &ops, NULL);
    case 4:
        return region_new_container("all", 0);
    default:
        return region_new_alias("alias", regions[below(rand, i)], below(rand, SPAN),
                                below(rand, 4) ? size : 0);
    }
}

/* Aliases and children point to what was made before, so that there is no circle. */
static Region *random_parent(GRand *rand, guint i, Region *root)
{
    guint n = i + 1 + (guint)below(rand, REGIONS - i);
    return n >= REGIONS || regions[n]->kind == REGION_ALIAS ? root : regions[n];
}

static void change_place(GRand *rand, guint i, Region *root)
{
    Region *r = regions[i];
    g_autoptr(GError) error = NULL;
    if (r->now.parent) {
        region_remove(r);
    } else if (below(rand, 4)) {
        region_add_over(random_parent(rand, i, root), r, below(rand, SPAN),
                        (int)below(rand, 5) - 2);
    } else {
        region_add(root, r, below(rand, SPAN), &error); /* may overlap: refused */
    }
}

static void change(GRand *rand, Region *root)
{
    guint i = (guint)below(rand, REGIONS);
    Region *r = regions[i];
    switch (below(rand, 8)) {
    case 0:
        region_set_enabled(r, !r->now.enabled);
        break;
    case 1:
        region_set_readonly(r, !r->now.readonly);
        break;
    case 2:
        if (r->kind == REGION_ROM_DEVICE) {
            region_set_direct(r, !r->now.direct);
        }
        break;
    case 3:
        if (r->kind == REGION_ALIAS) {
            region_set_alias_offset(r, below(rand, 2) ? below(rand, SPAN)
                                                      : -(guint64)below(rand, SPAN));
        }
        break;
    case 4:
        if (r->now.parent && !r->now.exclusive) {
            region_set_address(r, below(rand, SPAN));
        }
        break;
    default:
        change_place(rand, i, root);
    }
}

static void free_tree(void)
{
    address_map_begin();
    for (guint i = REGIONS; i-- > 0;) {
        region_remove(regions[i]);
    }
    /* An alias is made after its target. */
    for (guint i = REGIONS; i-- > 0;) {
        region_free(regions[i]);
    }
    g_assert_true(address_map_commit(NULL));
}

static void transaction(GRand *rand, AddressMap *map, Copy *a, Copy *b)
{
    g_autoptr(GError) error = NULL;
    const View *old = map->view;
    refuse = below(rand, 2) ? -1 : (int)below(rand, 8);
    gboolean may_refuse = refuse >= 0;
    address_map_begin();
    for (guint64 n = 1 + below(rand, 6); n--;) {
        change(rand, &map->root);
    }
    gboolean ok = address_map_commit(&error);
    g_assert_true(ok == (error == NULL) && (ok || may_refuse));
    if (!ok) {
        g_assert_true(map->view == old);
        g_assert_false(map->changed);
    }
    refuse = -1;
    check_copy(a, map->view);
    check_copy(b, map->view);
    check_map(map); /* the tree, too, is as it was */
}

static void test_random(void)
{
    g_autoptr(GError) error = NULL;
    guint32 seed = g_test_rand_int();
    GRand *rand = g_rand_new_with_seed(seed);
    AddressMap *map = address_map_io();
    Copy a = make_copy(1), b = make_copy(2);
    g_test_message("seed %u", seed);
    g_assert_true(address_map_listen(map, &a.base, &error));
    g_assert_true(address_map_listen(map, &b.base, &error));
    for (guint n = 0; n < MAPS;) {
        for (guint i = 0; i < REGIONS; i++) {
            regions[i] = random_region(rand, i);
        }
        for (guint i = 0; i < 50; i++, n++) {
            transaction(rand, map, &a, &b);
        }
        free_tree();
        g_assert_cmpuint(map->view->n, ==, 0);
    }
    address_map_unlisten(map, &a.base);
    address_map_unlisten(map, &b.base);
    g_array_unref(a.sections);
    g_array_unref(b.sections);
    g_rand_free(rand);
}

/* Single cases */

static RamBlock *new_block(guint pages)
{
    g_autoptr(GError) error = NULL;
    RamBlock *block = ram_block_new("block", pages * (guint64)RAM_PAGE_SIZE, &error);
    g_assert_no_error(error);
    return block;
}

/* What there is no room for is refused before anybody hears of it. */
static void test_room(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RamBlock) block = new_block(2);
    AddressMap *map = address_map_memory();
    Copy c = make_copy(1);
    c.room = 0;
    g_assert_true(address_map_listen(map, &c.base, &error));
    Region *region = region_new_ram("dimm", block, 0, 2 * RAM_PAGE_SIZE, FALSE);
    g_assert_cmpuint(address_map_room(map), ==, 0);
    g_assert_false(address_map_add(map, region, 0, &error));
    g_assert_nonnull(strstr(error->message, "copy has room for 0"));
    g_clear_error(&error);
    g_assert_cmpuint(c.sections->len, ==, 0);
    g_assert_null(region->now.parent);

    c.room = 1;
    g_assert_true(address_map_add(map, region, 0, &error));
    c.room = 0;
    address_map_begin(); /* one goes, one comes */
    region_remove(region);
    g_assert_true(region_add(address_map_root(map), region, RAM_PAGE_SIZE, &error));
    g_assert_true(address_map_commit(&error));
    g_assert_cmpuint(c.sections->len, ==, 1);
    address_map_remove(region);
    region_free(region);
    address_map_unlisten(map, &c.base);
    g_array_unref(c.sections);
}

typedef struct Chip {
    guint reads, writes;
    guint64 value;
} Chip;

static guint64 chip_read(void *opaque, guint64 offset, unsigned size)
{
    ((Chip *)opaque)->reads++;
    return 0x42;
}

static void chip_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    ((Chip *)opaque)->writes++;
    ((Chip *)opaque)->value = offset << 8 | value;
}

static const RegionOps chip_ops = { chip_read, chip_write, 1, 1, TRUE };

static guint8 peek(guint64 addr)
{
    guint8 byte = 0;
    address_map_read(address_map_memory(), addr, &byte, 1);
    return byte;
}

static void test_rom_device(void)
{
    g_autoptr(RamBlock) block = new_block(1);
    Chip chip = { .reads = 0 };
    Region *flash =
        region_new_rom_device("flash", block, 0, RAM_PAGE_SIZE, &chip_ops, &chip);
    Region *end = region_new_alias("end", flash, 0x800, 0x800);
    Region *root = address_map_root(address_map_memory());
    address_map_begin();
    region_add_over(root, end, 0xfffff800, 0);
    g_assert_true(address_map_commit(NULL));
    block->host[0x801] = 7;
    g_assert_cmpuint(peek(0xfffff801), ==, 7);
    address_map_write(address_map_memory(), 0xfffff801, "\x01", 1);
    g_assert_cmphex(chip.value, ==, 0x80101);
    g_assert_cmpuint(chip.reads, ==, 0);
    g_assert_cmpuint(block->host[0x801], ==, 7);

    address_map_begin();
    region_set_direct(flash, FALSE);
    g_assert_true(address_map_commit(NULL));
    g_assert_cmpuint(peek(0xfffff801), ==, 0x42);
    g_assert_cmpuint(peek(0xfffff7ff), ==, 0xff);
    address_map_remove(end);
    region_free(end);
    region_free(flash);
}

/* A region that is freed in a refused transaction is silent, and goes with the next. */
static void test_freed_and_refused(void)
{
    g_autoptr(GError) error = NULL;
    AddressMap *map = address_map_memory();
    Chip chip = { .reads = 0 };
    Copy c = make_copy(1);
    Region *old = region_new_io("old", 16, &chip_ops, &chip);
    Region *new = region_new_io("new", 16, &chip_ops, &chip);
    g_assert_true(address_map_add(map, old, 0, &error));
    g_assert_true(address_map_listen(map, &c.base, &error));
    address_map_begin();
    address_map_remove(old);
    region_free(old);
    g_assert_true(address_map_add(map, new, 0, &error));
    refuse = 0;
    g_assert_false(address_map_commit(&error));
    g_clear_error(&error);
    g_assert_cmpuint(c.sections->len, ==, 1);
    g_assert_cmpuint(peek(0), ==, 0xff);
    g_assert_cmpuint(chip.reads, ==, 0);

    g_assert_true(address_map_add(map, new, 0, &error));
    g_assert_cmpuint(peek(0), ==, 0x42);
    g_assert_false(region_any_dead());
    check_copy(&c, map->view);
    address_map_unlisten(map, &c.base);
    address_map_remove(new);
    region_free(new);
    g_array_unref(c.sections);
}

static guint lost;

static void count_lost(MapListener *l, const MapSection *s, const GError *error)
{
    lost++;
}

/* What comes to light by an unplug cannot be refused, but somebody hears of it. */
static void test_lost(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RamBlock) block = new_block(1);
    AddressMap *map = address_map_memory();
    Chip chip = { .reads = 0 };
    Copy c = make_copy(1);
    c.base.lost = count_lost;
    Region *under = region_new_ram("under", block, 0, RAM_PAGE_SIZE, FALSE);
    Region *over = region_new_io("over", RAM_PAGE_SIZE, &chip_ops, &chip);
    g_assert_true(address_map_add(map, under, 0, &error));
    address_map_begin();
    region_add_over(address_map_root(map), over, 0, 1);
    g_assert_true(address_map_commit(&error));
    g_assert_true(address_map_listen(map, &c.base, &error));
    refuse = 0;
    c.room = 0;
    address_map_remove(over);
    g_assert_cmpuint(lost, ==, 1);
    g_assert_cmpuint(peek(0), ==, 0);
    region_free(over);
    c.base.del = NULL; /* it has none */
    address_map_remove(under);
    region_free(under);
    address_map_unlisten(map, &c.base);
    g_array_unref(c.sections);
}

/* What KVM can map of a section that a device has cut. */
static void test_whole_pages(void)
{
    g_autoptr(RamBlock) block = new_block(4);
    MapSection pages,
        s = { .addr = 0x10010, .size = 0x2ff0, .block = block, .offset = 0x10 };
    g_assert_true(map_section_pages(&s, &pages));
    g_assert_cmphex(pages.addr, ==, 0x11000);
    g_assert_cmphex(pages.size, ==, 0x2000);
    g_assert_cmphex(pages.offset, ==, 0x1000);
    s.size = 0x1fef;
    g_assert_false(map_section_pages(&s, &pages));
    s.size = 0x3000;
    s.offset = 0;
    g_assert_false(map_section_pages(&s, &pages)); /* the pages do not meet */
    s.block = NULL;
    g_assert_false(map_section_pages(&s, &pages));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    event_init();
    ram = new_block(1);
    g_test_add_func("/memory/map/random", test_random);
    g_test_add_func("/memory/map/room", test_room);
    g_test_add_func("/memory/map/rom-device", test_rom_device);
    g_test_add_func("/memory/map/freed-and-refused", test_freed_and_refused);
    g_test_add_func("/memory/map/lost", test_lost);
    g_test_add_func("/memory/map/whole-pages", test_whole_pages);
    int result = g_test_run();
    ram_block_unref(ram);
    return result;
}
