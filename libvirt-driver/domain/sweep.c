/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/sweep.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "domain/probe.h"
#include "domain/store.h"
#include "process/listen.h"
#include "process/logfile.h"
#include "process/pidfile.h"

/* A write that a crash has interrupted. */
static void remove_file(const char *path, const char *name, gpointer driver)
{
    g_unlink(path);
}

static void remove_socket(const char *path, const char *name, gpointer unused)
{
    process_remove_unix(path);
}

/* The directory of a run, if nobody listens in it any more. */
static void remove_dir(const char *path, const char *name, gpointer driver)
{
    g_autofree char *socket = g_build_filename(path, "monitor.sock", NULL);
    g_autofree char *channels = g_build_filename(path, "channel", NULL);

    if (g_str_has_prefix(name, "domain-")) {
        process_remove_unix(socket);
        store_foreach(channels, "", remove_socket, NULL, NULL);
        g_rmdir(channels);
        g_rmdir(path); /* unless it is not empty */
    }
}

/* Of a probe, which has ended with the daemon. */
static void remove_probe(const char *path, const char *name, gpointer driver)
{
    if (g_str_has_prefix(name, PROBE_SOCKET)) {
        g_unlink(path);
    }
}

static void remove_pidfile(const char *path, const char *name, gpointer driver)
{
    pid_t pid = 0;
    int pidfd;

    if (process_pidfile_open(path, 0, &pid, &pidfd, NULL) == PROCESS_ENDED) {
        g_unlink(path);
    }
    if (pidfd >= 0) {
        close(pidfd);
    }
}

static gboolean in_use(Driver *driver, const char *memory_path)
{
    g_autoptr(GPtrArray) vms = registry_list(driver->registry);
    gboolean used = FALSE;

    for (guint i = 0; i < vms->len && !used; i++) {
        Vm *vm = vms->pdata[i];

        g_mutex_lock(&vm->lock);
        used = vm->run && (!vm->run->monitor_path ||
                           g_strcmp0(vm->run->memory_path, memory_path) == 0);
        g_mutex_unlock(&vm->lock);
    }
    return used;
}

/* Memory of a guest, which is no other guest's business. */
static void remove_memory(const char *path, const char *name, gpointer opaque)
{
    Driver *driver = opaque;

    if (driver->unread->len == 0 && g_str_has_prefix(name, "ram-") &&
        !in_use(driver, path)) {
        g_message("removing '%s', which no VM uses", path);
        g_unlink(path);
    }
}

typedef struct Row {
    const char *dir, *suffix;
    void (*fn)(const char *path, const char *name, gpointer driver);
} Row;

static void sweep(Driver *driver, const Row *rows, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autoptr(GError) err = NULL;

        if (!store_foreach(rows[i].dir, rows[i].suffix, rows[i].fn, driver, &err)) {
            g_message("%s", err->message);
        }
    }
}

void driver_sweep_writes(Driver *driver)
{
    const DriverPaths *paths = driver->paths;
    const Row rows[] = {
        { paths->config_dir, ".xml.new", remove_file },
        { paths->config_dir, STORE_RENAMED ".new", remove_file },
        { paths->config_dir, ".staged", remove_file },
        { paths->config_dir, ".staged.new", remove_file },
        { paths->run_dir, ".status.new", remove_file },
        { paths->run_dir, ".sock", remove_probe },
        { paths->nvram_dir, "_VARS.fd" STORE_TEMP, remove_file },
    };

    sweep(driver, rows, G_N_ELEMENTS(rows));
}

void driver_sweep_runs(Driver *driver)
{
    const DriverPaths *paths = driver->paths;
    const Row rows[] = {
        { paths->run_dir, ".pid", remove_pidfile },
        { paths->run_dir, "", remove_dir },
        { paths->lib_dir, "", remove_memory },
    };

    sweep(driver, rows, G_N_ELEMENTS(rows));
}

void driver_limit_logs(Driver *driver)
{
    g_autoptr(GPtrArray) vms = registry_list(driver->registry);

    for (guint i = 0; i < vms->len; i++) {
        Vm *vm = vms->pdata[i];
        g_autofree char *path = NULL;

        g_mutex_lock(&vm->lock);
        path = vm->run ? g_strdup(vm->run->log_path) : NULL;
        g_mutex_unlock(&vm->lock);
        if (path) {
            process_log_limit(path);
        }
    }
}
