/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -object and object-add. */
#ifndef VIREO_MONITOR_OBJECT_H
#define VIREO_MONITOR_OBJECT_H

#include "config/object.h"

extern const Kind object_kind;

/* Start-up: nothing is wrong with what was asked for. */
gboolean object_check(ConfigNode *node, GError **errp);
/* Nothing was asked for in vain: memory back ends are the machine's to make. */
gboolean object_check_used(ConfigNode *node, GError **errp);
/* Start-up: qom-type=, id= and the type's options. */
gboolean object_add(ConfigNode *node, GError **errp);
/*
 * object-add, object-del: done (which owns the error) is called now, or when the host has
 * opened or closed its file; until then its id is taken. Main loop, under the lock.
 */
typedef void (*ObjectChanged)(void *opaque, GError *error);
void object_add_later(ConfigNode *node, ObjectChanged done, void *opaque);
void object_del_later(const char *id, ObjectChanged done, void *opaque);
/* Each that is there: its id, and the name of its type. */
void object_foreach(void (*fn)(const char *id, const char *type, void *opaque),
                    void *opaque);
void object_cleanup(void);

#endif
