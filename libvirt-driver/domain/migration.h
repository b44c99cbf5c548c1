/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live migration, version 3 with parameters, managed by the client:
 *
 *   source       Begin    ->  Perform  ->  Confirm
 *   destination        Prepare      Finish
 *
 * At any time at most one side runs, and one can be made to run. The source runs, or is
 * paused and can be resumed, until Confirm; the destination runs from Finish on. The
 * phases are bound to the client's connection: if it ends, Begin is undone, Perform is
 * cancelled, a source that waits for Confirm stays paused for the administrator to
 * resume or destroy, and a destination that waits for Finish is killed.
 *
 * The emulators open no sockets: the daemons connect, the source sends the token that
 * Prepare has put into its cookie, and each hands the descriptor to its emulator.
 */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

typedef enum MigrationState {
    MIGRATION_NONE = 0, /* the emulator has not told anything yet */
    MIGRATION_ACTIVE,
    MIGRATION_COMPLETED,
    MIGRATION_FAILED,
    MIGRATION_CANCELLED,
} MigrationState;

struct VmMigration {
    gboolean incoming;
    gboolean busy;  /* a handler works on it: that cleans up */
    gboolean abort; /* a user, or the end of the connection, wants it to end */
    gboolean done;  /* source: all sent, and not aborted until then: Confirm is next */
    gboolean was_running;
    MigrationState state; /* of the emulator, from its events */
    RpcClient *client;
    guint64 hook;
    guint64 run;
    /* destination */
    int listen_fd;
    GSource *listen_source;
    char token[33];
};

/* The emulator's MIGRATION event; on the I/O thread. */
void vm_migration_event_locked(Vm *vm, const char *status);

/* The run is over: what nobody else cleans up is cleaned up here. */
void vm_migration_vm_ended_locked(Vm *vm);

/*
 * Begins the async job and binds it to the client's connection. run: the serial of the
 * run that migrates. VIR_ERR_OPERATION_TIMEOUT and others.
 */
gboolean vm_migration_begin(Vm *vm, gboolean incoming, RpcClient *client, GError **errp);

/* Ends it; by who is busy with it, or has checked that nobody is. */
void vm_migration_end_locked(Vm *vm);

/*
 * Claims it for a handler of this client; FALSE with an error if there is none, another
 * is busy with it, or it belongs to another connection.
 */
gboolean vm_migration_claim(Vm *vm, gboolean incoming, RpcClient *client, GError **errp);
void vm_migration_unclaim(Vm *vm);

/*
 * Has the emulator cancel, and lets a source run again that ran before. Waits for both.
 * The job's own, or when a new daemon finds such a VM.
 */
gboolean vm_migration_cancel(Vm *vm, guint64 run, gboolean resume, GError **errp);

/* Reads query-migrate into vm->stats. *state may be NULL. */
gboolean vm_migration_query(Vm *vm, guint64 run, MigrationState *state, GError **errp);

/* Typed parameters of statistics, as virDomainGetJobStats has them. */
void vm_job_stats_params(const VmJobStats *stats, RpcParams *params);

G_END_DECLS
