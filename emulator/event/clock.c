/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers. The virtual clock is the monotonic clock plus an offset while
 * the VM runs, a constant while it does not; qtest replaces it by a number. It is
 * read from any thread: a sequence counter (odd while a writer is at work) guards
 * the pair. Writers hold the machine lock.
 *
 * Timers of the main loop may be armed by a vCPU thread inside a register access,
 * so what guards them is the machine lock; timers of an iothread are its own.
 *
 * #syscalls all: clock_gettime -- rare: the host's clock cannot be read without the
 * kernel
 */
#include "event/clock.h"

#include <time.h>

#include "event/lock.h"
#include "event/loop-internal.h"
#include "event/turn.h"

struct Timer {
    EventLoop *loop;
    ClockType type;
    gint64 deadline;
    gboolean armed;
    EventFn fn;
    void *opaque;
    Timer *next;
};

static struct {
    guint seq;
    gint running;
    gint64 value; /* running: offset to the monotonic clock; else the time */
    gint qtest;
    gint64 creep; /* qtest: ns for each reading */
} virtual_clock;

static gint64 read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (gint64)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

#define LOAD(field) __atomic_load_n(&virtual_clock.field, __ATOMIC_SEQ_CST)
#define STORE(field, value)                                                              \
    __atomic_store_n(&virtual_clock.field, (value), __ATOMIC_SEQ_CST)

static gint64 creep_to(gint64 value)
{
    gint64 creep = LOAD(creep);
    return creep ? __atomic_add_fetch(&virtual_clock.value, creep, __ATOMIC_SEQ_CST)
                 : value;
}

static gint64 virtual_now(void)
{
    for (;;) {
        guint seq = LOAD(seq);
        gint running = LOAD(running);
        gint64 value = LOAD(value);
        if (!(seq & 1) && seq == LOAD(seq)) {
            return running ? value + read_clock(CLOCK_MONOTONIC) : creep_to(value);
        }
    }
}

static void virtual_change(gboolean running, gint64 now)
{
    STORE(seq, virtual_clock.seq + 1);
    STORE(running, running);
    STORE(value, running ? now - read_clock(CLOCK_MONOTONIC) : now);
    STORE(seq, virtual_clock.seq + 1);
    event_loop_wake_all();
}

gint64 clock_now(ClockType type)
{
    switch (type) {
    case CLOCK_TYPE_VIRTUAL:
        return virtual_now();
    case CLOCK_TYPE_REALTIME:
        return read_clock(CLOCK_MONOTONIC);
    case CLOCK_TYPE_HOST:
        return read_clock(CLOCK_REALTIME);
    }
    g_assert_not_reached();
}

void clock_virtual_run(gboolean running)
{
    if (!LOAD(qtest) && running != LOAD(running)) {
        virtual_change(running, virtual_now());
    }
}

void clock_virtual_set(gint64 now)
{
    virtual_change(LOAD(running), now);
}

void clock_qtest_enable(void)
{
    STORE(qtest, TRUE);
    virtual_change(FALSE, 0);
}

void clock_qtest_creep(gint64 ns)
{
    g_assert(LOAD(qtest));
    STORE(creep, ns);
}

gboolean clock_qtest_enabled(void)
{
    return LOAD(qtest);
}

/* Timers */

Timer *timer_new(EventLoop *loop, ClockType type, EventFn fn, void *opaque)
{
    Timer *timer = g_new0(Timer, 1);
    timer->loop = loop;
    timer->type = type;
    timer->fn = fn;
    timer->opaque = opaque;
    return timer;
}

static gboolean may_touch(const EventLoop *loop)
{
    return loop->is_main ? machine_lock_held() : loop == event_loop_current();
}

void timer_disarm(Timer *timer)
{
    g_assert(may_touch(timer->loop));
    if (!timer->armed) {
        return;
    }
    Timer **link = &timer->loop->timers[timer->type];
    while (*link != timer) {
        link = &(*link)->next;
    }
    *link = timer->next;
    timer->armed = FALSE;
}

void timer_arm(Timer *timer, gint64 deadline)
{
    timer_disarm(timer);
    timer->deadline = deadline;
    Timer **link = &timer->loop->timers[timer->type];
    gboolean first = TRUE;
    while (*link && (*link)->deadline <= deadline) {
        link = &(*link)->next;
        first = FALSE;
    }
    timer->next = *link;
    *link = timer;
    timer->armed = TRUE;
    if (first && timer->loop != event_loop_current()) {
        g_main_context_wakeup(timer->loop->context);
    }
}

gboolean timer_armed(const Timer *timer)
{
    return timer->armed;
}

gint64 timer_deadline(const Timer *timer)
{
    return timer->deadline;
}

void timer_free(Timer *timer)
{
    if (timer) {
        timer_disarm(timer);
        g_free(timer);
    }
}

static gboolean clock_fires(ClockType type)
{
    return type != CLOCK_TYPE_VIRTUAL || LOAD(running) || LOAD(qtest);
}

gint64 event_timers_timeout(EventLoop *loop)
{
    gint64 timeout = -1;
    for (int type = 0; type < CLOCK_TYPES; type++) {
        Timer *timer = loop->timers[type];
        if (!timer || !clock_fires((ClockType)type)) {
            continue;
        }
        gint64 now = clock_now((ClockType)type);
        if (timer->deadline <= now) {
            return 0;
        }
        if (type == CLOCK_TYPE_VIRTUAL && LOAD(qtest)) {
            continue; /* only a step moves this clock */
        }
        gint64 left;
        if (__builtin_sub_overflow(timer->deadline, now, &left)) {
            left = G_MAXINT64;
        }
        timeout = timeout < 0 ? left : MIN(timeout, left);
    }
    return timeout;
}

void event_timers_fire(EventLoop *loop)
{
    loop->first_clock++;
    for (unsigned i = 0; i < CLOCK_TYPES; i++) {
        unsigned type = (loop->first_clock + i) % CLOCK_TYPES;
        gint64 now = clock_now((ClockType)type);
        while (loop->timers[type] && loop->timers[type]->deadline <= now &&
               clock_fires((ClockType)type) && !turn_over()) {
            Timer *timer = loop->timers[type];
            timer_disarm(timer);
            turn_count(TURN_TIMERS, 1);
            timer->fn(timer->opaque); /* may free it */
        }
    }
}

gint64 clock_next_virtual_deadline(void)
{
    Timer *timer = event_loop_main()->timers[CLOCK_TYPE_VIRTUAL];
    return timer ? timer->deadline : -1;
}

gboolean clock_qtest_step_to(gint64 now)
{
    EventLoop *loop = event_loop_main();
    g_assert(LOAD(qtest) && machine_lock_held());
    for (;;) {
        gint64 deadline = clock_next_virtual_deadline();
        if (deadline < 0 || deadline > now) {
            break;
        }
        if (turn_over()) {
            return FALSE;
        }
        if (deadline > virtual_now()) {
            virtual_change(FALSE, deadline);
        }
        event_timers_fire(loop);
    }
    if (now > virtual_now()) {
        virtual_change(FALSE, now);
    }
    return TRUE;
}
