/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images that qemu-img makes: random operations against a model, qemu-img as the
 * judge of what is in the file. QCOW2_TEST_OPS: operations, QCOW2_TEST_CUTS: power cuts,
 * both for each kind of image.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/skip.h"
#include "tests/unit/qcow2-file.h"

#define SIZE_MAX_ (6u << 20)

static char *dir;

typedef struct Case {
    const char *name, *options;
    gboolean backing, data_file, compressed, snapshots;
} Case;

/* Counts of 1 and 2 bits have no room for the owners that two snapshots make. */
static const Case cases[] = {
    { "v3", "", FALSE, FALSE, FALSE, TRUE },
    { "v3-backing", "", TRUE, FALSE, FALSE, TRUE },
    { "v2", "compat=0.10", FALSE, FALSE, FALSE, TRUE },
    { "v2-backing", "compat=0.10", TRUE, FALSE, FALSE, TRUE },
    { "512", "cluster_size=512", FALSE, FALSE, FALSE, TRUE },
    { "512-64bit-backing", "cluster_size=512,refcount_bits=64", TRUE, FALSE, FALSE,
      FALSE },
    { "4k-1bit", "cluster_size=4096,refcount_bits=1", FALSE, FALSE, FALSE, FALSE },
    { "1k-2bit-lazy", "cluster_size=1024,refcount_bits=2,lazy_refcounts=on", TRUE, FALSE,
      FALSE, FALSE },
    { "2M", "cluster_size=2M,refcount_bits=8", TRUE, FALSE, FALSE, TRUE },
    { "extended", "extended_l2=on,cluster_size=16k", FALSE, FALSE, FALSE, TRUE },
    { "extended-backing", "extended_l2=on,cluster_size=64k", TRUE, FALSE, FALSE, TRUE },
    { "preallocated", "preallocation=metadata,cluster_size=4096", FALSE, FALSE, FALSE,
      TRUE },
    { "data-file", "data_file=%s/data", FALSE, TRUE, FALSE, FALSE },
    { "data-file-raw", "data_file=%s/data,data_file_raw=on", FALSE, TRUE, FALSE, FALSE },
    { "compressed", "cluster_size=4096", FALSE, FALSE, TRUE, TRUE },
    { "compressed-64k", "", FALSE, FALSE, TRUE, TRUE },
};

typedef struct Fixture {
    const Case *kind;
    char *path;
    Qcow2File file, data, backing;
    Qcow2 *q;
    guint64 size;
    guint8 *model;
    guint8 *touched; /* sectors, since the last flush; NULL: it may also be resized */
} Fixture;

