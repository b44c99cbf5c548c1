/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a VM's CPUs run, and why. The emulator tells that they have stopped or go on,
 * not why: the reason is that of the call which waits for it; else that of the async job
 * that stops them; else nobody has asked. An I/O error, or a watchdog, is always its
 * own reason.
 */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/*
 * "stop" and "cont", done when the state has changed. The caller holds a job. reason is
 * given to the event; 0 is for the async job, which has reasons of its own.
 */
gboolean vm_pause_cpus(Vm *vm, guint64 run, int reason, GError **errp);
gboolean vm_resume_cpus(Vm *vm, guint64 run, int reason, GError **errp);

/* A run begins: what was of an earlier one is forgotten. */
void vm_cpus_init_locked(Vm *vm);

/* The emulator's events STOP, RESUME, and those that tell why it is about to stop:
 * BLOCK_IO_ERROR (VIR_DOMAIN_PAUSED_IOERROR), WATCHDOG (_WATCHDOG). */
void vm_cpus_stopped_locked(Vm *vm);
void vm_cpus_resumed_locked(Vm *vm);
void vm_cpus_fault_locked(Vm *vm, int reason);

/* What the status file is to say: whether they stand, and why they do either. */
gboolean vm_cpus_suspended_locked(const Vm *vm);
int vm_cpus_reason_locked(const Vm *vm);

/*
 * Asks the emulator, and announces what has changed. Fails with QMP_ERROR; after
 * QMP_ERROR_TIMEOUT it may be tried again.
 */
gboolean vm_cpus_refresh(Vm *vm, guint64 run, GError **errp);

G_END_DECLS
