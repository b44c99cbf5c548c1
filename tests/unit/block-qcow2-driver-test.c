/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver qcow2 without the library: this has its functions here, over a table of
 * clusters, so that all kinds of extents come in all orders, and each that is mapped is
 * seen to be given back.
 */
#include <errno.h>
#include <string.h>

#include "block/qcow2/qcow2.h"
#include "tests/unit/block-graph.h"
#include "util/error.h"

#define CLUSTER  (64u * KIB)
#define CLUSTERS 16u
#define SIZE     (CLUSTER * CLUSTERS)

struct Qcow2 {
    Qcow2Io io;
    Qcow2Options options;
    GMutex lock; /* for: */
    Qcow2Kind kinds[CLUSTERS];
    guint held, mapped;
    gboolean active;
};

static Qcow2 *library; /* the one that is open */
static gboolean refuses;
static const char *header_backing;

Qcow2 *qcow2_new(const Qcow2Io *io, const Qcow2Io *data, const Qcow2Options *options)
{
    Qcow2 *q = g_new0(Qcow2, 1);

    g_assert_null(library);
    q->io = *io;
    q->options = *options;
    g_mutex_init(&q->lock);
    for (guint i = 0; i < CLUSTERS; i++) {
        q->kinds[i] = (Qcow2Kind)g_test_rand_int_range(QCOW2_DATA, QCOW2_COMPRESSED);
    }
    library = q;
    return q;
}

gboolean qcow2_activate(Qcow2 *q, GError **errp)
{
    guint8 byte;

    g_assert_false(q->active);
    g_assert_cmpint(q->io.read(q->io.opaque, 0, &byte, 1), ==, 0);
    q->active = !refuses;
    return q->active || error_set(errp, "the header is bad");
}

int qcow2_inactivate(Qcow2 *q)
{
    g_assert_cmpuint(q->held, ==, 0);
    q->active = FALSE;
    return 0;
}

void qcow2_free(Qcow2 *q)
{
    g_assert_true(q == library && !q->active);
    library = NULL;
    g_mutex_clear(&q->lock);
    g_free(q);
}

void qcow2_get_info(Qcow2 *q, Qcow2Info *info)
{
    *info = (Qcow2Info){ .version = 3, .backing_file = header_backing };
}

guint64 qcow2_size(Qcow2 *q)
{
    return SIZE;
}

gboolean qcow2_needs_flush(Qcow2 *q)
{
    return FALSE;
}

void qcow2_clean_caches(Qcow2 *q, gboolean wait)
{
    g_assert_false(wait);
}

/* Of -drive alone. */
gboolean qcow2_probe(const Qcow2Io *io, char **backing_file, char **backing_format,
                     char **data_file, GError **errp)
{
    g_assert_not_reached();
}

int qcow2_resize(Qcow2 *q, guint64 size, GError **errp)
{
    error_set(errp, "no");
    return -ENOTSUP;
}

int qcow2_flush(Qcow2 *q)
{
    return q->io.flush(q->io.opaque);
}

/* Clusters stand in the file in the other direction, behind a header. */
static guint64 host_of(guint64 offset)
{
    return (CLUSTERS - offset / CLUSTER) * CLUSTER + offset % CLUSTER;
}

void qcow2_map(Qcow2 *q, guint64 offset, guint64 bytes, gboolean for_write,
               Qcow2Extent *extent)
{
    g_assert_true(event_loop_current() == event_loop_main() && q->active);
    g_mutex_lock(&q->lock);
    extent->kind = q->kinds[offset / CLUSTER];
    if ((for_write && extent->kind != QCOW2_DATA) || q->mapped++ % 4 == 0) {
        extent->kind = QCOW2_MISS;
    }
    extent->bytes =
        extent->kind == QCOW2_MISS ? bytes : MIN(bytes, CLUSTER - offset % CLUSTER);
    extent->host = host_of(offset);
    q->held++;
    g_mutex_unlock(&q->lock);
}

void qcow2_unmap(Qcow2 *q, Qcow2Extent *extent)
{
    g_mutex_lock(&q->lock);
    g_assert_cmpuint(q->held, >, 0);
    q->held--;
    g_mutex_unlock(&q->lock);
}

static int read_piece(Qcow2 *q, Qcow2Kind kind, guint64 offset, void *buf, gsize len)
{
    if (kind == QCOW2_DATA) {
        return q->io.read(q->io.opaque, host_of(offset), buf, len);
    }
    if (kind == QCOW2_BACKING && q->options.read_backing) {
        g_assert_cmpuint(q->options.backing_size(q->options.opaque), ==, SIZE / 2);
        return q->options.read_backing(q->options.opaque, offset, buf, len);
    }
    memset(buf, 0, len);
    return 0;
}

/* One cluster; the test's requests are in one buffer. */
static int each(Qcow2 *q, BlockOp op, guint64 offset, guint8 *buf, gsize len)
{
    g_autofree guint8 *whole = g_malloc0(CLUSTER);
    guint64 start = offset - offset % CLUSTER;
    int ret = 0;

    g_mutex_lock(&q->lock);
    Qcow2Kind *kind = &q->kinds[offset / CLUSTER];
    if (op == BLOCK_READ) {
        ret = read_piece(q, *kind, offset, buf, len);
    } else {
        g_assert_cmpint(read_piece(q, *kind, start, whole, CLUSTER), ==, 0);
        if (op == BLOCK_WRITE) {
            memcpy(whole + (offset - start), buf, len);
        } else {
            memset(whole + (offset - start), 0, len);
        }
        *kind = QCOW2_DATA;
        ret = q->io.write(q->io.opaque, host_of(start), whole, CLUSTER);
    }
    g_mutex_unlock(&q->lock);
    return ret;
}

