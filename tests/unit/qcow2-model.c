/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/qcow2-model.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Counts of one bit have no room for the owners that a snapshot makes. */
const Qcow2Case qcow2_cases[] = {
    { "v3", "", .snapshots = TRUE },
    { "v3-backing", "", .backing = TRUE, .snapshots = TRUE },
    { "v2", "compat=0.10", .snapshots = TRUE },
    { "v2-backing", "compat=0.10", .backing = TRUE, .snapshots = TRUE },
    { "512", "cluster_size=512", .snapshots = TRUE },
    { "512-64bit-backing", "cluster_size=512,refcount_bits=64", .backing = TRUE,
      .snapshots = TRUE },
    { "4k-1bit", "cluster_size=4096,refcount_bits=1", .snapshots = FALSE },
    { "1k-2bit-lazy", "cluster_size=1024,refcount_bits=2,lazy_refcounts=on",
      .backing = TRUE, .snapshots = TRUE, .few_owners = TRUE },
    { "2M", "cluster_size=2M,refcount_bits=8", .backing = TRUE, .snapshots = TRUE },
    { "extended", "extended_l2=on,cluster_size=16k", .snapshots = TRUE },
    { "extended-backing", "extended_l2=on,cluster_size=64k", .backing = TRUE,
      .snapshots = TRUE },
    { "preallocated", "preallocation=metadata,cluster_size=4096", .snapshots = TRUE },
    { "data-file", "data_file=%s/data", .data_file = TRUE },
    { "data-file-raw", "data_file=%s/data,data_file_raw=on", .data_file = TRUE },
    { "compressed", "cluster_size=4096", .compressed = TRUE, .snapshots = TRUE },
    { "compressed-64k", "", .compressed = TRUE, .snapshots = TRUE },
};
const unsigned qcow2_n_cases = G_N_ELEMENTS(qcow2_cases);

char *qcow2_dir;

void qcow2_model_begin(int argc, char **argv, const char *variable)
{
    g_autofree char **args = g_new0(char *, argc + 2);

    memcpy(args, argv, sizeof(*args) * (gsize)argc);
    if (argc == 1 && !g_getenv(variable)) {
        args[argc++] = (char *)"--seed=R02S5f3c1d9be2a4708613579bdf02468ace";
    }
    char **rest = args;
    g_test_init(&argc, &rest, NULL);
    qcow2_dir = g_dir_make_tmp("qcow2-test-XXXXXX", NULL);
    g_assert_nonnull(qcow2_dir);
}

void qcow2_model_end(void)
{
    g_autofree char *said = g_strdup_printf("%s/said", qcow2_dir);

    qcow2_model_run("rm -rf %s/*", qcow2_dir);
    unlink(said);
    rmdir(qcow2_dir);
    g_free(qcow2_dir);
}

guint64 qcow2_model_count(const char *variable, guint64 usual)
{
    const char *more = g_getenv(variable);

    return more ? g_ascii_strtoull(more, NULL, 10) : usual;
}

int qcow2_model_run(const char *format, ...)
{
    va_list args;
    int status;

    va_start(args, format);
    g_autofree char *command = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *line = g_strdup_printf("(%s) > %s/said 2>&1", command, qcow2_dir);
    char *argv[] = { "/bin/sh", "-c", line, NULL };
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, NULL, NULL, &status, NULL));
    if (status) {
        g_autofree char *said = NULL, *name = g_strdup_printf("%s/said", qcow2_dir);
        g_file_get_contents(name, &said, NULL, NULL);
        g_test_message("%s: %s", command, said);
    }
    return status;
}

static int open_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

guint qcow2_model_below(guint n)
{
    return (guint)g_test_rand_int_range(0, (gint32)n);
}

static int read_backing(void *opaque, guint64 offset, void *buf, gsize len)
{
    Qcow2Model *f = opaque;
    Qcow2Io io = qcow2_file_io(&f->backing);

    return io.read(io.opaque, offset, buf, len);
}

static guint64 backing_size(void *opaque)
{
    Qcow2Model *f = opaque;
    Qcow2Io io = qcow2_file_io(&f->backing);

    return io.size(io.opaque);
}

