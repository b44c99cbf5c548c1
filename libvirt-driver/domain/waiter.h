/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that wait for the end of a run, without a worker: an emulator that does not end
 * must not take the workers from calls for other VMs.
 */
#pragma once
#include "domain/vm.h"
#include "rpc/call.h"

G_BEGIN_DECLS

/*
 * The call is answered when the run ends, or, with an error that names pid, after
 * timeout_ms. It is deferred here. The VM runs.
 */
void vm_wait_with_call_locked(Vm *vm, RpcCall *call, guint timeout_ms);

/* The run is over, or (why) the daemon ends: all are answered. */
void vm_answer_waiters_locked(Vm *vm, const GError *why);

G_END_DECLS
