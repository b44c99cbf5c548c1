/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio-pci-board.h"

#include <linux/virtio_blk.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "block-late.h"
#include "block/testing.h"
#include "config/json.h"

#define ENABLE 0x8000u /* MSI-X */

VirtioPci *v;
guint32 common, notify, isr, config;
GuestRing rings[QUEUES];

/* A vCPU's accesses */

void set_done(void *opaque)
{
    *(gboolean *)opaque = TRUE;
}

void begin_write(guint64 addr, unsigned size, guint32 value, gboolean *done)
{
    *done = FALSE;
    access_begin();
    mem_write(addr, size, value);
    access_finish(set_done, done);
}

void wait_done(const gboolean *done)
{
    while (!*done) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

static void write_register(guint64 addr, unsigned size, guint32 value)
{
    gboolean done;
    begin_write(addr, size, value, &done);
    wait_done(&done);
}

guint32 get(unsigned offset, unsigned size)
{
    return mem_read(common + offset, size);
}

void put(unsigned offset, unsigned size, guint32 value)
{
    write_register(common + offset, size, value);
}

void begin_write_config(unsigned offset, unsigned size, guint32 value, gboolean *done)
{
    *done = FALSE;
    access_begin();
    cfg_write(&v->pci, offset, size, value);
    access_finish(set_done, done);
}

void put_config(unsigned offset, unsigned size, guint32 value)
{
    gboolean done;
    begin_write_config(offset, size, value, &done);
    wait_done(&done);
}

void read_guest(guint64 addr, void *buf, gsize len)
{
    g_assert_true(guest_read(dma_space_memory(), addr, buf, len));
}

static void write_guest(guint64 addr, const void *buf, gsize len)
{
    g_assert_true(guest_write(dma_space_memory(), addr, buf, len));
}

static const GuestMemory memory = { read_guest, write_guest };

void turn(void)
{
    event_loop_iterate(event_loop_main(), FALSE);
    g_thread_yield();
}

void let_settle(void)
{
    for (unsigned i = 0; i < 50; i++) {
        turn();
    }
}

guint32 taken(unsigned vector)
{
    guint32 value = mem_read(MSI_AT + 4 * vector, 4);
    mem_write(MSI_AT + 4 * vector, 4, 0);
    return value;
}

void wait_message(unsigned vector)
{
    guint32 value;
    while (!(value = taken(vector))) {
        turn();
    }
    g_assert_cmphex(value, ==, 0x100 + vector);
}

/* The driver */

static void find_structures(void)
{
    guint8 at = (guint8)cfg_read(&v->pci, PCI_CAPABILITY_LIST, 1);
    guint32 *const where[] = { [VIRTIO_PCI_CAP_COMMON_CFG] = &common,
                               [VIRTIO_PCI_CAP_NOTIFY_CFG] = &notify,
                               [VIRTIO_PCI_CAP_ISR_CFG] = &isr,
                               [VIRTIO_PCI_CAP_DEVICE_CFG] = &config };

    common = notify = isr = config = 0;
    for (; at; at = (guint8)cfg_read(&v->pci, at + 1u, 1)) {
        unsigned type = cfg_read(&v->pci, at + 3u, 1);
        if (cfg_read(&v->pci, at, 1) == PCI_CAP_ID_VNDR && type < G_N_ELEMENTS(where)) {
            g_assert_cmpuint(cfg_read(&v->pci, at + 4u, 1), ==, 4);
            *where[type] = REGISTERS + cfg_read(&v->pci, at + 8u, 4);
        }
    }
}

void map_bars(void)
{
    put_config(PCI_BASE_ADDRESS_4, 4, REGISTERS);
    put_config(PCI_BASE_ADDRESS_5, 4, 0);
    put_config(PCI_BASE_ADDRESS_1, 4, TABLE);
    put_config(PCI_COMMAND, 2, ON);
    find_structures();
}

void mask(unsigned vector, gboolean masked)
{
    mem_write(TABLE + 16 * vector + 12, 4, masked);
}

void enable_msix(void)
{
    for (unsigned i = 0; i < v->pci.msix.n; i++) {
        mem_write(TABLE + 16 * i, 4, MSI_AT + 4 * i);
        mem_write(TABLE + 16 * i + 4, 4, 0);
        mem_write(TABLE + 16 * i + 8, 4, 0x100 + i);
        mask(i, FALSE);
        taken(i);
    }
    put_config(v->pci.msix.cap + PCI_MSIX_FLAGS, 2, ENABLE);
}

void negotiate(guint64 without)
{
    put(VIRTIO_PCI_COMMON_STATUS, 1, 0);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_STATUS, 1), ==, 0);
    put(VIRTIO_PCI_COMMON_STATUS, 1, 3);
    for (unsigned i = 0; i < 2; i++) {
        put(VIRTIO_PCI_COMMON_DFSELECT, 4, i);
        put(VIRTIO_PCI_COMMON_GFSELECT, 4, i);
        guint32 offered = get(VIRTIO_PCI_COMMON_DF, 4) & ~(guint32)(without >> (32 * i));
        put(VIRTIO_PCI_COMMON_GF, 4, offered);
        g_assert_cmphex(get(VIRTIO_PCI_COMMON_GF, 4), ==, offered);
    }
    put(VIRTIO_PCI_COMMON_STATUS, 1, 11);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_STATUS, 1), ==, 11);
}

