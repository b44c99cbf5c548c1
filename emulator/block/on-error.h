/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a failed request of a disk leads to: werror=, rerror=, and BLOCK_IO_ERROR. */
#ifndef VIREO_BLOCK_ON_ERROR_H
#define VIREO_BLOCK_ON_ERROR_H

#include "block/stats.h"

/* werror=, rerror= */
enum {
    BLOCK_ON_ERROR_AUTO,
    BLOCK_ON_ERROR_REPORT,
    BLOCK_ON_ERROR_IGNORE,
    BLOCK_ON_ERROR_ENOSPC,
    BLOCK_ON_ERROR_STOP
};
extern const char *const block_on_error_names[];
/* For the rows of both. */
#define BLOCK_WERROR_HELP                                                                \
    "a write fails: report (to the guest), ignore, stop (the VM; cont does it "          \
    "again), enospc (stop when the medium is full, else report); auto: enospc"
#define BLOCK_RERROR_HELP "a read fails: as werror; auto: report"

typedef enum BlockErrorAction {
    BLOCK_ERROR_REPORT,
    BLOCK_ERROR_IGNORE,
    BLOCK_ERROR_STOP
} BlockErrorAction;

/* Whose request it was; all borrowed. */
typedef struct BlockFailure {
    int policy; /* BLOCK_ON_ERROR_: of reads, or of what writes */
    gboolean read;
    int error; /* errno */
    const BlockNode *node;
    const char *path; /* the device's */
    BlockStats *stats;
} BlockFailure;

/*
 * A request has failed: tells the user, and stops the VM where that is wanted. Returns
 * what is to become of the request (stop: it waits until the VM goes on). The loop that
 * the node is bound to.
 */
BlockErrorAction block_failed(const BlockFailure *failure);

#endif
