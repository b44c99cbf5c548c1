/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "monitor/fds.h"

#include <fcntl.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define FDS_MAX 64 /* a monitor; libvirt keeps a few for a moment */

static void close_fd(gpointer fd)
{
    close(GPOINTER_TO_INT(fd));
}

GHashTable *qmp_fds_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_fd);
}

gboolean qmp_fds_add(QmpServer *server, const char *name, int *fd, GError **errp)
{
    GHashTable *fds = qmp_server_fds(server);
    int old = qmp_fds_take(server, name);

    if (g_hash_table_size(fds) >= FDS_MAX) {
        return error_set(errp,
                         "Too many file descriptors are stored (%d): '%s' is refused",
                         FDS_MAX, name);
    }
    g_hash_table_insert(fds, g_strdup(name), GINT_TO_POINTER(*fd));
    *fd = old;
    return TRUE;
}

int qmp_fds_take(QmpServer *server, const char *name)
{
    gpointer key, value;

    if (!g_hash_table_steal_extended(qmp_server_fds(server), name, &key, &value)) {
        return -1;
    }
    g_free(key);
    return GPOINTER_TO_INT(value);
}

gboolean qmp_fds_lend(QmpServer *server, const char *name, QmpLentFd *lent, GError **errp)
{
    int fd = server ? qmp_fds_take(server, name) : -1; /* NULL: a human's */

    if (fd < 0) {
        return error_set(errp, "File descriptor named '%s' has not been found", name);
    }
    *lent = (QmpLentFd){ server, g_strdup(name), fd };
    fd_lend(lent->fd);
    return TRUE;
}

void qmp_fds_take_back(QmpLentFd *lent)
{
    if (lent->name && !fd_is_claimed(lent->fd)) {
        fcntl(lent->fd, F_SETFD, FD_CLOEXEC);
        g_hash_table_replace(qmp_server_fds(lent->server), g_steal_pointer(&lent->name),
                             GINT_TO_POINTER(lent->fd));
    }
    g_clear_pointer(&lent->name, g_free);
}
