/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block nodes: options, I/O by both engines, ragged ends, alignment, locks against
 * another process, active and inactive nodes.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "block/file.h"
#include "config/json.h"
#include "tests/unit/block-late.h"

#define KIB 1024u

static char *dir;

static char *make_image(const char *name, gsize size, int fill)
{
    char *path = g_build_filename(dir, name, NULL);
    g_autofree char *data = g_malloc(size ? size : 1);

    memset(data, fill, size);
    g_assert_true(g_file_set_contents(path, data, size, NULL));
    return path;
}

static BlockNode *add_json(GError **errp, const char *format, ...) G_GNUC_PRINTF(2, 3);
static BlockNode *add_json(GError **errp, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfigNode) config = config_parse_json(text, &error);
    g_assert_no_error(error);
    return block_node_add(config, errp);
}

/* file (with more options) and raw on top, as libvirt makes them. */
static BlockNode *add_pair(const char *path, const char *more, gboolean read_only)
{
    g_autoptr(GError) error = NULL;
    const char *ro = read_only ? "true" : "false";

    g_assert_nonnull(add_json(&error,
                              "{\"driver\":\"file\",\"filename\":\"%s\","
                              "\"node-name\":\"s\",\"auto-read-only\":true,"
                              "\"discard\":\"unmap\"%s}",
                              path, more));
    g_assert_no_error(error);
    BlockNode *node = add_json(&error,
                               "{\"node-name\":\"f\",\"read-only\":%s,"
                               "\"discard\":\"unmap\",\"driver\":\"raw\",\"file\":\"s\"}",
                               ro);
    g_assert_no_error(error);
    return node;
}

static void del_pair(BlockNode *node)
{
    node_detach(node);
    g_assert_true(node_del("f", NULL));
    g_assert_true(node_del("s", NULL));
}

static int batches;

static void count_batch(void *opaque)
{
    batches++;
}

static gboolean attach(BlockNode *node, gboolean read_only, gboolean share_rw,
                       GError **errp)
{
    BlockUser user = { .loop = event_loop_main(),
                       .read_only = read_only,
                       .share_rw = share_rw,
                       .batch_done = count_batch };

    return block_node_attach(node, &user, errp) != NULL;
}

typedef struct Io {
    BlockRequest r;
    gboolean done;
    int ret;
} Io;

static void io_done(void *opaque, int ret)
{
    Io *io = opaque;

    g_assert_false(io->done);
    io->done = TRUE;
    io->ret = ret;
}

static int io_vec(BlockNode *node, BlockOp op, guint64 offset, const struct iovec *iov,
                  unsigned n, guint64 bytes)
{
    Io io = { .r = { .op = op,
                     .iov = iov,
                     .n_iov = n,
                     .offset = offset,
                     .bytes = bytes,
                     .unmap = op == BLOCK_WRITE_ZEROES,
                     .done = io_done,
                     .opaque = &io } };

    block_submit(node_user(node), &io.r);
    g_assert_false(io.done);
    while (!io.done) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    return io.ret;
}

static int io(BlockNode *node, BlockOp op, guint64 offset, void *buf, gsize len)
{
    struct iovec iov = { buf, len };

    return io_vec(node, op, offset, &iov, buf ? 1 : 0, len);
}

static void assert_all(const guint8 *buf, gsize len, guint8 value)
{
    for (gsize i = 0; i < len; i++) {
        g_assert_cmpuint(buf[i], ==, value);
    }
}

