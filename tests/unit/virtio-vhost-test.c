/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vhost device is told, by one that is none: ioctl() is this file's, and answers
 * for a descriptor as the kernel would. Memory that comes and goes, the dirty log, rings
 * that are taken back, a kernel that refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "event/lock.h"
#include "memory/address-map.h"
#include "unit/hw-board.h"
#include "virtio/vhost.h"

#define RAM_SIZE (4u << 20)
#define SECOND   0x10000000u
#define TAP      777 /* only a number here */
#define VERSION  (1ull << VIRTIO_F_VERSION_1)

static struct {
    int fd;
    unsigned owned, tables;
    guint64 features, know, log;
    struct vhost_memory_region regions[8];
    unsigned n_regions;
    struct vhost_vring_addr addr[2];
    unsigned num[2], base[2];
    int kick[2], interrupt[2], tap[2];
    unsigned long refuse; /* this request */
} kernel;

static void set_file(int *files, const struct vhost_vring_file *f)
{
    files[f->index] = f->fd;
}

static void set_table(const struct vhost_memory *table)
{
    kernel.tables++;
    kernel.n_regions = table->nregions;
    g_assert_cmpuint(table->nregions, <=, G_N_ELEMENTS(kernel.regions));
    memcpy(kernel.regions, table->regions, table->nregions * sizeof(table->regions[0]));
}

static int set_ring(unsigned long request, void *argument)
{
    struct vhost_vring_state *state = argument;

    switch (request) {
    case VHOST_SET_VRING_NUM:
        kernel.num[state->index] = state->num;
        return 0;
    case VHOST_SET_VRING_BASE:
        kernel.base[state->index] = state->num;
        return 0;
    case VHOST_GET_VRING_BASE:
        state->num = kernel.base[state->index];
        return 0;
    case VHOST_SET_VRING_ADDR:
        kernel.addr[state->index] = *(struct vhost_vring_addr *)argument;
        return 0;
    case VHOST_SET_VRING_KICK:
        set_file(kernel.kick, argument);
        return 0;
    case VHOST_SET_VRING_CALL:
        set_file(kernel.interrupt, argument);
        return 0;
    case VHOST_NET_SET_BACKEND:
        set_file(kernel.tap, argument);
        return 0;
    default:
        errno = ENOTTY;
        return -1;
    }
}

static int answer(unsigned long request, void *argument)
{
    if (request == kernel.refuse) {
        errno = EFAULT;
        return -1;
    }
    switch (request) {
    case VHOST_SET_OWNER:
        kernel.owned++;
        return 0;
    case VHOST_GET_FEATURES:
        *(guint64 *)argument = kernel.know;
        return 0;
    case VHOST_SET_FEATURES:
        kernel.features = *(guint64 *)argument;
        return 0;
    case VHOST_SET_MEM_TABLE:
        set_table(argument);
        return 0;
    case VHOST_SET_LOG_BASE:
        kernel.log = *(guint64 *)argument;
        return 0;
    default:
        return set_ring(request, argument);
    }
}

int ioctl(int fd, unsigned long request, ...); /* in place of the library's */
int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;

    va_start(ap, request);
    void *argument = va_arg(ap, void *);
    va_end(ap);
    return fd == kernel.fd ? answer(request, argument)
                           : (int)syscall(SYS_ioctl, fd, request, argument);
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
    memset(&kernel, 0, sizeof(kernel));
    kernel.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    kernel.know = ~0ull;
    enable_rings();
    Vhost *v = vhost_new(kernel.fd, NULL);
    g_assert_nonnull(v);
    return v;
}

static void end(Vhost *v)
{
    vhost_free(v);
    disable_rings();
    close(kernel.fd);
    kernel.fd = -1;
}

