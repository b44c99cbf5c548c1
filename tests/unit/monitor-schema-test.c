/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query-qmp-schema and the tables behind it: every type that is named exists, every
 * command is listed once, and what stock libvirt looks up is found.
 */
#include "config.h"

#include "config/json.h"
#include "migration/migration.h"
#include "monitor/qmp-command.h"
#include "monitor/qmp-kind.h"

#include <string.h>

static ConfigNode *schema;

static ConfigNode *entry_named(const char *name)
{
    for (guint i = 0; i < config_list_size(schema); i++) {
        ConfigNode *entry = config_list_at(schema, i);

        if (strcmp(config_map_string(entry, "name"), name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static const char *text(ConfigNode *entry, const char *member)
{
    return (config_map_string(entry, member) ?: "");
}

static void assert_type(const char *name)
{
    ConfigNode *entry = entry_named(name);

    g_assert_nonnull(entry);
    g_assert_cmpstr(text(entry, "meta-type"), !=, "command");
    g_assert_cmpstr(text(entry, "meta-type"), !=, "event");
}

static void assert_types(ConfigNode *entry, const char *member)
{
    ConfigNode *list;

    if (!config_map_has(entry, member) || strcmp(text(entry, "meta-type"), "enum") == 0) {
        return;
    }
    list = config_map_peek(entry, member);
    for (guint i = 0; i < config_list_size(list); i++) {
        assert_type(text(config_list_at(list, i), "type"));
    }
}

static void test_references(void)
{
    static const char *const single[] = { "arg-type", "ret-type", "element-type" };
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    g_assert_cmpuint(config_list_size(schema), >, 60);
    for (guint i = 0; i < config_list_size(schema); i++) {
        ConfigNode *entry = config_list_at(schema, i);

        g_assert_true(g_hash_table_add(seen, (gpointer)text(entry, "name")));
        for (guint s = 0; s < G_N_ELEMENTS(single); s++) {
            if (config_map_has(entry, single[s])) {
                assert_type(text(entry, single[s]));
            }
        }
        assert_types(entry, "members");
        assert_types(entry, "variants");
    }
}

static guint n_commands;

static void check_command(const QmpCommand *command, void *opaque)
{
    ConfigNode *entry = entry_named(command->name);

    g_assert_nonnull(entry);
    g_assert_cmpstr(text(entry, "meta-type"), ==, "command");
    g_assert_true(!command->run != !command->start);
    g_assert_true(qmp_command_find(command->name) == command);
    n_commands++;
}

static void test_commands(void)
{
    static const char *const wanted[] = {
        "qmp_capabilities",
        "query-status",
        "query-version",
        "query-commands",
        "query-qmp-schema",
        "query-machines",
        "device-list-properties",
        "qom-list",
        "qom-list-types",
        "stop",
        "cont",
        "quit",
        "system_reset",
        "system_powerdown",
        "query-cpus-fast",
        "query-cpu-definitions",
        "query-cpu-model-expansion",
        "query-chardev",
        "getfd",
        "closefd",
        "blockdev-add",
        "blockdev-del",
        "eject",
        "blockdev-open-tray",
        "blockdev-close-tray",
        "blockdev-remove-medium",
        "blockdev-insert-medium",
        "blockdev-change-medium",
        "device_add",
        "device_del",
        "migrate",
        "migrate-incoming",
        "migrate_cancel",
        "query-migrate",
        "migrate-set-parameters",
        "query-migrate-parameters",
        "migrate-set-capabilities",
        "query-migrate-capabilities",
        "query-name",
        "query-uuid",
        "query-kvm",
        "query-target",
        "query-named-block-nodes",
        "query-blockstats",
        "object-add",
        "object-del",
        "netdev_add",
        "netdev_del",
    };

    qmp_command_foreach(check_command, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_assert_nonnull(qmp_command_find(wanted[i]));
    }
    g_assert_cmpuint(n_commands, >=, G_N_ELEMENTS(wanted));
}

/* The type at a path of members; "+value" is a variant, "^value" an enum's value. */
static gboolean schema_has(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    ConfigNode *entry = entry_named(parts[0]);

    for (guint i = 1; parts[i] && entry; i++) {
        const char *part = parts[i];
        const char *list = part[0] == '+'                      ? "variants"
                           : part[0] == '$'                    ? "features"
                           : part[0] == '^'                    ? "values"
                           : config_map_has(entry, "arg-type") ? NULL
                                                               : "members";
        const char *next = NULL;
        ConfigNode *array;

        if (!list) {
            entry = entry_named(text(entry, part));
            continue;
        }
        array = config_map_peek(entry, list);
        for (guint j = 0; j < config_list_size(array); j++) {
            if (part[0] == '$' || part[0] == '^') {
                if (strcmp(config_node_string(config_list_at(array, j)), part + 1) == 0) {
                    return TRUE;
                }
            } else {
                ConfigNode *member = config_list_at(array, j);
                gboolean variant = part[0] == '+';

                if (strcmp(text(member, variant ? "case" : "name"), part + variant) ==
                    0) {
                    next = text(member, "type");
                }
            }
        }
        entry = next ? entry_named(next) : NULL;
    }
    return entry != NULL;
}

static void test_libvirt_paths(void)
{
    g_assert_true(schema_has("device_add/$json-cli-hotplug"));
    g_assert_true(schema_has("blockdev-add/arg-type/+file/aio/^io_uring"));
    g_assert_true(schema_has("blockdev-add/arg-type/+raw/offset"));
    g_assert_true(schema_has("object-add/arg-type/qom-type/^secret"));
    g_assert_true(schema_has("query-named-block-nodes/arg-type/flat"));
    g_assert_true(schema_has("query-blockstats/arg-type/query-nodes"));
    g_assert_false(schema_has("netdev_add/arg-type/+stream"));
    g_assert_false(schema_has("netdev_add/arg-type/type/^dgram"));
}

/* Names that stand in two places: the monitor's rows and a lower layer's table. */
static void test_same_names(void)
{
    g_autoptr(ConfigNode) capabilities = migration_query_capabilities();
    g_autoptr(ConfigNode) parameters = migration_query_parameters();

    for (guint i = 0; i < config_list_size(capabilities); i++) {
        const QmpCommand *set = qmp_command_find("migrate-set-capabilities");
        const QmpType *type = set->args->members[0].type->element->members[0].type;

        g_assert_true(g_strv_contains(
            type->values, text(config_list_at(capabilities, i), "capability")));
    }
    for (guint i = 0; i < config_map_size(parameters); i++) {
        const char *name = config_map_key(parameters, i);
        g_autofree char *path =
            g_strdup_printf("migrate-set-parameters/arg-type/%s", name);

        g_assert_true(schema_has(path));
    }
}

typedef struct RowCheck {
    const char *command;
    const char *type;
    guint n;
} RowCheck;

/* The command line's "cache.direct" is a member of a member. */
static void check_row(const Property *prop, const char *name, void *opaque)
{
    RowCheck *check = opaque;
    g_auto(GStrv) parts = g_strsplit(name, ".", -1);
    g_autofree char *below = g_strjoinv("/", parts);
    g_autofree char *path =
        g_strdup_printf("%s/arg-type/%s%s%s%s", check->command, check->type ? "+" : "",
                        check->type ?: "", check->type ? "/" : "", below);

    g_assert_true(schema_has(path));
    check->n++;
}

/* Every row that the command line takes, QMP takes; of the types that it makes. */
static void test_kinds(void)
{
    static const struct {
        const char *command;
        guint least; /* rows */
    } kinds[] = {
        { "blockdev-add", 10 },
        { "netdev_add", 7 },
        { "object-add", 7 },
    };

    for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
        const Kind *kind = qmp_command_find(kinds[k].command)->kind;
        RowCheck check = { .command = kinds[k].command };
        const KindType *type;

        properties_foreach(kind->common, check_row, &check);
        for (guint i = 0; (type = kind->at(i)); i++) {
            g_autofree char *path = g_strdup_printf(
                "%s/arg-type/%s/^%s", kinds[k].command, kind->tag, type->name);

            g_assert_true(schema_has(path) == !type->cold);
            check.type = type->name;
            properties_foreach(type->cold ? NULL : type->rows, check_row, &check);
        }
        g_assert_cmpuint(check.n, >=, kinds[k].least);
    }
    g_assert_false(schema_has("blockdev-add/arg-type/driver/^x-test"));
    g_assert_false(schema_has("blockdev-add/arg-type/+file/x-dio-align"));
    g_assert_true(schema_has("blockdev-add/arg-type/cache/no-flush"));
    g_assert_true(schema_has("netdev_add/arg-type/+user/hostfwd"));
}

static const Property list_rows[] = { { "list", PROP_STRINGS }, { NULL } };
static const KindType lister = { "toy", "a toy", list_rows, sizeof(char **), FALSE };

static const KindType *lister_at(guint i)
{
    return i ? NULL : &lister;
}

/* A list of texts is one of objects, as QAPI has it. */
static void test_lists(void)
{
    static const Kind kind = { "toy", "type", NULL, lister_at };
    static const struct {
        const char *text;
        gboolean good;
    } cases[] = {
        { "{\"type\":\"toy\"}", TRUE },
        { "{\"type\":\"toy\",\"list\":[]}", TRUE },
        { "{\"type\":\"toy\",\"list\":[{\"str\":\"a\"},{\"str\":\"b\"}]}", TRUE },
        { "{\"type\":\"toy\",\"list\":[\"a\"]}", FALSE },
        { "{\"type\":\"toy\",\"list\":\"a\"}", FALSE },
        { "{\"type\":\"toy\",\"list\":[{}]}", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ConfigNode) node = config_parse_json(cases[i].text, NULL);
        g_assert_true(qmp_type_check(qmp_kind_type(&kind), node, NULL) == cases[i].good);
    }
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    schema = qmp_schema();
    g_test_add_func("/qmp/schema/references", test_references);
    g_test_add_func("/qmp/schema/commands", test_commands);
    g_test_add_func("/qmp/schema/libvirt", test_libvirt_paths);
    g_test_add_func("/qmp/schema/same-names", test_same_names);
    g_test_add_func("/qmp/schema/kinds", test_kinds);
    g_test_add_func("/qmp/schema/lists", test_lists);
    rc = g_test_run();
    config_node_unref(schema);
    return rc;
}
