/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Consoles that are no serial ports: virtconsole. */
#include "command/chardev.h"

/* One that is attached has no number yet; 0 is the first serial port's. */
static guint next_port(const Domain *domain)
{
    guint next = domain->serials->len ? 1 : 0;

    for (guint i = 0; i < domain->consoles->len; i++) {
        const DomainConsole *other = domain->consoles->pdata[i];
        next = other->port == G_MAXUINT ? next : MAX(next, other->port + 1);
    }
    return next;
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainConsole *console = device;

    if (console->target == DOMAIN_CONSOLE_SERIAL) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_UNSUPPORTED,
                             "attaching serial console is not supported");
    }
    if (console->port == G_MAXUINT) {
        console->port = next_port(domain);
    }
    return command_chardev_complete(&console->chardev, "devices/console", errp);
}

/* libvirt counts the first serial port, too: it is "console0" as well. */
static guint first_alias(const Domain *domain)
{
    return domain->serials->len ? 1 : 0;
}

static const char *not_pluggable(gconstpointer device)
{
    return command_chardev_not_pluggable(&((const DomainConsole *)device)->chardev);
}

static gboolean prepare_host(const CommandHost *host, const Domain *domain,
                             gpointer device, GArray *fds, GError **errp)
{
    return command_chardev_prepare(host, &((DomainConsole *)device)->chardev, fds, errp);
}

static void release_host(const CommandHost *host, gconstpointer device)
{
    command_chardev_release(&((const DomainConsole *)device)->chardev);
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainConsole *console = device;

    if (!command_chardev_steps(steps, &console->chardev, &console->info, errp)) {
        return FALSE;
    }
    command_step_device(
        steps, command_serial_port(steps, command_kind_console.driver, &console->info));
    return TRUE;
}

const CommandKind command_kind_console = {
    .alias = "console",
    .driver = "virtconsole",
    .serial_port = TRUE,
    .pluggable = TRUE,
    .boot = -1,
    .not_pluggable = not_pluggable,
    .first_alias = first_alias,
    .complete = complete,
    .prepare_host = prepare_host,
    .release_host = release_host,
    .steps = steps,
    .leftovers = command_chardev_leftovers,
};
