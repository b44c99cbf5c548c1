/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RAM through the stream: round trips, and a reader that believes nothing. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event/lock.h"
#include "event/loop.h"
#include "memory/address-map.h"
#include "memory/ram.h"
#include "migration/ram.h"
#include "util/error.h"

#define PAGES 1200
#define DENSE 12

typedef struct Pair {
    MigChannel *a, *b;
} Pair;

static Pair pair_new(void)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    return (Pair){ mig_channel_new(fds[0], NULL), mig_channel_new(fds[1], NULL) };
}

static void pair_free(Pair *p)
{
    mig_channel_free(p->a);
    mig_channel_free(p->b);
}

/* Each byte within the time, but not all of them; without it they come. */
static void test_deadline(void)
{
    g_autoptr(GError) err = NULL;
    Pair p = pair_new();
    char buf[8];

    mig_channel_write(p.a, "1234", 4, &err);
    g_assert_no_error(err);
    mig_channel_set_deadline(p.b, 20);
    g_assert_false(mig_channel_read(p.b, buf, sizeof(buf), &err));
    g_assert_nonnull(strstr(err->message, "silent"));
    g_clear_error(&err);
    mig_channel_write(p.a, "12345678", 8, &err);
    mig_channel_set_deadline(p.b, 0);
    g_assert_true(mig_channel_read(p.b, buf, sizeof(buf), &err));
    pair_free(&p);
}

static int option(int fd, int level, int name)
{
    int value = 0;
    socklen_t len = sizeof(value);

    g_assert_cmpint(getsockopt(fd, level, name, &value, &len), ==, 0);
    return value;
}

/* A host that has gone is noticed in half a minute, whoever waits for whom. */
static void test_dead_host(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MigChannel *ch = mig_channel_new(fd, NULL);

    g_assert_cmpint(option(fd, SOL_SOCKET, SO_KEEPALIVE), ==, 1);
    g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), ==, 30000);
    g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                        option(fd, IPPROTO_TCP, TCP_KEEPINTVL) *
                            option(fd, IPPROTO_TCP, TCP_KEEPCNT),
                    ==, 30);
    mig_channel_free(ch);
}

/* What is written to a page after it was sent, and before it is read. */
static guint8 seen_later(MigChannel *a, MigChannel *b)
{
    gsize size = 2 * RAM_PAGE_SIZE;
    guint8 *pages =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct iovec iov[2] = { { (char *)"head", 4 }, { pages, size } };
    g_autofree guint8 *got = g_malloc(4 + size);
    guint8 seen;

    memset(pages, 1, size);
    g_assert_true(mig_channel_lendv(a, iov, 2, NULL));
    memset(pages, 2, size);
    g_assert_true(mig_channel_read(b, got, 4 + size, NULL));
    g_assert_cmpmem(got, 4, "head", 4);
    seen = got[4];
    g_assert_cmpmem(got + 4, size - 1, got + 5, size - 1);
    munmap(pages, size);
    return seen;
}

/* Lent memory is not copied: the other side has it when it reads. */
static void test_lend(void)
{
    Pair p = pair_new(), copying = pair_new();

    mig_channel_lend(p.a);
    g_assert_cmpuint(seen_later(p.a, p.b), ==, 2);
    g_assert_cmpuint(seen_later(copying.a, copying.b), ==, 1);
    pair_free(&p);
    pair_free(&copying);
}