/* data: more options of the file node, which choose the engine. */
static void test_io(gconstpointer data)
{
    g_autofree char *path = make_image("io", 64 * KIB, 0x11);
    BlockNode *node = add_pair(path, data, FALSE);
    g_autofree guint8 *buf = g_malloc0(64 * KIB);
    g_autofree guint8 *all = NULL;
    gsize len;

    g_assert_true(attach(node, FALSE, FALSE, NULL));
    g_assert_cmpuint(block_node_size(node), ==, 64 * KIB);
    g_assert_true(block_node_can_discard(node));
    g_assert_cmpint(io(node, BLOCK_READ, 0, buf, 64 * KIB), ==, 0);
    assert_all(buf, 64 * KIB, 0x11);

    memset(buf, 0x22, 64 * KIB);
    struct iovec parts[3] = { { buf, 512 }, { buf + 4096, 1024 }, { buf + 9999, 512 } };
    g_assert_cmpint(io_vec(node, BLOCK_WRITE, 512, parts, 3, 2048), ==, 0);
    g_assert_cmpint(io(node, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
    g_assert_cmpint(io(node, BLOCK_DISCARD, 8192, NULL, 8192), ==, 0);
    g_assert_cmpint(io(node, BLOCK_WRITE_ZEROES, 20480, NULL, 512), ==, 0);
    /* beyond the end */
    g_assert_cmpint(io(node, BLOCK_READ, 64 * KIB, buf, 512), ==, -EINVAL);
    g_assert_cmpint(io(node, BLOCK_WRITE, 64 * KIB - 512, buf, 1024), ==, -EINVAL);
    g_assert_cmpint(io(node, BLOCK_WRITE, G_MAXUINT64 - 100, buf, 512), ==, -EINVAL);
    g_assert_cmpint(batches, >, 0);
    del_pair(node);

    g_assert_true(g_file_get_contents(path, (char **)&all, &len, NULL));
    g_assert_cmpuint(len, ==, 64 * KIB);
    assert_all(all, 512, 0x11);
    assert_all(all + 512, 2048, 0x22);
    assert_all(all + 2560, 8192 - 2560, 0x11);
    assert_all(all + 8192, 8192, 0);
    assert_all(all + 16384, 4096, 0x11);
    assert_all(all + 20480, 512, 0);
    assert_all(all + 20992, 64 * KIB - 20992, 0x11);
}

/* io_uring exists, but a filter denies it: the workers take over. */
static void test_io_uring_denied(void)
{
    if (g_test_subprocess()) {
        scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
        g_assert_cmpint(
            seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(io_uring_setup), 0), ==,
            0);
        g_assert_cmpint(seccomp_load(ctx), ==, 0);
        seccomp_release(ctx);
        test_io("");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
}

/* A file that is no multiple of a sector: zeros behind its end. */
static void test_ragged_end(gconstpointer data)
{
    g_autofree char *path = make_image("ragged", 1000, 0x33);
    BlockNode *node = add_pair(path, data, FALSE);
    _Alignas(4096) guint8 buf[1024]; /* that O_DIRECT takes as it is */

    g_assert_true(attach(node, FALSE, FALSE, NULL));
    g_assert_cmpuint(block_node_size(node), ==, 1024);
    memset(buf, 0xff, sizeof(buf));
    g_assert_cmpint(io(node, BLOCK_READ, 0, buf, 1024), ==, 0);
    assert_all(buf, 1000, 0x33);
    assert_all(buf + 1000, 24, 0);
    memset(buf, 0x44, 512);
    g_assert_cmpint(io(node, BLOCK_WRITE, 512, buf, 512), ==, 0);
    memset(buf, 0, sizeof(buf));
    g_assert_cmpint(io(node, BLOCK_READ, 0, buf, 1024), ==, 0);
    assert_all(buf, 512, 0x33);
    assert_all(buf + 512, 512, 0x44);
    del_pair(node);
}

/* One request in more pieces than a system call takes: a guest's, over two DIMMs. */
static void test_pieces(gconstpointer data)
{
    enum { N = 2048, PIECE = 16 };
    g_autofree char *path = make_image("pieces", N * PIECE, 0);
    BlockNode *node = add_pair(path, data, FALSE);
    g_autofree guint8 *buf = g_malloc0(2 * N * PIECE);
    g_autofree struct iovec *iov = g_new0(struct iovec, N);

    g_assert_true(attach(node, FALSE, FALSE, NULL));
    for (unsigned i = 0; i < N; i++) {
        iov[i] = (struct iovec){ buf + 2 * i * PIECE, PIECE }; /* none joins the next */
        memset(iov[i].iov_base, i & 0xff, PIECE);
    }
    g_assert_cmpint(io_vec(node, BLOCK_WRITE, 0, iov, N, N * PIECE), ==, 0);
    memset(buf, 0xee, 2 * N * PIECE);
    g_assert_cmpint(io_vec(node, BLOCK_READ, 0, iov, N, N * PIECE), ==, 0);
    for (unsigned i = 0; i < N; i++) {
        assert_all(iov[i].iov_base, PIECE, i & 0xff);
    }
    del_pair(node);
}

/* Many at once: more than a ring has room for, and more pieces than a slice. */
static void test_many(gconstpointer data)
{
    enum { N = 600 };
    g_autofree char *path = make_image("many", N * 512, 0);
    BlockNode *node = add_pair(path, data, FALSE);
    g_autofree Io *ios = g_new0(Io, N);
    g_autofree guint8 *buf = g_malloc0(N * 512);
    g_autofree struct iovec *iov = g_new0(struct iovec, N);
    unsigned left = N;

    g_assert_true(attach(node, FALSE, FALSE, NULL));
    block_plug(node_user(node));
    for (unsigned i = 0; i < N; i++) {
        memset(buf + i * 512, i & 0xff, 512);
        iov[i] = (struct iovec){ buf + i * 512, 512 };
        ios[i].r = (BlockRequest){ .op = BLOCK_WRITE,
                                   .iov = &iov[i],
                                   .n_iov = 1,
                                   .offset = i * 512,
                                   .bytes = 512,
                                   .done = io_done,
                                   .opaque = &ios[i] };
        block_submit(node_user(node), &ios[i].r);
    }
    block_unplug(node_user(node));
    while (left) {
        event_loop_iterate(event_loop_main(), TRUE);
        left = 0;
        for (unsigned i = 0; i < N; i++) {
            left += !ios[i].done;
            g_assert_cmpint(ios[i].ret, ==, 0);
        }
    }
    memset(buf, 0xee, N * 512);
    g_assert_cmpint(io_vec(node, BLOCK_READ, 0, iov, N, N * 512), ==, 0);
    for (unsigned i = 0; i < N; i++) {
        assert_all(buf + i * 512, 512, i & 0xff);
    }
    del_pair(node);
}

static void assert_refused(const char *json, const char *part)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(add_json(&error, "%s", json));
    g_assert_nonnull(error);
    if (!strstr(error->message, part)) {
        g_test_message("%s", error->message);
        g_test_fail();
    }
}

static void test_options(void)
{
    g_autofree char *path = make_image("opt", 4096, 0);
    g_autofree char *unknown = g_strdup_printf(
        "{\"driver\":\"file\",\"node-name\":\"a\",\"filename\":\"%s\",\"frob\":1}", path);
    g_autofree char *native =
        g_strdup_printf("{\"driver\":\"file\",\"node-name\":\"a\",\"filename\":\"%s\","
                        "\"aio\":\"native\"}",
                        path);
    g_autofree char *device = g_strdup_printf(
        "{\"driver\":\"host_device\",\"node-name\":\"a\",\"filename\":\"%s\"}", path);

    assert_refused("{\"node-name\":\"a\"}", "driver");
    assert_refused("{\"driver\":\"qed\",\"node-name\":\"a\"}", "qed");
    assert_refused("{\"driver\":\"file\",\"filename\":\"/x\"}", "node-name");
    assert_refused("{\"driver\":\"file\",\"node-name\":\"a\"}", "filename");
    assert_refused("{\"driver\":\"file\",\"node-name\":\"1a\",\"filename\":\"/x\"}",
                   "1a");
    assert_refused("{\"driver\":\"file\",\"node-name\":\"a\",\"filename\":\"/no/such\"}",
                   "/no/such");
    assert_refused("{\"driver\":\"raw\",\"node-name\":\"a\",\"file\":\"nope\"}", "nope");
    g_autofree char *fifo = g_strdup_printf("%s.fifo", path);
    g_autofree char *waits =
        g_strdup_printf("{\"driver\":\"file\",\"node-name\":\"a\",\"read-only\":true,"
                        "\"filename\":\"%s\"}",
                        fifo);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    assert_refused(waits, "regular file");
    unlink(fifo);
    assert_refused(unknown, "frob");
    assert_refused(native, "cache.direct");
    assert_refused(device, "block device");
    g_assert_null(block_node_find("a"));
}

/* raw with the file given inline, and a part of it. */
static void test_inline_and_slice(void)
{
    g_autofree char *path = make_image("slice", 8192, 0x55);
    g_autoptr(GError) error = NULL;
    guint8 buf[512] = { 0 };

    assert_refused("{\"driver\":\"raw\",\"node-name\":\"a\"}", "file");
    BlockNode *node = add_json(&error,
                               "{\"driver\":\"raw\",\"node-name\":\"a\",\"offset\":1024,"
                               "\"size\":2048,\"file\":{\"driver\":\"file\","
                               "\"filename\":\"%s\",\"locking\":\"off\"}}",
                               path);
    g_assert_no_error(error);
    g_assert_cmpuint(block_node_size(node), ==, 2048);
    g_assert_true(attach(node, FALSE, FALSE, &error));
    g_assert_false(node_del("a", NULL));
    g_assert_cmpint(io(node, BLOCK_WRITE, 1536, buf, 512), ==, 0);
    g_assert_cmpint(io(node, BLOCK_WRITE, 2048, buf, 512), ==, -EINVAL);
    node_detach(node);
    g_assert_true(node_del("a", &error));

    g_autofree guint8 *all = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, (char **)&all, &len, NULL));
    assert_all(all, 2560, 0x55);
    assert_all(all + 2560, 512, 0);
    assert_all(all + 3072, 8192 - 3072, 0x55);
}

