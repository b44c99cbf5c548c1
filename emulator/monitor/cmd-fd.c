/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that come over the monitor's own. */
#include "config.h"

#include "event/slow-close.h"
#include "monitor/commands.h"
#include "monitor/fds.h"
#include "monitor/qmp-command.h"
#include "util/error.h"
#include "util/fdset.h"

QMP_OBJECT(fd_args, { "fdname", &qmp_str });

/* A reply that waits until what is not needed any more has been closed. */
typedef struct Closing {
    QmpReply *reply;
    ConfigNode *ret;
    GError *error;
} Closing;

static void closing_done(void *opaque)
{
    Closing *c = opaque;

    qmp_reply_done(c->reply, c->ret, c->error);
    g_free(c);
}

/* Takes over all of it. */
static void close_and_reply(GArray *fds, QmpReply *reply, ConfigNode *ret, GError *error)
{
    Closing *c = g_new(Closing, 1);

    *c = (Closing){ reply, ret, error };
    slow_close(fds, closing_done, c);
}

/* One, or none (-1). */
static GArray *fd_list(int fd)
{
    GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));

    return fd < 0 ? fds : g_array_append_val(fds, fd);
}

/* *fd: the one that came, or -1; then what is to be closed. */
static gboolean get_fd(QmpServer *server, const char *name, int *fd, GError **errp)
{
    if (*fd < 0) {
        return error_set(errp, "No file descriptor supplied via SCM_RIGHTS");
    }
    if (g_ascii_isdigit(name[0])) {
        return error_set(errp,
                         "Parameter 'fdname' expects a name not starting with a digit");
    }
    return qmp_fds_add(server, name, fd, errp);
}

static void cmd_getfd(ConfigNode *args, QmpReply *reply)
{
    QmpServer *server = qmp_reply_server(reply);
    int fd = chardev_take_fd(qmp_server_chardev(server));
    GError *error = NULL;

    get_fd(server, qmp_arg_string(args, "fdname"), &fd, &error);
    close_and_reply(fd_list(fd), reply, NULL, error);
}

static void cmd_closefd(ConfigNode *args, QmpReply *reply)
{
    const char *name = qmp_arg_string(args, "fdname");
    int fd = qmp_fds_take(qmp_reply_server(reply), name);
    GError *error = NULL;

    if (fd < 0) {
        error_set(&error, "File descriptor named '%s' not found", name);
    }
    close_and_reply(fd_list(fd), reply, NULL, error);
}

QMP_OBJECT(add_fd_args, { "fdset-id", &qmp_int, TRUE }, { "opaque", &qmp_str, TRUE });
QMP_OBJECT(add_fd_info, { "fdset-id", &qmp_int }, { "fd", &qmp_int });

/* Takes over fd, unless it fails. */
static ConfigNode *add_fd(ConfigNode *args, int fd, GError **errp)
{
    ConfigNode *id = config_map_get(args, "fdset-id");
    ConfigNode *info;
    gint64 set;

    if (fd < 0) {
        error_set(errp, "No file descriptor supplied via SCM_RIGHTS");
        return NULL;
    }
    if (id && config_node_int(id) < 0) {
        error_set(errp, "Parameter 'fdset-id' expects a non-negative value");
        return NULL;
    }
    set = fdset_add(id ? config_node_int(id) : -1, fd, qmp_arg_string(args, "opaque"),
                    errp);
    if (set < 0) {
        return NULL;
    }
    info = config_map_new();
    config_map_set_int(info, "fdset-id", set);
    config_map_set_int(info, "fd", fd);
    return info;
}

static void cmd_add_fd(ConfigNode *args, QmpReply *reply)
{
    int fd = chardev_take_fd(qmp_server_chardev(qmp_reply_server(reply)));
    GError *error = NULL;
    ConfigNode *info = add_fd(args, fd, &error);

    close_and_reply(fd_list(info ? -1 : fd), reply, info, error);
}

QMP_OBJECT(remove_fd_args, { "fdset-id", &qmp_int }, { "fd", &qmp_int, TRUE });

static void cmd_remove_fd(ConfigNode *args, QmpReply *reply)
{
    ConfigNode *fd = config_map_get(args, "fd");
    GArray *removed = fd_list(-1);
    GError *error = NULL;

    /* A number that is no descriptor's is not found. */
    fdset_remove(config_node_int(config_map_get(args, "fdset-id")),
                 fd ? (int)CLAMP(config_node_int(fd), 0, G_MAXINT) : -1, removed, &error);
    close_and_reply(removed, reply, NULL, error);
}

QMP_OBJECT(fdset_fd_info, { "fd", &qmp_int }, { "opaque", &qmp_str, TRUE });
QMP_LIST(fdset_fd_list, &fdset_fd_info);
QMP_OBJECT(fdset_info, { "fdset-id", &qmp_int }, { "fds", &fdset_fd_list });
QMP_LIST(fdset_list, &fdset_info);

/* The sets come in order: an entry of the last one, or the first of a new one. */
static void add_fdset(gint64 set, int fd, const char *opaque, void *data)
{
    guint n = config_list_size(data);
    ConfigNode *last = n ? config_list_at(data, n - 1) : NULL;
    ConfigNode *info = config_map_new();

    config_map_set_int(info, "fd", fd);
    if (opaque) {
        config_map_set_string(info, "opaque", opaque);
    }
    if (!last || config_node_int(config_map_peek(last, "fdset-id")) != set) {
        last = config_map_new();
        config_map_set_int(last, "fdset-id", set);
        config_map_set(last, "fds", config_list_new());
        config_list_add(data, last);
    }
    config_list_add(config_map_peek(last, "fds"), info);
}

static ConfigNode *cmd_query_fdsets(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_list_new();

    fdset_foreach(add_fdset, list);
    return list;
}

const QmpCommand qmp_fd_commands[] = {
    { "add-fd",
      "Adds the descriptor that came with the command to a set, which /dev/fdset/N names",
      .start = cmd_add_fd, .args = &add_fd_args, .ret = &add_fd_info },
    { "remove-fd",
      "Removes one descriptor, or all, of a set; what has been opened from it stays open",
      .start = cmd_remove_fd, .args = &remove_fd_args },
    { "query-fdsets", "The sets of descriptors", cmd_query_fdsets, .ret = &fdset_list },
    { "getfd",
      "Keeps the descriptor that came with the command under a name of this monitor's",
      .start = cmd_getfd, .args = &fd_args },
    { "closefd", "Closes a descriptor that getfd keeps", .start = cmd_closefd,
      .args = &fd_args },
    { .name = NULL },
};
