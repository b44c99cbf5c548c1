/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The destination of a migration: Prepare, and Finish. */
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command/command.h"
#include "domain/chardev.h"
#include "domain/cookie.h"
#include "domain/cpus.h"
#include "domain/define.h"
#include "domain/driver.h"
#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/media.h"
#include "domain/migration-params.h"
#include "domain/migration.h"
#include "domain/monitor.h"
#include "process/listen.h"
#include "util/hostname.h"
#include "util/json.h"

#define TOKEN_TIMEOUT_S   3
#define ACCEPT_PAUSE_MS   200                   /* after a failed accept */
#define FINISH_TIMEOUT_US (30 * G_USEC_PER_SEC) /* for the rest of the data */
#define KILL_TIMEOUT_MS   10000
#define FD_NAME           "incoming"

/* ---- the data ---- */

typedef struct Incoming {
    Vm *vm;
    guint64 run;
    int fd; /* of a connection that has come in, or -1 */
} Incoming;

static Incoming *incoming_new(Vm *vm, guint64 run, int fd)
{
    Incoming *in = g_new0(Incoming, 1);

    in->vm = vm_ref(vm);
    in->run = run;
    in->fd = fd;
    return in;
}

static void incoming_free(gpointer opaque)
{
    Incoming *in = opaque;

    if (in->fd >= 0) {
        close(in->fd);
    }
    vm_unref(in->vm);
    g_free(in);
}

