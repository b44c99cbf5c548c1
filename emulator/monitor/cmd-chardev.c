/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices, and descriptors that come over the monitor's own. */
#include "config.h"

#include "monitor/commands.h"
#include "monitor/fds.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

QMP_OBJECT(chardev_info, { "label", &qmp_str }, { "filename", &qmp_str },
           { "frontend-open", &qmp_bool });
QMP_LIST(chardev_info_list, &chardev_info);

static ConfigNode *cmd_query_chardev(ConfigNode *args, GError **errp)
{
    return chardev_query();
}

QMP_OBJECT(fd_args, { "fdname", &qmp_str });

static gboolean get_fd(QmpServer *server, const char *name, GError **errp)
{
    int fd = chardev_take_fd(qmp_server_chardev(server));

    if (fd < 0) {
        return error_set(errp, "No file descriptor supplied via SCM_RIGHTS");
    }
    if (g_ascii_isdigit(name[0])) {
        close(fd);
        return error_set(errp,
                         "Parameter 'fdname' expects a name not starting with a digit");
    }
    return qmp_fds_add(server, name, fd, errp);
}

static void cmd_getfd(ConfigNode *args, QmpReply *reply)
{
    GError *error = NULL;

    get_fd(qmp_reply_server(reply), qmp_arg_string(args, "fdname"), &error);
    qmp_reply_done(reply, NULL, error);
}

static void cmd_closefd(ConfigNode *args, QmpReply *reply)
{
    const char *name = qmp_arg_string(args, "fdname");
    GError *error = NULL;

    if (!qmp_fds_close(qmp_reply_server(reply), name)) {
        error_set(&error, "File descriptor named '%s' not found", name);
    }
    qmp_reply_done(reply, NULL, error);
}

const QmpCommand qmp_chardev_commands[] = {
    { "query-chardev", cmd_query_chardev, .ret = &chardev_info_list },
    { "getfd", .start = cmd_getfd, .args = &fd_args },
    { "closefd", .start = cmd_closefd, .args = &fd_args },
    { .name = NULL },
};
