/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the VM runs. */
#include "config.h"

#include "accel/accel.h"
#include "accel/run-state.h"
#include "block/stats.h"
#include "machine/machine.h"
#include "migration/migration.h"
#include "monitor/commands.h"
#include "monitor/qmp-command.h"
#include "monitor/qom.h"
#include "util/error.h"

/* QEMU's RunState: those of run-state.h among them. */
QMP_ENUM(run_state, "debug", "inmigrate", "internal-error", "io-error", "paused",
         "postmigrate", "prelaunch", "finish-migrate", "restore-vm", "running", "save-vm",
         "shutdown", "suspended", "watchdog", "guest-panicked", "colo");
QMP_OBJECT(status_info, { "running", &qmp_bool }, { "singlestep", &qmp_bool },
           { "status", &run_state });

static ConfigNode *cmd_query_status(ConfigNode *args, GError **errp)
{
    ConfigNode *info = config_map_new();

    config_map_set_bool(info, "running", vm_running());
    config_map_set_bool(info, "singlestep", FALSE);
    config_map_set_string(info, "status", run_state_name(run_state_get()));
    return info;
}

static void cmd_stop(ConfigNode *args, QmpReply *reply);

/* QEMU too does not fail when a flush does: the VM is stopped, and a later flush fails.
 */
static void stands_still(void *opaque, gboolean stands, const GError *flush_error)
{
    GError *error = NULL;

    if (!stands && !vm_ending()) {
        cmd_stop(NULL, opaque); /* it was started meanwhile */
        return;
    }
    if (!stands) {
        error_set(&error, "The emulator ends before the VM stands still");
    }
    qmp_reply_done(opaque, NULL, error);
}

/* The reply comes when nothing moves any more: see vm_quiesce(). */
static void cmd_stop(ConfigNode *args, QmpReply *reply)
{
    GError *error = NULL;

    if (migration_switching_over()) {
        /* The state that the VM is to go on with has been chosen, here or there. */
        error_set(&error, "Migration is not finalized yet");
    } else if (run_state_get() == RUN_STATE_INMIGRATE) {
        migration_set_autostart(FALSE);
    } else {
        vm_stop(RUN_STATE_PAUSED);
        vm_quiesce(stands_still, reply);
        return;
    }
    qmp_reply_done(reply, NULL, error);
}

static gboolean may_go_on(GError **errp)
{
    if (run_state_needs_reset()) {
        return error_set(errp, "Resetting the Virtual Machine is required");
    }
    return !migration_switching_over() ||
           error_set(errp, "Migration is not finalized yet");
}

/* The images are here, or error; meanwhile other monitors have gone on. */
static void images_taken(void *opaque, GError *error)
{
    if (!error && may_go_on(&error) && run_state_get() != RUN_STATE_INMIGRATE) {
        block_status_reset_all();
        vm_start();
    }
    qmp_reply_done(opaque, NULL, error);
}

/*
 * While a migration comes in, cont is a wish for when it is complete. Images that
 * were given away (or not yet taken) are taken first: whoever holds them runs.
 */
static void stopped_before(void *opaque, gboolean stands, const GError *flush_error)
{
    GError *error = NULL;

    if (!may_go_on(&error)) {
        qmp_reply_done(opaque, NULL, error);
    } else if (run_state_get() == RUN_STATE_INMIGRATE) {
        migration_set_autostart(TRUE);
        qmp_reply_done(opaque, NULL, NULL);
    } else if (vm_running()) {
        qmp_reply_done(opaque, NULL, NULL);
    } else {
        block_activate_all(images_taken, opaque);
    }
}

/* A stop under way has its end first, and so its reply. */
static void cmd_cont(ConfigNode *args, QmpReply *reply)
{
    if (vm_running()) {
        stopped_before(reply, FALSE, NULL);
    } else {
        vm_quiesce(stopped_before, reply);
    }
}

static ConfigNode *cmd_quit(ConfigNode *args, GError **errp)
{
    vm_request_shutdown(SHUTDOWN_HOST_QMP_QUIT);
    return NULL;
}

static ConfigNode *cmd_reset(ConfigNode *args, GError **errp)
{
    vm_request_reset(SHUTDOWN_HOST_QMP_SYSTEM_RESET);
    return NULL;
}

static ConfigNode *cmd_powerdown(ConfigNode *args, GError **errp)
{
    vm_request_powerdown();
    return NULL;
}

/* There is no sleep that a guest could be woken from (query-current-machine). */
static ConfigNode *cmd_wakeup(ConfigNode *args, GError **errp)
{
    error_set(errp, "wake-up from suspend is not supported by this guest");
    return NULL;
}

static ConfigNode *cmd_inject_nmi(ConfigNode *args, GError **errp)
{
    accel_inject_nmi(errp);
    return NULL;
}

QMP_ENUM(cpu_target, "x86_64");
QMP_OBJECT(cpu_info, { "cpu-index", &qmp_int }, { "qom-path", &qmp_str },
           { "thread-id", &qmp_int }, { "target", &cpu_target });
QMP_LIST(cpu_info_list, &cpu_info);

static ConfigNode *cmd_query_cpus(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_list_new();

    for (unsigned i = 0; i < machine_cpus(); i++) {
        g_autofree char *path = qom_cpu_path(i);
        ConfigNode *info = config_map_new();

        config_map_set_int(info, "cpu-index", i);
        config_map_set_string(info, "qom-path", path);
        config_map_set_int(info, "thread-id", machine_cpu_tid(i));
        config_map_set_string(info, "target", "x86_64");
        config_list_add(list, info);
    }
    return list;
}

const QmpCommand qmp_run_commands[] = {
    { "query-status", "Whether the VM runs, and why not", cmd_query_status,
      .ret = &status_info },
    { "stop", "Stops the VM; answers when nothing moves any more and all is written",
      .start = cmd_stop },
    { "cont", "Lets the VM go on; requests that wait after an I/O error are done again",
      .start = cmd_cont },
    { "quit", "Ends the VM and the process", cmd_quit },
    { "system_reset", "Resets the VM", cmd_reset, .to_guest = TRUE },
    { "system_powerdown", "Presses the power button", cmd_powerdown, .to_guest = TRUE },
    { "system_wakeup", "Wakes the guest up, which no machine can: there is no suspend",
      cmd_wakeup, .to_guest = TRUE },
    { "inject-nmi", "A non-maskable interrupt for all vCPUs: LINT1 of their local APICs",
      cmd_inject_nmi, .to_guest = TRUE },
    { "query-cpus-fast", "The vCPUs and their threads", cmd_query_cpus,
      .ret = &cpu_info_list },
    { .name = NULL },
};
