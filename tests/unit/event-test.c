/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/node.h"
#include <sys/resource.h>
#include <unistd.h>

#include "event/clock.h"
#include "event/lock.h"
#include "event/loop.h"
#include "event/pending.h"
#include "event/rcu.h"
#include "event/turn.h"
#include "event/vm-event.h"
#include "util/tsan.h"

/* Waits by dispatching until the counter, written in this thread, has the value. */
static void until(const int *counter, int value)
{
    while (*counter < value) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

static void count(void *opaque)
{
    g_assert_true(event_loop_current() == event_loop_main());
    g_assert_true(machine_lock_held());
    (*(int *)opaque)++;
}

/* What was posted is run in pieces: a timer that is due comes in between. */
static void fired(void *opaque)
{
    const int *posted = opaque;

    g_assert_cmpint(*posted, <, 1000);
}

static void test_turns(void)
{
    TurnCounter before = turn_counter(TURN_POSTED);
    int posted = 0;

    for (int i = 0; i < 1000; i++) {
        event_loop_post(event_loop_main(), count, &posted);
    }
    Timer *timer = timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, fired, &posted);
    timer_arm(timer, 0);
    until(&posted, 1000);
    g_assert_false(timer_armed(timer));
    timer_free(timer);
    TurnCounter after = turn_counter(TURN_POSTED);
    g_assert_cmpuint(after.total - before.total, ==, 1000);
    g_assert_cmpuint(after.peak, ==, after.bound);
    g_assert_false(turn_over());
    g_assert_cmpuint(turn_left(TURN_POSTED), ==, G_MAXUINT64);
}

/* Posts: order, both directions, the lock on the main loop only. */
typedef struct Ping {
    int next, expect, done;
} Ping;

static void pong(void *opaque)
{
    Ping *ping = opaque;
    g_assert_true(event_loop_current() != event_loop_main());
    g_assert_false(machine_lock_held());
    ping->next++;
    event_loop_post(event_loop_main(), count, &ping->done);
}

static void test_iothread(void)
{
    g_autoptr(GError) error = NULL;
    IoThread *t = iothread_new("io0", &error);
    g_assert_no_error(error);
    g_assert_null(iothread_new("io0", &error));
    g_assert_nonnull(strstr(error->message, "io0"));
    g_clear_error(&error);
    g_assert_true(iothread_find("io0") == t);
    g_assert_cmpint(iothread_tid(t), !=, getpid());

    Ping ping = { 0 };
    for (int i = 0; i < 1000; i++) {
        event_loop_post(iothread_loop(t), pong, &ping);
    }
    until(&ping.done, 1000);

    iothread_use(t);
    g_assert_false(iothread_delete("io0", &error));
    g_assert_nonnull(strstr(error->message, "in use"));
    g_clear_error(&error);
    iothread_unuse(t);
    event_loop_post(iothread_loop(t), pong, &ping);
    g_assert_true(iothread_delete("io0", &error));
    until(&ping.done, 1001); /* what was posted before the end has run */
    g_assert_cmpint(ping.next, ==, 1001);
    g_assert_false(iothread_delete("io0", &error));
}

