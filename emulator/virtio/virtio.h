/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio devices and the ports that they are plugged into.
 *
 * A port is what the guest's driver sees: status, negotiated features, queues,
 * interrupt status (virtio 1.2, section 2). It belongs to a transport and outlives
 * the device plugged into it: back ends come and go, also under a bound driver.
 *
 * The control plane (registers, plug, reset, migration) runs under the machine
 * lock. The data plane never takes that lock: each queue is owned by one loop, and is
 * live between its owner's start() and stop(). To stop it: ioeventfd off ->
 * the owners stop taking requests -> what is in flight completes -> irqfds off,
 * rings unpinned -> whoever waits goes on.
 */
#ifndef VIREO_VIRTIO_VIRTIO_H
#define VIREO_VIRTIO_VIRTIO_H

#include <linux/virtio_config.h>

#include "device/device.h"
#include "event/lock.h"
#include "event/loop.h"
#include "virtio/virtqueue.h"

#define VIRTIO_QUEUE_MAX  1024
#define VIRTIO_CONFIG_MAX 256 /* device-specific configuration space, bytes */
#define VIRTIO_BUS_TYPE   "virtio-bus"
/* An interrupt is named by its queue, or it is that of the device's configuration. */
#define VIRTIO_CONFIG_VECTOR G_MAXUINT

typedef struct VirtioPort VirtioPort;
typedef struct VirtioDevice VirtioDevice;
typedef struct VirtioOwner VirtioOwner;

/*
 * Who serves the queues: this process, or somebody else who gets their descriptors.
 * Control plane; the queues that are enabled, with kick_fd and call_fd, are the plane's
 * from start to the end of stop.
 */
typedef struct VirtioDataPlane {
    gboolean (*start)(VirtioPort *port, GError **errp);
    /*
     * TRUE: it has stopped, nothing is in flight, and the queues say how far they have
     * come (last_avail, used_idx). FALSE: that will be so when virtio_port_stopped() is
     * called, later.
     */
    gboolean (*stop)(VirtioPort *port);
} VirtioDataPlane;

/* In this process: handle() in the owners' loops. */
extern const VirtioDataPlane virtio_plane_own;
/* Main loop, under the lock. */
void virtio_port_stopped(VirtioPort *port);

typedef struct VirtioDeviceClass {
    DeviceClass device; /* .parent is &virtio_device_class */
    guint32 device_id;  /* section 5 */

    /* Control plane. What the device offers, without the transport's bits. */
    guint64 (*features)(VirtioDevice *dev);
    /* More that it offers to a legacy driver; NULL: nothing. */
    guint64 (*legacy_features)(VirtioDevice *dev);
    guint64 bad_features; /* what one knows that agrees to every bit (port-legacy.c) */
    /*
     * Fills the configuration space, zeroed before; returns the length that QEMU's has,
     * by which the legacy interface's BAR is as large as there.
     */
    unsigned (*config)(VirtioDevice *dev, guint8 *space);
    void (*config_write)(VirtioDevice *dev, unsigned offset, unsigned size,
                         guint64 value);
    /* The features are agreed on and queues will go live; NULL: nothing to do. */
    gboolean (*prepare)(VirtioDevice *dev, guint64 features, GError **errp);

    /* Entries of a queue at most, while the device is plugged; NULL: dev->queue_size. */
    guint16 (*queue_size)(VirtioDevice *dev, unsigned queue);
    /* The owner of a queue, at each start; NULL: dev->loop has all. Returns NULL
     * for one that the device's own plane hands to somebody else. */
    EventLoop *(*queue_loop)(VirtioDevice *dev, unsigned queue);
    /* What a driver has set is forgotten; no data plane runs. NULL: nothing to do. */
    void (*reset)(VirtioDevice *dev);

    /* Data plane, in each of the owners' loops. */
    void (*start)(VirtioDevice *dev, EventLoop *loop); /* NULL: nothing to do */
    void (*handle)(VirtioDevice *dev, Virtqueue *vq);  /* the driver added buffers */
    /*
     * Whether anybody cares for what the driver adds to a queue, of a device that has many
     * more than it uses: what is waited for costs time in each turn of the loop. NULL:
     * always. See virtio_queue_listen().
     */
    gboolean (*listens)(VirtioDevice *dev, unsigned queue);
    /* Takes no more requests; those in flight end with virtio_device_idle(). */
    void (*stop)(VirtioDevice *dev, EventLoop *loop);
} VirtioDeviceClass;

struct VirtioDevice {
    Device device;
    VirtioPort *port; /* NULL: not plugged */

