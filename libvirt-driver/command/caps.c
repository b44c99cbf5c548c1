/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What domain capabilities say of devices, CPUs and features: read from the tables that
 * the parser and the checks go by. */
#include <string.h>

#include "command/kind.h"

#define VALUE "VALUE" /* in an example: where the value goes */

/* libvirt's element and enumeration; where the values stand in a definition; and devices
 * that have one of them: a value is told when one of these can be in a domain. */
typedef struct Row {
    const char *element, *name, *path;
    const char *examples[2];
    const char *type; /* of the emulator's that it needs, and needs fw_cfg; or NULL */
} Row;

static const Row memory_rows[] = {
    { "memoryBacking", "sourceType", "memoryBacking/source@type", { NULL } },
};

#define DISK(attributes, target)                                                         \
    "<disk type='file' " attributes "><source file='/disk'/><target " target "/></disk>"
#define PORT(kind, source, target)                                                       \
    "<" kind " type='" VALUE "'><source " source "/><target " target "/></" kind ">"
#define PORTS(kind, target)                                                              \
    {                                                                                    \
        PORT(kind, "path='/port'", target), PORT(kind, "host='h' service='1'", target)   \
    }
#define VIRTIO_DISK "dev='vda' bus='virtio'"
#define SATA_DISK   "dev='sda' bus='sata'"

/* Of kinds that libvirt's domain capabilities have, in its order. */
static const Row device_rows[] = {
    { "disk",
      "diskDevice",
      "devices/disk@device",
      { DISK("device='" VALUE "'", VIRTIO_DISK),
        DISK("device='" VALUE "'", SATA_DISK) } },
    { "disk",
      "bus",
      "devices/disk/target@bus",
      { DISK("", "dev='vda' bus='" VALUE "'"), DISK("", "dev='sda' bus='" VALUE "'") } },
    { "disk", "model", "devices/disk@model", { DISK("model='" VALUE "'", VIRTIO_DISK) } },
    { "graphics", NULL, "devices/graphics", { NULL } },
    { "video", "modelType", "devices/video/model@type", { NULL } },
    { "hostdev", NULL, "devices/hostdev", { NULL } },
    { "rng",
      "model",
      "devices/rng@model",
      { "<rng model='" VALUE "'><backend model='random'/></rng>" } },
    { "rng",
      "backendModel",
      "devices/rng/backend@model",
      { "<rng model='virtio'><backend model='" VALUE "'/></rng>" } },
    { "filesystem", NULL, "devices/filesystem", { NULL } },
    { "tpm", NULL, "devices/tpm", { NULL } },
    { "redirdev", NULL, "devices/redirdev", { NULL } },
    { "channel", "type", "devices/channel@type", PORTS("channel", "type='virtio'") },
    { "crypto", NULL, "devices/crypto", { NULL } },
    { "interface",
      "backendType",
      "devices/interface/backend@type",
      { "<interface type='bridge'><source bridge='b'/><backend type='" VALUE
        "'/></interface>" } },
    { "panic", "model", "devices/panic@model", { "<panic model='" VALUE "'/>" } },
    { "console", "type", "devices/console@type", PORTS("console", "type='virtio'") },
};

/* libvirt's modes of CPUs, in its order, and what may be said of one. */
static const Row cpu_rows[] = {
    { "host-passthrough", "hostPassthroughMigratable", "cpu@migratable", { NULL } },
    { "maximum", NULL, "cpu@mode", { NULL } },
    { "host-model", NULL, "cpu@mode", { NULL } },
    { "custom", NULL, "cpu@mode", { NULL } },
};

static const Row feature_rows[] = {
    { "gic", NULL, "features/gic", { NULL } },
    { "vmcoreinfo", NULL, "features/vmcoreinfo@state", { NULL }, COMMAND_VMCOREINFO },
    { "genid", NULL, "genid", { NULL }, COMMAND_GENID },
    { "backingStoreInput", NULL, NULL, { NULL } }, /* of formats that there are not */
    { "backup", NULL, NULL, { NULL } },            /* nothing in a definition */
    { "async-teardown", NULL, "features/async-teardown", { NULL } },
    { "ps2", NULL, "features/ps2", { NULL } },
    { "sev", NULL, "launchSecurity", { NULL } },
    { "sgx", NULL, "devices/memory", { NULL } },
    { "hyperv", NULL, "features/hyperv", { NULL } },
    { "launchSecurity", NULL, "launchSecurity", { NULL } },
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

CapabilitiesValues *command_feature_values(const CommandMachine *machine,
                                           const CommandEmulator *emulator)
{
    CapabilitiesValues *values = collect(feature_rows, G_N_ELEMENTS(feature_rows));

    for (guint i = 0; i < G_N_ELEMENTS(feature_rows); i++) {
        const char *type = feature_rows[i].type;

        if (type && (!machine->firmware || !command_emulator_has_type(emulator, type))) {
            g_clear_pointer(&values[i].values, g_strfreev);
        }
    }
    return values;
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

/* Whether the machine, and the emulator, take a device of this example. */
static gboolean is_taken(const Domain *domain, const CommandEmulator *emulator,
                         const char *example, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(example, VALUE, -1);
    g_autofree char *xml = g_strjoinv(value, parts);
    g_autoptr(DomainDevice) device = xml_device_parse(xml, XML_PARSE_INACTIVE, NULL);

    return device && command_complete_device(domain, device, NULL) &&
           (!emulator || command_check_emulator_device(domain, device, emulator, NULL));
}

static gboolean is_told(const Domain *domain, const CommandEmulator *emulator,
                        const Row *row, const char *value)
{
    for (guint i = 0; i < G_N_ELEMENTS(row->examples) && row->examples[i]; i++) {
        if (is_taken(domain, emulator, row->examples[i], value)) {
            return TRUE;
        }
    }
    return !row->examples[0];
}

/* Those of @values (owned) that are told; NULL for none. */
static char **choose(const Domain *domain, const CommandEmulator *emulator,
                     const Row *row, char **values)
{
    guint to = 0;

    for (guint i = 0; values && values[i]; i++) {
        if (is_told(domain, emulator, row, values[i])) {
            values[to++] = values[i];
        } else {
            g_free(values[i]);
        }
    }
    if (values) {
        values[to] = NULL;
    }
    if (row->name && !to) {
        g_clear_pointer(&values, g_strfreev);
    }
    return values;
}

/* A domain of the machine, without devices. */
static Domain *empty_domain(const CommandMachine *machine)
{
    g_autofree char *xml =
        g_strdup_printf("<domain type='kvm'><name>none</name><memory>1</memory><os>"
                        "<type machine='%s'>hvm</type></os></domain>",
                        machine->name);

    return xml_domain_parse(xml, XML_PARSE_INACTIVE, NULL);
}

CapabilitiesValues *command_device_values(const CommandMachine *machine,
                                          const CommandEmulator *emulator)
{
    CapabilitiesValues *values = collect(device_rows, G_N_ELEMENTS(device_rows));
    g_autoptr(Domain) domain = empty_domain(machine);

    for (guint i = 0; i < G_N_ELEMENTS(device_rows); i++) {
        values[i].values = choose(domain, emulator, &device_rows[i], values[i].values);
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
