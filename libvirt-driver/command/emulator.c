/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an emulator says that it has, and whether a domain can do with that. */
#include <string.h>

#include "command/kind.h"

struct CommandEmulator {
    GHashTable *machines; /* names and aliases */
    GHashTable *types;    /* of devices and objects */
};

static void add_strings(GHashTable *set, JsonNode *reply, const char *const keys[])
{
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(reply) ? json_node_get_array(reply) : NULL;

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);

        for (guint k = 0; keys[k] && JSON_NODE_HOLDS_OBJECT(node); k++) {
            JsonNode *value = json_object_get_member(json_node_get_object(node), keys[k]);
            const char *text = value && JSON_NODE_HOLDS_VALUE(value) &&
                                       json_node_get_value_type(value) == G_TYPE_STRING
                                   ? json_node_get_string(value)
                                   : NULL;
            if (text) {
                g_hash_table_add(set, g_strdup(text));
            }
        }
    }
}

CommandEmulator *command_emulator_new(JsonNode *machines, JsonNode *types)
{
    static const char *const machine_keys[] = { "name", "alias", NULL };
    static const char *const type_keys[] = { "name", NULL };
    CommandEmulator *emulator = g_new0(CommandEmulator, 1);

    emulator->machines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    emulator->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    add_strings(emulator->machines, machines, machine_keys);
    add_strings(emulator->types, types, type_keys);
    return emulator;
}

void command_emulator_free(CommandEmulator *emulator)
{
    if (emulator) {
        g_hash_table_unref(emulator->machines);
        g_hash_table_unref(emulator->types);
        g_free(emulator);
    }
}

typedef struct Check {
    const CommandEmulator *emulator;
    const Domain *domain;
    const CommandMachine *machine;
    GError **errp;
} Check;

static gboolean check_device(const DomainDevice *device, gpointer opaque)
{
    const CommandKind *kind = command_kind(device->type);
    Check *c = opaque;
    g_autofree char *driver = NULL;

    if (!kind) {
        return TRUE;
    }
    driver =
        g_strconcat(kind->driver, kind->virtio ? c->machine->virtio_suffix : "", NULL);
    return g_hash_table_contains(c->emulator->types, driver) ||
           rpc_error_set(c->errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "element <devices/%s>: the emulator '%s' does not have device "
                         "'%s'",
                         xml_device_type_name(device->type), c->domain->emulator, driver);
}

gboolean command_check_emulator(const Domain *domain, const CommandEmulator *emulator,
                                GError **errp)
{
    Check c = { emulator, domain, command_machine(domain->machine), errp };

    if (!g_hash_table_contains(emulator->machines, domain->machine)) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "the emulator '%s' does not have machine '%s'",
                             domain->emulator, domain->machine);
    }
    return xml_domain_foreach_device(domain, check_device, &c);
}
