/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `-global`: values that all devices of a class begin with. */
#ifndef VIREO_DEVICE_GLOBAL_H
#define VIREO_DEVICE_GLOBAL_H

#include "config/node.h"

/*
 * node: driver, property, value. Of the class and those derived from it, from now on;
 * later ones win, and what a device itself is told wins over all. A class that is not
 * there is a warning, as QEMU's; what a class has not is refused by name. Main thread.
 */
gboolean device_global_add(ConfigNode *node, GError **errp);
void device_global_cleanup(void);

#endif
