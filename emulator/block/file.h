/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "file" and "host_device": what the files that do their I/O know of one; for them alone.
 */
#ifndef VIREO_BLOCK_FILE_H
#define VIREO_BLOCK_FILE_H

#include "block/node.h"

typedef enum BlockAio { BLOCK_AIO_THREADS, BLOCK_AIO_NATIVE, BLOCK_AIO_URING } BlockAio;

/* The state of such a node. What does not change while it is open needs no lock. */
typedef struct BlockFile {
    int fd;
    gboolean is_device;
    BlockAio aio;
    gboolean locking;
    guint32 dio_align, mem_align; /* O_DIRECT: of offset and length; of buffers */
    gboolean strict;  /* for tests: O_DIRECT's rules, checked here, without O_DIRECT */
    gint flush_error; /* atomic: a flush failed: data is lost, all later ones fail */

    /* serialise.c */
    GMutex lock; /* for: */
    GCond ended; /* a blocking one may go on */
    BlockRequest *writes, *blocked;
    unsigned n_partial;
} BlockFile;

static inline BlockFile *block_file(const BlockNode *node)
{
    return node->state;
}

/* file-io.c: the blocking way, past serialise.c; from request->moved on. 0 or -errno. */
int file_io(BlockNode *node, BlockRequest *request);
/* Can a read or write go to the kernel as it is? Else only file_io() can do it. */
gboolean file_io_is_direct_ready(const BlockNode *node, const BlockRequest *request);
/*
 * serialise.c: for file_io()'s sake, writes that share a block wait for each other.
 * Submit: in the request's loop. Blocking: on a thread that may wait; there with end().
 */
void block_serialise_submit(BlockNode *node, BlockRequest *request);
void block_serialise_begin_blocking(BlockNode *node, BlockRequest *request);
void block_serialise_end(BlockRequest *request);

#endif
