/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source of a migration: Begin, Perform, Confirm. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command/command.h"
#include "domain/cookie.h"
#include "domain/cpus.h"
#include "domain/define.h"
#include "domain/driver.h"
#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/migration-params.h"
#include "domain/migration.h"
#include "domain/monitor.h"
#include "domain/reconcile.h"
#include "process/listen.h"
#include "util/hostname.h"
#include "util/json.h"

#define CONNECT_TIMEOUT_MS 20000
#define STOP_TIMEOUT_MS    30000
#define QUERY_INTERVAL_US  (200 * 1000) /* of statistics while it goes on */
#define FD_NAME            "migrate"

/* ---- Begin ---- */

static guint8 *begin_cookie(Vm *vm, const VmDef *def, guint32 *len)
{
    g_autoptr(MigrationCookie) cookie = g_new0(MigrationCookie, 1);
    char uuid[DOMAIN_UUID_STR_LEN];

    xml_uuid_format(vm->uuid, uuid);
    cookie->name = g_strdup(vm->name);
    cookie->uuid = g_strdup(uuid);
    cookie->hostname = driver_hostname();
    cookie->host = g_strdup(vm->driver->identity);
    g_mutex_lock(&vm->lock);
    cookie->package = g_strdup(vm->run ? vm->run->package : NULL);
    g_mutex_unlock(&vm->lock);
    cookie->domain = xml_domain_format(def->domain, XML_FORMAT_STATUS);
    return migration_cookie_format(cookie, len);
}

/* The definition for the destination: ours, or the user's if the guest cannot tell. */
static char *begin_xml(Vm *vm, const VmDef *def, const MigrationParams *params,
                       GError **errp)
{
    g_autoptr(Domain) domain = NULL;

    if (!params->xml) {
        return xml_domain_format(def->domain, XML_FORMAT_MIGRATABLE | XML_FORMAT_SECURE);
    }
    domain = driver_parse_domain(vm->driver, params->xml, errp);
    if (!domain || !xml_domain_check_abi_stable(def->domain, domain, errp)) {
        return NULL;
    }
    return xml_domain_format(domain, XML_FORMAT_MIGRATABLE | XML_FORMAT_SECURE);
}

/* The run that is to migrate. */
static gboolean get_run(Vm *vm, guint64 *run, GError **errp)
{
    gboolean active;

    g_mutex_lock(&vm->lock);
    active = vm->run != NULL;
    if (active) {
        *run = vm->run->serial;
    }
    g_mutex_unlock(&vm->lock);
    return active || vm_refuse_inactive(errp);
}

static gboolean check_state(Vm *vm, GError **errp)
{
    gboolean ok;

    g_mutex_lock(&vm->lock);
    ok = vm->state == VIR_DOMAIN_RUNNING || vm->state == VIR_DOMAIN_PAUSED;
    if (ok && vm->autodestroy) {
        ok = rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                           "domain is marked for auto destroy");
    } else if (!ok) {
        rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                      "domain is neither running nor paused");
    }
    g_mutex_unlock(&vm->lock);
    return ok;
}

static gboolean begin(Vm *vm, const RemoteDomainMigrateBegin3ParamsArgs *args,
                      const MigrationParams *params,
                      RemoteDomainMigrateBegin3ParamsRet *ret, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    guint64 run = 0;

    if (!get_run(vm, &run, errp) || !check_state(vm, errp) ||
        (!(args->flags & VIR_MIGRATE_UNSAFE) &&
         !command_check_migration_safe(def->domain, errp)) ||
        !migration_check_persistent(vm->driver, params, vm->name, vm->uuid, errp) ||
        !(ret->xml = begin_xml(vm, def, params, errp))) {
        return FALSE;
    }
    ret->cookie_out = begin_cookie(vm, def, &ret->n_cookie_out);
    return TRUE;
}

/* The destination is to have the devices that the emulator has. */
static void settle(Vm *vm)
{
    guint64 run = 0;

    if (get_run(vm, &run, NULL)) {
        vm_reconcile_now(vm, run);
    }
}

