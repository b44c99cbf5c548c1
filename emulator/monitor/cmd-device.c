/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices come and go. */
#include "config.h"

#include "accel/run-state.h"
#include "device/device.h"
#include "migration/migration.h"
#include "monitor/commands.h"
#include "monitor/fds.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

/* All other members are the class's properties, and checked there. */
static const QmpType device_add_args = {
    .meta = QMP_META_OBJECT,
    .members = (const QmpMember[]){ { "driver", &qmp_str },
                                    { "bus", &qmp_str, TRUE },
                                    { "id", &qmp_str, TRUE },
                                    { NULL } },
    .open = TRUE
};

static gboolean check_idle(const char *command, GError **errp)
{
    return !migration_active() ||
           error_set(errp, "%s not allowed while migrating", command);
}

static gboolean may_add(GError **errp)
{
    return check_idle("device_add", errp) &&
           (!vm_ending() || error_set(errp, "The emulator ends"));
}

/* It is there, or not. */
static void added(void *opaque, GError *error)
{
    qmp_reply_done(opaque, NULL, error);
}

/* vhostfd=NAME, of this client's getfd; the number can be claimed until *lent goes. */
static gboolean lend_vhost(ConfigNode *args, QmpServer *server, QmpLentFd *lent,
                           GError **errp)
{
    const char *name = config_map_string(args, "vhostfd");

    if (!name || g_ascii_isdigit(name[0])) {
        return TRUE;
    }
    if (!qmp_fds_lend(server, name, lent, errp)) {
        return FALSE;
    }
    g_autofree char *number = g_strdup_printf("%d", lent->fd);
    config_map_set_string(args, "vhostfd", number);
    return TRUE;
}

static void cmd_device_add(ConfigNode *args, QmpReply *reply)
{
    g_auto(QmpLentFd) lent = { .name = NULL };
    GError *error = NULL;

    if (lend_vhost(args, qmp_reply_server(reply), &lent, &error)) {
        device_add_later(args, may_add, added, reply);
    } else {
        qmp_reply_done(reply, NULL, error);
    }
}

QMP_OBJECT(device_del_args, { "id", &qmp_str });

/* Its id, or its path, which one without an id has too. */
static Device *find(const char *id)
{
    return *id == '/' ? device_find_path(id) : device_find(id);
}

static void delete (const char *id, GError **errp)
{
    Device *dev = find(id);

    if (!dev) {
        qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", id);
    } else if (run_state_get() == RUN_STATE_INMIGRATE) {
        /* The stream says what the guest has been asked for. */
        error_set(errp, "Guest is waiting for an incoming migration");
    } else if (check_idle("device_del", errp)) {
        device_request_unplug(dev, errp);
    }
}

typedef struct Delete {
    QmpReply *reply;
    char *id;
} Delete;

static void delete_now(void *opaque, gboolean stands, const GError *flush_error)
{
    Delete *d = opaque;
    GError *error = NULL;

    delete (d->id, &error);
    qmp_reply_done(d->reply, NULL, error);
    g_free(d->id);
    g_free(d);
}

/* While a VM that was stopped is flushed, all disks stay. */
static void cmd_device_del(ConfigNode *args, QmpReply *reply)
{
    Delete *d = g_new0(Delete, 1);

    d->reply = reply;
    d->id = g_strdup(qmp_arg_string(args, "id"));
    if (vm_running()) {
        delete_now(d, FALSE, NULL);
    } else {
        vm_quiesce(delete_now, d);
    }
}

static const char *const device_add_features[] = { "json-cli", "json-cli-hotplug", NULL };

const QmpCommand qmp_device_commands[] = {
    { "device_add",
      "Plugs a device, as -device does; further arguments are its properties",
      .start = cmd_device_add, .args = &device_add_args,
      .features = device_add_features },
    { "device_del", "Asks the guest to let a device go; DEVICE_DELETED follows",
      .start = cmd_device_del, .args = &device_del_args },
    { .name = NULL },
};
