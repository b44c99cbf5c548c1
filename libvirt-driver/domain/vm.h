/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM as the daemon knows it: a name with a UUID, a persistent definition, and, while
 * it runs, its live definition, process and monitor.
 *
 * Locking. vm->lock guards every field that is not marked otherwise; it is held for
 * short, never across a monitor call, a wait for a process, or file I/O that may block.
 * Who changes something takes the job slot first, and looks again whether the VM is
 * still alive (same run) after each call. Functions named *_locked want the lock held.
 * The I/O thread takes the lock too, to follow the emulator's events. Lock order: a VM's
 * lock, then the registry's, then those of rpc/.
 *
 * Definitions are immutable once published: readers take a reference under the lock and
 * read without it, writers publish a changed copy.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

#include "agent/client.h"
#include "command/command.h"
#include "domain/job-stats.h"
#include "domain/job.h"
#include "domain/status.h"
#include "qmp/client.h"
#include "rpc/client.h"
#include "rpc/protocol.h"
#include "rpc/stream.h"
#include "util/vir-error.h"
#include "xml/domain.h"

G_BEGIN_DECLS

typedef struct Driver Driver;
typedef struct AsyncJob AsyncJob;

/* A published definition. */
typedef struct VmDef {
    gatomicrefcount refs;
    const Domain *domain;
} VmDef;

VmDef *vm_def_new(Domain *domain); /* consumes domain */
VmDef *vm_def_ref(VmDef *def);
void vm_def_unref(VmDef *def);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmDef, vm_def_unref)

/* What has been done to a run that we cannot answer for; bits, as in status files. */
typedef enum VmTaint {
    VM_TAINT_MONITOR = 1 << 0, /* qemu-monitor-command */
    VM_TAINT_AGENT = 1 << 1,   /* qemu-agent-command */
} VmTaint;

/* The files and the process of one run; set before the process starts, constant then. */
typedef struct VmRun {
    guint64 serial;     /* which run it is; never 0 */
    char *dir;          /* holds the monitor's socket */
    char *monitor_path; /* NULL: its status file could not be read */
    char *pidfile_path, *log_path;
    char *memory_path;       /* of a memory file, or NULL */
    char *cgroup;            /* or NULL */
    char *emulator;          /* the binary */
    char *version, *package; /* of the emulator, from its greeting */
    CommandEmulator *has;    /* what it has; NULL: not known, or not yet; not constant */
    guint next_node;         /* lowest number of block nodes not used yet; not constant */
    DomainDevice *plugging;  /* see domain/hotplug.h; not constant */
    gboolean unreconciled;   /* see domain/reconcile.h; not constant */
    gboolean reconcile_soon; /* a worker has been told to; not constant */
    gboolean monitor_lost;   /* its monitor has gone, its process has not; not constant */
    goffset log_start;       /* where the log of this run begins */
    pid_t pid;
    guint64 start_time;   /* of the process; 0: not known */
    int pidfd;            /* -1 while uncertain */
    gboolean uncertain;   /* it may run or have ended, see reconnect.h; not constant */
    GSource *exit_source; /* on pidfd, in the driver's context */
    QmpClient *monitor;
    AgentClient *agent; /* NULL until it is asked; not constant */
    guint taints;       /* VmTaint; not constant */
} VmRun;

/* What is about to happen to the CPUs, and why: see domain/cpus.h. */
typedef struct VmCpus {
    int pause_reason; /* virDomainPausedReason that a call waits for with; 0: none does */
    int run_reason;   /* virDomainRunningReason, likewise */
    int fault;         /* virDomainPausedReason of the next STOP, whoever else wants one */
    guint64 resumes;   /* how often the emulator has reported RESUME */
} VmCpus;