/* Without descriptors an iothread is refused, and nothing aborts. */
static void test_no_descriptors(void)
{
    g_autoptr(GError) error = NULL;
    struct rlimit before, none;
    int next = dup(0);

    close(next);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    none = (struct rlimit){ next, before.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    g_assert_null(iothread_new("io0", &error));
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    g_assert_cmpstr(error->message, ==,
                    "iothread 'io0': cannot create an event loop: Too many open files");
    g_assert_nonnull(iothread_new("io0", NULL));
    g_assert_true(iothread_delete("io0", NULL));
}

/* File descriptors: on the main loop, removed inside the handler. */
typedef struct Pipe {
    int fd[2];
    EventHandler *handler;
    int seen;
} Pipe;

static void readable(void *opaque, GIOCondition ready)
{
    Pipe *p = opaque;
    char c;
    g_assert_true(ready & G_IO_IN);
    g_assert_cmpint(read(p->fd[0], &c, 1), ==, 1);
    if (++p->seen == 3) {
        g_clear_pointer(&p->handler, event_handler_remove);
    }
}

static void test_fd(void)
{
    Pipe p = { .seen = 0 };
    g_assert_cmpint(pipe(p.fd), ==, 0);
    p.handler = event_loop_add_fd(event_loop_main(), p.fd[0], G_IO_IN, readable, &p);
    g_assert_cmpint(write(p.fd[1], "abcd", 4), ==, 4);
    until(&p.seen, 3);
    for (int i = 0; i < 10; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    g_assert_cmpint(p.seen, ==, 3);
    close(p.fd[0]);
    close(p.fd[1]);
}

/* Another thread takes the lock while the main loop waits. */
static void *locker(void *opaque)
{
    int *shared = opaque;
    g_assert_null(event_loop_current());
    for (int i = 0; i < 1000; i++) {
        machine_lock();
        (*shared)++;
        machine_unlock();
    }
    event_loop_quit(event_loop_main());
    return NULL;
}

static void busy(void *opaque)
{
    (*(int *)opaque)++; /* under the lock too */
    if (*(int *)opaque < 500) {
        event_loop_post(event_loop_main(), busy, opaque);
    }
}

static void test_lock(void)
{
    int shared = 0;
    GThread *thread = thread_try_start("worker", "locker", locker, &shared, NULL);
    event_loop_post(event_loop_main(), busy, &shared);
    event_loop_run(event_loop_main());
    g_thread_join(thread);
    g_assert_cmpint(shared, >=, 1001);
}

/* Timers */
typedef struct Order {
    Timer *timer[3];
    char seen[8];
    int n;
} Order;

static void fire_a(void *opaque)
{
    Order *o = opaque;
    o->seen[o->n++] = 'a';
}

static void fire_b(void *opaque)
{
    Order *o = opaque;
    o->seen[o->n++] = 'b';
    g_clear_pointer(&o->timer[1], timer_free);
}

static void test_realtime(void)
{
    EventLoop *loop = event_loop_main();
    Order o = { .n = 0 };
    o.timer[0] = timer_new(loop, CLOCK_TYPE_REALTIME, fire_a, &o);
    o.timer[1] = timer_new(loop, CLOCK_TYPE_HOST, fire_b, &o);
    gint64 start = clock_now(CLOCK_TYPE_REALTIME);
    timer_arm(o.timer[0], start + 5000000);
    timer_arm(o.timer[0], start + 2500000); /* again: the later one is forgotten */
    until(&o.n, 1);
    gint64 late = clock_now(CLOCK_TYPE_REALTIME) - start - 2500000;
    g_assert_cmpint(late, >=, 0);
    g_assert_false(timer_armed(o.timer[0]));
    timer_arm(o.timer[1], clock_now(CLOCK_TYPE_HOST) + 100000);
    until(&o.n, 2);
    g_assert_cmpstr(o.seen, ==, "ab");
    timer_free(o.timer[0]);
}

static void test_virtual_stopped(void)
{
    EventLoop *loop = event_loop_main();
    int fired = 0;
    gint64 now = clock_now(CLOCK_TYPE_VIRTUAL);
    g_assert_cmpint(clock_now(CLOCK_TYPE_VIRTUAL), ==, now);
    Timer *timer = timer_new(loop, CLOCK_TYPE_VIRTUAL, count, &fired);
    timer_arm(timer, now);
    event_loop_iterate(loop, FALSE);
    g_assert_cmpint(fired, ==, 0);
    clock_virtual_set(12345);
    g_assert_cmpint(clock_now(CLOCK_TYPE_VIRTUAL), ==, 12345);
    clock_virtual_run(TRUE);
    until(&fired, 1);
    g_assert_cmpint(clock_now(CLOCK_TYPE_VIRTUAL), >, 12345);
    clock_virtual_run(FALSE);
    now = clock_now(CLOCK_TYPE_VIRTUAL);
    g_assert_cmpint(clock_now(CLOCK_TYPE_VIRTUAL), ==, now);
    timer_free(timer);
}

static void rearm(void *opaque)
{
    Order *o = opaque;
    o->seen[o->n++] = 'r';
    g_assert_cmpint(clock_now(CLOCK_TYPE_VIRTUAL), ==, timer_deadline(o->timer[2]));
    timer_arm(o->timer[2], timer_deadline(o->timer[2]) + 100);
}

static void test_qtest_clock(void)
{
    EventLoop *loop = event_loop_main();
    clock_qtest_enable();
    g_assert_cmpint(clock_next_virtual_deadline(), ==, -1);
    Order o = { .n = 0 };
    o.timer[0] = timer_new(loop, CLOCK_TYPE_VIRTUAL, fire_a, &o);
    o.timer[1] = timer_new(loop, CLOCK_TYPE_VIRTUAL, fire_b, &o);
    o.timer[2] = timer_new(loop, CLOCK_TYPE_VIRTUAL, rearm, &o);
    timer_arm(o.timer[0], 250);
    timer_arm(o.timer[1], 50);
    timer_arm(o.timer[2], 100);
    g_assert_cmpint(clock_next_virtual_deadline(), ==, 50);
    clock_qtest_step_to(299);
    g_assert_cmpstr(o.seen, ==, "brra");
    g_assert_cmpint(clock_now(CLOCK_TYPE_VIRTUAL), ==, 299);
    g_assert_cmpint(clock_next_virtual_deadline(), ==, 300);
    timer_free(o.timer[0]);
    timer_free(o.timer[2]);
}

/* Access holds */
static void test_hold(void)
{
    int done = 0;
    g_assert_null(access_hold()); /* nobody waits */
    access_begin();
    access_finish(count, &done);
    g_assert_cmpint(done, ==, 1);

    access_begin();
    AccessHold *a = access_hold(), *b = access_hold();
    g_assert_true(a && a == b);
    access_release(a);
    access_finish(count, &done);
    g_assert_cmpint(done, ==, 1);
    access_release(b);
    g_assert_cmpint(done, ==, 2);

    access_begin();
    access_release(access_hold()); /* complete before the handler returned */
    access_finish(count, &done);
    g_assert_cmpint(done, ==, 3);
    access_release(NULL);
}

static void heard(const char *name, ConfigNode *data, void *opaque)
{
    g_assert_cmpstr(name, ==, "RESET");
    g_assert_cmpint(config_node_int(config_map_peek(data, "n")), ==, 7);
    (*(int *)opaque)++;
}

static void test_vm_event(void)
{
    int n = 0;
    vm_event_subscribe(heard, &n);
    ConfigNode *data = config_map_new();
    config_map_set_int(data, "n", 7);
    vm_event_emit("RESET", data);
    vm_event_unsubscribe(heard, &n);
    vm_event_emit("RESET", NULL);
    g_assert_cmpint(n, ==, 1);
}

/* RCU: readers never see a freed object. */
typedef struct Readers {
    int *published;
    gint stop;
} Readers;

static void *reader(void *opaque)
{
    Readers *r = opaque;
    while (!g_atomic_int_get(&r->stop)) {
        rcu_enter();
        int *value = rcu_read(&r->published);
        TSAN_ACQUIRE(&r->published);
        g_assert_cmpint(*value, ==, 42);
        rcu_leave();
    }
    return NULL;
}

static int *answer(void)
{
    int *value = g_new(int, 1);
    *value = 42;
    return value;
}

static void test_rcu(void)
{
    Readers r = { .published = answer() };
    GThread *thread = thread_try_start("worker", "reader", reader, &r, NULL);
    for (int i = 0; i < 200; i++) {
        int *old = r.published;
        rcu_publish(&r.published, answer());
        rcu_wait();
        *old = 0;
        g_free(old);
    }
    g_atomic_int_set(&r.stop, TRUE);
    g_thread_join(thread);
    g_free(r.published);
}

/* What is on its way: names are taken until the end, which all of it has forgotten. */
typedef struct Thing {
    Pending pending;
    int ended;
    char *error;
} Thing;

static PendingList things;

static void thing_ended(void *opaque, GError *error)
{
    Thing *t = opaque;

    t->ended++;
    g_assert_false(pending_has_name(&things, "shared")); /* it may be taken again */
    t->error = error ? g_strdup(error->message) : NULL;
    g_clear_error(&error);
}

static GError *some_error(const char *message)
{
    return g_error_new_literal(g_quark_from_static_string("test"), 0, message);
}

static void test_pending(void)
{
    Thing a = { .ended = 0 }, b = { .ended = 0 };
    static PendingList others;

    g_assert_null(pending_first(&things));
    g_assert_false(pending_has_name(&things, "shared"));
    pending_begin(&a.pending, &things, thing_ended, &a);
    pending_take_name(&a.pending, NULL);
    g_assert_null(pending_name(&a.pending));
    pending_begin(&b.pending, &things, thing_ended, &b);
    pending_take_name(&b.pending, "below");
    pending_take_name(&b.pending, "shared");
    g_assert_cmpstr(pending_name(&b.pending), ==, "shared");
    g_assert_true(pending_has_name(&things, "shared"));
    g_assert_true(pending_has_name(&things, "below"));
    g_assert_false(pending_has_name(&things, "share"));
    g_assert_false(pending_has_name(&others, "shared"));
    g_assert_true(pending_first(&things) == &a.pending);
    b.pending.undone = some_error("first");
    pending_end(&b.pending, some_error("second"));
    g_assert_cmpstr(b.error, ==, "first");
    g_assert_false(pending_has_name(&things, "below"));
    pending_begin(&b.pending, &things, thing_ended, &b);
    pending_end(&a.pending, NULL);
    g_assert_null(a.error);
    g_assert_true(pending_first(&things) == &b.pending);
    g_clear_pointer(&b.error, g_free);
    pending_end(&b.pending, some_error("third"));
    g_assert_cmpstr(b.error, ==, "third");
    g_assert_cmpint(a.ended, ==, 1);
    g_assert_cmpint(b.ended, ==, 2);
    g_assert_null(pending_first(&things));
    g_free(b.error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    event_init();
    g_test_add_func("/event/turns", test_turns);
    g_test_add_func("/event/iothread", test_iothread);
    g_test_add_func("/event/no-descriptors", test_no_descriptors);
    g_test_add_func("/event/fd", test_fd);
    g_test_add_func("/event/timer/realtime", test_realtime);
    g_test_add_func("/event/timer/virtual", test_virtual_stopped);
    g_test_add_func("/event/hold", test_hold);
    g_test_add_func("/event/vm-event", test_vm_event);
    g_test_add_func("/event/rcu", test_rcu);
    g_test_add_func("/event/lock", test_lock);
    g_test_add_func("/event/timer/qtest", test_qtest_clock);
    g_test_add_func("/event/pending", test_pending);
    return g_test_run();
}
