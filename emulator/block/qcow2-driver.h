/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the driver "qcow2" share. */
#ifndef VIREO_BLOCK_QCOW2_DRIVER_H
#define VIREO_BLOCK_QCOW2_DRIVER_H

#include "block/node.h"
#include "block/qcow2/qcow2.h"

typedef struct Qcow2Rows {
    ConfigNode *file, *backing, *data_file;
    guint64 cache_size, l2_cache_size, refcount_cache_size, clean_interval;
    gboolean pass_request, pass_snapshot, pass_other, lazy_refcounts;
    int overlap_check;
} Qcow2Rows;

/* The nodes do not change while q is there; q does not while the node is open. */
typedef struct Qcow2State {
    BlockNode *owner; /* blockdev-reopen: not the node's that is beside it */
    Qcow2 *q;
    BlockNode *file, *data,
        *backing;        /* data: the file's own, or another; backing or NULL */
    gboolean no_backing; /* said to be so */
    /* No format is below the data: loops may hold what is mapped while a request to them
     * waits for a thread. */
    gboolean plain;
    gint64 clean_at; /* qcow2-clean.c: realtime clock; 0: never yet */
} Qcow2State;

/* BlockDriver.query. */
void qcow2_query(const BlockNode *node, ConfigNode *image);
/* Main loop: its caches are cleaned from now on, as cache-clean-interval says. */
void qcow2_clean_later(BlockNode *node);

#endif
