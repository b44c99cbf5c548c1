/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "config/data-file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"

static const char *const installed[] = {
    "/usr/share/seabios",
    "/usr/share/qemu",
    "/usr/lib/ipxe/qemu",
    "/usr/share/OVMF",
};

static ConfigNode *dirs; /* of -L; NULL: none */

void data_file_set_dirs(ConfigNode *list)
{
    config_node_unref(dirs);
    dirs = list ? config_node_ref(list) : NULL;
}

/* -1: errno. A directory has the name that is looked for, perhaps, but is no such file.
 */
static int open_path(const char *path)
{
    autofd int fd = path_open(path, O_RDONLY | O_NONBLOCK, 0); /* a FIFO waits */
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        return -1;
    }
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    return fd_steal(&fd);
}

/* Of several reasons the first that is more than "not there" is the one to tell. */
static int try_open(const char *path, int *reason)
{
    int fd = open_path(path);
    if (fd < 0 && (*reason == 0 || *reason == ENOENT)) {
        *reason = errno;
    }
    return fd;
}

char **data_file_paths(const char *name)
{
    GPtrArray *paths = g_ptr_array_new();
    gboolean search = !g_path_is_absolute(name);

    g_ptr_array_add(paths, g_strdup(name));
    for (guint i = 0; search && dirs && i < config_list_size(dirs); i++) {
        const char *dir = config_node_string(config_list_at(dirs, i));

        g_ptr_array_add(paths, g_build_filename(dir, name, NULL));
    }
    for (guint i = 0; search && i < G_N_ELEMENTS(installed); i++) {
        g_ptr_array_add(paths, g_build_filename(installed[i], name, NULL));
    }
    g_ptr_array_add(paths, NULL);
    return (char **)g_ptr_array_free(paths, FALSE);
}

int data_file_open(const char *name, GError **errp)
{
    g_auto(GStrv) paths = data_file_paths(name);
    int reason = 0, fd = -1;

    for (guint i = 0; fd < 0 && paths[i]; i++) {
        fd = try_open(paths[i], &reason);
    }
    if (fd < 0) {
        error_set_errno(errp, reason, "cannot open '%s'", name);
    }
    return fd;
}

GBytes *data_file_read(const char *name, gsize max, GError **errp)
{
    autofd int fd = data_file_open(name, errp);
    g_autoptr(GByteArray) content = g_byte_array_new();

    if (fd < 0) {
        return NULL;
    }
    if (!fd_read_up_to(fd, max, content)) {
        error_set_errno(errp, errno, "cannot read '%s'", name);
        return NULL;
    }
    if (content->len == 0 || content->len > max) {
        error_set(errp,
                  content->len ? "'%s' has more than %" G_GSIZE_FORMAT " bytes"
                               : "'%s' is empty",
                  name, max);
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&content));
}
