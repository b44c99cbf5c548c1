/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages out of a stream of bytes: one JSON object a line, bounded. */
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * Takes the next message out of buffer. Returns FALSE with an error (QMP_ERROR_PROTOCOL)
 * for a line too long, too deep, or that is no JSON object; TRUE with *object NULL when
 * no line is complete. *object is to be freed with json_object_unref.
 */
gboolean qmp_frame_next(GByteArray *buffer, JsonObject **object, GError **errp);

G_END_DECLS
