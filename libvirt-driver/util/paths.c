/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/paths.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_FIRMWARE "/etc/qemu/firmware"       /* the administrator's */
#define DIST_FIRMWARE "/usr/share/qemu/firmware" /* of packages */

/* Those below prefix; ours of make install comes last, unless packages have the same. */
static void add_firmware(GStrvBuilder *dirs, const char *prefix, const char *datadir)
{
    g_autofree char *host = g_strconcat(prefix, HOST_FIRMWARE, NULL);
    g_autofree char *dist = g_strconcat(prefix, DIST_FIRMWARE, NULL);
    g_autofree char *installed = g_strconcat(prefix, datadir, "/qemu/firmware", NULL);
    g_autofree char *own = g_canonicalize_filename(installed, "/");

    g_strv_builder_add(dirs, host);
    g_strv_builder_add(dirs, dist);
    if (strcmp(own, dist) != 0) {
        g_strv_builder_add(dirs, own);
    }
}

static DriverPaths *system_paths(const char *prefix, const char *datadir)
{
    g_autoptr(GStrvBuilder) firmware = g_strv_builder_new();
    DriverPaths *p = g_new0(DriverPaths, 1);

    p->config_dir = g_strconcat(prefix, "/etc/libvirt/vireo", NULL);
    p->run_dir = g_strconcat(prefix, "/run/libvirt/vireo", NULL);
    p->lib_dir = g_strconcat(prefix, "/var/lib/libvirt/vireo", NULL);
    p->log_dir = g_strconcat(prefix, "/var/log/libvirt/vireo", NULL);
    p->nvram_dir = g_build_filename(p->lib_dir, "nvram", NULL);
    add_firmware(firmware, prefix, datadir);
    p->firmware_dirs = g_strv_builder_end(firmware);
    p->socket_dir = g_strconcat(prefix, "/run/libvirt", NULL);
    p->socket = g_build_filename(p->socket_dir, "virtvireod-sock", NULL);
    p->socket_ro = g_build_filename(p->socket_dir, "virtvireod-sock-ro", NULL);
    p->pid_file = g_strconcat(prefix, "/run/virtvireod.pid", NULL);
    return p;
}

static DriverPaths *session_paths(const char *datadir)
{
    g_autoptr(GStrvBuilder) firmware = g_strv_builder_new();
    g_autofree char *user =
        g_build_filename(g_get_user_config_dir(), "qemu/firmware", NULL);
    DriverPaths *p = g_new0(DriverPaths, 1);
    const char *run = g_get_user_runtime_dir();

    p->config_dir = g_build_filename(g_get_user_config_dir(), "libvirt/vireo", NULL);
    p->run_dir = g_build_filename(run, "libvirt/vireo/run", NULL);
    p->lib_dir = g_build_filename(g_get_user_data_dir(), "libvirt/vireo", NULL);
    p->log_dir = g_build_filename(g_get_user_cache_dir(), "libvirt/vireo/log", NULL);
    p->nvram_dir = g_build_filename(p->lib_dir, "nvram", NULL);
    g_strv_builder_add(firmware, user);
    add_firmware(firmware, "", datadir);
    p->firmware_dirs = g_strv_builder_end(firmware);
    p->socket_dir = g_build_filename(run, "libvirt", NULL);
    p->socket = g_build_filename(p->socket_dir, "virtvireod-sock", NULL);
    p->pid_file = g_build_filename(run, "libvirt/virtvireod.pid", NULL);
    return p;
}

DriverPaths *driver_paths_new(const char *prefix, const char *datadir)
{
    g_autofree char *absolute = NULL;

    if (!prefix)
        return geteuid() == 0 ? system_paths("", datadir) : session_paths(datadir);
    absolute = g_canonicalize_filename(prefix, NULL);
    return system_paths(absolute, datadir);
}

void driver_paths_free(DriverPaths *p)
{
    g_free(p->config_dir);
    g_free(p->run_dir);
    g_free(p->lib_dir);
    g_free(p->log_dir);
    g_free(p->nvram_dir);
    g_strfreev(p->firmware_dirs);
    g_free(p->socket_dir);
    g_free(p->socket);
    g_free(p->socket_ro);
    g_free(p->pid_file);
    g_free(p);
}

/* The last directory gets mode, missing ones above it 0755. */
static gboolean make(const char *path, int mode, GError **errp)
{
    g_autofree char *parent = g_path_get_dirname(path);

    if (g_mkdir_with_parents(parent, 0755) < 0 ||
        (g_mkdir(path, mode) < 0 && errno != EEXIST)) {
        int error = errno;

        g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(error),
                    "cannot create the directory '%s': %s", path, g_strerror(error));
        return FALSE;
    }
    return TRUE;
}

gboolean driver_paths_create(const DriverPaths *p, GError **errp)
{
    g_autofree char *pid_dir = g_path_get_dirname(p->pid_file);

    return make(pid_dir, 0755, errp) && make(p->socket_dir, 0755, errp) &&
           make(p->config_dir, 0700, errp) && make(p->run_dir, 0711, errp) &&
           make(p->lib_dir, 0711, errp) && make(p->log_dir, 0700, errp) &&
           make(p->nvram_dir, 0700, errp);
}
