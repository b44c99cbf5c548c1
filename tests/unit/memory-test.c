/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event/lock.h"
#include "event/loop.h"
#include "memory/address-map.h"
#include "memory/guest.h"
#include "util/bitmap.h"

static RamBlock *ram;
static Region *low, *high;

/* Two pieces of one block: [0, 64K) and [1M, 1M+64K); the second is 64K further on. */
static void map_ram(void)
{
    g_autoptr(GError) error = NULL;
    ram = ram_block_new("ram", 192 << 10, &error);
    g_assert_no_error(error);
    g_assert_true(ram_block_register(ram, &error));
    g_assert_false(ram_block_register(ram, &error));
    g_clear_error(&error);
    low = region_new_ram("low", ram, 0, 64 << 10, FALSE);
    high = region_new_ram("high", ram, 64 << 10, 64 << 10, FALSE);
    address_map_begin();
    g_assert_true(address_map_add(address_map_memory(), high, 1 << 20, &error));
    g_assert_true(address_map_add(address_map_memory(), low, 0, &error));
    g_assert_true(address_map_commit(&error));
}

static void unmap_ram(void)
{
    address_map_remove(low);
    address_map_remove(high);
    region_free(low);
    region_free(high);
    ram_block_unregister(ram);
    ram_block_unref(ram);
}

static void test_guest(void)
{
    char buf[16];
    map_ram();
    g_assert_true(guest_write(dma_space_memory(), (1 << 20) + 3, "hello", 5));
    g_assert_true(guest_read(dma_space_memory(), (1 << 20) + 3, buf, 5));
    g_assert_cmpmem(buf, 5, "hello", 5);
    g_assert_cmpmem(ram->host + (64 << 10) + 3, 5, "hello", 5);
    g_assert_false(guest_read(dma_space_memory(), (64 << 10) - 2, buf, 4));
    g_assert_false(guest_write(dma_space_memory(), (64 << 10), buf, 1));
    g_assert_false(guest_read(dma_space_memory(), G_MAXUINT64 - 3, buf, 8));
    g_assert_true(guest_read(dma_space_memory(), G_MAXUINT64, buf, 0));

    GuestPin pin;
    g_assert_false(guest_pin(dma_space_memory(), &pin, (64 << 10) - 2, 4, TRUE));
    guest_unpin(&pin);
    g_assert_true(guest_pin(dma_space_memory(), &pin, (64 << 10) - 4, 4, TRUE));
    gint refs = ram->refs;
    unmap_ram(); /* the pin keeps the block */
    g_assert_cmpint(refs, ==, 1 + 1 + 2 + 2 + 1);
    memset(pin.host, 1, 4);
    guest_unpin(&pin);
    g_assert_false(guest_read(dma_space_memory(), 0, buf, 1));
}

/* Through a closed space nothing is reached, whatever is there. */
static void test_dma_space(void)
{
    DmaSpace dma;
    GuestPin pin;
    GuestIov v;
    char byte = 1;
    map_ram();
    guest_iov_init(&v);
    dma_space_init(&dma, address_map_memory());
    g_assert_false(guest_read(&dma, 0, &byte, 1));
    g_assert_false(guest_write(&dma, 0, &byte, 1));
    g_assert_false(guest_pin(&dma, &pin, 0, 1, FALSE));
    g_assert_false(guest_iov_add(&dma, &v, 0, 1, FALSE));
    g_assert_cmpuint(v.n, ==, 0);
    g_assert_cmpuint(ram->host[0], ==, 0);

    dma_space_open(&dma);
    g_assert_true(guest_write(&dma, 0, &byte, 1));
    g_assert_cmpuint(ram->host[0], ==, 1);
    g_assert_true(guest_iov_add(&dma, &v, 0, 1, FALSE));
    g_assert_true(guest_pin(&dma, &pin, 0, 1, FALSE));
    dma_space_close(&dma);
    g_assert_false(guest_read(&dma, 0, &byte, 1));
    g_assert_true(guest_read(dma_space_memory(), 0, &byte, 1)); /* the others do */
    g_assert_cmpuint(*(guint8 *)pin.host, ==, 1);
    guest_unpin(&pin);
    guest_iov_free(&v);
    unmap_ram();
}

