/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting threads, and their registration as RCU readers.
 *
 * #syscalls start: prctl(0=PR_SET_NAME) rseq set_robust_list rt_sigprocmask
 * #syscalls main,io,migration: clone(0&CLONE_THREAD=CLONE_THREAD) clone3!ENOSYS
 *     mmap(2&PROT_EXEC=0) mprotect(2&PROT_EXEC=0) rt_sigprocmask
 * #syscalls vcpu,io,migration,slow: exit madvise rt_sigprocmask
 * #syscalls main: membarrier
 */
#include "event/loop.h"

#include <urcu/urcu-memb.h>

#include "event/rcu.h"
#include "util/tsan.h"

typedef struct ThreadStart {
    const char *kind;
    char name[16]; /* the kernel's limit */
    GThreadFunc fn;
    void *opaque;
} ThreadStart;

static void (*start_hook)(const char *kind);

static __thread gboolean rcu_registered;
static char rcu_grace; /* an address for TSan */

static void rcu_thread_exit(void *value)
{
    urcu_memb_unregister_thread();
    rcu_registered = FALSE;
}

static GPrivate rcu_key = G_PRIVATE_INIT(rcu_thread_exit);

void rcu_thread_register(void)
{
    if (G_LIKELY(rcu_registered)) {
        return;
    }
    g_private_set(&rcu_key, &rcu_grace);
    urcu_memb_register_thread();
    rcu_registered = TRUE;
}

void rcu_enter(void)
{
    rcu_thread_register();
    urcu_memb_read_lock();
}

void rcu_leave(void)
{
    TSAN_RELEASE(&rcu_grace);
    urcu_memb_read_unlock();
}

void rcu_wait(void)
{
    urcu_memb_synchronize_rcu();
    TSAN_ACQUIRE(&rcu_grace);
}

void thread_set_start_hook(void (*hook)(const char *kind))
{
    start_hook = hook;
}

void thread_narrow(const char *kind)
{
    if (start_hook) {
        start_hook(kind);
    }
}

static void *thread_main(void *opaque)
{
    ThreadStart start = *(ThreadStart *)opaque;
    g_free(opaque);
    pthread_setname_np(pthread_self(), start.name);
    rcu_thread_register();
    if (start.kind) {
        thread_narrow(start.kind);
    }
    return start.fn(start.opaque);
}

GThread *thread_try_start(const char *kind, const char *name, GThreadFunc fn,
                          void *opaque, GError **errp)
{
    ThreadStart *start = g_new0(ThreadStart, 1);
    start->kind = kind;
    g_strlcpy(start->name, name, sizeof(start->name));
    start->fn = fn;
    start->opaque = opaque;
    GThread *thread = g_thread_try_new(NULL, thread_main, start, errp);
    if (!thread) {
        g_free(start);
    }
    return thread;
}