/* Whoever connects must know the token first; it is of a fixed length. */
static gboolean check_token(int fd, const char *token)
{
    struct timeval limit = { .tv_sec = TOKEN_TIMEOUT_S }, none = { 0 };
    char got[sizeof(((VmMigration *)NULL)->token)] = "";
    gsize want = strlen(token);
    guint8 differ = 0;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (recv(fd, got, want, MSG_WAITALL) != (gssize)want) {
        return FALSE;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
    for (gsize i = 0; i < want; i++) {
        differ |= (guint8)(got[i] ^ token[i]);
    }
    return differ == 0;
}

static gboolean on_connection(gint fd, GIOCondition condition, gpointer opaque);

/* Waits for one connection; whoever is being checked comes before the next. */
static void listen_locked(Vm *vm, guint64 run)
{
    VmMigration *m = vm_migration_locked(vm);

    m->listen_source = g_unix_fd_source_new(m->listen_fd, G_IO_IN);
    g_source_set_callback(m->listen_source, G_SOURCE_FUNC(on_connection),
                          incoming_new(vm, run, -1), incoming_free);
    g_source_attach(m->listen_source, vm->driver->context);
}

/* The migration that a connection is for, if it still waits for one. */
static VmMigration *waiting_locked(Incoming *in)
{
    VmMigration *m =
        vm_is_run_locked(in->vm, in->run) ? vm_migration_locked(in->vm) : NULL;

    return m && m->listen_fd >= 0 ? m : NULL;
}

static gboolean give_to_emulator(Incoming *in, GError **errp)
{
    return vm_call_fd(in->vm, in->run, "getfd", util_json_pair("fdname", FD_NAME), in->fd,
                      NULL, errp) &&
           vm_call(in->vm, in->run, "migrate-incoming",
                   util_json_pair("uri", "fd:" FD_NAME), NULL, errp);
}

/* On a worker: the first connection with the right token becomes the emulator's. */
static void receive(gpointer opaque)
{
    Incoming *in = opaque;
    Vm *vm = in->vm;
    char token[sizeof(((VmMigration *)NULL)->token)] = "";
    g_autoptr(GError) err = NULL;
    gboolean welcome;
    VmMigration *m;

    g_mutex_lock(&vm->lock);
    m = waiting_locked(in);
    if (m) {
        memcpy(token, m->token, sizeof(token));
    }
    g_mutex_unlock(&vm->lock);
    welcome = token[0] && check_token(in->fd, token);
    g_mutex_lock(&vm->lock);
    m = waiting_locked(in);
    if (m && welcome) {
        vm_migration_unlisten(m);
    } else if (m) {
        g_message("domain '%s': a connection to its migration port was refused",
                  vm->name);
        listen_locked(vm, in->run);
    }
    g_mutex_unlock(&vm->lock);
    if (m && welcome && !give_to_emulator(in, &err)) {
        g_message("domain '%s': %s", vm->name, err->message);
        g_mutex_lock(&vm->lock);
        if (vm_is_run_locked(vm, in->run) && vm_migration_locked(vm)) {
            vm_migration_locked(vm)->state = MIGRATION_FAILED;
            g_cond_broadcast(&vm->cond);
        }
        g_mutex_unlock(&vm->lock);
    }
    incoming_free(in);
}

/* Who wanted to connect has gone: there is nothing to wait for. */
static gboolean is_over(int error)
{
    return error == EAGAIN || error == ECONNABORTED || error == EINTR;
}

/* The connection is there, but no descriptor for it (or no memory) was. */
static void listen_again(Vm *vm, guint64 run)
{
    VmMigration *m;

    g_mutex_lock(&vm->lock);
    m = vm_is_run_locked(vm, run) ? vm_migration_locked(vm) : NULL;
    if (m && m->listen_fd >= 0 && !m->listen_source) {
        listen_locked(vm, run);
    }
    g_mutex_unlock(&vm->lock);
}

/* On the I/O thread. */
static gboolean on_connection(gint fd, GIOCondition condition, gpointer opaque)
{
    Incoming *in = opaque;
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    VmMigration *m;

    if (connection < 0 && is_over(errno)) {
        return G_SOURCE_CONTINUE;
    }
    if (connection < 0) {
        g_message("domain '%s': cannot take the connection to its migration port yet: %s",
                  in->vm->name, g_strerror(errno));
        driver_after(in->vm, in->run, ACCEPT_PAUSE_MS, listen_again);
    }
    g_mutex_lock(&in->vm->lock);
    m = waiting_locked(in);
    if (m) {
        g_clear_pointer(&m->listen_source, g_source_unref);
    }
    g_mutex_unlock(&in->vm->lock);
    if (connection < 0) {
        return G_SOURCE_REMOVE;
    }
    /* Even if all ordinary workers wait for migrations the other way. */
    rpc_workers_push(in->vm->driver->workers, TRUE, receive,
                     incoming_new(in->vm, in->run, connection), incoming_free);
    return G_SOURCE_REMOVE;
}

/* ---- Prepare ---- */

/* The definition that is to run here, checked against what runs there. */
static Domain *parse_incoming(Driver *driver, const MigrationParams *params,
                              const MigrationCookie *cookie, GError **errp)
{
    g_autoptr(Domain) domain = NULL, source = NULL;

    if (!params->xml || !cookie->domain) {
        rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                      "no definition came with the migration (%s)",
                      params->xml ? "cookie" : VIR_MIGRATE_PARAM_DEST_XML);
        return NULL;
    }
    domain = driver_parse_domain(driver, params->xml, errp);
    if (!domain) {
        return NULL;
    }
    source = xml_domain_parse(cookie->domain, XML_PARSE_STATUS, errp);
    if (!source || !xml_domain_check_abi_stable(source, domain, errp)) {
        return NULL;
    }
    if (!migration_check_persistent(driver, params, source->name, source->uuid, errp)) {
        return NULL;
    }
    if (params->name && strcmp(params->name, domain->name) != 0) {
        g_autofree char *xml = NULL;

        g_free(domain->name);
        domain->name = g_strdup(params->name);
        /* Through the parser again: a name has rules. */
        xml = xml_domain_format(domain, XML_FORMAT_INACTIVE | XML_FORMAT_SECURE);
        g_clear_pointer(&domain, xml_domain_free);
        domain = driver_parse_domain(driver, xml, errp);
        if (!domain) {
            return NULL;
        }
    }
    command_adopt(domain, source);
    return g_steal_pointer(&domain);
}