static void test_iov(void)
{
    map_ram();
    GuestIov v;
    char buf[64];
    guest_iov_init(&v);
    g_assert_true(guest_iov_add(dma_space_memory(), &v, 0x1000, 16, TRUE));
    g_assert_true(guest_iov_add(dma_space_memory(), &v, 0x1010, 16, TRUE)); /* merges */
    g_assert_cmpuint(v.n, ==, 1);
    for (guint64 i = 0; i < 40; i++) {
        g_assert_true(guest_iov_add(dma_space_memory(), &v, 0x2000 + 64 * i, 1, TRUE));
    }
    g_assert_cmpuint(v.n, ==, 41);
    g_assert_cmpuint(v.size, ==, 72);
    g_assert_cmpuint(guest_iov_from_buf(&v, 30, "abcdef", 6), ==, 6);
    g_assert_cmpint(ram->host[0x101f], ==, 'b');
    g_assert_cmpint(ram->host[0x2040], ==, 'd');
    g_assert_cmpuint(guest_iov_to_buf(&v, 31, buf, 64), ==, 41);
    g_assert_cmpmem(buf, 5, "bcdef", 5);
    g_assert_false(guest_iov_add(dma_space_memory(), &v, 0xfff0, 32, TRUE));
    guest_iov_done(&v, 0);
    g_assert_true(guest_iov_add(dma_space_memory(), &v, (1 << 20) - 0, 64, FALSE));
    guest_iov_free(&v);
    unmap_ram();
}

/* Pieces keep their blocks, and let go of them. */
static void test_iov_blocks(void)
{
    g_autoptr(GError) error = NULL;
    map_ram();
    RamBlock *other = ram_block_new("other", 64 << 10, &error);
    g_assert_true(ram_block_register(other, &error));
    Region *region = region_new_ram("other", other, 0, 64 << 10, FALSE);
    g_assert_true(address_map_add(address_map_memory(), region, 2 << 20, &error));
    gint refs = ram->refs, others = other->refs;
    GuestIov v;
    guest_iov_init(&v);
    for (guint64 i = 0; i < 12; i++) {
        guint64 base = i % 4 == 3 ? 2 << 20 : 0;
        g_assert_true(guest_iov_add(dma_space_memory(), &v, base + 64 * i, 1, TRUE));
    }
    g_assert_cmpuint(v.n, ==, 12);
    g_assert_cmpint(ram->refs, >, refs);
    g_assert_cmpint(other->refs, >, others);
    guest_iov_done(&v, 12);
    g_assert_cmpint(ram->refs, ==, refs);
    g_assert_cmpint(other->refs, ==, others);

    g_assert_true(guest_iov_add(dma_space_memory(), &v, 0, 1, TRUE));
    g_assert_true(guest_iov_add(dma_space_memory(), &v, 64, 1, TRUE));
    address_map_remove(region);
    region_free(region);
    ram_block_unregister(other);
    ram_block_unref(other);
    unmap_ram();
    *(char *)v.iov[1].iov_base = 1; /* is still there */
    guest_iov_free(&v);
}

static void test_dirty(void)
{
    g_autoptr(GError) error = NULL;
    map_ram();
    unsigned long got[1] = { 0 };
    guest_write(dma_space_memory(), 0, "x", 1);
    g_assert_true(dirty_log_start(&error));
    g_assert_cmpuint(dirty_log_take(ram, got), ==, 0);
    guest_write(dma_space_memory(), 0x1fff, "xy", 2);
    GuestIov v;
    guest_iov_init(&v);
    g_assert_true(guest_iov_add(dma_space_memory(), &v, 1 << 20, 0x3000, TRUE));
    guest_iov_done(&v, 0x1001);
    guest_iov_free(&v);
    machine_unlock();
    g_assert_true(dirty_log_sync(&error));
    machine_lock();
    g_assert_cmpuint(dirty_log_take(ram, got), ==, 4);
    g_assert_cmphex(got[0], ==, 0x6 | 3ul << 16);
    g_assert_cmpuint(dirty_log_take(ram, got), ==, 0);
    guest_write(dma_space_memory(), 0x1000, "x", 1);
    g_assert_cmpuint(dirty_log_take(ram, got), ==, 0); /* known already */
    dirty_log_stop();
    guest_write(dma_space_memory(), 0x1000, "x", 1);
    g_assert_null(ram->dirty);
    unmap_ram();
}

