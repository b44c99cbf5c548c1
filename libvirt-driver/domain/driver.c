/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/driver.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "command/command.h"
#include "domain/autostart.h"
#include "domain/define.h"
#include "domain/firmware.h"
#include "domain/lifecycle.h"
#include "domain/reconnect.h"
#include "domain/store.h"
#include "domain/sweep.h"
#include "domain/take-over.h"

#define BOOT_ID           "/proc/sys/kernel/random/boot_id"
#define RECONNECT_WAIT_US (2 * G_USEC_PER_SEC) /* of those who want to connect */
#define SETTLE_MS         1000  /* until what is not known is tried again */
#define LOGS_MS           10000 /* between looks at the logs' sizes */
#define ENDS_WAIT_US      (5 * G_USEC_PER_SEC) /* of VMs that have been told to end */

enum {
    WORKERS = 512, /* at most; they come and go, and mostly wait for emulators */
    PRIORITY_WORKERS = 8,
};

static gpointer io_thread(gpointer opaque)
{
    Driver *driver = opaque;

    g_main_context_push_thread_default(driver->context);
    g_main_loop_run(driver->loop);
    g_main_context_pop_thread_default(driver->context);
    return NULL;
}

static char *read_boot_id(void)
{
    char *text = NULL;

    if (!g_file_get_contents(BOOT_ID, &text, NULL, NULL)) {
        return g_strdup(DRIVER_BOOT_UNKNOWN);
    }
    return g_strstrip(text);
}

