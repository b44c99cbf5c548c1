/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/listen.h"
#include "process/spawn.h"
#include "qmp/client.h"
#include "util/vir-error.h"

#define ANSWER_MS 10000 /* for each answer */

/* What is known of a binary. Entries stay until the end. */
typedef struct Entry {
    GMutex lock; /* of what follows */
    gboolean known;
    struct stat st;            /* of the binary that was asked */
    CommandEmulator *emulator; /* NULL: it could not be asked */
} Entry;

struct Probe {
    const DriverPaths *paths;
    GMainContext *context;
    GMutex lock;
    GHashTable *entries; /* path -> Entry */
    gint number;         /* atomic; of sockets */
};

static void entry_free(gpointer opaque)
{
    Entry *entry = opaque;

    command_emulator_unref(entry->emulator);
    g_mutex_clear(&entry->lock);
    g_free(entry);
}

Probe *probe_new(const DriverPaths *paths, GMainContext *context)
{
    Probe *probe = g_new0(Probe, 1);

    probe->paths = paths;
    probe->context = context;
    g_mutex_init(&probe->lock);
    probe->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    return probe;
}

void probe_free(Probe *probe)
{
    g_hash_table_unref(probe->entries);
    g_mutex_clear(&probe->lock);
    g_free(probe);
}

/* ---- asking ---- */

static void ignore_event(const char *name, JsonObject *data, gint64 usec, gpointer opaque)
{
}

static void ignore_end(gpointer opaque)
{
}

static gboolean call(gpointer client, const char *command, JsonNode **reply,
                     GError **errp)
{
    return qmp_client_call_full(client, command, NULL, -1, ANSWER_MS, reply, errp);
}

static CommandEmulator *ask(Probe *probe, const char *path, GError **errp)
{
    static const QmpClientOps ops = { ignore_event, ignore_end, NULL };
    int fd = process_connect_unix(path, ANSWER_MS, errp);
    g_autoptr(QmpClient) client = NULL;
    CommandEmulator *emulator = NULL;

    if (fd < 0) {
        return NULL;
    }
    client = qmp_client_new(fd, probe->context, &ops, NULL, NULL);
    if (qmp_client_negotiate(client, ANSWER_MS, errp)) {
        emulator = command_emulator_ask(call, client, errp);
    }
    qmp_client_close(client);
    return emulator;
}

static gboolean spawn(const char *binary, int monitor, pid_t *pid, int *pidfd,
                      GError **errp)
{
    g_autofree char *chardev =
        g_strdup_printf("socket,id=charmonitor,fd=%d,server=on,wait=off", monitor);
    char *const argv[] = {
        (char *)binary,
        (char *)"-S",
        (char *)"-no-user-config",
        (char *)"-nodefaults",
        (char *)"-display",
        (char *)"none",
        (char *)"-machine",
        (char *)"none",
        (char *)"-chardev",
        chardev,
        (char *)"-mon",
        (char *)"chardev=charmonitor,id=monitor,mode=control",
        NULL,
    };
    char *const envp[] = { (char *)"LC_ALL=C",
                           (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                                   "/usr/bin:/sbin:/bin",
                           NULL };
    int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ProcessSpawn process = { .path = binary,
                             .argv = argv,
                             .envp = envp,
                             .fds = &monitor,
                             .n_fds = 1,
                             .log_fd = log,
                             .pidfile_fd = -1,
                             .cgroup_fd = -1,
                             .bound = TRUE };
    gboolean ok = process_spawn(&process, pid, pidfd, errp);

    if (log >= 0) {
        close(log);
    }
    return ok;
}

/* Starts @binary, asks it, and ends it. *asked: it has been started, at least. */
static CommandEmulator *run(Probe *probe, const char *binary, gboolean *asked,
                            GError **errp)
{
    g_autofree char *name =
        g_strdup_printf(PROBE_SOCKET "%d.sock", g_atomic_int_add(&probe->number, 1));
    g_autofree char *path = g_build_filename(probe->paths->run_dir, name, NULL);
    int monitor = process_listen_unix(path, errp), pidfd = -1;
    CommandEmulator *emulator = NULL;
    pid_t pid;

    *asked = FALSE;
    if (monitor < 0) {
        return NULL;
    }
    *asked = spawn(binary, monitor, &pid, &pidfd, errp);
    close(monitor); /* the child's alone: if it ends, so does the wait for it */
    if (*asked) {
        emulator = ask(probe, path, errp);
        process_signal(pidfd, SIGKILL);
        process_wait(pidfd, ANSWER_MS);
        g_free(process_reap(pidfd));
        close(pidfd);
    }
    g_unlink(path);
    return emulator;
}

/* ---- keeping ---- */

static gboolean is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* 0, or why it cannot be executed, as an errno. */
static int look_at(const char *binary, struct stat *st)
{
    if (stat(binary, st) < 0) {
        return errno;
    }
    if (!S_ISREG(st->st_mode)) {
        return EACCES;
    }
    return access(binary, X_OK) < 0 ? errno : 0;
}

/* Of the file itself; what else there is tells of the host, and not of the file. */
static gboolean is_fault_of_file(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP ||
           error == ENAMETOOLONG;
}

/* With the entry's lock. FALSE: it is not there, or nothing that could be executed. */
static gboolean refresh(Probe *probe, Entry *entry, const char *binary, GError **errp)
{
    g_autoptr(GError) err = NULL;
    struct stat st;
    int error = look_at(binary, &st);

    if (error) {
        g_clear_pointer(&entry->emulator, command_emulator_unref);
        entry->known = FALSE;
        return !is_fault_of_file(error) ||
               rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR,
                             "Cannot check QEMU binary %s: %s", binary,
                             g_strerror(error));
    }
    if (entry->known && is_same_file(&st, &entry->st)) {
        return TRUE;
    }
    command_emulator_unref(entry->emulator);
    /* What this host could not do now, it may be able to do the next time. */
    entry->emulator = run(probe, binary, &entry->known, &err);
    entry->st = st;
    if (!entry->emulator) {
        g_message("the emulator '%s' cannot be asked what it has: %s", binary,
                  err->message);
    }
    return TRUE;
}

static Entry *find(Probe *probe, const char *binary)
{
    Entry *entry;

    g_mutex_lock(&probe->lock);
    entry = g_hash_table_lookup(probe->entries, binary);
    if (!entry) {
        entry = g_new0(Entry, 1);
        g_mutex_init(&entry->lock);
        g_hash_table_insert(probe->entries, g_strdup(binary), entry);
    }
    g_mutex_unlock(&probe->lock);
    return entry;
}

gboolean probe_get(Probe *probe, const char *binary, CommandEmulator **emulator,
                   GError **errp)
{
    Entry *entry = find(probe, binary);
    gboolean ok;

    g_mutex_lock(&entry->lock);
    ok = refresh(probe, entry, binary, errp);
    *emulator = ok && entry->emulator ? command_emulator_ref(entry->emulator) : NULL;
    g_mutex_unlock(&entry->lock);
    return ok;
}

gboolean probe_check(Probe *probe, const Domain *domain, CommandEmulator **emulator,
                     GError **errp)
{
    g_autoptr(CommandEmulator) has = NULL;

    if (!probe_get(probe, domain->emulator, &has, errp) ||
        (has && !command_check_emulator(domain, has, errp))) {
        return FALSE;
    }
    if (emulator && has) {
        *emulator = g_steal_pointer(&has);
    }
    return TRUE;
}