/* Registers */
typedef struct Regs {
    char log[256];
    Region *region;
    gboolean again, unmap;
} Regs;

static void note(Regs *r, char op, guint64 offset, unsigned size)
{
    g_autofree char *text = g_strdup_printf("%c%x/%u ", op, (unsigned)offset, size);
    g_strlcat(r->log, text, sizeof(r->log));
}

static guint64 regs_read(void *opaque, guint64 offset, unsigned size)
{
    note(opaque, 'r', offset, size);
    return 0x1122334455667788ull >> (8 * offset);
}

static void regs_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Regs *r = opaque;
    note(r, 'w', offset, size);
    if (r->again) {
        guint8 back = 0;
        address_map_read(address_map_io(), 0x3f8, &back, 1);
        g_assert_cmphex(back, ==, 0xff);
    }
    if (r->unmap) {
        address_map_take(&r->region);
    }
}

static const RegionOps byte_ops = { regs_read, regs_write, 1, 1, TRUE };
static const RegionOps word_ops = { regs_read, regs_write, 4, 4, FALSE };

static Region *map_io(AddressMap *map, guint64 addr, const RegionOps *ops, Regs *r)
{
    g_autoptr(GError) error = NULL;
    r->region = region_new_io("regs", 8, ops, r);
    g_assert_true(address_map_put(map, &r->region, addr, &error));
    return r->region;
}

/* What cannot be added is not kept; what was never there can be taken away. */
static void test_put(void)
{
    g_autoptr(GError) error = NULL;
    AddressMap *io = address_map_io();
    Region *second = region_new_io("second", 8, &byte_ops, NULL);
    Regs r = { .again = FALSE };
    guint64 value = 0;

    map_io(io, 0x100, &byte_ops, &r);
    g_assert_false(address_map_put(io, &second, 0x107, &error));
    g_assert_nonnull(strstr(error->message, "overlaps 'regs'"));
    g_assert_null(second);
    address_map_take(&second);
    address_map_read(io, 0x107, &value, 1);
    g_assert_cmpstr(r.log, ==, "r7/1 ");
    address_map_take(&r.region);
    g_assert_null(r.region);
    address_map_read(io, 0x107, &value, 1);
    g_assert_cmpstr(r.log, ==, "r7/1 ");
}

static void test_dispatch(void)
{
    AddressMap *io = address_map_io();
    Regs r = { .again = FALSE };
    guint64 value = 0;
    map_io(io, 0x3f8, &byte_ops, &r);
    address_map_read(io, 0x3f9, &value, 4); /* unaligned: bytes */
    g_assert_cmphex(value, ==, 0x44556677);
    g_assert_cmpstr(r.log, ==, "r1/1 r2/1 r3/1 r4/1 ");
    value = 0;
    address_map_read(io, 0x3f6, &value, 4); /* half outside */
    g_assert_cmphex(value, ==, 0x7788ffff);
    r.log[0] = 0;
    r.again = TRUE;
    address_map_write(io, 0x3f8, "a", 1);
    g_assert_cmpstr(r.log, ==, "w0/1 ");
    r.again = FALSE;
    r.unmap = TRUE;
    address_map_write(io, 0x3f8, "abcd", 4); /* the rest of the access goes nowhere */
    g_assert_cmpstr(r.log, ==, "w0/1 w0/1 ");
    address_map_read(io, 0xffff, &value, 8);
    g_assert_cmphex(value, ==, G_MAXUINT64);

    AddressMap *memory = address_map_memory();
    Regs w = { .again = FALSE };
    Region *region = map_io(memory, 0xfeb00000, &word_ops, &w);
    address_map_read(memory, 0xfeb00000, &value, 8); /* wider: refused */
    g_assert_cmphex(value, ==, G_MAXUINT64);
    address_map_write(memory, 0xfeb00002, "ab", 2); /* narrower: refused */
    g_assert_cmpstr(w.log, ==, "");
    address_map_write(memory, 0xfeb00004, "abcd", 4);
    g_assert_cmpstr(w.log, ==, "w4/4 ");
    address_map_remove(region);
    region_free(region);
}

