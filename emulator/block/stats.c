/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "block/stats.h"

#include <errno.h>

#include "block/node.h"
#include "block/removable.h"
#include "event/clock.h"

/* One thread writes, so that it need not read and write in one step. */
#define LOAD(place)         __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)
#define ADD(place, value)   STORE(place, (place) + (value))

/* ---- counting ---- */

static BlockStatsKind kind_of(BlockOp op)
{
    static const BlockStatsKind kinds[] = {
        [BLOCK_READ] = BLOCK_STATS_READ,          [BLOCK_WRITE] = BLOCK_STATS_WRITE,
        [BLOCK_WRITE_ZEROES] = BLOCK_STATS_WRITE, [BLOCK_FLUSH] = BLOCK_STATS_FLUSH,
        [BLOCK_DISCARD] = BLOCK_STATS_UNMAP,
    };

    return kinds[op];
}

/* A test moves the guest's clock. */
static gint64 now(void)
{
    return clock_now(clock_qtest_enabled() ? CLOCK_TYPE_VIRTUAL : CLOCK_TYPE_REALTIME);
}

void block_account_start(BlockAccount *account, BlockOp op, guint64 bytes)
{
    *account = (BlockAccount){ kind_of(op), bytes, now() };
}

static void ended(BlockStats *stats, const BlockAccount *account)
{
    gint64 end = now();

    ADD(stats->kinds[account->kind].total_ns, (guint64)(end - account->start));
    STORE(stats->last, end);
}

void block_account_done(BlockStats *stats, const BlockAccount *account)
{
    BlockCounters *c = &stats->kinds[account->kind];

    ADD(c->bytes, account->bytes);
    ADD(c->operations, 1);
    ended(stats, account);
}

void block_account_failed(BlockStats *stats, const BlockAccount *account)
{
    ADD(stats->kinds[account->kind].failed, 1);
    ended(stats, account);
}

void block_account_invalid(BlockStats *stats, BlockOp op)
{
    ADD(stats->kinds[kind_of(op)].invalid, 1);
    STORE(stats->last, now());
}

void block_node_note_write(BlockNode *node, guint64 end)
{
    guint64 old = LOAD(node->wr_highest);

    while (end > old &&
           !__atomic_compare_exchange_n(&node->wr_highest, &old, end, TRUE,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

/* ---- io-status ---- */

void block_status_failed(BlockStats *stats, int error)
{
    if (LOAD(stats->status) == BLOCK_STATUS_OK) {
        STORE(stats->status,
              error == ENOSPC ? BLOCK_STATUS_NOSPACE : BLOCK_STATUS_FAILED);
    }
}

const char *block_status_name(const BlockStats *stats)
{
    static const char *const names[] = {
        [BLOCK_STATUS_OK] = "ok",
        [BLOCK_STATUS_FAILED] = "failed",
        [BLOCK_STATUS_NOSPACE] = "nospace",
    };

    return names[LOAD(stats->status)];
}

void block_status_ok(BlockStats *stats)
{
    STORE(stats->status, BLOCK_STATUS_OK);
}

void block_status_reset_all(void)
{
    for (GSList *l = block_nodes(); l; l = l->next) {
        const BlockNode *node = l->data;

        for (BlockChild *c = block_node_next_user(node, NULL); c;
             c = block_node_next_user(node, c)) {
            if (block_user_is_disk(c)) {
                block_status_ok(c->user.stats);
            }
        }
    }
}

/* ---- telling ---- */

static const struct {
    const char *before, *after; /* the kind's name, as a member's name */
    gsize offset;               /* in BlockCounters */
    gboolean bytes;             /* a flush has none */
} counters[] = {
    { "", "_bytes", offsetof(BlockCounters, bytes), TRUE },
    { "", "_operations", offsetof(BlockCounters, operations), FALSE },
    { "", "_total_time_ns", offsetof(BlockCounters, total_ns), FALSE },
    { "failed_", "_operations", offsetof(BlockCounters, failed), FALSE },
    { "invalid_", "_operations", offsetof(BlockCounters, invalid), FALSE },
};

static const char *const kind_names[] = {
    [BLOCK_STATS_READ] = "rd",
    [BLOCK_STATS_WRITE] = "wr",
    [BLOCK_STATS_FLUSH] = "flush",
    [BLOCK_STATS_UNMAP] = "unmap",
};

static void add_kind(ConfigNode *map, BlockStatsKind kind, const BlockCounters *c)
{
    for (guint i = 0; i < G_N_ELEMENTS(counters); i++) {
        const guint64 *value = (const void *)((const char *)c + counters[i].offset);
        g_autofree char *name =
            g_strconcat(counters[i].before, kind_names[kind], counters[i].after, NULL);

        if (kind != BLOCK_STATS_FLUSH || !counters[i].bytes) {
            config_map_set_int(map, name, (gint64)LOAD(*value));
        }
    }
}

/* Nothing is merged here. */
static const char *const always_zero[] = { "rd_merged", "wr_merged", "unmap_merged" };

/* stats NULL: a node's, which counts no requests. */
static ConfigNode *query_one(guint64 wr_highest, const BlockStats *stats)
{
    static const BlockStats none;
    ConfigNode *map = config_map_new();
    gint64 last;

    stats = stats ? stats : &none;
    for (guint kind = 0; kind < BLOCK_STATS_KINDS; kind++) {
        add_kind(map, kind, &stats->kinds[kind]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(always_zero); i++) {
        config_map_set_int(map, always_zero[i], 0);
    }
    config_map_set_int(map, "wr_highest_offset", (gint64)wr_highest);
    last = LOAD(stats->last);
    if (last) {
        config_map_set_int(map, "idle_time_ns", now() - last);
    }
    config_map_set_bool(map, "account_invalid", stats != &none);
    config_map_set_bool(map, "account_failed", stats != &none);
    config_map_set(map, "timed_stats", config_list_new());
    return map;
}

static ConfigNode *query_node(const BlockNode *node, const BlockStats *stats)
{
    ConfigNode *map = config_map_new();

    config_map_set_string(map, "node-name", node->name);
    config_map_set(map, "stats", query_one(LOAD(node->wr_highest), stats));
    if (node->child) {
        ConfigNode *parent = config_map_new();

        config_map_set_string(parent, "node-name", node->child->name);
        config_map_set(parent, "stats", query_one(LOAD(node->child->wr_highest), NULL));
        config_map_set(map, "parent", parent);
    }
    return map;
}

static void query_user(BlockNode *node, const BlockChild *c, void *array)
{
    ConfigNode *map = query_node(node, c ? c->user.stats : NULL);

    config_map_set_string(map, "device", block_node_drive(node));
    if (c) {
        config_map_set_string(map, "qdev", c->user.name);
    }
    config_list_add(array, map);
}

/* Also without a medium. */
static void query_drive(const Removable *r, void *array)
{
    ConfigNode *map = r->medium ? query_node(r->medium, r->stats) : config_map_new();

    if (!r->medium) {
        config_map_set(map, "stats", query_one(0, r->stats));
    }
    config_map_set_string(map, "device", r->drive ? r->drive : "");
    config_map_set_string(map, "qdev", r->name);
    config_list_add(array, map);
}

ConfigNode *block_query_stats(gboolean nodes)
{
    ConfigNode *array = config_list_new();

    for (GSList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;

        if (nodes) {
            config_list_add(array, query_node(node, NULL));
        } else {
            block_node_foreach_listed(node, query_user, array);
        }
    }
    if (!nodes) {
        removable_foreach(query_drive, array);
    }
    return array;
}