typedef struct Vm {
    gatomicrefcount refs;
    Driver *driver;  /* constant; outlives all VMs */
    char *name;      /* constant */
    guint8 uuid[16]; /* constant */

    GMutex lock;
    GCond cond;         /* broadcast at every change of the fields below */
    VmDef *config;      /* NULL: transient */
    gboolean unwritten; /* config is a first one, and its file may be another's yet */
    VmDef *live;        /* NULL: not running (unless removed, or being defined) */
    VmRun *run;         /* NULL: not running */
    int id;             /* -1: not running */
    int state, reason;  /* virDomainState and its reason */
    gboolean removed;   /* no longer in the registry */
    gboolean defining;  /* its persistent definition is being written */
    JobSlot job;

    VmCpus cpus;
    gboolean starting;      /* until STARTED is announced: the end is not */
    gboolean stopping;      /* the process has been told to end, for... */
    int stop_reason;        /* ... virDomainShutoffReason */
    int stop_detail;        /* ... virDomainEventStoppedDetailType */
    gint64 kill_at;         /* when it is killed if it has not ended by then, or 0 */
    gboolean ending;        /* the process has ended; a worker clears up after the run */
    gboolean reboot_wanted; /* the next shutdown is to become a reset */

    char *unplugging; /* alias whose removal a call waits for */
    gboolean unplugged;
    gboolean unplug_refused; /* by the guest */
    GPtrArray *deleted;      /* aliases whose removal nobody waited for */

    GSList *waiters; /* calls that wait for the end of the run, see domain/waiter.h */

    RpcClient *autodestroy; /* the connection that this run ends with, or NULL */
    guint64 autodestroy_hook;
    GHashTable *consoles; /* who has them: alias -> RpcStream */

    GMutex define_lock; /* see define.c; before the VM's lock */

    VmPhase phase;      /* of the run, as in the status file */
    GMutex status_lock; /* held, before the VM's lock, while the status file is written */

    AsyncJob *async;    /* see domain/async-job.h, or NULL */
    JobStats completed; /* of the last one that completed */
    guint64 max_speed;  /* MiB/s, of migrations that are not given one; 0: no limit */

    int agent_seconds; /* that its guest's agent is given; see AgentRequest */

    gboolean autostart; /* of a persistent one: see domain/autostart.h */
} Vm;

/* A VM that is not running; the caller holds the only reference. */
Vm *vm_new(Driver *driver, const char *name, const guint8 uuid[16]);
Vm *vm_ref(Vm *vm);
void vm_unref(Vm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vm, vm_unref)

/* Whom commands ask about the host. */
CommandHost vm_host(const Vm *vm);

/* TRUE while the run with this serial lasts. */
static inline gboolean vm_is_run_locked(const Vm *vm, guint64 run)
{
    return vm->run && vm->run->serial == run;
}

static inline gboolean vm_is_active_locked(const Vm *vm)
{
    return vm->id != -1;
}

/* TRUE while nobody knows whether its process lives: it counts as active. */
static inline gboolean vm_is_uncertain_locked(const Vm *vm)
{
    return vm->run && vm->run->uncertain;
}

/* Fails with VIR_ERR_OPERATION_FAILED, saying so. */
gboolean vm_refuse_uncertain(const Vm *vm, GError **errp);

/* Sets the error of a call that needs a running domain; returns FALSE. */
gboolean vm_refuse_inactive(GError **errp);

/*
 * The live definition of a running VM, or else the persistent one; a reference, never
 * NULL: a VM that was removed keeps its last one.
 */
VmDef *vm_get_def_locked(Vm *vm);
VmDef *vm_get_def(Vm *vm);

/* Publishes definitions; both consume def, which may be NULL. */
void vm_set_live_locked(Vm *vm, VmDef *def);
void vm_set_config_locked(Vm *vm, VmDef *def);

/* Sets state and reason, and wakes who waits. */
void vm_set_state_locked(Vm *vm, int state, int reason);

/* The domain for a reply, its strings allocated; and, borrowed, for an event. */
void vm_fill_domain(Vm *vm, RemoteDomain *dom);
void vm_fill_domain_as(const Vm *vm, int id, RemoteDomain *dom); /* with a known ID */
RemoteDomain vm_event_domain_locked(Vm *vm);

/* Takes and gives back the job slot; with the usual limit of 30 seconds. */
gboolean vm_begin_job(Vm *vm, JobKind kind, const char *owner, GError **errp);
void vm_end_job(Vm *vm);

/*
 * Takes the slot and refuses with VIR_ERR_OPERATION_INVALID a VM that is not running, or
 * whose process has ended.
 * *run gets the serial of its run, for vm_call.
 */
gboolean vm_begin_live_job(Vm *vm, JobKind kind, const char *owner, guint64 *run,
                           GError **errp);

void vm_run_free(VmRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmRun, vm_run_free)

/* Moves what only the status file tells from one to the other. */
void vm_run_complete(VmRun *run, VmRun *from);

G_END_DECLS
