/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "config/argv.h"
#include "config/dialect.h"
#include "config/internal.h"
#include "config/json.h"
#include "config/keyval.h"
#include "config/noop.h"

#include <string.h>

#include "util/error.h"

ConfigNode *config_tree_list(ConfigNode *tree, const char *key)
{
    ConfigNode *list = config_map_peek(tree, key);

    if (!list) {
        list = config_list_new();
        config_map_set(tree, key, list);
    }
    return list;
}

ConfigNode *config_tree_map(ConfigNode *tree, const char *key)
{
    ConfigNode *map = config_map_peek(tree, key);

    if (!map) {
        map = config_map_new();
        config_map_set(tree, key, map);
    }
    return map;
}

static const Option *option_find(const char *name)
{
    for (const Option *option = config_options; option->name; option++) {
        if (strcmp(option->name, name) == 0) {
            return option;
        }
    }
    return NULL;
}

/* "help" or "?" alone, or as a flag behind the implied key. */
static gboolean wants_help(const char *arg)
{
    return g_str_equal(arg, "help") || g_str_equal(arg, "?") ||
           g_str_has_suffix(arg, ",help") || g_str_has_suffix(arg, ",?");
}

static void add_help(ConfigNode *tree, const Option *option, const char *arg,
                     const char *origin)
{
    ConfigNode *entry = config_map_new();
    const char *comma = strchr(arg, ',');

    config_node_set_origin(entry, origin);
    config_map_set(entry, "topic", config_string_new(option->key));
    if (comma) {
        const char *equal = memchr(arg, '=', comma - arg);
        const char *first = equal ? equal + 1 : arg;
        g_autofree char *of = g_strndup(first, comma - first);

        config_map_set(entry, "of", config_string_new(of));
    }
    config_list_add(config_tree_list(tree, "help"), entry);
}

static ConfigNode *parse_arg(const Option *option, const char *arg, GError **errp)
{
    g_autoptr(ConfigNode) node = NULL;

    if (option->json && arg[0] == '{') {
        node = config_parse_json(arg, errp);
    } else {
        node = keyval_parse_again(arg, option->implied, option->again, errp);
    }
    return g_steal_pointer(&node);
}

static gboolean apply_map(ConfigNode *tree, const Option *option, const char *arg,
                          const char *origin, GError **errp)
{
    ConfigNode *map = config_tree_map(tree, option->key);

    if (!(option->flat ? keyval_parse_flat_into
                       : keyval_parse_into)(map, arg, option->implied, errp)) {
        return FALSE;
    }
    config_node_set_origin(map, origin);
    return noop_strip(option->key, map, FALSE, errp); /* -M is -machine */
}

static gboolean apply_list(ConfigNode *tree, const Option *option, const char *arg,
                           const char *origin, GError **errp)
{
    g_autoptr(ConfigNode) node = parse_arg(option, arg, errp);

    if (!node) {
        return FALSE;
    }
    if (config_node_type(node) != CONFIG_MAP) {
        return error_set(errp, "expected an object");
    }
    config_node_set_origin(node, origin);
    config_list_add(config_tree_list(tree, option->key), g_steal_pointer(&node));
    return TRUE;
}

static gboolean apply_noop(const Option *option, const char *arg, GError **errp)
{
    g_autoptr(ConfigNode) node = NULL;

    if (option->arg == ARG_NONE) {
        return TRUE;
    }
    node = parse_arg(option, arg, errp);
    if (node && config_node_type(node) != CONFIG_MAP) {
        return error_set(errp, "expected an object");
    }
    return node && noop_strip(option->name, node, TRUE, errp);
}

static gboolean apply(ConfigNode *tree, const Option *option, const char *arg,
                      const char *origin, GError **errp)
{
    switch (option->action) {
    case OPTION_FLAG:
        config_map_set(tree, option->key, config_bool_new(TRUE));
        return TRUE;
    case OPTION_STRING:
        config_map_set(tree, option->key, config_string_new(arg));
        return TRUE;
    case OPTION_MAP:
    case OPTION_LIST:
        if (arg[0] != '{' && wants_help(arg)) {
            add_help(tree, option, arg, origin);
            return TRUE;
        }
        return option->action == OPTION_MAP ? apply_map(tree, option, arg, origin, errp)
                                            : apply_list(tree, option, arg, origin, errp);
    case OPTION_NOOP:
        return apply_noop(option, arg, errp);
    case OPTION_CALL:
        if (option->key && wants_help(arg)) {
            add_help(tree, option, arg, origin);
            return TRUE;
        }
        return option->call(tree, arg, errp);
    }
    return FALSE;
}

static gboolean parse_option(ConfigNode *tree, char **argv, int argc, int *i,
                             GError **errp)
{
    const char *word = argv[*i];
    const char *name = word + (g_str_has_prefix(word, "--") ? 2 : 1);
    const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;
    g_autofree char *origin = NULL;
    const Option *option;
    const char *arg = NULL;

    if (word[0] != '-' || !word[1]) {
        return error_set(errp, "%s: unexpected argument", word);
    }
    option = option_find(name);
    if (!option) {
        gboolean value = next && next[0] != '-';

        return error_set(
            errp, "%s%s%s: invalid option%s", word, value ? " " : "", value ? next : "",
            g_strv_contains(config_qemu_options, name) ? " (of QEMU, not supported here)"
                                                       : "");
    }
    if (option->arg == ARG_REQUIRED ||
        (option->arg == ARG_OPTIONAL && next && next[0] != '-')) {
        if (!next) {
            return error_set(errp, "%s: requires an argument", word);
        }
        arg = next;
        (*i)++;
    }
    origin = g_strdup_printf("%s%s%s", word, arg ? " " : "", arg ? arg : "");
    if (!apply(tree, option, arg, origin, errp)) {
        g_prefix_error(errp, "%s: ", origin);
        return FALSE;
    }
    return TRUE;
}

static gboolean only_prints(const ConfigNode *tree)
{
    return config_map_has(tree, "help") || config_map_has(tree, "version") ||
           config_map_has(tree, "usage");
}

ConfigNode *config_parse_argv(int argc, char **argv, GError **errp)
{
    g_autoptr(ConfigNode) tree = config_map_new();

    dialect_set(dialect_for_program(argc > 0 ? argv[0] : NULL));
    /* -dialect decides how other options are read, wherever it stands. */
    for (int i = 1; i + 1 < argc; i++) {
        const Dialect *dialect = NULL;

        if (g_str_equal(argv[i], "-dialect") || g_str_equal(argv[i], "--dialect")) {
            dialect = dialect_find(argv[i + 1]);
        }
        if (dialect) {
            dialect_set(dialect);
        }
    }
    for (int i = 1; i < argc; i++) {
        if (!parse_option(tree, argv, argc, &i, errp)) {
            return NULL;
        }
    }
    if (!only_prints(tree) && !config_complete(tree, errp)) {
        return NULL;
    }
    return g_steal_pointer(&tree);
}

const char *config_option_at(guint i)
{
    return config_options[i].action == OPTION_NOOP ? "" : config_options[i].name;
}

void config_print_usage(FILE *out, const char *program)
{
    fprintf(out, "usage: %s [options]\n\n", program);
    for (const Option *option = config_options; option->name; option++) {
        g_autofree char *left = NULL;

        if (!option->help) {
            continue;
        }
        left = g_strdup_printf("-%s %s", option->name,
                               option->arg_help ? option->arg_help : "");
        fprintf(out, strlen(left) < 24 ? "%-24s%s\n" : "%s\n%24s%s\n", left,
                strlen(left) < 24 ? option->help : "", option->help);
    }
}