/* The kernel, and the directory where only one daemon at a time keeps its state. */
static char *make_identity(const DriverPaths *paths)
{
    g_autofree char *boot_id = NULL;
    struct stat st;

    if (!g_file_get_contents(BOOT_ID, &boot_id, NULL, NULL) ||
        stat(paths->run_dir, &st) < 0) {
        return NULL;
    }
    return g_strdup_printf("%s:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                           g_strstrip(boot_id), (guint64)st.st_dev, (guint64)st.st_ino);
}

Driver *driver_new(const DriverPaths *paths, RpcServer *server, const char *emulator)
{
    Driver *driver = g_new0(Driver, 1);

    driver->paths = paths;
    driver->server = server;
    driver->registry = registry_new();
    driver->emulator = g_strdup(emulator);
    driver->boot_id = read_boot_id();
    driver->identity = make_identity(paths);
    driver->context = g_main_context_new();
    driver->loop = g_main_loop_new(driver->context, FALSE);
    driver->probe = probe_new(paths, driver->context);
    g_mutex_init(&driver->reconnect_lock);
    g_cond_init(&driver->reconnected);
    driver->workers = rpc_workers_new(WORKERS, PRIORITY_WORKERS, RPC_WORKER_IDLE_MS);
    rpc_workers_start(driver->workers);
    g_queue_init(&driver->reconnect_steps);
    driver->reconnects = g_hash_table_new(NULL, NULL);
    driver->unread = g_ptr_array_new_with_free_func(g_free);
    driver->unread_configs =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    driver->thread = g_thread_new("vm-events", io_thread, driver);
    rpc_server_set_driver(server, driver);
    return driver;
}

static gboolean quit_loop(gpointer opaque)
{
    g_main_loop_quit(opaque);
    return G_SOURCE_REMOVE;
}

/*
 * For one that has been told to end, or does. If it is to be killed when it has not ended
 * by itself, that is done first: what goes with a connection does not outlive the daemon.
 */
static void wait_ended(Vm *vm, gint64 begin)
{
    gboolean in_time = TRUE;

    g_mutex_lock(&vm->lock);
    while (vm->run && (vm->stopping || vm->ending) && in_time) {
        in_time = g_cond_wait_until(&vm->cond, &vm->lock,
                                    MAX(begin, vm->kill_at) + ENDS_WAIT_US);
    }
    g_mutex_unlock(&vm->lock);
}

/*
 * Lets go of a VM without touching its process. Whoever waits for its emulator sees that
 * it has gone. A worker that clears up after a run keeps it.
 */
static void release_vm(gpointer opaque, gpointer unused)
{
    Vm *vm = opaque;
    VmRun *run = NULL;

    g_mutex_lock(&vm->lock);
    vm_drop_connections_locked(vm);
    if (!vm->ending) {
        run = g_steal_pointer(&vm->run);
        vm->id = -1;
    }
    g_cond_broadcast(&vm->cond);
    g_mutex_unlock(&vm->lock);
    vm_run_free(run);
}

gboolean driver_stop(Driver *driver, guint timeout_ms)
{
    g_autoptr(GPtrArray) vms = registry_list(driver->registry);
    gint64 begin = g_get_monotonic_time();

    g_atomic_int_set(&driver->stopping, 1);
    for (guint i = 0; i < vms->len; i++) {
        wait_ended(vms->pdata[i], begin);
    }
    g_ptr_array_foreach(vms, release_vm, NULL);
    if (!rpc_workers_stop(driver->workers, timeout_ms)) {
        return FALSE;
    }
    g_ptr_array_foreach(vms, release_vm, NULL); /* those that were being started */
    g_main_context_invoke(driver->context, quit_loop, driver->loop);
    g_thread_join(driver->thread);
    vm_take_over_stop(driver);
    return TRUE;
}

void driver_free(Driver *driver)
{
    g_autoptr(GPtrArray) vms = registry_list(driver->registry);

    /*
     * What the ends of monitors, processes and connections have queued runs here, and
     * gives its references back; so does the work that it still wants done.
     */
    while (g_main_context_iteration(driver->context, FALSE)) {
    }
    rpc_workers_free(driver->workers);
    g_ptr_array_set_size(vms, 0);
    registry_free(driver->registry);
    g_ptr_array_unref(driver->unread);
    g_hash_table_unref(driver->unread_configs);
    probe_free(driver->probe);
    g_main_loop_unref(driver->loop);
    g_main_context_unref(driver->context);
    g_mutex_clear(&driver->reconnect_lock);
    g_cond_clear(&driver->reconnected);
    g_free(driver->emulator);
    g_free(driver->boot_id);
    g_free(driver->identity);
    g_free(driver);
}

/* A rename that was interrupted: see store_rename_config(). */
static void finish_rename(const char *path, const char *name, gpointer opaque)
{
    const char *dir = ((Driver *)opaque)->paths->config_dir;
    g_autoptr(GError) err = NULL;
    g_autofree char *text = store_read(path, &err);
    g_autoptr(Domain) domain =
        text ? xml_domain_parse(text, XML_PARSE_STORED, &err) : NULL;

    if (!domain || !store_finish_rename(dir, name, domain->name, &err)) {
        g_message("ignoring '%s': %s", path, err->message);
        return;
    }
    g_message("domain '%s' has been renamed to '%s'", name, domain->name);
    store_set_autostart(dir, name, FALSE, NULL); /* it leads nowhere */
}

/* A definition that we cannot be true to any more is kept as it is: starting it tells. */
static Domain *read_config(Driver *driver, const char *path, const char *name,
                           GError **errp)
{
    g_autofree char *text = store_read(path, errp);
    g_autoptr(Domain) stored =
        text ? xml_domain_parse(text, XML_PARSE_STORED, errp) : NULL;
    g_autoptr(Domain) completed = stored ? xml_domain_copy(stored) : NULL;
    g_autoptr(GError) err = NULL;

    if (stored && strcmp(stored->name, name) != 0) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "it defines a domain '%s'",
                      stored->name);
        return NULL;
    }
    if (stored && !command_complete(completed, NULL, driver->emulator, &err)) {
        g_message("'%s' cannot be started as it is: %s", path, err->message);
        return g_steal_pointer(&stored);
    }
    return g_steal_pointer(&completed);
}

static void load_config(const char *path, const char *name, gpointer opaque)
{
    Driver *driver = opaque;
    g_autoptr(GError) err = NULL;
    g_autoptr(Domain) domain = read_config(driver, path, name, &err);
    g_autoptr(Vm) vm = NULL, known = NULL;
    gboolean added;

    if (!domain) {
        g_message("ignoring '%s': %s", path, err->message);
        if (store_may_be_read(err)) {
            g_hash_table_insert(driver->unread_configs, g_strdup(name),
                                g_strdup(err->message));
        }
        return;
    }
    vm = vm_new(driver, domain->name, domain->uuid);
    known = registry_add(driver->registry, vm, &added, &err);
    if (!added) {
        g_message("ignoring '%s': %s", path, err ? err->message : "it is there twice");
        return;
    }
    vm->config = vm_def_new(g_steal_pointer(&domain));
    vm->autostart = store_is_autostart(driver->paths->config_dir, name);
}

/*
 * FALSE if it has to be tried again: the file still cannot be read, or a transient domain
 * has its name or UUID.
 */