/* Without descriptors all is copied; so is what cannot be lent, which then fails. */
static void test_lend_nothing(void)
{
    struct rlimit old, none = { 0 };
    Pair p = pair_new(), bad = pair_new();
    g_autoptr(GError) err = NULL;
    void *hole = mmap(NULL, RAM_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct iovec iov[2] = { { (char *)"head", 4 }, { hole, RAM_PAGE_SIZE } };
    char head[4];

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    none.rlim_max = old.rlim_max;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    mig_channel_lend(p.a);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
    g_assert_cmpuint(seen_later(p.a, p.b), ==, 1);

    mig_channel_lend(bad.a);
    g_assert_false(mig_channel_lendv(bad.a, iov, 2, &err));
    g_assert_error(err, MIGRATION_ERROR, MIGRATION_ERROR_WRITE);
    g_assert_true(mig_channel_read(bad.b, head, sizeof(head), NULL));
    g_assert_cmpuint(seen_later(bad.a, bad.b), ==, 1);
    munmap(hole, RAM_PAGE_SIZE);
    pair_free(&p);
    pair_free(&bad);
}

static RamBlock *block_add(const char *name, guint64 pages)
{
    g_autoptr(GError) err = NULL;
    RamBlock *block = ram_block_new(name, pages * RAM_PAGE_SIZE, &err);

    g_assert_no_error(err);
    ram_block_register(block, &err);
    g_assert_no_error(err);
    return block;
}

static void block_remove(RamBlock *block)
{
    ram_block_unregister(block);
    ram_block_unref(block);
}

static Populate *populate; /* of the test, or NULL */

static void add_block(RamBlock *block, void *opaque)
{
    g_ptr_array_add(opaque, block);
}

/* On the incoming thread, which does not have the machine lock. */
static gboolean load(MigChannel *ch, const MigRecord *record, GError **errp)
{
    g_autoptr(GPtrArray) blocks = g_ptr_array_new();
    gboolean ok;

    ram_block_foreach(add_block, blocks);
    machine_unlock();
    ok = ram_load(ch, record, blocks, populate, errp);
    machine_lock();
    return ok;
}

static gpointer send_all(gpointer opaque)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(RamSender) sender = ram_sender_new(opaque);
    RamStats stats;

    ram_sender_pass(sender, FALSE, &err);
    g_assert_no_error(err);
    ram_sender_stats(sender, &stats);
    g_assert_cmpuint(stats.remaining, ==, 0);
    mig_stream_send(opaque, MIG_RECORD_END, 0, NULL, &err);
    g_assert_no_error(err);
    return GUINT_TO_POINTER(stats.duplicate);
}

static void load_until_end(MigChannel *ch)
{
    for (;;) {
        g_autoptr(GError) err = NULL;
        MigRecord record;

        mig_stream_read_record(ch, &record, &err);
        g_assert_no_error(err);
        if (record.type == MIG_RECORD_END) {
            return;
        }
        g_assert_cmpuint(record.type, ==, MIG_RECORD_RAM);
        load(ch, &record, &err);
        g_assert_no_error(err);
    }
}

/* Reads records into a copy of the memory taken aside, then compares. */
static void test_round_trip(void)
{
    g_autoptr(Populate) ahead = populate_new();
    RamBlock *first = block_add("first", PAGES), *second = block_add("second", 3);
    gsize size = PAGES * RAM_PAGE_SIZE;
    g_autofree guint8 *want = g_malloc0(size);
    Pair p = pair_new();
    GThread *thread;
    guint zero_pages;

    for (guint i = 0; i < PAGES; i++) {
        if (i % 7) {
            first->host[i * RAM_PAGE_SIZE + i % RAM_PAGE_SIZE] = i | 1;
        }
    }
    memset(second->host, 0xa5, second->size);
    memcpy(want, first->host, size);
    thread = g_thread_new("send", send_all, p.a);
    populate = ahead;
    load_until_end(p.b);
    populate = NULL;
    zero_pages = GPOINTER_TO_UINT(g_thread_join(thread));
    g_assert_cmpuint(zero_pages, ==, (PAGES + 6) / 7);
    g_assert_cmpmem(first->host, size, want, size);
    pair_free(&p);
    block_remove(first);
    block_remove(second);
}

/* A sender with a scanner beside it, a guest that writes, and where it all goes. */
#define BUSY_PAGES (24u << 20 >> RAM_PAGE_BITS)
#define PASSES     5

