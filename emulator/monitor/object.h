/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -object and object-add. */
#ifndef VIREO_MONITOR_OBJECT_H
#define VIREO_MONITOR_OBJECT_H

#include "config/object.h"

extern const Kind object_kind;

/* Start-up: nothing is wrong with what was asked for. */
gboolean object_check(ConfigNode *node, GError **errp);
/* Nothing was asked for in vain: memory back ends are the machine's to make. */
gboolean object_check(ConfigNode *node, GError **errp);
gboolean object_check_used(ConfigNode *node, GError **errp);
/* qom-type=, id= and the type's options. hotplug: by object-add. */
gboolean object_add(ConfigNode *node, gboolean hotplug, GError **errp);
gboolean object_del(const char *id, GError **errp);
void object_cleanup(void);

#endif