gboolean remote_domain_migrate_begin3_params(
    RpcCall *call, const RemoteDomainMigrateBegin3ParamsArgs *args,
    RemoteDomainMigrateBegin3ParamsRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = driver_find(driver_of_call(call), &args->dom, errp);
    MigrationParams params;
    gboolean ok;

    if (!vm || !migration_params_read(args->params, args->n_params, args->flags, &params,
                                      errp)) {
        return FALSE;
    }
    settle(vm);
    if (!(args->flags & VIR_MIGRATE_CHANGE_PROTECTION)) {
        /* Nobody would tell us if the next phase failed: Perform takes the job. */
        return begin(vm, args, &params, ret, errp);
    }
    if (!async_job_begin(vm, &async_job_migration_out, rpc_call_client(call),
                         vm_migration_new(), errp)) {
        return FALSE;
    }
    ok = begin(vm, args, &params, ret, errp);
    if (!ok) {
        g_mutex_lock(&vm->lock);
        /* If the connection has ended meanwhile, this may be another client's. */
        if (vm->async && vm->async->owner == rpc_call_client(call)) {
            async_job_end_locked(vm);
        }
        g_mutex_unlock(&vm->lock);
    }
    return ok;
}

/* ---- Perform ---- */

/* A socket to the destination's daemon, which has seen the token. */
static int connect_destination(const char *uri, const char *token, GError **errp)
{
    g_autofree char *host = NULL;
    guint port;
    int fd;

    if (!migration_uri_parse(uri, &host, &port, errp)) {
        return -1;
    }
    if (port == 0) {
        rpc_error_set(errp, VIR_ERR_INVALID_ARG, "migration URI '%s' has no port", uri);
        return -1;
    }
    fd = process_connect_tcp(host, port, CONNECT_TIMEOUT_MS, errp);
    if (fd >= 0 &&
        send(fd, token, strlen(token), MSG_NOSIGNAL) != (gssize)strlen(token)) {
        rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                      "cannot send to the destination '%s': %s", uri, g_strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

static gboolean set_parameters(Vm *vm, guint64 run, const MigrationParams *params,
                               GError **errp)
{
    guint64 speed = params->bandwidth;

    g_mutex_lock(&vm->lock);
    speed = speed ? speed : vm->max_speed;
    g_mutex_unlock(&vm->lock);
    /* Always: 0 takes away the emulator's own limit, and that of an earlier attempt. */
    return vm_migration_enable_events(vm, run, errp) &&
           vm_migration_set_speed(vm, run, speed, errp);
}

static gboolean start_sending(Vm *vm, guint64 run, int fd, GError **errp)
{
    g_mutex_lock(&vm->lock);
    vm->async->halts = TRUE;
    g_mutex_unlock(&vm->lock);
    return vm_call_fd(vm, run, "getfd", util_json_pair("fdname", FD_NAME), fd, NULL,
                      errp) &&
           vm_call(vm, run, "migrate", util_json_pair("uri", "fd:" FD_NAME), NULL, errp);
}

/* Why the emulator says that it has failed. */
static void set_failure(Vm *vm, guint64 run, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    const char *why = NULL;

    if (vm_call(vm, run, "query-migrate", NULL, &reply, NULL) &&
        JSON_NODE_HOLDS_OBJECT(reply)) {
        why = json_object_get_string_member_with_default(json_node_get_object(reply),
                                                         "error-desc", NULL);
    }
    rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "migration out job: %s",
                  why ? why : "unexpectedly failed");
}

static gboolean io_error_seen_locked(const Vm *vm, guint32 flags)
{
    return (flags & VIR_MIGRATE_ABORT_ON_ERROR) && vm->state == VIR_DOMAIN_PAUSED &&
           vm->reason == VIR_DOMAIN_PAUSED_IOERROR;
}

/* What there is to tell of a migration out. */
typedef struct Progress {
    gboolean alive, aborted, io_error;
    MigrationState state;
} Progress;

static gboolean is_over(const Progress *p)
{
    return !p->alive || p->aborted || p->io_error || p->state >= MIGRATION_COMPLETED;
}

static Progress look_locked(Vm *vm, guint64 run, guint32 flags)
{
    Progress p = { .alive = vm_is_run_locked(vm, run) };

    if (p.alive) {
        p.aborted = vm->async->abort;
        p.io_error = io_error_seen_locked(vm, flags);
        p.state = vm_migration_locked(vm)->state;
    }
    return p;
}

/* Waits for its end, or until it is time to ask for statistics. */
static Progress wait_progress(Vm *vm, guint64 run, guint32 flags)
{
    gint64 deadline = g_get_monotonic_time() + QUERY_INTERVAL_US;
    gboolean in_time = TRUE;
    Progress p;

    g_mutex_lock(&vm->lock);
    while (p = look_locked(vm, run, flags), !is_over(&p) && in_time) {
        in_time = g_cond_wait_until(&vm->cond, &vm->lock, deadline);
    }
    if (p.alive && !p.io_error && p.state == MIGRATION_COMPLETED) {
        vm->async->phase = MIGRATION_OUT_DONE; /* too late to abort from here on */
    }
    g_mutex_unlock(&vm->lock);
    return p;
}

/* Follows the migration to its end. */
static gboolean wait_sent(Vm *vm, guint64 run, guint32 flags, GError **errp)
{
    for (;;) {
        Progress p = wait_progress(vm, run, flags);

        if (!p.alive) {
            return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                                 "migration out job: the domain has ended");
        }
        if (p.io_error) {
            return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                                 "migration out job: failed due to I/O error");
        }
        if (p.state == MIGRATION_COMPLETED) {
            return vm_migration_query(vm, run, NULL, errp);
        }
        if (p.aborted || p.state == MIGRATION_CANCELLED) {
            return rpc_error_set(errp, VIR_ERR_OPERATION_ABORTED,
                                 "migration out job: canceled by client");
        }
        if (p.state == MIGRATION_FAILED) {
            set_failure(vm, run, errp);
            return FALSE;
        }
        if (!vm_migration_query(vm, run, NULL, errp)) {
            return FALSE;
        }
    }
}

