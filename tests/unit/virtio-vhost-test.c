/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vhost device is told: memory that comes and goes, the dirty log, rings that are
 * taken back, a kernel that refuses.
 */
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event/lock.h"
#include "memory/address-map.h"
#include "unit/hw-board.h"
#include "unit/vhost-kernel.h"
#include "virtio/vhost.h"

#define RAM_SIZE (4u << 20)
#define SECOND   0x10000000u
#define TAP      777 /* only a number here */
#define VERSION  (1ull << VIRTIO_F_VERSION_1)

/* In place of the library's: of all files the kernel's parameter alone is there. */
gboolean g_file_get_contents(const char *name, char **contents, gsize *length,
                             GError **error)
{
    if (!vhost_kernel.limit ||
        !g_str_has_suffix(name, "/vhost/parameters/max_mem_regions")) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "not here");
        return FALSE;
    }
    *contents = g_strdup_printf("%u\n", vhost_kernel.limit);
    return TRUE;
}

static RamBlock *ram, *more;
static Region *region, *more_region;
static Virtqueue rings[2];
static const VirtqueueOps ring_ops;

static void map(Region **r, RamBlock *block, guint64 addr)
{
    *r = region_new_ram(block->name, block, 0, block->size, FALSE);
    g_assert_true(address_map_put(address_map_memory(), r, addr, NULL));
}

static void enable_rings(void)
{
    for (unsigned i = 0; i < 2; i++) {
        Virtqueue *vq = &rings[i];
        virtqueue_init(vq, i, dma_space_memory(), &ring_ops, NULL);
        virtqueue_reset(vq, 256);
        vq->desc = 0x10000 * (i + 1);
        vq->avail = vq->desc + 0x2000;
        vq->used = vq->desc + 0x4000;
        vq->last_avail = vq->used_idx = 3 + i;
        vq->ready = TRUE;
        vq->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        vq->call_fd = 500 + i;
        g_assert_true(virtqueue_enable(vq, TRUE, TRUE, NULL));
    }
}

static void disable_rings(void)
{
    for (unsigned i = 0; i < 2; i++) {
        virtqueue_disable(&rings[i]);
        virtqueue_finalize(&rings[i]);
    }
}

static Vhost *begin(void)
{
    memset(&vhost_kernel, 0, sizeof(vhost_kernel));
    vhost_kernel.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    vhost_kernel.know = ~0ull;
    enable_rings();
    Vhost *v = vhost_new(vhost_kernel.fd, VHOST_KIND_NET, NULL);
    g_assert_nonnull(v);
    return v;
}

static void end(Vhost *v)
{
    vhost_free(v);
    disable_rings();
    close(vhost_kernel.fd);
    vhost_kernel.fd = -1;
}

static void test_rings(void)
{
    g_autoptr(GError) error = NULL;
    Vhost *v = begin();
    guint64 count;

    g_assert_true(vhost_start(v, rings, VERSION | 1, &error));
    g_assert_cmpuint(vhost_kernel.owned, ==, 1);
    g_assert_cmphex(vhost_kernel.features, ==,
                    VERSION); /* checksums are not its business */
    g_assert_cmpuint(vhost_kernel.n_regions, ==, 1);
    g_assert_cmphex(vhost_kernel.regions[0].guest_phys_addr, ==, 0);
    g_assert_cmphex(vhost_kernel.regions[0].memory_size, ==, RAM_SIZE);
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpuint(vhost_kernel.num[i], ==, 256);
        g_assert_cmpuint(vhost_kernel.base[i], ==, 3 + i);
        g_assert_true(vhost_kernel.addr[i].used_user_addr ==
                      (guint64)(gsize)(ram->host + rings[i].used));
        g_assert_cmphex(vhost_kernel.addr[i].flags, ==, 0);
        g_assert_cmpint(vhost_kernel.kick[i], ==, rings[i].kick_fd);
        g_assert_cmpint(vhost_kernel.interrupt[i], ==, 500 + i);
    }
    g_assert_true(vhost_set_backend(v, TAP, &error));
    g_assert_cmpint(vhost_kernel.tap[1], ==, TAP);
    /* what the driver has made available before is looked at */
    g_assert_cmpint(read(rings[1].kick_fd, &count, sizeof(count)), ==, sizeof(count));
    vhost_kernel.base[0] = 7;
    vhost_kernel.base[1] = 0xffff;
    vhost_stop(v);
    g_assert_cmpint(vhost_kernel.tap[0], ==, -1);
    g_assert_cmpint(vhost_kernel.kick[1], ==, -1);
    g_assert_cmpuint(rings[0].last_avail, ==, 7);
    g_assert_cmpuint(rings[0].used_idx, ==, 7);
    g_assert_cmpuint(rings[1].used_idx, ==, 0xffff);
    g_assert_true(vhost_start(v, rings, VERSION, &error)); /* again */
    g_assert_cmpuint(vhost_kernel.owned, ==, 1);
    g_assert_cmpuint(vhost_kernel.base[0], ==, 7);
    vhost_stop(v);
    end(v);
}

