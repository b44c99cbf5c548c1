/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Property rows: from configuration values to members, and back for introspection. */
#include "config.h"

#include "config/property.h"

#include <string.h>

#include "util/error.h"

static const struct {
    const char *name;
    guint64 max;
} types[] = {
    [PROP_BOOL] = { "bool", 1 },
    [PROP_U8] = { "uint8", G_MAXUINT8 },
    [PROP_U16] = { "uint16", G_MAXUINT16 },
    [PROP_U32] = { "uint32", G_MAXUINT32 },
    [PROP_U64] = { "uint64", G_MAXUINT64 },
    [PROP_SIZE] = { "size", G_MAXUINT64 },
    [PROP_STRING] = { "str", 0 },
    [PROP_ID] = { "str", 0 },
    [PROP_MAC] = { "str", 0 },
    [PROP_ENUM] = { "str", 0 },
    [PROP_AUTO] = { "OnOffAuto", 0 },
    [PROP_MAYBE] = { "bool", 0 },
    [PROP_GROUP] = { "object", 0 },
    [PROP_KIND] = { "object", 0 },
    [PROP_PCI_ADDR] = { "int32", 0 },
    [PROP_S32] = { "int32", 0 },
    [PROP_STRINGS] = { "strList", 0 },
};

const char *const on_off_auto_names[] = { "auto", "on", "off", NULL };

const char *property_type_name(const Property *prop)
{
    if (prop->link) {
        return prop->link;
    }
    return prop->reference ? "str|object" : types[prop->type].name;
}

static gboolean set_number(const Property *prop, void *member, ConfigNode *value,
                           GError **errp)
{
    guint64 max = prop->max ? prop->max : types[prop->type].max;
    guint64 n;

    if (prop->type == PROP_SIZE) {
        if (!config_node_to_size(value, prop->name, &n, errp)) {
            return FALSE;
        }
        if (n < prop->min || n > max) {
            error_set(errp,
                      "Parameter '%s' expects a size from %" G_GUINT64_FORMAT
                      " to %" G_GUINT64_FORMAT ", not '%" G_GUINT64_FORMAT "'",
                      prop->name, prop->min, max, n);
            return FALSE;
        }
    } else if (!config_node_to_uint(value, prop->name, prop->min, max, &n, errp)) {
        return FALSE;
    }
    switch (prop->type) {
    case PROP_U8:
        *(guint8 *)member = n;
        break;
    case PROP_U16:
        *(guint16 *)member = n;
        break;
    case PROP_U32:
        *(guint32 *)member = n;
        break;
    default:
        *(guint64 *)member = n;
    }
    return TRUE;
}

static gboolean set_signed(const Property *prop, gint32 *member, ConfigNode *value,
                           GError **errp)
{
    gint64 n;

    if (!config_node_to_int(value, prop->name, G_MININT32, G_MAXINT32, &n, errp)) {
        return FALSE;
    }
    *member = (gint32)n;
    return TRUE;
}

static gboolean set_mac(const Property *prop, const char *owner, guint8 *member,
                        ConfigNode *value, GError **errp)
{
    const char *text, *p;
    guint8 mac[6];

    if (!config_node_to_string(value, prop->name, &text, errp)) {
        return FALSE;
    }
    p = text;
    for (int i = 0; i < 6; i++, p += 2) {
        if (i && *p++ != ':') {
            p = NULL;
            break;
        }
        if (!g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1])) {
            p = NULL;
            break;
        }
        mac[i] = g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]);
    }
    if (!p || *p) {
        error_set(errp,
                  "Property '%s.%s' doesn't take value '%s': a MAC address is six "
                  "pairs of hexadecimal digits with colons between them",
                  owner, prop->name, text);
        return FALSE;
    }
    memcpy(member, mac, sizeof(mac));
    return TRUE;
}

gboolean property_bad_value(const char *name, const char *value,
                            const char *const *accepted, GError **errp)
{
    g_autofree char *all = g_strjoinv(", ", (char **)accepted);

    return error_set(errp, "Parameter '%s' does not accept value '%s' (it is one of %s)",
                     name, value, all);
}

static gboolean set_name(const Property *prop, const char *const *names, int *member,
                         ConfigNode *value, GError **errp)
{
    const char *text;

    if (!config_node_to_string(value, prop->name, &text, errp)) {
        return FALSE;
    }
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], text) == 0) {
            *member = i;
            return TRUE;
        }
    }
    return property_bad_value(prop->name, text, names, errp);
}

static gboolean set_string(const Property *prop, char **member, ConfigNode *value,
                           GError **errp)
{
    const char *text;

    if (!config_node_to_string(value, prop->name, &text, errp) ||
        (prop->type == PROP_ID && !config_check_id(prop->name, text, prop->max, errp))) {
        return FALSE;
    }
    g_free(*member);
    *member = g_strdup(text);
    return TRUE;
}