static void corrupted(void *opaque, const char *message, guint64 offset, guint64 bytes)
{
    (void)opaque;
    g_error("corrupt: %s (0x%" G_GINT64_MODIFIER "x, %" G_GINT64_MODIFIER "u)", message,
            offset, bytes);
}

void qcow2_model_open(Qcow2Model *f)
{
    Qcow2Io io = qcow2_file_io(&f->file), data = qcow2_file_io(&f->data);
    Qcow2Options options = { .l2_cache_size = 16384,
                             .refcount_cache_size = 16384,
                             .read_backing = f->kind->backing ? read_backing : NULL,
                             .backing_size = backing_size,
                             .corrupted = corrupted,
                             .pass_discard = g_test_rand_bit(),
                             .opaque = f };
    g_autoptr(GError) error = NULL;

    f->q = qcow2_new(&io, f->kind->data_file ? &data : NULL, &options);
    qcow2_activate(f->q, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(qcow2_size(f->q), ==, f->size);
}

void qcow2_model_close(Qcow2Model *f)
{
    g_assert_cmpint(qcow2_inactivate(f->q), ==, 0);
    qcow2_free(f->q);
    f->q = NULL;
}

static void fill(guint8 *p, gsize len)
{
    guint32 value = (guint32)g_test_rand_int();

    for (gsize i = 0; i < len; i++) {
        p[i] = (guint8)(value + i / 16);
    }
}

void qcow2_model_create(Qcow2Model *f, const Qcow2Case *kind)
{
    g_autofree char *options = g_strdup_printf(kind->options, qcow2_dir);
    g_autofree char *backing = g_strdup_printf("%s/backing", qcow2_dir);
    g_autofree char *data = g_strdup_printf("%s/data", qcow2_dir);

    *f = (Qcow2Model){ .kind = kind, .size = 4u << 20 };
    f->path = g_strdup_printf("%s/%s.qcow2", qcow2_dir, kind->name);
    f->model = g_malloc0(QCOW2_SIZE_MAX);
    if (kind->backing || kind->compressed) {
        fill(f->model, 3u << 20);
        g_assert_true(
            g_file_set_contents(backing, (const char *)f->model, 3u << 20, NULL));
        f->backing.fd = open_file(backing);
    }
    if (kind->compressed) {
        f->size = 3u << 20;
        g_assert_cmpint(qcow2_model_run("qemu-img convert -c -O qcow2 %s%s %s %s",
                                        *options ? "-o " : "", options, backing, f->path),
                        ==, 0);
    } else {
        g_assert_cmpint(qcow2_model_run("qemu-img create -f qcow2 %s%s %s%s %s 4M",
                                        *options ? "-o " : "", options,
                                        kind->backing ? "-F raw -b " : "",
                                        kind->backing ? backing : "", f->path),
                        ==, 0);
    }
    f->file.fd = open_file(f->path);
    f->data.fd = kind->data_file ? open_file(data) : -1;
}

void qcow2_model_clear(Qcow2Model *f)
{
    close(f->file.fd);
    if (f->data.fd >= 0) {
        close(f->data.fd);
    }
    if (f->backing.fd > 0) {
        close(f->backing.fd);
    }
    g_free(f->path);
    g_free(f->model);
}

/* All of it, by map where that can be had, and by read. */
void qcow2_model_check(Qcow2Model *f, guint64 offset, guint64 len)
{
    g_autofree guint8 *buf = g_malloc(len);
    struct iovec iov[2] = { { buf, len / 2 }, { buf + len / 2, len - len / 2 } };

    g_assert_cmpint(qcow2_read(f->q, offset, iov, 2), ==, 0);
    g_assert_true(memcmp(buf, f->model + offset, len) == 0);
    for (guint64 at = 0; at < len;) {
        Qcow2Extent x;
        qcow2_map(f->q, offset + at, len - at, FALSE, &x);
        g_assert_cmpuint(x.bytes, >, 0);
        g_assert_cmpuint(x.bytes, <=, len - at);
        if (x.kind == QCOW2_DATA) {
            Qcow2Io io = qcow2_file_io(f->kind->data_file ? &f->data : &f->file);
            g_assert_cmpint(io.read(io.opaque, x.host, buf, x.bytes), ==, 0);
            g_assert_true(memcmp(buf, f->model + offset + at, x.bytes) == 0);
        } else if (x.kind == QCOW2_BACKING) {
            g_assert_true(f->kind->backing);
        }
        qcow2_unmap(f->q, &x);
        at += x.bytes;
    }
}

/* A write as a loop does it, where it can. */
static void write_some(Qcow2Model *f, guint64 offset, guint64 len)
{
    g_autofree guint8 *buf = g_malloc(len);
    struct iovec iov[2] = { { buf, len / 3 }, { buf + len / 3, len - len / 3 } };
    Qcow2Extent x;

    fill(buf, len);
    memcpy(f->model + offset, buf, len);
    qcow2_map(f->q, offset, len, TRUE, &x);
    if (x.kind == QCOW2_DATA && x.bytes == len) {
        Qcow2Io io = qcow2_file_io(f->kind->data_file ? &f->data : &f->file);
        g_assert_cmpint(io.write(io.opaque, x.host, buf, len), ==, 0);
        qcow2_unmap(f->q, &x);
        return;
    }
    qcow2_unmap(f->q, &x);
    g_assert_cmpint(qcow2_write(f->q, offset, iov, 2), ==, 0);
}

static void discard(Qcow2Model *f, guint64 offset, guint64 len)
{
    g_autofree guint8 *buf = g_malloc(len);
    struct iovec iov = { buf, len };

    g_assert_cmpint(qcow2_discard(f->q, offset, len), ==, 0);
    g_assert_cmpint(qcow2_read(f->q, offset, &iov, 1), ==, 0);
    for (guint64 i = 0; i < len; i++) {
        if (buf[i] != f->model[offset + i]) {
            g_assert_cmpuint(buf[i], ==, 0);
        }
    }
    memcpy(f->model + offset, buf, len);
}

static void resize(Qcow2Model *f)
{
    guint64 size = 512ull * (1 + qcow2_model_below(QCOW2_SIZE_MAX / 512));
    g_autoptr(GError) error = NULL;

    qcow2_resize(f->q, size, &error);
    g_assert_no_error(error);
    if (size < f->size) {
        memset(f->model + size, 0, f->size - size);
    }
    f->size = size;
}

void qcow2_model_op(Qcow2Model *f)
{
    guint64 len = 512ull * (1 + (qcow2_model_below(8) ? qcow2_model_below(24)
                                                      : qcow2_model_below(600)));
    guint64 offset = 512ull * qcow2_model_below((guint)(f->size / 512));

    len = MIN(len, f->size - offset);
    if (f->touched) {
        memset(f->touched + offset / 512, 1, len / 512);
    }
    switch (qcow2_model_below(24)) {
    case 0:
        if (!f->touched) {
            g_assert_cmpint(qcow2_flush(f->q), ==, 0);
        }
        break;
    case 1:
    case 2:
        g_assert_cmpint(qcow2_zero(f->q, offset, len, g_test_rand_bit()), ==, 0);
        memset(f->model + offset, 0, len);
        break;
    case 3:
    case 4:
        discard(f, offset, len);
        break;
    case 5:
        qcow2_clean_caches(f->q, TRUE);
        break;
    case 6:
        if (!f->touched && qcow2_model_below(8) == 0) {
            resize(f);
        }
        break;
    case 7:
        if (!f->touched && qcow2_model_below(16) == 0) {
            qcow2_model_close(f);
            qcow2_model_open(f);
        }
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        qcow2_model_check(f, offset, len);
        break;
    default:
        write_some(f, offset, len);
    }
}

void qcow2_model_judge(Qcow2Model *f)
{
    g_autofree char *raw = g_strdup_printf("%s/raw", qcow2_dir);

    g_assert_true(
        g_file_set_contents(raw, (const char *)f->model, (gssize)f->size, NULL));
    g_assert_cmpint(qcow2_model_run("qemu-img check -f qcow2 %s", f->path), ==, 0);
    g_assert_cmpint(
        qcow2_model_run("qemu-img compare -f qcow2 -F raw %s %s", f->path, raw), ==, 0);
}
