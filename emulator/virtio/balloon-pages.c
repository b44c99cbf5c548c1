/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that the guest gives back, and takes again: 5.5.6. Their numbers come in any
 * order, and most often follow one another, up or down: those that do are given back at
 * once. A number that is no page of the guest's memory is passed over, as QEMU does.
 */
#include "event/turn.h"
#include "memory/discard.h"
#include "util/log.h"
#include "virtio/virtio-balloon.h"

#define PAGE_SHIFT VIRTIO_BALLOON_PFN_SHIFT
#define AT_ONCE    256 /* numbers that are looked at together */

static void discard(VirtioBalloon *balloon, guint64 addr, guint64 length)
{
    GuestPin pin;
    g_autoptr(GError) error = NULL;

    if (guest_pin(balloon->dev.port->dma, &pin, addr, length, TRUE)) {
        if (!ram_block_discard(pin.block, pin.offset, pin.size, &error) && error) {
            log_once("virtio-balloon: %s", error->message);
        }
        guest_unpin(&pin);
    }
}

static void reuse(VirtioBalloon *balloon, guint64 addr, guint64 length)
{
    GuestPin pin;

    if (guest_pin(balloon->dev.port->dma, &pin, addr, length, TRUE)) {
        ram_block_reuse(pin.block, pin.offset, pin.size);
        guest_unpin(&pin);
    }
}

static gboolean is_memory(VirtioBalloon *balloon, guint64 addr, guint64 length)
{
    GuestPin pin;
    gboolean is = guest_pin(balloon->dev.port->dma, &pin, addr, length, TRUE);

    if (is) {
        guest_unpin(&pin);
    }
    return is;
}

/* Pages [first, first + n): one by one where they are not one piece of memory. */
static void take_run(VirtioBalloon *balloon, gboolean inflate, guint64 first, guint n)
{
    void (*take)(VirtioBalloon *, guint64, guint64) = inflate ? discard : reuse;
    guint64 size = 1u << PAGE_SHIFT;

    if (is_memory(balloon, first << PAGE_SHIFT, n * size)) {
        take(balloon, first << PAGE_SHIFT, n * size);
        return;
    }
    for (guint i = 0; i < n; i++) {
        take(balloon, (first + i) << PAGE_SHIFT, size);
    }
}

/* One that follows a run is a part of it; the first of a run says which way it goes. */
static void take_numbers(VirtioBalloon *balloon, gboolean inflate, const guint32 *numbers,
                         guint count)
{
    guint64 low = 0, high = 0; /* [low, high): the run */

    for (guint i = 0; i < count; i++) {
        guint64 page = GUINT32_FROM_LE(numbers[i]);
        if (high > low && page == high) {
            high++;
        } else if (high > low && page + 1 == low) {
            low--;
        } else {
            if (high > low) {
                take_run(balloon, inflate, low, (guint)(high - low));
            }
            low = page;
            high = page + 1;
        }
    }
    if (high > low) {
        take_run(balloon, inflate, low, (guint)(high - low));
    }
}

/* FALSE: the turn is over, and the chain is not done. */
static gboolean take_chain(VirtioBalloon *balloon, unsigned queue)
{
    guint64 *done = &balloon->done[queue];
    guint32 numbers[AT_ONCE];
    guint64 got;

    do {
        if (!turn_left(TURN_BALLOON_PAGES)) {
            return FALSE;
        }
        got = guest_iov_to_buf(&balloon->elem.out, *done, numbers, sizeof(numbers)) /
              sizeof(numbers[0]);
        take_numbers(balloon, queue == BALLOON_INFLATE, numbers, (guint)got);
        turn_count(TURN_BALLOON_PAGES, got);
        *done += got * sizeof(numbers[0]);
    } while (got == AT_ONCE);
    return TRUE;
}

void balloon_take_pages(VirtioBalloon *balloon, Virtqueue *vq)
{
    gboolean more = FALSE;

    while (!more && virtqueue_pop(vq, &balloon->elem)) {
        if (take_chain(balloon, vq->index)) {
            virtqueue_fill(vq, &balloon->elem, 0);
            balloon->done[vq->index] = 0;
        } else {
            virtqueue_unpop(vq, &balloon->elem); /* and popped again, first of all */
            more = TRUE;
        }
    }
    virtqueue_flush(vq);
    if (virtqueue_set_notification(vq, TRUE) || more) {
        virtio_queue_again(vq);
    }
}

/* Free pages: 5.5.6.7. With a pattern in them they are not to become zeros. */
static void take_pieces(VirtioBalloon *balloon, const GuestIov *in)
{
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < in->n && !balloon->poison; i++) {
        RamBlock *block = in->blocks[i];
        guint64 offset = (guint64)((const guint8 *)in->iov[i].iov_base - block->host);
        if (!ram_block_discard(block, offset, in->iov[i].iov_len, &error) && error) {
            log_once("virtio-balloon: %s", error->message);
            g_clear_error(&error);
        }
    }
}

void balloon_take_report(VirtioBalloon *balloon, Virtqueue *vq)
{
    VirtqElement elem;

    virtq_element_init(&elem);
    while (virtqueue_pop(vq, &elem)) {
        take_pieces(balloon, &elem.in);
        virtqueue_fill_part(vq, &elem, 0, 0);
    }
    virtqueue_flush(vq);
    if (virtqueue_set_notification(vq, TRUE)) {
        virtio_queue_again(vq);
    }
    virtq_element_free(&elem);
}