/* A node inside another is as that one, where it says nothing of itself. */
static void test_inherit(void)
{
    static const struct {
        const char *above, *below;
        gboolean direct, no_flush, read_only, unmap;
    } rows[] = {
        { "", "", FALSE, FALSE, FALSE, TRUE },
        { ",\"read-only\":true,\"cache\":{\"direct\":true,\"no-flush\":true}", "", TRUE,
          TRUE, TRUE, TRUE },
        { ",\"cache\":{\"direct\":true,\"no-flush\":true},\"discard\":\"unmap\"",
          ",\"cache\":{\"direct\":false},\"discard\":\"ignore\"", FALSE, TRUE, FALSE,
          FALSE },
        { ",\"read-only\":true", ",\"read-only\":false", FALSE, FALSE, FALSE, TRUE },
    };
    g_autofree char *path = make_image("inherit", 8192, 0x55);

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        BlockNode *node = add_json(&error,
                                   "{\"driver\":\"raw\",\"node-name\":\"a\"%s,\"file\":"
                                   "{\"driver\":\"file\",\"filename\":\"%s\"%s}}",
                                   rows[i].above, path, rows[i].below);
        g_assert_no_error(error);
        g_assert_cmpint(node->child->direct, ==, rows[i].direct);
        g_assert_cmpint(node->child->no_flush, ==, rows[i].no_flush);
        g_assert_cmpint(node->child->read_only, ==, rows[i].read_only);
        g_assert_cmpint(node->child->unmap, ==, rows[i].unmap);
        g_assert_cmpint(!!(fcntl(block_file(node->child)->fd, F_GETFL) & O_DIRECT), ==,
                        rows[i].direct);
        g_assert_true(node_del("a", NULL));
    }
}

