/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values put into maps and lists: how replies and events are made. */
#include "config.h"

#include "config/node.h"

void config_map_set_string(ConfigNode *map, const char *key, const char *value)
{
    config_map_set(map, key, config_string_new(value));
}

void config_map_set_int(ConfigNode *map, const char *key, gint64 value)
{
    config_map_set(map, key, config_int_new(value));
}

void config_map_set_uint(ConfigNode *map, const char *key, guint64 value)
{
    config_map_set(map, key, config_uint_new(value));
}

void config_map_set_double(ConfigNode *map, const char *key, double value)
{
    config_map_set(map, key, config_double_new(value));
}

void config_map_set_bool(ConfigNode *map, const char *key, gboolean value)
{
    config_map_set(map, key, config_bool_new(value));
}

void config_list_add_string(ConfigNode *list, const char *value)
{
    config_list_add(list, config_string_new(value));
}

const char *config_map_string(const ConfigNode *map, const char *key)
{
    ConfigNode *node = config_map_peek(map, key);

    return node && config_node_type(node) == CONFIG_STRING ? config_node_string(node)
                                                           : NULL;
}
