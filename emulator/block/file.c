/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "file" and "host_device": an image file, or a block device of the host.
 *
 * Opening reads no data: what is needed (size, sector size, alignment of direct
 * I/O) comes from the file system's answers, so that an inactive node can be open.
 * With cache.direct requests that are smaller than what O_DIRECT takes are read,
 * modified and written (file-io.c, serialise.c).
 *
 * #syscalls main: openat statx lseek fcntl close
 * #syscalls main: newfstatat ioctl(BLKSSZGET) -- rare: images that are block devices
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/node.h"
#include "block/testing.h"
#include "util/error.h"
#include "util/fdset.h"

#define DIO_ALIGN_MAX (64u * 1024) /* of the bounce buffer: file-io.c */

static gboolean file_error(GError **errp, const BlockNode *node, const char *what)
{
    error_set(errp, "Could not open '%s': %s", node->filename, what);
    return FALSE;
}

/* A string out of a fixed set; the index in *out. */
static gboolean get_choice(ConfigNode *config, const char *key, const char *const *names,
                           unsigned *out, GError **errp)
{
    const char *value;

    if (!config_get_string(config, key, NULL, &value, errp)) {
        return FALSE;
    }
    for (unsigned i = 0; value && names[i]; i++) {
        if (g_str_equal(value, names[i])) {
            *out = i;
            return TRUE;
        }
    }
    if (value) {
        error_set(errp, "Parameter '%s' does not accept value '%s'", key, value);
    }
    return !value;
}

/* x-dio-align, x-mem-align: as on a file system whose O_DIRECT wants these. */
static gboolean strict_options(BlockNode *node, ConfigNode *config, GError **errp)
{
    guint64 dio, mem;

    if (!config_get_uint(config, "x-dio-align", 0, 0, DIO_ALIGN_MAX, &dio, errp) ||
        !config_get_uint(config, "x-mem-align", 4096, 1, DIO_ALIGN_MAX, &mem, errp)) {
        return FALSE;
    }
    if (dio) {
        node->direct = node->strict = TRUE;
        node->dio_align = (guint32)dio;
        node->mem_align = (guint32)mem;
    }
    return TRUE;
}

static gboolean file_options(BlockNode *node, ConfigNode *config, GError **errp)
{
    static const char *const aio_names[] = { "", "threads", "native", "io_uring", NULL };
    static const char *const locking_names[] = { "auto", "on", "off", NULL };
    unsigned aio = BLOCK_AIO_DEFAULT, locking = 0;
    const char *filename;

    if (!config_get_string(config, "filename", NULL, &filename, errp)) {
        return FALSE;
    }
    if (!filename) {
        error_set(errp, "Parameter 'filename' is missing");
        return FALSE;
    }
    node->filename = g_strdup(filename);
    if (!get_choice(config, "aio", aio_names, &aio, errp) ||
        !get_choice(config, "locking", locking_names, &locking, errp)) {
        return FALSE;
    }
    if (aio == BLOCK_AIO_NATIVE && !node->direct) {
        error_set(errp, "Parameter 'aio' value 'native' needs cache.direct=on");
        return FALSE;
    }
    if (block_testing_enabled() && !strict_options(node, config, errp)) {
        return FALSE;
    }
    node->aio = aio;
    node->locking = locking != 2;
    return TRUE;
}

static int direct_flag(const BlockNode *node)
{
    return node->direct && !node->strict ? O_DIRECT : 0;
}

/* Opens for writing if it may be written; auto-read-only: or if it can. */
static gboolean file_open_fd(BlockNode *node, GError **errp)
{
    /* Non-blocking until it is known to be no FIFO, whose other end may never come. */
    int flags = O_CLOEXEC | O_NONBLOCK | direct_flag(node);

    node->fd =
        path_open(node->filename, flags | (node->read_only ? O_RDONLY : O_RDWR), 0);
    if (node->fd < 0 && !node->read_only && node->auto_read_only &&
        (errno == EACCES || errno == EPERM || errno == EROFS)) {
        node->read_only = TRUE;
        node->fd = path_open(node->filename, flags | O_RDONLY, 0);
    }
    if (node->fd < 0) {
        return file_error(errp, node,
                          errno == EINVAL && node->direct
                              ? "the file system does not support cache.direct=on"
                              : error_text(errno));
    }
    return TRUE;
}

static gboolean file_probe_alignment(BlockNode *node, GError **errp)
{
    int sector;

    node->sector_size = BLOCK_SECTOR_SIZE;
    if (node->is_device && ioctl(node->fd, BLKSSZGET, &sector) == 0 && sector > 0) {
        node->sector_size = sector;
    }
    if (node->strict) {
        return TRUE;
    }
    /* The strictest in use, unless the file system tells. */
    node->dio_align = node->is_device ? node->sector_size : 4096;
    node->mem_align = 4096;
#ifdef STATX_DIOALIGN
    struct statx stx;
    if (statx(node->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 &&
        (stx.stx_mask & STATX_DIOALIGN) && stx.stx_dio_offset_align) {
        node->dio_align = stx.stx_dio_offset_align;
        node->mem_align = stx.stx_dio_mem_align;
    }
#endif
    return !node->direct || MAX(node->dio_align, node->mem_align) <= DIO_ALIGN_MAX ||
           file_error(errp, node, "cache.direct=on needs an alignment that is too large");
}

static gboolean file_refresh_size(BlockNode *node, GError **errp)
{
    off_t end = lseek(node->fd, 0, SEEK_END);

    if (end < 0 || end > G_MAXINT64 - BLOCK_SECTOR_SIZE) {
        return file_error(errp, node, end < 0 ? error_text(errno) : "too large");
    }
    node->size =
        ((guint64)end + BLOCK_SECTOR_SIZE - 1) / BLOCK_SECTOR_SIZE * BLOCK_SECTOR_SIZE;
    return TRUE;
}

static gboolean file_open(BlockNode *node, ConfigNode *config, GError **errp)
{
    gboolean want_device = node->driver == &block_driver_host_device;
    struct stat st;

    if (!file_options(node, config, errp) || !file_open_fd(node, errp)) {
        return FALSE;
    }
    if (fstat(node->fd, &st) < 0) {
        return file_error(errp, node, error_text(errno));
    }
    node->is_device = S_ISBLK(st.st_mode);
    if (want_device ? !S_ISBLK(st.st_mode) : !S_ISREG(st.st_mode)) {
        error_set(errp, "Driver '%s' needs a %s, which '%s' is not", node->driver->name,
                  want_device ? "block device" : "regular file", node->filename);
        return FALSE;
    }
    if (fcntl(node->fd, F_SETFL, direct_flag(node)) < 0) {
        return file_error(errp, node, error_text(errno));
    }
    return file_probe_alignment(node, errp) && file_refresh_size(node, errp);
}

static void file_submit(BlockNode *node, BlockRequest *r)
{
    block_serialise_submit(node, r);
}

static void file_close(BlockNode *node)
{
    if (node->fd >= 0) {
        close(node->fd);
    }
    g_free(node->filename);
}

const BlockDriver block_driver_file = {
    .name = "file",
    .open = file_open,
    .close = file_close,
    .refresh_size = file_refresh_size,
    .submit = file_submit,
};

const BlockDriver block_driver_host_device = {
    .name = "host_device",
    .open = file_open,
    .close = file_close,
    .refresh_size = file_refresh_size,
    .submit = file_submit,
};
