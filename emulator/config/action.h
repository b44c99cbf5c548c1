/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done when the guest asks for something or comes to an end: `-action`, and QMP's
 * set-action. The names are QEMU's.
 */
#ifndef VIREO_CONFIG_ACTION_H
#define VIREO_CONFIG_ACTION_H

typedef enum ActionKind {
    ACTION_REBOOT,
    ACTION_SHUTDOWN,
    ACTION_PANIC,
    ACTION_WATCHDOG,
    ACTION__KINDS
} ActionKind;

/* The first of each is the default, but for a panic's. */
typedef enum RebootAction { REBOOT_ACTION_RESET, REBOOT_ACTION_SHUTDOWN } RebootAction;
typedef enum ShutdownAction {
    SHUTDOWN_ACTION_POWEROFF,
    SHUTDOWN_ACTION_PAUSE
} ShutdownAction;
typedef enum PanicAction {
    PANIC_ACTION_PAUSE,
    PANIC_ACTION_SHUTDOWN, /* the default; a pause where a shutdown is one */
    PANIC_ACTION_EXIT_FAILURE,
    PANIC_ACTION_NONE
} PanicAction;
typedef enum WatchdogAction {
    WATCHDOG_ACTION_RESET,
    WATCHDOG_ACTION_SHUTDOWN, /* presses the power button */
    WATCHDOG_ACTION_POWEROFF,
    WATCHDOG_ACTION_PAUSE,
    WATCHDOG_ACTION_DEBUG,
    WATCHDOG_ACTION_NONE,
    WATCHDOG_ACTION_INJECT_NMI
} WatchdogAction;

/* The key of the kind, and the names of its values by number; both end with NULL. */
extern const char *const action_keys[];
extern const char *const action_reboot_names[], *const action_shutdown_names[],
                                                    *const action_panic_names[],
                                                        *const action_watchdog_names[];
const char *const *action_values(ActionKind kind);
/* -1: no such name. */
int action_find(ActionKind kind, const char *name);

#endif
