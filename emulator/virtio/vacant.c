/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "virtio-blk-vacant": what a port shows after a disk was unplugged under a bound
 * driver, until that driver resets it. The same features and geometry, a capacity of
 * 0; requests fail, also those that were in the ring before. Served by the main loop,
 * never has anything in flight.
 */
#include "virtio/vacant.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <string.h>

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

void virtio_vacancy_take(VirtioVacancy *vacancy, VirtioDevice *dev, guint64 features)
{
    memset(vacancy, 0, sizeof(*vacancy));
    vacancy->features = features;
    vacancy->config_len = virtio_device_get_class(dev)->config(dev, vacancy->config);
    vacancy->n_queues = dev->n_queues;
    vacancy->queue_size = dev->queue_size;
    memset(vacancy->config + offsetof(struct virtio_blk_config, capacity), 0, 8);
}

VirtioDevice *virtio_vacant_new(const VirtioVacancy *vacancy)
{
    VirtioBlkVacant *v = (VirtioBlkVacant *)device_new(&virtio_blk_vacant_class.device);

    v->vacancy = vacancy;
    v->dev.loop = event_loop_main();
    v->dev.n_queues = vacancy->n_queues;
    v->dev.queue_size = vacancy->queue_size;
    virtq_element_init(&v->elem);
    return &v->dev;
}
