/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics of an async job, as virDomainGetJobInfo and -Stats tell them. */
#pragma once
#include "rpc/values.h"

G_BEGIN_DECLS

/* Bytes; and bytes a second. */
typedef struct JobPart {
    guint64 total, processed, remaining, bps;
} JobPart;

typedef struct JobStats {
    gboolean valid;
    int operation; /* virDomainJobOperation */
    int type;      /* virDomainJobType */
    guint64 elapsed_ms;
    JobPart mem, disk;
    /* of a migration */
    guint64 downtime_ms, setup_ms;
    guint64 duplicate, normal, normal_bytes, page_size, iterations;
    guint64 dirty_rate; /* pages a second */
} JobStats;

/* Both parts together. */
JobPart job_stats_data(const JobStats *stats);

/* Typed parameters, as virDomainGetJobStats has them. */
void job_stats_params(const JobStats *stats, RpcParams *params);

G_END_DECLS
