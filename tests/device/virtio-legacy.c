/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/virtio-legacy.h"

#include <linux/virtio_blk.h>

#define PAGE         4096u
#define RING_SPACE   0x8000u
#define MAX_SIZE     256u /* of a queue that fits there */
#define ACKNOWLEDGED (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)

static unsigned width(unsigned offset)
{
    switch (offset) {
    case VIRTIO_PCI_HOST_FEATURES:
    case VIRTIO_PCI_GUEST_FEATURES:
    case VIRTIO_PCI_QUEUE_PFN:
        return 4;
    case VIRTIO_PCI_STATUS:
    case VIRTIO_PCI_ISR:
        return 1;
    default:
        return 2;
    }
}

guint32 legacy_get(const LegacyDriver *d, unsigned offset)
{
    guint16 port = (guint16)(d->io + offset);

    switch (width(offset)) {
    case 1:
        return qtest_inb(d->pci.q, port);
    case 2:
        return qtest_inw(d->pci.q, port);
    default:
        return qtest_inl(d->pci.q, port);
    }
}

void legacy_put(const LegacyDriver *d, unsigned offset, guint32 value)
{
    guint16 port = (guint16)(d->io + offset);

    switch (width(offset)) {
    case 1:
        qtest_outb(d->pci.q, port, (guint8)value);
        break;
    case 2:
        qtest_outw(d->pci.q, port, (guint16)value);
        break;
    default:
        qtest_outl(d->pci.q, port, value);
    }
}

static gboolean has_vectors(const LegacyDriver *d)
{
    guint8 at = d->pci.msix;

    return at && (vpci_cfg(&d->pci, at + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_ENABLE);
}

guint8 legacy_config(const LegacyDriver *d, unsigned offset)
{
    return qtest_inb(d->pci.q,
                     (guint16)(d->io + VIRTIO_PCI_CONFIG_OFF(has_vectors(d)) + offset));
}

static unsigned count_queues(const LegacyDriver *d)
{
    unsigned n = 0;

    do {
        legacy_put(d, VIRTIO_PCI_QUEUE_SEL, n);
    } while (legacy_get(d, VIRTIO_PCI_QUEUE_NUM) && ++n < LEGACY_QUEUES);
    return n;
}

void legacy_find(LegacyDriver *d, QTest *q, const char *where)
{
    *d = (LegacyDriver){ .io = 0 };
    vpci_find_function(&d->pci, q, where);
    guint32 bar = vpci_cfg(&d->pci, PCI_BASE_ADDRESS_0, 4);
    g_assert_cmphex(bar & 3, ==, PCI_BASE_ADDRESS_SPACE_IO);
    d->io = (guint16)(bar & ~3u);
    vpci_set_cfg(&d->pci, PCI_COMMAND, 2, DECODES);
    d->n_queues = d->pci.n_queues = count_queues(d);
}

guint32 legacy_negotiate(LegacyDriver *d, guint32 features)
{
    legacy_put(d, VIRTIO_PCI_STATUS, 0);
    g_assert_cmpuint(legacy_get(d, VIRTIO_PCI_STATUS), ==, 0);
    legacy_put(d, VIRTIO_PCI_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    legacy_put(d, VIRTIO_PCI_STATUS, ACKNOWLEDGED);
    features &= legacy_get(d, VIRTIO_PCI_HOST_FEATURES) & ~F_BAD;
    legacy_put(d, VIRTIO_PCI_GUEST_FEATURES, features);
    g_assert_cmphex(legacy_get(d, VIRTIO_PCI_GUEST_FEATURES), ==, features);
    return features;
}

void legacy_set_up_queue(LegacyDriver *d, unsigned i, guint16 vector)
{
    GuestRing *r = &d->pci.rings[i];
    guint64 base = RINGS + (guint64)RING_SPACE * i;

    legacy_put(d, VIRTIO_PCI_QUEUE_SEL, i);
    guint16 num = (guint16)legacy_get(d, VIRTIO_PCI_QUEUE_NUM);
    g_assert_cmpuint(num, <=, MAX_SIZE);
    g_assert_cmpuint(legacy_get(d, VIRTIO_PCI_QUEUE_PFN), ==, 0);
    qtest_memset(d->pci.q, base, 0, RING_SPACE);
    guest_ring_init(r, &qtest_bus.memory, base, num);
    r->used = (r->avail + 6 + 2 * (guint64)num + PAGE - 1) & ~(PAGE - 1ull);
    d->pci.data = MAX(d->pci.data, base + RING_SPACE);
    legacy_put(d, VIRTIO_PCI_QUEUE_PFN, (guint32)(base / PAGE));
    g_assert_cmphex(legacy_get(d, VIRTIO_PCI_QUEUE_PFN), ==, base / PAGE);
    if (has_vectors(d)) {
        legacy_put(d, VIRTIO_MSI_QUEUE_VECTOR, vector);
        g_assert_cmphex(legacy_get(d, VIRTIO_MSI_QUEUE_VECTOR), ==, vector);
    }
}

void legacy_start(LegacyDriver *d, guint32 features)
{
    guint16 last = (guint16)(d->pci.n_vectors - 1);

    legacy_negotiate(d, features);
    for (unsigned i = 0; i < d->n_queues; i++) {
        legacy_set_up_queue(d, i, (guint16)MIN(i, last));
    }
    if (has_vectors(d)) {
        legacy_put(d, VIRTIO_MSI_CONFIG_VECTOR, last);
    }
    legacy_put(d, VIRTIO_PCI_STATUS, ACKNOWLEDGED | VIRTIO_CONFIG_S_DRIVER_OK);
    g_assert_cmpuint(legacy_get(d, VIRTIO_PCI_STATUS), ==, 7);
}

void legacy_kick(LegacyDriver *d, unsigned queue)
{
    legacy_put(d, VIRTIO_PCI_QUEUE_NOTIFY, queue);
}

void legacy_read_one(LegacyDriver *d, unsigned queue)
{
    guint16 mine = vpci_blk_add(&d->pci, queue, 0, VIRTIO_BLK_T_IN, 0);
    guint32 head, len;

    legacy_kick(d, queue);
    do {
        vpci_wait_used(&d->pci, queue, &head, &len);
    } while (head != mine);
    g_assert_cmpuint(len, ==, 513);
    g_assert_cmpuint(vpci_blk_status(&d->pci, 0), ==, VIRTIO_BLK_S_OK);
}
