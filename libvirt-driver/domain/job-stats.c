/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/job-stats.h"

#include <libvirt/libvirt.h>

JobPart job_stats_data(const JobStats *s)
{
    return (JobPart){
        .total = s->mem.total + s->disk.total,
        .processed = s->mem.processed + s->disk.processed,
        .remaining = s->mem.remaining + s->disk.remaining,
        .bps = s->mem.bps + s->disk.bps,
    };
}

typedef struct Row {
    const char *name;
    guint64 value;
    gboolean optional; /* left out when it is 0: unknown */
} Row;

static void add_rows(RpcParams *params, const Row *rows, guint count)
{
    for (guint i = 0; i < count; i++) {
        if (rows[i].value || !rows[i].optional) {
            rpc_params_add_ullong(params, rows[i].name, rows[i].value);
        }
    }
}

static gboolean is_migration(const JobStats *s)
{
    return s->operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT ||
           s->operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN;
}

void job_stats_params(const JobStats *s, RpcParams *params)
{
    JobPart data = job_stats_data(s);
    const Row all[] = {
        { VIR_DOMAIN_JOB_TIME_ELAPSED, s->elapsed_ms, FALSE },
        { VIR_DOMAIN_JOB_DATA_TOTAL, data.total, FALSE },
        { VIR_DOMAIN_JOB_DATA_PROCESSED, data.processed, FALSE },
        { VIR_DOMAIN_JOB_DATA_REMAINING, data.remaining, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_TOTAL, s->mem.total, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_PROCESSED, s->mem.processed, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_REMAINING, s->mem.remaining, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_BPS, s->mem.bps, TRUE },
        { VIR_DOMAIN_JOB_DISK_TOTAL, s->disk.total, FALSE },
        { VIR_DOMAIN_JOB_DISK_PROCESSED, s->disk.processed, FALSE },
        { VIR_DOMAIN_JOB_DISK_REMAINING, s->disk.remaining, FALSE },
        { VIR_DOMAIN_JOB_DISK_BPS, s->disk.bps, TRUE },
    };
    const Row migration[] = {
        { VIR_DOMAIN_JOB_DOWNTIME, s->downtime_ms, FALSE },
        { VIR_DOMAIN_JOB_SETUP_TIME, s->setup_ms, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_CONSTANT, s->duplicate, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_NORMAL, s->normal, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_NORMAL_BYTES, s->normal_bytes, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE, s->dirty_rate, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_ITERATION, s->iterations, FALSE },
        { VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, s->page_size, TRUE },
    };

    rpc_params_add_int(params, VIR_DOMAIN_JOB_OPERATION, s->operation);
    add_rows(params, all, G_N_ELEMENTS(all));
    if (is_migration(s)) {
        add_rows(params, migration, G_N_ELEMENTS(migration));
    }
}
