/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watchdog of the chipset, which is always there: what is said of it is whether its
 * expiry has an effect, and which one. */
#include "command/kind.h"

/* -watchdog-action */
static const char *const actions[] = {
    [DOMAIN_WATCHDOG_RESET] = "reset",       [DOMAIN_WATCHDOG_SHUTDOWN] = "shutdown",
    [DOMAIN_WATCHDOG_POWEROFF] = "poweroff", [DOMAIN_WATCHDOG_PAUSE] = "pause",
    [DOMAIN_WATCHDOG_NONE] = "none",         [DOMAIN_WATCHDOG_INJECT_NMI] = "inject-nmi",
};

static gboolean built_in(gconstpointer device)
{
    return TRUE;
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainWatchdog *watchdog = device;

    if (watchdog->action == DOMAIN_WATCHDOG_DEFAULT) {
        watchdog->action = DOMAIN_WATCHDOG_RESET;
    }
    return machine->pm || command_unsupported(errp, "domain/devices/watchdog model",
                                              "itco", "the machine has none");
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainWatchdog *watchdog = device;

    command_step(steps, "-global", NULL, NULL, NULL, NULL)->text =
        g_strdup_printf("%s.noreboot=off", steps->machine->pm);
    command_step(steps, "-watchdog-action", NULL, NULL, NULL, NULL)->text =
        g_strdup(actions[watchdog->action]);
    return TRUE;
}

const CommandKind command_kind_watchdog = {
    .alias = "watchdog",
    .driver = "ICH9-LPC",
    .boot = -1,
    .complete = complete,
    .built_in = built_in,
    .steps = steps,
};
