/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "x-test": a filter for tests, on any node. It holds requests until it is told to let
 * them go, and fails those that match a rule. There with -qtest only.
 *
 * Requests come in the loop of their user, what the test says on the main loop: a lock
 * of the node's own is between them. A request that is let go goes on in its loop.
 */
#include <errno.h>
#include <string.h>

#include "block/node.h"
#include "block/testing.h"
#include "event/gate.h"
#include "util/error.h"

/* Fails what touches the range, so many times. */
typedef struct Rule {
    int op; /* BlockOp, -1: any */
    guint64 offset, bytes;
    int error;
    guint64 times;
} Rule;

typedef struct Testing {
    GMutex lock;
    gboolean hold;
    BlockRequest *held, **held_end;
    guint n_held;
    guint64 seen;
    GArray *rules;
} Testing;

static const char *const op_names[] = {
    [BLOCK_READ] = "read",
    [BLOCK_WRITE] = "write",
    [BLOCK_FLUSH] = "flush",
    [BLOCK_DISCARD] = "discard",
    [BLOCK_WRITE_ZEROES] = "write-zeroes",
};

static gboolean enabled;

void block_testing_enable(void)
{
    enabled = TRUE;
    gate_enable();
}

gboolean block_testing_enabled(void)
{
    return enabled;
}

typedef struct TestingOptions {
    ConfigNode *file;
} TestingOptions;

static const Property testing_rows[] = {
    { "file", PROP_KIND, offsetof(TestingOptions, file), .kind = &block_kind,
      .reference = TRUE, .required = TRUE },
    { NULL },
};

static gboolean testing_configure(BlockNode *node, GError **errp)
{
    TestingOptions *o = node->options;
    Testing *t;

    node->state = t = g_new0(Testing, 1);
    g_mutex_init(&t->lock);
    t->held_end = &t->held;
    t->rules = g_array_new(FALSE, FALSE, sizeof(Rule));
    return block_child_configure(node, &o->file, BLOCK_ROLE_FILTERED, errp);
}

static gboolean testing_opened(BlockNode *node, GError **errp)
{
    node->unmap = node->child->unmap;
    node->read_only = node->child->read_only;
    return node->driver->refresh_size(node, errp);
}

static void testing_free(BlockNode *node)
{
    Testing *t = node->state;

    if (t) {
        g_mutex_clear(&t->lock);
        g_array_unref(t->rules);
        g_free(t);
    }
}

static gboolean testing_refresh_size(BlockNode *node, GError **errp)
{
    node->size = node->child->size;
    return TRUE;
}

static gboolean testing_truncate(BlockNode *node, guint64 size, GError **errp)
{
    return block_node_truncate(node->child, size, errp);
}

/* With the lock. */
static int find_error(Testing *t, const BlockRequest *r)
{
    guint64 bytes = MAX(r->bytes, 1);

    for (guint i = 0; i < t->rules->len; i++) {
        Rule *rule = &g_array_index(t->rules, Rule, i);
        if (rule->times && (rule->op < 0 || rule->op == (int)r->op) &&
            r->pos < rule->offset + rule->bytes && rule->offset < r->pos + bytes) {
            rule->times--;
            return rule->error;
        }
    }
    return 0;
}

/* In the request's loop. */
static void go_on(void *opaque)
{
    BlockRequest *r = opaque;
    Testing *t = r->node->state;

    g_mutex_lock(&t->lock);
    int error = find_error(t, r);
    g_mutex_unlock(&t->lock);
    if (error) {
        block_node_complete(r, -error);
    } else {
        block_node_submit(r->node->child, r);
    }
}

/* Is not held: a test holds what comes from a loop. */
static int testing_blocking(BlockNode *node, BlockRequest *r)
{
    Testing *t = node->state;

    g_mutex_lock(&t->lock);
    t->seen++;
    int error = find_error(t, r);
    g_mutex_unlock(&t->lock);
    return error ? -error : block_node_blocking(node->child, r);
}

