/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status file of a running VM: what a daemon that starts again must know to find it
 * and to go on. It is written, with fsync, before what it tells of happens: before the
 * process starts, before each phase of an async job. JSON, one file per VM:
 * STATE-DIR/NAME.status.
 */
#pragma once
#include <glib.h>

#include "command/command.h"
#include "domain/job.h"
#include "xml/domain.h"

G_BEGIN_DECLS

typedef struct AsyncJobKind AsyncJobKind;

/* How far a run has come. */
typedef enum VmPhase {
    VM_PHASE_STARTING = 0, /* not yet announced: a new daemon ends it */
    VM_PHASE_RUNNING,
    VM_PHASE_STOPPING, /* its process has ended; what it had of the host is released */
} VmPhase;

typedef struct VmStatus {
    VmPhase phase;
    char *boot_id; /* of the kernel that it was written under */
    int id;
    pid_t pid;               /* 0 before the process has started */
    const AsyncJobKind *job; /* the async job, or NULL */
    guint job_phase;
    gboolean job_paused;    /* the guest stands when it ends */
    guint64 start_time;     /* of the process, see process_start_time(); 0: not known */
    gboolean suspended;     /* its CPUs stood when this was written */
    int reason;             /* why they stood or ran: of virDomainState */
    gboolean autodestroy;   /* it ends with a connection, so with that of the daemon */
    gboolean reboot_wanted; /* its next shutdown is to become a reset */
    int agent_seconds;      /* see AgentRequest */
    guint taints;           /* VmTaint */
    char *dir, *monitor_path, *pidfile_path, *log_path;
    char *memory_path, *cgroup; /* or NULL */
    char *emulator, *version, *package;
    CommandEmulator *has;   /* what the emulator that runs has; NULL: not known */
    guint next_node;        /* the number of the next disk's block nodes; 0: not known */
    DomainDevice *plugging; /* see domain/hotplug.h, or NULL */
    Domain *domain;         /* the live definition */
} VmStatus;

void vm_status_free(VmStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmStatus, vm_status_free)

char *vm_status_format(const VmStatus *status);

/* NULL with VIR_ERR_INTERNAL_ERROR for a file that does not make sense. */
VmStatus *vm_status_parse(const char *text, GError **errp);

G_END_DECLS