static gboolean load_config_again(Driver *driver, const char *name, GError **errp)
{
    g_autofree char *path = store_path(driver->paths->config_dir, name, ".xml");
    g_autoptr(GError) err = NULL;
    g_autoptr(Domain) domain = read_config(driver, path, name, &err);

    if (domain ? !vm_define_loaded(driver, g_steal_pointer(&domain), &err)
               : store_may_be_read(err)) {
        g_propagate_error(errp, g_steal_pointer(&err));
        return FALSE;
    }
    if (err) {
        g_message("ignoring '%s': %s", path, err->message);
    } else {
        g_message("'%s' has been read at last", path);
        driver_autostart_late(driver, name);
    }
    return TRUE;
}

/* FALSE when all have been read. */
static gboolean load_unread(Driver *driver)
{
    GHashTableIter iter;
    gpointer name, said;

    g_hash_table_iter_init(&iter, driver->unread_configs);
    while (g_hash_table_iter_next(&iter, &name, &said)) {
        g_autoptr(GError) err = NULL;

        if (load_config_again(driver, name, &err)) {
            g_hash_table_iter_remove(&iter);
        } else if (strcmp(err->message, said) != 0) {
            g_message("domain '%s' is not known yet: %s", (char *)name, err->message);
            g_hash_table_iter_replace(&iter, g_strdup(err->message));
        }
    }
    return g_hash_table_size(driver->unread_configs) > 0;
}

static void wait_reconnected(Driver *driver, gint64 deadline)
{
    gboolean in_time = TRUE;

    g_mutex_lock(&driver->reconnect_lock);
    while (driver->reconnecting && in_time) {
        in_time =
            g_cond_wait_until(&driver->reconnected, &driver->reconnect_lock, deadline);
    }
    if (driver->reconnecting) {
        g_message("%u emulators do not answer; serving without them for now",
                  driver->reconnecting);
    }
    g_mutex_unlock(&driver->reconnect_lock);
}

/* Files that have an ID in their names may still be of a VM that is not known. */
static void skip_id(const char *path, const char *name, gpointer opaque)
{
    Driver *driver = opaque;
    int id;

    if (sscanf(name, "domain-%9d-", &id) == 1) {
        registry_skip_id(driver->registry, id);
    }
}

/* ---- what is done again and again ---- */

static gboolean settle(Driver *driver)
{
    return !vm_reconnect_settle(driver);
}

static gboolean limit_logs(Driver *driver)
{
    driver_limit_logs(driver);
    return TRUE;
}

static const struct {
    guint ms;                       /* between the end of one and the next */
    gboolean (*fn)(Driver *driver); /* FALSE: not again */
} chores[] = {
    { SETTLE_MS, load_unread }, /* apart: its disk may be slow */
    { SETTLE_MS, settle },
    { LOGS_MS, limit_logs },
};

typedef struct Chore {
    Driver *driver;
    guint index;
} Chore;

static void do_later(Chore *chore);

static void do_chore(gpointer opaque)
{
    Chore *chore = opaque;

    if (chores[chore->index].fn(chore->driver)) {
        do_later(chore);
    } else {
        g_free(chore);
    }
}

static gboolean on_chore(gpointer opaque)
{
    Chore *chore = opaque;

    /* The timer's is freed with it. */
    rpc_workers_push(chore->driver->workers, TRUE, do_chore,
                     g_memdup2(chore, sizeof(*chore)), g_free);
    return G_SOURCE_REMOVE;
}

/* Consumes chore, whatever comes of the timer. */
static void do_later(Chore *chore)
{
    GSource *source = g_timeout_source_new(chores[chore->index].ms);

    g_source_set_callback(source, on_chore, chore, g_free);
    g_source_attach(source, chore->driver->context);
    g_source_unref(source);
}

static void begin_chores(Driver *driver)
{
    for (guint i = 0; i < G_N_ELEMENTS(chores); i++) {
        Chore *chore = g_new(Chore, 1);

        *chore = (Chore){ driver, i };
        do_later(chore);
    }
}

