/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Property rows: a value of the configuration tree (either grammar) to a member of
 * a structure. Devices use them through device.h, machines directly, and what a user
 * makes by naming its type (kind.h): parsing, help, manual and QMP's schema are made
 * from them.
 */
#ifndef VIREO_CONFIG_PROPERTY_H
#define VIREO_CONFIG_PROPERTY_H

#include "config/node.h"

typedef struct Kind Kind;

typedef enum PropertyType {
    PROP_BOOL, /* gboolean */
    PROP_U8,
    PROP_U16,
    PROP_U32,
    PROP_U64,
    PROP_SIZE,   /* guint64, accepts suffixes */
    PROP_STRING, /* char *, owned; names of back ends too */
    PROP_ID,     /* char *, owned: config_check_id(), at most max bytes */
    PROP_MAC,    /* guint8[6] */
    PROP_ENUM,   /* int, an index into names */
    PROP_AUTO,   /* OnOffAuto */
    PROP_MAYBE,  /* OnOffAuto: a bool; AUTO where none was given */
    PROP_GROUP,  /* an object with rows of its own, for members of the same structure */
    PROP_KIND,   /* ConfigNode *, a reference: for kind_read() */
    PROP_S32,      /* gint32 */
    PROP_PCI_ADDR, /* gint32: slot * 8 + function, -1: none; "SLOT[.FUNCTION]", hex */
    PROP_STRINGS,  /* char **, owned, NULL: none: a text, or a list of texts or of
                      {"str": TEXT}, QMP's form; no default */
} PropertyType;

typedef enum OnOffAuto { ON_OFF_AUTO_AUTO, ON_OFF_AUTO_ON, ON_OFF_AUTO_OFF } OnOffAuto;

typedef struct Property {
    const char *name;
    PropertyType type;
    size_t offset;               /* in the instance */
    const char *def;             /* as the command line would say it; NULL: zero */
    guint64 min, max;            /* numbers: inclusive; max 0: the type's own */
    const char *const *names;    /* PROP_ENUM: NULL-terminated */
    const struct Property *rows; /* PROP_GROUP: ends with a NULL name */
    const Kind *kind;            /* PROP_KIND */
    const char *link; /* PROP_STRING: the object that it is the id of, as introspection
                         says it: "link<iothread>" */
    const char *help;
    gboolean required;
    gboolean reference; /* PROP_KIND: or a string, the name of one that is there */
    gboolean nullable;  /* PROP_KIND: or null: none */
    gboolean guest;     /* the guest relies on the value: a migration keeps it, and tells
                           it where it is not the default */
    gboolean ignored;   /* accepted for compatibility; it cannot matter here */
    const char *only;   /* of one that is ignored: the values that ask for what is there,
                           with '|' between them; others are refused. NULL: all do */
    const char *why;    /* of only: the reason, behind the error; or NULL */
    gboolean hidden;    /* in no help, manual or schema */
} Property;

/*
 * A row of which nobody needs to hear, for those who write down a default: what else it
 * could ask for is not there.
 */
#define PROPERTY_ONLY(name_, type_, values)                                              \
    {                                                                                    \
        .name = name_, .type = type_, .only = values, .ignored = TRUE, .hidden = TRUE    \
    }

/* "uint16", "bool", "str" ...: QMP's name of the type. */
const char *property_type_name(const Property *prop);
/* The default in QMP's form; prop->def is not NULL. */
ConfigNode *property_default_value(const Property *prop);
/* The value in QMP's form; of one that is ignored its default. NULL: group, kind. */
ConfigNode *property_value(const Property *prop, const void *object);

/*
 * Sets the member of `object` that the row describes. owner: the class, for error
 * messages. Errors name property and value; the member is then unchanged, but for a
 * group's, which may be set in part.
 */
gboolean property_set(const Property *prop, const char *owner, void *object,
                      ConfigNode *value, GError **errp);
/* The error that name has a value other than those accepted (ends with NULL): FALSE. */
gboolean property_bad_value(const char *name, const char *value,
                            const char *const *accepted, GError **errp);
/* Rows end with a NULL name; NULL: none. Defaults must be right: our own bug otherwise.
 */
void properties_set_defaults(const Property *props, void *object);
const Property *properties_find(const Property *props, const char *name);
/* Frees what the rows own (strings, nodes). */
void properties_clear(const Property *props, void *object);
/*
 * Sets what map has a value for and marks those keys as used. A row that is required
 * must be there; other keys are the caller's to refuse. path: what stands in front of
 * the names in errors ("cache."), or "".
 */
gboolean properties_read(const Property *props, const char *path, const char *owner,
                         ConfigNode *map, void *object, GError **errp);

/*
 * Calls fn for each row that is not hidden, with its name as the command line writes it
 * ("cache.direct"); for those of a group, not for the group.
 */
typedef void (*PropertyFn)(const Property *prop, const char *name, void *opaque);
void properties_foreach(const Property *props, PropertyFn fn, void *opaque);
/* "HELP (a, b, c; default: b)", owned; no default that stands for "not given". */
char *property_help(const Property *prop);
/* A line of `-device X,help` for it. */
void property_help_line(const Property *prop, const char *name, GString *text);

/* The value as text, in the same form for the same value; owned. No group, no kind. */
char *property_text(const Property *prop, const void *object);
/* A default (NULL: zero) in the same form; it must be right: our own bug otherwise. */
char *property_default_text(const Property *prop, const char *def);
/* Sets the member to such a default. */
void property_set_default(const Property *prop, const char *def, void *object);

extern const char *const on_off_auto_names[]; /* by OnOffAuto; ends with NULL */

#endif
