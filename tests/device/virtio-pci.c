/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/virtio-pci.h"

#include <linux/virtio_blk.h>
#include <string.h>

#define SLOT_BYTES 0x4000u

/* Configuration space */

static unsigned bus_of(const VirtioPciDriver *d)
{
    if (d->port == NO_PORT) {
        return 0;
    }
    qtest_outl(d->q, 0xcf8, 0x80000000u | d->port << 8 | PCI_PRIMARY_BUS);
    return qtest_inb(d->q, 0xcfc + 1);
}

static guint32 in(QTest *q, guint16 port, unsigned size)
{
    return size == 1   ? qtest_inb(q, port)
           : size == 2 ? qtest_inw(q, port)
                       : qtest_inl(q, port);
}

static void out(QTest *q, guint16 port, unsigned size, guint32 value)
{
    if (size == 1) {
        qtest_outb(q, port, (guint8)value);
    } else if (size == 2) {
        qtest_outw(q, port, (guint16)value);
    } else {
        qtest_outl(q, port, value);
    }
}

static guint16 select_register(QTest *q, unsigned bus, unsigned devfn, unsigned offset)
{
    qtest_outl(q, 0xcf8, 0x80000000u | bus << 16 | devfn << 8 | (offset & 0xfc));
    return (guint16)(0xcfc + offset % 4);
}

guint32 vpci_cfg(const VirtioPciDriver *d, unsigned offset, unsigned size)
{
    return in(d->q, select_register(d->q, bus_of(d), d->devfn, offset), size);
}

void vpci_set_cfg(const VirtioPciDriver *d, unsigned offset, unsigned size, guint32 value)
{
    out(d->q, select_register(d->q, bus_of(d), d->devfn, offset), size, value);
}

guint32 vpci_port_cfg(const VirtioPciDriver *d, unsigned offset, unsigned size)
{
    return in(d->q, select_register(d->q, 0, d->port, offset), size);
}

void vpci_set_port_cfg(const VirtioPciDriver *d, unsigned offset, unsigned size,
                       guint32 value)
{
    out(d->q, select_register(d->q, 0, d->port, offset), size, value);
}

/* Registers */

guint32 vpci_read(const VirtioPciDriver *d, guint64 addr, unsigned size)
{
    return size == 1   ? qtest_readb(d->q, addr)
           : size == 2 ? qtest_readw(d->q, addr)
                       : qtest_readl(d->q, addr);
}

void vpci_write(const VirtioPciDriver *d, guint64 addr, unsigned size, guint32 value)
{
    if (size == 1) {
        qtest_writeb(d->q, addr, (guint8)value);
    } else if (size == 2) {
        qtest_writew(d->q, addr, (guint16)value);
    } else {
        qtest_writel(d->q, addr, value);
    }
}

guint32 vpci_get(const VirtioPciDriver *d, unsigned offset, unsigned size)
{
    return vpci_read(d, d->common + offset, size);
}

void vpci_put(const VirtioPciDriver *d, unsigned offset, unsigned size, guint32 value)
{
    vpci_write(d, d->common + offset, size, value);
}

/* What is where: 4.1.4 */

static guint64 bar_address(const VirtioPciDriver *d, unsigned bar)
{
    guint32 low = vpci_cfg(d, PCI_BASE_ADDRESS_0 + 4 * bar, 4);
    guint64 high = low & PCI_BASE_ADDRESS_MEM_TYPE_64
                       ? vpci_cfg(d, PCI_BASE_ADDRESS_0 + 4 * bar + 4, 4)
                       : 0;
    return high << 32 | (low & ~0xfu);
}

