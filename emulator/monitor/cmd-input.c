/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client types and points at. */
#include "config.h"

#include <linux/input-event-codes.h>
#include <string.h>

#include "input/input.h"
#include "input/keys.h"
#include "input/type.h"
#include "monitor/commands.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

#define HOLD_DEFAULT 100 /* ms */
#define HOLD_MAX     G_MAXINT32

QMP_ENUM(key_tag, "number", "qcode");
static const QmpType key_name = { .meta = QMP_META_ENUM, .values = input_key_names };
QMP_OBJECT(number_data, { "data", &qmp_int });
QMP_OBJECT(qcode_data, { "data", &key_name });
static const QmpType key_value = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "type", &key_tag }, { NULL } },
    .tag = "type",
    .variants = (const QmpVariant[]){ { "number", &number_data },
                                      { "qcode", &qcode_data },
                                      { NULL } },
};
QMP_LIST(key_list, &key_value);
QMP_OBJECT(send_key_args, { "keys", &key_list }, { "hold-time", &qmp_int, TRUE });

QMP_OBJECT(key_event, { "key", &key_value }, { "down", &qmp_bool });
QMP_ENUM(button_name, "left", "middle", "right", "wheel-up", "wheel-down", "side",
         "extra", "wheel-left", "wheel-right");
QMP_OBJECT(button_event, { "button", &button_name }, { "down", &qmp_bool });
QMP_ENUM(axis_name, "x", "y");
QMP_OBJECT(move_event, { "axis", &axis_name }, { "value", &qmp_int });
QMP_OBJECT(key_event_data, { "data", &key_event });
QMP_OBJECT(button_event_data, { "data", &button_event });
QMP_OBJECT(move_event_data, { "data", &move_event });
QMP_ENUM(event_tag, "key", "btn", "rel", "abs");
static const QmpType event_value = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "type", &event_tag }, { NULL } },
    .tag = "type",
    .variants = (const QmpVariant[]){ { "key", &key_event_data },
                                      { "btn", &button_event_data },
                                      { "rel", &move_event_data },
                                      { "abs", &move_event_data },
                                      { NULL } },
};
QMP_LIST(event_list, &event_value);
QMP_OBJECT(send_event_args, { "device", &qmp_str, TRUE }, { "head", &qmp_int, TRUE },
           { "events", &event_list });

/* 0: the number of no key. */
static guint key_code(ConfigNode *key)
{
    const ConfigNode *data = config_map_get(key, "data");

    return strcmp(qmp_arg_string(key, "type"), "number") == 0
               ? input_key_of_number(config_node_int(data))
               : input_key_of_name(config_node_string(data));
}

static ConfigNode *cmd_send_key(ConfigNode *args, GError **errp)
{
    ConfigNode *keys = config_map_get(args, "keys");
    const ConfigNode *hold = config_map_get(args, "hold-time");
    gint64 time = hold ? config_node_int(hold) : HOLD_DEFAULT;
    g_autoptr(GArray) codes = g_array_new(FALSE, FALSE, sizeof(guint));

    if (time < 0 || time > HOLD_MAX) {
        error_set(errp, "Parameter 'hold-time' expects milliseconds, 0 to %d", HOLD_MAX);
        return NULL;
    }
    for (guint i = 0; i < config_list_size(keys); i++) {
        guint code = key_code(config_list_at(keys, i));
        if (code) { /* others are passed over, as QEMU does */
            g_array_append_val(codes, code);
        }
    }
    if (!input_type((const guint *)codes->data, codes->len, (guint)time)) {
        error_set(errp, "More than %d keys are still to be sent", INPUT_TYPE_MAX);
    }
    return NULL;
}

/* A wheel's buttons are its steps; one to the side is not there. */
static gboolean button(ConfigNode *data, InputEvent *event)
{
    static const struct {
        const char *name;
        guint code;
    } buttons[] = { { "left", BTN_LEFT },
                    { "middle", BTN_MIDDLE },
                    { "right", BTN_RIGHT },
                    { "side", BTN_SIDE },
                    { "extra", BTN_EXTRA } };
    const char *name = qmp_arg_string(data, "button");
    gboolean down = config_node_bool(config_map_get(data, "down"));

    for (guint i = 0; i < G_N_ELEMENTS(buttons); i++) {
        if (strcmp(buttons[i].name, name) == 0) {
            *event = (InputEvent){ INPUT_BUTTON, buttons[i].code, down };
            return TRUE;
        }
    }
    *event =
        (InputEvent){ INPUT_REL, INPUT_WHEEL, strcmp(name, "wheel-up") == 0 ? 1 : -1 };
    return down && (strcmp(name, "wheel-up") == 0 || strcmp(name, "wheel-down") == 0);
}

/* FALSE: it says nothing. */
static gboolean read_event(ConfigNode *node, InputEvent *event)
{
    const char *type = qmp_arg_string(node, "type");
    ConfigNode *data = config_map_get(node, "data");

    if (strcmp(type, "key") == 0) {
        *event = (InputEvent){ INPUT_KEY, key_code(config_map_get(data, "key")),
                               config_node_bool(config_map_get(data, "down")) };
        return event->code != 0;
    }
    if (strcmp(type, "btn") == 0) {
        return button(data, event);
    }
    gint64 value = config_node_int(config_map_get(data, "value"));
    *event =
        (InputEvent){ strcmp(type, "rel") == 0 ? INPUT_REL : INPUT_ABS,
                      strcmp(qmp_arg_string(data, "axis"), "x") == 0 ? INPUT_X : INPUT_Y,
                      (gint32)CLAMP(value, G_MININT32, G_MAXINT32) };
    return TRUE;
}

static InputKind kind_of(ConfigNode *node)
{
    static const char *const names[] = { [INPUT_KEY] = "key",
                                         [INPUT_BUTTON] = "btn",
                                         [INPUT_REL] = "rel",
                                         [INPUT_ABS] = "abs" };
    const char *type = qmp_arg_string(node, "type");
    guint kind = 0;

    while (strcmp(names[kind], type) != 0) {
        kind++;
    }
    return (InputKind)kind;
}

/* All of them, or none. */
static ConfigNode *cmd_send_event(ConfigNode *args, GError **errp)
{
    ConfigNode *events = config_map_get(args, "events");
    const char *device = qmp_arg_string(args, "device");

    if (device) {
        return qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND,
                        "Device '%s' not found: there are no displays", device);
    }
    for (guint i = 0; i < config_list_size(events); i++) {
        ConfigNode *node = config_list_at(events, i);
        if (!input_handler_name(kind_of(node))) {
            error_set(errp, "Input handler not found for event type %s",
                      qmp_arg_string(node, "type"));
            return NULL;
        }
    }
    for (guint i = 0; i < config_list_size(events); i++) {
        InputEvent event;
        if (read_event(config_list_at(events, i), &event)) {
            input_event_send(&event);
        }
    }
    input_event_sync();
    return NULL;
}

const QmpCommand qmp_input_commands[] = {
    { "input-send-event", "What keyboards, mice and tablets of the guest are to report",
      cmd_send_event, .args = &send_event_args },
    { "send-key", "Presses keys together, and lets go of them", cmd_send_key,
      .args = &send_key_args },
    { .name = NULL },
};
