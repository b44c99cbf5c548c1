/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects: iothreads and what devices refer to by id. */
#include "config.h"

#include "monitor/commands.h"
#include "monitor/object.h"

QMP_ENUM(object_type, "iothread", "rng-builtin", "rng-random", "secret");
QMP_OBJECT(rng_options, { "filename", &qmp_str, TRUE });
QMP_ENUM(secret_format, "raw", "base64");
QMP_OBJECT(secret_options, { "data", &qmp_str, TRUE }, { "file", &qmp_str, TRUE },
           { "format", &secret_format, TRUE }, { "iv", &qmp_str, TRUE },
           { "keyid", &qmp_str, TRUE });

static const QmpType object_add_args = {
    .meta = QMP_META_OBJECT,
    .members =
        (const QmpMember[]){ { "qom-type", &object_type }, { "id", &qmp_str }, { NULL } },
    .tag = "qom-type",
    .variants = (const QmpVariant[]){ { "rng-random", &rng_options },
                                      { "secret", &secret_options },
                                      { NULL } },
};

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
      .args = &object_add_args },
    { "object-del", "Deletes an object that nobody uses", cmd_object_del,
      .args = &object_del_args },
    { .name = NULL },
};
