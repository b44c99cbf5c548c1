/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages out of a stream of bytes: one JSON object a line, bounded. */
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Checks that text nests at most limit deep, without recursion. */
gboolean qmp_frame_depth_ok(const char *text, gsize len, guint limit);

/*
 * Takes the next message out of buffer. Returns FALSE with an error (QMP_ERROR_PROTOCOL)
 * for a line too long, too deep, or that is no JSON object; TRUE with *object NULL when
 * no line is complete. *object is to be freed with json_object_unref.
 */
gboolean qmp_frame_next(GByteArray *buffer, JsonObject **object, GError **errp);

/* Lookups that check the type: NULL, FALSE, -1 when it is missing or another one. */
const char *qmp_json_string(JsonObject *object, const char *member);
JsonObject *qmp_json_object(JsonObject *object, const char *member);
JsonArray *qmp_json_array(JsonObject *object, const char *member);
gboolean qmp_json_bool(JsonObject *object, const char *member);
gint64 qmp_json_int(JsonObject *object, const char *member);

G_END_DECLS
