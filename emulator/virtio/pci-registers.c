/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures of virtio over PCI (virtio 1.2, 4.1.4): common configuration,
 * notification, ISR status, configuration of the device; and the window on them in
 * configuration space, for who cannot reach the BAR yet.
 */
#include <linux/virtio_config.h>
#include <string.h>

#include "virtio/pci-internal.h"

/* Common configuration: 4.1.4.3 */

static guint32 read_queue(VirtioPci *v, guint64 offset)
{
    const Virtqueue *vq = virtio_port_queue(&v->port, v->queue_select);

    if (!vq) { /* size 0: there is none */
        return offset == VIRTIO_PCI_COMMON_Q_MSIX ? VIRTIO_MSI_NO_VECTOR : 0;
    }
    switch (offset) {
    case VIRTIO_PCI_COMMON_Q_SIZE:
        return vq->num;
    case VIRTIO_PCI_COMMON_Q_MSIX:
        return v->wanted[vq->index];
    case VIRTIO_PCI_COMMON_Q_ENABLE:
        return vq->ready;
    case VIRTIO_PCI_COMMON_Q_NOFF:
        return vq->index;
    case VIRTIO_PCI_COMMON_Q_DESCLO:
        return (guint32)vq->desc;
    case VIRTIO_PCI_COMMON_Q_DESCHI:
        return vq->desc >> 32;
    case VIRTIO_PCI_COMMON_Q_AVAILLO:
        return (guint32)vq->avail;
    case VIRTIO_PCI_COMMON_Q_AVAILHI:
        return vq->avail >> 32;
    case VIRTIO_PCI_COMMON_Q_USEDLO:
        return (guint32)vq->used;
    case VIRTIO_PCI_COMMON_Q_USEDHI:
        return vq->used >> 32;
    case VIRTIO_PCI_COMMON_Q_RESET:
        return v->resetting[vq->index];
    default:
        return 0;
    }
}

static guint64 common_read(void *opaque, guint64 offset, unsigned size)
{
    VirtioPci *v = opaque;

    switch (offset) {
    case VIRTIO_PCI_COMMON_DFSELECT:
        return v->device_feature_select;
    case VIRTIO_PCI_COMMON_DF:
        return virtio_word(virtio_port_features(&v->port), v->device_feature_select);
    case VIRTIO_PCI_COMMON_GFSELECT:
        return v->driver_feature_select;
    case VIRTIO_PCI_COMMON_GF:
        return virtio_word(v->port.driver_features, v->driver_feature_select);
    case VIRTIO_PCI_COMMON_MSIX:
        return v->wanted[v->n_vectors - 1];
    case VIRTIO_PCI_COMMON_NUMQ:
        return v->port.n_queues;
    case VIRTIO_PCI_COMMON_STATUS:
        return virtio_port_status(&v->port);
    case VIRTIO_PCI_COMMON_CFGGENERATION:
        return (guint8)v->port.generation;
    case VIRTIO_PCI_COMMON_Q_SELECT:
        return v->queue_select;
    default:
        return read_queue(v, offset);
    }
}

/* 2.6.1: a queue that is to be reset, or enabled, among others that are live. */

typedef struct QueueReset {
    VirtioPci *v;
    unsigned queue;
    AccessHold *hold;
} QueueReset;

static void queue_stopped(void *opaque)
{
    QueueReset *r = opaque;
    Virtqueue *vq = virtio_port_queue(&r->v->port, r->queue);

    if (vq) { /* else the device has gone meanwhile */
        virtqueue_reset(vq, vq->num_max);
        r->v->wanted[r->queue] = VIRTIO_MSI_NO_VECTOR;
        r->v->resetting[r->queue] = FALSE;
    }
    access_release(r->hold);
    g_free(r);
}

/* The others stand still for that. */
static void reset_queue(VirtioPci *v, const Virtqueue *vq)
{
    if (!(v->port.driver_features & (1ull << VIRTIO_F_RING_RESET)) ||
        v->resetting[vq->index]) {
        return;
    }
    QueueReset *r = g_new(QueueReset, 1);
    *r = (QueueReset){ v, vq->index, access_hold() };
    v->resetting[vq->index] = TRUE;
    virtio_port_stop(&v->port, queue_stopped, r);
    virtio_port_update(&v->port);
}

static void enable_queue(VirtioPci *v, Virtqueue *vq)
{
    if (!vq->ready && !v->resetting[vq->index]) {
        vq->ready = TRUE;
        virtio_pci_restart(v);
    }
}

/* A queue is set up while the driver has not enabled it. */
static void set_up_queue(Virtqueue *vq, guint64 offset, guint32 value)
{
    if (vq->ready) {
        return;
    }
    switch (offset) {
    case VIRTIO_PCI_COMMON_Q_SIZE:
        vq->num = (guint16)value; /* checked when it goes live */
        break;
    case VIRTIO_PCI_COMMON_Q_DESCLO:
    case VIRTIO_PCI_COMMON_Q_DESCHI:
        virtio_set_word(&vq->desc, offset == VIRTIO_PCI_COMMON_Q_DESCHI, value);
        break;
    case VIRTIO_PCI_COMMON_Q_AVAILLO:
    case VIRTIO_PCI_COMMON_Q_AVAILHI:
        virtio_set_word(&vq->avail, offset == VIRTIO_PCI_COMMON_Q_AVAILHI, value);
        break;
    case VIRTIO_PCI_COMMON_Q_USEDLO:
    case VIRTIO_PCI_COMMON_Q_USEDHI:
        virtio_set_word(&vq->used, offset == VIRTIO_PCI_COMMON_Q_USEDHI, value);
        break;
    default:
        break;
    }
}

