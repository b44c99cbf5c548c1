/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaky buckets: what is done fills them, time empties them, and one that is fuller than
 * its burst allows makes the next request wait until it is not.
 *
 * A group's state has a lock: its users are in different loops. One timer of the main
 * loop wakes those whose turn it is.
 */
#include "block/throttle.h"

#include <string.h>

#include "accel/run-state.h"
#include "event/clock.h"
#include "util/error.h"

#define SECOND_NS 1e9

/* For a limit without bursts: what may come at once, in seconds of the limit. */
#define SLACK 0.1

typedef struct Bucket {
    double level; /* above the average */
    double burst; /* and above the burst's rate */
} Bucket;

/* The requests of one user that wait, in one direction. */
typedef struct Waiters {
    const BlockChild *user;
    BlockRequest *first, *last;
} Waiters;

struct ThrottleGroup {
    char *name;
    gboolean object;
    guint users; /* main loop */
    Timer *timer;

    GMutex lock; /* for: */
    ThrottleConfig config;
    Bucket buckets[THROTTLE_KINDS];
    gint64 emptied;    /* when, ns */
    GQueue waiting[2]; /* of Waiters: reads, writes; the first one's turn comes */
    gboolean arming;   /* the main loop has been told to set the timer */
};

static GPtrArray *groups; /* main loop */
static GPtrArray *gone;   /* objects that have been deleted */
static gint lifted;       /* atomic: the VM stands still */

/* --- limits --- */

void throttle_config_init(ThrottleConfig *config)
{
    *config = (ThrottleConfig){ 0 };
    for (guint i = 0; i < THROTTLE_KINDS; i++) {
        config->limits[i].length = 1;
    }
}

