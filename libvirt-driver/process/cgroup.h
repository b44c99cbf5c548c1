/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A control group for each VM, directly under the daemon's own where the unified
 * hierarchy can be written to. Without one a VM runs in the daemon's group.
 */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/*
 * Creates the group NAME and returns a descriptor of its cgroup.procs for
 * process_spawn; *path gets the group's directory. -1 with an error (G_FILE_ERROR).
 */
int process_cgroup_create(const char *name, char **path, GError **errp);

/* What its processes have had of the CPUs. */
typedef struct CgroupCpu {
    guint64 total_ns, user_ns, system_ns;
} CgroupCpu;

gboolean process_cgroup_cpu(const char *path, CgroupCpu *cpu);

/* Removes an empty group. */
void process_cgroup_remove(const char *path);

G_END_DECLS
