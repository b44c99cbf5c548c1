/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-rng (virtio 1.2, section 5.4): each buffer of the driver is filled with
 * what the source has now, at most max-bytes every `period` milliseconds. A buffer that
 * is larger than what one turn may read is given back with that much in it.
 *
 * #syscalls main,io: readv
 */
#include <errno.h>
#include <limits.h>
#include <linux/virtio_ids.h>
#include <unistd.h>

#include "event/clock.h"
#include "event/turn.h"
#include "util/error.h"
#include "util/log.h"
#include "virtio/rng-backend.h"
#include "virtio/virtio.h"

#define PIECES 16

typedef struct VirtioRng {
    VirtioDevice dev;

    char *rng, *iothread, *addr;
    guint64 max_bytes;
    guint32 period; /* ms */

    RngBackend *backend;

    /* the owner's */
    VirtqElement elem;
    EventHandler *waiting; /* the source has nothing now */
    Timer *refill;
    guint64 quota;
} VirtioRng;

static guint64 rng_features(VirtioDevice *dev)
{
    return 0;
}

static unsigned rng_config(VirtioDevice *dev, guint8 *space)
{
    return 0;
}

/* Reads up to `bytes` into the buffer; 0 or less: there is nothing now. */
static gssize fill_buffer(VirtioRng *rng, guint64 bytes)
{
    struct iovec part[PIECES];
    const GuestIov *in = &rng->elem.in;
    unsigned n = 0;
    gssize ret;

    for (; n < PIECES && n < in->n && bytes; n++) {
        part[n] = in->iov[n];
        part[n].iov_len = MIN(part[n].iov_len, bytes);
        bytes -= part[n].iov_len;
    }
    do {
        ret = readv(rng_backend_fd(rng->backend), part, n);
    } while (ret < 0 && errno == EINTR);
    return ret;
}

static void rng_handle(VirtioDevice *dev, Virtqueue *vq);

static void source_ready(void *opaque, GIOCondition ready)
{
    VirtioRng *rng = opaque;

    event_handler_remove(rng->waiting);
    rng->waiting = NULL;
    rng_handle(&rng->dev, virtio_device_queue(&rng->dev, 0));
}

static void quota_refilled(void *opaque)
{
    VirtioRng *rng = opaque;

    rng->quota = rng->max_bytes;
    rng_handle(&rng->dev, virtio_device_queue(&rng->dev, 0));
}

/* FALSE: not now; something will call again. */
static gboolean serve_one(VirtioRng *rng, Virtqueue *vq)
{
    guint64 bytes = MIN(MIN(rng->elem.in.size, rng->quota), turn_left(TURN_RNG_BYTES));
    gssize got = bytes ? fill_buffer(rng, bytes) : 0;

    turn_count(TURN_RNG_BYTES, MAX(got, 0));
    if (got > 0 || rng->elem.in.size == 0) {
        rng->quota -= MAX(got, 0);
        virtqueue_fill(vq, &rng->elem, MAX(got, 0));
        return TRUE;
    }
    virtqueue_unpop(vq, &rng->elem);
    if (bytes && got < 0 && errno == EAGAIN) {
        rng->waiting = event_loop_add_fd(rng->dev.loop, rng_backend_fd(rng->backend),
                                         G_IO_IN, source_ready, rng);
    } else if (bytes) {
        log_once("virtio-rng: the source of object '%s' has ended",
                 rng->rng ? rng->rng : "rng-builtin");
    }
    return FALSE;
}

static void rng_handle(VirtioDevice *dev, Virtqueue *vq)
{
    VirtioRng *rng = (VirtioRng *)dev;
    gboolean served = !rng->waiting;

    while (served && virtqueue_pop(vq, &rng->elem)) {
        served = serve_one(rng, vq);
    }
    virtqueue_flush(vq);
    if (virtqueue_set_notification(vq, TRUE) && served) {
        virtio_queue_again(vq);
    }
    if (rng->quota < rng->max_bytes && !timer_armed(rng->refill)) {
        timer_arm(rng->refill,
                  clock_now(CLOCK_TYPE_VIRTUAL) + (gint64)rng->period * 1000000);
    }
}

static void rng_start(VirtioDevice *dev, EventLoop *loop)
{
    VirtioRng *rng = (VirtioRng *)dev;

    rng->refill = timer_new(loop, CLOCK_TYPE_VIRTUAL, quota_refilled, rng);
    rng->quota = rng->max_bytes;
}

static void rng_stop(VirtioDevice *dev, EventLoop *loop)
{
    VirtioRng *rng = (VirtioRng *)dev;

    event_handler_remove(rng->waiting);
    rng->waiting = NULL;
    timer_free(rng->refill);
    rng->refill = NULL;
}

/* The object, or one of its own: not later, when the sandbox lets no file be opened. */
static gboolean find_source(VirtioRng *rng, GError **errp)
{
    Device *device = &rng->dev.device;

    if (!rng->rng && device->hotplugged) {
        return error_set(errp, "Parameter 'rng' is missing");
    }
    rng->backend = rng->rng ? rng_backend_find(rng->rng) : rng_backend_own(errp);
    if (rng->rng && !rng->backend) {
        error_set(errp, "Property '%s.rng' can't find value '%s'",
                  device_user_name(device), rng->rng);
    }
    return rng->backend != NULL;
}

static gboolean rng_realize(Device *device, GError **errp)
{
    VirtioRng *rng = (VirtioRng *)device;

    if (!find_source(rng, errp)) {
        return FALSE;
    }
    rng_backend_use(rng->backend);
    if (!virtio_device_get_loop(&rng->dev, rng->iothread, errp)) {
        rng_backend_unuse(rng->backend);
        return FALSE;
    }
    virtq_element_init(&rng->elem);
    rng->dev.n_queues = 1;
    rng->dev.queue_size = 8;
    return TRUE;
}

static void rng_unrealize(Device *device)
{
    VirtioRng *rng = (VirtioRng *)device;

    virtq_element_free(&rng->elem);
    rng_backend_unuse(rng->backend);
    virtio_device_put_loop(&rng->dev, rng->iothread);
}

#define FIELD(name) offsetof(VirtioRng, name)
static const Property properties[] = {
    { "rng", PROP_STRING, FIELD(rng), .link = "link<rng-backend>",
      .help = "id of the rng object; at start an rng-builtin if not given" },
    { "iothread", PROP_STRING, FIELD(iothread), .link = "link<iothread>",
      .help = "iothread that serves it" },
    { "max-bytes", PROP_SIZE, FIELD(max_bytes), "9223372036854775807", 1, G_MAXINT64,
      .help = "in each period; no limit if not given" },
    { "period", PROP_U32, FIELD(period), "65536", 1, G_MAXUINT32,
      .help = "milliseconds" },
    { "addr", PROP_STRING, FIELD(addr), .ignored = TRUE,
      .help = "StratoVirt's; bus= chooses the slot" },
    { NULL },
};

const VirtioDeviceClass virtio_rng_class = {
    .device = {
        .name = "virtio-rng-device",
        .alias = "virtio-rng-mmio",
        .desc = "Virtio source of entropy",
        .parent = &virtio_device_class,
        .instance_size = sizeof(VirtioRng),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .realize = rng_realize,
        .unrealize = rng_unrealize,
    },
    .device_id = VIRTIO_ID_RNG,
    .features = rng_features,
    .config = rng_config,
    .start = rng_start,
    .handle = rng_handle,
    .stop = rng_stop,
};
