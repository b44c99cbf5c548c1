/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/run.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/command.h"
#include "domain/driver.h"
#include "domain/lifecycle.h"
#include "domain/store.h"
#include "process/cgroup.h"
#include "process/listen.h"
#include "process/logfile.h"
#include "process/pidfile.h"
#include "process/spawn.h"

#define SHORT_NAME   20 /* bytes of the domain's name in paths that must be short */
#define KVM_PATH     "/dev/kvm"
#define LOG_TAIL_MAX 1024 /* bytes of the log in an error */
#define LOG_LOOK_MAX (64 << 10)
#define LOG_BEGIN    ": starting up, virtvireod:" /* behind the time, of each run */

/* Everything open for the child; closed here in any case. */
typedef struct RunFds {
    int monitor, pidfile, log, cgroup;
    GHashTable *devices; /* alias -> fd */
    GPtrArray *steps;    /* with the files that are passed */
    GArray *inherited;   /* of int */
} RunFds;

static char *short_name(const char *name)
{
    g_autofree char *valid = g_utf8_make_valid(name, -1);

    if (strlen(valid) > SHORT_NAME) {
        *g_utf8_find_prev_char(valid, valid + SHORT_NAME + 1) = 0;
    }
    return g_steal_pointer(&valid);
}

VmRun *vm_run_new(Vm *vm, const Domain *live)
{
    const DriverPaths *paths = vm->driver->paths;
    VmRun *run = g_new0(VmRun, 1);
    g_autofree char *name = short_name(live->name);
    g_autofree char *dir = g_strdup_printf("domain-%d-%s", live->id, name);

    run->serial = (guint64)g_atomic_int_add(&vm->driver->last_run, 1) + 1;
    run->pidfd = -1;
    run->dir = g_build_filename(paths->run_dir, dir, NULL);
    run->monitor_path = g_build_filename(run->dir, "monitor.sock", NULL);
    run->pidfile_path = store_path(paths->run_dir, live->name, ".pid");
    run->log_path = store_path(paths->log_dir, live->name, ".log");
    run->emulator = g_strdup(live->emulator);
    if (live->memory_source == DOMAIN_MEMORY_SOURCE_FILE) {
        char uuid[DOMAIN_UUID_STR_LEN];
        g_autofree char *file = NULL;

        xml_uuid_format(live->uuid, uuid);
        file = g_strconcat("ram-", uuid, NULL);
        run->memory_path = g_build_filename(paths->lib_dir, file, NULL);
    }
    return run;
}

CommandHost vm_host(const Vm *vm)
{
    return (CommandHost){ .socket_dir = vm->driver->paths->socket_dir };
}

char *vm_run_channel_dir(const VmRun *run)
{
    return g_build_filename(run->dir, "channel", NULL);
}

void vm_run_release(Vm *vm, const VmRun *run, const Domain *live)
{
    g_autofree char *status = vm_status_path(vm->driver, vm->name);
    CommandHost host = vm_host(vm);
    g_autoptr(GError) err = NULL;

    command_release(&host, live);
    if (run->plugging &&
        !xml_domain_find_alias(live, xml_device_info(run->plugging)->alias, NULL)) {
        command_release_device(&host, run->plugging);
    }
    if (run->monitor_path) {
        g_unlink(run->monitor_path);
    }
    if (run->dir) {
        g_autofree char *channels = vm_run_channel_dir(run);

        g_rmdir(channels);
        g_rmdir(run->dir);
    }
    if (run->memory_path) {
        g_unlink(run->memory_path);
    }
    g_unlink(run->pidfile_path);
    if (run->cgroup) {
        process_cgroup_remove(run->cgroup);
    }
    if (!store_remove(status, &err)) {
        g_message("%s", err->message);
    }
}

static void fds_init(RunFds *fds)
{
    *fds = (RunFds){ .monitor = -1, .pidfile = -1, .log = -1, .cgroup = -1 };
    fds->devices = command_fds_new();
    fds->inherited = g_array_new(FALSE, FALSE, sizeof(int));
}

