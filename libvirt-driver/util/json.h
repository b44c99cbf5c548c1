/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON that we read, which may be anybody's, and that we write. */
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Checks that text nests at most limit deep, without recursion. */
gboolean util_json_depth_ok(const char *text, gsize len, guint limit);

/* Lookups that check the type: NULL, FALSE, -1 when it is missing or another one. */
const char *util_json_string(JsonObject *object, const char *member);
JsonObject *util_json_object(JsonObject *object, const char *member);
JsonArray *util_json_array(JsonObject *object, const char *member);
gboolean util_json_bool(JsonObject *object, const char *member);
gint64 util_json_int(JsonObject *object, const char *member);

/* {"key": "value"} */
JsonObject *util_json_pair(const char *key, const char *value);

/* A member of an object that is made from a table; see the macros. */
typedef struct UtilJsonMember {
    const char *name;
    GType type; /* of the value; G_TYPE_INVALID: it is left out */
    const char *text;
    gint64 number;
} UtilJsonMember;

#define UTIL_JSON_TEXT(name, text)                                                       \
    {                                                                                    \
        (name), G_TYPE_STRING, (text), 0                                                 \
    }
#define UTIL_JSON_NUMBER(name, number)                                                   \
    {                                                                                    \
        (name), G_TYPE_INT64, NULL, (number)                                             \
    }
#define UTIL_JSON_BOOL(name, value)                                                      \
    {                                                                                    \
        (name), G_TYPE_BOOLEAN, NULL, (value)                                            \
    }
/* Left out when it is NULL, or 0. */
#define UTIL_JSON_TEXT_IF(name, text)                                                    \
    {                                                                                    \
        (name), (text) ? G_TYPE_STRING : G_TYPE_INVALID, (text), 0                       \
    }
#define UTIL_JSON_NUMBER_IF(name, number)                                                \
    {                                                                                    \
        (name), (number) ? G_TYPE_INT64 : G_TYPE_INVALID, NULL, (number)                 \
    }

/* Adds the members of the table to object; returns it. */
JsonObject *util_json_add(JsonObject *object, const UtilJsonMember *members, guint count);

G_END_DECLS