static gboolean set_auto(const Property *prop, OnOffAuto *member, ConfigNode *value,
                         GError **errp)
{
    gboolean on;
    int index = 0;

    if (config_node_type(value) == CONFIG_BOOL || prop->type == PROP_MAYBE) {
        if (!config_node_to_bool(value, prop->name, &on, errp)) {
            return FALSE;
        }
        *member = on ? ON_OFF_AUTO_ON : ON_OFF_AUTO_OFF;
        return TRUE;
    }
    if (!set_name(prop, on_off_auto_names, &index, value, errp)) {
        return FALSE;
    }
    *member = index;
    return TRUE;
}

static gboolean set_group(const Property *prop, const char *owner, void *object,
                          ConfigNode *value, GError **errp)
{
    g_autofree char *path = g_strconcat(prop->name, ".", NULL);

    if (config_node_type(value) != CONFIG_MAP) {
        return error_set(errp, "Parameter '%s' expects an object", prop->name);
    }
    for (guint i = 0; i < config_map_size(value); i++) {
        const char *key = config_map_key(value, i);

        if (!properties_find(prop->rows, key)) {
            return error_set(errp, "Invalid parameter '%s%s'", path, key);
        }
    }
    return properties_read(prop->rows, path, owner, value, object, errp);
}

static gboolean set_kind(const Property *prop, ConfigNode **member, ConfigNode *value,
                         GError **errp)
{
    ConfigType type = config_node_type(value);

    if (type != CONFIG_MAP && !(prop->reference && type == CONFIG_STRING) &&
        !(prop->nullable && type == CONFIG_NULL)) {
        return error_set(errp, "Parameter '%s' expects an object%s", prop->name,
                         prop->reference ? " or a name" : "");
    }
    g_clear_pointer(member, config_node_unref);
    *member = config_node_ref(value);
    return TRUE;
}

/* One text of a list: itself, or the object that QMP has. */
static gboolean add_string(const Property *prop, GPtrArray *texts,
                           const ConfigNode *value, GError **errp)
{
    const char *text;

    if (config_node_type(value) == CONFIG_MAP) {
        ConfigNode *in = config_map_get((ConfigNode *)value, "str");
        if (!in || config_map_size(value) != 1) {
            return error_set(errp, "Parameter '%s' expects objects with a 'str' alone",
                             prop->name);
        }
        value = in;
    }
    if (!config_node_to_string(value, prop->name, &text, errp)) {
        return FALSE;
    }
    g_ptr_array_add(texts, g_strdup(text));
    return TRUE;
}

static gboolean set_strings(const Property *prop, char ***member, ConfigNode *value,
                            GError **errp)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

    if (config_node_type(value) != CONFIG_LIST) {
        if (!add_string(prop, texts, value, errp)) {
            return FALSE;
        }
    } else {
        for (guint i = 0; i < config_list_size(value); i++) {
            if (!add_string(prop, texts, config_list_at(value, i), errp)) {
                return FALSE;
            }
        }
    }
    g_ptr_array_add(texts, NULL);
    g_strfreev(*member);
    *member = (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
    return TRUE;
}

/* Any member. */
typedef union Value {
    guint64 n;
    gboolean b;
    int i;
    gint32 addr;
    char *s;
    char **texts;
    guint8 mac[6];
    ConfigNode *node;
} Value;

static gboolean is_one_of(const char *values, const char *text)
{
    g_auto(GStrv) list = g_strsplit(values, "|", -1);

    return *values ? g_strv_contains((const char *const *)list, text) : !*text;
}

/*
 * A compatibility row stores nothing, but a value of the wrong type is wrong, and so is
 * one that it does not stand for.
 */
static gboolean check_ignored(const Property *prop, const char *owner, ConfigNode *value,
                              GError **errp)
{
    g_autofree char *said = config_node_describe(value), *text = NULL;
    Value none = { 0 };
    Property row = *prop;
    gboolean ok;

    if (prop->only && is_one_of(prop->only, said)) {
        return TRUE;
    }
    row.ignored = FALSE;
    row.offset = 0;
    ok = property_set(&row, owner, &none, value, errp);
    if (ok && prop->only) {
        text = property_text(&row, &none);
        ok = is_one_of(prop->only, text) ||
             error_set(errp, "Property '%s.%s' value '%s' is not supported%s%s", owner,
                       prop->name, text, prop->why ? ": " : "",
                       prop->why ? prop->why : "");
    }
    properties_clear((Property[]){ row, { NULL } }, &none);
    return ok;
}

