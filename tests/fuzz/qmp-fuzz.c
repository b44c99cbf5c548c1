/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a QMP client sends. Messages go through framing, parsing and
 * dispatch with commands that only check their arguments; each gets one reply that
 * is an object with "return" or "error".
 */
#include "fuzz/qmp-fuzz.h"

#include <string.h>

#include "config/json.h"
#include "monitor/qmp-command.h"

QMP_ENUM(color, "red", "green");
QMP_LIST(color_list, &color);
QMP_OBJECT(point, { "x", &qmp_int }, { "y", &qmp_number, TRUE });
static const QmpType name_or_point = {
    .meta = QMP_META_ALTERNATE,
    .members = (const QmpMember[]){ { "p", &point }, { "n", &qmp_str }, { NULL } }
};
static const QmpType tagged = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "c", &color }, { NULL } },
    .tag = "c",
    .variants = (const QmpVariant[]){ { "green", &point }, { NULL } },
};
QMP_OBJECT(args, { "s", &qmp_str, TRUE }, { "b", &qmp_bool, TRUE },
           { "l", &color_list, TRUE }, { "a", &name_or_point, TRUE },
           { "t", &tagged, TRUE }, { "any", &qmp_any, TRUE });
static const QmpType open_args = { .meta = QMP_META_OBJECT,
                                   .members = (const QmpMember[]){ { NULL } },
                                   .open = TRUE };

static ConfigNode *run(ConfigNode *node, GError **errp)
{
    return NULL;
}

static const QmpCommand commands[] = {
    { "qmp_capabilities", run },
    { "e", run, .args = &args },
    { "open", run, .args = &open_args },
    { .name = NULL },
};
const QmpCommand *const qmp_command_tables[] = { commands, NULL };
const QmpEvent qmp_event_table[] = { { NULL, NULL } };

static void dispatch(JsonFramer *framer, gboolean *negotiated)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfigNode) message =
        json_parse_framed(framer->buf->str, framer->buf->len, &error);
    g_autoptr(ConfigNode) reply = NULL;
    g_autoptr(ConfigNode) again = NULL;
    g_autofree char *text = NULL;

    g_assert_true(!message == !!error);
    reply = message ? qmp_dispatch(message, negotiated) : qmp_error_reply(error, NULL);
    g_assert_true(config_map_has(reply, "return") != config_map_has(reply, "error"));
    text = config_to_json(reply, FALSE);
    again = json_parse_framed(text, strlen(text), NULL);
    g_assert_nonnull(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *p = (const char *)data;
    gboolean negotiated = len > 0 && data[0] == '{';
    JsonFramer framer;
    JsonFrame frame;

    json_framer_init(&framer);
    do {
        g_autoptr(GError) error = NULL;

        frame = json_framer_feed(&framer, &p, &len, &error);
        g_assert_true((frame == JSON_FRAME_ERROR) == (error != NULL));
        if (frame == JSON_FRAME_VALUE) {
            dispatch(&framer, &negotiated);
        }
    } while (frame != JSON_FRAME_MORE);
    json_framer_clear(&framer);
    return 0;
}
