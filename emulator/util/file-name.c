/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The number of a file that nobody has any more is given to the next one: the file is
 * kept by a descriptor for as long as its name is. One that -sandbox files=deny takes
 * away is not missed, since nothing may be removed then.
 *
 * #syscalls main,slow: openat newfstatat unlink close
 */
#include "util/file-name.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"

struct FileName {
    gint refs;
    char *path;
    int fd; /* or -1 */
    dev_t dev;
    ino_t ino;
};

FileName *file_name_new(const char *path)
{
    autofd int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    FileName *name;
    struct stat st;

    if ((fd < 0 && errno != EPERM) || (fd < 0 ? lstat(path, &st) : fstat(fd, &st)) < 0) {
        return NULL;
    }
    name = g_new(FileName, 1);
    *name = (FileName){ 1, g_canonicalize_filename(path, NULL), fd_steal(&fd), st.st_dev,
                        st.st_ino };
    return name;
}

FileName *file_name_ref(FileName *name)
{
    g_atomic_int_inc(&name->refs);
    return name;
}

void file_name_free(FileName *name)
{
    if (name && g_atomic_int_dec_and_test(&name->refs)) {
        fd_clear(&name->fd);
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
