/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets, dies, cores and threads, and how APIC IDs number them. */
#ifndef VIREO_ACCEL_TOPOLOGY_H
#define VIREO_ACCEL_TOPOLOGY_H

#include <glib.h>

typedef struct CpuTopology {
    guint32 cpus, sockets, dies, cores, threads; /* cores: of one die, all clusters */
} CpuTopology;

extern CpuTopology cpu_topology;

/* Bits of an APIC ID below the core, the die, and the package number. */
typedef struct CpuTopologyShifts {
    unsigned core, die, package;
} CpuTopologyShifts;
CpuTopologyShifts cpu_topology_shifts(void);

#endif
