/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/qcow2-file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_read(void *opaque, guint64 offset, void *buf, gsize len)
{
    Qcow2File *f = opaque;

    while (len) {
        ssize_t n = offset > G_MAXINT64 - len ? 0 : pread(f->fd, buf, len, (off_t)offset);
        if (n < 0) {
            return -errno;
        }
        if (n == 0) {
            memset(buf, 0, len);
            return 0;
        }
        buf = (guint8 *)buf + n;
        offset += (guint64)n;
        len -= (gsize)n;
    }
    return 0;
}

static int file_write(void *opaque, guint64 offset, const void *buf, gsize len)
{
    Qcow2File *f = opaque;

    if (f->log) {
        Qcow2Log entry = { offset, len, g_memdup2(buf, len), 0 };
        g_array_append_val(f->log, entry);
    }
    if (offset + len > 1ull << 34) {
        return -EFBIG;
    }
    return pwrite(f->fd, buf, len, (off_t)offset) == (ssize_t)len ? 0 : -EIO;
}

static int file_vector(void *opaque, guint64 offset, const struct iovec *iov, unsigned n,
                       gboolean write)
{
    int ret = 0;

    for (unsigned i = 0; i < n && ret == 0; i++) {
        ret = write ? file_write(opaque, offset, iov[i].iov_base, iov[i].iov_len)
                    : file_read(opaque, offset, iov[i].iov_base, iov[i].iov_len);
        offset += iov[i].iov_len;
    }
    return ret;
}

static int file_readv(void *opaque, guint64 offset, const struct iovec *iov, unsigned n)
{
    return file_vector(opaque, offset, iov, n, FALSE);
}

static int file_writev(void *opaque, guint64 offset, const struct iovec *iov, unsigned n)
{
    return file_vector(opaque, offset, iov, n, TRUE);
}

static int file_flush(void *opaque)
{
    Qcow2File *f = opaque;

    if (f->log) {
        Qcow2Log entry = { 0, 0, NULL, f->marker };
        g_array_append_val(f->log, entry);
    }
    return 0;
}

static int file_zero(void *opaque, guint64 offset, guint64 len, gboolean unmap)
{
    g_autofree guint8 *zeros = g_malloc0(len);

    (void)unmap;
    return file_write(opaque, offset, zeros, len);
}

static int file_discard(void *opaque, guint64 offset, guint64 len)
{
    return file_zero(opaque, offset, len, TRUE);
}

static int file_truncate(void *opaque, guint64 size)
{
    return ftruncate(((Qcow2File *)opaque)->fd, (off_t)size) < 0 ? -errno : 0;
}

static guint64 file_size(void *opaque)
{
    struct stat st;

    g_assert_cmpint(fstat(((Qcow2File *)opaque)->fd, &st), ==, 0);
    return (guint64)st.st_size;
}

Qcow2Io qcow2_file_io(Qcow2File *file)
{
    return (Qcow2Io){ file_read, file_write,   file_readv,    file_writev, file_flush,
                      file_zero, file_discard, file_truncate, file_size,   file };
}

void qcow2_log_clear(gpointer entry)
{
    g_free(((Qcow2Log *)entry)->data);
}