void set_up_queue(unsigned i, guint16 vector)
{
    GuestRing *r = &rings[i];
    put(VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 0);
    guint16 num = (guint16)MIN(NUM, get(VIRTIO_PCI_COMMON_Q_SIZE, 2));
    guest_ring_init(r, &memory, RINGS + 0x2000u * i, num);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_NOFF, 2), ==, i);
    put(VIRTIO_PCI_COMMON_Q_SIZE, 2, num);
    put(VIRTIO_PCI_COMMON_Q_MSIX, 2, vector);
    put(VIRTIO_PCI_COMMON_Q_DESCLO, 4, (guint32)r->desc);
    put(VIRTIO_PCI_COMMON_Q_DESCHI, 4, 0);
    put(VIRTIO_PCI_COMMON_Q_AVAILLO, 4, (guint32)r->avail);
    put(VIRTIO_PCI_COMMON_Q_AVAILHI, 4, 0);
    put(VIRTIO_PCI_COMMON_Q_USEDLO, 4, (guint32)r->used);
    put(VIRTIO_PCI_COMMON_Q_USEDHI, 4, 0);
    put(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 1);
}

void start(void)
{
    negotiate(1ull << 29);
    for (unsigned i = 0; i < QUEUES; i++) {
        set_up_queue(i, (guint16)i);
    }
    put(VIRTIO_PCI_COMMON_MSIX, 2, QUEUES);
    put(VIRTIO_PCI_COMMON_STATUS, 1, 15);
    g_assert_cmpuint(get(VIRTIO_PCI_COMMON_STATUS, 1), ==, 15);
}

void kick(unsigned queue)
{
    mem_write(notify + 4 * queue, 2, queue);
}

void request(unsigned queue)
{
    struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_FLUSH };
    GuestBuffer chain[] = { { DATA, sizeof(header), FALSE }, { DATA + 64, 1, TRUE } };
    write_guest(DATA, &header, sizeof(header));
    guest_ring_add(&rings[queue], chain, 2);
    kick(queue);
}

gboolean is_done(unsigned queue)
{
    guint32 head, len;
    return guest_ring_take(&rings[queue], &head, &len);
}

void wait_used(unsigned queue)
{
    while (!is_done(queue)) {
        turn();
    }
}

guint64 medium(const char *command)
{
    const char *const args[] = { "n", command, NULL };
    const char *const count[] = { "n", "count", NULL };
    g_autofree char *reply = block_testing_command((char **)args);
    g_autofree char *counts = block_testing_command((char **)count);
    g_assert_cmpstr(reply, ==, "OK");
    return g_ascii_strtoull(counts + 3, NULL, 10);
}

void hold_request(unsigned queue)
{
    medium("hold");
    request(queue);
    while (medium("hold") < 1) {
        turn();
    }
}

/* The machine */

Device *new_disk(void)
{
    Device *dev = device_new(&virtio_blk_pci_class.device);
    dev->id = g_strdup("disk");
    device_set_text(dev, "drive", "n");
    device_set_text(dev, "num-queues", "3");
    return dev;
}

void plug(Device *dev, PciBus *bus)
{
    g_autoptr(GError) error = NULL;
    device_realize(dev, bus->bus, &error);
    g_assert_no_error(error);
    v = (VirtioPci *)dev;
    device_unref(dev); /* the tree has it */
}

void make_medium(void)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("vireo-pci-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, DISK_SIZE), ==, 0);
    close(fd);
    g_autofree char *json =
        g_strdup_printf("{\"driver\":\"x-test\",\"node-name\":\"n\",\"file\":{"
                        "\"driver\":\"file\",\"filename\":\"%s\"}}",
                        path);
    g_autoptr(ConfigNode) node = config_parse_json(json, NULL);
    block_node_add(node, &error);
    g_assert_no_error(error);
    unlink(path);
}

void make_board(const char *iothread)
{
    pci_board_make();
    make_medium();
    g_assert_nonnull(iothread_new("io", NULL));
    vm_start();
    Device *dev = new_disk();
    if (iothread) {
        device_set_text(dev, "iothread", iothread);
    }
    plug(dev, root);
    map_bars();
}

void free_board(void)
{
    vm_stop(RUN_STATE_PAUSED);
    pci_board_free();
    g_assert_true(node_del("n", NULL));
    g_assert_true(iothread_delete("io", NULL));
    v = NULL;
}

void make_live(const char *iothread)
{
    make_board(iothread);
    enable_msix();
    start();
}

void add_both(const char *name, GTestDataFunc fn)
{
    g_autofree char *of_main = g_strdup_printf("/virtio-pci/%s/main", name);
    g_autofree char *of_io = g_strdup_printf("/virtio-pci/%s/iothread", name);
    g_test_add_data_func(of_main, NULL, fn);
    g_test_add_data_func(of_io, "io", fn);
}
