/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What chardev-add and chardev-change take, which is not what -chardev takes. */
#ifndef VIREO_MONITOR_CHARDEV_ARGS_H
#define VIREO_MONITOR_CHARDEV_ARGS_H

#include "monitor/qmp-type.h"

extern const QmpType chardev_add_args;
/* As -chardev would say it: a new map. args are of that type. */
ConfigNode *chardev_args_node(ConfigNode *args);

#endif
