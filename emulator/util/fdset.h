/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of descriptors, each set for one file: -add-fd, QMP's add-fd. Wherever a file is
 * opened by its path, "/dev/fdset/N" stands for set N; path_open() is how files are
 * opened. Main thread, under the machine lock.
 */
#ifndef VIREO_UTIL_FDSET_H
#define VIREO_UTIL_FDSET_H

#include <fcntl.h>
#include <glib.h>

/*
 * Puts fd (taken over) into a set; set -1: into a new one, whose number is returned. -1:
 * error, and fd stays the caller's. opaque is the client's own note, or NULL.
 */
gint64 fdset_add(gint64 set, int fd, const char *opaque, GError **errp);
/*
 * fd -1: all of the set. What was opened through it stays open. Appends them to removed
 * (of int): the caller closes them, which their servers may hold up.
 */
gboolean fdset_remove(gint64 set, int fd, GArray *removed, GError **errp);
/* Set by set, in the order of their numbers. */
void fdset_foreach(void (*fn)(gint64 set, int fd, const char *opaque, void *data),
                   void *data);
void fdset_cleanup(void);

/*
 * A message to the user, in which each name of a set is followed by the client's note of
 * it in brackets: what he calls the file. New; free it.
 */
char *fdset_explain(const char *message);

gboolean path_is_fdset(const char *path);
/*
 * open(), closed by exec; -1: errno. Of a set, that descriptor which has flags' access
 * mode, duplicated: EACCES without one, ENOENT without such a set. It shares its flags
 * with the client's, so that of ours only O_APPEND and O_DIRECT are set on it.
 */
int path_open(const char *path, int flags, mode_t mode);

#endif
