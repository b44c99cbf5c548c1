/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that are installed on the host for guests: firmware and option ROMs, by path
 * or by their names in the directories where they are installed. Main thread.
 */
#ifndef VIREO_CONFIG_DATA_FILE_H
#define VIREO_CONFIG_DATA_FILE_H

#include "config/node.h"

/*
 * -L: a list of names, or NULL; looked into in its order, before Debian's own. A
 * reference is kept until another list takes its place.
 */
void data_file_set_dirs(ConfigNode *dirs);

/*
 * Opens name for reading: as a path, or else as a name in the -L directories, then in
 * Debian's (/usr/share/seabios, /usr/share/qemu, /usr/lib/ipxe/qemu, /usr/share/OVMF).
 * "/dev/fdset/N" is set N. New; -1: error.
 */
int data_file_open(const char *name, GError **errp);
/*
 * Where data_file_open() would look, in this order: for threads, which open what there
 * is themselves. Not for fd sets. Owned.
 */
char **data_file_paths(const char *name);
/* All of it, at least one byte and at most max. New; NULL: error. */
GBytes *data_file_read(const char *name, gsize max, GError **errp);

#endif
