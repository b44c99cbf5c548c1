/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "throttle": a filter whose requests a group limits; and the object that is the group.
 */
#include "block/throttle.h"
#include "config/object.h"
#include "util/error.h"

/* --- the object --- */

#define LIMIT_ROWS(prefix, name, kind, what)                                             \
    { prefix name, PROP_U64, offsetof(ThrottleConfig, limits[kind].average), "0",        \
      .help = "Limit of " what " a second" },                                            \
        { prefix name "-max", PROP_U64, offsetof(ThrottleConfig, limits[kind].max), "0", \
          .help = "Limit of " what " a second in a burst" },                             \
    {                                                                                    \
        prefix name "-max-length", PROP_U64,                                             \
            offsetof(ThrottleConfig, limits[kind].length), "1",                          \
            .help = "Length of a burst of " what ", seconds"                             \
    }

#define ALL_ROWS(prefix)                                                                 \
    LIMIT_ROWS(prefix, "bps-total", THROTTLE_BPS_TOTAL, "bytes"),                        \
        LIMIT_ROWS(prefix, "bps-read", THROTTLE_BPS_READ, "bytes read"),                 \
        LIMIT_ROWS(prefix, "bps-write", THROTTLE_BPS_WRITE, "bytes written"),            \
        LIMIT_ROWS(prefix, "iops-total", THROTTLE_IOPS_TOTAL, "requests"),               \
        LIMIT_ROWS(prefix, "iops-read", THROTTLE_IOPS_READ, "reads"),                    \
        LIMIT_ROWS(prefix, "iops-write", THROTTLE_IOPS_WRITE, "writes"),                 \
    {                                                                                    \
        prefix "iops-size", PROP_U64, offsetof(ThrottleConfig, iops_size), "0",          \
            .help = "Bytes from which on a request counts as several"                    \
    }

static const Property limit_rows[] = {
    ALL_ROWS(""),
    { NULL },
};

/* The command line's way to say them, and QMP's. */
static const Property group_rows[] = {
    ALL_ROWS("x-"),
    { "limits", PROP_GROUP, .rows = limit_rows },
    { NULL },
};

static gboolean create_group(const void *own, const char *id, int fd, GError **errp)
{
    return throttle_group_create(id, own, errp);
}

static gboolean destroy_group(const char *id, int *fd, GError **errp)
{
    return throttle_group_destroy(id, errp);
}

const ObjectType object_throttle_group = {
    { "throttle-group", "limits that disks share", group_rows, sizeof(ThrottleConfig) },
    create_group,
    destroy_group,
};

/* --- the driver --- */

typedef struct ThrottleOptions {
    ConfigNode *file;
    char *group;
} ThrottleOptions;

static const Property throttle_rows[] = {
    { "file", PROP_KIND, offsetof(ThrottleOptions, file), .kind = &block_kind,
      .reference = TRUE, .required = TRUE,
      .help = "The node whose requests are limited" },
    { "throttle-group", PROP_STRING, offsetof(ThrottleOptions, group), .required = TRUE,
      .help = "The throttle-group that has the limits" },
    { NULL },
};

static gboolean join(BlockNode *node, GError **errp)
{
    const ThrottleOptions *o = node->options;
    ThrottleGroup *group = throttle_group_find(o->group);

    if (!group) {
        return error_set(errp, "Throttle group '%s' does not exist", o->group);
    }
    node->state = group;
    throttle_group_use(group, 1);
    return TRUE;
}

static gboolean throttle_configure(BlockNode *node, GError **errp)
{
    ThrottleOptions *o = node->options;

    return join(node, errp) &&
           block_child_configure(node, &o->file, BLOCK_ROLE_FILTERED, errp);
}

static gboolean throttle_reopen(BlockNode *node, BlockNode *fresh, GError **errp)
{
    ThrottleOptions *o = fresh->options;

    return join(fresh, errp) && block_reopen_check_child(node, &o->file, errp);
}

static void throttle_free(BlockNode *node)
{
    if (node->state) {
        throttle_group_use(node->state, -1);
    }
}

static gboolean throttle_opened(BlockNode *node, GError **errp)
{
    if (node->child->read_only && !node->read_only && !node->auto_read_only) {
        return error_set(errp, "Node '%s' cannot be written: its file '%s' is read-only",
                         node->name, node->child->name);
    }
    node->read_only = node->read_only || node->child->read_only;
    return TRUE;
}

static gboolean throttle_refresh_size(BlockNode *node, GError **errp)
{
    node->size = node->child->size;
    return TRUE;
}

static gboolean throttle_truncate(BlockNode *node, guint64 size, GError **errp)
{
    return block_node_truncate(node->child, size, errp);
}

static void throttle_submit(BlockNode *node, BlockRequest *r)
{
    if (!throttle_wait(node->state, node->child, r)) {
        block_node_submit(node->child, r);
    }
}

/* What a format does for itself is not held up: its user is, later. */
static int throttle_blocking(BlockNode *node, BlockRequest *r)
{
    throttle_count(node->state, r);
    return block_node_blocking(node->child, r);
}

const BlockDriver block_driver_throttle = {
    .type = { "throttle", "limits the requests to another node", throttle_rows,
              sizeof(ThrottleOptions) },
    .configure = throttle_configure,
    .opened = throttle_opened,
    .reopen = throttle_reopen,
    .free = throttle_free,
    .refresh_size = throttle_refresh_size,
    .truncate = throttle_truncate,
    .submit = throttle_submit,
    .blocking = throttle_blocking,
};
