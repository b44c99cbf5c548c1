/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query-qmp-schema from the rows. Built-in types keep their names, all others are
 * numbers (arrays "[number]"), as clients know it from QEMU.
 */
#include "config.h"

#include <string.h>

#include "monitor/qmp-command.h"

typedef struct Schema {
    JsonArray *list;
    GHashTable *names; /* QmpType -> name */
    GHashTable *done;  /* names that have an entry: lists of one type share theirs */
    guint next;
} Schema;

static const char *type_name(Schema *schema, const QmpType *type);

static JsonObject *new_entry(Schema *schema, const char *name, const char *meta)
{
    JsonObject *entry = json_object_new();

    json_object_set_string_member(entry, "name", name);
    json_object_set_string_member(entry, "meta-type", meta);
    json_array_add_object_element(schema->list, entry);
    return entry;
}

static JsonArray *string_array(const char *const *values)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; values[i]; i++) {
        json_array_add_string_element(array, values[i]);
    }
    return array;
}

static JsonArray *member_array(Schema *schema, const QmpMember *m, gboolean named)
{
    JsonArray *array = json_array_new();

    for (; m && m->name; m++) {
        JsonObject *member = json_object_new();

        if (named) {
            json_object_set_string_member(member, "name", m->name);
        }
        json_object_set_string_member(member, "type", type_name(schema, m->type));
        if (m->optional) {
            json_object_set_null_member(member, "default");
        }
        json_array_add_object_element(array, member);
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
static JsonArray *variant_array(Schema *schema, const QmpType *type)
{
    const char *const *values = tag_values(type);
    JsonArray *array = json_array_new();

    for (guint i = 0; values[i]; i++) {
        JsonObject *variant = json_object_new();
        const QmpType *members = &qmp_empty;

        for (const QmpVariant *v = type->variants; v->value; v++) {
            members = strcmp(v->value, values[i]) == 0 ? v->type : members;
        }
        json_object_set_string_member(variant, "case", values[i]);
        json_object_set_string_member(variant, "type", type_name(schema, members));
        json_array_add_object_element(array, variant);
    }
    return array;
}

static void describe_enum(JsonObject *entry, const QmpType *type)
{
    JsonArray *members = json_array_new();

    for (guint i = 0; type->values[i]; i++) {
        JsonObject *member = json_object_new();

        json_object_set_string_member(member, "name", type->values[i]);
        json_array_add_object_element(members, member);
    }
    json_object_set_array_member(entry, "members", members);
    json_object_set_array_member(entry, "values", string_array(type->values));
}

static void describe(Schema *schema, const QmpType *type, const char *name)
{
    static const char *const meta[] = {
        [QMP_META_ENUM] = "enum",
        [QMP_META_ARRAY] = "array",
        [QMP_META_OBJECT] = "object",
        [QMP_META_ALTERNATE] = "alternate",
    };
    JsonObject *entry = new_entry(schema, name, meta[type->meta]);

    if (type->meta == QMP_META_ENUM) {
        describe_enum(entry, type);
    } else if (type->meta == QMP_META_ARRAY) {
        json_object_set_string_member(entry, "element-type",
                                      type_name(schema, type->element));
    } else {
        json_object_set_array_member(
            entry, "members",
            member_array(schema, type->members, type->meta == QMP_META_OBJECT));
    }
    if (type->variants) {
        json_object_set_string_member(entry, "tag", type->tag);
        json_object_set_array_member(entry, "variants", variant_array(schema, type));
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
        JsonObject *entry = new_entry(schema, name, "builtin");

        json_object_set_string_member(entry, "json-type", builtins[type->meta].json_type);
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
    JsonObject *entry = new_entry(schema, command->name, "command");

    json_object_set_string_member(
        entry, "arg-type", type_name(schema, command->args ? command->args : &qmp_empty));
    json_object_set_string_member(
        entry, "ret-type", type_name(schema, command->ret ? command->ret : &qmp_empty));
    if (command->features) {
        json_object_set_array_member(entry, "features", string_array(command->features));
    }
}

JsonArray *qmp_schema(void)
{
    Schema schema = {
        .list = json_array_new(),
        .names = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        .done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };

    qmp_command_foreach(add_command, &schema);
    for (const QmpEvent *event = qmp_event_table; event->name; event++) {
        JsonObject *entry = new_entry(&schema, event->name, "event");

        json_object_set_string_member(
            entry, "arg-type",
            type_name(&schema, event->data ? event->data : &qmp_empty));
    }
    g_hash_table_unref(schema.names);
    g_hash_table_unref(schema.done);
    return schema.list;
}