static void fds_clear(RunFds *fds)
{
    int all[] = { fds->monitor, fds->pidfile, fds->log, fds->cgroup };

    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        if (all[i] >= 0) {
            close(all[i]);
        }
    }
    g_hash_table_unref(fds->devices);
    g_clear_pointer(&fds->steps, g_ptr_array_unref);
    g_array_unref(fds->inherited);
}

/* So that whoever reads the log sees where a run begins, and how. */
static void log_command(VmRun *run, int fd, char **argv)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format(now, "%F %T+0000");
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "%s" LOG_BEGIN, when);
    for (guint i = 0; argv[i]; i++) {
        g_autofree char *quoted = g_shell_quote(argv[i]);

        g_string_append_printf(text, " %s", quoted);
    }
    g_string_append_c(text, '\n');
    if (write(fd, text->str, text->len) == (gssize)text->len) {
        run->log_start += (goffset)text->len;
    }
}

static gboolean open_devices(const Vm *vm, const VmRun *run, Domain *live, RunFds *fds,
                             GError **errp)
{
    CommandHost host = vm_host(vm);
    g_autofree char *channel_dir = vm_run_channel_dir(run);
    GHashTableIter iter;
    gpointer own;

    host.emulator = run->has;
    host.channel_dir = channel_dir;
    if (!command_prepare(&host, live, fds->devices, errp)) {
        return FALSE;
    }
    g_hash_table_iter_init(&iter, fds->devices);
    while (g_hash_table_iter_next(&iter, NULL, &own)) {
        const GArray *array = own;
        g_array_append_vals(fds->inherited, array->data, array->len);
    }
    return TRUE;
}

static gboolean open_disks_and_files(VmRun *run, const Domain *live, gboolean incoming,
                                     RunFds *fds, GError **errp)
{
    CommandFacts facts = {
        .monitor_fd = fds->monitor,
        .device_fds = fds->devices,
        .memory_path = run->memory_path,
        .kvm_path = access(KVM_PATH, R_OK | W_OK) == 0 ? KVM_PATH : NULL,
        .incoming = incoming,
    };

    fds->steps = command_start(live, &facts, &run->next_node, errp);
    if (!fds->steps || !command_open_files(fds->steps, errp)) {
        return FALSE;
    }
    command_collect_files(fds->steps, fds->inherited);
    return TRUE;
}

static gboolean make_dir(const char *path, GError **errp)
{
    if (g_mkdir(path, 0700) < 0 && errno != EEXIST) {
        return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR,
                             "cannot create the directory '%s': %s", path,
                             g_strerror(errno));
    }
    return TRUE;
}

static void open_cgroup(Vm *vm, VmRun *run, RunFds *fds)
{
    g_autofree char *name = g_path_get_basename(run->dir);
    g_autoptr(GError) err = NULL;

    fds->cgroup = process_cgroup_create(name, &run->cgroup, &err);
    if (fds->cgroup < 0) {
        g_info("domain '%s' gets no control group: %s", vm->name, err->message);
    }
}

/* A file that is there has the memory of another guest, or of another run, in it. */
static gboolean remove_old_memory(const VmRun *run, GError **errp)
{
    return !run->memory_path || g_unlink(run->memory_path) == 0 || errno == ENOENT ||
           rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "cannot remove the old '%s': %s",
                         run->memory_path, g_strerror(errno));
}

/* The intent, before the process exists. */
static gboolean save_intent(Vm *vm, const VmRun *run, const Domain *live, GError **errp)
{
    g_autofree char *path = vm_status_path(vm->driver, vm->name);
    VmStatus status = {
        .phase = VM_PHASE_STARTING,
        .boot_id = vm->driver->boot_id,
        .id = live->id,
        .dir = run->dir,
        .monitor_path = run->monitor_path,
        .pidfile_path = run->pidfile_path,
        .log_path = run->log_path,
        .memory_path = run->memory_path,
        .cgroup = run->cgroup,
        .emulator = run->emulator,
        .has = run->has,
        .domain = (Domain *)live,
    };
    g_autofree char *text = vm_status_format(&status);

    return store_write(path, text, errp);
}

