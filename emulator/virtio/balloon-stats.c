/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest tells of its memory: 5.5.6.3. The driver puts a buffer into the queue,
 * which is kept until the next answer is wanted: giving it back is the question.
 */
#include <string.h>

#include "config/node.h"
#include "util/error.h"
#include "virtio/virtio-balloon.h"

#define NSEC_PER_SEC G_GINT64_CONSTANT(1000000000)

/* By tag, as QEMU names them. */
static const char *const names[BALLOON_STATS_MAX] = {
    [VIRTIO_BALLOON_S_SWAP_IN] = "stat-swap-in",
    [VIRTIO_BALLOON_S_SWAP_OUT] = "stat-swap-out",
    [VIRTIO_BALLOON_S_MAJFLT] = "stat-major-faults",
    [VIRTIO_BALLOON_S_MINFLT] = "stat-minor-faults",
    [VIRTIO_BALLOON_S_MEMFREE] = "stat-free-memory",
    [VIRTIO_BALLOON_S_MEMTOT] = "stat-total-memory",
    [VIRTIO_BALLOON_S_AVAIL] = "stat-available-memory",
    [VIRTIO_BALLOON_S_CACHES] = "stat-disk-caches",
    [VIRTIO_BALLOON_S_HTLB_PGALLOC] = "stat-htlb-pgalloc",
    [VIRTIO_BALLOON_S_HTLB_PGFAIL] = "stat-htlb-pgfail",
};

void balloon_stats_init(VirtioBalloon *balloon)
{
    memset(balloon->stats, 0xff, sizeof(balloon->stats));
}

static void ask(void *opaque)
{
    VirtioBalloon *balloon = opaque;
    Virtqueue *vq = virtio_device_queue(&balloon->dev, BALLOON_STATS);

    if (balloon->has_question) {
        balloon->has_question = FALSE;
        virtqueue_push(vq, &balloon->questions[balloon->question], 0);
    }
}

static void ask_later(VirtioBalloon *balloon)
{
    if (balloon->interval && balloon->timer) {
        timer_arm(balloon->timer,
                  clock_now(CLOCK_TYPE_VIRTUAL) + balloon->interval * NSEC_PER_SEC);
    }
}

/* Records of what the guest knows; others than those that have names are passed over. */
static void read_stats(VirtioBalloon *balloon)
{
    struct virtio_balloon_stat stat;
    const GuestIov *out = &balloon->questions[balloon->question].out;

    balloon_stats_init(balloon);
    for (guint i = 0; i < 4 * BALLOON_STATS_MAX; i++) {
        if (guest_iov_to_buf(out, i * sizeof(stat), &stat, sizeof(stat)) < sizeof(stat)) {
            break;
        }
        guint16 tag = GUINT16_FROM_LE(stat.tag);
        if (tag < BALLOON_STATS_MAX) {
            balloon->stats[tag] = GUINT64_FROM_LE(stat.val);
        }
    }
    balloon->updated = clock_now(CLOCK_TYPE_HOST) / NSEC_PER_SEC;
}

/* A driver has one buffer there; of more the earlier ones are given back. */
void balloon_take_stats(VirtioBalloon *balloon, Virtqueue *vq)
{
    while (virtqueue_pop(vq, &balloon->questions[!balloon->question])) {
        if (balloon->has_question) {
            virtqueue_fill(vq, &balloon->questions[balloon->question], 0);
        }
        balloon->question = !balloon->question;
        balloon->has_question = TRUE;
        read_stats(balloon);
        ask_later(balloon);
    }
    virtqueue_flush(vq);
    if (virtqueue_set_notification(vq, TRUE)) {
        virtio_queue_again(vq);
    }
}

void balloon_stats_start(VirtioBalloon *balloon)
{
    balloon->timer = timer_new(balloon->dev.loop, CLOCK_TYPE_VIRTUAL, ask, balloon);
}

/* The buffer is the driver's again, and is popped anew when the queue goes on. */
void balloon_stats_stop(VirtioBalloon *balloon)
{
    g_clear_pointer(&balloon->timer, timer_free);
    if (balloon->has_question) {
        balloon->has_question = FALSE;
        virtqueue_unpop(virtio_device_queue(&balloon->dev, BALLOON_STATS),
                        &balloon->questions[balloon->question]);
    }
}

static ConfigNode *get_stats(Device *dev)
{
    const VirtioBalloon *balloon = (VirtioBalloon *)dev;
    ConfigNode *all = config_map_new(), *stats = config_map_new();

    for (guint i = 0; i < BALLOON_STATS_MAX; i++) {
        config_map_set(stats, names[i], config_uint_new(balloon->stats[i]));
    }
    config_map_set(all, "stats", stats);
    config_map_set(all, "last-update", config_int_new(balloon->updated));
    return all;
}

static ConfigNode *get_interval(Device *dev)
{
    return config_int_new(((VirtioBalloon *)dev)->interval);
}

static gboolean set_interval(Device *dev, const ConfigNode *value, GError **errp)
{
    VirtioBalloon *balloon = (VirtioBalloon *)dev;
    gint64 seconds;

    if (!config_node_to_int(value, "guest-stats-polling-interval", G_MININT64, G_MAXINT64,
                            &seconds, errp)) {
        return FALSE;
    }
    if (seconds < 0) {
        return error_set(errp, "timer value must be greater than zero");
    }
    if (seconds > G_MAXUINT32) {
        return error_set(errp, "timer value is too big");
    }
    balloon->interval = (guint32)seconds;
    if (balloon->timer) {
        timer_disarm(balloon->timer);
        if (balloon->interval) {
            ask(balloon); /* the first answer at once */
        }
    }
    return TRUE;
}

const DeviceAttribute balloon_attributes[] = {
    { "guest-stats", "guest statistics", "what the guest has told of its memory",
      get_stats },
    { "guest-stats-polling-interval", "int",
      "seconds after which it is asked again; 0: it is not asked", get_interval,
      set_interval },
    { NULL },
};
