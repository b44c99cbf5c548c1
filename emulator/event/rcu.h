/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read-copy-update (liburcu). A reader brackets its use of a shared immutable
 * object with rcu_enter()/rcu_leave(); it must not block or take locks inside.
 * A writer publishes a new object and frees the old one after rcu_wait().
 * Threads register themselves on first use.
 */
#ifndef VIREO_EVENT_RCU_H
#define VIREO_EVENT_RCU_H

#include <glib.h>

/* Cheap when done before; thread_try_start() and event_init() call it. */
void rcu_thread_register(void);
void rcu_enter(void);
void rcu_leave(void);
/* Waits until every reader that was inside has left. Not inside a section. */
void rcu_wait(void);

/* Publishing and reading the pointer. */
#define rcu_publish(pp, value)                                                           \
    do {                                                                                 \
        TSAN_RELEASE(pp);                                                                \
        __atomic_store_n((pp), (value), __ATOMIC_RELEASE);                               \
    } while (0)
#define rcu_read(pp) __atomic_load_n((pp), __ATOMIC_CONSUME)

#endif