/* Listeners */
typedef struct Ear {
    MapListener base;
    char name;
    GString *log;
} Ear;

static void ear_begin(MapListener *l)
{
    g_string_append_printf(((Ear *)l)->log, "%c{ ", ((Ear *)l)->name);
}

static void ear_commit(MapListener *l)
{
    g_string_append_printf(((Ear *)l)->log, "%c} ", ((Ear *)l)->name);
}

static gboolean ear_add(MapListener *l, const MapSection *s, GError **errp)
{
    g_string_append_printf(((Ear *)l)->log, "%c+%x ", ((Ear *)l)->name,
                           (unsigned)s->addr);
    return TRUE;
}

static void ear_del(MapListener *l, const MapSection *s)
{
    g_string_append_printf(((Ear *)l)->log, "%c-%x ", ((Ear *)l)->name,
                           (unsigned)s->addr);
}

static void ear_eventfd_add(MapListener *l, guint64 addr, unsigned size, gboolean match,
                            guint64 value, int fd)
{
    g_string_append_printf(((Ear *)l)->log, "%c+e%x ", ((Ear *)l)->name, (unsigned)addr);
}

static void ear_eventfd_del(MapListener *l, guint64 addr, unsigned size, gboolean match,
                            guint64 value, int fd)
{
    g_string_append_printf(((Ear *)l)->log, "%c-e%x ", ((Ear *)l)->name, (unsigned)addr);
}

static Ear make_ear(char name, int priority, GString *log)
{
    return (Ear){ .base = { .priority = priority,
                            .begin = ear_begin,
                            .add = ear_add,
                            .del = ear_del,
                            .eventfd_add = ear_eventfd_add,
                            .eventfd_del = ear_eventfd_del,
                            .commit = ear_commit },
                  .name = name,
                  .log = log };
}

static void expect_log(GString *log, const char *text)
{
    g_assert_cmpstr(log->str, ==, text);
    g_string_truncate(log, 0);
}

static void test_listeners(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) log = g_string_new(NULL);
    AddressMap *io = address_map_io();
    Ear b = make_ear('b', 10, log), a = make_ear('a', 1, log);
    Regs r = { .again = FALSE };
    Region *region = map_io(io, 0x100, &byte_ops, &r);
    int fd = eventfd(0, EFD_NONBLOCK);
    g_assert_true(address_map_listen(io, &b.base, &error));
    expect_log(log, "b{ b+100 b} ");
    region_add_eventfd(region, 4, 2, TRUE, 7, fd);
    expect_log(log, "b+e104 ");
    g_assert_true(address_map_listen(io, &a.base, &error));
    expect_log(log, "a{ a+100 a+e104 a} ");

    /* Moves inside one transaction: heard once. */
    address_map_begin();
    address_map_begin();
    address_map_remove(region);
    g_assert_true(address_map_commit(&error));
    g_assert_true(address_map_add(io, region, 0x200, &error));
    expect_log(log, "");
    g_assert_true(address_map_commit(&error));
    expect_log(log, "a{ b{ a-e104 b-e104 b-100 a-100 a+200 b+200 a+e204 b+e204 a} b} ");

    /* Out and in again at the same place is no difference. */
    address_map_begin();
    address_map_remove(region);
    g_assert_true(address_map_add(io, region, 0x200, &error));
    Region *other = region_new_io("other", 4, &byte_ops, &r);
    g_assert_false(address_map_add(io, other, 0x207, &error));
    g_assert_nonnull(strstr(error->message, "other"));
    g_assert_nonnull(strstr(error->message, "regs"));
    g_clear_error(&error);
    g_assert_false(address_map_add(io, other, 0xfffd, &error));
    g_clear_error(&error);
    g_assert_true(address_map_commit(&error));
    region_free(other);
    expect_log(log, "");

    /* Where no listener takes it, dispatch signals. */
    guint64 n = 0;
    address_map_write(io, 0x204, "\x07", 1); /* another size: to the registers */
    g_assert_cmpstr(r.log, ==, "w4/1 ");
    address_map_write(io, 0x204, "\x07\x00", 2);
    g_assert_cmpstr(r.log, ==, "w4/1 ");
    g_assert_cmpint(read(fd, &n, 8), ==, 8);
    g_assert_cmpuint(n, ==, 1);

    region_del_eventfd(region, 4, 2, TRUE, 7, fd);
    expect_log(log, "a-e204 b-e204 ");
    address_map_unlisten(io, &a.base);
    address_map_unlisten(io, &b.base);
    address_map_remove(region);
    region_free(region);
    close(fd);
}