typedef struct Busy {
    RamBlock *source, *copy;
    MigChannel *ch; /* to read from */
    gint writing;   /* atomic */
} Busy;

static gpointer write_on(gpointer opaque)
{
    Busy *busy = opaque;
    guint64 n = 1;

    while (g_atomic_int_get(&busy->writing)) {
        n = n * 6364136223846793005ull + 1442695040888963407ull;
        guint64 page = (n >> 33) % BUSY_PAGES, offset = page * RAM_PAGE_SIZE;
        guint64 *word = (guint64 *)(busy->source->host + offset) + (n >> 20) % 512;

        /* Some become zero, most not. */
        __atomic_store_n(word, n >> 60 ? n : 0, __ATOMIC_RELAXED);
        ram_block_mark_dirty(busy->source, offset, RAM_PAGE_SIZE);
    }
    return NULL;
}

static gpointer load_copy(gpointer opaque)
{
    Busy *busy = opaque;
    g_autoptr(GPtrArray) blocks = g_ptr_array_new();
    g_autoptr(GError) err = NULL;
    MigRecord record;

    g_ptr_array_add(blocks, busy->copy);
    while (mig_stream_read_record(busy->ch, &record, &err) &&
           record.type == MIG_RECORD_RAM &&
           ram_load(busy->ch, &record, blocks, NULL, &err)) {
    }
    g_assert_no_error(err);
    return NULL;
}

static void pass(RamSender *sender, gboolean last)
{
    g_autoptr(GError) err = NULL;

    machine_unlock();
    dirty_log_sync(&err);
    g_assert_no_error(err);
    ram_sender_collect(sender);
    ram_sender_pass(sender, last, &err);
    g_assert_no_error(err);
    machine_lock();
}

/* What is written between scan and send, or after it, comes with a later pass. */
static void test_busy(gconstpointer lend)
{
    Pair p = pair_new();
    Busy busy = { .source = block_add("busy", BUSY_PAGES), .ch = p.b, .writing = TRUE };
    RamSender *sender;
    GThread *writer, *loader;

    busy.copy = ram_block_new("copy", busy.source->size, NULL);
    g_assert_true(dirty_log_start(NULL));
    if (lend) {
        mig_channel_lend(p.a);
    }
    sender = ram_sender_new(p.a);
    writer = g_thread_new("write", write_on, &busy);
    loader = g_thread_new("load", load_copy, &busy);
    for (guint i = 0; i < PASSES; i++) {
        pass(sender, FALSE);
    }
    g_atomic_int_set(&busy.writing, FALSE);
    g_thread_join(writer);
    pass(sender, TRUE);
    g_assert_true(mig_stream_send(p.a, MIG_RECORD_END, 0, NULL, NULL));
    g_thread_join(loader);
    g_assert_cmpint(memcmp(busy.source->host, busy.copy->host, busy.copy->size), ==, 0);
    dirty_log_stop();
    ram_sender_free(sender);
    pair_free(&p);
    ram_block_unref(busy.copy);
    block_remove(busy.source);
}

static gpointer cancel_soon(gpointer opaque)
{
    mig_channel_cancel(opaque);
    return NULL;
}

static guint clears; /* pieces until KVM fails */

static gboolean fail_later(MapListener *l, RamBlock *block, gsize first, gsize pages,
                           const unsigned long *bits, GError **errp)
{
    return --clears || error_set(errp, "no log");
}

typedef struct Ending {
    guint clears;
    gboolean read, cancel; /* whether somebody reads; in the middle it ends */
    int code;
} Ending;

/* Reads the beginning, and leaves. */
static gpointer read_some(gpointer opaque)
{
    guint8 buf[4096];

    mig_channel_read(opaque, buf, sizeof(buf), NULL);
    mig_channel_close(opaque);
    return NULL;
}

