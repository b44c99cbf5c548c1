/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host is: its processors, memory and NUMA cells, read once from /proc and
 * /sys. Every path is taken below a root directory, so that tests bring their own.
 */
#ifndef CAPABILITIES_HOST_H
#define CAPABILITIES_HOST_H

#include <glib.h>

typedef struct CapabilitiesCpu { /* one logical CPU that is online */
    guint id;
    guint cell;
    guint socket;
    guint die;
    guint core;
    char *siblings; /* the threads of its core: "0,4" */
} CapabilitiesCpu;

typedef struct CapabilitiesPages {
    guint64 size; /* KiB of one page */
    guint64 count;
} CapabilitiesPages;

typedef struct CapabilitiesCell { /* one NUMA node */
    guint id;
    guint64 memory;    /* KiB */
    GArray *pages;     /* of CapabilitiesPages, the smallest first */
    GArray *distances; /* of guint, to the cells in their order; may be empty */
} CapabilitiesCell;

typedef struct CapabilitiesHost {
    char *uuid;   /* of the machine, or NULL when it has none */
    char *vendor; /* "Intel", "AMD", or as CPUID has it */
    guint family, model, stepping, microcode;
    guint mhz;
    guint64 memory;   /* KiB */
    GPtrArray *cpus;  /* of CapabilitiesCpu */
    GPtrArray *cells; /* of CapabilitiesCell, at least one */
} CapabilitiesHost;

/* libvirt's virNodeInfo. */
typedef struct CapabilitiesNodeInfo {
    char model[32];
    guint64 memory; /* KiB */
    guint cpus, mhz;
    guint nodes;   /* NUMA cells; 1 when the numbers below do not multiply to cpus */
    guint sockets; /* per node */
    guint cores;   /* per socket */
    guint threads; /* per core */
} CapabilitiesNodeInfo;

/*
 * Reads the host below @root ("" or "/" for the real one). G_FILE_ERROR, naming the
 * file, when /proc/cpuinfo or /proc/meminfo say nothing; /sys may be absent.
 */
CapabilitiesHost *capabilities_host_read(const char *root, GError **errp);
void capabilities_host_free(CapabilitiesHost *host);
void capabilities_node_info(const CapabilitiesHost *host, CapabilitiesNodeInfo *info);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CapabilitiesHost, capabilities_host_free)

#endif