gboolean throttle_config_limits(const ThrottleConfig *config)
{
    for (guint i = 0; i < THROTTLE_KINDS; i++) {
        if (config->limits[i].average) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean check_limit(const ThrottleLimit *limit, GError **errp)
{
    if (limit->average > THROTTLE_MAX || limit->max > THROTTLE_MAX) {
        return error_set(errp, "bps/iops/max values must be within [0, %llu]",
                         THROTTLE_MAX);
    }
    if (!limit->length) {
        return error_set(errp, "the burst length cannot be 0");
    }
    if (limit->length > 1 && !limit->max) {
        return error_set(errp, "burst length set without burst rate");
    }
    if (limit->length > 1 && limit->max > THROTTLE_MAX / limit->length) {
        return error_set(errp, "burst length too high for this burst rate");
    }
    if (limit->max && !limit->average) {
        return error_set(errp, "bps_max/iops_max require corresponding bps/iops values");
    }
    return !limit->max || limit->max >= limit->average ||
           error_set(errp, "bps_max/iops_max cannot be lower than bps/iops");
}

/* A limit of all beside one of reads or of writes. */
static gboolean clashes(const ThrottleLimit *total)
{
    return (total[0].average && (total[1].average || total[2].average)) ||
           (total[0].max && (total[1].max || total[2].max));
}

gboolean throttle_config_check(const ThrottleConfig *config, GError **errp)
{
    const ThrottleLimit *iops = &config->limits[THROTTLE_IOPS_TOTAL];

    if (clashes(&config->limits[THROTTLE_BPS_TOTAL]) || clashes(iops)) {
        return error_set(errp, "bps/iops/max total values and read/write values cannot "
                               "be used at the same time");
    }
    if (config->iops_size && !iops[0].average && !iops[1].average && !iops[2].average) {
        return error_set(errp, "iops size requires an iops value to be set");
    }
    for (guint i = 0; i < THROTTLE_KINDS; i++) {
        if (!check_limit(&config->limits[i], errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* --- buckets; with the lock --- */

/* A test moves the guest's clock. */
static ClockType clock_type(void)
{
    return clock_qtest_enabled() ? CLOCK_TYPE_VIRTUAL : CLOCK_TYPE_REALTIME;
}

static void empty(ThrottleGroup *group)
{
    gint64 now = clock_now(clock_type());
    double seconds = (double)MAX(now - group->emptied, 0) / SECOND_NS;

    group->emptied = now;
    for (guint i = 0; i < THROTTLE_KINDS; i++) {
        const ThrottleLimit *limit = &group->config.limits[i];
        Bucket *b = &group->buckets[i];
        b->level = MAX(b->level - (double)limit->average * seconds, 0);
        b->burst = MAX(b->burst - (double)limit->max * seconds, 0);
    }
}

/* Seconds until it is not too full. */
static double bucket_wait(const ThrottleLimit *limit, const Bucket *b)
{
    double size = limit->max ? (double)limit->max * (double)limit->length
                             : (double)limit->average * SLACK;
    double wait = 0;

    if (!limit->average) {
        return 0;
    }
    if (b->level > size) {
        wait = (b->level - size) / (double)limit->average;
    }
    if (limit->length > 1 && b->burst > (double)limit->max * SLACK) {
        wait = MAX(wait, (b->burst - (double)limit->max * SLACK) / (double)limit->max);
    }
    return wait;
}

/* Of all that count a request of the direction. */
static const ThrottleKind kinds_of[2][4] = {
    { THROTTLE_BPS_TOTAL, THROTTLE_BPS_READ, THROTTLE_IOPS_TOTAL, THROTTLE_IOPS_READ },
    { THROTTLE_BPS_TOTAL, THROTTLE_BPS_WRITE, THROTTLE_IOPS_TOTAL, THROTTLE_IOPS_WRITE },
};

static double wait_of(const ThrottleGroup *group, guint writes)
{
    double wait = 0;

    for (guint i = 0; i < 4; i++) {
        ThrottleKind kind = kinds_of[writes][i];
        wait = MAX(wait, bucket_wait(&group->config.limits[kind], &group->buckets[kind]));
    }
    return wait;
}

static guint direction(const BlockRequest *r)
{
    return r->op != BLOCK_READ;
}

static void fill(ThrottleGroup *group, const BlockRequest *r)
{
    guint64 size = group->config.iops_size;
    double bytes = (double)r->bytes;
    double requests = size && r->bytes > size ? bytes / (double)size : 1;

    for (guint i = 0; i < 4; i++) {
        ThrottleKind kind = kinds_of[direction(r)][i];
        double units = kind < THROTTLE_IOPS_TOTAL ? bytes : requests;
        group->buckets[kind].level += units;
        group->buckets[kind].burst += group->config.limits[kind].max ? units : 0;
    }
}

/* --- who waits; with the lock --- */

static void add_waiting(ThrottleGroup *group, BlockRequest *r)
{
    GQueue *queue = &group->waiting[direction(r)];
    Waiters *w = NULL;

    for (GList *l = queue->head; l && !w; l = l->next) {
        Waiters *each = l->data;
        w = each->user == r->user ? each : NULL;
    }
    if (!w) {
        w = g_new0(Waiters, 1);
        w->user = r->user;
        g_queue_push_tail(queue, w);
    }
    r->next = NULL;
    if (w->first) {
        w->last->next = r;
    } else {
        w->first = r;
    }
    w->last = r;
}

/* In the request's loop. */
static void go_on(void *opaque)
{
    BlockRequest *r = opaque;

    block_node_submit(r->node, r);
}

static void let_go(ThrottleGroup *group, BlockRequest *r)
{
    fill(group, r);
    event_loop_post(r->user->user.loop, go_on, r);
}

/* The next one of whose turn it is, who is the last then. */
static BlockRequest *take_next(GQueue *queue)
{
    Waiters *w = g_queue_pop_head(queue);
    BlockRequest *r = w->first;

    w->first = r->next;
    if (w->first) {
        g_queue_push_tail(queue, w);
    } else {
        g_free(w);
    }
    return r;
}

/* Those that may, or all. Returns how long the next ones have to wait, s; 0: there is
 * none. */
static double wake(ThrottleGroup *group, gboolean all)
{
    double next = 0;

    empty(group);
    for (guint i = 0; i < 2; i++) {
        double wait = 0;
        while (!g_queue_is_empty(&group->waiting[i]) &&
               (all || (wait = wait_of(group, i)) <= 0)) {
            let_go(group, take_next(&group->waiting[i]));
        }
        next = wait > 0 && (next <= 0 || wait < next) ? wait : next;
    }
    return next;
}

/* Main loop. */
static void run(void *opaque)
{
    ThrottleGroup *group = opaque;

    g_mutex_lock(&group->lock);
    group->arming = FALSE;
    double wait = wake(group, g_atomic_int_get(&lifted));
    g_mutex_unlock(&group->lock);
    if (wait > 0) {
        timer_arm(group->timer, clock_now(clock_type()) + (gint64)(wait * SECOND_NS) + 1);
    }
}

gboolean throttle_wait(ThrottleGroup *group, BlockNode *next, BlockRequest *r)
{
    gboolean waits = FALSE;

    if (r->op == BLOCK_FLUSH) {
        return FALSE;
    }
    g_mutex_lock(&group->lock);
    empty(group);
    if (!g_atomic_int_get(&lifted) && !r->user->drains) {
        waits = !g_queue_is_empty(&group->waiting[direction(r)]) ||
                wait_of(group, direction(r)) > 0;
    }
    if (waits) {
        r->node = next;
        add_waiting(group, r);
        if (!group->arming) {
            group->arming = TRUE;
            event_loop_post(event_loop_main(), run, group);
        }
    } else {
        fill(group, r);
    }
    g_mutex_unlock(&group->lock);
    return waits;
}

void throttle_count(ThrottleGroup *group, const BlockRequest *r)
{
    if (r->op != BLOCK_FLUSH) {
        g_mutex_lock(&group->lock);
        empty(group);
        fill(group, r);
        g_mutex_unlock(&group->lock);
    }
}

static void release_from(ThrottleGroup *group, GQueue *queue, const BlockChild *user)
{
    for (GList *l = queue->head, *next; l; l = next) {
        Waiters *w = l->data;
        next = l->next;
        if (w->user == user) {
            for (BlockRequest *r = w->first, *after; r; r = after) {
                after = r->next;
                let_go(group, r);
            }
            g_queue_delete_link(queue, l);
            g_free(w);
        }
    }
}

static void release_all_of(ThrottleGroup *group, const BlockChild *user)
{
    g_mutex_lock(&group->lock);
    for (guint i = 0; i < 2; i++) {
        release_from(group, &group->waiting[i], user);
    }
    g_mutex_unlock(&group->lock);
}

void throttle_release(const BlockChild *user)
{
    for (guint i = 0; groups && i < groups->len; i++) {
        release_all_of(groups->pdata[i], user);
    }
}

/* --- groups; main loop --- */

static void run_state_changed(gboolean running, void *opaque)
{
    g_atomic_int_set(&lifted, !running);
    for (guint i = 0; groups && i < groups->len; i++) {
        run(groups->pdata[i]);
    }
}

static ThrottleGroup *group_new(const char *name, gboolean object)
{
    ThrottleGroup *group = g_new0(ThrottleGroup, 1);

    if (!groups) {
        groups = g_ptr_array_new();
        run_state_subscribe(run_state_changed, NULL);
        g_atomic_int_set(&lifted, !vm_running());
    }
    group->name = g_strdup(name);
    group->object = object;
    group->timer = timer_new(event_loop_main(), clock_type(), run, group);
    g_mutex_init(&group->lock);
    throttle_config_init(&group->config);
    group->emptied = clock_now(clock_type());
    g_ptr_array_add(groups, group);
    return group;
}

static ThrottleGroup *find(const char *name)
{
    for (guint i = 0; groups && i < groups->len; i++) {
        ThrottleGroup *group = groups->pdata[i];
        if (g_str_equal(group->name, name)) {
            return group;
        }
    }
    return NULL;
}

ThrottleGroup *throttle_group_find(const char *name)
{
    ThrottleGroup *group = find(name);

    return group && group->object ? group : NULL;
}

ThrottleGroup *throttle_group_get(const char *name)
{
    ThrottleGroup *group = find(name);

    return group ? group : group_new(name, FALSE);
}

/* What has been done under the old limits is forgotten. */
void throttle_group_set(ThrottleGroup *group, const ThrottleConfig *config)
{
    g_mutex_lock(&group->lock);
    group->config = *config;
    memset(group->buckets, 0, sizeof(group->buckets));
    group->emptied = clock_now(clock_type());
    g_mutex_unlock(&group->lock);
    run(group);
}

const ThrottleConfig *throttle_group_config(const ThrottleGroup *group)
{
    return &group->config;
}

const char *throttle_group_name(const ThrottleGroup *group)
{
    return group->name;
}

void throttle_group_use(ThrottleGroup *group, int more)
{
    group->users += more;
}

gboolean throttle_group_create(const char *name, const ThrottleConfig *config,
                               GError **errp)
{
    if (find(name)) {
        return error_set(errp, "A group of the name '%s' is there", name);
    }
    if (!throttle_config_check(config, errp)) {
        return FALSE;
    }
    throttle_group_set(group_new(name, TRUE), config);
    return TRUE;
}

gboolean throttle_group_destroy(const char *name, GError **errp)
{
    ThrottleGroup *group = throttle_group_find(name);

    if (!group || group->users) {
        return error_set(errp, "object '%s' is in use, can not be deleted", name);
    }
    /* Somebody who has just left it may still be counting in his loop. */
    g_ptr_array_remove(groups, group);
    gone = gone ? gone : g_ptr_array_new();
    g_ptr_array_add(gone, group);
    return TRUE;
}

static void free_all(GPtrArray *array)
{
    for (guint i = 0; array && i < array->len; i++) {
        ThrottleGroup *group = array->pdata[i];
        timer_free(group->timer);
        g_mutex_clear(&group->lock);
        for (guint k = 0; k < 2; k++) {
            g_queue_clear_full(&group->waiting[k], g_free);
        }
        g_free(group->name);
        g_free(group);
    }
    if (array) {
        g_ptr_array_unref(array);
    }
}

void throttle_cleanup(void)
{
    if (groups) {
        run_state_unsubscribe(run_state_changed, NULL);
    }
    free_all(g_steal_pointer(&groups));
    free_all(g_steal_pointer(&gone));
}
