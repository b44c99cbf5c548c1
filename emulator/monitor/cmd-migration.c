/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live migration. */
#include "config.h"

#include "accel/run-state.h"
#include "config/dialect.h"
#include "migration/migration.h"
#include "monitor/commands.h"
#include "monitor/fds.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

/* detach: it always is. resume: of one by postcopy, which there is not. */
QMP_OBJECT(migrate_args, { "uri", &qmp_str }, { "detach", &qmp_bool, TRUE },
           { "resume", &qmp_bool, TRUE });

/* fd:NAME, of this client's getfd, as fd:NUMBER; the number can be claimed until *lent
 * goes. NULL: there is no such name. */
static char *lend_uri(QmpReply *reply, const char *uri, QmpLentFd *lent, GError **errp)
{
    if (!g_str_has_prefix(uri, "fd:") || g_ascii_isdigit(uri[3])) {
        return g_strdup(uri);
    }
    return qmp_fds_lend(qmp_reply_server(reply), uri + 3, lent, errp)
               ? g_strdup_printf("fd:%d", lent->fd)
               : NULL;
}

static void cmd_migrate(ConfigNode *args, QmpReply *reply)
{
    g_auto(QmpLentFd) lent = { .name = NULL };
    const ConfigNode *resume = config_map_peek(args, "resume");
    g_autofree char *uri = NULL;
    GError *error = NULL;

    if (resume && config_node_bool(resume)) {
        error_set(&error, "Cannot resume if there is no paused migration");
    } else {
        uri = lend_uri(reply, qmp_arg_string(args, "uri"), &lent, &error);
    }
    if (uri) {
        migration_start(uri, &error);
    }
    qmp_reply_done(reply, NULL, error);
}

static ConfigNode *cmd_migrate_cancel(ConfigNode *args, GError **errp)
{
    migration_cancel();
    return NULL;
}

QMP_OBJECT(incoming_args, { "uri", &qmp_str });

/* It listens, or reads, or cannot. */
static void begun(void *opaque, GError *error)
{
    qmp_reply_done(opaque, NULL, error);
}

static void cmd_migrate_incoming(ConfigNode *args, QmpReply *reply)
{
    g_auto(QmpLentFd) lent = { .name = NULL };
    g_autofree char *uri = NULL;
    GError *error = NULL;

    if (!migration_incoming_expected()) {
        error_set(&error, "'-incoming' was not specified on the command line");
    } else {
        uri = lend_uri(reply, qmp_arg_string(args, "uri"), &lent, &error);
    }
    if (uri) {
        migration_incoming_later(uri, begun, reply);
    } else {
        qmp_reply_done(reply, NULL, error);
    }
}

QMP_ENUM(migration_status, "none", "setup", "cancelling", "cancelled", "active",
         "completed", "failed", "pre-switchover", "device");
QMP_OBJECT(ram_info, { "transferred", &qmp_int }, { "remaining", &qmp_int },
           { "total", &qmp_int }, { "duplicate", &qmp_int }, { "skipped", &qmp_int },
           { "normal", &qmp_int }, { "normal-bytes", &qmp_int },
           { "dirty-pages-rate", &qmp_int }, { "mbps", &qmp_number },
           { "dirty-sync-count", &qmp_int }, { "page-size", &qmp_int });
QMP_OBJECT(migration_info, { "status", &migration_status, TRUE },
           { "ram", &ram_info, TRUE }, { "total-time", &qmp_int, TRUE },
           { "expected-downtime", &qmp_int, TRUE }, { "downtime", &qmp_int, TRUE },
           { "setup-time", &qmp_int, TRUE }, { "error-desc", &qmp_str, TRUE });

static ConfigNode *cmd_query_migrate(ConfigNode *args, GError **errp)
{
    const char *idle = dialect_get()->migrate_idle_status;
    ConfigNode *info = migration_query();

    if (idle && !config_map_has(info, "status")) {
        config_map_set_string(info, "status", idle);
    }
    return info;
}

QMP_OBJECT(parameters, { "max-bandwidth", &qmp_int, TRUE },
           { "downtime-limit", &qmp_int, TRUE });

static ConfigNode *cmd_set_parameters(ConfigNode *args, GError **errp)
{
    migration_set_parameters(args, errp);
    return NULL;
}

static ConfigNode *cmd_query_parameters(ConfigNode *args, GError **errp)
{
    return migration_query_parameters();
}

/* QEMU's names: those that are not offered are off, and can only be switched off. */
QMP_ENUM(capability, "events", "return-path", "xbzrle", "rdma-pin-all", "auto-converge",
         "zero-blocks", "compress", "postcopy-ram", "x-colo", "release-ram", "block",
         "pause-before-switchover", "multifd", "dirty-bitmaps", "postcopy-blocktime",
         "late-block-activate", "x-ignore-shared", "validate-uuid", "background-snapshot",
         "zero-copy-send", "postcopy-preempt", "switchover-ack", "dirty-limit",
         "mapped-ram");
QMP_OBJECT(capability_status, { "capability", &capability }, { "state", &qmp_bool });
QMP_LIST(capability_list, &capability_status);
QMP_OBJECT(set_capabilities_args, { "capabilities", &capability_list });

static ConfigNode *cmd_set_capabilities(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_map_get(args, "capabilities");

    /* All or none: first it is only looked at. */
    for (int apply = FALSE; apply <= TRUE; apply++) {
        for (guint i = 0; i < config_list_size(list); i++) {
            ConfigNode *row = config_list_at(list, i);

            if (!migration_set_capability(qmp_arg_string(row, "capability"),
                                          config_node_bool(config_map_get(row, "state")),
                                          apply, errp)) {
                return NULL;
            }
        }
    }
    return NULL;
}

static ConfigNode *cmd_query_capabilities(ConfigNode *args, GError **errp)
{
    return migration_query_capabilities();
}

const QmpCommand qmp_migration_commands[] = {
    { "migrate",
      "Sends this VM to the destination at uri; query-migrate tells how it goes",
      .start = cmd_migrate, .args = &migrate_args },
    { "migrate_cancel", "Ends the migration that is under way; the VM goes on here",
      cmd_migrate_cancel },
    { "migrate-incoming",
      "Waits for a migration, after -incoming defer; answers when it listens",
      .start = cmd_migrate_incoming, .args = &incoming_args },
    { "query-migrate", "How far the migration is, or how it ended", cmd_query_migrate,
      .ret = &migration_info },
    { "migrate-set-parameters", "Sets parameters of migration; all or none",
      cmd_set_parameters, .args = &parameters },
    { "query-migrate-parameters", "The parameters of migration", cmd_query_parameters,
      .ret = &parameters },
    { "migrate-set-capabilities",
      "Switches capabilities of migration on and off; all or none", cmd_set_capabilities,
      .args = &set_capabilities_args },
    { "query-migrate-capabilities", "The capabilities of migration",
      cmd_query_capabilities, .ret = &capability_list },
    { .name = NULL },
};
