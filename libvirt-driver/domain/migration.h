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
#include "domain/async-job.h"

G_BEGIN_DECLS

extern const AsyncJobKind async_job_migration_out, async_job_migration_in;

/* The phases of async jobs; each is in the status file before it begins. */
enum {
    MIGRATION_OUT_BEGIN = 0, /* nothing sent yet, or sending */
    MIGRATION_OUT_DONE, /* all sent, paused, not aborted until then: Confirm is next */
    MIGRATION_IN_PREPARE = 0, /* waiting for data or for Finish */
    MIGRATION_IN_FINISH,      /* Finish has let it run, or is about to */
};

typedef enum MigrationState {
    MIGRATION_NONE = 0, /* the emulator has not told anything yet */
    MIGRATION_ACTIVE,
    MIGRATION_COMPLETED,
    MIGRATION_FAILED,
    MIGRATION_CANCELLED,
} MigrationState;

/* What the job has beside what all have. */
typedef struct VmMigration {
    MigrationState state; /* of the emulator, from its events */
    /* destination */
    int listen_fd;
    GSource *listen_source;
    char token[33];
} VmMigration;

VmMigration *vm_migration_new(void);

/* That of the VM's job; NULL when it has none, or was begun by an earlier daemon. */
VmMigration *vm_migration_locked(Vm *vm);

/* The emulator's MIGRATION event; on the I/O thread. */
void vm_migration_event_locked(Vm *vm, const char *status);

/* Stops waiting for a connection of the source. */
void vm_migration_unlisten(VmMigration *m);

/* Has the emulator tell of migrations by events. */
gboolean vm_migration_enable_events(Vm *vm, guint64 run, GError **errp);

/* What virDomainMigrateSetMaxSpeed takes, MiB/s: that the emulator's bytes are an int64.
 */
#define MIGRATION_SPEED_MAX ((guint64)G_MAXINT64 >> 20)

/* Parameters of the emulator's migrations, also of the one that goes on: MiB/s (0: no
 * limit), ms. */
gboolean vm_migration_set_speed(Vm *vm, guint64 run, guint64 mib, GError **errp);
gboolean vm_migration_set_downtime(Vm *vm, guint64 run, guint64 ms, GError **errp);
gboolean vm_migration_get_downtime(Vm *vm, guint64 run, guint64 *ms, GError **errp);

/*
 * Has the emulator cancel, and lets a source run again that ran before, unless an I/O
 * error has stopped it. Waits for both.
 */
gboolean vm_migration_go_on(Vm *vm, guint64 run, GError **errp);

/* Reads query-migrate into the job's statistics. *state may be NULL. */
gboolean vm_migration_query(Vm *vm, guint64 run, MigrationState *state, GError **errp);

G_END_DECLS