static void test_memory(void)
{
    g_autoptr(GError) error = NULL;
    Vhost *v = begin();

    g_assert_true(vhost_start(v, rings, VERSION, &error));
    unsigned tables = vhost_kernel.tables;
    map(&more_region, more, SECOND);
    g_assert_cmpuint(vhost_kernel.tables, ==, tables + 1);
    g_assert_cmpuint(vhost_kernel.n_regions, ==, 2);
    g_assert_cmphex(vhost_kernel.regions[1].guest_phys_addr, ==, SECOND);
    g_assert_true(vhost_kernel.regions[1].userspace_addr == (guint64)(gsize)more->host);
    address_map_take(&more_region);
    g_assert_cmpuint(vhost_kernel.n_regions, ==, 1);
    vhost_stop(v);
    end(v);
}

/* What it has no room for is refused before anything is told. */
static void test_room(void)
{
    g_autoptr(GError) error = NULL, plug = NULL;
    Vhost *v = begin();

    vhost_free(v);
    vhost_kernel.limit = 1;
    v = vhost_new(vhost_kernel.fd, VHOST_KIND_NET, &error);
    g_assert_no_error(error);
    g_assert_true(vhost_start(v, rings, VERSION, &error));
    unsigned tables = vhost_kernel.tables;
    more_region = region_new_ram(more->name, more, 0, more->size, FALSE);
    g_assert_false(address_map_put(address_map_memory(), &more_region, SECOND, &plug));
    g_assert_nonnull(plug);
    g_assert_cmpuint(vhost_kernel.tables, ==, tables);
    vhost_stop(v);
    vhost_free(v);
    /* there before it */
    map(&more_region, more, SECOND);
    g_assert_null(vhost_new(vhost_kernel.fd, VHOST_KIND_NET, &error));
    g_assert_nonnull(strstr(error->message, "the kernel takes 1 pieces of memory"));
    vhost_kernel.limit = 2;
    v = vhost_new(vhost_kernel.fd, VHOST_KIND_NET, NULL);
    g_assert_nonnull(v);
    address_map_take(&more_region);
    end(v);
}

static gboolean take_dirty(RamBlock *block, guint64 page)
{
    g_autofree unsigned long *bits = g_new0(unsigned long, RAM_SIZE / 4096 / 64);

    machine_unlock();
    gboolean ok = dirty_log_sync(NULL);
    machine_lock();
    g_assert_true(ok);
    dirty_log_take(block, bits);
    return (bits[page / 64] >> page % 64) & 1;
}

static void kernel_writes(guint64 page)
{
    ((guint64 *)(gsize)vhost_kernel.log)[page / 64] |= 1ull << page % 64;
}

