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

#include "accel/accel.h"
#include "accel/cpu-feature.h"
#include "accel/topology.h"
#include "firmware/smbios-options.h"
#include "hw/fw-cfg.h"
#include "memory/guest.h"
#include "pci/bus.h"
#include "util/error.h"

#define MANUFACTURER  "vireo"
#define PRODUCT       "Standard PC (Q35 + ICH9)"
#define BOARD_VERSION "pc-q35-vireo-1.0"
#define BIOS_VERSION  "1.0"
#define BIOS_DATE     "04/01/2014"

static guint64 processor_id(void)
{
    return (guint64)cpu_get_cpuid(1, 0, CPUID_EDX) << 32 | cpu_get_cpuid(1, 0, CPUID_EAX);
}

static void set_default(char **string, const char *value)
{
    *string = *string ? *string : (char *)value; /* the copy's are borrowed */
}

static void set_defaults(char **manufacturer, char **product, char **version)
{
    set_default(manufacturer, MANUFACTURER);
    if (product) {
        set_default(product, PRODUCT);
    }
    if (version) {
        set_default(version, BOARD_VERSION);
    }
}

/* A kernel that starts without firmware has nobody else to tell it of the BIOS. */
static void stand_in_for_bios(SmbiosInfo *info)
{
    if (!info->told[0] && !info->has[0]) {
        info->told[0] = TRUE;
        info->bios.vendor = (char *)MANUFACTURER;
        info->bios.version = (char *)BIOS_VERSION;
        info->bios.date = (char *)BIOS_DATE;
    }
}

/* All strings are borrowed. Nothing that it takes from the host changes the length. */
static SmbiosInfo describe(const Q35Smbios *smbios)
{
    const CpuTopology *t = &cpu_topology;
    SmbiosInfo info = smbios->said;
    set_defaults(&info.system.manufacturer, &info.system.product, &info.system.version);
    set_defaults(&info.board.manufacturer, &info.board.product, &info.board.version);
    set_defaults(&info.chassis.manufacturer, NULL, &info.chassis.version);
    set_defaults(&info.processor.manufacturer, NULL, &info.processor.version);
    set_defaults(&info.memory.manufacturer, NULL, NULL);
    info.sockets = t->sockets;
    info.cores = t->dies * t->cores;
    info.threads = info.cores * t->threads;
    info.ram = smbios->ram;
    info.n_ram = smbios->ram[1].size ? 2 : 1;
    return info;
}

/* The vCPUs have been made: of which signature they are. */
static GByteArray *build(const Q35Smbios *smbios, gboolean direct)
{
    SmbiosInfo info = describe(smbios);
    if (!info.processor.id) {
        info.processor.id = processor_id();
    }
    if (direct) {
        stand_in_for_bios(&info);
    }
    return smbios_build(&info);
}

gboolean q35_smbios_check(Q35Smbios *smbios, ConfigNode *config, GError **errp)
{
    ConfigNode *list;
    const char *uuid;
    return config_get_string(config, "uuid", NULL, &uuid, errp) &&
           (!uuid || smbios_parse_uuid(uuid, smbios->said.uuid) ||
            error_set(errp, "-uuid %s: not a UUID", uuid)) &&
           config_get_node(config, "smbios", CONFIG_LIST, &list, errp) &&
           smbios_options_read(&smbios->said, list, errp);
}

void q35_smbios_free(Q35Smbios *smbios)
{
    smbios_options_clear(&smbios->said);
}

/* What is behind a bridge has no number before firmware has been there. */
static gboolean find_onboard(SmbiosOnboard *onboard, GError **errp)
{
    const Device *dev = onboard->pcidev ? device_find(onboard->pcidev) : NULL;
    if (!onboard->pcidev) {
        return TRUE;
    }
    if (!dev || g_strcmp0(dev->klass->bus, PCI_BUS_TYPE) != 0) {
        return error_set(errp,
                         "-smbios type=41,pcidev=%s: No PCI device %s for SMBIOS type 41 "
                         "entry %s",
                         onboard->pcidev, onboard->pcidev,
                         onboard->designation ? onboard->designation : "");
    }
    const PciDevice *pci = (const PciDevice *)dev;
    if (pci->bus->bridge) {
        return error_set(errp,
                         "-smbios type=41,pcidev=%s: Cannot create type 41 entry for PCI "
                         "device %s: not attached to the root bus",
                         onboard->pcidev, onboard->pcidev);
    }
    onboard->devfn = pci->devfn;
    return TRUE;
}

/* Where kernels look for them there are 64 KiB; our own tables fit in. */
static gboolean check_size(const Q35Smbios *smbios, gboolean direct, GError **errp)
{
    SmbiosInfo info = describe(smbios);
    guint max = direct ? Q35_SMBIOS_SIZE : FW_CFG_MADE_MAX;
    if (direct) {
        stand_in_for_bios(&info);
    }
    g_autoptr(GByteArray) structures = smbios_build(&info);
    g_autoptr(GByteArray) placed = smbios_place(structures, Q35_SMBIOS_BASE);
    return placed->len <= max ||
           error_set(errp, "-smbios: tables of %u bytes do not fit into %u bytes",
                     placed->len, max);
}

gboolean q35_smbios_ready(Q35Smbios *smbios, const BoardMemory *memory, gboolean direct,
                          GError **errp)
{
    GPtrArray *onboard = smbios->said.onboard;
    smbios->ram[0] = (SmbiosRange){ 0, memory->low };
    smbios->ram[1] = (SmbiosRange){ BOARD_HIGH_RAM, memory->high };
    for (guint i = 0; onboard && i < onboard->len; i++) {
        if (!find_onboard(onboard->pdata[i], errp)) {
            return FALSE;
        }
    }
    return check_size(smbios, direct, errp);
}

static GByteArray *make_tables(void *opaque)
{
    return build(opaque, FALSE);
}

static GByteArray *make_anchor(void *opaque)
{
    g_autoptr(GByteArray) structures = build(opaque, FALSE);
    return smbios_anchor(structures);
}

gboolean q35_smbios_add_files(Q35Smbios *smbios, Device *fw_cfg, GError **errp)
{
    return fw_cfg_add_made_file(fw_cfg, "etc/smbios/smbios-tables", make_tables, smbios,
                                errp) &&
           fw_cfg_add_made_file(fw_cfg, "etc/smbios/smbios-anchor", make_anchor, smbios,
                                errp);
}

gboolean q35_smbios_load(const Q35Smbios *smbios, GError **errp)
{
    if (!accel_get()->finish_vcpus(errp)) {
        return FALSE;
    }
    g_autoptr(GByteArray) structures = build(smbios, TRUE);
    g_autoptr(GByteArray) placed = smbios_place(structures, Q35_SMBIOS_BASE);
    return guest_write(dma_space_memory(), Q35_SMBIOS_BASE, placed->data, placed->len) ||
           error_set(errp, "cannot write the SMBIOS tables to guest memory");
}
