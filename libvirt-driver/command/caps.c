/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What domain capabilities say of devices: read from the tables that the parser and the
 * checks go by. */
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
    { "channel", NULL, "devices/channel" },
};

static CapabilitiesValues *collect(const Row *rows, guint count)
{
    CapabilitiesValues *values = g_new0(CapabilitiesValues, count + 1);

    for (guint i = 0; i < count; i++) {
        values[i].element = rows[i].element;
        values[i].name = rows[i].name;
        values[i].values = xml_domain_values(rows[i].path);
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

CapabilitiesValues *command_memory_values(void)
{
    return collect(memory_rows, G_N_ELEMENTS(memory_rows));
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
    return values;
}

void command_values_free(CapabilitiesValues *values)
{
    for (guint i = 0; values && values[i].element; i++) {
        g_strfreev(values[i].values);
    }
    g_free(values);
}
