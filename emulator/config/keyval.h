/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key=value grammar of option arguments.
 *
 *   value,key=value,flag,noflag,a.b=value,text=with,,comma
 *
 * The first item may leave out its key when the option has an implied one. A lone
 * word is a flag ("on"; "off" for "noWORD"). Dots nest maps; a map whose keys are
 * 0..n-1 is a list. A key that comes again replaces the earlier value.
 */
#ifndef VIREO_CONFIG_KEYVAL_H
#define VIREO_CONFIG_KEYVAL_H

#include "config/node.h"

/* Adds what text says to map. implied may be NULL. */
gboolean keyval_parse_into(ConfigNode *map, const char *text, const char *implied,
                           GError **errp);
/* Dots are part of the key: -cpu host,sse4.1=on. */
gboolean keyval_parse_flat_into(ConfigNode *map, const char *text, const char *implied,
                                GError **errp);
/* A new map, or NULL. */
ConfigNode *keyval_parse(const char *text, const char *implied, GError **errp);
/* The keys in again (ends with NULL) may come several times: each is a list of texts. */
ConfigNode *keyval_parse_again(const char *text, const char *implied,
                               const char *const *again, GError **errp);

#endif
