/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that a client has given by name (getfd). A name belongs to its monitor:
 * what one client has given no other can use or close.
 */
#ifndef VIREO_MONITOR_FDS_H
#define VIREO_MONITOR_FDS_H

#include "monitor/qmp-command.h"

GHashTable *qmp_fds_new(void);
/*
 * Takes over *fd, which is -1 then, or the one of the same name that it replaces. An
 * error leaves it as it is.
 */
gboolean qmp_fds_add(QmpServer *server, const char *name, int *fd, GError **errp);
/* Taken out of the table; -1: there is none of this name. */
int qmp_fds_take(QmpServer *server, const char *name);

/*
 * Around a call of a layer below, which knows numbers only (util/fd.h): lend() takes
 * the named descriptor out of the table and lets its number be claimed; one that nobody
 * has claimed goes back.
 */
typedef struct QmpLentFd {
    QmpServer *server;
    char *name; /* NULL: nothing lent */
    int fd;
} QmpLentFd;
gboolean qmp_fds_lend(QmpServer *server, const char *name, QmpLentFd *lent,
                      GError **errp);
void qmp_fds_take_back(QmpLentFd *lent);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QmpLentFd, qmp_fds_take_back)

#endif
