/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The items of a q35's fw_cfg, as QEMU 7.2's has them. There are none of what a q35 has
 * not here: geometries of disks (bios-geometry), SMIs (etc/smi), a TPM's log, the option
 * ROM for the TPR of 32-bit Windows (genroms/kvmvapic.bin).
 */
#include "config.h"

#include "machine/q35-fw-cfg.h"

#include <string.h>

#include "accel/accel.h"
#include "accel/cpu-feature.h"
#include "accel/vcpu.h"
#include "hw/fw-cfg.h"
#include "hw/hpet.h"
#include "hw/ich9-pm.h"
#include "hw/vmgenid.h"
#include "machine/fw-cfg-option.h"
#include "machine/q35-acpi.h"
#include "util/error.h"

#define TABLES_ALIGN 4096

static const char *const acpi_names[ACPI_BLOBS] = {
    [ACPI_RSDP] = "etc/acpi/rsdp",
    [ACPI_TABLES] = "etc/acpi/tables",
    [ACPI_VMGENID] = VMGENID_PAGE_FILE,
};

static const char *const acpi_told[ACPI_BLOBS] = {
    [ACPI_VMGENID] = VMGENID_ADDRESS_FILE,
};

gboolean q35_fw_cfg_check(Q35FwCfg *f, ConfigNode *config, GError **errp)
{
    f->files = fw_cfg_option_new();
    return fw_cfg_option_check(f->files, config, errp);
}

void q35_fw_cfg_free(Q35FwCfg *f)
{
    g_clear_pointer(&f->files, g_ptr_array_unref);
}

static void put(GByteArray *out, guint64 value, unsigned n)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&value, n);
}

/* --- keys --- */

/* QEMU's struct hpet_fw_config: a count, 255 for none, and the one that there is. */
static void set_hpet(const Q35FwCfg *f)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    put(out, f->choice->hpet ? 1 : 0xff, 1);
    put(out, f->choice->hpet ? HPET_ID : 0, 4);
    put(out, f->choice->hpet ? HPET_BASE : 0, 8);
    put(out, 0, 2); /* ticks: not told */
    put(out, 0, 1); /* page protection */
    fw_cfg_set_bytes(f->devices->fw_cfg, FW_CFG_HPET, out->data, out->len);
}

static void set_keys(const Q35FwCfg *f)
{
    Device *dev = f->devices->fw_cfg;
    guint32 apic_ids = cpu_apic_id(machine_cpus() - 1) + 1;
    g_autofree guint64 *nodes = g_new0(guint64, apic_ids + 1); /* 0: there are none */

    fw_cfg_set_bytes(dev, FW_CFG_UUID, f->uuid, 16);
    fw_cfg_set_number(dev, FW_CFG_RAM_SIZE, f->memory->size, 8);
    fw_cfg_set_number(dev, FW_CFG_NOGRAPHIC, !f->graphics, 2);
    fw_cfg_set_number(dev, FW_CFG_NB_CPUS, machine_cpus(), 2);
    fw_cfg_set_number(dev, FW_CFG_MAX_CPUS, apic_ids, 2);
    fw_cfg_set_bytes(dev, FW_CFG_NUMA, nodes, (apic_ids + 1) * sizeof(guint64));
    fw_cfg_set_bytes(dev, FW_CFG_ACPI_TABLES, "", 0); /* -acpitable's */
    fw_cfg_set_number(dev, FW_CFG_IRQ0_OVERRIDE, 1, 4);
    set_hpet(f);
}

/* --- files --- */

/* RAM only: firmware adds what it reserves itself. */
static gboolean add_e820(const Q35FwCfg *f, GError **errp)
{
    enum { RAM = 1 };
    g_autoptr(GByteArray) out = g_byte_array_new();

    put(out, 0, 8);
    put(out, f->memory->low, 8);
    put(out, RAM, 4);
    if (f->memory->high) {
        put(out, BOARD_HIGH_RAM, 8);
        put(out, f->memory->high, 8);
        put(out, RAM, 4);
    }
    return fw_cfg_add_file(f->devices->fw_cfg, "etc/e820", out->data, out->len, errp);
}