static const Ending endings[] = {
    { 2, TRUE, FALSE, -1 },                          /* the scanner fails */
    { 100, FALSE, FALSE, MIGRATION_ERROR_WRITE },    /* the other side goes */
    { 100, FALSE, TRUE, MIGRATION_ERROR_CANCELLED }, /* a full socket, then a cancel */
};

/* However a pass ends, its scanner has ended, too, and the sender can be freed. */
static void test_ending(gconstpointer data)
{
    static MapListener listener = { .priority = 1, .log_clear = fail_later };
    const Ending *e = data;
    RamBlock *block = block_add("ram", 3 * BUSY_PAGES);
    g_autoptr(GError) err = NULL;
    Pair p = pair_new();
    RamSender *sender = ram_sender_new(p.a);
    Busy busy = { .copy = block, .ch = p.b };
    GThread *other;

    memset(block->host, 0x5a, block->size);
    mig_channel_lend(p.a);
    clears = e->clears;
    g_assert_true(address_map_listen(address_map_memory(), &listener, NULL));
    other = e->read     ? g_thread_new("load", load_copy, &busy)
            : e->cancel ? g_thread_new("cancel", cancel_soon, p.a)
                        : g_thread_new("read", read_some, p.b);
    machine_unlock();
    g_assert_false(ram_sender_pass(sender, FALSE, &err));
    machine_lock();
    if (e->code >= 0) {
        g_assert_error(err, MIGRATION_ERROR, e->code);
    } else {
        g_assert_cmpstr(err->message, ==, "no log");
        g_assert_true(mig_stream_send(p.a, MIG_RECORD_END, 0, NULL, NULL));
    }
    g_thread_join(other);
    address_map_unlisten(address_map_memory(), &listener);
    ram_sender_free(sender);
    pair_free(&p);
    block_remove(block);
}

/* There is nothing to send yet, or nobody would hear of it. */
static void test_cancelled_scan(void)
{
    RamBlock *block = block_add("ram", BUSY_PAGES);
    g_autoptr(GError) err = NULL;
    Pair p = pair_new();
    RamSender *sender = ram_sender_new(p.a);
    RamStats stats;

    mig_channel_cancel(p.a);
    machine_unlock();
    g_assert_false(ram_sender_pass(sender, FALSE, &err));
    machine_lock();
    g_assert_error(err, MIGRATION_ERROR, MIGRATION_ERROR_CANCELLED);
    ram_sender_stats(sender, &stats);
    g_assert_cmpuint(stats.remaining, ==, stats.total);
    ram_sender_free(sender);
    pair_free(&p);
    block_remove(block);
}

static guint64 resident(const RamBlock *block)
{
    gsize pages = block->size / RAM_PAGE_SIZE;
    g_autofree guint8 *in_core = g_malloc0(pages);
    guint64 n = 0;

    g_assert_cmpint(mincore(block->host, block->size, in_core), ==, 0);
    for (gsize i = 0; i < pages; i++) {
        n += in_core[i] & 1;
    }
    return n * RAM_PAGE_SIZE;
}

/* One record of a chunk full of `fill`, at the place of that chunk. */
static gpointer send_chunks(gpointer opaque)
{
    g_autofree guint8 *data = g_malloc(POPULATE_CHUNK);
    g_autoptr(GError) err = NULL;

    for (guint i = 0; i < DENSE; i++) {
        guint8 head[MIG_RECORD_SIZE], table[8 + 16] = { 1 };
        guint64 offset = GUINT64_TO_LE((guint64)i * POPULATE_CHUNK);
        guint32 pages = GUINT32_TO_LE(POPULATE_CHUNK / RAM_PAGE_SIZE);

        memset(data, i + 1, POPULATE_CHUNK);
        memcpy(table + 8, &offset, sizeof(offset));
        memcpy(table + 16, &pages, sizeof(pages));
        mig_record_pack(head, MIG_RECORD_RAM, 0, sizeof(table) + POPULATE_CHUNK);
        mig_channel_write(opaque, head, sizeof(head), &err);
        mig_channel_write(opaque, table, sizeof(table), &err);
        mig_channel_write(opaque, data, POPULATE_CHUNK, &err);
        g_assert_no_error(err);
    }
    mig_stream_send(opaque, MIG_RECORD_END, 0, NULL, &err);
    g_assert_no_error(err);
    return NULL;
}