static void test_read_only(void)
{
    g_autofree char *path = make_image("ro", 4096, 0x66);
    BlockNode *node = add_pair(path, "", TRUE);
    g_autoptr(GError) error = NULL;
    guint8 buf[512];

    g_assert_true(block_node_read_only(node));
    g_assert_false(attach(node, FALSE, FALSE, &error));
    g_assert_true(attach(node, TRUE, FALSE, NULL));
    g_assert_cmpint(io(node, BLOCK_READ, 0, buf, 512), ==, 0);
    g_assert_cmpint(io(node, BLOCK_WRITE, 0, buf, 512), ==, -EPERM);
    g_assert_cmpint(io(node, BLOCK_DISCARD, 0, NULL, 512), ==, -EPERM);
    del_pair(node);
}

/* Another process holds the locks that a QEMU with this disk would hold. */
static pid_t lock_elsewhere(const char *path, const int *bytes, int *release)
{
    int ready[2], go[2];
    char c;

    g_assert_cmpint(pipe(ready), ==, 0);
    g_assert_cmpint(pipe(go), ==, 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(path, O_RDWR);
        close(go[1]);
        for (; *bytes; bytes++) {
            struct flock fl = {
                .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = *bytes, .l_len = 1
            };
            if (fcntl(fd, F_OFD_SETLK, &fl) < 0) {
                _exit(1);
            }
        }
        _exit(write(ready[1], "x", 1) != 1 || read(go[0], &c, 1) < 0);
    }
    close(go[0]);
    close(ready[1]);
    g_assert_cmpint(read(ready[0], &c, 1), ==, 1);
    close(ready[0]);
    *release = go[1];
    return pid;
}

