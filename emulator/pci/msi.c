/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSI: the message is in configuration space, and so are mask and pending bits. */
#include "pci/msi.h"

#include "pci/internal.h"

#define VECTORS_SHIFT_CAPABLE 1 /* of PCI_MSI_FLAGS_QMASK */
#define VECTORS_SHIFT_ENABLED 4 /* of PCI_MSI_FLAGS_QSIZE */

static void init(PciDevice *dev, unsigned n, guint8 cap, gboolean plain)
{
    PciMsi *m = &dev->msi;
    g_assert(n >= 1 && n <= PCI_MSI_MAX && !(n & (n - 1)) && !m->cap);
    m->cap = pci_add_capability(dev, PCI_CAP_ID_MSI, cap,
                                plain ? PCI_MSI_PLAIN_CAP_SIZE : PCI_MSI_CAP_SIZE);
    pci_set(dev, m->cap + PCI_MSI_FLAGS, 2,
            PCI_MSI_FLAGS_64BIT | (plain ? 0 : PCI_MSI_FLAGS_MASKBIT) |
                (guint32)__builtin_ctz(n) << VECTORS_SHIFT_CAPABLE);
    pci_set_writable(dev, m->cap + PCI_MSI_FLAGS, 2,
                     PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
    pci_set_writable(dev, m->cap + PCI_MSI_ADDRESS_LO, 4, ~3u);
    pci_set_writable(dev, m->cap + PCI_MSI_ADDRESS_HI, 4, G_MAXUINT32);
    pci_set_writable(dev, m->cap + PCI_MSI_DATA_64, 2, G_MAXUINT16);
    if (!plain) {
        pci_set_writable(dev, m->cap + PCI_MSI_MASK_64, 4, (guint32)((1ull << n) - 1));
    }
    m->plain = plain;
    m->n = n;
    m->vectors = g_new0(MsiVector, n);
    for (unsigned i = 0; i < n; i++) {
        msi_vector_init(&m->vectors[i]);
    }
}

void pci_msi_init(PciDevice *dev, unsigned n, guint8 cap)
{
    init(dev, n, cap, FALSE);
}

void pci_msi_init_plain(PciDevice *dev, unsigned n, guint8 cap)
{
    init(dev, n, cap, TRUE);
}

static guint16 flags_of(const PciDevice *dev)
{
    return (guint16)pci_get(dev, dev->msi.cap + PCI_MSI_FLAGS, 2);
}

gboolean pci_msi_enabled(const PciDevice *dev)
{
    return dev->msi.cap && (flags_of(dev) & PCI_MSI_FLAGS_ENABLE);
}

/* 6.8.1.3: never more than the function asks for. */
static unsigned enabled_vectors(const PciDevice *dev)
{
    unsigned wanted =
        1u << ((flags_of(dev) & PCI_MSI_FLAGS_QSIZE) >> VECTORS_SHIFT_ENABLED);
    return MIN(wanted, dev->msi.n);
}

void pci_msi_update(PciDevice *dev)
{
    const PciMsi *m = &dev->msi;
    if (!m->cap) {
        return;
    }
    unsigned n = enabled_vectors(dev);
    guint32 mask = m->plain ? 0 : pci_get(dev, m->cap + PCI_MSI_MASK_64, 4);
    guint32 data = pci_get(dev, m->cap + PCI_MSI_DATA_64, 2) & ~(n - 1);
    MsiMessage message = {
        .address = pci_get(dev, m->cap + PCI_MSI_ADDRESS_LO, 4) |
                   (guint64)pci_get(dev, m->cap + PCI_MSI_ADDRESS_HI, 4) << 32,
    };
    msi_batch_begin();
    for (unsigned i = 0; i < m->n; i++) {
        message.data = data | i;
        msi_vector_set(&m->vectors[i], &message,
                       !pci_msi_enabled(dev) || !dev->bus_mastering || i >= n ||
                           ((mask >> i) & 1));
    }
    msi_batch_end();
}

void pci_msi_reset(PciDevice *dev)
{
    pci_msi_update(dev);
    for (unsigned i = 0; i < dev->msi.n; i++) {
        msi_vector_set_pending(&dev->msi.vectors[i], FALSE);
    }
}

void pci_msi_free(PciDevice *dev)
{
    for (unsigned i = 0; i < dev->msi.n; i++) {
        msi_vector_finalize(&dev->msi.vectors[i]);
    }
    g_free(dev->msi.vectors);
    dev->msi = (PciMsi){ 0 };
}

void pci_msi_raise(PciDevice *dev, unsigned vector)
{
    if (dev->msi.cap) {
        msi_vector_raise(&dev->msi.vectors[MIN(vector, enabled_vectors(dev) - 1)]);
    }
}

static guint32 pending_bits(const PciDevice *dev)
{
    guint32 bits = 0;
    for (unsigned i = 0; i < dev->msi.n; i++) {
        bits |= msi_vector_pending(&dev->msi.vectors[i]) ? 1u << i : 0;
    }
    return bits;
}

void pci_msi_config_read(PciDevice *dev, unsigned offset, unsigned size)
{
    if (dev->msi.cap && !dev->msi.plain &&
        pci_touches(offset, size, dev->msi.cap + PCI_MSI_PENDING_64, 4)) {
        pci_set(dev, dev->msi.cap + PCI_MSI_PENDING_64, 4, pending_bits(dev));
    }
}

void pci_msi_save(PciDevice *dev)
{
    dev->msi.pending = pending_bits(dev);
}

void pci_msi_load(PciDevice *dev)
{
    for (unsigned i = 0; i < dev->msi.n; i++) {
        msi_vector_set_pending(&dev->msi.vectors[i], (dev->msi.pending >> i) & 1);
    }
}
