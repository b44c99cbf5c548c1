/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name in the file system, and the file that we have made under it: what has the name
 * later may be somebody else's. Any thread.
 */
#ifndef VIREO_UTIL_FILE_NAME_H
#define VIREO_UTIL_FILE_NAME_H

#include <glib.h>

typedef struct FileName FileName;

/*
 * Of the file that has just been made as path; may be used after chdir(). Costs a
 * descriptor. NULL: errno.
 */
FileName *file_name_new(const char *path);
FileName *file_name_ref(FileName *name);
void file_name_free(FileName *name); /* or NULL; the last one of its references */
const char *file_name_path(const FileName *name); /* absolute */
/*
 * Removes the name, where it is still that file's; a symbolic link is not followed.
 * FALSE: errno, it stays.
 */
gboolean file_name_remove(const FileName *name);

#endif
