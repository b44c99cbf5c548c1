/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done when the guest reboots, ends, panics, or a watchdog expires. */
#include "config.h"

#include "accel/run-state.h"
#include "monitor/commands.h"
#include "monitor/qmp-command.h"

#define ACTION_TYPE(name_, values_)                                                      \
    static const QmpType name_ = { .meta = QMP_META_ENUM, .values = values_ }

ACTION_TYPE(reboot_action, action_reboot_names);
ACTION_TYPE(shutdown_action, action_shutdown_names);
ACTION_TYPE(panic_action, action_panic_names);
ACTION_TYPE(watchdog_action, action_watchdog_names);

QMP_OBJECT(set_action_args, { "reboot", &reboot_action, TRUE },
           { "shutdown", &shutdown_action, TRUE }, { "panic", &panic_action, TRUE },
           { "watchdog", &watchdog_action, TRUE });
QMP_OBJECT(watchdog_args, { "action", &watchdog_action });

static void set_action(ActionKind kind, const char *name)
{
    if (name) {
        vm_set_action(kind, action_find(kind, name));
    }
}

static ConfigNode *cmd_set_action(ConfigNode *args, GError **errp)
{
    for (int kind = 0; kind < ACTION__KINDS; kind++) {
        set_action((ActionKind)kind, qmp_arg_string(args, action_keys[kind]));
    }
    return NULL;
}

static ConfigNode *cmd_watchdog_set_action(ConfigNode *args, GError **errp)
{
    set_action(ACTION_WATCHDOG, qmp_arg_string(args, "action"));
    return NULL;
}

const QmpCommand qmp_action_commands[] = {
    { "set-action",
      "What is done when the guest reboots, powers off, panics, or a watchdog expires",
      cmd_set_action, .args = &set_action_args },
    { "watchdog-set-action", "What is done when a watchdog expires",
      cmd_watchdog_set_action, .args = &watchdog_args },
    { .name = NULL },
};
