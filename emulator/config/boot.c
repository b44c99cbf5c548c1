/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "config/boot.h"

#include <string.h>

#include "config/internal.h"
#include "config/keyval.h"
#include "util/error.h"

/* Letters of drives, each at most once. */
static gboolean get_drives(ConfigNode *map, const char *key, const char **drives,
                           GError **errp)
{
    if (!config_get_string(map, key, NULL, drives, errp)) {
        return FALSE;
    }
    for (const char *p = *drives; p && *p; p++) {
        if (*p < 'a' || *p > 'p') {
            return error_set(errp, "Parameter '%s': Invalid boot device '%c'", key, *p);
        }
        if (strchr(p + 1, *p)) {
            return error_set(errp, "Parameter '%s': Boot device '%c' was given twice",
                             key, *p);
        }
    }
    return TRUE;
}

/* Milliseconds; at most 65535. min is 0, or -1 where that says "never". */
static gboolean get_time(ConfigNode *map, const char *key, gint64 min, gint32 *ms,
                         GError **errp)
{
    ConfigNode *value = config_map_get(map, key);
    gint64 n = -1;

    if (value &&
        (!config_node_to_int(value, key, -1, G_MAXUINT16, &n, NULL) || n < min)) {
        g_autofree char *text = config_node_describe(value);

        return error_set(errp,
                         "Parameter '%s' expects a number from %d to 65535, not '%s'",
                         key, (int)min, text);
    }
    *ms = (gint32)n;
    return TRUE;
}

static gboolean check_splash(ConfigNode *map, GError **errp)
{
    const char *picture;

    return config_get_string(map, "splash", NULL, &picture, errp) &&
           (!picture ||
            error_set(errp, "splash=%s is not supported: there is no display to show it",
                      picture));
}

gboolean config_get_boot(ConfigNode *tree, BootOptions *boot, GError **errp)
{
    g_autoptr(ConfigNode) none = config_map_new();
    ConfigNode *map = config_map_get(tree, "boot");

    map = map ? map : none;
    *boot = (BootOptions){ NULL };
    return get_drives(map, "order", &boot->order, errp) &&
           get_drives(map, "once", &boot->once, errp) &&
           config_get_bool(map, "menu", FALSE, &boot->menu, errp) &&
           config_get_bool(map, "strict", FALSE, &boot->strict, errp) &&
           get_time(map, "splash-time", 0, &boot->splash_time, errp) &&
           get_time(map, "reboot-timeout", -1, &boot->reboot_timeout, errp) &&
           check_splash(map, errp) && config_check_unused(map, errp);
}

gboolean config_add_boot(ConfigNode *tree, const char *arg, GError **errp)
{
    BootOptions boot;

    return keyval_parse_into(config_tree_map(tree, "boot"), arg, "order", errp) &&
           config_get_boot(tree, &boot, errp);
}
