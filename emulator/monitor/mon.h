/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitors of the command line: mon[] of its tree. */
#ifndef VIREO_MONITOR_MON_H
#define VIREO_MONITOR_MON_H

#include "config/node.h"

/* Creates nothing. */
gboolean mon_check(ConfigNode *node, GError **errp);
/* Its chardev is there: serves QMP on it (qmp.h), or the human monitor (hmp.h). */
gboolean mon_add(ConfigNode *node, GError **errp);
void mon_cleanup(void);

#endif
