/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "monitor/mon.h"

#include "monitor/hmp.h"
#include "monitor/qmp.h"
#include "util/error.h"

typedef struct Mon {
    const char *chardev; /* borrowed */
    gboolean human, pretty;
} Mon;

/* All keys but those that are not there are looked at. */
static gboolean read_mon(ConfigNode *node, Mon *mon, GError **errp)
{
    const char *mode, *id;

    if (!config_get_string(node, "mode", "readline", &mode, errp) ||
        !config_get_string(node, "id", NULL, &id, errp) ||
        (id && !config_check_id("id", id, CONFIG_ID_MAX, errp)) ||
        !config_require_string(node, "chardev", &mon->chardev, errp) ||
        !config_get_bool(node, "pretty", FALSE, &mon->pretty, errp)) {
        return FALSE;
    }
    mon->human = g_str_equal(mode, "readline");
    if (!mon->human && !g_str_equal(mode, "control")) {
        return error_set(errp, "Parameter 'mode' does not accept value '%s'", mode);
    }
    return !mon->human || !config_map_has(node, "pretty") ||
           error_set(errp, "'pretty' is not compatible with HMP monitors");
}

gboolean mon_check(ConfigNode *node, GError **errp)
{
    Mon mon;

    return read_mon(node, &mon, errp) && config_check_unused(node, errp);
}

gboolean mon_add(ConfigNode *node, GError **errp)
{
    Chardev *chr;
    Mon mon;

    if (!read_mon(node, &mon, errp)) {
        return FALSE;
    }
    chr = chardev_find(mon.chardev);
    if (!chr) {
        return error_set(errp, "chardev \"%s\" not found", mon.chardev);
    }
    return mon.human ? hmp_server_add(chr, errp) : qmp_server_add(chr, mon.pretty, errp);
}

void mon_cleanup(void)
{
    hmp_cleanup();
    qmp_cleanup();
}
