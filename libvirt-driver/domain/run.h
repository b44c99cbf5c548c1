/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files, sockets and process of a run. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/* The paths for a new run of a VM with this ID; nothing is created yet. */
VmRun *vm_run_new(Vm *vm, const Domain *live);

/*
 * Creates and opens what the process needs, and starts it: run->pid and run->pidfd are
 * set. Nothing is left behind on failure.
 */
gboolean vm_run_spawn(Vm *vm, VmRun *run, const Domain *live, gboolean incoming,
                      GError **errp);

/*
 * Gives back what a run has had of the host, when its process has ended (or never was):
 * what its devices have, and its files; the status file last.
 */
void vm_run_release(Vm *vm, const VmRun *run, const Domain *live);

/* Where sockets are that the driver names (it may be missing); to be freed. */
char *vm_run_channel_dir(const VmRun *run);

/* What the process has written since its start, its end at least; to be freed. */
char *vm_run_log_tail(const VmRun *run);

G_END_DECLS
