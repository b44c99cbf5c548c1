/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `-device help`, `-machine NAME,help` and so on: what the layers offer. */
#ifndef VIREO_MONITOR_HELP_H
#define VIREO_MONITOR_HELP_H

#include <stdio.h>

#include "config/node.h"

/* topics: help[] of the configuration tree. */
gboolean help_print(FILE *out, ConfigNode *topics, GError **errp);

/* The same of one topic, and of one of its types unless `of` is NULL; owned. */
char *help_text(const char *topic, const char *of, GError **errp);
/* Of an option of node's type that is not there: adds where to look. */
void help_hint(const ConfigNode *node, const char *option, GError *error);

#endif