static void unlock_elsewhere(pid_t pid, int release)
{
    int status;

    close(release);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

static void test_locks(void)
{
    static const int writer[] = { 100, 101, 201, 0 }, reader[] = { 100, 201, 0 },
                     sharer[] = { 100, 101, 0 };
    static const struct {
        const int *theirs;
        gboolean read_only, share_rw, ok;
    } cases[] = {
        { writer, FALSE, FALSE, FALSE }, { writer, TRUE, FALSE, FALSE },
        { writer, FALSE, TRUE, FALSE },  { reader, FALSE, FALSE, FALSE },
        { reader, TRUE, FALSE, TRUE },   { sharer, FALSE, TRUE, TRUE },
        { sharer, FALSE, FALSE, FALSE },
    };
    g_autofree char *path = make_image("locks", 4096, 0);

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        int release;
        BlockNode *node = add_pair(path, "", cases[i].read_only);
        pid_t pid = lock_elsewhere(path, cases[i].theirs, &release);
        gboolean ok = attach(node, cases[i].read_only, cases[i].share_rw, &error);
        g_assert_cmpint(ok, ==, cases[i].ok);
        g_assert_true(ok || strstr(error->message, path));
        unlock_elsewhere(pid, release);
        g_assert_true(ok || attach(node, cases[i].read_only, cases[i].share_rw, NULL));
        del_pair(node);
    }
}

/* TRUE when another process may write: nobody withholds it. */
static gboolean others_may_write(const char *path)
{
    struct flock fl = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1
    };
    int fd = open(path, O_RDWR);

    g_assert_cmpint(fcntl(fd, F_OFD_GETLK, &fl), ==, 0);
    close(fd);
    return fl.l_type == F_UNLCK;
}

static void test_inactive(void)
{
    static const int writer[] = { 100, 101, 201, 0 };
    g_autofree char *path = make_image("inactive", 4096, 0x77);
    g_autoptr(GError) error = NULL;
    guint8 buf[512] = { 0 };
    int release;

    block_set_start_inactive(TRUE);
    BlockNode *node = add_pair(path, "", FALSE);
    pid_t pid = lock_elsewhere(path, writer, &release);
    g_assert_true(attach(node, FALSE, FALSE, &error));
    g_assert_cmpint(io(node, BLOCK_READ, 0, buf, 512), ==, -EIO);
    g_assert_false(nodes_activate(&error));
    g_assert_nonnull(strstr(error->message, path));
    g_assert_true(truncate(path, 8192) == 0);
    unlock_elsewhere(pid, release);
    g_clear_error(&error);

    g_assert_true(nodes_activate(&error));
    g_assert_false(others_may_write(path));
    g_assert_cmpuint(block_node_size(node), ==, 8192);
    g_assert_cmpint(io(node, BLOCK_WRITE, 0, buf, 512), ==, 0);
    g_assert_true(nodes_inactivate(NULL));
    g_assert_true(others_may_write(path));
    g_assert_cmpint(io(node, BLOCK_WRITE, 0, buf, 512), ==, -EIO);
    g_assert_true(nodes_activate(&error));
    g_assert_false(others_may_write(path));
    del_pair(node);
}

typedef struct AllFlushed {
    gboolean done;
    GError *error;
} AllFlushed;

static void all_flushed(void *opaque, GError *error)
{
    *(AllFlushed *)opaque = (AllFlushed){ TRUE, error };
}

static GMutex gate;

static void wait_at_gate(void *opaque)
{
    g_mutex_lock(&gate);
    g_mutex_unlock(&gate);
}