/* Backends */
static RamBlock *backend(const char *text, GError **errp)
{
    g_autoptr(ConfigNode) node = config_map_new();
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (char **p = parts; *p; p++) {
        g_auto(GStrv) pair = g_strsplit(*p, "=", 2);
        config_map_set(node, pair[0], config_string_new(pair[1]));
    }
    return ram_backend_new(node, errp);
}

static void backend_fails(const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(backend(text, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, message));
}

static void test_backends(void)
{
    g_autoptr(GError) error = NULL;
    RamBlock *block = backend("qom-type=memory-backend-ram,id=m0,size=4M,prealloc=on,"
                              "prealloc-threads=3,dump=off,merge=off",
                              &error);
    g_assert_no_error(error);
    g_assert_cmpstr(block->name, ==, "m0");
    g_assert_cmpuint((guintptr)block->host % (2 << 20), ==, 0);
    g_assert_cmpint(block->fd, ==, -1);
    ram_block_unref(block);

    block = backend("qom-type=memory-backend-memfd,id=m1,size=1M", &error);
    g_assert_no_error(error);
    g_assert_true(block->shared);
    g_assert_cmpint(ftruncate(block->fd, 4096), ==, -1); /* sealed */
    ram_block_unref(block);

    backend_fails("qom-type=memory-backend-ram,id=m", "size 0");
    backend_fails("qom-type=memory-backend-ram,size=4K", "'id'");
    backend_fails("qom-type=memory-backend-ram,id=m,size=5000", "multiple");
    backend_fails("qom-type=memory-backend-ram,id=m,size=4K,policy=bind", "policy");
    backend_fails("qom-type=memory-backend-file,id=m,size=4K", "mem-path");
    backend_fails("qom-type=memory-backend-file,id=m,size=4K,mem-path=/nowhere/x",
                  "/nowhere/x");
    backend_fails("qom-type=memory-backend-ram,id=m,size=8E", "m");
}

