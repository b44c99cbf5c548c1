/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command line takes: the options that do something here, by which libvirt knows
 * which of those it may use that not every build of QEMU has. Their parameters are told
 * where they are rows, as those of QEMU's are only of its older options.
 */
#include <string.h>

#include "config/argv.h"
#include "machine/machine.h"
#include "monitor/commands.h"
#include "util/error.h"

QMP_OBJECT(option_args, { "option", &qmp_str, TRUE });
QMP_ENUM(parameter_type, "string", "boolean", "number", "size");
QMP_OBJECT(parameter_info, { "name", &qmp_str }, { "type", &parameter_type },
           { "help", &qmp_str, TRUE }, { "default", &qmp_str, TRUE });
QMP_LIST(parameter_info_list, &parameter_info);
QMP_OBJECT(option_info, { "option", &qmp_str }, { "parameters", &parameter_info_list });
QMP_LIST(option_info_list, &option_info);

static const char *parameter_type_name(const Property *row)
{
    switch (row->type) {
    case PROP_BOOL:
        return "boolean";
    case PROP_U8:
    case PROP_U16:
    case PROP_U32:
    case PROP_U64:
    case PROP_S32:
        return "number";
    case PROP_SIZE:
        return "size";
    default:
        return "string";
    }
}

/* Two machines may have the same one. */
static gboolean is_told(const ConfigNode *list, const char *name)
{
    for (guint i = 0; i < config_list_size(list); i++) {
        ConfigNode *told = config_map_get(config_list_at(list, i), "name");
        if (strcmp(config_node_string(told), name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static void add_parameter(const Property *row, const char *name, void *opaque)
{
    if (row->hidden || is_told(opaque, name)) {
        return;
    }
    ConfigNode *info = config_map_new();
    config_map_set_string(info, "name", name);
    config_map_set_string(info, "type", parameter_type_name(row));
    if (row->help) {
        config_map_set_string(info, "help", row->help);
    }
    config_list_add(opaque, info);
}

static ConfigNode *list_parameters(const char *option)
{
    ConfigNode *list = config_list_new();
    if (strcmp(option, "machine") == 0) {
        for (guint i = 0; machine_table[i]; i++) {
            properties_foreach(machine_table[i]->properties, add_parameter, list);
        }
    }
    return list;
}

static ConfigNode *cmd_query_options(ConfigNode *args, GError **errp)
{
    const char *wanted = qmp_arg_string(args, "option"), *name;
    g_autoptr(ConfigNode) list = config_list_new();
    for (guint i = 0; (name = config_option_at(i)); i++) {
        if (*name && (!wanted || strcmp(wanted, name) == 0)) {
            ConfigNode *info = config_map_new();
            config_map_set_string(info, "option", name);
            config_map_set(info, "parameters", list_parameters(name));
            config_list_add(list, info);
        }
    }
    if (wanted && config_list_size(list) == 0) {
        error_set(errp, "invalid option name: %s", wanted);
        return NULL;
    }
    return g_steal_pointer(&list);
}

const QmpCommand qmp_option_commands[] = {
    { "query-command-line-options",
      "The options of the command line that do something here, and what machines take",
      cmd_query_options, .args = &option_args, .ret = &option_info_list },
    { .name = NULL },
};
