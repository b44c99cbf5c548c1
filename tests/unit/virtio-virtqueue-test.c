/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walker of split virtqueues: what drivers do, and what only hostile ones do. */
#include <string.h>

#include "event/loop.h"
#include "fuzz/virtqueue-fuzz.h"
#include "guest-ring.h"
#include "memory/address-map.h"
#include "virtio/virtqueue.h"

#define RAM_SIZE (1u << 20)
#define RING     0x10000
#define DATA     0x40000
#define NUM      16

static RamBlock *ram;
static gint unpinned; /* references without any pin */
static Virtqueue vq;
static GuestRing ring;
static VirtqElement elem;
static unsigned interrupts;
static const char *broken_why;

static void mem_read(guint64 addr, void *buf, gsize len)
{
    g_assert_true(guest_read(dma_space_memory(), addr, buf, len));
}

static void mem_write(guint64 addr, const void *buf, gsize len)
{
    g_assert_true(guest_write(dma_space_memory(), addr, buf, len));
}

static const GuestMemory memory = { mem_read, mem_write };

static void on_interrupt(Virtqueue *q, void *opaque)
{
    interrupts++;
}

static void on_broken(Virtqueue *q, void *opaque, const char *why)
{
    g_assert_null(broken_why);
    broken_why = why;
}

static void set_up(gboolean event_idx, gboolean indirect)
{
    static const VirtqueueOps ops = { on_interrupt, on_broken };
    g_autoptr(GError) error = NULL;

    guest_ring_init(&ring, &memory, RING, NUM);
    memset(&vq, 0, sizeof(vq));
    virtqueue_init(&vq, 0, dma_space_memory(), &ops, NULL);
    virtqueue_reset(&vq, NUM);
    vq.desc = ring.desc;
    vq.avail = ring.avail;
    vq.used = ring.used;
    vq.ready = TRUE;
    virtq_element_init(&elem);
    interrupts = 0;
    broken_why = NULL;
    g_assert_true(virtqueue_enable(&vq, event_idx, indirect, &error));
}

/* Nothing may stay pinned. */
static void tear_down(void)
{
    virtq_element_free(&elem);
    virtqueue_disable(&vq);
    g_assert_cmpint(ram->refs, ==, unpinned);
}

static void assert_used(guint32 head, guint32 len)
{
    guint32 h, l;

    g_assert_true(guest_ring_take(&ring, &h, &l));
    g_assert_cmpuint(h, ==, head);
    g_assert_cmpuint(l, ==, len);
}

/* Round and round, across the wrap of the 16-bit indexes. */
static void test_round(void)
{
    GuestBuffer chain[] = { { DATA, 16, FALSE }, { DATA + 4096, 100, TRUE } };
    guint8 byte;

    set_up(FALSE, FALSE);
    vq.last_avail = vq.used_idx = ring.avail_idx = ring.seen = 65530;
    guint16 start = 65530;
    mem_write(ring.avail + 2, &start, 2);
    mem_write(ring.used + 2, &start, 2);
    g_assert_false(virtqueue_pop(&vq, &elem));
    for (unsigned i = 0; i < 40; i++) {
        guint16 head = guest_ring_add(&ring, chain, 2);
        byte = i;
        mem_write(DATA, &byte, 1);
        g_assert_false(virtqueue_empty(&vq));
        g_assert_true(virtqueue_pop(&vq, &elem));
        g_assert_true(virtqueue_empty(&vq));
        g_assert_cmpuint(elem.out.size, ==, 16);
        g_assert_cmpuint(elem.in.size, ==, 100);
        g_assert_cmpuint(guest_iov_to_buf(&elem.out, 0, &byte, 1), ==, 1);
        byte += 100;
        guest_iov_from_buf(&elem.in, 0, &byte, 1);
        virtqueue_push(&vq, &elem, 1);
        assert_used(head, 1);
        mem_read(DATA + 4096, &byte, 1);
        g_assert_cmpuint(byte, ==, i + 100);
        g_assert_cmpuint(interrupts, ==, i + 1);
    }
    tear_down();
}