static void test_file_backend(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strdup("/tmp/vireo-memory-test-XXXXXX");
    int fd = g_mkstemp(path);
    g_assert_cmpint(ftruncate(fd, 8192), ==, 0);
    g_assert_cmpint(pwrite(fd, "file", 4, 4096), ==, 4);
    g_autofree char *text = g_strdup_printf(
        "qom-type=memory-backend-file,id=f,size=4K,offset=4096,mem-path=%s", path);
    RamBlock *block = backend(text, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(block->host, 4, "file", 4);
    memcpy(block->host, "MINE", 4); /* private: the file keeps its own */
    char buf[4];
    g_assert_cmpint(pread(fd, buf, 4, 4096), ==, 4);
    g_assert_cmpmem(buf, 4, "file", 4);
    ram_block_unref(block);
    g_autofree char *large = g_strdup_printf(
        "qom-type=memory-backend-file,id=f,share=on,size=64K,mem-path=%s", path);
    backend_fails(large, "does not match");
    unlink(path);
    close(fd);
}

/* A hole: the backing file is cut under us. */
static int holes;
static void on_hole(void)
{
    holes++;
}

static void test_hole(void)
{
    g_autoptr(GError) error = NULL;
    RamBlock *block =
        backend("qom-type=memory-backend-memfd,id=h,size=64K,seal=off", &error);
    g_assert_no_error(error);
    ram_set_hole_handler(on_hole);
    block->host[0x8000] = 1;
    g_assert_cmpint(ftruncate(block->fd, 0x4000), ==, 0);
    g_assert_cmpint(*(volatile guint8 *)&block->host[0x8000], ==, 0);
    while (!holes) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    ram_block_unref(block);
}

/* However many blocks there are, and whatever errno is meanwhile. */
static void test_many_holes(void)
{
    g_autoptr(GPtrArray) blocks =
        g_ptr_array_new_with_free_func((GDestroyNotify)ram_block_unref);
    ram_set_hole_handler(on_hole);
    for (guint i = 0; i < 600; i++) {
        g_autoptr(GError) error = NULL;
        g_ptr_array_add(
            blocks,
            backend("qom-type=memory-backend-memfd,id=h,size=4K,seal=off", &error));
        g_assert_no_error(error);
    }
    holes = 0;
    for (guint i = 0; i < blocks->len; i += blocks->len - 1) {
        RamBlock *block = g_ptr_array_index(blocks, i);
        g_assert_cmpint(ftruncate(block->fd, 0), ==, 0);
        for (guint n = 0; n < 2; n++) {
            errno = ENOTTY;
            g_assert_cmpint(*(volatile guint8 *)block->host, ==, 0);
            g_assert_cmpint(errno, ==, ENOTTY);
        }
    }
    while (!holes) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

/* Readers in another thread while RAM comes and goes, and dirty logging too. */
static gint stop;

static void *toucher(void *opaque)
{
    guint64 hits = 0;
    while (!g_atomic_int_get(&stop)) {
        guint64 value = 42;
        GuestPin pin;
        if (guest_write(dma_space_memory(), (1 << 20) + 0x2000, &value, 8)) {
            hits++;
        }
        if (guest_pin(dma_space_memory(), &pin, 0x3000, 8, TRUE)) {
            *(volatile guint64 *)pin.host = 1;
            guest_pin_dirty(&pin, 0, 8);
            guest_unpin(&pin);
        }
    }
    *(guint64 *)opaque = hits;
    return NULL;
}

static void test_rcu(void)
{
    guint64 hits = 0;
    GThread *thread = thread_try_start("worker", "toucher", toucher, &hits, NULL);
    for (int i = 0; i < 200; i++) {
        map_ram();
        g_assert_true(dirty_log_start(NULL));
        unsigned long got[1] = { 0 };
        dirty_log_take(ram, got);
        g_assert_cmphex(got[0] & ~((1ul << 18) | 8), ==, 0);
        dirty_log_stop();
        unmap_ram();
    }
    g_atomic_int_set(&stop, TRUE);
    g_thread_join(thread);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    event_init();
    g_test_add_func("/memory/guest", test_guest);
    g_test_add_func("/memory/dma-space", test_dma_space);
    g_test_add_func("/memory/iov", test_iov);
    g_test_add_func("/memory/iov-blocks", test_iov_blocks);
    g_test_add_func("/memory/dirty", test_dirty);
    g_test_add_func("/memory/put", test_put);
    g_test_add_func("/memory/dispatch", test_dispatch);
    g_test_add_func("/memory/listeners", test_listeners);
    g_test_add_func("/memory/backends", test_backends);
    g_test_add_func("/memory/file", test_file_backend);
    g_test_add_func("/memory/hole", test_hole);
    g_test_add_func("/memory/many-holes", test_many_holes);
    g_test_add_func("/memory/rcu", test_rcu);
    return g_test_run();
}