static gboolean open_files(Vm *vm, VmRun *run, const Domain *live, gboolean incoming,
                           RunFds *fds, GError **errp)
{
    /* First: its lock says that there is no other process of this VM. */
    fds->pidfile = process_pidfile_acquire(run->pidfile_path, errp);
    if (fds->pidfile < 0) {
        return FALSE;
    }
    fds->log = process_log_open(run->log_path, &run->log_start, errp);
    if (fds->log < 0 || !make_dir(run->dir, errp) || !remove_old_memory(run, errp)) {
        return FALSE;
    }
    fds->monitor = process_listen_unix(run->monitor_path, errp);
    if (fds->monitor < 0) {
        return FALSE;
    }
    g_array_append_val(fds->inherited, fds->monitor);
    open_cgroup(vm, run, fds);
    return (!command_asks_others(live) || save_intent(vm, run, live, errp)) &&
           open_devices(vm, run, (Domain *)live, fds, errp) &&
           open_disks_and_files(run, live, incoming, fds, errp);
}

static char **minimal_env(const DriverPaths *paths)
{
    char **env = g_new0(char *, 5);

    env[0] = g_strdup("LC_ALL=C");
    env[1] =
        g_strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    env[2] = g_strconcat("HOME=", paths->lib_dir, NULL);
    env[3] = g_getenv("ASAN_OPTIONS") /* so that tests of an instrumented build can run */
                 ? g_strconcat("ASAN_OPTIONS=", g_getenv("ASAN_OPTIONS"), NULL)
                 : NULL;
    return env;
}

static gboolean spawn(Vm *vm, VmRun *run, const Domain *live, RunFds *fds, GError **errp)
{
    g_auto(GStrv) argv = command_argv(live, fds->steps);
    g_auto(GStrv) envp = minimal_env(vm->driver->paths);
    ProcessSpawn process = {
        .path = live->emulator,
        .argv = argv,
        .envp = envp,
        .fds = (const int *)fds->inherited->data,
        .n_fds = fds->inherited->len,
        .log_fd = fds->log,
        .pidfile_fd = fds->pidfile,
        .cgroup_fd = fds->cgroup,
    };

    log_command(run, fds->log, argv);
    if (!process_spawn(&process, &run->pid, &run->pidfd, errp)) {
        return FALSE;
    }
    run->start_time = process_start_time(run->pid);
    return TRUE;
}

gboolean vm_run_spawn(Vm *vm, VmRun *run, const Domain *live, gboolean incoming,
                      GError **errp)
{
    RunFds fds;
    gboolean ok, ours;

    fds_init(&fds);
    ok = open_files(vm, run, live, incoming, &fds, errp) &&
         save_intent(vm, run, live, errp) && spawn(vm, run, live, &fds, errp);
    ours = fds.pidfile >= 0;
    /* The lock of the PID file is now the child's alone, as are sockets and files. */
    fds_clear(&fds);
    if (!ok && ours) {
        vm_run_release(vm, run, live); /* unless another process holds the PID file */
    }
    return ok;
}

/* Where the run's part of the log ends: the VM may have been started again since. */
static gsize own_part(const char *text, gsize len)
{
    const char *next = g_strstr_len(text, (gssize)len, LOG_BEGIN);

    while (next && next > text && next[-1] != '\n') {
        next--;
    }
    return next ? (gsize)(next - text) : len;
}

char *vm_run_log_tail(const VmRun *run)
{
    g_autofree char *buffer = g_malloc(LOG_LOOK_MAX);
    int fd = open(run->log_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    gssize n = -1;

    if (fd >= 0 && fstat(fd, &st) == 0) {
        goffset from = run->log_start > st.st_size ? 0 : run->log_start; /* it was cut */
        n = pread(fd, buffer, LOG_LOOK_MAX, from);
    }
    if (fd >= 0) {
        close(fd);
    }
    gsize len = n > 0 ? own_part(buffer, (gsize)n) : 0,
          skip = len - MIN(len, LOG_TAIL_MAX);
    return g_strstrip(g_utf8_make_valid(buffer + skip, (gssize)(len - skip)));
}
