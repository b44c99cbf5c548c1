/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker threads: made when there is work and none is idle, up to a limit, and gone
 * after a while of idleness. Reserved ones run priority jobs only, so that these are
 * served while all others wait for a hypervisor. One of each kind stays, so that a job is
 * run some day when the host has no thread to give.
 */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct RpcWorkers RpcWorkers;

enum {
    RPC_WORKER_IDLE_MS = 30000,
};

/* At most so many of each kind, which go after so much idleness. */
RpcWorkers *rpc_workers_new(guint max, guint max_reserved, guint idle_ms);
/* Makes those that stay; what was pushed before is run. Then rpc_workers_stop. */
void rpc_workers_start(RpcWorkers *workers);

/*
 * Runs fn(opaque) on a worker; jobs of one kind are begun in their order. When the
 * workers have stopped, drop is called on opaque instead, at once or by rpc_workers_stop;
 * it may be NULL where opaque holds nothing.
 */
void rpc_workers_push(RpcWorkers *workers, gboolean priority, void (*fn)(gpointer),
                      gpointer opaque, GDestroyNotify drop);

/*
 * Waits until all jobs are done and all threads gone; what is pushed later is not run.
 * FALSE: some still ran after timeout_ms, and workers must not be freed.
 */
gboolean rpc_workers_stop(RpcWorkers *workers, guint timeout_ms);

/* After rpc_workers_stop. */
void rpc_workers_free(RpcWorkers *workers);

G_END_DECLS