static void pop_expect(VirtqElement *e, guint16 head)
{
    g_assert_false(virtqueue_empty(&vq));
    g_assert_true(virtqueue_pop(&vq, e));
    g_assert_cmpuint(e->head, ==, head);
}

/* Chains that wait come again in the order of their first pop, and only then new ones. */
static void test_defer(void)
{
    static const unsigned order[] = { 3, 0, 4, 2 }; /* of the errors; 1 is done */
    GuestBuffer one = { DATA, 64, TRUE };
    VirtqElement e[5];
    guint16 heads[6];

    set_up(FALSE, FALSE);
    vq.last_avail = vq.used_idx = ring.avail_idx = ring.seen = 65533; /* wraps */
    mem_write(ring.used + 2, &ring.seen, 2);
    for (unsigned i = 0; i < 5; i++) {
        heads[i] = guest_ring_add(&ring, &one, 1);
        virtq_element_init(&e[i]);
        pop_expect(&e[i], heads[i]);
    }
    for (unsigned i = 0; i < 4; i++) {
        virtqueue_defer(&vq, &e[order[i]]);
    }
    virtqueue_push(&vq, &e[1], 64);
    g_assert_cmpuint(vq.in_flight, ==, 0);
    g_assert_cmpuint(vq.n_deferred, ==, 4);
    g_assert_true(virtqueue_empty(&vq)); /* not in this run */
    g_assert_false(virtqueue_pop(&vq, &elem));
    virtqueue_disable(&vq);
    heads[5] = guest_ring_add(&ring, &one, 1);
    g_assert_true(virtqueue_enable(&vq, FALSE, FALSE, NULL));
    pop_expect(&e[0], heads[0]);
    virtqueue_unpop(&vq, &e[0]);
    pop_expect(&e[0], heads[0]);
    pop_expect(&e[2], heads[2]);
    virtqueue_defer(&vq, &e[0]); /* again */
    pop_expect(&e[3], heads[3]);
    pop_expect(&e[4], heads[4]);
    pop_expect(&e[1], heads[5]);
    for (unsigned i = 1; i < 5; i++) {
        virtqueue_push(&vq, &e[i], 0);
    }
    g_assert_cmpuint((guint16)(vq.last_avail - vq.used_idx), ==, 1);
    virtqueue_disable(&vq);
    g_assert_true(virtqueue_enable(&vq, FALSE, FALSE, NULL));
    pop_expect(&e[0], heads[0]);
    virtqueue_push(&vq, &e[0], 0);
    g_assert_true(virtqueue_empty(&vq));
    tear_down();
    virtqueue_reset(&vq, NUM);
}

static void test_unpop_and_batch(void)
{
    GuestBuffer one = { DATA, 64, TRUE };
    VirtqElement more[3];
    guint32 h, l;

    set_up(FALSE, FALSE);
    for (unsigned i = 0; i < 3; i++) {
        guest_ring_add(&ring, &one, 1);
        virtq_element_init(&more[i]);
        g_assert_true(virtqueue_pop(&vq, &more[i]));
    }
    g_assert_cmpuint(vq.in_flight, ==, 3);
    virtqueue_unpop(&vq, &more[2]);
    virtqueue_fill(&vq, &more[1], 3);
    virtqueue_fill(&vq, &more[0], 4);
    g_assert_false(guest_ring_take(&ring, &h, &l));
    virtqueue_flush(&vq);
    assert_used(more[1].head, 3);
    assert_used(more[0].head, 4);
    g_assert_cmpuint(interrupts, ==, 1);
    g_assert_true(virtqueue_pop(&vq, &more[2]));
    virtqueue_push(&vq, &more[2], 0);
    assert_used(2, 0);
    for (unsigned i = 0; i < 3; i++) {
        virtq_element_free(&more[i]);
    }
    tear_down();
}

