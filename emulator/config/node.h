/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One configuration tree.
 *
 * Whatever configures the VM (command line, QMP) becomes a tree of these nodes;
 * every consumer reads only its own node. Values from the key=value grammar are
 * strings, values from JSON are typed: the typed getters accept both ("on" and
 * true, "64M" and 67108864). A getter marks its key as used, so that what nobody
 * asked for is refused by name.
 */
#ifndef VIREO_CONFIG_NODE_H
#define VIREO_CONFIG_NODE_H

#include <glib.h>

typedef struct ConfigNode ConfigNode;

typedef enum ConfigType {
    CONFIG_NULL,
    CONFIG_BOOL,
    CONFIG_INT,
    CONFIG_UINT,   /* above G_MAXINT64 */
    CONFIG_DOUBLE, /* no option takes one: QMP's "number" */
    CONFIG_STRING,
    CONFIG_LIST,
    CONFIG_MAP,
} ConfigType;

/* Constructors return a new reference. */
ConfigNode *config_map_new(void);
ConfigNode *config_list_new(void);
ConfigNode *config_string_new(const char *value);
ConfigNode *config_int_new(gint64 value);
ConfigNode *config_uint_new(guint64 value); /* a CONFIG_INT where it fits */
ConfigNode *config_double_new(double value);
ConfigNode *config_bool_new(gboolean value);
ConfigNode *config_null_new(void);
ConfigNode *config_node_ref(ConfigNode *node);
void config_node_unref(ConfigNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConfigNode, config_node_unref)

ConfigType config_node_type(const ConfigNode *node);
/* The value of a scalar of exactly that type; borrowed. Own bug otherwise. */
const char *config_node_string(const ConfigNode *node);
gint64 config_node_int(const ConfigNode *node);
guint64 config_node_uint(const ConfigNode *node);
double config_node_double(const ConfigNode *node);
gboolean config_node_bool(const ConfigNode *node);

/*
 * Where a node came from, as the user said it ("-device virtio-rng-device"), for
 * error messages; NULL when unknown.
 */
void config_node_set_origin(ConfigNode *node, const char *origin);
const char *config_node_origin(const ConfigNode *node);
/* Puts the origin, or `option` when it is unknown, in front of an error. */
void config_prefix_origin(const ConfigNode *node, const char *option, GError **errp);

/*
 * The value of a scalar in either form; `name` is for the message only. Errors as
 * the typed getters below give them.
 */
gboolean config_node_to_bool(const ConfigNode *node, const char *name, gboolean *out,
                             GError **errp);
gboolean config_node_to_uint(const ConfigNode *node, const char *name, guint64 min,
                             guint64 max, guint64 *out, GError **errp);
/* min is below 0, max is not. */
gboolean config_node_to_int(const ConfigNode *node, const char *name, gint64 min,
                            gint64 max, gint64 *out, GError **errp);
gboolean config_node_to_size(const ConfigNode *node, const char *name, guint64 *out,
                             GError **errp);
gboolean config_node_to_string(const ConfigNode *node, const char *name, const char **out,
                               GError **errp);
/*
 * A PCI address as QEMU takes it: "SLOT" or "SLOT.FUNCTION" in hexadecimal, with 0x or
 * without, or a number, -1 for none. *out is slot * 8 + function.
 */
gboolean config_node_to_pci_address(const ConfigNode *node, const char *owner,
                                    const char *name, gint32 *out, GError **errp);
char *config_pci_address_text(gint32 addr); /* "1f.0", "-1"; free it */
/* The value for a message: "on", "12", "{...}". */
char *config_node_describe(const ConfigNode *node);

/* Maps keep insertion order. config_map_set() takes over the reference to value. */
void config_map_set(ConfigNode *map, const char *key, ConfigNode *value);
gboolean config_map_has(const ConfigNode *map, const char *key);
guint config_map_size(const ConfigNode *map);
const char *config_map_key(const ConfigNode *map, guint i);
/* Borrowed; NULL when the key is missing. Marks the key as used. */
ConfigNode *config_map_get(ConfigNode *map, const char *key);
/* The same without marking it. */
ConfigNode *config_map_peek(const ConfigNode *map, const char *key);
ConfigNode *config_map_value(const ConfigNode *map, guint i);
void config_map_remove(ConfigNode *map, const char *key);
/* Adds without looking for an earlier entry: for parsers that know the key is new. */
void config_map_append(ConfigNode *map, const char *key, ConfigNode *value);

void config_list_add(ConfigNode *list, ConfigNode *value);
guint config_list_size(const ConfigNode *list);
ConfigNode *config_list_at(const ConfigNode *list, guint i);

/* The same with new values. */
void config_map_set_string(ConfigNode *map, const char *key, const char *value);
void config_map_set_int(ConfigNode *map, const char *key, gint64 value);
void config_map_set_uint(ConfigNode *map, const char *key, guint64 value);
void config_map_set_double(ConfigNode *map, const char *key, double value);
void config_map_set_bool(ConfigNode *map, const char *key, gboolean value);
void config_list_add_string(ConfigNode *list, const char *value);
/* Borrowed; NULL when it is missing or no string. The key is not marked. */
const char *config_map_string(const ConfigNode *map, const char *key);

/*
 * Typed getters: a missing key gives the default and success; a value of the
 * wrong form is an error that names key and value ("Parameter 'cpus' expects a
 * number, not 'two'"). Strings are borrowed from the node.
 */
gboolean config_get_bool(ConfigNode *map, const char *key, gboolean def, gboolean *out,
                         GError **errp);
gboolean config_get_uint(ConfigNode *map, const char *key, guint64 def, guint64 min,
                         guint64 max, guint64 *out, GError **errp);
gboolean config_get_size(ConfigNode *map, const char *key, guint64 def, guint64 *out,
                         GError **errp);
gboolean config_get_string(ConfigNode *map, const char *key, const char *def,
                           const char **out, GError **errp);

/* As config_get_string(), but fails with "Parameter 'x' is missing". */
gboolean config_require_string(ConfigNode *map, const char *key, const char **out,
                               GError **errp);
/*
 * A nested map or list; *out is borrowed, NULL when the key is missing.
 */
gboolean config_get_node(ConfigNode *map, const char *key, ConfigType type,
                         ConfigNode **out, GError **errp);

/*
 * Whether the value of `key` can name something: a letter, then letters, digits, '-',
 * '.', '_', at most max bytes in all.
 */
#define CONFIG_ID_MAX        255
#define CONFIG_NODE_NAME_MAX 31
gboolean config_check_id(const char *key, const char *id, gsize max, GError **errp);

/* Fails with "Invalid parameter 'x'" for the first key that nobody has read. */
gboolean config_check_unused(const ConfigNode *map, GError **errp);

#endif
