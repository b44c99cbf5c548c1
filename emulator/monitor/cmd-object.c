/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects: iothreads and what devices refer to by id. */
#include "config.h"

#include "monitor/commands.h"
#include "monitor/object.h"

/* The host has answered. */
static void changed(void *opaque, GError *error)
{
    qmp_reply_done(opaque, NULL, error);
}

static void cmd_object_add(ConfigNode *args, QmpReply *reply)
{
    object_add_later(args, changed, reply);
}

QMP_OBJECT(object_del_args, { "id", &qmp_str });

static void cmd_object_del(ConfigNode *args, QmpReply *reply)
{
    object_del_later(qmp_arg_string(args, "id"), changed, reply);
}

const QmpCommand qmp_object_commands[] = {
    { "object-add", "Creates an object, as -object does", .start = cmd_object_add,
      .kind = &object_kind },
    { "object-del", "Deletes an object that nobody uses", .start = cmd_object_del,
      .args = &object_del_args },
    { .name = NULL },
};
