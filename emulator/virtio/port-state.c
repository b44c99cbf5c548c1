/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port in the migration stream: rows, and whether they fit what is here. */
#include <linux/virtio_config.h>

#include "util/error.h"
#include "virtio/port-internal.h"

static const StateField queue_fields[] = {
    STATE_FIELD("num", STATE_U16, VirtioQueueState, num),
    STATE_FIELD("ready", STATE_BOOL, VirtioQueueState, ready),
    STATE_FIELD("desc", STATE_U64, VirtioQueueState, desc),
    STATE_FIELD("avail", STATE_U64, VirtioQueueState, avail),
    STATE_FIELD("used", STATE_U64, VirtioQueueState, used),
    STATE_FIELD("last_avail", STATE_U16, VirtioQueueState, last_avail),
    STATE_FIELD("used_idx", STATE_U16, VirtioQueueState, used_idx),
    { NULL },
};

static const StateDesc queue_state = {
    .name = "virtqueue",
    .version = 1,
    .fields = queue_fields,
};

#define DEFERRED_MAX (VIRTIO_QUEUE_MAX * VIRTQUEUE_MAX_SIZE)

static const StateField port_fields[] = {
    STATE_FIELD("device_id", STATE_U32, VirtioPort, source.device_id),
    STATE_FIELD("status", STATE_U8, VirtioPort, status),
    STATE_FIELD("driver_features", STATE_U64, VirtioPort, driver_features),
    STATE_FIELD("generation", STATE_U32, VirtioPort, generation),
    STATE_FIELD("isr", STATE_U32, VirtioPort, isr,
                .limit = VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG),
    STATE_FIELD("broken", STATE_U32, VirtioPort, broken, .limit = 1),
    STATE_FIELD("legacy", STATE_BOOL, VirtioPort, legacy, .optional = TRUE),
    STATE_FIELD("early", STATE_BOOL, VirtioPort, early, .optional = TRUE),
    STATE_COUNTED("queues", STATE_STRUCT, VirtioPort, source.queues, VIRTIO_QUEUE_MAX,
                  source.n_queues, .indirect = TRUE, .nested = &queue_state,
                  .stride = sizeof(VirtioQueueState)),
    STATE_COUNTED("deferred", STATE_U32, VirtioPort, source.deferred, DEFERRED_MAX,
                  source.n_deferred, .indirect = TRUE, .optional = TRUE),
    { NULL },
};

void virtio_port_clear_source(VirtioPort *port)
{
    g_clear_pointer(&port->source.queues, g_free);
    g_clear_pointer(&port->source.deferred, g_free);
    port->source.n_queues = port->source.n_deferred = 0;
}

static VirtioQueueState get_registers(const Virtqueue *vq)
{
    return (VirtioQueueState){ .num = vq->num,
                               .ready = vq->ready,
                               .desc = vq->desc,
                               .avail = vq->avail,
                               .used = vq->used,
                               .last_avail = vq->last_avail,
                               .used_idx = vq->used_idx };
}

static void set_registers(Virtqueue *vq, const VirtioQueueState *state)
{
    vq->num = state->num;
    vq->ready = state->ready;
    vq->desc = state->desc;
    vq->avail = state->avail;
    vq->used = state->used;
    vq->last_avail = state->last_avail;
    vq->used_idx = state->used_idx;
}

static guint32 count_deferred(const VirtioPort *port)
{
    guint32 n = 0;

    for (unsigned i = 0; i < port->n_queues; i++) {
        n += port->queues[i].n_deferred;
    }
    return n;
}

static void save_deferred(VirtioPort *port)
{
    guint32 *next = port->source.deferred = g_new(guint32, count_deferred(port));

    for (unsigned i = 0; i < port->n_queues; i++) {
        const Virtqueue *vq = &port->queues[i];
        for (unsigned k = 0; k < vq->n_deferred; k++) {
            *next++ = i << 16 | vq->deferred[k].head;
        }
    }
    port->source.n_deferred = next - port->source.deferred;
}

