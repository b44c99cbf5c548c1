/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-balloon (virtio 1.2, section 5.5): between the device (virtio-balloon.c), the
 * pages (balloon-pages.c) and what the guest tells of itself (balloon-stats.c).
 */
#ifndef VIREO_VIRTIO_VIRTIO_BALLOON_H
#define VIREO_VIRTIO_VIRTIO_BALLOON_H

#include <linux/virtio_balloon.h>

#include "event/clock.h"
#include "virtio/virtio.h"

/* Queues are numbered without those that are not offered. */
enum { BALLOON_INFLATE, BALLOON_DEFLATE, BALLOON_STATS, BALLOON_REPORTING };

#define BALLOON_STATS_MAX 10 /* that have names */

typedef struct VirtioBalloon {
    VirtioDevice dev;

    /* properties */
    gboolean deflate_on_oom, reporting, page_poison;
    char *iothread; /* of free page hints, which are not there */

    /* The configuration space; migrated. */
    guint32 num_pages, actual, poison; /* pages of 4 KiB; a pattern */

    /* Bytes of a chain that are done, of each queue: the rest is for another turn. */
    VirtqElement elem;
    guint64 done[2];

    /* Statistics, of the last time that the guest told them. */
    guint64 stats[BALLOON_STATS_MAX]; /* all ones: not told */
    gint64 updated;                   /* seconds since the epoch; 0: never */
    guint32 interval;                 /* seconds; 0: they are not asked for */
    /* The driver's buffer, by which they are asked for; the other one is for the next. */
    VirtqElement questions[2];
    unsigned question; /* which */
    gboolean has_question;
    Timer *timer;
} VirtioBalloon;

/* balloon-pages.c */
void balloon_take_pages(VirtioBalloon *balloon, Virtqueue *vq);
void balloon_take_report(VirtioBalloon *balloon, Virtqueue *vq);

/* balloon-stats.c */
extern const DeviceAttribute balloon_attributes[];
void balloon_stats_init(VirtioBalloon *balloon); /* nothing is known */
void balloon_take_stats(VirtioBalloon *balloon, Virtqueue *vq);
void balloon_stats_start(VirtioBalloon *balloon);
void balloon_stats_stop(VirtioBalloon *balloon);

#endif
