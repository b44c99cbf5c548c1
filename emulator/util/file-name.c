/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main,slow: newfstatat unlink
 */
#include "util/file-name.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

struct FileName {
    char *path;
    dev_t dev;
    ino_t ino;
};

FileName *file_name_new(const char *path)
{
    FileName *name;
    struct stat st;

    if (lstat(path, &st) < 0) {
        return NULL;
    }
    name = g_new(FileName, 1);
    *name = (FileName){ g_canonicalize_filename(path, NULL), st.st_dev, st.st_ino };
    return name;
}

FileName *file_name_copy(const FileName *name)
{
    FileName *copy = g_new(FileName, 1);

    *copy = (FileName){ g_strdup(name->path), name->dev, name->ino };
    return copy;
}

void file_name_free(FileName *name)
{
    if (name) {
        g_free(name->path);
        g_free(name);
    }
}

const char *file_name_path(const FileName *name)
{
    return name->path;
}

gboolean file_name_remove(const FileName *name)
{
    struct stat st;

    if (lstat(name->path, &st) < 0) {
        return errno == ENOENT || errno == ENOTDIR;
    }
    return st.st_dev != name->dev || st.st_ino != name->ino || unlink(name->path) == 0 ||
           errno == ENOENT;
}
