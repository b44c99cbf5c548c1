/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -drive leaves to the image: whether it is a qcow2 one, and what its header names:
 * backing files and a data file, which are opened with it. Only at the start, when
 * nothing else runs that waiting could hold up, and only for -drive: who writes
 * -blockdev says what is opened.
 *
 * A header says which format its backing file has, or it is refused: a guest that has
 * written a raw disk must not be able to make it another format's.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/node.h"
#include "block/qcow2/qcow2.h"
#include "util/error.h"
#include "util/fdset.h"

#define DEPTH_MAX 200 /* libvirt has the same; who is his own backing file ends there */

/* --- the file, for the library --- */

static int file_read(void *opaque, guint64 offset, void *buf, gsize len)
{
    const int *fd = opaque;
    guint8 *p = buf;

    while (len) {
        ssize_t n = offset > G_MAXINT64 ? 0 : pread(*fd, p, len, (off_t)offset);
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n == 0) {
            memset(p, 0, len);
            return 0;
        }
        n = MAX(n, 0);
        p += n;
        offset += (guint64)n;
        len -= (gsize)n;
    }
    return 0;
}

typedef struct Header {
    gboolean qcow2;
    char *backing, *format, *data_file;
} Header;

static void header_clear(Header *h)
{
    g_free(h->backing);
    g_free(h->format);
    g_free(h->data_file);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Header, header_clear)

static gboolean is_regular_or_device(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
}

/* What cannot be opened is told of where it is opened. */
static gboolean read_header(const char *path, gboolean guessed, Header *h, GError **errp)
{
    guint8 magic[8] = { 0 };
    int fd = path_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    Qcow2Io io = { .read = file_read, .opaque = &fd };
    gboolean ok = TRUE;

    if (fd < 0) {
        return TRUE;
    }
    if (is_regular_or_device(fd) && file_read(&fd, 0, magic, sizeof(magic)) == 0) {
        h->qcow2 = memcmp(magic, "QFI\xfb\0\0\0", 7) == 0 && magic[7] > 1;
    }
    if (h->qcow2 || !guessed) {
        ok = qcow2_probe(&io, &h->backing, &h->format, &h->data_file, errp);
    }
    close(fd);
    return ok;
}

/* --- what it names --- */

/* What a header has, for a message. */
static char *printable(const char *text)
{
    return error_printable(text ? text : "", text ? strlen(text) : 0);
}

/* Beside the image, unless it says where. NULL: no file. */
static char *resolve(const char *image, const char *name, GError **errp)
{
    const char *colon = strchr(name, ':'), *slash = strchr(name, '/');

    if (g_str_has_prefix(name, "file:")) {
        name += strlen("file:");
    } else if (colon && (!slash || colon < slash)) {
        g_autofree char *text = printable(name);
        error_set(errp, "'%s' names '%s', which is not a file", image, text);
        return NULL;
    }
    if (g_path_is_absolute(name) || !strchr(image, '/')) {
        return g_strdup(name);
    }
    g_autofree char *dir = g_path_get_dirname(image);
    return g_build_filename(dir, name, NULL);
}

static ConfigNode *file_node(const char *path, const ConfigNode *like)
{
    ConfigNode *file = config_map_new();
    const ConfigNode *aio = config_map_peek(like, "aio");

    config_map_set_string(file, "driver", "file");
    config_map_set_string(file, "filename", path);
    config_map_set_bool(file, "x-or-device", TRUE);
    if (aio) {
        config_map_set_string(file, "aio", config_node_string(aio));
    }
    return file;
}

static gboolean complete(ConfigNode *node, const char *path, const Header *h,
                         unsigned depth, GError **errp);

static gboolean add_backing(ConfigNode *node, const char *image, const Header *h,
                            unsigned depth, GError **errp)
{
    g_autofree char *path = resolve(image, h->backing, errp);
    g_auto(Header) below = { 0 };

    if (!path) {
        return FALSE;
    }
    if (depth >= DEPTH_MAX) {
        return error_set(errp, "'%s': the chain of backing files is too long", image);
    }
    g_autofree char *format = printable(h->format), *name = printable(h->backing);
    if (!h->format ||
        !(g_str_equal(h->format, "raw") || g_str_equal(h->format, "qcow2"))) {
        return error_set(errp,
                         "'%s': the format '%s' of its backing file '%s' is not "
                         "supported (only raw|qcow2, and never guessed)",
                         image, format, name);
    }
    ConfigNode *backing = config_map_new();
    config_map_set(node, "backing", backing);
    config_map_set_string(backing, "driver", h->format);
    config_map_set(backing, "file", file_node(path, config_map_peek(node, "file")));
    config_map_set_bool(backing, "read-only", TRUE);
    return g_str_equal(h->format, "raw") ||
           (read_header(path, FALSE, &below, errp) &&
            complete(backing, path, &below, depth + 1, errp));
}

/* What the options say already is not the header's. */
static gboolean complete(ConfigNode *node, const char *path, const Header *h,
                         unsigned depth, GError **errp)
{
    if (h->data_file && !config_map_has(node, "data-file")) {
        g_autofree char *data = resolve(path, h->data_file, errp);
        if (!data) {
            return FALSE;
        }
        config_map_set(node, "data-file", file_node(data, config_map_peek(node, "file")));
    }
    return !h->backing || config_map_has(node, "backing") ||
           add_backing(node, path, h, depth, errp);
}

gboolean block_drive_complete(ConfigNode *node, gboolean guessed, GError **errp)
{
    const ConfigNode *file = config_map_peek(node, "file");
    const char *path = config_map_string(file, "filename");
    gboolean said = g_strcmp0(config_map_string(node, "driver"), "qcow2") == 0;
    g_auto(Header) h = { 0 };

    if (!path || (!said && !guessed)) {
        return TRUE;
    }
    if (!read_header(path, guessed, &h, errp)) {
        return FALSE;
    }
    if (h.qcow2) {
        config_map_set_string(node, "driver", "qcow2");
    }
    return complete(node, path, &h, 0, errp);
}