/* To itself a VM would wait for its own job. */
static gboolean check_other_host(Driver *driver, const MigrationCookie *cookie,
                                 GError **errp)
{
    if (!driver->identity || g_strcmp0(driver->identity, cookie->host) != 0) {
        return TRUE;
    }
    return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                         "Attempt to migrate guest to the same host %s",
                         cookie->hostname ? cookie->hostname : "");
}

static void make_token(VmMigration *m)
{
    for (guint i = 0; i < 4; i++) {
        guint32 word;

        if (getentropy(&word, sizeof(word)) < 0) {
            word = g_random_int();
        }
        g_snprintf(m->token + 8 * i, 9, "%08x", word);
    }
}

/* Listens where the parameters say; returns the URI for the source. */
static char *start_listening(Vm *vm, guint64 run, const MigrationParams *params,
                             GError **errp)
{
    guint min = DRIVER_MIGRATION_PORT_MIN, max = DRIVER_MIGRATION_PORT_MAX, port = 0;
    g_autofree char *host = NULL;
    VmMigration *m;
    int fd;

    if (params->uri && !migration_uri_parse(params->uri, &host, &port, errp)) {
        return NULL;
    }
    if (!host && !migration_check_hostname(host = driver_hostname(), errp)) {
        return NULL;
    }
    if (port) {
        min = max = port;
    }
    fd = process_listen_tcp(params->listen_address, min, max, &port, errp);
    if (fd < 0) {
        return NULL;
    }
    if (!g_unix_set_fd_nonblocking(fd, TRUE, errp)) {
        close(fd);
        return NULL;
    }
    g_mutex_lock(&vm->lock);
    m = vm_migration_locked(vm);
    make_token(m);
    m->listen_fd = fd;
    listen_locked(vm, run);
    g_mutex_unlock(&vm->lock);
    return migration_uri_format(host, port);
}

static guint8 *prepare_cookie(Vm *vm, guint32 *len)
{
    g_autoptr(MigrationCookie) cookie = g_new0(MigrationCookie, 1);

    cookie->name = g_strdup(vm->name);
    cookie->hostname = driver_hostname();
    g_mutex_lock(&vm->lock);
    cookie->token = g_strdup(vm_migration_locked(vm)->token);
    g_mutex_unlock(&vm->lock);
    return migration_cookie_format(cookie, len);
}

static void kill_incoming(Vm *vm, guint64 run)
{
    g_autoptr(GError) err = NULL;

    if (!vm_stop_and_wait(vm, run, VM_STOP_KILL, VIR_DOMAIN_SHUTOFF_FAILED,
                          VIR_DOMAIN_EVENT_STOPPED_FAILED, KILL_TIMEOUT_MS, &err)) {
        g_message("domain '%s': %s", vm->name, err->message);
    }
}

