/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X: what the guest has written says which vectors may send; MsiVector keeps what
 * has to wait. The pending bit array is made from the vectors when it is read.
 */
#include "pci/msix.h"

#include <string.h>

#include "pci/internal.h"

#define CAP_SIZE      12
#define PBA_WORD_BITS 64
#define PAGE          4096u
#define PRIORITY      1 /* over what else is in the BAR */

static guint16 flags_of(const PciDevice *dev)
{
    return (guint16)pci_get(dev, dev->msix.cap + PCI_MSIX_FLAGS, 2);
}

gboolean msix_enabled(const PciDevice *dev)
{
    return dev->msix.cap && (flags_of(dev) & PCI_MSIX_FLAGS_ENABLE);
}

static guint32 entry_field(const PciDevice *dev, unsigned vector, unsigned offset)
{
    guint32 value;
    memcpy(&value, dev->msix.table + vector * PCI_MSIX_ENTRY_SIZE + offset,
           sizeof(value));
    return GUINT32_FROM_LE(value);
}

/* What the function as a whole says. */
static gboolean may_send(const PciDevice *dev)
{
    return msix_enabled(dev) && dev->bus_mastering &&
           !(flags_of(dev) & PCI_MSIX_FLAGS_MASKALL);
}

static void update_vector(PciDevice *dev, unsigned vector)
{
    MsiMessage message = {
        .address = entry_field(dev, vector, PCI_MSIX_ENTRY_LOWER_ADDR) |
                   (guint64)entry_field(dev, vector, PCI_MSIX_ENTRY_UPPER_ADDR) << 32,
        .data = entry_field(dev, vector, PCI_MSIX_ENTRY_DATA),
    };
    guint32 control = entry_field(dev, vector, PCI_MSIX_ENTRY_VECTOR_CTRL);
    gboolean masked = !dev->msix.sends || (control & PCI_MSIX_ENTRY_CTRL_MASKBIT);
    msi_vector_set(&dev->msix.vectors[vector], &message, masked);
}

static void update_all(PciDevice *dev)
{
    dev->msix.sends = may_send(dev);
    msi_batch_begin();
    for (unsigned i = 0; i < dev->msix.n; i++) {
        update_vector(dev, i);
    }
    msi_batch_end();
}

void msix_update(PciDevice *dev)
{
    if (dev->msix.sends != may_send(dev)) {
        update_all(dev);
    }
}

/* The table */

static guint64 table_read(void *opaque, guint64 offset, unsigned size)
{
    PciDevice *dev = opaque;
    return entry_field(dev, (unsigned)offset / PCI_MSIX_ENTRY_SIZE,
                       offset % PCI_MSIX_ENTRY_SIZE);
}

static void table_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    PciDevice *dev = opaque;
    guint32 field = (guint32)value;
    if (offset % PCI_MSIX_ENTRY_SIZE == PCI_MSIX_ENTRY_VECTOR_CTRL) {
        field &= PCI_MSIX_ENTRY_CTRL_MASKBIT;
    }
    field = GUINT32_TO_LE(field);
    memcpy(dev->msix.table + offset, &field, sizeof(field));
    update_vector(dev, (unsigned)offset / PCI_MSIX_ENTRY_SIZE);
}

/* 6.8.2: only dwords, and two of them at once. */
static const RegionOps table_ops = {
    .read = table_read, .write = table_write, .min_size = 4, .max_size = 4, .split = TRUE
};

static guint64 pba_read(void *opaque, guint64 offset, unsigned size)
{
    PciDevice *dev = opaque;
    guint32 bits = 0;
    for (unsigned i = 0; i < 32; i++) {
        unsigned vector = (unsigned)offset * 8 + i;
        if (vector < dev->msix.n && msi_vector_pending(&dev->msix.vectors[vector])) {
            bits |= 1u << i;
        }
    }
    return bits;
}

static const RegionOps pba_ops = {
    .read = pba_read, .min_size = 4, .max_size = 4, .split = TRUE
};

/* Set-up */