gboolean property_set(const Property *prop, const char *owner, void *object,
                      ConfigNode *value, GError **errp)
{
    if (prop->ignored) { /* it has no member, and there may be no object */
        return check_ignored(prop, owner, value, errp);
    }
    void *member = (guint8 *)object + prop->offset;
    switch (prop->type) {
    case PROP_BOOL:
        return config_node_to_bool(value, prop->name, member, errp);
    case PROP_U8:
    case PROP_U16:
    case PROP_U32:
    case PROP_U64:
    case PROP_SIZE:
        return set_number(prop, member, value, errp);
    case PROP_STRING:
    case PROP_ID:
        return set_string(prop, member, value, errp);
    case PROP_MAC:
        return set_mac(prop, owner, member, value, errp);
    case PROP_ENUM:
        return set_name(prop, prop->names, member, value, errp);
    case PROP_AUTO:
    case PROP_MAYBE:
        return set_auto(prop, member, value, errp);
    case PROP_GROUP:
        return set_group(prop, owner, object, value, errp);
    case PROP_KIND:
        return set_kind(prop, member, value, errp);
    case PROP_PCI_ADDR:
        return config_node_to_pci_address(value, owner, prop->name, member, errp);
    case PROP_S32:
        return set_signed(prop, member, value, errp);
    case PROP_STRINGS:
        return set_strings(prop, member, value, errp);
    }
    g_assert_not_reached();
}

char *property_text(const Property *prop, const void *object)
{
    const void *member = (const guint8 *)object + prop->offset;
    const guint8 *mac = member;

    switch (prop->type) {
    case PROP_U8:
        return g_strdup_printf("%u", *(const guint8 *)member);
    case PROP_U16:
        return g_strdup_printf("%u", *(const guint16 *)member);
    case PROP_U32:
        return g_strdup_printf("%u", *(const guint32 *)member);
    case PROP_U64:
    case PROP_SIZE:
        return g_strdup_printf("%" G_GUINT64_FORMAT, *(const guint64 *)member);
    case PROP_STRING:
    case PROP_ID:
        return g_strdup(*(char *const *)member ? *(char *const *)member : "");
    case PROP_MAC:
        return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                               mac[3], mac[4], mac[5]);
    case PROP_BOOL:
        return g_strdup(*(const gboolean *)member ? "on" : "off");
    case PROP_ENUM:
        return g_strdup(prop->names[*(const int *)member]);
    case PROP_AUTO:
    case PROP_MAYBE:
        return g_strdup(on_off_auto_names[*(const OnOffAuto *)member]);
    case PROP_PCI_ADDR:
        return config_pci_address_text(*(const gint32 *)member);
    case PROP_S32:
        return g_strdup_printf("%d", *(const gint32 *)member);
    case PROP_STRINGS:
        return *(char **const *)member ? g_strjoinv(" ", *(char **const *)member)
                                       : g_strdup("");
    case PROP_GROUP:
    case PROP_KIND:
        break;
    }
    g_assert_not_reached();
}

void property_set_default(const Property *prop, const char *def, void *object)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(ConfigNode) value = NULL;

    if (!def || prop->ignored) {
        return;
    }
    value = config_string_new(def);
    if (!property_set(prop, "default", object, value, &err)) {
        g_error("default of a property: %s", err->message);
    }
}

/* A row of a member that holds the default alone, or zero. */
static Property default_row(const Property *prop, const char *def, Value *value)
{
    Property row = *prop;

    row.offset = 0;
    row.ignored = FALSE;
    *value = (Value){ 0 };
    property_set_default(&row, def, value);
    return row;
}

char *property_default_text(const Property *prop, const char *def)
{
    Value value;
    Property row = default_row(prop, def, &value);
    char *text = property_text(&row, &value);

    properties_clear((Property[]){ row, { NULL } }, &value);
    return text;
}

ConfigNode *property_default_value(const Property *prop)
{
    Value value;
    Property row = default_row(prop, prop->def, &value);
    ConfigNode *node = property_value(&row, &value);

    properties_clear((Property[]){ row, { NULL } }, &value);
    return node;
}

static ConfigNode *text_value(const Property *prop, const void *object)
{
    g_autofree char *text = property_text(prop, object);
    g_autofree char *path =
        prop->link && *text ? g_strconcat("/objects/", text, NULL) : NULL;

    return config_string_new(path ? path : text);
}

