/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What domain capabilities say of devices, CPUs and features: read from the tables that
 * the parser and the checks go by. */
#include <string.h>

#include "command/kind.h"

/* libvirt's element and enumeration; where the values stand in a definition. */
typedef struct Row {
    const char *element, *name, *path;
} Row;

static const Row memory_rows[] = {
    { "memoryBacking", "sourceType", "memoryBacking/source@type" },
};

static const Row device_rows[] = {
    { "disk", "diskDevice", "devices/disk@device" },
    { "disk", "bus", "devices/disk/target@bus" },
    { "disk", "model", "devices/disk@model" },
    { "graphics", NULL, "devices/graphics" },
    { "video", "modelType", "devices/video/model@type" },
    { "hostdev", NULL, "devices/hostdev" },
    { "rng", "model", "devices/rng@model" },
    { "rng", "backendModel", "devices/rng/backend@model" },
    { "filesystem", NULL, "devices/filesystem" },
    { "tpm", NULL, "devices/tpm" },
    { "redirdev", NULL, "devices/redirdev" },
    { "channel", "type", "devices/channel@type" },
};

/* libvirt's modes of CPUs, in its order, and what may be said of one. */
static const Row cpu_rows[] = {
    { "host-passthrough", "hostPassthroughMigratable", "cpu@migratable" },
    { "maximum", NULL, "cpu@mode" },
    { "host-model", NULL, "cpu@mode" },
    { "custom", NULL, "cpu@mode" },
};

static const Row feature_rows[] = {
    { "gic", NULL, "features/gic" },
    { "vmcoreinfo", NULL, "features/vmcoreinfo" },
    { "genid", NULL, "genid" },
    { "backingStoreInput", NULL, NULL }, /* of formats that there are not */
    { "backup", NULL, NULL },            /* nothing in a definition */
    { "sev", NULL, "launchSecurity" },
};

static CapabilitiesValues *collect(const Row *rows, guint count)
{
    CapabilitiesValues *values = g_new0(CapabilitiesValues, count + 1);

    for (guint i = 0; i < count; i++) {
        values[i].element = rows[i].element;
        values[i].name = rows[i].name;
        values[i].values = rows[i].path ? xml_domain_values(rows[i].path) : NULL;
    }
    return values;
}

/* What an element of that name is, if it is a kind of device. */
static gboolean find_type(const char *element, DomainDeviceType *type)
{
    for (guint i = 0; i < DOMAIN_DEVICE_COUNT; i++) {
        if (strcmp(xml_device_type_name((DomainDeviceType)i), element) == 0) {
            *type = (DomainDeviceType)i;
            return TRUE;
        }
    }
    return FALSE;
}

/* Whether there is a kind that has a place in the boot order. */
static gboolean can_boot_devices(void)
{
    for (guint i = 0; i < DOMAIN_DEVICE_COUNT; i++) {
        const CommandKind *kind = command_kind((DomainDeviceType)i);

        if (kind && kind->boot >= 0) {
            return TRUE;
        }
    }
    return FALSE;
}

void command_describe(const CommandMachine *machine, CapabilitiesGuest *guest)
{
    guest->machine = machine->name;
    guest->machine_alias = machine->alias;
    guest->arch = machine->arch;
    guest->vcpus_max = machine->vcpus_max;
    guest->firmware = guest->pflash = machine->firmware;
    guest->iothreads = machine->iothreads_max > 0;
    guest->guest_features = machine->features;
    guest->device_boot = can_boot_devices();
}

void command_describe_firmware(const CommandEmulator *emulator, CapabilitiesGuest *guest)
{
    guest->firmware = guest->firmware && command_emulator_has_type(emulator, "fw_cfg_io");
    guest->pflash =
        guest->firmware && command_emulator_has_type(emulator, "cfi.pflash01");
}

CapabilitiesValues *command_memory_values(void)
{
    return collect(memory_rows, G_N_ELEMENTS(memory_rows));
}

CapabilitiesValues *command_feature_values(void)
{
    return collect(feature_rows, G_N_ELEMENTS(feature_rows));
}

CapabilitiesValues *command_cpu_values(void)
{
    g_auto(GStrv) modes = xml_domain_values("cpu@mode");
    CapabilitiesValues *values = collect(cpu_rows, G_N_ELEMENTS(cpu_rows));

    for (guint i = 0; i < G_N_ELEMENTS(cpu_rows); i++) {
        if (!g_strv_contains((const char *const *)modes, values[i].element)) {
            g_clear_pointer(&values[i].values, g_strfreev);
        }
    }
    return values;
}

static void drop(char **values, const char *value)
{
    guint to = 0;

    for (guint i = 0; values && values[i]; i++) {
        if (strcmp(values[i], value) == 0) {
            g_free(values[i]);
        } else {
            values[to++] = values[i];
        }
    }
    if (values) {
        values[to] = NULL;
    }
}

/* Of a machine without SATA no disk is on it, and none is removable. */
static void drop_sata(CapabilitiesValues *values)
{
    for (guint i = 0; values[i].element; i++) {
        if (strcmp(values[i].element, "disk") == 0) {
            drop(values[i].values, "sata");
            drop(values[i].values, "cdrom");
        }
    }
}

/* Models that PCI has, of an emulator that knows them. */
static void drop_models(CapabilitiesValues *values)
{
    for (guint i = 0; values[i].element; i++) {
        if (g_str_equal(values[i].element, "disk") ||
            g_str_equal(values[i].element, "rng")) {
            drop(values[i].values, "virtio-transitional");
            drop(values[i].values, "virtio-non-transitional");
        }
    }
}

CapabilitiesValues *command_device_values(const CommandMachine *machine,
                                          const CommandEmulator *emulator)
{
    CapabilitiesValues *values = collect(device_rows, G_N_ELEMENTS(device_rows));
    DomainDeviceType type;

    for (guint i = 0; emulator && i < G_N_ELEMENTS(device_rows); i++) {
        if (find_type(values[i].element, &type) &&
            !command_emulator_has_devices(emulator, machine, type)) {
            g_clear_pointer(&values[i].values, g_strfreev);
        }
    }
    if (!machine->sata || !command_emulator_has_type(emulator, "ide-hd")) {
        drop_sata(values);
    }
    if (!command_has_pci(machine) ||
        !command_emulator_has_type(emulator, "virtio-blk-pci-transitional")) {
        drop_models(values);
    }
    return values;
}

void command_values_free(CapabilitiesValues *values)
{
    for (guint i = 0; values && values[i].element; i++) {
        g_strfreev(values[i].values);
    }
    g_free(values);
}
