/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short forms of character devices (-serial, -qmp, -monitor): "stdio", "pty",
 * "null", "file:PATH", "pipe:PATH", "unix:PATH,server=on,wait=off", "tcp:HOST:PORT,...",
 * "chardev:ID", "none", and "BACKEND,key=value,...". Each becomes what -chardev
 * would have made. "mon:" before one of them puts a monitor beside the serial port.
 */
#include "config.h"

#include "config/internal.h"
#include "config/keyval.h"

#include <string.h>

#include "util/error.h"

/* "HOST:PORT" in map["addr"] to host and port. */
static gboolean split_host_port(ConfigNode *map, GError **errp)
{
    const char *addr, *colon;
    g_autofree char *host = NULL;

    if (!config_require_string(map, "addr", &addr, errp)) {
        return FALSE;
    }
    colon = strrchr(addr, ':');
    if (!colon || !colon[1]) {
        return error_set(errp, "expected HOST:PORT, not '%s'", addr);
    }
    host = g_strndup(addr, colon - addr);
    if (host[0] == '[' && g_str_has_suffix(host, "]")) {
        host[strlen(host) - 1] = 0;
        memmove(host, host + 1, strlen(host));
    }
    config_map_set(map, "host", config_string_new(host));
    config_map_set(map, "port", config_string_new(colon + 1));
    config_map_remove(map, "addr");
    return TRUE;
}

/* The -chardev map for a short form other than none and chardev:ID. */
static ConfigNode *parse_short(const char *arg, const char *id, GError **errp)
{
    static const struct {
        const char *prefix, *backend, *implied;
    } forms[] = {
        { "unix:", "socket", "path" },
        { "tcp:", "socket", "addr" },
        { "file:", "file", "path" },
        { "pipe:", "pipe", "path" },
    };
    g_autoptr(ConfigNode) map = config_map_new();
    const char *implied = "backend";

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_str_has_prefix(arg, forms[i].prefix)) {
            config_map_set(map, "backend", config_string_new(forms[i].backend));
            implied = forms[i].implied;
            arg += strlen(forms[i].prefix);
        }
    }
    if (g_str_equal(implied, "backend") && strchr(arg, ':') &&
        strcspn(arg, ":") < strcspn(arg, ",=")) {
        error_set(errp, "'%.*s' is not supported%s", (int)strcspn(arg, ":"), arg,
                  g_str_has_prefix(arg, "mon:") ? " here, only for -serial" : "");
        return NULL;
    }
    if (!keyval_parse_into(map, arg, implied, errp)) {
        return NULL;
    }
    if (g_str_equal(implied, "addr") && !split_host_port(map, errp)) {
        return NULL;
    }
    if (!config_map_has(map, "id")) {
        config_map_set(map, "id", config_string_new(id));
    }
    return g_steal_pointer(&map);
}

/* Adds the chardev to the tree; returns its id (owned), "" for none. */
static char *add_chardev(ConfigNode *tree, const char *option, const char *arg,
                         const char *id, GError **errp)
{
    g_autofree char *origin = g_strdup_printf("-%s %s", option, arg);
    ConfigNode *map;
    const char *name;

    if (g_str_equal(arg, "none")) {
        return g_strdup("");
    }
    if (g_str_has_prefix(arg, "chardev:")) {
        return g_strdup(arg + strlen("chardev:"));
    }
    map = parse_short(arg, id, errp);
    if (!map) {
        return NULL;
    }
    config_node_set_origin(map, origin);
    config_list_add(config_tree_list(tree, "chardev"), map);
    return config_get_string(map, "id", NULL, &name, errp) ? g_strdup(name) : NULL;
}

/* The monitor of chardev id; mode as of -mon. */
static void add_mon(ConfigNode *tree, const char *id, const char *origin,
                    const char *mode, gboolean pretty)
{
    ConfigNode *entry = config_map_new();

    config_node_set_origin(entry, origin);
    config_map_set(entry, "chardev", config_string_new(id));
    config_map_set(entry, "mode", config_string_new(mode));
    if (pretty) {
        config_map_set(entry, "pretty", config_bool_new(TRUE));
    }
    config_list_add(config_tree_list(tree, "mon"), entry);
}

/* "mon:DEV": of a chardev that is new the two share it. */
static gboolean share_with_monitor(ConfigNode *tree, const char *arg, const char *id,
                                   const char *origin, GError **errp)
{
    ConfigNode *list = config_tree_list(tree, "chardev"), *chr;

    if (!*id || g_str_has_prefix(arg, "chardev:")) {
        return error_set(errp, "'mon:%s' is not supported: 'mon:' is for a new device",
                         arg);
    }
    chr = config_list_at(list, config_list_size(list) - 1);
    config_map_set(chr, "mux", config_bool_new(TRUE));
    if (g_str_equal(arg, "stdio")) {
        config_map_set(chr, "signal", config_bool_new(FALSE)); /* Control-A x ends it */
    }
    add_mon(tree, id, origin, "readline", FALSE);
    return TRUE;
}

gboolean config_add_serial(ConfigNode *tree, const char *arg, GError **errp)
{
    ConfigNode *list = config_tree_list(tree, "serial");
    g_autofree char *label = g_strdup_printf("serial%u", config_list_size(list));
    g_autofree char *origin = g_strdup_printf("-serial %s", arg);
    gboolean mon = g_str_has_prefix(arg, "mon:");
    const char *dev = arg + (mon ? strlen("mon:") : 0);
    g_autofree char *id = add_chardev(tree, "serial", dev, label, errp);
    ConfigNode *entry;

    if (!id || (mon && !share_with_monitor(tree, dev, id, origin, errp))) {
        return FALSE;
    }
    entry = config_map_new();
    config_node_set_origin(entry, origin);
    if (*id) {
        config_map_set(entry, "chardev", config_string_new(id));
    }
    config_list_add(list, entry);
    return TRUE;
}

static gboolean add_monitor(ConfigNode *tree, const char *option, const char *arg,
                            const char *mode, gboolean pretty, GError **errp)
{
    ConfigNode *list = config_tree_list(tree, "mon");
    g_autofree char *label = g_strdup_printf("compat_monitor%u", config_list_size(list));
    g_autofree char *id = add_chardev(tree, option, arg, label, errp);
    g_autofree char *origin = g_strdup_printf("-%s %s", option, arg);

    if (id && *id) {
        add_mon(tree, id, origin, mode, pretty);
    }
    return id != NULL;
}

gboolean config_add_qmp(ConfigNode *tree, const char *arg, GError **errp)
{
    return add_monitor(tree, "qmp", arg, "control", FALSE, errp);
}

gboolean config_add_qmp_pretty(ConfigNode *tree, const char *arg, GError **errp)
{
    return add_monitor(tree, "qmp-pretty", arg, "control", TRUE, errp);
}

gboolean config_add_monitor(ConfigNode *tree, const char *arg, GError **errp)
{
    return g_str_equal(arg, "none") ||
           add_monitor(tree, "monitor", arg, "readline", FALSE, errp);
}
