/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects: iothreads and what devices refer to by id. */
#include "config.h"

#include "event/loop.h"
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

/* None of them polls: all times of that are 0. */
static const char *const never[] = { "poll-max-ns", "poll-grow", "poll-shrink",
                                     "aio-max-batch" };
QMP_OBJECT(iothread_info, { "id", &qmp_str }, { "thread-id", &qmp_int },
           { "poll-max-ns", &qmp_int }, { "poll-grow", &qmp_int },
           { "poll-shrink", &qmp_int }, { "aio-max-batch", &qmp_int });
QMP_LIST(iothread_info_list, &iothread_info);

static void add_iothread(IoThread *thread, void *opaque)
{
    ConfigNode *info = config_map_new();

    config_map_set_string(info, "id", iothread_id(thread));
    config_map_set_int(info, "thread-id", iothread_tid(thread));
    for (guint i = 0; i < G_N_ELEMENTS(never); i++) {
        config_map_set_int(info, never[i], 0);
    }
    config_list_add(opaque, info);
}

static ConfigNode *cmd_query_iothreads(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_list_new();

    iothread_foreach(add_iothread, list);
    return list;
}

const QmpCommand qmp_object_commands[] = {
    { "object-add", "Creates an object, as -object does", .start = cmd_object_add,
      .kind = &object_kind },
    { "object-del", "Deletes an object that nobody uses", .start = cmd_object_del,
      .args = &object_del_args },
    { "query-iothreads", "The iothreads and their threads", cmd_query_iothreads,
      .ret = &iothread_info_list },
    { .name = NULL },
};