    /* Set by realize. */
    EventLoop *loop; /* the owner of all queues, but see queue_loop() */
    guint16 n_queues, queue_size;
    guint16 n_vectors; /* that a function has which is not told; 0: one for each queue */
    const VirtioDataPlane *plane; /* NULL: virtio_plane_own */

    /* Set by the transport before realize: queues of one that is not told how many. */
    guint16 auto_queues;     /* 0: one */
    gboolean no_modern;      /* the same: only legacy drivers can use it */
    const char *no_messages; /* the same: why there is no MSI-X; NULL: there is */

    /* Properties of all virtio devices. */
    gboolean event_idx, indirect_desc, any_layout, notify_on_empty;
};

/* Class of what all virtio devices have: parent of each. */
extern const DeviceClass virtio_device_class;
extern const VirtioDeviceClass virtio_balloon_class;
extern const VirtioDeviceClass virtio_blk_class;
extern const VirtioDeviceClass virtio_net_class;
extern const VirtioDeviceClass virtio_rng_class;
extern const VirtioDeviceClass virtio_serial_class;
extern const VirtioDeviceClass virtio_vsock_class;
extern const DeviceClass virtio_mmio_class;

static inline const VirtioDeviceClass *virtio_device_get_class(const VirtioDevice *dev)
{
    return (const VirtioDeviceClass *)dev->device.klass;
}

/*
 * For realize: the owner is the named iothread (counted as a user until
 * virtio_device_put_loop()), or the main loop for NULL.
 */
gboolean virtio_device_get_loop(VirtioDevice *dev, const char *iothread, GError **errp);
void virtio_device_put_loop(VirtioDevice *dev, const char *iothread);

/* Control plane: the configuration space has changed. */
void virtio_device_config_changed(VirtioDevice *dev);
/*
 * Owner: fewer requests are in flight in the queues of this loop; to be called last, the
 * device may stop.
 */
void virtio_device_idle(VirtioDevice *dev, EventLoop *loop);
/* Main loop, whose own the queue is: from now on listens() is TRUE of it. */
void virtio_queue_listen(VirtioDevice *dev, unsigned queue);
/* Owner: handle() will be called again, after others have had the loop. */
void virtio_queue_again(Virtqueue *vq);
/* Owner: the driver did what the device cannot make sense of: NEEDS_RESET. */
void virtio_device_broken(VirtioDevice *dev, const char *why);
gboolean virtio_device_has_feature(const VirtioDevice *dev, unsigned bit);

/* What a transport does for its port. Control plane. */
typedef struct VirtioTransportOps {
    /* The driver's notifications of vq signal vq->kick_fd, or do not any more. */
    void (*ioeventfd)(Device *transport, Virtqueue *vq, gboolean on);
    /*
     * An eventfd for the data plane that interrupts the guest, by the vector of that
     * queue or by VIRTIO_CONFIG_VECTOR; *fd is -1 where the driver has none. To be put
     * once for each time that it was got.
     */
    gboolean (*vector_get)(Device *transport, unsigned vector, int *fd, GError **errp);
    void (*vector_put)(Device *transport, unsigned vector);
    /* The same now, for the control plane. */
    void (*interrupt)(Device *transport, unsigned vector);
    /* Signals are all that an interrupt needs: no status is kept. NULL: they are not. */
    gboolean (*by_message)(Device *transport);
    /* The driver has reset the device: nothing is in flight, and is forgotten next. */
    void (*driver_reset)(Device *transport);
} VirtioTransportOps;

typedef enum VirtioPhase {
    VIRTIO_IDLE,    /* no data plane */
    VIRTIO_RUNNING, /* the owner has the queues */
    VIRTIO_STOPPING,
} VirtioPhase;

/* What the driver has set up of a queue, in the stream. */
typedef struct VirtioQueueState {
    guint16 num;
    gboolean ready;
    guint64 desc, avail, used;
    guint16 last_avail, used_idx;
} VirtioQueueState;

struct VirtioPort {
    const VirtioTransportOps *ops;
    Device *transport; /* that the port is in */
    DmaSpace *dma;
    const char *name;    /* for messages */
    guint64 features;    /* that the transport offers, in addition to the device's */
    gboolean has_legacy; /* it has the legacy interface */
    VirtioDevice *dev;   /* NULL: nothing there */

    /* What the source had, to be compared with what is here. */
    struct {
        guint32 device_id;
        guint32 n_queues;
        VirtioQueueState *queues;
        guint32 n_deferred, *deferred; /* chains: queue << 16 | head, queue by queue */
    } source;

