/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices, and descriptors that come over the monitor's own. */
#include "config.h"

#include "monitor/commands.h"
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

static ConfigNode *cmd_getfd(ConfigNode *args, GError **errp)
{
    const char *name = qmp_arg_string(args, "fdname");
    int fd = chardev_take_fd(qmp_server_chardev(qmp_current_server()));

    if (fd < 0) {
        error_set(errp, "No file descriptor supplied via SCM_RIGHTS");
    } else if (g_ascii_isdigit(name[0])) {
        close(fd);
        error_set(errp, "Parameter 'fdname' expects a name not starting with a digit");
    } else {
        qmp_server_add_fd(qmp_current_server(), name, fd, errp);
    }
    return NULL;
}

static ConfigNode *cmd_closefd(ConfigNode *args, GError **errp)
{
    const char *name = qmp_arg_string(args, "fdname");

    if (!qmp_server_close_fd(qmp_current_server(), name)) {
        error_set(errp, "File descriptor named '%s' not found", name);
    }
    return NULL;
}

const QmpCommand qmp_chardev_commands[] = {
    { "query-chardev", cmd_query_chardev, .ret = &chardev_info_list },
    { "getfd", cmd_getfd, .args = &fd_args },
    { "closefd", cmd_closefd, .args = &fd_args },
    { .name = NULL },
};
