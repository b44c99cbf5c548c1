/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watchdogs: the chipset's, which is always there (what is said of it is whether its
 * expiry has an effect), and the 6300ESB; and what happens when one expires. */
#include "command/kind.h"

static const char *const models[] = {
    [DOMAIN_WATCHDOG_ITCO] = "itco",
    [DOMAIN_WATCHDOG_I6300ESB] = "i6300esb",
};

/* -watchdog-action */
static const char *const actions[] = {
    [DOMAIN_WATCHDOG_RESET] = "reset",       [DOMAIN_WATCHDOG_SHUTDOWN] = "shutdown",
    [DOMAIN_WATCHDOG_POWEROFF] = "poweroff", [DOMAIN_WATCHDOG_PAUSE] = "pause",
    [DOMAIN_WATCHDOG_NONE] = "none",         [DOMAIN_WATCHDOG_INJECT_NMI] = "inject-nmi",
};

static gboolean is_card(gconstpointer device)
{
    return ((const DomainWatchdog *)device)->model == DOMAIN_WATCHDOG_I6300ESB;
}

static gboolean built_in(gconstpointer device)
{
    return !is_card(device);
}

static DomainWatchdogAction action_of(const DomainWatchdog *watchdog)
{
    return watchdog->action == DOMAIN_WATCHDOG_DEFAULT ? DOMAIN_WATCHDOG_RESET
                                                       : watchdog->action;
}

/* There is one action for all of them. */
static gboolean check_action(const Domain *domain, const DomainWatchdog *watchdog,
                             GError **errp)
{
    for (guint i = 0; i < domain->watchdogs->len; i++) {
        const DomainWatchdog *other = domain->watchdogs->pdata[i];

        if (action_of(other) != watchdog->action) {
            return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                                 "watchdogs with different actions are not supported: "
                                 "action='%s' of element <devices/watchdog model='%s'>",
                                 actions[watchdog->action], models[watchdog->model]);
        }
    }
    return TRUE;
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainWatchdog *watchdog = device;

    watchdog->action = action_of(watchdog);
    return ((is_card(watchdog) ? command_has_pci(machine) : machine->pm != NULL) ||
            command_unsupported(errp, "domain/devices/watchdog model",
                                models[watchdog->model], "the machine has none")) &&
           check_action(domain, watchdog, errp);
}

static const char *driver_of(gconstpointer device)
{
    return is_card(device) ? models[DOMAIN_WATCHDOG_I6300ESB] : NULL;
}

static const char *not_pluggable(gconstpointer device)
{
    return is_card(device) ? NULL : "hotplug of watchdog of model itco is not supported";
}

static const char *not_unpluggable(gconstpointer device)
{
    return is_card(device) ? NULL
                           : "hot unplug of watchdog of model itco is not supported";
}

static void add_action(CommandSteps *steps, const DomainWatchdog *watchdog)
{
    const char *action = actions[watchdog->action];

    command_step(steps, "-watchdog-action", "set-action",
                 util_json_pair("watchdog", action), NULL, NULL)
        ->text = g_strdup(action);
}

static void add_card(CommandSteps *steps, const DomainWatchdog *watchdog)
{
    JsonObject *props = util_json_pair("driver", driver_of(watchdog));

    json_object_set_string_member(props, "id", watchdog->info.alias);
    command_pci_props(steps, &watchdog->info.address, props);
    command_step_device(steps, props);
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainWatchdog *watchdog = device;

    if (steps->plug) { /* before it could expire */
        add_action(steps, watchdog);
    }
    if (is_card(watchdog)) {
        add_card(steps, watchdog);
    } else {
        command_step(steps, "-global", NULL, NULL, NULL, NULL)->text =
            g_strdup_printf("%s.noreboot=off", steps->machine->pm);
    }
    if (!steps->plug) {
        add_action(steps, watchdog);
    }
    return TRUE;
}

const CommandKind command_kind_watchdog = {
    .alias = "watchdog",
    .driver = "ICH9-LPC",
    .pluggable = TRUE,
    .boot = -1,
    .on_pci = is_card,
    .conventional = is_card,
    .driver_of = driver_of,
    .not_pluggable = not_pluggable,
    .not_unpluggable = not_unpluggable,
    .complete = complete,
    .built_in = built_in,
    .steps = steps,
};
