/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "virtio-blk-vacant": what a slot shows after a disk was unplugged under a bound
 * driver, until that driver resets it. The same features and geometry, a capacity of
 * 0; requests fail, also those that were in the ring before. Served by the main loop,
 * never has anything in flight.
 */
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "config/dialect.h"
#include "util/error.h"
#include "virtio/mmio-internal.h"
#include "virtio/port-internal.h"
#include "virtio/virtio-blk.h"

typedef struct VirtioBlkVacant {
    VirtioDevice dev;
    const VirtioVacancy *vacancy;
    VirtqElement elem;
} VirtioBlkVacant;

static guint64 vacant_features(VirtioDevice *dev)
{
    return ((VirtioBlkVacant *)dev)->vacancy->features;
}

static unsigned vacant_config(VirtioDevice *dev, guint8 *space)
{
    const VirtioVacancy *v = ((VirtioBlkVacant *)dev)->vacancy;
    memcpy(space, v->config, v->config_len);
    return v->config_len;
}

static void vacant_handle(VirtioDevice *dev, Virtqueue *vq)
{
    static const guint8 status = VIRTIO_BLK_S_IOERR;
    VirtqElement *elem = &((VirtioBlkVacant *)dev)->elem;

    while (virtqueue_pop(vq, elem)) {
        guint32 size = elem->in.size;
        if (size) {
            guest_iov_from_buf(&elem->in, size - 1, &status, 1);
        }
        virtqueue_fill_part(vq, elem, size == 1, size);
    }
    virtqueue_flush(vq);
    if (virtqueue_set_notification(vq, TRUE)) {
        virtio_queue_again(vq);
    }
}

static void vacant_finalize(Device *device)
{
    virtq_element_free(&((VirtioBlkVacant *)device)->elem);
}

static const VirtioDeviceClass virtio_blk_vacant_class = {
    .device = {
        .name = "virtio-blk-vacant",
        .desc = "What is left of an unplugged disk",
        .parent = &virtio_device_class,
        .instance_size = sizeof(VirtioBlkVacant),
        .finalize = vacant_finalize,
    },
    .device_id = VIRTIO_ID_BLOCK,
    .features = vacant_features,
    .config = vacant_config,
    .handle = vacant_handle,
};

/* On no bus, in no list. */
static VirtioDevice *vacant_new(const VirtioVacancy *vacancy)
{
    VirtioBlkVacant *v = (VirtioBlkVacant *)device_new(&virtio_blk_vacant_class.device);
    v->vacancy = vacancy;
    v->dev.event_idx = v->dev.indirect_desc = FALSE; /* as its features say */
    v->dev.loop = event_loop_main();
    v->dev.n_queues = vacancy->n_queues;
    v->dev.queue_size = vacancy->queue_size;
    virtq_element_init(&v->elem);
    return &v->dev;
}

static void put_vacant(VirtioMmio *m)
{
    virtio_port_set_device(&m->port, vacant_new(&m->vacancy));
    m->vacant = TRUE;
}

gboolean virtio_mmio_vacate(VirtioMmio *m)
{
    VirtioDevice *dev = m->port.dev;
    VirtioVacancy *v = &m->vacancy;

    if (m->port.device_id != VIRTIO_ID_BLOCK || !m->port.status) {
        return FALSE;
    }
    memset(v, 0, sizeof(*v));
    v->features = virtio_port_features(&m->port);
    v->config_len = virtio_device_get_class(dev)->config(dev, v->config);
    v->n_queues = dev->n_queues;
    v->queue_size = dev->queue_size;
    memset(v->config + offsetof(struct virtio_blk_config, capacity), 0, 8);
    put_vacant(m);
    virtio_port_config_changed(&m->port);
    virtio_port_update(&m->port);
    return TRUE;
}

gboolean virtio_mmio_drop_vacant(VirtioMmio *m)
{
    VirtioDevice *dev = m->port.dev;

    if (!m->vacant) {
        return FALSE;
    }
    virtio_port_set_device(&m->port, NULL);
    device_unref(&dev->device);
    m->vacant = FALSE;
    return TRUE;
}

/* A disk in the place of another */

static gboolean held(VirtioMmio *m, GError **errp)
{
    return error_set(errp,
                     "Bus '%s' is held by the guest's driver of an unplugged disk, whose "
                     "data could come to the new one: it is free when that driver has "
                     "let go (unbind), or after a reset",
                     m->port.name);
}

