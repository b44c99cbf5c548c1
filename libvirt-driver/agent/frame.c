/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/frame.h"

#include <string.h>

#include "agent/client.h"
#include "util/json.h"
#include "util/vir-error.h"

/* ---- synchronisation ---- */

static gboolean is_answer(const AgentSync *sync)
{
    g_autoptr(JsonObject) reply = agent_reply_parse(sync->line, sync->len, NULL);

    return reply && util_json_int(reply, "return") == (gint64)sync->id;
}

gboolean agent_sync_feed(AgentSync *sync, const guint8 *data, gsize len)
{
    const guint8 *end = data + len;

    while (data < end) {
        if (!sync->in_line) {
            data = memchr(data, 0xff, (gsize)(end - data));
            if (!data) {
                return FALSE;
            }
        }
        if (*data == 0xff) {
            sync->in_line = TRUE;
            sync->len = 0;
        } else if (*data == '\n') {
            sync->in_line = FALSE;
            if (is_answer(sync)) {
                return TRUE;
            }
        } else if (sync->len < sizeof(sync->line)) {
            sync->line[sync->len++] = (char)*data;
        } else {
            sync->in_line = FALSE;
        }
        data++;
    }
    return FALSE;
}

/* ---- answers ---- */

/*
 * A number never below that of the values that the text holds. Outside strings there are
 * no characters that make json-glib look for comments, where quotes mean nothing.
 */
static guint count_values(const char *text, gsize len)
{
    gboolean quoted = FALSE;
    guint n = 1;

    for (gsize i = 0; i < len; i++) {
        if (text[i] == '"') {
            quoted = !quoted;
        } else if (quoted && text[i] == '\\') {
            i++;
        } else if (!quoted) {
            n += text[i] == ',' || text[i] == ':' || text[i] == '[' || text[i] == '{';
            if (text[i] == '/' || text[i] == '#' || text[i] == '\'') {
                return G_MAXUINT;
            }
        }
    }
    return n;
}

static JsonObject *refuse(const char *what, GError **errp)
{
    rpc_error_set(errp, VIR_ERR_AGENT_UNSYNCED, "the guest agent sent %s", what);
    return NULL;
}

JsonObject *agent_reply_parse(const char *text, gsize len, GError **errp)
{
    g_autoptr(JsonParser) parser = NULL;
    JsonNode *root;

    if (len == 0 || memchr(text, '\0', len) ||
        !g_utf8_validate(text, (gssize)len, NULL)) {
        return refuse("what is no text", errp);
    }
    if (count_values(text, len) > AGENT_VALUES_MAX ||
        !util_json_depth_ok(text, len, AGENT_DEPTH_MAX)) {
        return refuse(
            "an answer that nests too deeply, has too many values or is no JSON", errp);
    }
    parser = json_parser_new_immutable();
    if (!json_parser_load_from_data(parser, text, (gssize)len, NULL)) {
        return refuse("an answer that is no JSON", errp);
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return refuse("an answer that is no JSON object", errp);
    }
    return json_object_ref(json_node_get_object(root));
}

/* A line; *reply gets it if it is an answer. */
static gboolean take_line(const char *text, gsize len, guint *ignored, JsonObject **reply,
                          GError **errp)
{
    g_autoptr(JsonObject) object = NULL;

    while (len > 0 && (guint8)*text == 0xff) { /* of a guest-sync-delimited of the user */
        text++;
        len--;
    }
    if (++*ignored > AGENT_IGNORED_MAX) {
        return refuse("too many lines that are no answer", errp) != NULL;
    }
    if (len == 0) {
        return TRUE;
    }
    object = agent_reply_parse(text, len, errp);
    if (!object) {
        return FALSE;
    }
    if (json_object_has_member(object, "return") ||
        json_object_has_member(object, "error")) {
        *reply = g_steal_pointer(&object);
        return TRUE;
    }
    return json_object_has_member(object, "event") ||
           json_object_has_member(object, "QMP") ||
           refuse("what is neither an answer nor an event", errp);
}

gboolean agent_frame_reply(GByteArray *buffer, guint *ignored, JsonObject **reply,
                           GError **errp)
{
    *reply = NULL;
    while (!*reply) {
        const guint8 *end = buffer->len ? memchr(buffer->data, '\n', buffer->len) : NULL;
        gsize len = end ? (gsize)(end - buffer->data) : buffer->len;
        gboolean ok;

        if (len > AGENT_REPLY_MAX) {
            return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR,
                                 "No complete agent response found in %u bytes",
                                 AGENT_REPLY_MAX);
        }
        if (!end) {
            return TRUE;
        }
        while (len > 0 && g_ascii_isspace((char)buffer->data[len - 1])) {
            len--;
        }
        ok = take_line((const char *)buffer->data, len, ignored, reply, errp);
        g_byte_array_remove_range(buffer, 0, (guint)(end - buffer->data) + 1);
        if (!ok) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- commands ---- */

static char *to_text(JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

    json_node_set_object(node, object);
    return json_to_string(node, FALSE);
}

char *agent_command_new(const char *name, JsonObject *args)
{
    g_autoptr(JsonObject) object = util_json_pair("execute", name);

    if (args) {
        json_object_set_object_member(object, "arguments", args);
    }
    return to_text(object);
}

char *agent_command_check(const char *text, char **name, GError **errp)
{
    gsize len = strlen(text);
    g_autoptr(GError) err = NULL;
    g_autoptr(JsonObject) object = agent_reply_parse(text, len, &err);
    const char *executes = util_json_string(object, "execute");

    if (!object) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "cannot parse json %s", text);
        return NULL;
    }
    *name = g_strdup(executes ? executes : "");
    return to_text(object);
}
