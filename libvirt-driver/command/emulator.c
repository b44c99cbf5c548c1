/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an emulator says that it has, and whether a domain can do with that. */
#include <string.h>

#include "command/kind.h"
#include "qmp/client.h"

enum {
    HAS_MACHINES,
    HAS_TYPES, /* of devices and objects */
    HAS_COMMANDS,
    HAS_NETDEVS, /* "user", and members of one: "tap.fd" */
    HAS_COUNT,
};

static void add_netdevs(GHashTable *set, JsonNode *schema);

static const struct {
    const char *command; /* that is asked with */
    const char *keys[3]; /* what to take of each object in the answer */
    const char *stored;  /* in JSON */
    void (*add)(GHashTable *set, JsonNode *reply); /* instead */
    gboolean later; /* an emulator may not tell; and older daemons have not stored it */
} rows[HAS_COUNT] = {
    [HAS_MACHINES] = { "query-machines", { "name", "alias", NULL }, "machines" },
    [HAS_TYPES] = { "qom-list-types", { "name", NULL }, "types" },
    [HAS_COMMANDS] = { "query-commands", { "name", NULL }, "commands" },
    [HAS_NETDEVS] = { "query-qmp-schema", { NULL }, "netdevs", add_netdevs, TRUE },
};

struct CommandEmulator {
    gatomicrefcount refs;
    GHashTable *names[HAS_COUNT]; /* sets; NULL: not known */
};

