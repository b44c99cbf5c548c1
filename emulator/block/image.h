/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node as a format sees the one that it keeps its image in: plain calls that wait, on a
 * thread that may (a worker; a slow call). Several threads at once. 0 or -errno.
 *
 * Also of a node that is being taken over or given away: who calls has its locks then.
 */
#ifndef VIREO_BLOCK_IMAGE_H
#define VIREO_BLOCK_IMAGE_H

#include "block/node.h"

/* Behind the end there are zeros. */
int block_image_read(BlockNode *node, guint64 offset, void *buf, gsize len);
int block_image_readv(BlockNode *node, guint64 offset, const struct iovec *iov,
                      unsigned n);
/* Behind the end the image grows, where it can; else -ENOSPC. */
int block_image_write(BlockNode *node, guint64 offset, const void *buf, gsize len);
int block_image_writev(BlockNode *node, guint64 offset, const struct iovec *iov,
                       unsigned n);
int block_image_zero(BlockNode *node, guint64 offset, guint64 len, gboolean unmap);
int block_image_discard(BlockNode *node, guint64 offset, guint64 len);
int block_image_flush(BlockNode *node);
/* Nothing is in flight beyond the new size. */
int block_image_truncate(BlockNode *node, guint64 size);

#endif
