/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -boot: what firmware is told of the devices to boot from. Kernels are started directly:
 * which disk would be next, and what were to happen if none could be booted, cannot
 * matter, but has to be right. A menu, or a picture, is asked for in vain.
 */
#include "config.h"

#include <string.h>

#include "config/internal.h"
#include "config/keyval.h"
#include "config/noop.h"
#include "util/error.h"

/* Letters of drives, each at most once. */
static gboolean check_drives(const char *key, const char *drives, GError **errp)
{
    for (const char *p = drives; *p; p++) {
        if (*p < 'a' || *p > 'p') {
            return error_set(errp, "Parameter '%s': invalid boot device '%c'", key, *p);
        }
        if (strchr(p + 1, *p)) {
            return error_set(errp, "Parameter '%s': boot device '%c' is there twice", key,
                             *p);
        }
    }
    return TRUE;
}

static gboolean take_drives(ConfigNode *map, const char *key, GError **errp)
{
    const char *drives;
    if (!config_get_string(map, key, "", &drives, errp) ||
        !check_drives(key, drives, errp)) {
        return FALSE;
    }
    config_map_remove(map, key);
    return TRUE;
}

/* Milliseconds; at most 65535, and -1 only where it says "never". */
static gboolean take_time(ConfigNode *map, const char *key, const char *never,
                          GError **errp)
{
    const char *text;
    guint64 ms;
    if (!config_get_string(map, key, "0", &text, errp)) {
        return FALSE;
    }
    if (g_strcmp0(text, never) != 0 &&
        !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT16, &ms, NULL)) {
        return error_set(errp,
                         "Parameter '%s' expects a number from %s to 65535, not '%s'",
                         key, never ? never : "0", text);
    }
    config_map_remove(map, key);
    return TRUE;
}

gboolean config_add_boot(ConfigNode *tree, const char *arg, GError **errp)
{
    g_autoptr(ConfigNode) map = keyval_parse(arg, "order", errp);
    return map && take_drives(map, "order", errp) && take_drives(map, "once", errp) &&
           take_time(map, "splash-time", NULL, errp) &&
           take_time(map, "reboot-timeout", "-1", errp) &&
           noop_strip("boot", map, FALSE, errp) && config_check_unused(map, errp);
}