static gboolean prepare(Vm *vm, Domain *domain, const MigrationParams *params,
                        RemoteDomainMigratePrepare3ParamsRet *ret, GError **errp)
{
    VmStart how = { .incoming = TRUE };
    guint64 run;

    if (!vm_start(vm, domain, &how, &run, errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    vm->async->run = run;
    g_mutex_unlock(&vm->lock);
    if (!vm_migration_enable_events(vm, run, errp) ||
        !(ret->uri_out = start_listening(vm, run, params, errp))) {
        kill_incoming(vm, run);
        return FALSE;
    }
    ret->cookie_out = prepare_cookie(vm, &ret->n_cookie_out);
    return TRUE;
}

gboolean remote_domain_migrate_prepare3_params(
    RpcCall *call, const RemoteDomainMigratePrepare3ParamsArgs *args,
    RemoteDomainMigratePrepare3ParamsRet *ret, GError **errp)
{
    Driver *driver = driver_of_call(call);
    RpcClient *client = rpc_call_client(call);
    g_autoptr(MigrationCookie) cookie = NULL;
    g_autoptr(Domain) domain = NULL;
    g_autoptr(Vm) vm = NULL;
    MigrationParams params;
    gboolean ok;

    if (!migration_params_read(args->params, args->n_params, args->flags, &params,
                               errp) ||
        !(cookie = migration_cookie_parse(args->cookie_in, args->n_cookie_in, errp)) ||
        !check_other_host(driver, cookie, errp) ||
        !(domain = parse_incoming(driver, &params, cookie, errp)) ||
        !(vm = vm_find_or_create(driver, domain, errp))) {
        return FALSE;
    }
    ok = async_job_begin(vm, &async_job_migration_in, client, vm_migration_new(), errp);
    if (ok && !async_job_claim(vm, &async_job_migration_in, client, errp)) {
        return FALSE; /* cannot be: it is ours since a moment */
    }
    if (ok) {
        ok = prepare(vm, g_steal_pointer(&domain), &params, ret, errp);
        async_job_unclaim(vm);
    }
    if (!ok) {
        vm_discard(vm);
    }
    return ok;
}

/* ---- Finish ---- */

/* Waits until all has come in. */
static gboolean wait_received(Vm *vm, guint64 run, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + FINISH_TIMEOUT_US;
    MigrationState state = MIGRATION_NONE;
    gboolean in_time = TRUE, alive;

    g_mutex_lock(&vm->lock);
    while ((alive = vm_is_run_locked(vm, run)) &&
           (state = vm_migration_locked(vm)->state) < MIGRATION_COMPLETED && in_time) {
        in_time = g_cond_wait_until(&vm->cond, &vm->lock, deadline);
    }
    g_mutex_unlock(&vm->lock);
    if (alive && state == MIGRATION_COMPLETED) {
        return TRUE;
    }
    return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "migration in job: %s",
                         !alive ? "the emulator has ended"
                         : state == MIGRATION_NONE || state == MIGRATION_ACTIVE
                             ? "the data did not arrive in time"
                             : "the emulator could not load the state");
}

/* *detail gets that of the event that is due. */
static gboolean persist(Vm *vm, const MigrationParams *params, int *detail, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autofree char *xml =
        params->persistent_xml
            ? g_strdup(params->persistent_xml)
            : xml_domain_format(def->domain, XML_FORMAT_INACTIVE | XML_FORMAT_SECURE);
    g_autoptr(Domain) domain = driver_parse_domain(vm->driver, xml, errp);
    g_autoptr(Vm) defined = NULL;

    if (!domain) {
        return FALSE;
    }
    g_free(domain->name);
    domain->name = g_strdup(vm->name);
    memcpy(domain->uuid, vm->uuid, sizeof(domain->uuid));
    defined = vm_define(vm->driver, g_steal_pointer(&domain), detail, errp);
    return defined != NULL;
}

/* As libvirt does it, the definition is announced after the start. */
static void announce_started(Vm *vm, gboolean paused, int defined)
{
    g_mutex_lock(&vm->lock);
    vm->starting = FALSE;
    vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_STARTED,
                              VIR_DOMAIN_EVENT_STARTED_MIGRATED);
    if (defined >= 0) {
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_DEFINED, defined);
    }
    if (paused) {
        vm_event_lifecycle_locked(vm, VIR_DOMAIN_EVENT_SUSPENDED,
                                  VIR_DOMAIN_EVENT_SUSPENDED_PAUSED);
    }
    g_mutex_unlock(&vm->lock);
}

