/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that cannot matter, and the values with which they cannot. */
#ifndef VIREO_CONFIG_NOOP_H
#define VIREO_CONFIG_NOOP_H

#include "config/node.h"

/*
 * Takes items of option `name` that cannot matter out of map; refuses those that
 * would. With the whole option a no-op, what is left is refused as well.
 */
gboolean noop_strip(const char *name, ConfigNode *map, gboolean whole, GError **errp);
/* Those of -machine that cannot matter on the board of that short name. */
gboolean noop_strip_machine(const char *machine, ConfigNode *map, GError **errp);

/*
 * All rows of the table; values are separated by '|', "*" stands for any. machine: the
 * short name of the only board of which the row is; or NULL.
 */
typedef void (*NoopFn)(const char *option, const char *machine, const char *key,
                       const char *values, void *opaque);
void noop_foreach(NoopFn fn, void *opaque);

#endif
