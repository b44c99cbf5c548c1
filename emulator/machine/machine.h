/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boards: what is on them, and where. `-machine NAME`.
 */
#ifndef VIREO_MACHINE_MACHINE_H
#define VIREO_MACHINE_MACHINE_H

#include "device/device.h"

typedef struct MachineClass {
    const char *name;  /* "microvm-vireo-1.0" */
    const char *alias; /* "microvm" or NULL */
    /*
     * "pc-q35-": a user may call it by the version of QEMU's that a configuration has come
     * from ("pc-q35-7.2"), which is told nowhere; NULL: no.
     */
    const char *peers;
    const char *base; /* "generic-pc-machine": of whom else clients ask; NULL: nobody */
    const char *desc;
    unsigned max_cpus;
    gboolean firmware; /* it takes -bios, -fw_cfg, -smbios, -drive if=pflash */
    /* `-machine NAME,...`: rows for a structure of options_size bytes. */
    const Property *properties;
    size_t options_size;
    /* What later versions have otherwise, see device.h; NULL: this is the newest. */
    const PropertyDefault *defaults;

    /* config: the whole tree (machine, memory, smp, kernel, serial ...). */
    gboolean (*create)(const struct MachineClass *klass, const void *options,
                       ConfigNode *config, GError **errp);
    gboolean (*ready)(gboolean incoming, GError **errp); /* NULL: nothing to do */
    void (*cleanup)(void);                               /* NULL: nothing to do */
} MachineClass;

extern const MachineClass *const machine_table[]; /* ends with NULL */
const MachineClass *machine_find(const char *name);
/* Where `-machine` names none: the dialect's. */
gboolean machine_is_default(const MachineClass *klass);

/*
 * Validates everything that can be without creating anything, then creates RAM,
 * irqchip, vCPUs and board devices. Before: accelerator, chardevs. Of `-object` it
 * takes the memory backend that memory-backend= names, and no other.
 */
gboolean machine_create(ConfigNode *config, GError **errp);
/*
 * All -device are there: firmware tables, kernel, vCPUs in their boot state. With
 * `incoming` guest memory is left alone, since the stream will fill it.
 */
gboolean machine_ready(gboolean incoming, GError **errp);
/* End of the process, vCPUs stopped: devices, RAM, files. */
void machine_cleanup(void);
const MachineClass *machine_current(void);
const void *machine_options(void); /* what its rows describe; from create to cleanup */
/* `-machine help` and `-machine NAME,help`; new strings. */
char *machine_list(void);
char *machine_class_help(const MachineClass *klass);
unsigned machine_cpus(void);
/* Host thread of a vCPU (query-cpus-fast). */
int machine_cpu_tid(unsigned index);

#endif