/* Dense memory is populated ahead of the reader, and not much further than it came. */
static void test_populate(void)
{
    RamBlock *block = block_add("ram", (DENSE + 20) * POPULATE_CHUNK / RAM_PAGE_SIZE);
    Pair p = pair_new();
    GThread *thread = g_thread_new("send", send_chunks, p.a);

    populate = populate_new();
    load_until_end(p.b);
    g_clear_pointer(&populate, populate_free);
    g_thread_join(thread);
    for (guint i = 0; i < DENSE; i++) {
        const guint8 *chunk = block->host + i * POPULATE_CHUNK;

        g_assert_cmpuint(chunk[0], ==, i + 1);
        g_assert_cmpmem(chunk, POPULATE_CHUNK - 1, chunk + 1, POPULATE_CHUNK - 1);
    }
    g_assert_cmpuint(resident(block), <=, (DENSE + POPULATE_AHEAD) * POPULATE_CHUNK);
    pair_free(&p);
    block_remove(block);
}

/* The helpers themselves: what they have populated is there, the rest is not. */
static void test_populate_follow(void)
{
    RamBlock *block = block_add("ram", 20 * POPULATE_CHUNK / RAM_PAGE_SIZE);
    Populate *ahead = populate_new();

    populate_follow(ahead, block, 0, POPULATE_CHUNK, POPULATE_CHUNK);
    while (resident(block) < POPULATE_AHEAD * POPULATE_CHUNK) {
        g_thread_yield();
    }
    /* Far away, and sparse: no guess. */
    populate_follow(ahead, block, 10 * POPULATE_CHUNK, POPULATE_CHUNK, POPULATE_CHUNK);
    populate_follow(ahead, block, 11 * POPULATE_CHUNK, POPULATE_CHUNK, RAM_PAGE_SIZE);
    populate_free(ahead);
    g_assert_cmpuint(resident(block), ==, POPULATE_AHEAD * POPULATE_CHUNK);
    block_remove(block);
}

/* What was written into the channel lands where it says, not where we sent from. */
static void test_load_places_data(void)
{
    RamBlock *block = block_add("ram", 8);
    Pair p = pair_new();
    g_autoptr(GError) err = NULL;
    guint8 page[RAM_PAGE_SIZE], table[8 + 2 * 16] = { 2 };
    MigRecord record = { MIG_RECORD_RAM, 0, sizeof(table) + sizeof(page) };

    memset(page, 0x42, sizeof(page));
    memset(block->host, 0xff, block->size);
    table[8 + 1] = 0x30;  /* run 0: offset 0x3000 */
    table[8 + 8] = 1;     /* one page with data */
    table[24 + 1] = 0x10; /* run 1: offset 0x1000 */
    table[24 + 8] = 2;    /* two pages */
    table[24 + 12] = 1;   /* of zeroes */
    g_assert_true(mig_channel_write(p.a, table, sizeof(table), &err));
    g_assert_true(mig_channel_write(p.a, page, sizeof(page), &err));
    g_assert_true(load(p.b, &record, &err));
    g_assert_cmpmem(block->host + 0x3000, sizeof(page), page, sizeof(page));
    for (guint i = 0; i < 2 * RAM_PAGE_SIZE; i++) {
        g_assert_cmpuint(block->host[0x1000 + i], ==, 0);
    }
    g_assert_cmpuint(block->host[0], ==, 0xff);
    g_assert_cmpuint(block->host[0x4000], ==, 0xff);
    pair_free(&p);
    block_remove(block);
}

