/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The beginning and the end of a run. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

typedef struct VmStart {
    gboolean paused;        /* leave the CPUs stopped */
    gboolean incoming;      /* wait for a migration: neither announced nor let run */
    gboolean reset_nvram;   /* the firmware's variables are made anew */
    RpcClient *autodestroy; /* end it with this connection, or NULL */
} VmStart;

/*
 * Starts a VM that is not running, on a worker, with a job held. live is consumed: a
 * copy of the definition. *run gets the serial of the run. On failure everything is as
 * before, but for the reason why it is shut off.
 */
gboolean vm_start(Vm *vm, Domain *live, const VmStart *how, guint64 *run, GError **errp);

/*
 * The same with the definition given (consumed), or with the persistent one; takes the
 * job, and waits for what is left of the last run. Refuses a VM that runs, or may.
 */
gboolean vm_start_as_defined(Vm *vm, Domain *given, const VmStart *how, GError **errp);

typedef enum VmStop {
    VM_STOP_WAIT, /* it ends by itself; SIGKILL if it has not in 3 seconds */
    VM_STOP_ASK,  /* SIGTERM */
    VM_STOP_TERM, /* SIGTERM, and SIGKILL if that has not helped in 10 seconds */
    VM_STOP_KILL, /* SIGKILL */
} VmStop;

/*
 * Has the process end. reason (virDomainShutoffReason) and detail
 * (virDomainEventStoppedDetailType) are told when it has, unless someone was earlier.
 */
void vm_stop_locked(Vm *vm, VmStop how, int reason, int detail);

/* The same, and waits for the end. Fails after timeout_ms. No job is needed. */
gboolean vm_stop_and_wait(Vm *vm, guint64 run, VmStop how, int reason, int detail,
                          guint timeout_ms, GError **errp);

/* The emulator says that the guest is off, or (reset) has reset where it must not. */
void vm_shutdown_seen_locked(Vm *vm, gboolean guest, gboolean reset);

/* The emulator says that the guest has panicked: <on_crash> says what follows. */
void vm_panic_seen_locked(Vm *vm);

/* Whether its next shutdown is to become a reset; also in the status file, on a worker.
 */
void vm_set_reboot_wanted(Vm *vm, guint64 run, gboolean wanted);

/* The process of a run of which that was not known has ended. */
void vm_uncertain_ended(Vm *vm, guint64 run);

/*
 * Waits until what is left of a run whose process has ended is cleared up, so that a new
 * one can begin. VIR_ERR_OPERATION_TIMEOUT.
 */
gboolean vm_wait_cleared(Vm *vm, GError **errp);

/* The daemon ends: the connections that the run, or a migration, is bound to are gone. */
void vm_drop_connections_locked(Vm *vm);

/* Watches the process of the run that was just set. */
void vm_watch_process_locked(Vm *vm);

/* Ends the run together with the connection. */
void vm_set_autodestroy(Vm *vm, guint64 run, RpcClient *client);

/* Takes a VM that is neither persistent nor running out of the registry. */
void vm_remove_locked(Vm *vm);

/*
 * A VM that is not running any more is as its persistent definition says, or it goes if
 * it has none; unless one is being written: then whoever does that decides.
 */
void vm_forget_live_locked(Vm *vm);

/*
 * Writes the status file, with fsync, so that it tells how things are. Serialised: what
 * it says is never older than what it said before.
 */
gboolean vm_save_status(Vm *vm, guint64 run, GError **errp);
/* The same after the run has come to phase. */
gboolean vm_enter_phase(Vm *vm, guint64 run, VmPhase phase, GError **errp);
/* vm_save_status(); a failure is logged. */
void vm_update_status(Vm *vm, guint64 run);
char *vm_status_path(Driver *driver, const char *name);

G_END_DECLS
