/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The async job of a VM: one that outlives the call which began it, and that other calls
 * look at, change and abort. A kind of job is a row; those that there are stand in the
 * table of async-job.c.
 *
 *   begin    takes the VM's job slot; from here on only the calls of the row's mask run
 *            beside it
 *   claim    a call (or a thread) works on it, and cleans up when the run or the
 *            connection ends meanwhile; without a claim the row's abandoned() does
 *   enter    the next phase, which is in the status file before it begins
 *   end      gives the slot back
 *
 * It is bound to the connection that began it. The status file has its kind and phase: a
 * daemon that starts again has it settled by the row before other calls get at the VM.
 */
#pragma once
#include "domain/job-stats.h"
#include "domain/vm.h"

G_BEGIN_DECLS

struct AsyncJobKind {
    const char *name;          /* in errors and in the status file */
    int operation;             /* virDomainJobOperation */
    int type;                  /* virDomainJobType while it goes on */
    guint allowed;             /* JOB_MASK of what may run beside it */
    gboolean starts;           /* it brings a VM up; others need one that runs */
    int paused_reason;         /* virDomainPausedReason of a guest that it stops */
    int running_reason;        /* virDomainRunningReason of one that it lets go on */
    const char *const *phases; /* their names; NULL at the end */
    guint last_abortable;      /* phase */
    const char *no_abort;      /* what to say later than that */

    /* The connection is gone, and nobody works on it: ends it, or the run. */
    void (*abandoned_locked)(Vm *vm);
    /*
     * Claimed, by the thread of a new daemon, when the state of the CPUs is known: what
     * its phase demands. The job is over if that succeeds; if it does not, it stays, and
     * aborting it tries again.
     */
    gboolean (*settle)(Vm *vm, guint64 run, GError **errp);
    void (*data_free)(gpointer data);
};

struct AsyncJob {
    const AsyncJobKind *kind;
    guint phase;          /* of kind->phases */
    guint64 run;          /* serial; 0 while there is none */
    RpcClient *owner;     /* the connection that it ends with; NULL: settled by itself */
    guint64 hook;         /* on its end */
    gboolean busy;        /* somebody has claimed it */
    gboolean abort;       /* a user, or the end of the connection, wants it to end */
    gboolean stay_paused; /* the guest stands when it ends: it did before, or shall */
    gboolean halts;       /* a STOP that no call has asked for is its doing */
    JobStats stats;       /* elapsed_ms 0: since it began */
    gpointer data;        /* of the kind */
};

/* The row with this name, or NULL; and the number of a phase of it, or -1. */
const AsyncJobKind *async_job_kind(const char *name);
int async_job_phase(const AsyncJobKind *kind, const char *name);

/*
 * Begins a job of this kind and binds it to the client's connection; data is consumed in
 * any case. VIR_ERR_OPERATION_TIMEOUT, VIR_ERR_OPERATION_INVALID and others.
 */
gboolean async_job_begin(Vm *vm, const AsyncJobKind *kind, RpcClient *owner,
                         gpointer data, GError **errp);

/* Ends it; by who has claimed it, or has checked that nobody has. */
void async_job_end_locked(Vm *vm);

/*
 * Claims it for a handler of this client; FALSE with VIR_ERR_OPERATION_INVALID if there
 * is none of this kind, another has claimed it, or it belongs to another connection.
 */
gboolean async_job_claim(Vm *vm, const AsyncJobKind *kind, RpcClient *client,
                         GError **errp);
/* Ends it as well if there is no run any more. */
void async_job_unclaim(Vm *vm);

/* The next phase, in the status file as well. */
gboolean async_job_enter(Vm *vm, guint64 run, guint phase, GError **errp);

/* The run is over: what nobody else cleans up is cleaned up here. */
void async_job_run_ended_locked(Vm *vm);

/* virDomainAbortJob: tells who works on it. VIR_ERR_OPERATION_INVALID. */
gboolean async_job_abort(Vm *vm, GError **errp);

/* Statistics as of now; invalid when there is no job. */
JobStats async_job_stats_locked(const Vm *vm);

/* As an earlier daemon has left it; of a VM that nobody else knows of yet. */
void async_job_restore_locked(Vm *vm, const AsyncJobKind *kind, guint phase,
                              gboolean stay_paused);
/* Settles one of an earlier daemon, if there is any; a failure is logged. */
void async_job_settle(Vm *vm, guint64 run);

G_END_DECLS