static void testing_submit(BlockNode *node, BlockRequest *r)
{
    Testing *t = node->state;

    g_mutex_lock(&t->lock);
    gboolean hold = t->hold;
    t->seen++;
    if (hold) {
        r->next = NULL;
        *t->held_end = r;
        t->held_end = &r->next;
        t->n_held++;
    }
    g_mutex_unlock(&t->lock);
    if (!hold) {
        go_on(r);
    }
}

/* The oldest n. */
static void release(Testing *t, guint64 n)
{
    g_mutex_lock(&t->lock);
    for (; n && t->held; n--) {
        BlockRequest *r = t->held;
        t->held = r->next;
        t->n_held--;
        event_loop_post(r->user->user.loop, go_on, r);
    }
    if (!t->held) {
        t->held_end = &t->held;
    }
    g_mutex_unlock(&t->lock);
}

static gboolean parse_rule(char **args, Rule *rule)
{
    guint64 *const numbers[] = { &rule->offset, &rule->bytes, NULL, &rule->times };

    if (g_strv_length(args) != 5) {
        return FALSE;
    }
    rule->op = -1;
    for (guint i = 0; i < G_N_ELEMENTS(op_names); i++) {
        rule->op = g_str_equal(args[0], op_names[i]) ? (int)i : rule->op;
    }
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i] && !g_ascii_string_to_unsigned(args[1 + i], 10, 0, G_MAXINT64,
                                                      numbers[i], NULL)) {
            return FALSE;
        }
    }
    rule->error = g_str_equal(args[3], "ENOSPC") ? ENOSPC : EIO;
    return rule->op >= 0 || g_str_equal(args[0], "any");
}

static char *add_rule(Testing *t, char **args)
{
    Rule rule;

    if (!parse_rule(args, &rule)) {
        return g_strdup("FAIL fail OP OFFSET BYTES ENOSPC|EIO TIMES");
    }
    g_mutex_lock(&t->lock);
    g_array_append_val(t->rules, rule);
    g_mutex_unlock(&t->lock);
    return g_strdup("OK");
}

static void set_hold(Testing *t, gboolean hold)
{
    g_mutex_lock(&t->lock);
    t->hold = hold;
    g_mutex_unlock(&t->lock);
}

static char *count(Testing *t)
{
    g_mutex_lock(&t->lock);
    char *reply = g_strdup_printf("OK %u %" G_GUINT64_FORMAT, t->n_held, t->seen);
    g_mutex_unlock(&t->lock);
    return reply;
}

char *block_testing_command(char **args)
{
    guint n = g_strv_length(args);
    char *reply = n == 2 ? gate_command(args[0], args[1]) : NULL;

    if (reply) {
        return reply;
    }
    BlockNode *node = n >= 2 ? block_node_find(args[0]) : NULL;
    Testing *t = node && node->driver == &block_driver_test ? node->state : NULL;
    guint64 requests = G_MAXUINT64;

    if (!t) {
        return g_strdup("FAIL block NODE hold|release|fail|clear|count|"
                        "silent|answers|asked");
    }
    if (g_str_equal(args[1], "fail")) {
        return add_rule(t, args + 2);
    }
    if (g_str_equal(args[1], "count")) {
        return count(t);
    }
    if (g_str_equal(args[1], "hold")) {
        set_hold(t, TRUE);
    } else if (g_str_equal(args[1], "release")) {
        if (n == 2) {
            set_hold(t, FALSE);
        } else if (!g_ascii_string_to_unsigned(args[2], 10, 1, G_MAXUINT, &requests,
                                               NULL)) {
            return g_strdup("FAIL release [N]");
        }
        release(t, requests);
    } else if (g_str_equal(args[1], "clear")) {
        g_mutex_lock(&t->lock);
        g_array_set_size(t->rules, 0);
        g_mutex_unlock(&t->lock);
    } else {
        return g_strdup_printf("FAIL '%s' is not known", args[1]);
    }
    return g_strdup("OK");
}

const BlockDriver block_driver_test = {
    .type = { "x-test", "holds and fails requests", testing_rows, sizeof(TestingOptions),
              .cold = TRUE },
    .configure = testing_configure,
    .opened = testing_opened,
    .free = testing_free,
    .refresh_size = testing_refresh_size,
    .truncate = testing_truncate,
    .submit = testing_submit,
    .blocking = testing_blocking,
};
