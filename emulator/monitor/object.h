/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -object and object-add: things that are no device and have an id. Each type has a
 * row; the thing itself belongs to the layer that uses it.
 */
#ifndef VIREO_MONITOR_OBJECT_H
#define VIREO_MONITOR_OBJECT_H

#include "config/node.h"

typedef struct ObjectType {
    const char *name;
    const char *help;
    /* The rest of node's keys are refused afterwards. */
    /* NULL: the machine makes it where its options name it. */
    gboolean (*create)(ConfigNode *node, const char *id, GError **errp);
    gboolean (*destroy)(const char *id, GError **errp);
    gboolean hotplug; /* object-add and object-del */
} ObjectType;

extern const ObjectType object_types[]; /* ends with a NULL name */

/* Start-up: qom-type is known and id there. Memory backends are the machine's. */
gboolean object_check(ConfigNode *node, GError **errp);
gboolean object_check_used(ConfigNode *node, GError **errp);
/* qom-type=, id= and the type's options. hotplug: by object-add. */
gboolean object_add(ConfigNode *node, gboolean hotplug, GError **errp);
gboolean object_del(const char *id, GError **errp);
void object_cleanup(void);

#endif