typedef struct Hostile {
    guint32 aux;
    guint64 length, offset;
    guint32 runs, pages, flags;
    const char *names; /* what the error must name */
} Hostile;

static const Hostile hostile[] = {
    { 1, 24, 0, 1, 1, 1, "index" },
    { 0, 4, 0, 1, 1, 1, "length" },
    { 0, 24, 0, 2, 1, 1, "number of runs" },
    { 0, 24, 0, 0xffffffff, 1, 1, "number of runs" },
    { 0, 24, 1, 1, 1, 1, "offset" },
    { 0, 24, 8 * 4096, 1, 1, 1, "offset" },
    { 0, 24, 0xfffffffffffff000, 1, 1, 1, "offset" },
    { 0, 24, 7 * 4096, 1, 2, 1, "number of pages" },
    { 0, 24, 0, 1, 0, 1, "number of pages" },
    { 0, 24, 0, 1, 0xffffffff, 1, "number of pages" },
    { 0, 24, 0, 1, 1, 2, "flags" },
    { 0, 24, 0, 1, 1, 0, "length" },        /* data announced, none there */
    { 0, 24 + 4096, 0, 1, 1, 1, "length" }, /* more than the runs take */
};

static void test_hostile(void)
{
    RamBlock *block = block_add("ram", 8);

    for (guint i = 0; i < G_N_ELEMENTS(hostile); i++) {
        const Hostile *h = &hostile[i];
        Pair p = pair_new();
        g_autoptr(GError) err = NULL;
        MigRecord record = { MIG_RECORD_RAM, h->aux, h->length };
        struct {
            guint32 runs, zero;
            guint64 offset;
            guint32 pages, flags;
        } body = { GUINT32_TO_LE(h->runs), 0, GUINT64_TO_LE(h->offset),
                   GUINT32_TO_LE(h->pages), GUINT32_TO_LE(h->flags) };

        g_assert_true(mig_channel_write(p.a, &body, sizeof(body), &err));
        g_assert_false(load(p.b, &record, &err));
        g_assert_error(err, MIGRATION_ERROR, MIGRATION_ERROR_FAILED);
        if (!strstr(err->message, h->names)) {
            g_error("row %u: '%s' does not name '%s'", i, err->message, h->names);
        }
        pair_free(&p);
    }
    block_remove(block);
}

/* A writer that nobody reads from waits; cancelling ends the wait. */
static void test_cancel(void)
{
    Pair p = pair_new();
    g_autoptr(GError) err = NULL;
    g_autofree guint8 *data = g_malloc0(64 << 20);
    GThread *thread = g_thread_new("cancel", cancel_soon, p.a);

    g_assert_false(mig_channel_write(p.a, data, 64 << 20, &err));
    g_assert_error(err, MIGRATION_ERROR, MIGRATION_ERROR_CANCELLED);
    g_thread_join(thread);
    pair_free(&p);
}

static void test_closed(void)
{
    Pair p = pair_new();
    g_autoptr(GError) err = NULL;
    MigRecord record;

    g_clear_pointer(&p.a, mig_channel_free);
    g_assert_false(mig_stream_read_record(p.b, &record, &err));
    g_assert_error(err, MIGRATION_ERROR, MIGRATION_ERROR_FAILED);
    g_clear_error(&err);
    g_assert_false(mig_stream_send(p.b, MIG_RECORD_END, 0, NULL, &err));
    g_assert_error(err, MIGRATION_ERROR, MIGRATION_ERROR_WRITE);
    pair_free(&p);
}