static void test_indirect(void)
{
    GuestBuffer chain[40];

    set_up(FALSE, TRUE);
    for (unsigned i = 0; i < 40; i++) { /* more than the queue has, and the window */
        chain[i] = (GuestBuffer){ DATA + i * 4096, 512, i >= 20 };
    }
    guint16 head = guest_ring_add_indirect(&ring, 0x30000, chain, 40);
    g_assert_true(virtqueue_pop(&vq, &elem));
    g_assert_cmpuint(elem.out.n, ==, 20);
    g_assert_cmpuint(elem.in.n, ==, 20);
    g_assert_true(elem.in.iov[19].iov_base == ram->host + DATA + 39 * 4096);
    virtqueue_push(&vq, &elem, 20 * 512);
    assert_used(head, 20 * 512);
    tear_down();
}

/* Who is told when: flags, and event indexes (2.7.7, 2.7.10). */
static void test_notifications(void)
{
    GuestBuffer one = { DATA, 64, TRUE };
    guint16 value = VRING_AVAIL_F_NO_INTERRUPT;

    set_up(FALSE, FALSE);
    mem_write(ring.avail, &value, 2);
    guest_ring_add(&ring, &one, 1);
    g_assert_true(virtqueue_pop(&vq, &elem));
    virtqueue_push(&vq, &elem, 0);
    g_assert_cmpuint(interrupts, ==, 0);
    virtqueue_set_notification(&vq, FALSE);
    mem_read(ring.used, &value, 2);
    g_assert_cmpuint(value, ==, VRING_USED_F_NO_NOTIFY);
    g_assert_false(virtqueue_set_notification(&vq, TRUE));
    guest_ring_add(&ring, &one, 1);
    g_assert_true(virtqueue_set_notification(&vq, TRUE));
    mem_read(ring.used, &value, 2);
    g_assert_cmpuint(value, ==, 0);
    tear_down();

    set_up(TRUE, FALSE);
    for (unsigned i = 0; i < 8; i++) {
        value = 5; /* used_event: tell when entry 5 has been used */
        mem_write(ring.avail + 4 + 2 * NUM, &value, 2);
        guest_ring_add(&ring, &one, 1);
        g_assert_true(virtqueue_pop(&vq, &elem));
        virtqueue_push(&vq, &elem, 0);
        g_assert_cmpuint(interrupts, ==, i == 0 ? 1 : i < 5 ? 1 : 2);
    }
    virtqueue_set_notification(&vq, TRUE);
    mem_read(ring.used + 4 + 8 * NUM, &value, 2);
    g_assert_cmpuint(value, ==, 8);
    tear_down();
}

/* Of several buffers the driver tells of the last one that is missing. */
static void test_await(void)
{
    GuestBuffer one = { DATA, 64, TRUE };
    guint16 value;

    set_up(TRUE, FALSE);
    guest_ring_add(&ring, &one, 1);
    g_assert_true(virtqueue_pop(&vq, &elem));
    g_assert_false(virtqueue_pop(&vq, &elem));
    virtqueue_unpop(&vq, &elem);
    g_assert_false(virtqueue_await(&vq, 3));
    mem_read(ring.used + 4 + 8 * NUM, &value, 2);
    g_assert_cmpuint(value, ==, 2);
    guest_ring_add(&ring, &one, 1);
    g_assert_false(virtqueue_await(&vq, 3));
    guest_ring_add(&ring, &one, 1);
    g_assert_true(virtqueue_await(&vq, 3));
    tear_down();
}

/* Hostile chains: each breaks the queue, which then gives nothing more. */
static void self_loop(void)
{
    guest_ring_set_desc(&ring, 0, DATA, 8, VRING_DESC_F_NEXT, 0);
}

static void long_loop(void)
{
    for (unsigned i = 0; i < NUM; i++) {
        guest_ring_set_desc(&ring, i, DATA, 8, VRING_DESC_F_NEXT, (i + 1) % NUM);
    }
}

static void next_out_of_range(void)
{
    guest_ring_set_desc(&ring, 0, DATA, 8, VRING_DESC_F_NEXT, NUM);
}

static void not_ram(void)
{
    guest_ring_set_desc(&ring, 0, RAM_SIZE - 4, 8, 0, 0);
}

static void address_wraps(void)
{
    guest_ring_set_desc(&ring, 0, G_MAXUINT64 - 3, 8, 0, 0);
}