static guint8 *perform_cookie(Vm *vm, guint32 *len)
{
    g_autoptr(MigrationCookie) cookie = g_new0(MigrationCookie, 1);

    g_mutex_lock(&vm->lock);
    vm->async->stats.type = VIR_DOMAIN_JOB_COMPLETED;
    cookie->stats = vm->async->stats;
    g_mutex_unlock(&vm->lock);
    return migration_cookie_format(cookie, len);
}

/* A migration that is not live. */
static gboolean pause_first(Vm *vm, guint64 run, GError **errp)
{
    gboolean running;

    g_mutex_lock(&vm->lock);
    running = vm->state == VIR_DOMAIN_RUNNING;
    g_mutex_unlock(&vm->lock);
    return !running || vm_pause_cpus(vm, run, 0, errp);
}

static gboolean perform(Vm *vm, guint64 run,
                        const RemoteDomainMigratePerform3ParamsArgs *args,
                        const MigrationParams *params, GError **errp)
{
    g_autoptr(MigrationCookie) cookie =
        migration_cookie_parse(args->cookie_in, args->n_cookie_in, errp);
    gboolean ok;
    int fd;

    if (!cookie) {
        return FALSE;
    }
    if (!params->uri || !cookie->token) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "the destination has given no URI or no token");
    }
    if (!async_job_enter(vm, run, MIGRATION_OUT_BEGIN, errp) ||
        !set_parameters(vm, run, params, errp)) {
        return FALSE;
    }
    fd = connect_destination(params->uri, cookie->token, errp);
    if (fd < 0) {
        return FALSE;
    }
    ok = (args->flags & VIR_MIGRATE_LIVE || pause_first(vm, run, errp)) &&
         start_sending(vm, run, fd, errp);
    close(fd);
    return ok && wait_sent(vm, run, args->flags, errp) &&
           async_job_enter(vm, run, MIGRATION_OUT_DONE, errp);
}

/* Lets the source go on as if nothing had been, and ends the job. */
static void go_on(Vm *vm, guint64 run)
{
    g_autoptr(GError) err = NULL;

    if (!vm_migration_go_on(vm, run, &err)) {
        g_message("domain '%s' after a migration that failed: %s", vm->name,
                  err->message);
    }
    g_mutex_lock(&vm->lock);
    async_job_end_locked(vm);
    g_mutex_unlock(&vm->lock);
    vm_update_status(vm, run);
}