static CommandEmulator *emulator_new(void)
{
    CommandEmulator *emulator = g_new0(CommandEmulator, 1);

    g_atomic_ref_count_init(&emulator->refs);
    for (guint i = 0; i < HAS_COUNT; i++) {
        emulator->names[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    return emulator;
}

CommandEmulator *command_emulator_ref(CommandEmulator *emulator)
{
    g_atomic_ref_count_inc(&emulator->refs);
    return emulator;
}

void command_emulator_unref(CommandEmulator *emulator)
{
    if (emulator && g_atomic_ref_count_dec(&emulator->refs)) {
        for (guint i = 0; i < HAS_COUNT; i++) {
            g_clear_pointer(&emulator->names[i], g_hash_table_unref);
        }
        g_free(emulator);
    }
}

/* ---- asking ---- */

static void add_strings(GHashTable *set, JsonNode *reply, const char *const keys[])
{
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(reply) ? json_node_get_array(reply) : NULL;

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        JsonObject *object =
            JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

        for (guint k = 0; keys[k]; k++) {
            const char *text = util_json_string(object, keys[k]);
            if (text) {
                g_hash_table_add(set, g_strdup(text));
            }
        }
    }
}

/* An object in the array with this name, or NULL. */
static JsonObject *find_named(JsonArray *array, const char *name)
{
    for (guint i = 0; array && name && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        JsonObject *object =
            JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

        if (g_strcmp0(util_json_string(object, "name"), name) == 0) {
            return object;
        }
    }
    return NULL;
}

/* The members of an object type, as "case.member". */
static void add_members(GHashTable *set, const char *of, JsonObject *type)
{
    JsonArray *members = util_json_array(type, "members");

    for (guint i = 0; members && i < json_array_get_length(members); i++) {
        JsonNode *node = json_array_get_element(members, i);
        const char *name = JSON_NODE_HOLDS_OBJECT(node)
                               ? util_json_string(json_node_get_object(node), "name")
                               : NULL;

        if (name) {
            g_hash_table_add(set, g_strconcat(of, ".", name, NULL));
        }
    }
}

/* What netdev_add takes, by query-qmp-schema: a case for each type of back ends. */
static void add_netdevs(GHashTable *set, JsonNode *schema)
{
    JsonArray *all = JSON_NODE_HOLDS_ARRAY(schema) ? json_node_get_array(schema) : NULL;
    JsonObject *command = find_named(all, "netdev_add");
    JsonArray *cases = util_json_array(
        find_named(all, util_json_string(command, "arg-type")), "variants");

    for (guint i = 0; cases && i < json_array_get_length(cases); i++) {
        JsonNode *node = json_array_get_element(cases, i);
        JsonObject *variant =
            JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        const char *name = util_json_string(variant, "case");

        if (name) {
            g_hash_table_add(set, g_strdup(name));
            add_members(set, name, find_named(all, util_json_string(variant, "type")));
        }
    }
}

CommandEmulator *command_emulator_ask(CommandCall *call, gpointer opaque, GError **errp)
{
    g_autoptr(CommandEmulator) emulator = emulator_new();

    for (guint i = 0; i < HAS_COUNT; i++) {
        g_autoptr(JsonNode) reply = NULL;
        g_autoptr(GError) err = NULL;

        if (!call(opaque, rows[i].command, &reply, &err)) {
            if (rows[i].later &&
                g_error_matches(err, QMP_ERROR, QMP_ERROR_COMMAND_NOT_FOUND)) {
                g_clear_pointer(&emulator->names[i], g_hash_table_unref);
                continue;
            }
            g_propagate_error(errp, g_steal_pointer(&err));
            return NULL;
        }
        if (rows[i].add) {
            rows[i].add(emulator->names[i], reply);
        } else {
            add_strings(emulator->names[i], reply, rows[i].keys);
        }
    }
    return g_steal_pointer(&emulator);
}

/* ---- keeping ---- */

static JsonArray *format_set(GHashTable *set)
{
    g_autoptr(GList) names =
        g_list_sort(g_hash_table_get_keys(set), (GCompareFunc)strcmp);
    JsonArray *array = json_array_new();

    for (GList *l = names; l; l = l->next) {
        json_array_add_string_element(array, l->data);
    }
    return array;
}

JsonObject *command_emulator_format(const CommandEmulator *emulator)
{
    JsonObject *object = json_object_new();

    for (guint i = 0; i < HAS_COUNT; i++) {
        if (emulator->names[i]) {
            json_object_set_array_member(object, rows[i].stored,
                                         format_set(emulator->names[i]));
        }
    }
    return object;
}

CommandEmulator *command_emulator_parse(JsonObject *object)
{
    g_autoptr(CommandEmulator) emulator = emulator_new();

    for (guint i = 0; i < HAS_COUNT; i++) {
        JsonArray *array = util_json_array(object, rows[i].stored);

        if (!array && rows[i].later) {
            g_clear_pointer(&emulator->names[i], g_hash_table_unref);
            continue;
        }
        if (!array) {
            return NULL;
        }
        for (guint n = 0; n < json_array_get_length(array); n++) {
            JsonNode *node = json_array_get_element(array, n);

            if (!JSON_NODE_HOLDS_VALUE(node) ||
                json_node_get_value_type(node) != G_TYPE_STRING) {
                return NULL;
            }
            g_hash_table_add(emulator->names[i], json_node_dup_string(node));
        }
    }
    return g_steal_pointer(&emulator);
}

/* ---- checking ---- */

gboolean command_emulator_has(const CommandEmulator *emulator, const char *command)
{
    return !emulator || g_hash_table_contains(emulator->names[HAS_COMMANDS], command);
}

gboolean command_emulator_has_machine(const CommandEmulator *emulator, const char *name)
{
    return !emulator || g_hash_table_contains(emulator->names[HAS_MACHINES], name);
}

gboolean command_emulator_has_type(const CommandEmulator *emulator, const char *name)
{
    return !emulator || g_hash_table_contains(emulator->names[HAS_TYPES], name);
}

gboolean command_emulator_has_netdev(const CommandEmulator *emulator, const char *name)
{
    return !emulator || !emulator->names[HAS_NETDEVS] ||
           g_hash_table_contains(emulator->names[HAS_NETDEVS], name);
}

/* Whether it has the driver of a device, or (NULL) of most of a kind; its name goes to
 * *driver, to be freed. */
static gboolean has_driver(const CommandEmulator *emulator, const CommandMachine *machine,
                           const CommandKind *kind, gconstpointer device, char **driver)
{
    const char *own = device && kind->driver_of ? kind->driver_of(device) : NULL;
    const char *base = device && kind->virtio_of ? kind->virtio_of(device) : kind->driver;

    *driver = own ? g_strdup(own)
                  : g_strconcat(base, kind->virtio ? machine->virtio_suffix : "", NULL);
    return g_hash_table_contains(emulator->names[HAS_TYPES], *driver);
}

gboolean command_emulator_has_devices(const CommandEmulator *emulator,
                                      const CommandMachine *machine,
                                      DomainDeviceType type)
{
    const CommandKind *kind = command_kind(type);
    g_autofree char *driver = NULL;

    return !kind || has_driver(emulator, machine, kind, NULL, &driver);
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

    if (!kind || (kind->built_in && kind->built_in(device->any))) {
        return TRUE;
    }
    if (!has_driver(c->emulator, c->machine, kind, device->any, &driver)) {
        return rpc_error_set(
            c->errp, VIR_ERR_CONFIG_UNSUPPORTED,
            "element <devices/%s>: the emulator '%s' does not have device '%s'",
            xml_device_type_name(device->type), c->domain->emulator, driver);
    }
    return !kind->check_emulator ||
           kind->check_emulator(c->emulator, device->any, c->errp);
}

/* Parts of the machine that not every emulator has had. */
static gboolean has_pflash(const Domain *domain)
{
    return domain->loader && domain->loader_type == DOMAIN_LOADER_PFLASH;
}

static gboolean has_firmware(const Domain *domain)
{
    return !domain->kernel || domain->loader ||
           domain->smbios_mode == DOMAIN_SMBIOS_SYSINFO ||
           xml_domain_sysinfo(domain, DOMAIN_SYSINFO_FWCFG);
}

static gboolean has_genid(const Domain *domain)
{
    return domain->genid != NULL;
}

static gboolean has_vmcoreinfo(const Domain *domain)
{
    return domain->vmcoreinfo == DOMAIN_TRISTATE_YES;
}

static const struct {
    gboolean (*wants)(const Domain *domain);
    const char *type, *words;
} parts[] = {
    { has_pflash, "cfi.pflash01", "type='pflash' of element <os/loader>" },
    { has_firmware, "fw_cfg_io", "element <os>: firmware" },
    { has_genid, COMMAND_GENID, "element <genid>" },
    { has_vmcoreinfo, COMMAND_VMCOREINFO, "element <features/vmcoreinfo>" },
};

static gboolean check_parts(const Domain *domain, const CommandEmulator *emulator,
                            GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i].wants(domain) &&
            !g_hash_table_contains(emulator->names[HAS_TYPES], parts[i].type)) {
            return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                                 "%s: the emulator '%s' does not have device '%s'",
                                 parts[i].words, domain->emulator, parts[i].type);
        }
    }
    return TRUE;
}

gboolean command_check_emulator(const Domain *domain, const CommandEmulator *emulator,
                                GError **errp)
{
    Check c = { emulator, domain, command_machine(domain->machine), errp };

    if (!command_emulator_has_machine(emulator, domain->machine)) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "the emulator '%s' does not have machine '%s'",
                             domain->emulator, domain->machine);
    }
    return check_parts(domain, emulator, errp) &&
           xml_domain_foreach_device(domain, check_device, &c);
}

gboolean command_check_emulator_device(const Domain *domain, const DomainDevice *device,
                                       const CommandEmulator *emulator, GError **errp)
{
    Check c = { emulator, domain, command_machine(domain->machine), errp };

    return check_device(device, &c);
}