static void write_queue(VirtioPci *v, guint64 offset, guint32 value)
{
    Virtqueue *vq = virtio_port_queue(&v->port, v->queue_select);

    if (!vq) {
        return;
    }
    switch (offset) {
    case VIRTIO_PCI_COMMON_Q_MSIX:
        virtio_pci_set_vector(v, vq->index, (guint16)value);
        break;
    case VIRTIO_PCI_COMMON_Q_ENABLE:
        if (value == 1) {
            enable_queue(v, vq);
        }
        break;
    case VIRTIO_PCI_COMMON_Q_RESET:
        if (value == 1) {
            reset_queue(v, vq);
        }
        break;
    default:
        set_up_queue(vq, offset, value);
    }
}

static void common_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    VirtioPci *v = opaque;

    switch (offset) {
    case VIRTIO_PCI_COMMON_DFSELECT:
        v->device_feature_select = (guint32)value;
        break;
    case VIRTIO_PCI_COMMON_GFSELECT:
        v->driver_feature_select = (guint32)value;
        break;
    case VIRTIO_PCI_COMMON_GF:
        virtio_port_write_features(&v->port, v->driver_feature_select, (guint32)value);
        break;
    case VIRTIO_PCI_COMMON_MSIX:
        virtio_pci_set_vector(v, v->n_vectors - 1, (guint16)value);
        break;
    case VIRTIO_PCI_COMMON_STATUS:
        virtio_port_write_status(&v->port, (guint8)value);
        break;
    case VIRTIO_PCI_COMMON_Q_SELECT:
        v->queue_select = (guint16)value;
        break;
    default:
        write_queue(v, offset, (guint32)value);
    }
}

/* The others */

static guint64 isr_read(void *opaque, guint64 offset, unsigned size)
{
    return offset == 0 ? virtio_pci_read_isr(opaque) : 0;
}

static guint64 device_read(void *opaque, guint64 offset, unsigned size)
{
    return virtio_port_config_read(&((VirtioPci *)opaque)->port, (unsigned)offset, size);
}

static void device_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    virtio_port_config_write(&((VirtioPci *)opaque)->port, (unsigned)offset, size,
                             (guint32)value);
}

static guint64 notify_read(void *opaque, guint64 offset, unsigned size)
{
    return 0;
}

static void notify_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    virtio_port_notify(&((VirtioPci *)opaque)->port,
                       (unsigned)offset / VIRTIO_PCI_MULTIPLIER);
}

static void ignore(void *opaque, guint64 offset, guint64 value, unsigned size)
{
}

static const RegionOps common_ops = { common_read, common_write, 1, 4, TRUE };
static const RegionOps isr_ops = { isr_read, ignore, 1, 4, TRUE };
static const RegionOps device_ops = { device_read, device_write, 1, 4, TRUE };
static const RegionOps notify_ops = { notify_read, notify_write, 1, 4, TRUE };

const VirtioPciStructure virtio_pci_structures[VIRTIO_PCI_STRUCTURES] = {
    { VIRTIO_PCI_CAP_COMMON_CFG, "virtio-pci-common", 0, 0x1000, &common_ops },
    { VIRTIO_PCI_CAP_ISR_CFG, "virtio-pci-isr", 0x1000, 0x1000, &isr_ops },
    { VIRTIO_PCI_CAP_DEVICE_CFG, "virtio-pci-device", 0x2000, 0x1000, &device_ops },
    { VIRTIO_PCI_CAP_NOTIFY_CFG, "virtio-pci-notify", 0x3000,
      VIRTIO_QUEUE_MAX *VIRTIO_PCI_MULTIPLIER, &notify_ops },
};

/* The window */

typedef struct Window {
    const VirtioPciStructure *structure; /* NULL: it shows nothing */
    guint32 offset;                      /* in the structure */
    unsigned size;
} Window;

static Window find_window(const VirtioPci *v)
{
    guint8 bar = (guint8)pci_get(&v->pci, v->window + VIRTIO_PCI_CAP_BAR, 1);
    guint32 offset = pci_get(&v->pci, v->window + VIRTIO_PCI_CAP_OFFSET, 4);
    guint32 size = pci_get(&v->pci, v->window + VIRTIO_PCI_CAP_LENGTH, 4);

    if (bar != VIRTIO_PCI_REGISTERS_BAR || (size != 1 && size != 2 && size != 4) ||
        offset % size) {
        return (Window){ NULL };
    }
    for (unsigned i = 0; i < VIRTIO_PCI_STRUCTURES; i++) {
        const VirtioPciStructure *s = &virtio_pci_structures[i];
        if (offset >= s->offset && offset - s->offset < s->size) {
            return (Window){ s, offset - s->offset, size };
        }
    }
    return (Window){ NULL };
}

static gboolean touches_data(const VirtioPci *v, unsigned offset, unsigned size)
{
    unsigned data = v->window + sizeof(struct virtio_pci_cap);
    return v->window && pci_touches(offset, size, data, 4);
}

void virtio_pci_window_read(PciDevice *dev, unsigned offset, unsigned size)
{
    VirtioPci *v = (VirtioPci *)dev;

    if (!touches_data(v, offset, size)) {
        return;
    }
    Window w = find_window(v);
    if (w.structure) {
        pci_set(dev, v->window + sizeof(struct virtio_pci_cap), w.size,
                (guint32)w.structure->ops->read(v, w.offset, w.size));
    }
}

void virtio_pci_window_written(PciDevice *dev, unsigned offset, unsigned size,
                               guint32 old)
{
    VirtioPci *v = (VirtioPci *)dev;

    if (!touches_data(v, offset, size)) {
        return;
    }
    Window w = find_window(v);
    if (w.structure) {
        w.structure->ops->write(
            v, w.offset, pci_get(dev, v->window + sizeof(struct virtio_pci_cap), w.size),
            w.size);
    }
}
