/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "config/action.h"

#include <string.h>

const char *const action_keys[] = { [ACTION_REBOOT] = "reboot",
                                    [ACTION_SHUTDOWN] = "shutdown",
                                    [ACTION_PANIC] = "panic",
                                    [ACTION_WATCHDOG] = "watchdog",
                                    [ACTION__KINDS] = NULL };

const char *const action_reboot_names[] = {
    [REBOOT_ACTION_RESET] = "reset", [REBOOT_ACTION_SHUTDOWN] = "shutdown", NULL
};

const char *const action_shutdown_names[] = {
    [SHUTDOWN_ACTION_POWEROFF] = "poweroff", [SHUTDOWN_ACTION_PAUSE] = "pause", NULL
};

const char *const action_panic_names[] = { [PANIC_ACTION_PAUSE] = "pause",
                                           [PANIC_ACTION_SHUTDOWN] = "shutdown",
                                           [PANIC_ACTION_EXIT_FAILURE] = "exit-failure",
                                           [PANIC_ACTION_NONE] = "none",
                                           NULL };

const char *const action_watchdog_names[] = {
    [WATCHDOG_ACTION_RESET] = "reset",           [WATCHDOG_ACTION_SHUTDOWN] = "shutdown",
    [WATCHDOG_ACTION_POWEROFF] = "poweroff",     [WATCHDOG_ACTION_PAUSE] = "pause",
    [WATCHDOG_ACTION_DEBUG] = "debug",           [WATCHDOG_ACTION_NONE] = "none",
    [WATCHDOG_ACTION_INJECT_NMI] = "inject-nmi", NULL
};

const char *const *action_values(ActionKind kind)
{
    static const char *const *const names[] = { [ACTION_REBOOT] = action_reboot_names,
                                                [ACTION_SHUTDOWN] = action_shutdown_names,
                                                [ACTION_PANIC] = action_panic_names,
                                                [ACTION_WATCHDOG] =
                                                    action_watchdog_names };
    return names[kind];
}

int action_find(ActionKind kind, const char *name)
{
    const char *const *names = action_values(kind);
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}
