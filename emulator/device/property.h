/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Property rows: a value of the configuration tree (either grammar) to a member of
 * a structure. Devices use them through device.h, machines directly.
 */
#ifndef VIREO_DEVICE_PROPERTY_H
#define VIREO_DEVICE_PROPERTY_H

#include "device/device.h"

/* "uint16", "bool", "str" ...: QMP's name of the type. */
const char *property_type_name(const Property *prop);
/* The default in QMP's form; prop->def is not NULL. */
ConfigNode *property_default_value(const Property *prop);

/*
 * Sets the member of `object` that the row describes. owner: the class, for error
 * messages. Errors name property and value; the member is then unchanged.
 */
gboolean property_set(const Property *prop, const char *owner, void *object,
                      ConfigNode *value, GError **errp);
/* Rows end with a NULL name. The defaults must be right: our own bug otherwise. */
void properties_set_defaults(const Property *props, void *object);
const Property *properties_find(const Property *props, const char *name);
/* Frees what the rows own (strings). */
void properties_clear(const Property *props, void *object);

/* The value as text, in the same form for the same value; owned. */
char *property_text(const Property *prop, const void *object);
/* A default (NULL: zero) in the same form; it must be right: our own bug otherwise. */
char *property_default_text(const Property *prop, const char *def);
/* Sets the member to such a default. */
void property_set_default(const Property *prop, const char *def, void *object);

#endif
