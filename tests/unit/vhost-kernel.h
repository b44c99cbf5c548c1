/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel with vhost for tests: ioctl() is this file's, and answers for one descriptor
 * as vhost would.
 */
#pragma once
#include <glib.h>
#include <linux/vhost.h>

typedef struct VhostKernel {
    int fd;               /* whose ioctl()s these are; -1: nobody's */
    guint64 know;         /* features */
    unsigned long refuse; /* this request */
    unsigned limit;       /* pieces of memory; 0: it does not say */

    /* What it was told. */
    unsigned owned, tables, log_bases;
    unsigned log_on, log_off; /* how often it had to begin, and to end */
    guint64 features, log;
    struct vhost_memory_region regions[8];
    unsigned n_regions;
    struct vhost_vring_addr addr[2];
    unsigned num[2], base[2];
    int kick[2], interrupt[2];
    int tap[2];  /* net: back ends */
    guint64 cid; /* vsock: 0: none */
    int serves;  /* vsock */
} VhostKernel;
extern VhostKernel vhost_kernel;