    /* The driver's state; migrated. */
    guint32 device_id; /* 0: nothing there */
    guint8 status;
    guint64 driver_features;
    guint32 generation;
    guint32 isr;     /* atomic */
    guint32 broken;  /* atomic: NEEDS_RESET */
    gboolean legacy; /* it uses the legacy interface: port-legacy.c */
    gboolean early;  /* so, and it has used a queue before DRIVER_OK */
    guint32 n_queues;
    Virtqueue *queues; /* those of the device that is there */

    VirtioPhase phase;
    gboolean no_dma;    /* the transport's: guest memory is not to be reached now */
    gboolean telling;   /* those who waited hear that it has stopped */
    gboolean frozen;    /* quiesced from outside: stays down until reset or unplug */
    gboolean resetting; /* status 0 was written; the rest waits for the drain */
    gint said_broken;   /* logged: once */
    GSList *waiters;
    int config_fd; /* interrupts for VIRTIO_CONFIG_VECTOR; -1: down, or not wanted */
    const VirtioDataPlane *plane; /* of this run */
    VirtioOwner *owners;          /* plane.c */
    guint n_owners, busy;         /* of them: those that have not stopped yet */
};

/* isr bits: 4.2.2 InterruptStatus */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

extern const StateDesc virtio_port_state;

/* dma: the transport's, through which the device reaches guest memory. */
void virtio_port_init(VirtioPort *port, const VirtioTransportOps *ops, Device *transport,
                      DmaSpace *dma, const char *name);
void virtio_port_finalize(VirtioPort *port);

/* Plug and unplug; main loop. The device is quiesced before it is unplugged. */
void virtio_port_plug(VirtioPort *port, VirtioDevice *dev);
void virtio_port_unplug(VirtioPort *port);

/* Registers. */
guint64 virtio_port_features(const VirtioPort *port); /* offered */
guint8 virtio_port_status(const VirtioPort *port);
void virtio_port_write_status(VirtioPort *port, guint8 status);
/* A word of what the driver agrees on; before FEATURES_OK. */
void virtio_port_write_features(VirtioPort *port, guint32 select, guint32 value);
guint32 virtio_port_config_read(VirtioPort *port, unsigned offset, unsigned size);
void virtio_port_config_write(VirtioPort *port, unsigned offset, unsigned size,
                              guint32 value);
void virtio_port_notify(VirtioPort *port, unsigned queue);

/* The legacy interface's, where the transport has it: port-legacy.c. */
guint32 virtio_port_legacy_features(const VirtioPort *port); /* offered */
void virtio_port_legacy_write_features(VirtioPort *port, guint32 value);
guint8 virtio_port_legacy_status(const VirtioPort *port);
void virtio_port_legacy_write_status(VirtioPort *port, guint8 status);
/* Where the rings are: a number of pages of 4 KiB; 0: the queue is not set up. */
guint32 virtio_port_legacy_page(VirtioPort *port, guint32 queue);
void virtio_port_legacy_write_page(VirtioPort *port, guint32 queue, guint32 page);
void virtio_port_legacy_notify(VirtioPort *port, guint32 queue);

/* done: now or later, main loop, under the lock. */
void virtio_port_quiesce(VirtioPort *port, void (*done)(void *opaque), void *opaque);
/* As after power-on. Quiesced before. */
void virtio_port_reset(VirtioPort *port);
/* After the rows were loaded: does this fit what is plugged here? */
gboolean virtio_port_post_load(VirtioPort *port, GError **errp);

/* The driver has said that its queues are live. */
static inline gboolean virtio_port_is_live(const VirtioPort *port)
{
    return (port->status & VIRTIO_CONFIG_S_DRIVER_OK) || port->early;
}

static inline gboolean virtio_device_is_broken(const VirtioDevice *dev)
{
    return g_atomic_int_get(&dev->port->broken) != 0;
}

/* A word of a register of 64 bits, 0 the lower one; others are 0, and not written. */
static inline guint32 virtio_word(guint64 value, guint32 select)
{
    return select > 1 ? 0 : (guint32)(value >> (32 * select));
}

static inline void virtio_set_word(guint64 *value, guint32 select, guint32 word)
{
    if (select <= 1) {
        *value = (*value & ~(0xffffffffull << (32 * select))) | (guint64)word
                                                                    << (32 * select);
    }
}

/* NULL: the device has not so many. */
static inline Virtqueue *virtio_port_queue(VirtioPort *port, guint32 i)
{
    return i < port->n_queues ? &port->queues[i] : NULL;
}

static inline Virtqueue *virtio_device_queue(VirtioDevice *dev, unsigned i)
{
    return &dev->port->queues[i];
}

#endif
