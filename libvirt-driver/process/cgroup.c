/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNT "/sys/fs/cgroup"

/* The daemon's own group, "/" in a container or "/system.slice/..."; to be freed. */
static char *own_group(void)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL)) {
        return NULL;
    }
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], "0::/")) {
            return g_strdup(lines[i] + strlen("0::"));
        }
    }
    return NULL;
}

int process_cgroup_create(const char *name, char **path, GError **errp)
{
    g_autofree char *own = own_group();
    g_autofree char *dir = own ? g_build_filename(MOUNT, own, "vireo", name, NULL) : NULL;
    g_autofree char *procs = dir ? g_build_filename(dir, "cgroup.procs", NULL) : NULL;
    g_autofree char *controllers = g_build_filename(MOUNT, "cgroup.controllers", NULL);
    int fd = -1;

    if (!dir || access(controllers, F_OK) < 0) {
        g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                    "there is no unified control group hierarchy at " MOUNT);
        return -1;
    }
    if (g_mkdir_with_parents(dir, 0755) < 0 ||
        (fd = open(procs, O_WRONLY | O_CLOEXEC)) < 0) {
        g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                    "cannot create the control group '%s': %s", dir, g_strerror(errno));
        return -1;
    }
    *path = g_steal_pointer(&dir);
    return fd;
}

void process_cgroup_remove(const char *path)
{
    if (rmdir(path) < 0 && errno != ENOENT) {
        g_info("cannot remove the control group '%s': %s", path, g_strerror(errno));
    }
}

gboolean process_cgroup_cpu(const char *path, CgroupCpu *cpu)
{
    g_autofree char *file = g_build_filename(path, "cpu.stat", NULL);
    g_autofree char *text = NULL;
    guint64 total, user, system;

    if (!g_file_get_contents(file, &text, NULL, NULL) ||
        sscanf(text,
               "usage_usec %" G_GUINT64_FORMAT " user_usec %" G_GUINT64_FORMAT
               " system_usec %" G_GUINT64_FORMAT,
               &total, &user, &system) != 3) {
        return FALSE;
    }
    *cpu = (CgroupCpu){ total * 1000, user * 1000, system * 1000 };
    return TRUE;
}
