/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits that a disk has itself. Main loop. */
#include "block/removable.h"
#include "block/throttle.h"
#include "util/error.h"

const char *const throttle_names[THROTTLE_KINDS] = {
    [THROTTLE_BPS_TOTAL] = "bps",     [THROTTLE_BPS_READ] = "bps_rd",
    [THROTTLE_BPS_WRITE] = "bps_wr",  [THROTTLE_IOPS_TOTAL] = "iops",
    [THROTTLE_IOPS_READ] = "iops_rd", [THROTTLE_IOPS_WRITE] = "iops_wr",
};

static BlockChild *find_user(const char *name, GError **errp)
{
    Removable *drive = removable_find_drive(name);

    for (GSList *l = block_nodes(); l; l = l->next) {
        const BlockNode *node = l->data;
        for (BlockChild *c = block_node_next_user(node, NULL); c;
             c = block_node_next_user(node, c)) {
            if (drive ? c == drive->user
                      : block_user_is_disk(c) && g_str_equal(c->user.name, name)) {
                return c;
            }
        }
    }
    if (drive) {
        error_set(errp, "Device has no medium");
    } else {
        error_set(errp, "Device '%s' not found", name);
    }
    return NULL;
}

/* Its requests that wait go on: under the new limits they would be counted twice. */
static void move(BlockChild *user, ThrottleGroup *group)
{
    ThrottleGroup *old = user->throttle;

    if (old == group) {
        return;
    }
    if (group) {
        throttle_group_use(group, 1);
    }
    g_atomic_pointer_set(&user->throttle, group);
    if (old) {
        throttle_release(user);
        throttle_group_use(old, -1);
    }
}

gboolean block_user_set_throttle(const char *name, const ThrottleConfig *config,
                                 const char *group, GError **errp)
{
    BlockChild *user = find_user(name, errp);

    if (!user) {
        return FALSE;
    }
    if (!throttle_config_limits(config)) {
        move(user, NULL);
        return TRUE;
    }
    /* Without a name it stays where it is. */
    move(user, group || !user->throttle ? throttle_group_get(group ? group : name)
                                        : user->throttle);
    throttle_group_set(user->throttle, config);
    return TRUE;
}

static void set_number(ConfigNode *info, const char *name, const char *after,
                       guint64 value)
{
    g_autofree char *key = g_strconcat(name, after, NULL);

    config_map_set_int(info, key, (gint64)value);
}

void throttle_query(const BlockChild *user, ConfigNode *info)
{
    static const ThrottleConfig none;
    const ThrottleGroup *group = user ? user->throttle : NULL;
    const ThrottleConfig *config = group ? throttle_group_config(group) : &none;

    for (guint i = 0; i < THROTTLE_KINDS; i++) {
        const ThrottleLimit *limit = &config->limits[i];
        set_number(info, throttle_names[i], "", limit->average);
        if (limit->max) {
            set_number(info, throttle_names[i], "_max", limit->max);
            set_number(info, throttle_names[i], "_max_length", limit->length);
        }
    }
    if (config->iops_size) {
        set_number(info, "iops_size", "", config->iops_size);
    }
    if (group) {
        config_map_set_string(info, "group", throttle_group_name(group));
    }
}
