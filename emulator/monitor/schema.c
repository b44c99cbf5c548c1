/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query-qmp-schema from the rows. Built-in types keep their names, all others are
 * numbers (arrays "[number]"), as clients know it from QEMU.
 */
#include "config.h"

#include <string.h>

#include "monitor/qmp-command.h"

typedef struct Schema {
    ConfigNode *list;
    GHashTable *names; /* QmpType -> name */
    GHashTable *done;  /* names that have an entry: lists of one type share theirs */
    guint next;
} Schema;

static const char *type_name(Schema *schema, const QmpType *type);

static ConfigNode *new_entry(Schema *schema, const char *name, const char *meta)
{
    ConfigNode *entry = config_map_new();

    config_map_set_string(entry, "name", name);
    config_map_set_string(entry, "meta-type", meta);
    config_list_add(schema->list, entry);
    return entry;
}

static ConfigNode *string_array(const char *const *values)
{
    ConfigNode *array = config_list_new();

    for (guint i = 0; values[i]; i++) {
        config_list_add_string(array, values[i]);
    }
    return array;
}

static ConfigNode *member_array(Schema *schema, const QmpMember *m, gboolean named)
{
    ConfigNode *array = config_list_new();

    for (; m && m->name; m++) {
        ConfigNode *member = config_map_new();

        if (named) {
            config_map_set_string(member, "name", m->name);
        }
        config_map_set_string(member, "type", type_name(schema, m->type));
        if (m->optional) {
            config_map_set(member, "default", config_null_new());
        }
        config_list_add(array, member);
    }
    return array;
}

static const char *const *tag_values(const QmpType *type)
{
    for (const QmpMember *m = type->members; m->name; m++) {
        if (strcmp(m->name, type->tag) == 0) {
            return m->type->values;
        }
    }
    g_assert_not_reached();
}

/* Each value of the tag is a case; those without more members have none. */
static ConfigNode *variant_array(Schema *schema, const QmpType *type)
{
    const char *const *values = tag_values(type);
    ConfigNode *array = config_list_new();

    for (guint i = 0; values[i]; i++) {
        ConfigNode *variant = config_map_new();
        const QmpType *members = &qmp_empty;

        for (const QmpVariant *v = type->variants; v->value; v++) {
            members = strcmp(v->value, values[i]) == 0 ? v->type : members;
        }
        config_map_set_string(variant, "case", values[i]);
        config_map_set_string(variant, "type", type_name(schema, members));
        config_list_add(array, variant);
    }
    return array;
}

static void describe_enum(ConfigNode *entry, const QmpType *type)
{
    ConfigNode *members = config_list_new();

    for (guint i = 0; type->values[i]; i++) {
        ConfigNode *member = config_map_new();

        config_map_set_string(member, "name", type->values[i]);
        config_list_add(members, member);
    }
    config_map_set(entry, "members", members);
    config_map_set(entry, "values", string_array(type->values));
}

static void describe(Schema *schema, const QmpType *type, const char *name)
{
    static const char *const meta[] = {
        [QMP_META_ENUM] = "enum",
        [QMP_META_ARRAY] = "array",
        [QMP_META_OBJECT] = "object",
        [QMP_META_ALTERNATE] = "alternate",
    };
    ConfigNode *entry = new_entry(schema, name, meta[type->meta]);

    if (type->meta == QMP_META_ENUM) {
        describe_enum(entry, type);
    } else if (type->meta == QMP_META_ARRAY) {
        config_map_set_string(entry, "element-type", type_name(schema, type->element));
    } else {
        config_map_set(
            entry, "members",
            member_array(schema, type->members, type->meta == QMP_META_OBJECT));
    }
    if (type->variants) {
        config_map_set_string(entry, "tag", type->tag);
        config_map_set(entry, "variants", variant_array(schema, type));
    }
}

static const char *builtin(Schema *schema, const QmpType *type)
{
    static const struct {
        const char *name, *json_type;
    } builtins[] = {
        [QMP_META_STR] = { "str", "string" },
        [QMP_META_INT] = { "int", "int" },
        [QMP_META_NUMBER] = { "number", "number" },
        [QMP_META_BOOL] = { "bool", "boolean" },
        [QMP_META_NULL] = { "null", "null" },
        [QMP_META_ANY] = { "any", "value" },
    };
    const char *name = builtins[type->meta].name;

    if (g_hash_table_add(schema->done, g_strdup(name))) {
        ConfigNode *entry = new_entry(schema, name, "builtin");

        config_map_set_string(entry, "json-type", builtins[type->meta].json_type);
    }
    return name;
}

static const char *type_name(Schema *schema, const QmpType *type)
{
    char *name = g_hash_table_lookup(schema->names, type);

    if (type->meta <= QMP_META_ANY) {
        return builtin(schema, type);
    }
    if (!name) {
        if (type->meta == QMP_META_ARRAY) {
            name = g_strdup_printf("[%s]", type_name(schema, type->element));
        } else {
            name = g_strdup_printf("%u", schema->next++);
        }
        g_hash_table_insert(schema->names, (gpointer)type, name);
        if (g_hash_table_add(schema->done, g_strdup(name))) {
            describe(schema, type, name);
        }
    }
    return name;
}

static void add_command(const QmpCommand *command, void *opaque)
{
    Schema *schema = opaque;
    ConfigNode *entry = new_entry(schema, command->name, "command");

    config_map_set_string(entry, "arg-type",
                          type_name(schema, qmp_command_args(command)));
    config_map_set_string(entry, "ret-type",
                          type_name(schema, command->ret ? command->ret : &qmp_empty));
    if (command->features) {
        config_map_set(entry, "features", string_array(command->features));
    }
}

ConfigNode *qmp_schema(void)
{
    Schema schema = {
        .list = config_list_new(),
        .names = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        .done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };

    qmp_command_foreach(add_command, &schema);
    for (const QmpEvent *event = qmp_event_table; event->name; event++) {
        ConfigNode *entry = new_entry(&schema, event->name, "event");

        config_map_set_string(entry, "arg-type",
                              type_name(&schema, event->data ? event->data : &qmp_empty));
    }
    g_hash_table_unref(schema.names);
    g_hash_table_unref(schema.done);
    return schema.list;
}
