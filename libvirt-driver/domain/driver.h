/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor part of the daemon: all VMs, and the thread that follows their monitors
 * and processes. RPC handlers run on the server's workers and find it with
 * driver_of_call.
 */
#pragma once
#include "domain/probe.h"
#include "domain/registry.h"
#include "domain/vm.h"
#include "rpc/call.h"
#include "rpc/server.h"
#include "rpc/worker.h"
#include "util/paths.h"

G_BEGIN_DECLS

/* Where destinations of migrations listen, as in libvirt. */
#define DRIVER_MIGRATION_PORT_MIN 49152
#define DRIVER_MIGRATION_PORT_MAX 49215

/* What clients are told the hypervisor is: QEMU 8.2.0, which the emulator claims too. */
#define DRIVER_HV_VERSION 8002000

/* The boot ID when /proc does not tell: equal to all others. */
#define DRIVER_BOOT_UNKNOWN "unknown"

struct Driver {
    const DriverPaths *paths;
    RpcServer *server;
    Registry *registry;
    char *emulator;        /* for domains without <emulator> */
    char *boot_id;         /* of the running kernel */
    char *identity;        /* no other daemon on any host has it; NULL: not known */
    Probe *probe;          /* what emulators have */
    GMainContext *context; /* of the I/O thread: monitors, processes, timers */
    GMainLoop *loop;
    GThread *thread;
    RpcWorkers *workers; /* for what VMs and emulators do; calls have others */
    gint last_run;       /* atomic */

    GMutex reconnect_lock; /* of what is about VMs of earlier daemons, see take-over.c */
    GCond reconnected;
    guint reconnecting;      /* VMs that are not taken over yet */
    guint reconnect_workers; /* that take steps now */
    GQueue reconnect_steps;  /* to be taken */
    GHashTable *reconnects;  /* those whose emulators are waited for */
    GPtrArray *unread; /* names of status files to be read again; of driver_start, and
                          then of the worker that settles what is not known */
    GHashTable *unread_configs; /* the same of definitions, each with why */

    gint autostarts; /* atomic: it is the first of this boot, see domain/autostart.h */
    gint stopping;   /* atomic: nothing more is started */
};

/* paths and server stay the caller's, and must outlive the driver. */
Driver *driver_new(const DriverPaths *paths, RpcServer *server, const char *emulator);

/*
 * Loads the definitions and finds the VMs that run already. Before rpc_server_start.
 * A file that cannot be read is logged and left alone, and read again later; fails if the
 * directories cannot be listed: nobody could tell then what there is. Waits a little for
 * the emulators to answer; those that do not are followed up later.
 */
gboolean driver_start(Driver *driver, GError **errp);

/*
 * After rpc_server_stop. Running VMs are left running; those that are about to end are
 * waited for: up to 5 seconds after their process has been, or is to be, killed. FALSE:
 * some work has not ended after timeout_ms, and the driver cannot be freed.
 */
gboolean driver_stop(Driver *driver, guint timeout_ms);

/* After driver_stop. */
void driver_free(Driver *driver);

/* TRUE while a VM runs. */
gboolean driver_busy(gpointer driver);

Driver *driver_of_call(RpcCall *call);

/*
 * Runs fn(vm, run) on a worker, with a reference to vm. Work with priority does not wait
 * for emulators, and is not kept waiting by work that does.
 */
typedef void (*DriverWork)(Vm *vm, guint64 run);
void driver_run(Vm *vm, guint64 run, gboolean priority, DriverWork fn);

/* Calls fn(vm, run) once after ms, on the I/O thread. */
void driver_after(Vm *vm, guint64 run, guint ms, DriverWork fn);

/* The VM that a client means, by UUID; NULL with VIR_ERR_NO_DOMAIN. A reference. */
Vm *driver_find(Driver *driver, const RemoteDomain *dom, GError **errp);

/*
 * A definition out of XML, completed and checked. NULL with an error that has libvirt's
 * code.
 */
Domain *driver_parse_domain(Driver *driver, const char *xml, GError **errp);

G_END_DECLS
