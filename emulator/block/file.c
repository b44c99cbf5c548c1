/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "file" and "host_device": an image file, or a block device of the host.
 *
 * Opening reads no data: what is needed (size, sector size, alignment of direct
 * I/O) comes from the file system's answers, so that an inactive node can be open.
 * With cache.direct requests that are smaller than what O_DIRECT takes are read,
 * modified and written (file-io.c, serialise.c).
 *
 * #syscalls slow: openat statx lseek fcntl fdatasync close ioctl(BLKSSZGET)
 * #syscalls slow: ftruncate -- rare: block_resize
 * #syscalls slow: newfstatat -- rare: images that are block devices
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/file.h"
#include "block/testing.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"

#define DIO_ALIGN_MAX (64u * 1024) /* of the bounce buffer: file-io.c */

static gboolean file_error(GError **errp, const BlockNode *node, const char *what)
{
    error_set(errp, "Could not open '%s': %s", node->filename, what);
    return FALSE;
}

typedef struct FileOptions {
    char *filename;
    int aio;
    OnOffAuto locking;
    gboolean or_device;
    guint32 dio_align, mem_align;
} FileOptions;

static const char *const aio_names[] = {
    [BLOCK_AIO_THREADS] = "threads",
    [BLOCK_AIO_NATIVE] = "native",
    [BLOCK_AIO_URING] = "io_uring",
    NULL,
};

static const Property file_rows[] = {
    { "filename", PROP_STRING, offsetof(FileOptions, filename), .required = TRUE,
      .help = "The image; /dev/fdset/N: from a set of descriptors" },
    { "aio", PROP_ENUM, offsetof(FileOptions, aio), "io_uring", .names = aio_names,
      .help = "How requests are made; without io_uring by threads" },
    { "locking", PROP_AUTO, offsetof(FileOptions, locking), "auto",
      .help = "QEMU's locks against other processes" },
    { "x-or-device", PROP_BOOL, offsetof(FileOptions, or_device), "off", .hidden = TRUE,
      .help = "For -drive: a block device is one, as with host_device" },
    { "x-dio-align", PROP_U32, offsetof(FileOptions, dio_align), .max = DIO_ALIGN_MAX,
      .hidden = TRUE, .help = "As where O_DIRECT wants this of offsets and lengths" },
    { "x-mem-align", PROP_U32, offsetof(FileOptions, mem_align), "4096", .min = 1,
      .max = DIO_ALIGN_MAX, .hidden = TRUE, .help = "The same of buffers" },
    { NULL },
};

static gboolean file_configure(BlockNode *node, GError **errp)
{
    const FileOptions *o = node->options;

    BlockFile *f = node->state = g_new0(BlockFile, 1);

    f->fd = -1;
    g_mutex_init(&f->lock);
    g_cond_init(&f->ended);
    node->filename = o->filename;
    f->aio = o->aio;
    f->locking = o->locking != ON_OFF_AUTO_OFF;
    if (o->aio == BLOCK_AIO_NATIVE && !node->direct) {
        return error_set(errp, "Parameter 'aio' value 'native' needs cache.direct=on");
    }
    if (o->dio_align && !block_testing_enabled()) {
        return error_set(errp, "Invalid parameter 'x-dio-align'");
    }
    if (o->dio_align) {
        node->direct = f->strict = TRUE;
        f->dio_align = o->dio_align;
        f->mem_align = o->mem_align;
    }
    return TRUE;
}

static int direct_flag(const BlockNode *node)
{
    return node->direct && !block_file(node)->strict ? O_DIRECT : 0;
}

