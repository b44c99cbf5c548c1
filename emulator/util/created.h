/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a start makes in the file system, and how it is taken back.
 *
 * A start that fails leaves everything as it was. So whoever makes a file or a socket
 * says so here: what is new is removed again by created_undo(), and a file that was
 * there loses its content only in created_keep(), when nothing can fail any more.
 * After created_keep() nothing is remembered: these then act at once. Main thread only.
 */
#ifndef VIREO_UTIL_CREATED_H
#define VIREO_UTIL_CREATED_H

#include <glib.h>
#include <sys/types.h>

#include "util/file-name.h"

/*
 * open() for a file to write, which is made if it is missing. Never waits for the
 * other end of a FIFO: O_NONBLOCK is set, and stays. -1: errno. Of "/dev/fdset/N" the
 * descriptor as it is (fdset.h).
 */
int created_open(const char *path, int flags, mode_t mode);

/* Gives an empty file its size. FALSE: errno. */
gboolean created_grow(int fd, off_t size);

/*
 * Binds a UNIX socket, mode 0600. A socket that was left there is replaced; one that
 * somebody listens on, and any other file, is not. For created_remove(); NULL: errno.
 * Both on any thread after created_keep().
 */
FileName *created_bind(int fd, const char *path);

/*
 * Removes the socket, unless another file has its name by now. One that must stay
 * (-sandbox files=deny) is warned of.
 */
void created_remove(FileName *name);
/* Warns of one that could not be removed. */
void created_stays(const FileName *name, int error);

void created_keep(void);
void created_undo(void);

#endif