static void test_log(void)
{
    g_autoptr(GError) error = NULL;
    Vhost *v = begin();

    g_assert_true(vhost_start(v, rings, VERSION, &error));
    g_assert_true(dirty_log_start(&error));
    g_assert_cmphex(vhost_kernel.features, ==, VERSION | 1ull << VHOST_F_LOG_ALL);
    g_assert_cmphex(vhost_kernel.addr[1].flags, ==, 1u << VHOST_VRING_F_LOG);
    g_assert_cmphex(vhost_kernel.addr[1].log_guest_addr, ==, rings[1].used);
    take_dirty(ram, 0);
    kernel_writes(70);
    g_assert_true(take_dirty(ram, 70));
    g_assert_false(take_dirty(ram, 70)); /* once */
    /* memory behind the end of the log: it grows, and loses nothing */
    kernel_writes(71);
    map(&more_region, more, SECOND);
    kernel_writes((SECOND >> 12) + 5);
    g_assert_true(take_dirty(more, 5));
    g_assert_true(take_dirty(ram, 71));
    address_map_take(&more_region);
    /* one that begins meanwhile logs, too */
    vhost_stop(v);
    vhost_kernel.log = 0;
    g_assert_true(vhost_start(v, rings, VERSION, &error));
    g_assert_cmphex(vhost_kernel.log, !=, 0);
    /* the first of others, too */
    vhost_stop(v);
    end(v);
    v = begin();
    g_assert_true(vhost_start(v, rings, VERSION, &error));
    g_assert_cmphex(vhost_kernel.features, ==, VERSION | 1ull << VHOST_F_LOG_ALL);
    dirty_log_stop();
    g_assert_cmphex(vhost_kernel.features, ==, VERSION);
    g_assert_cmphex(vhost_kernel.addr[0].flags, ==, 0);
    vhost_stop(v);
    end(v);
}

/* What leaves the map, and the device that leaves, take nothing along that was written.
 */
static void test_log_leaves(void)
{
    g_autoptr(GError) error = NULL;
    Vhost *v = begin();

    map(&more_region, more, SECOND);
    g_assert_true(vhost_start(v, rings, VERSION, &error));
    g_assert_true(dirty_log_start(&error));
    take_dirty(ram, 0);
    kernel_writes((SECOND >> 12) + 9);
    address_map_take(&more_region);
    g_assert_true(take_dirty(more, 9));
    /* another one in its place may have been written already */
    kernel_writes((SECOND >> 12) + 10);
    map(&more_region, more, SECOND);
    g_assert_true(take_dirty(more, 10));
    address_map_take(&more_region);
    kernel_writes(72);
    vhost_stop(v);
    end(v);
    g_assert_true(take_dirty(ram, 72));
    dirty_log_stop();
}

#define CYCLES 1000

/* Migrations that are cancelled: each begins once, and ends. */
static void test_cycles(void)
{
    g_autoptr(GError) error = NULL;
    Vhost *v = begin();

    g_assert_true(vhost_start(v, rings, VERSION, &error));
    for (unsigned i = 1; i <= CYCLES; i++) {
        if (i % 3 == 0) { /* one that does not even begin */
            g_autoptr(GError) refused = NULL;
            vhost_kernel.refuse = VHOST_SET_LOG_BASE;
            g_assert_false(dirty_log_start(&refused));
            g_assert_nonnull(strstr(refused->message, "vhost: dirty log"));
            vhost_kernel.refuse = 0;
        }
        g_assert_true(dirty_log_start(&error));
        if (i % 4 == 0) { /* the guest's driver begins anew meanwhile */
            vhost_stop(v);
            g_assert_true(vhost_start(v, rings, VERSION, &error));
        }
        kernel_writes(i % 1024);
        g_assert_true(take_dirty(ram, i % 1024));
        dirty_log_stop();
        g_assert_cmpuint(vhost_kernel.log_bases, ==, i + i / 4);
        g_assert_cmpuint(vhost_kernel.log_on, ==, i);
        g_assert_cmpuint(vhost_kernel.log_off, ==, i);
        g_assert_cmphex(vhost_kernel.features, ==, VERSION);
        g_assert_cmphex(vhost_kernel.addr[0].flags, ==, 0);
        g_assert_cmphex(vhost_kernel.addr[1].flags, ==, 0);
    }
    g_assert_cmpuint(vhost_kernel.tables, ==, 1 + CYCLES / 4);
    vhost_stop(v);
    end(v);
}

/* A page of the guest's memory that the kernel writes; lost: its bit is not set. */
static void kernel_receives(guint64 page, gboolean lost)
{
    static guint32 count; /* no two are equal */

    count++;
    memcpy(ram->host + page * 4096, &count, sizeof(count));
    if (!lost) {
        kernel_writes(page);
    }
}