/* The driver keeps what it has agreed on: the new device must live with that. */
static gboolean check_features(VirtioMmio *m, VirtioDevice *dev, GError **errp)
{
    guint64 agreed = m->port.driver_features, offered = virtio_device_offers(dev);
    guint64 missing = agreed & ~offered;

    if (offered & ~agreed & (1ull << VIRTIO_BLK_F_RO)) {
        return error_set(errp,
                         "Bus '%s': the guest's driver of the unplugged disk expects one "
                         "that can be written, drive '%s' is read-only",
                         m->port.name, block_node_name(((VirtioBlk *)dev)->node));
    }
    if (missing) {
        return error_set(errp,
                         "Bus '%s': the guest's driver uses feature bit %u, which this "
                         "device does not offer",
                         m->port.name, __builtin_ctzll(missing));
    }
    return TRUE;
}

static gboolean check_queues(VirtioMmio *m, VirtioDevice *dev, GError **errp)
{
    for (unsigned i = 0; i < m->port.n_queues; i++) {
        Virtqueue *vq = &m->port.queues[i];
        if (vq->n_deferred) {
            return error_set(errp,
                             "Bus '%s': requests to the unplugged disk have not failed "
                             "yet: the guest must run first",
                             m->port.name);
        }
        if (vq->ready && (i >= dev->n_queues || vq->num > dev->queue_size)) {
            return error_set(errp,
                             "Bus '%s': the guest's driver uses queue %u with %u "
                             "entries; num-queues or queue-size is too small for that",
                             m->port.name, i, vq->num);
        }
    }
    return TRUE;
}

/*
 * The driver would write what it has of the old disk: only on the user's word, which is
 * StratoVirt's addr=.
 */
static gboolean is_wanted(VirtioDevice *dev)
{
    return dev->device.klass == &virtio_blk_class.device && ((VirtioBlk *)dev)->addr &&
           dialect_get()->addr_is_disk;
}

gboolean virtio_mmio_adopt(VirtioMmio *m, VirtioDevice *dev, GError **errp)
{
    VirtioPort *port = &m->port;
    VirtioDevice *vacant = port->dev;

    if (!is_wanted(dev)) {
        return held(m, errp);
    }
    if (!check_features(m, dev, errp) || !check_queues(m, dev, errp)) {
        return FALSE;
    }
    virtio_port_stop(port, NULL, NULL);
    g_assert(port->phase == VIRTIO_IDLE); /* the vacant one never has requests */
    virtio_port_set_device(port, dev);
    device_unref(&vacant->device);
    m->vacant = FALSE;
    for (unsigned i = 0; i < port->n_queues; i++) {
        Virtqueue *vq = &port->queues[i];
        vq->num_max = dev->queue_size;
        vq->num = vq->ready ? vq->num : vq->num_max;
        g_clear_pointer(&vq->deferred, g_free); /* none; it may have to be larger */
    }
    virtio_port_config_changed(port);
    virtio_port_update(port);
    return TRUE;
}

/* In the stream */

gboolean virtio_mmio_load_vacant(VirtioMmio *m, GError **errp)
{
    if (!m->vacancy.features) {
        return TRUE;
    }
    if (m->port.dev) {
        return error_set(errp, "%s: the source has unplugged its disk, here is one",
                         m->port.name);
    }
    put_vacant(m);
    return TRUE;
}

static const StateField vacancy_fields[] = {
    STATE_FIELD("features", STATE_U64, VirtioVacancy, features),
    STATE_ARRAY("config", STATE_BYTES, VirtioVacancy, config, VIRTIO_CONFIG_MAX),
    STATE_FIELD("config_len", STATE_U32, VirtioVacancy, config_len,
                .limit = VIRTIO_CONFIG_MAX),
    STATE_FIELD("n_queues", STATE_U16, VirtioVacancy, n_queues,
                .limit = VIRTIO_QUEUE_MAX),
    STATE_FIELD("queue_size", STATE_U16, VirtioVacancy, queue_size,
                .limit = VIRTQUEUE_MAX_SIZE),
    { NULL },
};

const StateDesc virtio_vacancy_state = {
    .name = "vacancy",
    .version = 1,
    .fields = vacancy_fields,
};