static void find_structure(VirtioPciDriver *d, guint8 at)
{
    guint64 *const where[] = { [VIRTIO_PCI_CAP_COMMON_CFG] = &d->common,
                               [VIRTIO_PCI_CAP_NOTIFY_CFG] = &d->notify,
                               [VIRTIO_PCI_CAP_ISR_CFG] = &d->isr,
                               [VIRTIO_PCI_CAP_DEVICE_CFG] = &d->config };
    guint8 type = (guint8)vpci_cfg(d, at + VIRTIO_PCI_CAP_CFG_TYPE, 1);

    if (type == VIRTIO_PCI_CAP_PCI_CFG) {
        d->window = at;
    } else if (type < G_N_ELEMENTS(where) && where[type]) {
        *where[type] = bar_address(d, vpci_cfg(d, at + VIRTIO_PCI_CAP_BAR, 1)) +
                       vpci_cfg(d, at + VIRTIO_PCI_CAP_OFFSET, 4);
    }
    if (type == VIRTIO_PCI_CAP_NOTIFY_CFG) {
        d->multiplier = vpci_cfg(d, at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
    }
}

static void find_msix(VirtioPciDriver *d, guint8 at)
{
    guint32 table = vpci_cfg(d, at + PCI_MSIX_TABLE, 4);
    guint32 pba = vpci_cfg(d, at + PCI_MSIX_PBA, 4);

    d->msix = at;
    d->n_vectors = (vpci_cfg(d, at + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE) + 1;
    d->table = bar_address(d, table & 7) + (table & ~7u);
    d->pba = bar_address(d, pba & 7) + (pba & ~7u);
}

static void find_capabilities(VirtioPciDriver *d)
{
    guint8 at = (guint8)vpci_cfg(d, PCI_CAPABILITY_LIST, 1);

    d->common = d->notify = d->isr = d->config = 0;
    d->msix = d->express = d->window = 0;
    for (unsigned n = 0; at; at = (guint8)vpci_cfg(d, at + 1u, 1)) {
        guint8 id = (guint8)vpci_cfg(d, at, 1);
        g_assert_cmpuint(++n, <, 48);
        if (id == PCI_CAP_ID_VNDR) {
            find_structure(d, at);
        } else if (id == PCI_CAP_ID_MSIX) {
            find_msix(d, at);
        } else if (id == PCI_CAP_ID_EXP) {
            d->express = at;
        }
    }
}

void vpci_find_again(VirtioPciDriver *d)
{
    find_capabilities(d);
    g_assert_true(d->common && d->notify && d->isr && d->config && d->window);
    vpci_set_cfg(d, PCI_COMMAND, 2, DECODES);
    d->n_queues = vpci_get(d, VIRTIO_PCI_COMMON_NUMQ, 2);
}

void vpci_find_function(VirtioPciDriver *d, QTest *q, const char *where)
{
    gboolean behind = strstr(where, "bus=rp") != NULL;

    *d = (VirtioPciDriver){ .q = q,
                            .port = behind ? VPCI_PORT : NO_PORT,
                            .devfn = behind ? 0 : VPCI_ROOT };
    qtest_bus_set(q);
    find_capabilities(d);
}

void vpci_find(VirtioPciDriver *d, QTest *q, const char *where)
{
    vpci_find_function(d, q, where);
    vpci_find_again(d);
}

/* The driver */

gboolean vpci_negotiate(VirtioPciDriver *d, guint64 features)
{
    vpci_put(d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
    g_assert_cmpuint(vpci_get(d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 0);
    vpci_put(d, VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    vpci_put(d, VIRTIO_PCI_COMMON_STATUS, 1, 3);
    d->features = 0;
    for (unsigned i = 0; i < 2; i++) {
        vpci_put(d, VIRTIO_PCI_COMMON_DFSELECT, 4, i);
        vpci_put(d, VIRTIO_PCI_COMMON_GFSELECT, 4, i);
        guint32 word =
            vpci_get(d, VIRTIO_PCI_COMMON_DF, 4) & (guint32)(features >> (32 * i));
        vpci_put(d, VIRTIO_PCI_COMMON_GF, 4, word);
        d->features |= (guint64)word << (32 * i);
    }
    vpci_put(d, VIRTIO_PCI_COMMON_STATUS, 1, 11);
    return vpci_get(d, VIRTIO_PCI_COMMON_STATUS, 1) == 11;
}

static void put_address(VirtioPciDriver *d, unsigned offset, guint64 addr)
{
    vpci_put(d, offset, 4, (guint32)addr);
    vpci_put(d, offset + 4, 4, (guint32)(addr >> 32));
}

void vpci_set_up_queue(VirtioPciDriver *d, unsigned i, guint16 num, guint16 vector)
{
    GuestRing *r = &d->rings[i];

    vpci_put(d, VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
    g_assert_cmpuint(vpci_get(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 0);
    g_assert_cmpuint(vpci_get(d, VIRTIO_PCI_COMMON_Q_SIZE, 2), >=, num);
    guint64 end = guest_ring_init(r, &qtest_bus.memory, RINGS + 0x8000ull * i, num);
    d->data = MAX(d->data, end);
    d->noff[i] = (guint16)vpci_get(d, VIRTIO_PCI_COMMON_Q_NOFF, 2);
    vpci_put(d, VIRTIO_PCI_COMMON_Q_SIZE, 2, num);
    vpci_put(d, VIRTIO_PCI_COMMON_Q_MSIX, 2, vector);
    g_assert_cmphex(vpci_get(d, VIRTIO_PCI_COMMON_Q_MSIX, 2), ==, vector);
    put_address(d, VIRTIO_PCI_COMMON_Q_DESCLO, r->desc);
    put_address(d, VIRTIO_PCI_COMMON_Q_AVAILLO, r->avail);
    put_address(d, VIRTIO_PCI_COMMON_Q_USEDLO, r->used);
    vpci_put(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
    g_assert_cmpuint(vpci_get(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), ==, 1);
}

void vpci_start(VirtioPciDriver *d, guint64 features, unsigned n, guint16 num)
{
    gboolean vectors =
        d->msix && (vpci_cfg(d, d->msix + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_ENABLE);

    g_assert_cmpuint(n, <=, d->n_queues);
    g_assert_true(vpci_negotiate(d, features));
    for (unsigned i = 0; i < n; i++) {
        vpci_set_up_queue(d, i, num, vectors ? (guint16)i : NO_VECTOR);
    }
    if (vectors) {
        vpci_put(d, VIRTIO_PCI_COMMON_MSIX, 2, d->n_vectors - 1);
    }
    vpci_put(d, VIRTIO_PCI_COMMON_STATUS, 1, 15);
    g_assert_cmpuint(vpci_get(d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 15);
}

void vpci_kick(VirtioPciDriver *d, unsigned queue)
{
    vpci_write(d, d->notify + (guint64)d->multiplier * d->noff[queue], 2, queue);
}

void vpci_wait_used(VirtioPciDriver *d, unsigned queue, guint32 *head, guint32 *len)
{
    while (!guest_ring_take(&d->rings[queue], head, len)) {
    }
}

guint16 vpci_used_idx(const VirtioPciDriver *d, unsigned queue)
{
    return qtest_readw(d->q, d->rings[queue].used + 2);
}

void vpci_wait_used_idx(const VirtioPciDriver *d, unsigned queue, guint16 idx)
{
    while (vpci_used_idx(d, queue) != idx) {
    }
}

/* MSI-X */

void vpci_aim(VirtioPciDriver *d, unsigned vector, guint64 addr, guint32 data)
{
    guint64 entry = d->table + PCI_MSIX_ENTRY_SIZE * (guint64)vector;

    qtest_writel(d->q, entry + PCI_MSIX_ENTRY_LOWER_ADDR, (guint32)addr);
    qtest_writel(d->q, entry + PCI_MSIX_ENTRY_UPPER_ADDR, (guint32)(addr >> 32));
    qtest_writel(d->q, entry + PCI_MSIX_ENTRY_DATA, data);
}

void vpci_mask(VirtioPciDriver *d, unsigned vector, gboolean masked)
{
    qtest_writel(d->q,
                 d->table + PCI_MSIX_ENTRY_SIZE * (guint64)vector +
                     PCI_MSIX_ENTRY_VECTOR_CTRL,
                 masked);
}

void vpci_enable_msix(VirtioPciDriver *d)
{
    for (unsigned i = 0; i < d->n_vectors; i++) {
        vpci_aim(d, i, MSI_AT + 4 * i, MSI_DATA + i);
        vpci_mask(d, i, FALSE);
        vpci_taken(d, i);
    }
    vpci_set_cfg(d, d->msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
}

gboolean vpci_pending(VirtioPciDriver *d, unsigned vector)
{
    return (qtest_readl(d->q, d->pba + vector / 32 * 4) >> vector % 32) & 1;
}

guint32 vpci_taken(VirtioPciDriver *d, unsigned vector)
{
    guint32 value = qtest_readl(d->q, MSI_AT + 4 * vector);

    if (value) {
        qtest_writel(d->q, MSI_AT + 4 * vector, 0);
    }
    return value;
}

void vpci_wait_message(VirtioPciDriver *d, unsigned vector)
{
    guint32 value;

    while (!(value = vpci_taken(d, vector))) {
    }
    g_assert_cmphex(value, ==, MSI_DATA + vector);
}

void vpci_expect_silence(VirtioPciDriver *d)
{
    for (unsigned i = 0; i < d->n_vectors; i++) {
        g_assert_cmphex(vpci_taken(d, i), ==, 0);
    }
}

/* virtio-blk */

guint16 vpci_blk_add(VirtioPciDriver *d, unsigned queue, unsigned slot, guint32 type,
                     guint64 sector)
{
    struct virtio_blk_outhdr header = { .type = GUINT32_TO_LE(type),
                                        .sector = GUINT64_TO_LE(sector) };
    guint64 at = d->data + (guint64)SLOT_BYTES * slot;
    GuestBuffer chain[] = { { at, sizeof(header), FALSE },
                            { at + 4096, 512, type == VIRTIO_BLK_T_IN },
                            { at + 64, 1, TRUE } };

    qtest_bus.memory.write(at, &header, sizeof(header));
    qtest_writeb(d->q, at + 64, 0xff);
    return guest_ring_add(&d->rings[queue], chain, 3);
}

guint8 vpci_blk_status(VirtioPciDriver *d, unsigned slot)
{
    return qtest_readb(d->q, d->data + (guint64)SLOT_BYTES * slot + 64);
}

guint8 vpci_blk(VirtioPciDriver *d, unsigned queue)
{
    guint16 mine = vpci_blk_add(d, queue, 0, VIRTIO_BLK_T_IN, 0);
    guint32 head, len;

    vpci_kick(d, queue);
    do { /* others may be done that nobody has taken yet */
        vpci_wait_used(d, queue, &head, &len);
    } while (head != mine);
    return vpci_blk_status(d, 0);
}

void vpci_read_one(VirtioPciDriver *d, unsigned queue)
{
    g_assert_cmpuint(vpci_blk(d, queue), ==, VIRTIO_BLK_S_OK);
}

/* The tests */

char *vpci_dir;

void vpci_init(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    vpci_dir = g_dir_make_tmp("vireo-vpci-XXXXXX", NULL);
    g_assert_nonnull(vpci_dir);
}

int vpci_run(void)
{
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", vpci_dir);

    g_assert_cmpint(system(command), ==, 0);
    g_free(vpci_dir);
    return ret;
}

static const struct {
    const char *name, *options;
} places[] = { { "root", ",bus=pcie.0,addr=5" },
               { "port", ",bus=rp" },
               { "port-iothread", ",bus=rp,iothread=io" } };

static void add_from(unsigned first, const char *name, GTestDataFunc fn)
{
    for (unsigned i = first; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path =
            g_strdup_printf("/virtio-pci/%s/%s", name, places[i].name);
        g_test_add_data_func(path, places[i].options, fn);
    }
}

void vpci_add_everywhere(const char *name, GTestDataFunc fn)
{
    add_from(0, name, fn);
}

void vpci_add_behind_port(const char *name, GTestDataFunc fn)
{
    add_from(1, name, fn);
}

char *vpci_disk_options(const char *where, const char *more)
{
    g_autofree char *path = make_image(vpci_dir, "image", MIB, 0x11);

    return g_strdup_printf(VPCI_MACHINE "-blockdev driver=file,node-name=f,filename=%s "
                                        "-blockdev driver=x-test,node-name=n,file=f "
                                        "-device virtio-blk-pci,id=d,drive=n%s%s ",
                           path, where, more);
}

QTest *vpci_start_disk(VirtioPciDriver *d, const char *where, const char *more)
{
    g_autofree char *options = vpci_disk_options(where, more);
    QTest *q = qtest_start("%s", options);

    vpci_find(d, q, where);
    return q;
}

QTest *vpci_start_live(VirtioPciDriver *d, const char *where)
{
    QTest *q = vpci_start_disk(d, where, "");

    vpci_enable_msix(d);
    vpci_start(d, EACH_INTERRUPTS, d->n_queues, 16);
    return q;
}