/* For each S state whether there is one (the highest bit), and its type. */
static gboolean add_system_states(const Q35FwCfg *f, GError **errp)
{
    enum { THERE = 0x80 };
    const Ich9LpcOptions *o = ich9_lpc_options(f->devices->lpc);
    const guint8 states[] = {
        THERE,
        0,
        0,
        ICH9_PM_SLP_S3 | (o->disable_s3 ? 0 : THERE),
        o->s4_val | (o->disable_s4 ? 0 : THERE),
        THERE,
    };

    return fw_cfg_add_file(f->devices->fw_cfg, "etc/system-states", states,
                           sizeof(states), errp);
}

/* Firmware locks the register so that guests may use VMX (Intel's SDM, volume 3, 24.7).
 */
static gboolean add_feature_control(const Q35FwCfg *f, GError **errp)
{
    enum { VMX = 1 << 5, LOCKED = 1, VMX_OUTSIDE_SMX = 4 };
    guint64 bits = GUINT64_TO_LE(LOCKED | VMX_OUTSIDE_SMX);

    if (f->direct) {
        return TRUE;
    }
    return accel_get()->finish_vcpus(errp) &&
           (!(cpu_get_cpuid(1, 0, CPUID_ECX) & VMX) ||
            fw_cfg_add_file(f->devices->fw_cfg, "etc/msr_feature_control", &bits,
                            sizeof(bits), errp));
}

/* --- ACPI: of one build, which each of them repeats --- */

static AcpiTables *build(const Q35FwCfg *f, gboolean direct)
{
    return q35_acpi_tables(f->devices, f->choice, f->memory, direct);
}

/* As many bytes as `most` needs, in whole units. */
static GByteArray *pad(GByteArray *bytes, guint most)
{
    guint before = bytes->len;
    guint len = (MAX(before, most) + TABLES_ALIGN - 1) & ~(TABLES_ALIGN - 1u);

    g_byte_array_set_size(bytes, len);
    memset(bytes->data + before, 0, len - before);
    return bytes;
}

/*
 * Firmware reads the sizes before it has laid out PCI, and the contents afterwards: they
 * have the size that they will have with all windows.
 */
static GByteArray *make_tables(void *opaque)
{
    g_autoptr(AcpiTables) full = build(opaque, TRUE);
    g_autoptr(AcpiTables) tables = build(opaque, ((const Q35FwCfg *)opaque)->direct);

    return pad(g_byte_array_ref(tables->blobs[ACPI_TABLES].bytes),
               full->blobs[ACPI_TABLES].bytes->len);
}

static GByteArray *make_rsdp(void *opaque)
{
    g_autoptr(AcpiTables) tables = build(opaque, ((const Q35FwCfg *)opaque)->direct);

    return g_byte_array_ref(tables->blobs[ACPI_RSDP].bytes);
}

static GByteArray *make_loader(void *opaque)
{
    g_autoptr(AcpiTables) full = build(opaque, TRUE);
    g_autoptr(AcpiTables) tables = build(opaque, ((const Q35FwCfg *)opaque)->direct);
    g_autoptr(GByteArray) most = acpi_loader_commands(full, acpi_names, acpi_told);

    return pad(acpi_loader_commands(tables, acpi_names, acpi_told), most->len);
}

static gboolean add_acpi(Q35FwCfg *f, GError **errp)
{
    Device *dev = f->devices->fw_cfg, *vmgenid = vmgenid_find();

    return !f->acpi ||
           (fw_cfg_add_made_file(dev, acpi_names[ACPI_RSDP], make_rsdp, f, errp) &&
            fw_cfg_add_made_file(dev, acpi_names[ACPI_TABLES], make_tables, f, errp) &&
            fw_cfg_add_made_file(dev, "etc/table-loader", make_loader, f, errp) &&
            (!vmgenid || vmgenid_add_files(vmgenid, dev, errp)));
}

gboolean q35_fw_cfg_fill(Q35FwCfg *f, GError **errp)
{
    set_keys(f);
    return add_e820(f, errp) && add_system_states(f, errp) &&
           add_feature_control(f, errp) && add_acpi(f, errp) &&
           fw_cfg_option_add(f->files, f->devices->fw_cfg, errp);
}
