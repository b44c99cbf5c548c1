/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-blk: between the device (virtio-blk.c) and its data plane (blk-queue.c). */
#ifndef VIREO_VIRTIO_VIRTIO_BLK_H
#define VIREO_VIRTIO_VIRTIO_BLK_H

#include "block/on-error.h"
#include "virtio/virtio.h"

#define VIRTIO_BLK_ID_BYTES 20

typedef struct BlkRequest BlkRequest;

typedef struct VirtioBlk {
    VirtioDevice dev;

    /* properties */
    char *drive, *serial, *iothread, *addr;
    guint16 num_queues, queue_size;
    int write_cache;                                 /* OnOffAuto */
    guint64 logical_block_size, physical_block_size; /* bytes; 0: as the medium */
    guint64 min_io_size, opt_io_size, discard_granularity;
    guint32 max_discard_sectors, max_write_zeroes_sectors;
    gboolean share_rw, config_wce, discard, write_zeroes;
    int werror, rerror; /* BLOCK_ON_ERROR_ */
    gint32 bootindex;
    gboolean request_merging, seg_max_adjust; /* ignored */

    BlockNode *node;
    BlockChild *user; /* the disk, of it */
    gboolean read_only;
    guint64 told_size;      /* bytes, that the driver knows of */
    gint writeback;         /* atomic: the write cache is on; the driver may switch it */
    gboolean write_through; /* whatever that says: the driver cannot flush */

    /* the owner's */
    BlkRequest *free;  /* requests not in use; as many as were ever in flight */
    Virtqueue *filled; /* queues with completions that are not yet published */
    BlockStats stats;
} VirtioBlk;

void blk_handle(VirtioDevice *dev, Virtqueue *vq);
void blk_batch_done(void *opaque);
void blk_free_requests(VirtioBlk *blk); /* none in use */

#endif
