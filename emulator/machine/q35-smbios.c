/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a q35 says of itself by SMBIOS. Part of the machine's version, but for the
 * processor's signature, which is that of this host.
 *
 * As on QEMU's q35 there is no baseboard (type 2) unless somebody describes one. The date
 * is that of QEMU's firmware, too: guests judge by it. Linux takes what is not older than
 * 2008 for a machine whose PCI windows can be believed, and what is of 2015 and later for
 * one whose RTC alarm comes as a fixed event of ACPI's, which ours has not.
 */
#include "config.h"

#include "machine/q35-smbios.h"

#include <string.h>

#include "accel/accel.h"
#include "accel/cpu-feature.h"
#include "accel/topology.h"
#include "firmware/smbios.h"
#include "memory/guest.h"
#include "util/error.h"

#define MANUFACTURER  "vireo"
#define PRODUCT       "Standard PC (Q35 + ICH9)"
#define BOARD_VERSION "pc-q35-vireo-1.0"
#define BIOS_VERSION  "1.0"
#define BIOS_DATE     "04/01/2014"
#define MHZ           2000 /* QEMU's word; what it really is, is told by others */

static guint64 processor_id(void)
{
    return (guint64)cpu_get_cpuid(1, 0, CPUID_EDX) << 32 | cpu_get_cpuid(1, 0, CPUID_EAX);
}

static SmbiosInfo describe(const SmbiosRange *ram, unsigned n_ram)
{
    const CpuTopology *t = &cpu_topology;
    guint32 cores = t->dies * t->cores;
    return (SmbiosInfo){
        .bios = { .vendor = MANUFACTURER, .version = BIOS_VERSION, .date = BIOS_DATE },
        .system = { .manufacturer = MANUFACTURER,
                    .product = PRODUCT,
                    .version = BOARD_VERSION },
        .chassis = { .manufacturer = MANUFACTURER, .version = BOARD_VERSION },
        .processor = { .manufacturer = MANUFACTURER,
                       .version = BOARD_VERSION,
                       .id = processor_id(),
                       .max_mhz = MHZ,
                       .current_mhz = MHZ,
                       .sockets = t->sockets,
                       .cores = cores,
                       .threads = cores * t->threads },
        .memory_manufacturer = MANUFACTURER,
        .ram = ram,
        .n_ram = n_ram,
    };
}

gboolean q35_load_smbios(const BoardMemory *memory, const guint8 uuid[16], GError **errp)
{
    const SmbiosRange ram[] = { { 0, memory->low }, { BOARD_HIGH_RAM, memory->high } };
    if (!accel_get()->finish_vcpus(errp)) {
        return FALSE;
    }
    SmbiosInfo info = describe(ram, memory->high ? 2 : 1);
    memcpy(info.system.uuid, uuid, sizeof(info.system.uuid));
    g_autoptr(GByteArray) structures = smbios_build(&info);
    g_autoptr(GByteArray) placed = smbios_place(structures, Q35_SMBIOS_BASE);
    g_assert(placed->len <= Q35_SMBIOS_SIZE); /* with all vCPUs and all RAM that go */
    return guest_write(dma_space_memory(), Q35_SMBIOS_BASE, placed->data, placed->len) ||
           error_set(errp, "cannot write the SMBIOS tables to guest memory");
}