static gboolean load_deferred(VirtioPort *port, GError **errp)
{
    for (unsigned i = 0; i < port->n_queues; i++) {
        virtqueue_forget_deferred(&port->queues[i]);
    }
    for (guint32 i = 0; i < port->source.n_deferred; i++) {
        guint32 queue = port->source.deferred[i] >> 16,
                head = port->source.deferred[i] & 0xffff;
        Virtqueue *vq = queue < port->n_queues ? &port->queues[queue] : NULL;
        if (!vq || head >= vq->num || vq->n_deferred >= MIN(vq->num, vq->num_max)) {
            return error_set(errp, "%s: chain %u of queue %u cannot be waiting",
                             port->name, head, queue);
        }
        virtqueue_add_deferred(vq, (guint16)head);
    }
    return TRUE;
}

static gboolean port_pre_save(void *opaque, GError **errp)
{
    VirtioPort *port = opaque;

    virtio_port_clear_source(port);
    save_deferred(port);
    port->source.device_id = port->device_id;
    port->source.n_queues = port->n_queues;
    port->source.queues = g_new(VirtioQueueState, port->n_queues);
    for (unsigned i = 0; i < port->n_queues; i++) {
        port->source.queues[i] = get_registers(&port->queues[i]);
    }
    return TRUE;
}

const StateDesc virtio_port_state = {
    .name = "virtio-port",
    .version = 1,
    .fields = port_fields,
    .pre_save = port_pre_save,
};

static gboolean check_queue(const VirtioPort *port, const Virtqueue *vq, GError **errp)
{
    if (vq->num == 0 || vq->num > vq->num_max || (vq->num & (vq->num - 1))) {
        return error_set(errp, "%s: queue %u has size %u of at most %u", port->name,
                         vq->index, vq->num, vq->num_max);
    }
    if ((guint16)(vq->last_avail - vq->used_idx) != vq->n_deferred) {
        return error_set(errp, "%s: queue %u has requests in flight", port->name,
                         vq->index);
    }
    return TRUE;
}

/*
 * Registers that a driver has written but not put to use hold what it likes, and a
 * broken device starts no queue: neither keeps the guest from being migrated.
 */
static gboolean queue_matters(const VirtioPort *port, const Virtqueue *vq)
{
    return vq->ready && !port->broken && virtio_port_is_live(port);
}

/* What is plugged here against what the stream says. */
static gboolean match_device(const VirtioPort *port, GError **errp)
{
    guint32 here = port->dev ? virtio_device_get_class(port->dev)->device_id : 0;

    if (here != port->source.device_id) {
        return error_set(errp,
                         "%s: the source has a virtio device of type %u, here is type %u "
                         "(0: none)",
                         port->name, port->source.device_id, here);
    }
    return TRUE;
}

static gboolean check_features(const VirtioPort *port, GError **errp)
{
    guint64 offered =
        port->legacy ? virtio_port_legacy_features(port) : virtio_port_features(port);
    guint64 unknown = port->driver_features & ~offered;
    gboolean agreed = (port->status & VIRTIO_CONFIG_S_FEATURES_OK) || port->legacy ||
                      virtio_port_is_live(port);

    if (unknown && agreed) {
        return error_set(errp, "%s: the source's driver uses feature bit %u, not here",
                         port->name, __builtin_ctzll(unknown));
    }
    if ((port->legacy && !port->has_legacy) || (port->early && !port->legacy)) {
        return error_set(errp,
                         "%s: the source's driver uses the legacy interface, not "
                         "here",
                         port->name);
    }
    return TRUE;
}

static gboolean take_source(VirtioPort *port, GError **errp)
{

    if (!match_device(port, errp)) {
        return FALSE;
    }
    if (port->source.n_queues != port->n_queues) {
        return error_set(errp, "%s: the source's device has %u queues", port->name,
                         port->source.n_queues);
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        set_registers(&port->queues[i], &port->source.queues[i]);
        port->queues[i].num_max = virtio_port_queue_size(port, i);
    }
    if (!load_deferred(port, errp)) {
        return FALSE;
    }
    for (unsigned i = 0; i < port->n_queues; i++) {
        if (queue_matters(port, &port->queues[i]) &&
            !check_queue(port, &port->queues[i], errp)) {
            return FALSE;
        }
    }
    return check_features(port, errp);
}

gboolean virtio_port_post_load(VirtioPort *port, GError **errp)
{
    gboolean fits = take_source(port, errp);

    virtio_port_clear_source(port);
    return fits;
}
