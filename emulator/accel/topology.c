/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "accel/topology.h"

#include "accel/vcpu.h"

CpuTopology cpu_topology = { 1, 1, 1, 1, 1 };

/* Bits that number n things. */
static unsigned width(guint32 n)
{
    return n > 1 ? 32 - (unsigned)__builtin_clz(n - 1) : 0;
}

CpuTopologyShifts cpu_topology_shifts(void)
{
    CpuTopologyShifts s;
    s.core = width(cpu_topology.threads);
    s.die = s.core + width(cpu_topology.cores);
    s.package = s.die + width(cpu_topology.dies);
    return s;
}

guint32 cpu_apic_id(unsigned index)
{
    const CpuTopology *t = &cpu_topology;
    CpuTopologyShifts s = cpu_topology_shifts();
    unsigned thread = index % t->threads, core = index / t->threads % t->cores;
    unsigned die = index / (t->threads * t->cores) % t->dies;
    unsigned package = index / (t->threads * t->cores * t->dies);
    return package << s.package | die << s.die | core << s.core | thread;
}
