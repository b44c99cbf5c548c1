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
    gboolean (*create)(ConfigNode *node, const char *id, GError **errp);
    gboolean (*destroy)(const char *id, GError **errp);
    gboolean hotplug; /* object-add and object-del */
} ObjectType;

extern const ObjectType object_types[]; /* ends with a NULL name */

/* qom-type=, id= and the type's options. hotplug: by object-add. */
gboolean object_add(ConfigNode *node, gboolean hotplug, GError **errp);
gboolean object_del(const char *id, GError **errp);
void object_cleanup(void);

#endif