/* Of the shell; what it says goes to a file. */
static int run(const char *format, ...) G_GNUC_PRINTF(1, 2);
static int run(const char *format, ...)
{
    va_list args;
    int status;

    va_start(args, format);
    g_autofree char *command = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *line = g_strdup_printf("(%s) > %s/said 2>&1", command, dir);
    char *argv[] = { "/bin/sh", "-c", line, NULL };
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, NULL, NULL, &status, NULL));
    if (status) {
        g_autofree char *said = NULL, *name = g_strdup_printf("%s/said", dir);
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

static guint below(guint n)
{
    return (guint)g_test_rand_int_range(0, (gint32)n);
}

static int read_backing(void *opaque, guint64 offset, void *buf, gsize len)
{
    Fixture *f = opaque;
    Qcow2Io io = qcow2_file_io(&f->backing);

    return io.read(io.opaque, offset, buf, len);
}

static guint64 backing_size(void *opaque)
{
    Fixture *f = opaque;
    Qcow2Io io = qcow2_file_io(&f->backing);

    return io.size(io.opaque);
}

static void corrupted(void *opaque, const char *message, guint64 offset, guint64 bytes)
{
    (void)opaque;
    g_error("corrupt: %s (0x%" G_GINT64_MODIFIER "x, %" G_GINT64_MODIFIER "u)", message,
            offset, bytes);
}

static void fixture_open(Fixture *f)
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

static void fixture_close(Fixture *f)
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

static void fixture_create(Fixture *f, const Case *kind)
{
    g_autofree char *options = g_strdup_printf(kind->options, dir);
    g_autofree char *backing = g_strdup_printf("%s/backing", dir);
    g_autofree char *data = g_strdup_printf("%s/data", dir);

    *f = (Fixture){ .kind = kind, .size = 4u << 20 };
    f->path = g_strdup_printf("%s/%s.qcow2", dir, kind->name);
    f->model = g_malloc0(SIZE_MAX_);
    if (kind->backing || kind->compressed) {
        fill(f->model, 3u << 20);
        g_assert_true(
            g_file_set_contents(backing, (const char *)f->model, 3u << 20, NULL));
        f->backing.fd = open_file(backing);
    }
    if (kind->compressed) {
        f->size = 3u << 20;
        g_assert_cmpint(run("qemu-img convert -c -O qcow2 %s%s %s %s",
                            *options ? "-o " : "", options, backing, f->path),
                        ==, 0);
    } else {
        g_assert_cmpint(run("qemu-img create -f qcow2 %s%s %s%s %s 4M",
                            *options ? "-o " : "", options,
                            kind->backing ? "-F raw -b " : "",
                            kind->backing ? backing : "", f->path),
                        ==, 0);
    }
    f->file.fd = open_file(f->path);
    f->data.fd = kind->data_file ? open_file(data) : -1;
}

static void fixture_clear(Fixture *f)
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
static void check_range(Fixture *f, guint64 offset, guint64 len)
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
static void write_some(Fixture *f, guint64 offset, guint64 len)
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

static void discard(Fixture *f, guint64 offset, guint64 len)
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

static void resize(Fixture *f)
{
    guint64 size = 512ull * (1 + below(SIZE_MAX_ / 512));
    g_autoptr(GError) error = NULL;

    qcow2_resize(f->q, size, &error);
    g_assert_no_error(error);
    if (size < f->size) {
        memset(f->model + size, 0, f->size - size);
    }
    f->size = size;
}

static void one_op(Fixture *f)
{
    guint64 len = 512ull * (1 + (below(8) ? below(24) : below(600)));
    guint64 offset = 512ull * below((guint)(f->size / 512));

    len = MIN(len, f->size - offset);
    if (f->touched) {
        memset(f->touched + offset / 512, 1, len / 512);
    }
    switch (below(24)) {
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
        qcow2_clean_caches(f->q);
        break;
    case 6:
        if (!f->touched && below(8) == 0) {
            resize(f);
        }
        break;
    case 7:
        if (!f->touched && below(16) == 0) {
            fixture_close(f);
            fixture_open(f);
        }
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        check_range(f, offset, len);
        break;
    default:
        write_some(f, offset, len);
    }
}

static void judge(Fixture *f)
{
    g_autofree char *raw = g_strdup_printf("%s/raw", dir);

    g_assert_true(
        g_file_set_contents(raw, (const char *)f->model, (gssize)f->size, NULL));
    g_assert_cmpint(run("qemu-img check -f qcow2 %s", f->path), ==, 0);
    g_assert_cmpint(run("qemu-img compare -f qcow2 -F raw %s %s", f->path, raw), ==, 0);
}

static void test_model(gconstpointer data)
{
    const char *more = g_getenv("QCOW2_TEST_OPS");
    guint64 ops = more ? g_ascii_strtoull(more, NULL, 10) : 6400;
    Fixture f;

    fixture_create(&f, data);
    fixture_open(&f);
    for (guint64 i = 0; i < ops; i++) {
        one_op(&f);
        if (i % (ops / 4 + 1) == ops / 4) {
            check_range(&f, 0, f.size);
            fixture_close(&f);
            judge(&f);
            fixture_open(&f);
        }
    }
    fixture_close(&f);
    judge(&f);
    fixture_clear(&f);
}

/* What a flush has promised. */
typedef struct Promise {
    gsize log;               /* entries that were there then */
    guint8 *model, *touched; /* touched: after it, up to the next one */
} Promise;

static void promise(Fixture *f, GArray *promises)
{
    Promise p = { f->file.log->len, g_memdup2(f->model, f->size),
                  g_malloc0(f->size / 512) };

    g_array_append_val(promises, p);
    f->touched = p.touched;
}

static void promise_clear(gpointer data)
{
    Promise *p = data;

    g_free(p->model);
    g_free(p->touched);
}

/* What was flushed is there, of the rest some sectors, in any order. */
static void replay(Fixture *f, const char *image, gsize image_len, guint cut)
{
    guint flushed = cut;

    g_assert_cmpint(ftruncate(f->file.fd, 0), ==, 0);
    g_assert_cmpint(pwrite(f->file.fd, image, image_len, 0), ==, (gssize)image_len);
    while (flushed && g_array_index(f->file.log, Qcow2Log, flushed - 1).data) {
        flushed--;
    }
    for (guint i = 0; i < cut; i++) {
        const Qcow2Log *e = &g_array_index(f->file.log, Qcow2Log, i);
        for (guint64 at = 0; at < e->len;) {
            guint64 n = MIN(e->len - at, 512 - (e->offset + at) % 512);
            if (i < flushed || g_test_rand_bit()) {
                g_assert_cmpint(
                    pwrite(f->file.fd, e->data + at, n, (off_t)(e->offset + at)), ==,
                    (gssize)n);
            }
            at += n;
        }
    }
}

static void check_promise(Fixture *f, const Promise *p)
{
    g_autofree guint8 *buf = g_malloc(f->size);
    struct iovec iov = { buf, f->size };

    fixture_open(f);
    g_assert_cmpint(qcow2_read(f->q, 0, &iov, 1), ==, 0);
    fixture_close(f);
    for (guint64 i = 0; i < f->size / 512; i++) {
        if (!p->touched[i]) {
            g_assert_true(memcmp(buf + i * 512, p->model + i * 512, 512) == 0);
        }
    }
}

static void cut_once(Fixture *f, GArray *promises, const char *image, gsize image_len)
{
    GArray *log = f->file.log;
    guint first = (guint)g_array_index(promises, Promise, 0).log;
    guint cut = first + below(log->len - first + 1), last = promises->len - 1;

    replay(f, image, image_len, cut);
    while (g_array_index(promises, Promise, last).log > cut) {
        last--;
    }
    int status = run("qemu-img check -f qcow2 %s || [ $? = 3 ]", f->path);
    g_assert_cmpint(status, ==, 0);
    f->file.log = NULL; /* what is repaired is not of the story */
    check_promise(f, &g_array_index(promises, Promise, last));
    f->file.log = log;
}

static void test_cut(gconstpointer data)
{
    const char *more = g_getenv("QCOW2_TEST_CUTS");
    guint64 cuts = more ? g_ascii_strtoull(more, NULL, 10) : 8;
    g_autoptr(GArray) promises = g_array_new(FALSE, FALSE, sizeof(Promise));
    g_autoptr(GArray) log = g_array_new(FALSE, FALSE, sizeof(Qcow2Log));
    g_autofree char *image = NULL;
    gsize len;
    Fixture f;

    g_array_set_clear_func(promises, promise_clear);
    g_array_set_clear_func(log, qcow2_log_clear);
    fixture_create(&f, data);
    g_assert_true(g_file_get_contents(f.path, &image, &len, NULL));
    f.file.log = log;
    fixture_open(&f);
    promise(&f, promises);
    for (guint i = 0; i < 20; i++) {
        for (guint n = below(60); n > 0; n--) {
            one_op(&f);
        }
        g_assert_cmpint(qcow2_flush(f.q), ==, 0);
        promise(&f, promises);
    }
    fixture_close(&f);
    for (guint64 i = 0; i < cuts; i++) {
        cut_once(&f, promises, image, len);
    }
    fixture_clear(&f);
}

static void some_ops(Fixture *f)
{
    fixture_open(f);
    for (guint i = 0; i < 300; i++) {
        one_op(f);
    }
    check_range(f, 0, f->size);
    fixture_close(f);
    judge(f);
}

static void revert(Fixture *f, const char *name, const guint8 *model)
{
    g_autoptr(GError) error = NULL;

    fixture_open(f);
    qcow2_revert(f->q, name, &error);
    g_assert_no_error(error);
    memcpy(f->model, model, f->size);
    check_range(f, 0, f->size);
    fixture_close(f);
    judge(f);
}

static void test_snapshots(gconstpointer data)
{
    g_autofree guint8 *touched = g_malloc0(SIZE_MAX_ / 512), *one = NULL, *two = NULL;
    Qcow2Info info;
    Fixture f;

    fixture_create(&f, data);
    f.touched = touched;
    some_ops(&f);
    one = g_memdup2(f.model, f.size);
    g_assert_cmpint(run("qemu-img snapshot -c one %s", f.path), ==, 0);
    some_ops(&f);
    two = g_memdup2(f.model, f.size);
    g_assert_cmpint(run("qemu-img snapshot -c two %s", f.path), ==, 0);
    some_ops(&f);
    fixture_open(&f);
    qcow2_get_info(f.q, &info);
    g_assert_cmpuint(info.n_snapshots, ==, 2);
    g_assert_cmpstr(info.snapshots[1].name, ==, "two");
    fixture_close(&f);
    revert(&f, "one", one);
    some_ops(&f);
    revert(&f, "two", two);
    some_ops(&f);
    g_assert_cmpint(run("qemu-img snapshot -a one %s", f.path), ==, 0);
    memcpy(f.model, one, f.size);
    judge(&f);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("qcow2-test-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("/qcow2/model/%s", cases[i].name);
        g_test_add_data_func(name, &cases[i], test_model);
        if (!cases[i].data_file) {
            g_autofree char *cut = g_strdup_printf("/qcow2/cut/%s", cases[i].name);
            g_test_add_data_func(cut, &cases[i], test_cut);
        }
        if (cases[i].snapshots) {
            g_autofree char *s = g_strdup_printf("/qcow2/snapshots/%s", cases[i].name);
            g_test_add_data_func(s, &cases[i], test_snapshots);
        }
    }
    status = skip_run();
    run("rm -r %s/*", dir);
    g_assert_cmpint(run("true"), ==, 0);
    g_autofree char *said = g_strdup_printf("%s/said", dir);
    unlink(said);
    rmdir(dir);
    return status;
}
