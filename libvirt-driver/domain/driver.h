/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor part of the daemon: all VMs, and the thread that follows their monitors
 * and processes. RPC handlers run on the server's workers and find it with
 * driver_of_call.
 */
#pragma once
#include "domain/registry.h"
#include "domain/vm.h"
#include "rpc/call.h"
#include "rpc/server.h"
#include "util/paths.h"

G_BEGIN_DECLS

/* Where destinations of migrations listen, as in libvirt. */
#define DRIVER_MIGRATION_PORT_MIN 49152
#define DRIVER_MIGRATION_PORT_MAX 49215

/* What clients are told the hypervisor is: QEMU 8.2.0, which the emulator claims too. */
#define DRIVER_HV_VERSION 8002000

struct Driver {
    const DriverPaths *paths;
    RpcServer *server;
    Registry *registry;
    char *emulator;        /* for domains without <emulator> */
    char *boot_id;         /* of the running kernel */
    char *identity;        /* no other daemon on any host has it; NULL: not known */
    GMainContext *context; /* of the I/O thread: monitors, processes, timers */
    GMainLoop *loop;
    GThread *thread;
    gint last_run;      /* atomic */
    GMutex define_lock; /* one definition or removal at a time */

    GSList *reconnect_threads; /* of driver_start; joined in the end */
    GMutex reconnect_lock;
    GCond reconnected;
    guint reconnecting; /* VMs that are not taken over yet; under reconnect_lock */
};

/* paths and server stay the caller's, and must outlive the driver. */
Driver *driver_new(const DriverPaths *paths, RpcServer *server, const char *emulator);

/*
 * Loads the definitions and finds the VMs that run already. Before rpc_server_start.
 * What cannot be read is logged and left alone. Waits a little for the emulators to
 * answer; those that do not are followed up by threads of their own.
 */
void driver_start(Driver *driver);

/* After rpc_server_stop. Running VMs are left running. */
void driver_free(Driver *driver);

/* TRUE while a VM runs. */
gboolean driver_busy(gpointer driver);

Driver *driver_of_call(RpcCall *call);

/* Runs fn(vm, run) on a worker, with a reference to vm. */
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

/* Gives an error of xml/ its libvirt code, in place. Returns FALSE. */
gboolean driver_fix_error(GError **errp);

G_END_DECLS
