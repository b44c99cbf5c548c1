/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two directions share: the state that query-migrate tells, and calls
 * from a migration thread into the main loop.
 */
#ifndef VIREO_MIGRATION_STATUS_H
#define VIREO_MIGRATION_STATUS_H

#include "config/node.h"

#include "migration/ram.h"

typedef enum MigStatus {
    MIG_NONE,
    MIG_SETUP,
    MIG_ACTIVE,
    MIG_DEVICE,
    MIG_CANCELLING,
    MIG_CANCELLED,
    MIG_COMPLETED,
    MIG_FAILED,
} MigStatus;

/* Main loop, under the machine lock; emits event MIGRATION. error: of MIG_FAILED. */
void mig_status_set(MigStatus status, const GError *error);
MigStatus mig_status(void);
gboolean mig_status_busy(void);
/* Calls those of migration_when_idle(). */
void mig_status_wake(void);

/*
 * From a migration thread, which does not hold the machine lock: runs fn on the
 * main loop and returns when mig_call_done() has been called for it (by fn or by
 * what fn started).
 */
typedef struct MigCall MigCall;
void mig_call_main(void (*fn)(MigCall *call, void *opaque), void *opaque);
void mig_call_done(MigCall *call);

#endif