static void add_registers(PciDevice *dev, unsigned n, guint8 cap, guint32 table,
                          guint32 pba)
{
    dev->msix.cap = pci_add_capability(dev, PCI_CAP_ID_MSIX, cap, CAP_SIZE);
    pci_set(dev, dev->msix.cap + PCI_MSIX_FLAGS, 2, n - 1);
    pci_set(dev, dev->msix.cap + PCI_MSIX_TABLE, 4, table);
    pci_set(dev, dev->msix.cap + PCI_MSIX_PBA, 4, pba);
    pci_set_writable(dev, dev->msix.cap + PCI_MSIX_FLAGS, 2,
                     PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

static void make_vectors(PciDevice *dev, unsigned n)
{
    Msix *m = &dev->msix;
    m->n = n;
    m->table_size = n * PCI_MSIX_ENTRY_SIZE;
    m->pba_size = (n + PBA_WORD_BITS - 1) / PBA_WORD_BITS * (PBA_WORD_BITS / 8);
    m->table = g_malloc0(m->table_size);
    m->pba = g_malloc0(m->pba_size);
    m->vectors = g_new0(MsiVector, n);
    for (unsigned i = 0; i < n; i++) {
        msi_vector_init(&m->vectors[i]);
    }
}

void msix_init(PciDevice *dev, unsigned n, guint8 cap, unsigned table_bar,
               guint32 table_offset, unsigned pba_bar, guint32 pba_offset)
{
    Msix *m = &dev->msix;
    g_assert(n >= 1 && n <= MSIX_MAX_VECTORS && !m->cap);
    g_assert(table_offset % 8 == 0 && pba_offset % 8 == 0);
    g_assert(dev->bars[table_bar].region && dev->bars[pba_bar].region);
    add_registers(dev, n, cap, table_offset | table_bar, pba_offset | pba_bar);
    make_vectors(dev, n);
    m->table_region = region_new_io("msix-table", m->table_size, &table_ops, dev);
    m->pba_region = region_new_io("msix-pba", m->pba_size, &pba_ops, dev);
    pci_map_begin();
    region_add_over(dev->bars[table_bar].region, m->table_region, table_offset, PRIORITY);
    region_add_over(dev->bars[pba_bar].region, m->pba_region, pba_offset, PRIORITY);
    pci_map_end();
}

void msix_init_bar(PciDevice *dev, unsigned n, guint8 cap, unsigned bar)
{
    guint32 table = n * PCI_MSIX_ENTRY_SIZE, pba = MAX(PAGE / 2, table);
    guint64 size = PAGE;
    while (size < pba + (n + PBA_WORD_BITS - 1) / PBA_WORD_BITS * 8) {
        size *= 2;
    }
    pci_add_bar(dev, bar, 0, region_new_container("msix", size), size);
    msix_init(dev, n, cap, bar, 0, bar, pba);
}

/* 6.8.2.9: all masked. */
void msix_reset(PciDevice *dev)
{
    Msix *m = &dev->msix;
    if (!m->cap) {
        return;
    }
    memset(m->table, 0, m->table_size);
    for (unsigned i = 0; i < m->n; i++) {
        m->table[i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
            PCI_MSIX_ENTRY_CTRL_MASKBIT;
    }
    update_all(dev);
    for (unsigned i = 0; i < m->n; i++) {
        msi_vector_set_pending(&m->vectors[i], FALSE);
    }
}

void msix_free(PciDevice *dev)
{
    Msix *m = &dev->msix;
    if (!m->cap) {
        return;
    }
    pci_map_begin();
    region_remove(m->table_region);
    region_remove(m->pba_region);
    pci_map_end();
    region_free(m->table_region);
    region_free(m->pba_region);
    for (unsigned i = 0; i < m->n; i++) {
        msi_vector_finalize(&m->vectors[i]);
    }
    g_free(m->vectors);
    g_free(m->table);
    g_free(m->pba);
    *m = (Msix){ 0 };
}

/* Use */

void msix_raise(PciDevice *dev, unsigned vector)
{
    if (vector < dev->msix.n) {
        msi_vector_raise(&dev->msix.vectors[vector]);
    }
}

gboolean msix_fd_get(PciDevice *dev, unsigned vector, int *fd, GError **errp)
{
    g_assert(vector < dev->msix.n);
    return msi_vector_fd_get(&dev->msix.vectors[vector], fd, errp);
}

void msix_fd_put(PciDevice *dev, unsigned vector)
{
    g_assert(vector < dev->msix.n);
    msi_vector_fd_put(&dev->msix.vectors[vector]);
}

/* The stream */

void msix_save(PciDevice *dev)
{
    Msix *m = &dev->msix;
    if (m->cap) {
        memset(m->pba, 0, m->pba_size);
    }
    for (unsigned i = 0; i < m->n; i++) {
        if (msi_vector_pending(&m->vectors[i])) {
            m->pba[i / 8] |= (guint8)(1u << (i % 8));
        }
    }
}

/* Pending first: what is not masked then goes off once. */
void msix_load(PciDevice *dev)
{
    Msix *m = &dev->msix;
    for (unsigned i = 0; i < m->n; i++) {
        guint8 *entry = m->table + i * PCI_MSIX_ENTRY_SIZE;
        entry[PCI_MSIX_ENTRY_VECTOR_CTRL] &= PCI_MSIX_ENTRY_CTRL_MASKBIT;
        memset(entry + PCI_MSIX_ENTRY_VECTOR_CTRL + 1, 0, 3);
        msi_vector_set_pending(&m->vectors[i], (m->pba[i / 8] >> (i % 8)) & 1);
    }
    update_all(dev);
}
