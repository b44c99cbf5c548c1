/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects: iothreads and what devices refer to by id. */
#include "config.h"

#include "monitor/commands.h"
#include "monitor/object.h"

static ConfigNode *cmd_object_add(ConfigNode *args, GError **errp)
{
    object_add(args, TRUE, errp);
    return NULL;
}

QMP_OBJECT(object_del_args, { "id", &qmp_str });

static ConfigNode *cmd_object_del(ConfigNode *args, GError **errp)
{
    object_del(qmp_arg_string(args, "id"), errp);
    return NULL;
}

const QmpCommand qmp_object_commands[] = {
    { "object-add", "Creates an object, as -object does", cmd_object_add,
      .kind = &object_kind },
    { "object-del", "Deletes an object that nobody uses", cmd_object_del,
      .args = &object_del_args },
    { .name = NULL },
};