static void test_hello(void)
{
    static const struct {
        const char *bytes;
        gboolean ok;
    } rows[] = {
        { "VIREOMIG\2\0\0\0\0\0\0\0", TRUE },
        { "VIREOMIH\2\0\0\0\0\0\0\0", FALSE },
        { "VIREOMIG\1\0\0\0\0\0\0\0", FALSE },
        { "VIREOMIG\2\0\0\0\1\0\0\0", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Pair p = pair_new();
        g_autoptr(GError) err = NULL;

        g_assert_true(mig_channel_write(p.a, rows[i].bytes, 16, &err));
        g_assert_cmpint(mig_stream_read_hello(p.b, FALSE, &err), ==, rows[i].ok);
        pair_free(&p);
    }
}

static void test_answer(void)
{
    Pair p = pair_new();
    g_autoptr(GError) err = NULL;

    g_assert_true(mig_stream_send_answer(p.a, NULL, &err));
    g_assert_true(mig_stream_read_answer(p.b, &err));
    g_assert_true(mig_stream_send_answer(p.a, "no such device", &err));
    g_assert_false(mig_stream_read_answer(p.b, &err));
    g_assert_nonnull(strstr(err->message, "no such device"));
    pair_free(&p);
}

/* What cannot be an answer is refused at its length; nobody waits for the rest. */
static void test_answer_too_long(void)
{
    static const struct {
        guint32 len;
        int code;
        const char *error;
    } rows[] = {
        { MIG_ANSWER_MAX, MIGRATION_ERROR_REFUSED, "The destination says: xxx" },
        { MIG_ANSWER_MAX + 1, MIGRATION_ERROR_FAILED, "has a length of 4097" },
        { G_MAXUINT32, MIGRATION_ERROR_FAILED, "has a length of 4294967295" },
    };
    g_autofree char *text = g_strnfill(MIG_ANSWER_MAX, 'x');

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint32 le = GUINT32_TO_LE(rows[i].len);
        Pair p = pair_new();
        g_autoptr(GError) err = NULL;

        g_assert_true(mig_channel_write(p.a, &le, sizeof(le), &err));
        if (rows[i].len <= MIG_ANSWER_MAX) {
            g_assert_true(mig_channel_write(p.a, text, rows[i].len, &err));
        }
        mig_channel_set_deadline(p.b, 1000);
        g_assert_false(mig_stream_read_answer(p.b, &err));
        g_assert_error(err, MIGRATION_ERROR, rows[i].code);
        g_assert_nonnull(strstr(err->message, rows[i].error));
        pair_free(&p);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    event_init();
    g_test_add_func("/migration-channel/deadline", test_deadline);
    g_test_add_func("/migration-channel/dead-host", test_dead_host);
    g_test_add_func("/migration/ram/round-trip", test_round_trip);
    g_test_add_func("/migration-channel/lend", test_lend);
    g_test_add_func("/migration-channel/lend-nothing", test_lend_nothing);
    g_test_add_data_func("/migration/ram/busy", NULL, test_busy);
    g_test_add_data_func("/migration/ram/busy-lent", "lent", test_busy);
    g_test_add_data_func("/migration/ram/scan-fails", &endings[0], test_ending);
    g_test_add_data_func("/migration/ram/reader-goes", &endings[1], test_ending);
    g_test_add_data_func("/migration/ram/cancelled", &endings[2], test_ending);
    g_test_add_func("/migration/ram/cancelled-scan", test_cancelled_scan);
    g_test_add_func("/migration/ram/load-places-data", test_load_places_data);
    g_test_add_func("/migration/ram/populate", test_populate);
    g_test_add_func("/migration/ram/populate-follow", test_populate_follow);
    g_test_add_func("/migration/ram/hostile", test_hostile);
    g_test_add_func("/migration/channel/cancel", test_cancel);
    g_test_add_func("/migration/channel/closed", test_closed);
    g_test_add_func("/migration/stream/hello", test_hello);
    g_test_add_func("/migration/stream/answer", test_answer);
    g_test_add_func("/migration/stream/answer-too-long", test_answer_too_long);
    return g_test_run();
}
