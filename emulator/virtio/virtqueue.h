/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split virtqueues (virtio 1.2, section 2.7), with indirect descriptors and event
 * indexes.
 *
 * A queue is enabled and disabled by the control plane; in between one thread owns
 * it: everything from virtqueue_pop() on is called by the owner alone. The guest
 * is hostile: what is not a well-formed chain breaks the queue, and nothing more
 * is taken from it.
 */
#ifndef VIREO_VIRTIO_VIRTQUEUE_H
#define VIREO_VIRTIO_VIRTQUEUE_H

#include "event/loop.h"
#include "memory/guest.h"

#define VIRTQUEUE_MAX_SIZE 1024 /* of a queue, and of a chain: IOV_MAX */

typedef struct Virtqueue Virtqueue;

/* A chain that was popped. The caller provides it; it must not move while in use. */
typedef struct VirtqElement {
    guint16 head;
    guint16 position; /* in the available ring */
    gboolean redo;    /* was popped before, and deferred */
    GuestIov out; /* what the device reads */
    GuestIov in;  /* what it writes */
} VirtqElement;
void virtq_element_init(VirtqElement *elem);
void virtq_element_free(VirtqElement *elem);

/* A chain that was popped and could not be done: see virtqueue_defer(). */
typedef struct VirtqDeferred {
    guint16 head, position;
    gboolean later; /* not in this run */
} VirtqDeferred;

/* In the owner's thread. */
typedef struct VirtqueueOps {
    void (*interrupt)(Virtqueue *vq,
                      void *opaque); /* buffers were used: tell the driver */
    void (*broken)(Virtqueue *vq, void *opaque, const char *why);
    /* The turn is over (event/turn.h): look at the queue again in another. */
    void (*again)(Virtqueue *vq);
} VirtqueueOps;

struct Virtqueue {
    const VirtqueueOps *ops;
    void *opaque;
    guint16 index, num_max;
    DmaSpace *dma; /* through which the device reaches rings and buffers */

    /* What the driver has set up; migrated. */
    guint16 num;
    gboolean ready;
    guint64 desc, avail, used;
    guint16 last_avail; /* next entry of the available ring to take */
    guint16 used_idx;   /* next entry of the used ring to fill, as published */
    /* In the order of their first pop; room for num_max, NULL until there is one. */
    VirtqDeferred *deferred;
    guint16 n_deferred;

    /* While enabled. */
    gboolean enabled;
    gboolean event_idx, indirect;
    gboolean on_empty; /* VIRTIO_F_NOTIFY_ON_EMPTY; the port's, once it is enabled */
    GuestPin desc_pin, avail_pin, used_pin;
    gboolean broken;
    gboolean again;    /* asked for: the owner will look at the queue again */
    guint16 filled;    /* filled and not yet published */
    guint16 signalled; /* used_idx at the last interrupt */
    gboolean signalled_valid;
    unsigned in_flight; /* popped and not yet filled */
    guint16 n_redo;     /* deferred in an earlier run, to be popped first */

    /* The port's. */
    EventLoop *loop;            /* the owner's */
    int kick_fd;                /* by which the driver's notifications come in; -1: none */
    int call_fd;                /* that interrupts the guest; -1: it wants none */
    EventHandler *kick_handler; /* of the loop */

    /* The device's: a list of queues that have something to publish. */
    gboolean listed;
    Virtqueue *next_listed;
};

void virtqueue_init(Virtqueue *vq, guint16 index, DmaSpace *dma, const VirtqueueOps *ops,
                    void *opaque);
void virtqueue_finalize(Virtqueue *vq);
/* Forgets what the driver has set up. Not while enabled. */
void virtqueue_reset(Virtqueue *vq, guint16 num_max);

/*
 * Looks up and pins the rings. Fails when a ring is not aligned (2.7.1.3) or not in
 * one piece of RAM, or when the size is no power of two up to num_max.
 */
gboolean virtqueue_enable(Virtqueue *vq, gboolean event_idx, gboolean indirect,
                          GError **errp);
void virtqueue_disable(Virtqueue *vq); /* nothing in flight */

/*
 * The next chain. FALSE: there is none, the queue is broken, or the turn is over and
 * the owner will be called again in another.
 */
gboolean virtqueue_pop(Virtqueue *vq, VirtqElement *elem);
/* Takes back the last pop: the chain will be popped again. */
void virtqueue_unpop(Virtqueue *vq, VirtqElement *elem);
/*
 * Lets go of a chain that is not done: it is no longer in flight, and will be popped
 * again, before any new one, when the queue is next enabled, here or where the VM has
 * migrated to. All of elem->in counts as written.
 */
void virtqueue_defer(Virtqueue *vq, VirtqElement *elem);
void virtqueue_forget_deferred(Virtqueue *vq);
/* For what was loaded: one more such chain, behind the others. */
void virtqueue_add_deferred(Virtqueue *vq, guint16 head);
/*
 * Gives a chain back: `written` bytes of elem->in are valid, from its beginning on
 * (2.7.8.2), the first `touched` may have been changed. Not yet visible.
 */
void virtqueue_fill_part(Virtqueue *vq, VirtqElement *elem, guint32 written,
                         guint32 touched);
void virtqueue_fill(Virtqueue *vq, VirtqElement *elem, guint32 written);
/* Publishes all that was filled, at once, and interrupts if the driver wants it. */
void virtqueue_flush(Virtqueue *vq);
void virtqueue_push(Virtqueue *vq, VirtqElement *elem, guint32 written);

gboolean virtqueue_empty(const Virtqueue *vq);
/*
 * Asks the driver (not) to notify of new buffers: a hint, 2.7.10. Switching on
 * returns TRUE when there are buffers already and nobody else will look again: no
 * notification comes.
 */
gboolean virtqueue_set_notification(Virtqueue *vq, gboolean on);
/*
 * Asks the driver to notify when there are n buffers, of which there are too few: those
 * there are would have it not tell of more. TRUE when they are there by now.
 */
gboolean virtqueue_await(Virtqueue *vq, guint16 n);

#endif