ConfigNode *property_value(const Property *prop, const void *object)
{
    if (prop->ignored) {
        return property_default_value(prop);
    }
    const void *member = (const guint8 *)object + prop->offset;
    switch (prop->type) {
    case PROP_BOOL:
        return config_bool_new(*(const gboolean *)member);
    case PROP_U8:
        return config_uint_new(*(const guint8 *)member);
    case PROP_U16:
        return config_uint_new(*(const guint16 *)member);
    case PROP_U32:
        return config_uint_new(*(const guint32 *)member);
    case PROP_U64:
    case PROP_SIZE:
        return config_uint_new(*(const guint64 *)member);
    case PROP_PCI_ADDR:
    case PROP_S32:
        return config_int_new(*(const gint32 *)member);
    case PROP_GROUP:
    case PROP_KIND:
        return NULL;
    default:
        return text_value(prop, object);
    }
}

void properties_set_defaults(const Property *props, void *object)
{
    for (const Property *p = props; p && p->name; p++) {
        if (p->type == PROP_GROUP) {
            properties_set_defaults(p->rows, object);
        } else {
            property_set_default(p, p->def, object);
        }
    }
}

const Property *properties_find(const Property *props, const char *name)
{
    for (const Property *p = props; p && p->name; p++) {
        if (strcmp(p->name, name) == 0) {
            return p;
        }
    }
    return NULL;
}

void properties_clear(const Property *props, void *object)
{
    for (const Property *p = props; p && p->name; p++) {
        if (p->ignored) {
            continue;
        }
        void *member = (guint8 *)object + p->offset;
        if (p->type == PROP_STRING || p->type == PROP_ID) {
            g_clear_pointer((char **)member, g_free);
        } else if (p->type == PROP_STRINGS) {
            g_clear_pointer((char ***)member, g_strfreev);
        } else if (p->type == PROP_KIND) {
            g_clear_pointer((ConfigNode **)member, config_node_unref);
        } else if (p->type == PROP_GROUP) {
            properties_clear(p->rows, object);
        }
    }
}

gboolean properties_read(const Property *props, const char *path, const char *owner,
                         ConfigNode *map, void *object, GError **errp)
{
    for (const Property *p = props; p && p->name; p++) {
        ConfigNode *value = config_map_get(map, p->name);
        g_autofree char *name = g_strconcat(path, p->name, NULL);
        Property row = *p;

        row.name = name;
        if (!value && p->required) {
            return error_set(errp, "Parameter '%s' is missing", name);
        }
        if (value && !property_set(&row, owner, object, value, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void foreach_below(const Property *props, const char *path, PropertyFn fn,
                          void *opaque)
{
    for (const Property *p = props; p && p->name; p++) {
        g_autofree char *name = g_strconcat(path, p->name, NULL);

        if (p->type == PROP_GROUP) {
            g_autofree char *below = g_strconcat(name, ".", NULL);

            foreach_below(p->rows, below, fn, opaque);
        } else if (!p->hidden) {
            fn(p, name, opaque);
        }
    }
}

void properties_foreach(const Property *props, PropertyFn fn, void *opaque)
{
    foreach_below(props, "", fn, opaque);
}

/* Defaults that stand for "not given"; what is so then is said by the row's help. */
static gboolean default_is_none(const Property *prop)
{
    if (prop->type == PROP_PCI_ADDR || prop->type == PROP_S32) {
        return g_str_equal(prop->def, "-1");
    }
    if (prop->type == PROP_U32 || prop->type == PROP_U64 || prop->type == PROP_SIZE) {
        guint64 n = g_ascii_strtoull(prop->def, NULL, 10);

        return n == types[prop->type].max || n == G_MAXUINT32 || n == G_MAXINT64;
    }
    return FALSE;
}

char *property_help(const Property *prop)
{
    g_autoptr(GString) more = g_string_new(NULL);

    if (prop->type == PROP_ENUM) {
        g_autofree char *names = g_strjoinv(", ", (char **)prop->names);

        g_string_append(more, names);
    }
    if (prop->def && !default_is_none(prop)) {
        g_string_append_printf(more, "%sdefault: %s", more->len ? "; " : "", prop->def);
    }
    if (prop->only) {
        g_string_append_printf(more, "%snothing else is supported",
                               more->len ? "; " : "");
    } else if (prop->ignored) {
        g_string_append_printf(more, "%saccepted, cannot matter here",
                               more->len ? "; " : "");
    }
    if (!more->len) {
        return g_strdup(prop->help ? prop->help : "");
    }
    return g_strdup_printf("%s%s(%s)", prop->help ? prop->help : "",
                           prop->help ? " " : "", more->str);
}

void property_help_line(const Property *prop, const char *name, GString *text)
{
    g_autofree char *left = g_strdup_printf("  %s=<%s>", name, property_type_name(prop));
    g_autofree char *help = property_help(prop);

    g_string_append_printf(text, "%-26s - %s\n", left, help);
}
