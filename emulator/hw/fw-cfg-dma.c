/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DMA interface of the firmware configuration (QEMU's docs/specs/fw_cfg): the guest
 * writes the address of a request, in two halves of which the lower one starts it, and
 * waits until the request's control word is 0, or says that it failed. All numbers are
 * big-endian.
 *
 * The access that starts a request ends with the request, so that the guest never sees
 * one under way. A short one is done at once. A guest can ask for 4 GiB: what is longer
 * goes on from the main loop, a piece at a time, and the vCPU is parked meanwhile: a VM
 * that is stopped stands still only when its memory is no longer written. Requests of
 * several vCPUs wait for one another.
 */
#include "config.h"

#include <string.h>

#include "accel/run-state.h"
#include "event/loop.h"
#include "event/turn.h"
#include "hw/fw-cfg-internal.h"
#include "memory/guest.h"

#define DMA_PORT      (FW_CFG_PORT + 4)
#define DMA_SIGNATURE 0x51454d5520434647ull /* "QEMU CFG" */

#define CONTROL_ERROR  0x01
#define CONTROL_READ   0x02
#define CONTROL_SKIP   0x04
#define CONTROL_SELECT 0x08
#define CONTROL_WRITE  0x10

#define PIECE (1u << 20) /* bytes; no turn moves more */
#define ZEROS 4096

/* A request as it is in memory. */
typedef struct DmaRequest {
    guint32 control, length;
    guint64 address;
} DmaRequest;
G_STATIC_ASSERT(sizeof(DmaRequest) == 16);

typedef struct Transfer {
    guint64 at; /* where the request is */
    guint64 address;
    guint32 left;
    guint32 control; /* of the guest's bits, what it asks for; or an error */
    gboolean begun;
    gboolean queued; /* FALSE: it is done at once, and holds nothing */
    AccessHold *hold;
} Transfer;

static gboolean write_zeros(guint64 address, guint32 n)
{
    static const guint8 zeros[ZEROS];

    for (guint32 done = 0; done < n; done += ZEROS) {
        if (!guest_write(dma_space_memory(), address + done, zeros,
                         MIN(ZEROS, n - done))) {
            return FALSE;
        }
    }
    return TRUE;
}

/* All of it at once: what can be written is short. */
static void write_item(FwCfg *s, Transfer *t)
{
    const FwCfgFile *file = fw_cfg_to_write(s, t->left);
    guint32 offset = s->offset;

    if (!file ||
        !guest_read(dma_space_memory(), t->address, file->data + offset, t->left)) {
        t->control = CONTROL_ERROR;
        return;
    }
    s->offset += t->left;
    fw_cfg_look_again(s);
    if (file->written) {
        file->written(file->opaque, offset, t->left);
    }
    t->left = 0;
}

/* Reads the request. */
static void begin(FwCfg *s, Transfer *t)
{
    DmaRequest r;

    t->begun = TRUE;
    if (!guest_read(dma_space_memory(), t->at, &r, sizeof(r))) {
        t->control = CONTROL_ERROR;
        return;
    }
    t->control = GUINT32_FROM_BE(r.control) & ~CONTROL_ERROR;
    t->left = GUINT32_FROM_BE(r.length);
    t->address = GUINT64_FROM_BE(r.address);
    if (t->control & CONTROL_SELECT) {
        fw_cfg_select(s, t->control >> 16);
    }
    if (!(t->control & (CONTROL_READ | CONTROL_WRITE | CONTROL_SKIP))) {
        t->left = 0;
    } else if (!(t->control & CONTROL_READ) && (t->control & CONTROL_WRITE) && t->left) {
        write_item(s, t);
    }
}

/* As many of the bytes that are left as the item has, or as it lacks. */
static void move_piece(FwCfg *s, Transfer *t)
{
    gsize size = 0;
    GBytes *bytes = fw_cfg_selected(s);
    const guint8 *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;
    gboolean there = s->offset < size;
    guint32 n = MIN(t->left, there ? size - s->offset : G_MAXUINT32);

    if (t->control & CONTROL_READ) {
        n = MIN(n, MIN(turn_left(TURN_FW_CFG_BYTES), PIECE));
        turn_count(TURN_FW_CFG_BYTES, n);
        if (!(there ? guest_write(dma_space_memory(), t->address, data + s->offset, n)
                    : write_zeros(t->address, n))) {
            t->control = CONTROL_ERROR;
        }
    }
    s->offset += there ? n : 0;
    t->address += n;
    t->left -= n;
}

static gboolean is_over(const Transfer *t)
{
    return !t->left || t->control & CONTROL_ERROR;
}

/* FALSE: it goes on in the next turn. */
static gboolean go_on(FwCfg *s, Transfer *t)
{
    guint32 left;

    if (!t->begun) {
        begin(s, t);
    }
    left = t->left;
    while (!is_over(t) && left - t->left < PIECE && !turn_over()) {
        move_piece(s, t);
    }
    return is_over(t);
}

static void finish(FwCfg *s, Transfer *t)
{
    guint32 control = GUINT32_TO_BE(t->control & CONTROL_ERROR);

    /* Where that cannot be written, there is nobody to be told. */
    guest_write(dma_space_memory(), t->at + offsetof(DmaRequest, control), &control,
                sizeof(control));
    if (t->queued) {
        access_release(t->hold);
        vm_quiesce_release();
    }
    g_free(t);
}

static void quiesced(FwCfg *s)
{
    g_autoptr(GArray) waiting = g_steal_pointer(&s->waiting);

    for (guint i = 0; waiting && i < waiting->len; i++) {
        const FwCfgWaiting *w = &g_array_index(waiting, FwCfgWaiting, i);

        w->done(w->opaque); /* may be the end of the device */
    }
}

static void next_turn(void *opaque)
{
    FwCfg *s = opaque;

    while (!g_queue_is_empty(&s->transfers)) {
        Transfer *t = g_queue_peek_head(&s->transfers);

        if (!go_on(s, t)) {
            event_loop_post(event_loop_main(), next_turn, s);
            return;
        }
        g_queue_pop_head(&s->transfers);
        finish(s, t);
    }
    quiesced(s);
    device_unref(&s->dev);
}

static void start(FwCfg *s, guint64 at)
{
    Transfer *t = g_new0(Transfer, 1);
    gboolean first = g_queue_is_empty(&s->transfers);

    t->at = at;
    if (first && go_on(s, t)) {
        finish(s, t);
        return;
    }
    t->queued = TRUE;
    t->hold = access_hold();
    vm_quiesce_hold();
    g_queue_push_tail(&s->transfers, t);
    if (first) {
        device_ref(&s->dev);
        event_loop_post(event_loop_main(), next_turn, s);
    }
}

/* --- registers --- */

static guint64 swap(guint64 value, unsigned size)
{
    return GUINT64_SWAP_LE_BE(value) >> (64 - 8 * size);
}

static guint64 dma_read(void *opaque, guint64 offset, unsigned size)
{
    guint64 value = DMA_SIGNATURE >> (8 * (8 - offset - size));

    return swap(size == 8 ? value : value & ((1ull << (8 * size)) - 1), size);
}

static void dma_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    FwCfg *s = opaque;

    value = swap(value, size);
    if (size == 4 && offset == 0) {
        s->dma_high = (guint32)value;
    } else if (size == 8 || (size == 4 && offset == 4)) {
        guint64 at = size == 8 ? value : (guint64)s->dma_high << 32 | value;

        s->dma_high = 0;
        start(s, at);
    }
}

static const RegionOps dma_ops = {
    .read = dma_read,
    .write = dma_write,
    .min_size = 1,
    .max_size = 8,
};

gboolean fw_cfg_dma_realize(FwCfg *s, GError **errp)
{
    s->dma = region_new_io("fwcfg.dma", 8, &dma_ops, s);
    return address_map_put(address_map_io(), &s->dma, DMA_PORT, errp);
}

void fw_cfg_dma_unrealize(FwCfg *s)
{
    address_map_take(&s->dma);
}

void fw_cfg_quiesce(Device *dev, void (*done)(void *opaque), void *opaque)
{
    FwCfg *s = (FwCfg *)dev;
    FwCfgWaiting w = { done, opaque };

    if (g_queue_is_empty(&s->transfers)) {
        done(opaque);
        return;
    }
    if (!s->waiting) {
        s->waiting = g_array_new(FALSE, FALSE, sizeof(w));
    }
    g_array_append_val(s->waiting, w);
}
