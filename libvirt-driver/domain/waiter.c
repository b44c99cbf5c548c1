/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/waiter.h"

#include "domain/driver.h"

typedef struct Waiter {
    RpcCall *call;
    gint64 deadline; /* monotonic */
} Waiter;

/* On the I/O thread. */
static void on_timeout(Vm *vm, guint64 run)
{
    gint64 now = g_get_monotonic_time();
    g_autoptr(GError) err = NULL;

    g_mutex_lock(&vm->lock);
    for (GSList *l = vm->waiters, *next; l; l = next) {
        Waiter *waiter = l->data;

        next = l->next;
        if (vm_is_run_locked(vm, run) && waiter->deadline <= now) {
            if (!err) {
                err = rpc_error_new(VIR_ERR_OPERATION_FAILED,
                                    "failed to terminate process %d", (int)vm->run->pid);
            }
            rpc_call_finish(waiter->call, err);
            vm->waiters = g_slist_delete_link(vm->waiters, l);
            g_free(waiter);
        }
    }
    g_mutex_unlock(&vm->lock);
}

void vm_wait_with_call_locked(Vm *vm, RpcCall *call, guint timeout_ms)
{
    Waiter *waiter = g_new(Waiter, 1);

    rpc_call_defer(call);
    waiter->call = call;
    waiter->deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    vm->waiters = g_slist_append(vm->waiters, waiter);
    driver_after(vm, vm->run->serial, timeout_ms + 1, on_timeout);
}

void vm_answer_waiters_locked(Vm *vm, const GError *why)
{
    GSList *waiters = g_steal_pointer(&vm->waiters);

    for (GSList *l = waiters; l; l = l->next) {
        rpc_call_finish(((Waiter *)l->data)->call, why);
    }
    g_slist_free_full(waiters, g_free);
}