static void test_rings(void)
{
    g_autoptr(GError) error = NULL;
    Vhost *v = begin();
    guint64 count;

    g_assert_true(vhost_start(v, rings, VERSION | 1, &error));
    g_assert_cmpuint(kernel.owned, ==, 1);
    g_assert_cmphex(kernel.features, ==, VERSION); /* checksums are not its business */
    g_assert_cmpuint(kernel.n_regions, ==, 1);
    g_assert_cmphex(kernel.regions[0].guest_phys_addr, ==, 0);
    g_assert_cmphex(kernel.regions[0].memory_size, ==, RAM_SIZE);
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpuint(kernel.num[i], ==, 256);
        g_assert_cmpuint(kernel.base[i], ==, 3 + i);
        g_assert_true(kernel.addr[i].used_user_addr ==
                      (guint64)(gsize)(ram->host + rings[i].used));
        g_assert_cmphex(kernel.addr[i].flags, ==, 0);
        g_assert_cmpint(kernel.kick[i], ==, rings[i].kick_fd);
        g_assert_cmpint(kernel.interrupt[i], ==, 500 + i);
    }
    g_assert_true(vhost_set_backend(v, TAP, &error));
    g_assert_cmpint(kernel.tap[1], ==, TAP);
    /* what the driver has made available before is looked at */
    g_assert_cmpint(read(rings[1].kick_fd, &count, sizeof(count)), ==, sizeof(count));
    kernel.base[0] = 7;
    kernel.base[1] = 0xffff;
    vhost_stop(v);
    g_assert_cmpint(kernel.tap[0], ==, -1);
    g_assert_cmpint(kernel.kick[1], ==, -1);
    g_assert_cmpuint(rings[0].last_avail, ==, 7);
    g_assert_cmpuint(rings[0].used_idx, ==, 7);
    g_assert_cmpuint(rings[1].used_idx, ==, 0xffff);
    g_assert_true(vhost_start(v, rings, VERSION, &error)); /* again */
    g_assert_cmpuint(kernel.owned, ==, 1);
    g_assert_cmpuint(kernel.base[0], ==, 7);
    vhost_stop(v);
    end(v);
}

static void test_memory(void)
{
    g_autoptr(GError) error = NULL;
    Vhost *v = begin();

    g_assert_true(vhost_start(v, rings, VERSION, &error));
    unsigned tables = kernel.tables;
    map(&more_region, more, SECOND);
    g_assert_cmpuint(kernel.tables, ==, tables + 1);
    g_assert_cmpuint(kernel.n_regions, ==, 2);
    g_assert_cmphex(kernel.regions[1].guest_phys_addr, ==, SECOND);
    g_assert_true(kernel.regions[1].userspace_addr == (guint64)(gsize)more->host);
    address_map_take(&more_region);
    g_assert_cmpuint(kernel.n_regions, ==, 1);
    vhost_stop(v);
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
    ((guint64 *)(gsize)kernel.log)[page / 64] |= 1ull << page % 64;
}

static void test_log(void)
{
    g_autoptr(GError) error = NULL;
    Vhost *v = begin();

    g_assert_true(vhost_start(v, rings, VERSION, &error));
    g_assert_true(dirty_log_start(&error));
    g_assert_cmphex(kernel.features, ==, VERSION | 1ull << VHOST_F_LOG_ALL);
    g_assert_cmphex(kernel.addr[1].flags, ==, 1u << VHOST_VRING_F_LOG);
    g_assert_cmphex(kernel.addr[1].log_guest_addr, ==, rings[1].used);
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
    kernel.log = 0;
    g_assert_true(vhost_start(v, rings, VERSION, &error));
    g_assert_cmphex(kernel.log, !=, 0);
    /* the first of others, too */
    vhost_stop(v);
    end(v);
    v = begin();
    g_assert_true(vhost_start(v, rings, VERSION, &error));
    g_assert_cmphex(kernel.features, ==, VERSION | 1ull << VHOST_F_LOG_ALL);
    dirty_log_stop();
    g_assert_cmphex(kernel.features, ==, VERSION);
    g_assert_cmphex(kernel.addr[0].flags, ==, 0);
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
        kernel.refuse = requests[i];
        g_assert_false(vhost_start(v, rings, VERSION, &error));
        g_assert_nonnull(strstr(error->message, "vhost: "));
        g_assert_cmpuint(rings[1].last_avail, ==, 4);
    }
    g_autoptr(GError) error = NULL;
    kernel.refuse = 0;
    kernel.know = 0;
    g_assert_false(vhost_start(v, rings, VERSION, &error));
    g_assert_nonnull(strstr(error->message, "feature bit 32"));
    end(v);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    kernel.fd = -1;
    hw_board_make();
    ram = ram_block_new("ram", RAM_SIZE, NULL);
    more = ram_block_new("more", RAM_SIZE, NULL);
    g_assert_true(ram_block_register(ram, NULL) && ram_block_register(more, NULL));
    map(&region, ram, 0);
    g_test_add_func("/vhost/rings", test_rings);
    g_test_add_func("/vhost/memory", test_memory);
    g_test_add_func("/vhost/log", test_log);
    g_test_add_func("/vhost/refused", test_refused);
    return g_test_run();
}