/* Opens for writing if it may be written; auto-read-only: or if it can. */
static gboolean file_open_fd(BlockNode *node, GError **errp)
{
    BlockFile *f = block_file(node);
    /* Non-blocking until it is known to be no FIFO, whose other end may never come. */
    int flags = O_CLOEXEC | O_NONBLOCK | direct_flag(node);

    f->fd = path_open(node->filename, flags | (node->read_only ? O_RDONLY : O_RDWR), 0);
    if (f->fd < 0 && !node->read_only && node->auto_read_only &&
        (errno == EACCES || errno == EPERM || errno == EROFS)) {
        node->read_only = TRUE;
        f->fd = path_open(node->filename, flags | O_RDONLY, 0);
    }
    if (f->fd < 0) {
        return file_error(errp, node,
                          errno == EINVAL && node->direct
                              ? "the file system does not support cache.direct=on"
                              : error_text(errno));
    }
    return TRUE;
}

static gboolean file_probe_alignment(BlockNode *node, GError **errp)
{
    BlockFile *f = block_file(node);
    int sector;

    node->sector_size = BLOCK_SECTOR_SIZE;
    if (f->is_device && ioctl(f->fd, BLKSSZGET, &sector) == 0 && sector > 0) {
        node->sector_size = sector;
    }
    if (f->strict) {
        return TRUE;
    }
    /* The strictest in use, unless the file system tells. */
    f->dio_align = f->is_device ? node->sector_size : 4096;
    f->mem_align = 4096;
#ifdef STATX_DIOALIGN
    struct statx stx;
    if (statx(f->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 &&
        (stx.stx_mask & STATX_DIOALIGN) && stx.stx_dio_offset_align) {
        f->dio_align = stx.stx_dio_offset_align;
        f->mem_align = stx.stx_dio_mem_align;
    }
#endif
    return !node->direct || MAX(f->dio_align, f->mem_align) <= DIO_ALIGN_MAX ||
           file_error(errp, node, "cache.direct=on needs an alignment that is too large");
}

static gboolean file_measure(BlockNode *node, guint64 *size, GError **errp)
{
    BlockFile *f = block_file(node);
    off_t end = lseek(f->fd, 0, SEEK_END);

    if (end < 0 || end > G_MAXINT64 - BLOCK_SECTOR_SIZE) {
        return file_error(errp, node, end < 0 ? error_text(errno) : "too large");
    }
    *size =
        ((guint64)end + BLOCK_SECTOR_SIZE - 1) / BLOCK_SECTOR_SIZE * BLOCK_SECTOR_SIZE;
    return TRUE;
}

/* The sets of descriptors are the main loop's. */
static gboolean file_begin(BlockNode *node, GError **errp)
{
    return !path_is_fdset(node->filename) || file_open_fd(node, errp);
}

static gboolean file_open(BlockNode *node, GError **errp)
{
    BlockFile *f = block_file(node);
    const FileOptions *o = node->options;
    gboolean want_device = node->driver == &block_driver_host_device;
    struct stat st;

    if (f->fd < 0 && !file_open_fd(node, errp)) {
        return FALSE;
    }
    if (fstat(f->fd, &st) < 0) {
        return file_error(errp, node, error_text(errno));
    }
    f->is_device = S_ISBLK(st.st_mode);
    if (f->is_device && o->or_device) {
        node->driver = &block_driver_host_device;
        want_device = TRUE;
    }
    if (want_device ? !S_ISBLK(st.st_mode) : !S_ISREG(st.st_mode)) {
        error_set(errp, "Driver '%s' needs a %s, which '%s' is not",
                  node->driver->type.name, want_device ? "block device" : "regular file",
                  node->filename);
        return FALSE;
    }
    if (fcntl(f->fd, F_SETFL, direct_flag(node)) < 0) {
        return file_error(errp, node, error_text(errno));
    }
    return file_probe_alignment(node, errp) && file_measure(node, &node->size, errp);
}

static void file_submit(BlockNode *node, BlockRequest *r)
{
    block_serialise_submit(node, r);
}

static gboolean file_sync(BlockNode *node, GError **errp)
{
    BlockRequest flush = { .op = BLOCK_FLUSH, .node = node };
    int ret = node->read_only || node->no_flush ? 0 : file_io(node, &flush);

    return ret == 0 ||
           error_set(errp, "Could not flush node '%s': %s", node->name, error_text(-ret));
}

static void file_close(BlockNode *node)
{
    fd_clear(&block_file(node)->fd);
}

static void file_free(BlockNode *node)
{
    BlockFile *f = block_file(node);

    if (f) {
        g_mutex_clear(&f->lock);
        g_cond_clear(&f->ended);
        g_free(f);
    }
}

static int file_blocking(BlockNode *node, BlockRequest *r)
{
    block_serialise_begin_blocking(node, r);
    int ret = file_io(node, r);
    if (r->serialised) {
        block_serialise_end(r);
    }
    return ret;
}

static gboolean file_reopen(BlockNode *node, BlockNode *fresh, GError **errp)
{
    const FileOptions *old = node->options, *new = fresh->options;

    if (!g_str_equal(old->filename, new->filename)) {
        return error_set(errp, "Cannot change the option 'filename'");
    }
    if (old->locking != new->locking) {
        return error_set(errp, "Cannot change the option 'locking'");
    }
    if (!file_configure(fresh, errp)) {
        return FALSE;
    }
    /* What has been lost stays lost. */
    block_file(fresh)->flush_error = g_atomic_int_get(&block_file(node)->flush_error);
    return TRUE;
}

static gboolean file_take_locks(BlockNode *fresh, const BlockNode *node, GError **errp)
{
    const BlockFile *f = block_file(fresh);
    BlockLocks held = { node->held_perm, node->held_unshared };

    return !f->locking || block_lock_also(f->fd, fresh->filename, held, errp);
}

static gboolean file_truncate(BlockNode *node, guint64 size, GError **errp)
{
    const BlockFile *f = block_file(node);
    guint64 now;

    if (f->is_device) { /* it has the size that it has */
        return file_measure(node, &now, errp) &&
               (size <= now || error_set(errp, "Cannot grow device files"));
    }
    return ftruncate(f->fd, (off_t)size) == 0 ||
           error_set(errp, "Failed to resize the file '%s': %s", node->filename,
                     error_text(errno));
}

static gboolean file_can_grow(const BlockNode *node)
{
    return !block_file(node)->is_device;
}

static gboolean file_lock(BlockNode *node, guint old_perm, guint old_shared, guint perm,
                          guint shared, GError **errp)
{
    const BlockFile *f = block_file(node);
    BlockLocks old = { old_perm, ~old_shared & BLOCK_PERM_ALL };
    BlockLocks new = { perm, ~shared & BLOCK_PERM_ALL };

    return !f->locking || block_lock(f->fd, node->filename, old, new, errp);
}

/* Of a flush that failed the last time: all is written anew. */
static void file_activated(BlockNode *node)
{
    g_atomic_int_set(&block_file(node)->flush_error, 0);
}

static int file_dup_fd(const BlockNode *node)
{
    return fcntl(block_file(node)->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

const BlockDriver block_driver_file = {
    .type = { "file", "an image file", file_rows, sizeof(FileOptions) },
    .configure = file_configure,
    .begin = file_begin,
    .reopen = file_reopen,
    .take_locks = file_take_locks,
    .open = file_open,
    .sync = file_sync,
    .close = file_close,
    .free = file_free,
    .lock = file_lock,
    .measure = file_measure,
    .truncate = file_truncate,
    .can_grow = file_can_grow,
    .submit = file_submit,
    .blocking = file_blocking,
    .activated = file_activated,
    .dup_fd = file_dup_fd,
};

const BlockDriver block_driver_host_device = {
    .type = { "host_device", "a block device of the host", file_rows,
              sizeof(FileOptions) },
    .configure = file_configure,
    .begin = file_begin,
    .reopen = file_reopen,
    .take_locks = file_take_locks,
    .open = file_open,
    .sync = file_sync,
    .close = file_close,
    .free = file_free,
    .lock = file_lock,
    .measure = file_measure,
    .truncate = file_truncate,
    .can_grow = file_can_grow,
    .submit = file_submit,
    .blocking = file_blocking,
    .activated = file_activated,
    .dup_fd = file_dup_fd,
};