static void too_long(void)
{
    for (unsigned i = 0; i < 8; i++) {
        guest_ring_set_desc(&ring, i, DATA, 0xf0000000, VRING_DESC_F_NEXT, i + 1);
    }
}

static void readable_after_writable(void)
{
    guest_ring_set_desc(&ring, 0, DATA, 8, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
    guest_ring_set_desc(&ring, 1, DATA, 8, 0, 0);
}

#define TABLE 0x30000
static void table_with_next(void)
{
    guest_ring_set_desc(&ring, 0, TABLE, 32, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT,
                        1);
}

static void table_bad_length(void)
{
    guest_ring_set_desc(&ring, 0, TABLE, 40, VRING_DESC_F_INDIRECT, 0);
}

static void table_empty(void)
{
    guest_ring_set_desc(&ring, 0, TABLE, 0, VRING_DESC_F_INDIRECT, 0);
}

static void table_not_ram(void)
{
    guest_ring_set_desc(&ring, 0, RAM_SIZE, 32, VRING_DESC_F_INDIRECT, 0);
}

static void table_wraps(void)
{
    guest_ring_set_desc(&ring, 0, G_MAXUINT64 - 15, 32, VRING_DESC_F_INDIRECT, 0);
}

static void write_table(unsigned i, guint64 addr, guint32 len, guint16 flags,
                        guint16 next)
{
    struct vring_desc d = { addr, len, flags, next };

    mem_write(TABLE + 16 * i, &d, sizeof(d));
    guest_ring_set_desc(&ring, 0, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
}

static void table_nested(void)
{
    write_table(0, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
}

static void table_loop(void)
{
    write_table(0, DATA, 8, VRING_DESC_F_NEXT, 1);
    write_table(1, DATA, 8, VRING_DESC_F_NEXT, 0);
}

static void table_next_out_of_range(void)
{
    write_table(0, DATA, 8, VRING_DESC_F_NEXT, 2);
}

static const struct {
    const char *name;
    void (*make)(void);
} hostile[] = {
    { "self-loop", self_loop },
    { "long-loop", long_loop },
    { "next-out-of-range", next_out_of_range },
    { "not-ram", not_ram },
    { "address-wraps", address_wraps },
    { "too-long", too_long },
    { "readable-after-writable", readable_after_writable },
    { "table-with-next", table_with_next },
    { "table-bad-length", table_bad_length },
    { "table-empty", table_empty },
    { "table-not-ram", table_not_ram },
    { "table-wraps", table_wraps },
    { "table-nested", table_nested },
    { "table-loop", table_loop },
    { "table-next-out-of-range", table_next_out_of_range },
};

static void test_hostile(gconstpointer data)
{
    unsigned i = GPOINTER_TO_UINT(data);

    set_up(FALSE, TRUE);
    hostile[i].make();
    guest_ring_make_available(&ring, 0);
    g_assert_false(virtqueue_pop(&vq, &elem));
    g_assert_nonnull(broken_why);
    g_assert_true(vq.broken);
    g_assert_cmpuint(vq.in_flight, ==, 0);
    g_assert_false(virtqueue_pop(&vq, &elem)); /* said once */
    g_assert_true(virtqueue_empty(&vq));
    tear_down();
}

static void test_hostile_ring(void)
{
    guint16 value = NUM + 1;

    set_up(FALSE, FALSE); /* indirect not negotiated */
    guest_ring_set_desc(&ring, 0, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
    guest_ring_make_available(&ring, 0);
    g_assert_false(virtqueue_pop(&vq, &elem));
    g_assert_nonnull(broken_why);
    tear_down();

    set_up(FALSE, FALSE);
    mem_write(ring.avail + 2, &value, 2); /* index too far ahead */
    g_assert_false(virtqueue_pop(&vq, &elem));
    g_assert_nonnull(broken_why);
    tear_down();

    /* More requests than entries, none of them used: by making one available twice. */
    VirtqElement taken[NUM];
    GuestBuffer one = { DATA, 64, TRUE };
    set_up(FALSE, FALSE);
    for (unsigned i = 0; i < NUM; i++) {
        guest_ring_add(&ring, &one, 1);
        virtq_element_init(&taken[i]);
        g_assert_true(virtqueue_pop(&vq, &taken[i]));
    }
    virtqueue_fill(&vq, &taken[0], 0); /* the driver does not know of it yet */
    guest_ring_make_available(&ring, 0);
    g_assert_false(virtqueue_pop(&vq, &elem));
    g_assert_nonnull(broken_why);
    g_assert_cmpuint(vq.in_flight, ==, NUM - 1);
    for (unsigned i = 0; i < NUM; i++) {
        if (i) {
            virtqueue_fill(&vq, &taken[i], 0);
        }
        virtq_element_free(&taken[i]);
    }
    tear_down();

    set_up(FALSE, FALSE);
    guest_ring_make_available(&ring, NUM); /* head out of range */
    g_assert_false(virtqueue_pop(&vq, &elem));
    g_assert_nonnull(broken_why);
    tear_down();
}

static void test_enable(void)
{
    static const struct {
        guint16 num;
        guint64 desc, avail, used;
    } bad[] = {
        { 0, RING, RING + 0x1000, RING + 0x2000 },
        { 3, RING, RING + 0x1000, RING + 0x2000 },
        { 32, RING, RING + 0x1000, RING + 0x2000 },
        { 16, RING + 8, RING + 0x1000, RING + 0x2000 },
        { 16, RING, RING + 0x1001, RING + 0x2000 },
        { 16, RING, RING + 0x1000, RING + 0x2002 },
        { 16, RAM_SIZE - 128, RING + 0x1000, RING + 0x2000 },
        { 16, RING, RAM_SIZE, RING + 0x2000 },
        { 16, RING, RING + 0x1000, G_MAXUINT64 - 15 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        Virtqueue q = { 0 };
        virtqueue_init(&q, 0, dma_space_memory(), NULL, NULL);
        virtqueue_reset(&q, 16);
        q.num = bad[i].num;
        q.desc = bad[i].desc;
        q.avail = bad[i].avail;
        q.used = bad[i].used;
        g_assert_false(virtqueue_enable(&q, FALSE, FALSE, &error));
        g_assert_nonnull(error);
        g_assert_cmpint(ram->refs, ==, unpinned);
    }
}

/* A short, repeatable run of the fuzz target. */
static void test_fuzz(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    enum { LEN = 8 + 4096 };
    guint8 data[LEN];

    for (unsigned round = 0; round < 3000; round++) {
        for (unsigned i = 0; i < LEN; i++) {
            /* mostly small numbers: indexes, flags and short lengths */
            data[i] = g_rand_int_range(rand, 0, 4) ? g_rand_int(rand) & 7 : 0;
        }
        data[3] = data[5] = data[7] = g_rand_int_range(rand, 0, 16);
        data[0] = g_rand_int(rand);
        LLVMFuzzerTestOneInput(data, LEN);
    }
}

/* A process of its own: it has other RAM at the same place. */
static void test_fuzz_process(void)
{
    if (g_test_subprocess()) {
        test_fuzz();
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
}

static void map_ram(void)
{
    Region *region;

    event_init();
    ram = ram_block_new("ram", RAM_SIZE, NULL);
    region = region_new_ram("ram", ram, 0, RAM_SIZE, FALSE);
    g_assert_true(address_map_add(address_map_memory(), region, 0, NULL));
    unpinned = ram->refs;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtqueue/round", test_round);
    g_test_add_func("/virtqueue/unpop-and-batch", test_unpop_and_batch);
    g_test_add_func("/virtqueue/defer", test_defer);
    g_test_add_func("/virtqueue/indirect", test_indirect);
    g_test_add_func("/virtqueue/notifications", test_notifications);
    g_test_add_func("/virtqueue/await", test_await);
    g_test_add_func("/virtqueue/enable", test_enable);
    g_test_add_func("/virtqueue/hostile/ring", test_hostile_ring);
    for (unsigned i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autofree char *path = g_strdup_printf("/virtqueue/hostile/%s", hostile[i].name);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_hostile);
    }
    g_test_add_func("/virtqueue/fuzz", test_fuzz_process);
    if (!g_test_subprocess()) {
        map_ram();
    }
    return g_test_run();
}
