/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp/frame.h"

#include <string.h>

#include "qmp/client.h"
#include "util/json.h"

static gboolean parse_line(const char *text, gsize len, JsonObject **object,
                           GError **errp)
{
    g_autoptr(JsonParser) parser = NULL;
    g_autoptr(GError) err = NULL;
    JsonNode *root;

    if (memchr(text, '\0', len) || !util_json_depth_ok(text, len, QMP_DEPTH_MAX)) {
        g_set_error(errp, QMP_ERROR, QMP_ERROR_PROTOCOL,
                    "the monitor sent a message with a NUL byte or nested too deeply");
        return FALSE;
    }
    parser = json_parser_new_immutable();
    if (!json_parser_load_from_data(parser, text, (gssize)len, &err)) {
        g_set_error(errp, QMP_ERROR, QMP_ERROR_PROTOCOL,
                    "the monitor sent a message that is not JSON: %s", err->message);
        return FALSE;
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error(errp, QMP_ERROR, QMP_ERROR_PROTOCOL,
                    "the monitor sent a message that is not a JSON object");
        return FALSE;
    }
    *object = json_object_ref(json_node_get_object(root));
    return TRUE;
}

gboolean qmp_frame_next(GByteArray *buffer, JsonObject **object, GError **errp)
{
    *object = NULL;
    for (;;) {
        const guint8 *end =
            buffer->len > 0 ? memchr(buffer->data, '\n', buffer->len) : NULL;
        gsize len;
        gboolean ok;

        if ((end ? (gsize)(end - buffer->data) : buffer->len) > QMP_LINE_MAX) {
            g_set_error(errp, QMP_ERROR, QMP_ERROR_PROTOCOL,
                        "the monitor sent a message of more than %u bytes", QMP_LINE_MAX);
            return FALSE;
        }
        if (!end) {
            return TRUE;
        }
        len = (gsize)(end - buffer->data);
        while (len > 0 && g_ascii_isspace((char)buffer->data[len - 1])) {
            len--;
        }
        ok = len == 0 || parse_line((const char *)buffer->data, len, object, errp);
        g_byte_array_remove_range(buffer, 0, (guint)(end - buffer->data) + 1);
        if (!ok || *object) {
            return ok;
        }
    }
}