static void copy_dirty(guint8 *copy)
{
    g_autofree unsigned long *bits = g_new0(unsigned long, RAM_SIZE / 4096 / 64);

    machine_unlock();
    g_assert_true(dirty_log_sync(NULL));
    machine_lock();
    dirty_log_take(ram, bits);
    for (guint64 page = 0; page < RAM_SIZE / 4096; page++) {
        if ((bits[page / 64] >> page % 64) & 1) {
            memcpy(copy + page * 4096, ram->host + page * 4096, 4096);
        }
    }
}

/* The first page in which they differ; -1: none. */
static gint compare(const guint8 *copy)
{
    for (guint64 page = 0; page < RAM_SIZE / 4096; page++) {
        if (memcmp(copy + page * 4096, ram->host + page * 4096, 4096) != 0) {
            return (gint)page;
        }
    }
    return -1;
}

/*
 * A copy that is made as a migration makes it, while the kernel receives. lost: of this
 * page the last bit is not told; -1: of none. Returns what the comparison finds.
 */
static gint migrate(Vhost *v, gint lost)
{
    g_autofree guint8 *copy = g_memdup2(ram->host, RAM_SIZE);
    g_autoptr(GError) error = NULL;

    g_assert_true(dirty_log_start(&error));
    copy_dirty(copy);
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 200; i++) {
            guint64 page = 100 + (i * 7 + round) % 800;
            kernel_receives(page, (gint)page == lost);
        }
        if (round == 2) {
            vhost_stop(v); /* the guest's driver begins anew */
            g_assert_true(vhost_start(v, rings, VERSION, &error));
        }
        copy_dirty(copy);
    }
    kernel_receives(500, lost == 500);
    vhost_stop(v);
    copy_dirty(copy);
    dirty_log_stop();
    g_assert_true(vhost_start(v, rings, VERSION, &error));
    return compare(copy);
}

/* A comparison that would not see a lost page proves nothing: it does see it. */
static void test_lost(void)
{
    g_autoptr(GError) error = NULL;
    Vhost *v = begin();

    g_assert_true(vhost_start(v, rings, VERSION, &error));
    g_assert_cmpint(migrate(v, -1), ==, -1);
    g_assert_cmpint(migrate(v, 121), ==, 121);
    g_assert_cmpint(migrate(v, 500), ==, 500);
    g_assert_cmpint(migrate(v, -1), ==, -1);
    vhost_stop(v);
    end(v);
}

/* What is refused leaves the rings as they were, for others to serve. */
static void test_refused(void)
{
    static const unsigned long requests[] = { VHOST_SET_OWNER, VHOST_SET_MEM_TABLE,
                                              VHOST_SET_VRING_ADDR,
                                              VHOST_SET_VRING_KICK };
    Vhost *v = begin();

    for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autoptr(GError) error = NULL;
        vhost_kernel.refuse = requests[i];
        g_assert_false(vhost_start(v, rings, VERSION, &error));
        g_assert_nonnull(strstr(error->message, "vhost: "));
        g_assert_cmpuint(rings[1].last_avail, ==, 4);
    }
    g_autoptr(GError) error = NULL;
    vhost_kernel.refuse = 0;
    vhost_kernel.know = 0;
    g_assert_false(vhost_start(v, rings, VERSION, &error));
    g_assert_nonnull(strstr(error->message, "feature bit 32"));
    end(v);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    vhost_kernel.fd = -1;
    hw_board_make();
    ram = ram_block_new("ram", RAM_SIZE, NULL);
    more = ram_block_new("more", RAM_SIZE, NULL);
    g_assert_true(ram_block_register(ram, NULL) && ram_block_register(more, NULL));
    map(&region, ram, 0);
    g_test_add_func("/vhost/rings", test_rings);
    g_test_add_func("/vhost/memory", test_memory);
    g_test_add_func("/vhost/room", test_room);
    g_test_add_func("/vhost/log", test_log);
    g_test_add_func("/vhost/log-leaves", test_log_leaves);
    g_test_add_func("/vhost/cycles", test_cycles);
    g_test_add_func("/vhost/lost", test_lost);
    g_test_add_func("/vhost/refused", test_refused);
    return g_test_run();
}