gboolean driver_start(Driver *driver, GError **errp)
{
    const char *run_dir = driver->paths->run_dir;

    driver_sweep_writes(driver);
    if (!store_foreach(driver->paths->config_dir, STORE_RENAMED, finish_rename, driver,
                       errp) ||
        !store_foreach(driver->paths->config_dir, ".xml", load_config, driver, errp) ||
        !store_foreach(run_dir, ".status", vm_reconnect, driver, errp) ||
        !store_foreach(run_dir, "", skip_id, driver, errp) ||
        /* When all IDs that are taken are known. */
        !store_foreach(run_dir, ".pid", vm_reconnect_orphan, driver, errp)) {
        return FALSE;
    }
    driver_sweep_runs(driver);
    begin_chores(driver);
    wait_reconnected(driver, g_get_monotonic_time() + RECONNECT_WAIT_US);
    driver_autostart(driver);
    return TRUE;
}

gboolean driver_busy(gpointer opaque)
{
    Driver *driver = opaque;
    g_autoptr(GPtrArray) vms = registry_list(driver->registry);
    gboolean busy = FALSE;

    for (guint i = 0; i < vms->len && !busy; i++) {
        Vm *vm = vms->pdata[i];

        g_mutex_lock(&vm->lock);
        busy = vm_is_active_locked(vm);
        g_mutex_unlock(&vm->lock);
    }
    return busy;
}

Driver *driver_of_call(RpcCall *call)
{
    return rpc_server_get_driver(rpc_call_server(call));
}

typedef struct Work {
    Vm *vm;
    guint64 run;
    DriverWork fn;
} Work;

static Work *work_new(Vm *vm, guint64 run, DriverWork fn)
{
    Work *work = g_new0(Work, 1);

    work->vm = vm_ref(vm);
    work->run = run;
    work->fn = fn;
    return work;
}

static void work_free(gpointer opaque)
{
    Work *work = opaque;

    vm_unref(work->vm);
    g_free(work);
}

static void do_work(gpointer opaque)
{
    Work *work = opaque;

    work->fn(work->vm, work->run);
    work_free(work);
}

void driver_run(Vm *vm, guint64 run, gboolean priority, DriverWork fn)
{
    rpc_workers_push(vm->driver->workers, priority, do_work, work_new(vm, run, fn),
                     work_free);
}

static gboolean on_timer(gpointer opaque)
{
    Work *work = opaque;

    work->fn(work->vm, work->run);
    return G_SOURCE_REMOVE;
}

void driver_after(Vm *vm, guint64 run, guint ms, DriverWork fn)
{
    GSource *source = g_timeout_source_new(ms);

    g_source_set_callback(source, on_timer, work_new(vm, run, fn), work_free);
    g_source_attach(source, vm->driver->context);
    g_source_unref(source);
}

Vm *driver_find(Driver *driver, const RemoteDomain *dom, GError **errp)
{
    Vm *vm = registry_by_uuid(driver->registry, dom->uuid);
    char uuid[DOMAIN_UUID_STR_LEN];

    if (!vm) {
        xml_uuid_format(dom->uuid, uuid);
        rpc_error_set(errp, VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s' (%s)",
                      uuid, dom->name);
    }
    return vm;
}

/* The emulator's default, in a definition that names none. */
static gboolean choose_machine(Driver *driver, Domain *domain, GError **errp)
{
    const char *path = domain->emulator ? domain->emulator : driver->emulator;
    g_autoptr(CommandEmulator) has = NULL;

    if (domain->machine) {
        return TRUE;
    }
    if (!probe_get(driver->probe, path, &has, errp)) {
        return FALSE;
    }
    domain->machine = g_strdup(command_default_machine(has)->name);
    return TRUE;
}

Domain *driver_parse_domain(Driver *driver, const char *xml, GError **errp)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Domain) domain = xml_domain_parse(xml, XML_PARSE_INACTIVE, &err);
    g_autoptr(Vm) vm = domain ? registry_by_uuid(driver->registry, domain->uuid) : NULL;
    g_autoptr(VmDef) before = NULL;

    if (vm) {
        g_mutex_lock(&vm->lock);
        before = vm->config ? vm_def_ref(vm->config)
                 : vm->live ? vm_def_ref(vm->live)
                            : NULL;
        g_mutex_unlock(&vm->lock);
    }
    if (!domain || !choose_machine(driver, domain, &err) ||
        !command_complete(domain, before ? before->domain : NULL, driver->emulator,
                          &err) ||
        !firmware_complete(driver->paths, domain, &err) ||
        !probe_check(driver->probe, domain, NULL, &err)) {
        g_propagate_error(errp, g_steal_pointer(&err));
        return NULL;
    }
    return g_steal_pointer(&domain);
}