/* What the status file is to say from here on. */
static void arrive(Vm *vm, gboolean paused)
{
    g_mutex_lock(&vm->lock);
    vm->phase = VM_PHASE_RUNNING;
    vm->async->stay_paused = paused;
    if (paused && vm->state == VIR_DOMAIN_PAUSED) {
        vm_set_state_locked(vm, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    }
    g_mutex_unlock(&vm->lock);
}

static gboolean finish(Vm *vm, guint64 run, RpcClient *client,
                       const RemoteDomainMigrateFinish3ParamsArgs *args,
                       const MigrationParams *params, GError **errp)
{
    g_autoptr(MigrationCookie) cookie =
        args->n_cookie_in
            ? migration_cookie_parse(args->cookie_in, args->n_cookie_in, errp)
            : g_new0(MigrationCookie, 1);
    gboolean paused;
    int defined = -1;

    if (!cookie || !wait_received(vm, run, errp)) {
        return FALSE;
    }
    paused = (args->flags & VIR_MIGRATE_PAUSED) != 0;
    if ((args->flags & VIR_MIGRATE_PERSIST_DEST) &&
        !persist(vm, params, &defined, errp)) {
        return FALSE;
    }
    arrive(vm, paused);
    if (!async_job_enter(vm, run, MIGRATION_IN_FINISH, errp)) {
        return FALSE;
    }
    if (rpc_client_is_closed(client)) {
        /* Nobody would tell the source that it must not run. */
        return rpc_error_set(errp, VIR_ERR_OPERATION_ABORTED, "the client has gone");
    }
    announce_started(vm, paused, defined);
    if (!paused && !vm_resume_cpus(vm, run, 0, errp)) {
        return FALSE;
    }
    vm_refresh_trays(vm, run); /* they have come with the state */
    vm_refresh_channels(vm, run);
    if (cookie->stats.valid) {
        g_mutex_lock(&vm->lock);
        vm->completed = cookie->stats;
        vm->completed.type = VIR_DOMAIN_JOB_COMPLETED;
        vm->completed.operation = VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN;
        g_mutex_unlock(&vm->lock);
    }
    return TRUE;
}

/* It runs here now: the job is over. */
static void conclude(Vm *vm, guint64 run)
{
    g_mutex_lock(&vm->lock);
    async_job_end_locked(vm);
    g_mutex_unlock(&vm->lock);
    vm_update_status(vm, run);
}

/* Puts back what Finish may have put in the place of old, which is NULL for nothing. */
static void take_back(Vm *vm, VmDef *old)
{
    g_autoptr(GError) err = NULL;
    gboolean changed, ok = TRUE;

    g_mutex_lock(&vm->lock);
    changed = vm->config != old && !vm->removed;
    g_mutex_unlock(&vm->lock);
    if (changed) {
        ok = old ? vm_save_config(vm, xml_domain_copy(old->domain), &err)
                 : vm_undefine(vm, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM, &err);
    }
    if (!ok) {
        g_message("domain '%s': %s", vm->name, err->message);
    }
}

gboolean remote_domain_migrate_finish3_params(
    RpcCall *call, const RemoteDomainMigrateFinish3ParamsArgs *args,
    RemoteDomainMigrateFinish3ParamsRet *ret, GError **errp)
{
    Driver *driver = driver_of_call(call);
    RpcClient *client = rpc_call_client(call);
    g_autoptr(Vm) vm = NULL;
    g_autoptr(VmDef) old = NULL;
    MigrationParams params;
    gboolean ok;
    guint64 run;

    if (!migration_params_read(args->params, args->n_params, args->flags, &params,
                               errp)) {
        return FALSE;
    }
    vm = params.name ? registry_by_name(driver->registry, params.name) : NULL;
    if (!vm) {
        return rpc_error_set(errp, VIR_ERR_NO_DOMAIN, "no domain with matching name '%s'",
                             params.name ? params.name : "");
    }
    if (!async_job_claim(vm, &async_job_migration_in, client, errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    run = vm->async->run;
    old = vm->config ? vm_def_ref(vm->config) : NULL;
    g_mutex_unlock(&vm->lock);
    ok = !args->cancelled && finish(vm, run, client, args, &params, errp);
    if (ok) {
        conclude(vm, run);
        vm_fill_domain(vm, &ret->dom);
        ret->cookie_out = migration_cookie_format(&(MigrationCookie){ .name = vm->name },
                                                  &ret->n_cookie_out);
        return TRUE;
    }
    kill_incoming(vm, run);
    if (!args->cancelled && (args->flags & VIR_MIGRATE_PERSIST_DEST)) {
        take_back(vm, old);
    }
    async_job_unclaim(vm);
    return args->cancelled
               ? rpc_error_set(errp, VIR_ERR_MIGRATE_FINISH_OK,
                               "the domain '%s' was ended on the destination", vm->name)
               : FALSE;
}
