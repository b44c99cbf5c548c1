/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boards: what is on them, and where. `-machine NAME`.
 */
#ifndef VIREO_MACHINE_MACHINE_H
#define VIREO_MACHINE_MACHINE_H

#include "config/node.h"

typedef struct MachineClass {
    const char *name;  /* "microvm-vireo-1.0" */
    const char *alias; /* "microvm" or NULL */
    const char *desc;
    unsigned max_cpus;
    gboolean is_default;
    /* config: the whole tree (machine, memory, smp, kernel, serial ...). */
    gboolean (*create)(const struct MachineClass *klass, ConfigNode *config, GError **errp);
} MachineClass;

extern const MachineClass *const machine_table[]; /* ends with NULL */
const MachineClass *machine_find(const char *name);

/*
 * Validates everything that can be without creating anything, then creates RAM,
 * irqchip, vCPUs, board devices and loads the kernel. The accelerator is ready.
 */
gboolean machine_create(ConfigNode *config, GError **errp);
const MachineClass *machine_current(void);
unsigned machine_cpus(void);
/* Host thread of a vCPU (query-cpus-fast). */
int machine_cpu_tid(unsigned index);

#endif
