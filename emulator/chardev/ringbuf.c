/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev ringbuf: memory that keeps the last bytes that were written, for ringbuf-read.
 * It takes them all, but no more in a turn than a peer would get.
 */
#include "config.h"

#include "chardev/internal.h"

#include <string.h>

#include "event/clock.h"
#include "event/turn.h"
#include "util/error.h"

#define RING_MAX (64 * 1024 * 1024)

typedef struct RingOptions {
    guint64 size;
} RingOptions;

typedef struct Ring {
    guint8 *data; /* NULL: nothing was ever written */
    size_t size;  /* a power of two */
    size_t start, len;
    Timer *more; /* another turn has come */
} Ring;

static const Property ring_rows[] = {
    { "size", PROP_SIZE, offsetof(RingOptions, size), "64K", .max = RING_MAX,
      .help = "How many bytes it keeps, a power of two up to 64 MiB" },
    { NULL },
};

static gboolean ring_check(Chardev *chr, GError **errp)
{
    const RingOptions *o = chr->options;
    Ring *r;

    if (!o->size || (o->size & (o->size - 1))) {
        return error_set(errp, "size of ringbuf chardev must be power of two");
    }
    r = g_new0(Ring, 1);
    r->size = o->size;
    chr->data = r;
    return TRUE;
}

static void go_on(void *opaque)
{
    chardev_wake(((Chardev *)opaque)->front);
}

static gboolean ring_open(Chardev *chr, GError **errp)
{
    Ring *r = chr->data;

    r->more = timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, go_on, chr);
    chardev_peer_opened(chr, -1, -1);
    return TRUE;
}

static void ring_put(Ring *r, const guint8 *buf, size_t len)
{
    size_t end, piece;

    if (!r->data) {
        r->data = g_malloc(r->size);
    }
    if (len > r->size) { /* its end is all that stays */
        buf += len - r->size;
        len = r->size;
    }
    end = (r->start + r->len) & (r->size - 1);
    piece = MIN(len, r->size - end);
    memcpy(r->data + end, buf, piece);
    memcpy(r->data, buf + piece, len - piece);
    r->len += len;
    if (r->len > r->size) {
        r->start = (r->start + r->len) & (r->size - 1);
        r->len = r->size;
    }
}

static GByteArray *ring_take(Ring *r, size_t len)
{
    GByteArray *out = g_byte_array_new();

    while (len && r->len) {
        size_t piece = MIN(MIN(len, r->len), r->size - r->start);

        g_byte_array_append(out, r->data + r->start, (guint)piece);
        r->start = (r->start + piece) & (r->size - 1);
        r->len -= piece;
        len -= piece;
    }
    return out;
}

static size_t ring_write(Chardev *chr, ChardevFront *front, const guint8 *buf, size_t len)
{
    Ring *r = chr->data;
    size_t n = MIN(len, turn_left(TURN_CHARDEV_OUT));

    ring_put(r, buf, n);
    turn_count(TURN_CHARDEV_OUT, chr->log ? 0 : n); /* the log counts, too */
    if (n < len) {
        timer_arm(r->more, clock_now(CLOCK_TYPE_REALTIME));
    }
    return n;
}

static void ring_free(Chardev *chr)
{
    Ring *r = chr->data;

    if (r) {
        g_clear_pointer(&r->more, timer_free);
        g_free(r->data);
        g_free(r);
    }
}

const ChardevBackend chardev_ringbuf = {
    .type = { "ringbuf", "the last bytes, in memory", ring_rows, sizeof(RingOptions) },
    .check = ring_check,
    .open = ring_open,
    .write = ring_write,
    .free = ring_free,
};

static Ring *ring_find(const char *id, GError **errp)
{
    Chardev *chr = chardev_find(id);

    if (!chr) {
        error_set(errp, "Device '%s' not found", id);
        return NULL;
    }
    if (chr->backend != &chardev_ringbuf) {
        error_set(errp, "%s is not a ringbuf device", id);
        return NULL;
    }
    return chr->data;
}

gboolean chardev_ringbuf_write(const char *id, const guint8 *buf, size_t len,
                               GError **errp)
{
    Ring *r = ring_find(id, errp);

    if (r && len) {
        ring_put(r, buf, len);
    }
    return r != NULL;
}

GByteArray *chardev_ringbuf_read(const char *id, size_t len, GError **errp)
{
    Ring *r = ring_find(id, errp);

    return r ? ring_take(r, len) : NULL;
}
