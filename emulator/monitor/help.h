/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `-device help`, `-machine NAME,help` and so on: what the layers offer. */
#ifndef VIREO_MONITOR_HELP_H
#define VIREO_MONITOR_HELP_H

#include <stdio.h>

#include "config/node.h"

/* topics: help[] of the configuration tree. */
gboolean help_print(FILE *out, ConfigNode *topics, GError **errp);

#endif
