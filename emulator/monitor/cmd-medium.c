/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Media that come and go, and the trays of their drives. */
#include "config.h"

#include <string.h>

#include "block/removable.h"
#include "device/device.h"
#include "monitor/commands.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

/* By a device's id or path: of drives, or of disks, whose media stay. */
static Removable *find_by_id(const char *id, GError **errp)
{
    const Device *dev = *id == '/' ? device_find_path(id) : device_find(id);
    Removable *r = dev ? removable_find(dev->path) : NULL;

    if (!dev) {
        qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", id);
    } else if (!r && block_user_exists(dev->id ? dev->id : dev->path)) {
        error_set(errp, "Device '%s' is not removable", id);
    } else if (!r) {
        error_set(errp, "Device does not have a block device backend");
    }
    return r;
}

/* Each command names its drive one way or the other. */
static Removable *find(ConfigNode *args, GError **errp)
{
    const char *id = qmp_arg_string(args, "id");
    const char *drive = qmp_arg_string(args, "device");
    Removable *r;

    if (!id == !drive) {
        error_set(errp, "Need exactly one of 'device' and 'id'");
        return NULL;
    }
    r = id ? find_by_id(id, errp) : removable_find_drive(drive);
    if (!r && drive) {
        qmp_fail(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", drive);
    }
    return r;
}

static gboolean flag(ConfigNode *args, const char *name)
{
    const ConfigNode *node = config_map_peek(args, name);

    return node && config_node_bool(node);
}

/* The medium is in, or out. */
static void changed(void *opaque, GError *error)
{
    qmp_reply_done(opaque, NULL, error);
}

QMP_OBJECT(tray_args, { "device", &qmp_str, TRUE }, { "id", &qmp_str, TRUE });
QMP_OBJECT(open_args, { "device", &qmp_str, TRUE }, { "id", &qmp_str, TRUE },
           { "force", &qmp_bool, TRUE });

/* The guest is asked where it has locked the tray, and that is no error. */
static ConfigNode *cmd_open_tray(ConfigNode *args, GError **errp)
{
    Removable *r = find(args, errp);

    if (r) {
        removable_open_tray(r, flag(args, "force"), NULL);
    }
    return NULL;
}

static ConfigNode *cmd_close_tray(ConfigNode *args, GError **errp)
{
    Removable *r = find(args, errp);

    if (r) {
        removable_close_tray(r);
    }
    return NULL;
}

static void cmd_eject(ConfigNode *args, QmpReply *reply)
{
    GError *error = NULL;
    Removable *r = find(args, &error);

    if (r && removable_open_tray(r, flag(args, "force"), &error)) {
        removable_take_out_later(r, changed, reply);
    } else {
        qmp_reply_done(reply, NULL, error);
    }
}

QMP_OBJECT(remove_args, { "id", &qmp_str });

static void cmd_remove_medium(ConfigNode *args, QmpReply *reply)
{
    GError *error = NULL;
    Removable *r = find(args, &error);

    if (r) {
        removable_take_out_later(r, changed, reply);
    } else {
        qmp_reply_done(reply, NULL, error);
    }
}

QMP_OBJECT(insert_args, { "id", &qmp_str }, { "node-name", &qmp_str });

static void cmd_insert_medium(ConfigNode *args, QmpReply *reply)
{
    GError *error = NULL;
    Removable *r = find(args, &error);

    if (r) {
        removable_insert_later(r, qmp_arg_string(args, "node-name"), changed, reply);
    } else {
        qmp_reply_done(reply, NULL, error);
    }
}

static const QmpType change_mode = { .meta = QMP_META_ENUM,
                                     .values = removable_mode_names };
QMP_OBJECT(change_args, { "device", &qmp_str, TRUE }, { "id", &qmp_str, TRUE },
           { "filename", &qmp_str }, { "format", &qmp_str, TRUE },
           { "force", &qmp_bool, TRUE }, { "read-only-mode", &change_mode, TRUE });

static RemovableMode mode_of(const char *name)
{
    guint mode = 0;

    while (name && strcmp(removable_mode_names[mode], name) != 0) {
        mode++;
    }
    return (RemovableMode)mode;
}

static void cmd_change_medium(ConfigNode *args, QmpReply *reply)
{
    GError *error = NULL;
    Removable *r = find(args, &error);

    if (!r) {
        qmp_reply_done(reply, NULL, error);
        return;
    }
    RemovableImage image = { .filename = qmp_arg_string(args, "filename"),
                             .format = qmp_arg_string(args, "format"),
                             .mode = mode_of(qmp_arg_string(args, "read-only-mode")),
                             .force = flag(args, "force") };
    removable_change_later(r, &image, changed, reply);
}

const QmpCommand qmp_medium_commands[] = {
    { "eject",
      "Opens a drive's tray and takes the medium out; of a tray that the guest has "
      "locked it asks the guest, and fails; with force it opens all the same",
      .start = cmd_eject, .args = &open_args },
    { "blockdev-open-tray",
      "Opens a drive's tray; of one that the guest has locked it asks the guest to open "
      "it, and DEVICE_TRAY_MOVED follows when that does; with force it opens at once",
      cmd_open_tray, .args = &open_args },
    { "blockdev-close-tray", "Closes a drive's tray", cmd_close_tray,
      .args = &tray_args },
    { "blockdev-remove-medium",
      "Takes the medium out of a drive whose tray is open; its node stays, and nobody "
      "uses it",
      .start = cmd_remove_medium, .args = &remove_args },
    { "blockdev-insert-medium",
      "Puts a block node that nobody uses into a drive whose tray is open and empty",
      .start = cmd_insert_medium, .args = &insert_args },
    { "blockdev-change-medium",
      "Opens the tray, puts the medium of an image file in the place of what was there, "
      "and closes it; the node goes with the medium. read-only-mode retain, the "
      "default, is as of the medium before, and read-only without one",
      .start = cmd_change_medium, .args = &change_args },
    { .name = NULL },
};