/* The job of a Begin without change protection begins here. */
static gboolean claim_for_perform(Vm *vm, RpcClient *client, GError **errp)
{
    gboolean begun;

    g_mutex_lock(&vm->lock);
    begun = vm_migration_locked(vm) != NULL;
    g_mutex_unlock(&vm->lock);
    return (begun || async_job_begin(vm, &async_job_migration_out, client,
                                     vm_migration_new(), errp)) &&
           async_job_claim(vm, &async_job_migration_out, client, errp);
}

gboolean remote_domain_migrate_perform3_params(
    RpcCall *call, const RemoteDomainMigratePerform3ParamsArgs *args,
    RemoteDomainMigratePerform3ParamsRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = driver_find(driver_of_call(call), &args->dom, errp);
    MigrationParams params;
    guint64 run = 0;

    if (!vm || !migration_params_read(args->params, args->n_params, args->flags, &params,
                                      errp)) {
        return FALSE;
    }
    if (args->dconnuri) {
        return rpc_error_set(errp, VIR_ERR_ARGUMENT_UNSUPPORTED,
                             "peer-to-peer migration is not supported");
    }
    if (!claim_for_perform(vm, rpc_call_client(call), errp)) {
        return FALSE;
    }
    if (!get_run(vm, &run, errp) || !perform(vm, run, args, &params, errp)) {
        go_on(vm, run);
        return FALSE;
    }
    ret->cookie_out = perform_cookie(vm, &ret->n_cookie_out);
    async_job_unclaim(vm);
    return TRUE;
}

/* ---- Confirm ---- */

static void publish_completed(Vm *vm)
{
    g_autoptr(RpcParams) params = rpc_params_new();
    RpcTypedParam *list;
    guint32 n;

    g_mutex_lock(&vm->lock);
    vm->completed = vm->async->stats;
    job_stats_params(&vm->completed, params);
    list = rpc_params_steal(params, &n);
    vm_event_job_completed_locked(vm, list, n);
    g_mutex_unlock(&vm->lock);
    for (guint32 i = 0; i < n; i++) {
        rpc_typed_param_clear(&list[i]);
    }
    g_free(list);
}

/* The destination runs: the source goes. */
static gboolean let_go(Vm *vm, guint64 run, guint32 flags, GError **errp)
{
    gboolean ok, undefine;

    publish_completed(vm);
    ok = vm_stop_and_wait(vm, run, VM_STOP_TERM, VIR_DOMAIN_SHUTOFF_MIGRATED,
                          VIR_DOMAIN_EVENT_STOPPED_MIGRATED, STOP_TIMEOUT_MS, errp);
    g_mutex_lock(&vm->lock);
    undefine = (flags & VIR_MIGRATE_UNDEFINE_SOURCE) && vm->config;
    g_mutex_unlock(&vm->lock);
    /* Within the job: who waits for it must not start what is about to go. */
    if (ok && undefine) {
        ok = vm_undefine(vm, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM, errp);
    }
    g_mutex_lock(&vm->lock);
    async_job_end_locked(vm);
    g_mutex_unlock(&vm->lock);
    return ok;
}

gboolean remote_domain_migrate_confirm3_params(
    RpcCall *call, const RemoteDomainMigrateConfirm3ParamsArgs *args, GError **errp)
{
    g_autoptr(Vm) vm = driver_find(driver_of_call(call), &args->dom, errp);
    MigrationParams params;
    gboolean done;
    guint64 run = 0;

    if (!vm ||
        !migration_params_read(args->params, args->n_params, args->flags, &params,
                               errp) ||
        !async_job_claim(vm, &async_job_migration_out, rpc_call_client(call), errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    done = vm->async->phase == MIGRATION_OUT_DONE;
    g_mutex_unlock(&vm->lock);
    if (!get_run(vm, &run, errp)) {
        async_job_unclaim(vm);
        return FALSE;
    }
    if (!args->cancelled && done) {
        return let_go(vm, run, args->flags, errp);
    }
    go_on(vm, run);
    return args->cancelled ||
           rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                         "the migration was not complete; the domain goes on here");
}