static int all(Qcow2 *q, BlockOp op, guint64 offset, guint8 *buf, guint64 bytes)
{
    int ret = 0;

    g_assert_true(event_loop_current() != event_loop_main());
    while (bytes && ret == 0) {
        gsize len = MIN(bytes, CLUSTER - offset % CLUSTER);
        ret = each(q, op, offset, buf, len);
        offset += len;
        bytes -= len;
        buf = buf ? buf + len : NULL;
    }
    return ret;
}

int qcow2_read(Qcow2 *q, guint64 offset, const struct iovec *iov, unsigned n_iov)
{
    return all(q, BLOCK_READ, offset, iov->iov_base, iov->iov_len);
}

int qcow2_write(Qcow2 *q, guint64 offset, const struct iovec *iov, unsigned n_iov)
{
    return all(q, BLOCK_WRITE, offset, iov->iov_base, iov->iov_len);
}

int qcow2_zero(Qcow2 *q, guint64 offset, guint64 bytes, gboolean unmap)
{
    return all(q, BLOCK_WRITE_ZEROES, offset, NULL, bytes);
}

int qcow2_discard(Qcow2 *q, guint64 offset, guint64 bytes)
{
    return all(q, BLOCK_DISCARD, offset, NULL, bytes);
}

/* --- tests --- */

#define OPEN                                                                             \
    "{'driver':'qcow2','node-name':'q','discard':'unmap','file':{'driver':'file',"       \
    "'node-name':'f','filename':'%s'}"
#define BACKING                                                                          \
    ",'backing':{'driver':'null-co','node-name':'b','read-zeroes':true,'size':524288}}"

static void fill_model(guint8 *model)
{
    memset(model, 0, SIZE);
    for (guint i = 0; i < CLUSTERS; i++) {
        if (library->kinds[i] == QCOW2_DATA) {
            memset(model + i * CLUSTER, 7, CLUSTER);
        }
    }
}

static void random_request(BlockChild *c, guint8 *model)
{
    static const BlockOp ops[] = { BLOCK_READ,  BLOCK_READ,    BLOCK_WRITE,
                                   BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_WRITE_ZEROES };
    BlockOp op = ops[g_test_rand_int_range(0, G_N_ELEMENTS(ops))];
    guint64 offset = (guint64)g_test_rand_int_range(0, SIZE / 512 - 300) * 512;
    gsize len = (gsize)g_test_rand_int_range(1, 300) * 512;
    g_autofree guint8 *buf = g_malloc(len);

    memset(buf, g_test_rand_int_range(1, 255), len);
    g_assert_cmpint(io(c, op, offset, buf, op == BLOCK_FLUSH ? 0 : len), ==, 0);
    if (op == BLOCK_READ) {
        g_assert_cmpmem(buf, len, model + offset, len);
    } else if (op == BLOCK_WRITE) {
        memcpy(model + offset, buf, len);
    } else if (op != BLOCK_FLUSH) {
        memset(model + offset, 0, len);
    }
    g_assert_cmpuint(library->held, ==, 0);
}

static void test_random(gconstpointer json)
{
    g_autofree guint8 *model = g_malloc0(SIZE);
    BlockUser user = { .loop = event_loop_main() };

    for (guint round = 0; round < 10; round++) {
        make_image(SIZE + CLUSTER, 7);
        BlockNode *node = must_add(json);
        g_assert_cmpuint(block_node_size(node), ==, SIZE);
        assert_alone(TRUE); /* also without a user */
        BlockChild *c = block_node_attach(node, &user, NULL);
        fill_model(model);
        for (guint i = 0; i < 100; i++) {
            random_request(c, model);
        }
        give(c);
        assert_alone(TRUE);
        del("q");
        g_assert_null(library);
        assert_free();
    }
}

/* The image is given away and taken back, or refused; nothing stays held. */
static void test_active(void)
{
    g_autoptr(GError) error = NULL;

    make_image(SIZE + CLUSTER, 7);
    refuses = TRUE;
    g_assert_null(add(OPEN "}", &error));
    g_assert_cmpstr(error->message, ==, "the header is bad");
    g_clear_error(&error);
    assert_free();
    refuses = FALSE;
    header_backing = "base";
    g_assert_null(add(OPEN "}", &error));
    g_assert_nonnull(strstr(error->message, "has the backing file 'base'"));
    g_clear_error(&error);
    assert_free();
    must_add(OPEN ",'backing':null}");
    header_backing = NULL;
    vm_stop(RUN_STATE_PAUSED);
    g_assert_true(nodes_inactivate(NULL));
    g_assert_false(library->active);
    assert_free();
    refuses = TRUE;
    g_assert_false(nodes_activate(&error));
    assert_free();
    refuses = FALSE;
    g_assert_true(nodes_activate(NULL));
    g_assert_true(library->active);
    assert_alone(TRUE);
    vm_start();
    del("q");
    g_assert_null(library);
    assert_free();
}

int main(int argc, char **argv)
{
    char *dir = graph_begin(&argc, &argv);

    g_test_add_data_func("/block-qcow2-driver/alone", OPEN "}", test_random);
    g_test_add_data_func("/block-qcow2-driver/backing", OPEN BACKING, test_random);
    g_test_add_func("/block-qcow2-driver/active", test_active);
    return graph_run(dir);
}