static void note(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

/* The main loop goes on while the disks are at it; one of them has lost data. */
static void test_flush_all(void)
{
    g_autofree char *path = make_image("flush", 4096, 0x77),
                    *other = make_image("flush-other", 4096, 0x77);
    g_autoptr(GError) error = NULL;
    BlockNode *node = add_pair(path, "", FALSE);
    BlockNode *lost = add_json(
        &error, "{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"lost\"}",
        other);
    IoThread *io = iothread_new("flush", &error);
    BlockUser on_thread = { .loop = iothread_loop(io) };
    AllFlushed all = { FALSE };
    gboolean alive = FALSE;

    g_assert_no_error(error);
    g_assert_nonnull(block_node_attach(node, &on_thread, &error));
    g_assert_true(
        block_node_attach(lost, &(BlockUser){ .loop = event_loop_main() }, NULL));
    g_mutex_lock(&gate);
    event_loop_post(iothread_loop(io), wait_at_gate, NULL);
    block_flush_all(all_flushed, &all);
    event_loop_post(event_loop_main(), note, &alive);
    while (!alive) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_false(all.done);
    g_mutex_unlock(&gate);
    while (!all.done) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_no_error(all.error);

    g_atomic_int_set(&block_file(lost)->flush_error, ENOSPC);
    all.done = FALSE;
    block_flush_all(all_flushed, &all);
    while (!all.done) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_cmpstr(all.error->message, ==,
                    "Could not flush node 'lost': No space left on device");
    g_clear_error(&all.error);
    node_detach(lost);
    g_assert_true(node_del("lost", NULL));
    del_pair(node);
    g_assert_true(iothread_delete("flush", NULL));

    /* nobody writes: nothing to wait for */
    all.done = FALSE;
    node = add_pair(path, "", FALSE);
    g_assert_true(attach(node, TRUE, FALSE, NULL));
    block_flush_all(all_flushed, &all);
    g_assert_true(all.done && !all.error);
    del_pair(node);
}

typedef struct Queried {
    Late late;
    ConfigNode *nodes;
} Queried;

static void queried(void *opaque, ConfigNode *nodes, GError *error)
{
    Queried *q = opaque;

    q->nodes = nodes;
    late_done(&q->late, error);
}

static void test_query(void)
{
    g_autofree char *path = make_image("query", 4096, 0);
    BlockNode *node = add_pair(path, "", FALSE);
    g_autoptr(ConfigNode) array = NULL;
    Queried q = { .nodes = NULL };

    block_query_named_nodes(queried, &q);
    g_assert_true(late_wait(&q.late, NULL));
    array = q.nodes;
    g_assert_cmpuint(config_list_size(array), ==, 2);
    ConfigNode *info = config_list_at(array, 1);
    g_assert_cmpstr(config_map_string(info, "node-name"), ==, "f");
    g_assert_cmpstr(config_map_string(info, "drv"), ==, "raw");
    g_assert_cmpstr(config_map_string(info, "file"), ==, path);
    g_assert_cmpint(
        config_node_int(config_map_peek(config_map_peek(info, "image"), "actual-size")),
        ==, 4096);
    g_assert_false(node_del("s", NULL));
    g_assert_true(attach(node, FALSE, FALSE, NULL));
    del_pair(node);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *options;
    } engines[] = {
        { "uring", "" },
        { "threads", ",\"aio\":\"threads\"" },
        { "direct", ",\"cache\":{\"direct\":true,\"no-flush\":false}" },
        { "direct-threads", ",\"aio\":\"threads\",\"cache\":{\"direct\":true}" },
        { "no-flush", ",\"cache\":{\"no-flush\":true}" },
    };

    g_test_init(&argc, &argv, NULL);
    event_init();
    dir = g_dir_make_tmp("vireo-block-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(engines); i++) {
        g_autofree char *io = g_strdup_printf("/block/io/%s", engines[i].name);
        g_autofree char *ragged = g_strdup_printf("/block/ragged/%s", engines[i].name);
        g_autofree char *many = g_strdup_printf("/block/many/%s", engines[i].name);
        g_autofree char *pieces = g_strdup_printf("/block/pieces/%s", engines[i].name);
        g_test_add_data_func(io, engines[i].options, test_io);
        g_test_add_data_func(pieces, engines[i].options, test_pieces);
        g_test_add_data_func(ragged, engines[i].options, test_ragged_end);
        g_test_add_data_func(many, engines[i].options, test_many);
    }
    g_test_add_func("/block/io/uring-denied", test_io_uring_denied);
    g_test_add_func("/block/options", test_options);
    g_test_add_func("/block/slice", test_inline_and_slice);
    g_test_add_func("/block/inherit", test_inherit);
    g_test_add_func("/block/read-only", test_read_only);
    g_test_add_func("/block/locks", test_locks);
    g_test_add_func("/block/inactive", test_inactive);
    g_test_add_func("/block/flush-all", test_flush_all);
    g_test_add_func("/block/query", test_query);
    int ret = g_test_run();
    block_cleanup();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
