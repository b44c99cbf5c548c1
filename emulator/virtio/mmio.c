/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-mmio, version 2. A slot is a device of the board that owns a port; it is
 * there, with device ID 0, when nothing is plugged into it (4.2.3.1).
 */
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include "config/dialect.h"
#include "util/error.h"
#include "virtio/mmio-internal.h"

#define MAGIC     0x74726976 /* "virt" */
#define VENDOR_ID 0x554d4551 /* what guests know; the field has no meaning */

static GSList *slots;
static void (*presence_hook)(unsigned slot, gboolean present, void *opaque);
static void *presence_opaque;

void virtio_mmio_set_presence_hook(void (*hook)(unsigned slot, gboolean present,
                                                void *opaque),
                                   void *opaque)
{
    presence_hook = hook;
    presence_opaque = opaque;
}

gboolean virtio_mmio_present(unsigned slot)
{
    for (GSList *l = slots; l; l = l->next) {
        VirtioMmio *m = l->data;
        if (m->slot == slot) {
            return m->port.dev != NULL;
        }
    }
    return FALSE;
}

/* Transport */

static void mmio_ioeventfd(Device *transport, Virtqueue *vq, gboolean on)
{
    VirtioMmio *m = (VirtioMmio *)transport;

    if (on) {
        region_add_eventfd(m->region, VIRTIO_MMIO_QUEUE_NOTIFY, 4, TRUE, vq->index,
                           vq->kick_fd);
    } else {
        region_del_eventfd(m->region, VIRTIO_MMIO_QUEUE_NOTIFY, 4, TRUE, vq->index,
                           vq->kick_fd);
    }
}

/* One interrupt for all: the line counts who has its descriptor. */
static gboolean mmio_vector_get(Device *transport, unsigned vector, int *fd,
                                GError **errp)
{
    *fd = irq_line_fd_get(((VirtioMmio *)transport)->irq, errp);
    return *fd >= 0;
}

static void mmio_vector_put(Device *transport, unsigned vector)
{
    irq_line_fd_put(((VirtioMmio *)transport)->irq);
}

static void mmio_interrupt(Device *transport, unsigned vector)
{
    irq_line_pulse(((VirtioMmio *)transport)->irq);
}

static void tell_presence(VirtioMmio *m, gboolean present)
{
    if (presence_hook) {
        presence_hook(m->slot, present, presence_opaque);
    }
}

static void drop_vacant(VirtioMmio *m)
{
    if (virtio_mmio_drop_vacant(m)) {
        tell_presence(m, FALSE);
    }
}

static void mmio_driver_reset(Device *transport)
{
    drop_vacant((VirtioMmio *)transport); /* its driver has let go */
}

static const VirtioTransportOps transport_ops = {
    .ioeventfd = mmio_ioeventfd,
    .vector_get = mmio_vector_get,
    .vector_put = mmio_vector_put,
    .interrupt = mmio_interrupt,
    .driver_reset = mmio_driver_reset,
};

static gboolean irq_pending(void *opaque)
{
    return g_atomic_int_get(&((VirtioMmio *)opaque)->port.isr) != 0;
}

/* Registers: 4.2.2 */

static guint32 read_queue(VirtioMmio *m, guint64 offset)
{
    Virtqueue *vq = virtio_port_queue(&m->port, m->queue_sel);

    if (!vq) {
        return 0; /* QueueNumMax 0: there is no such queue */
    }
    return offset == VIRTIO_MMIO_QUEUE_NUM_MAX ? vq->num_max : vq->ready;
}

static guint64 mmio_read(void *opaque, guint64 offset, unsigned size)
{
    VirtioMmio *m = opaque;

    if (offset >= VIRTIO_MMIO_CONFIG) {
        return virtio_port_config_read(&m->port, offset - VIRTIO_MMIO_CONFIG, size);
    }
    if (size != 4) {
        return 0;
    }
    switch (offset) {
    case VIRTIO_MMIO_MAGIC_VALUE:
        return MAGIC;
    case VIRTIO_MMIO_VERSION:
        return 2;
    case VIRTIO_MMIO_DEVICE_ID:
        return m->port.device_id;
    case VIRTIO_MMIO_VENDOR_ID:
        return VENDOR_ID;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return virtio_word(virtio_port_features(&m->port), m->device_features_sel);
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
    case VIRTIO_MMIO_QUEUE_READY:
        return read_queue(m, offset);
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return g_atomic_int_get(&m->port.isr);
    case VIRTIO_MMIO_STATUS:
        return virtio_port_status(&m->port);
    case VIRTIO_MMIO_SHM_LEN_LOW:
    case VIRTIO_MMIO_SHM_LEN_HIGH:
    case VIRTIO_MMIO_SHM_BASE_LOW:
    case VIRTIO_MMIO_SHM_BASE_HIGH:
        return 0xffffffff; /* no such region */
    case VIRTIO_MMIO_CONFIG_GENERATION:
        return m->port.generation;
    default:
        return 0;
    }
}

/* A queue is set up while the driver has not made it live. */
static void write_queue(VirtioMmio *m, guint64 offset, guint32 value)
{
    Virtqueue *vq = virtio_port_queue(&m->port, m->queue_sel);

    if (!vq || vq->enabled) {
        return;
    }
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NUM:
        vq->num = MIN(value, G_MAXUINT16); /* checked when it is enabled */
        break;
    case VIRTIO_MMIO_QUEUE_READY:
        vq->ready = value & 1;
        break;
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
        virtio_set_word(&vq->desc, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH, value);
        break;
    case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
    case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
        virtio_set_word(&vq->avail, offset == VIRTIO_MMIO_QUEUE_AVAIL_HIGH, value);
        break;
    case VIRTIO_MMIO_QUEUE_USED_LOW:
    case VIRTIO_MMIO_QUEUE_USED_HIGH:
        virtio_set_word(&vq->used, offset == VIRTIO_MMIO_QUEUE_USED_HIGH, value);
        break;
    default:
        break;
    }
}

static void mmio_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    VirtioMmio *m = opaque;

    if (offset >= VIRTIO_MMIO_CONFIG) {
        virtio_port_config_write(&m->port, offset - VIRTIO_MMIO_CONFIG, size, value);
        return;
    }
    if (size != 4) {
        return;
    }
    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        m->device_features_sel = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        virtio_port_write_features(&m->port, m->driver_features_sel, value);
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        m->driver_features_sel = value;
        break;
    case VIRTIO_MMIO_QUEUE_SEL:
        m->queue_sel = value;
        break;
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        virtio_port_notify(&m->port, value);
        break;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        g_atomic_int_and(&m->port.isr, ~(guint32)value);
        break;
    case VIRTIO_MMIO_STATUS:
        virtio_port_write_status(&m->port, value);
        break;
    default:
        write_queue(m, offset, value);
    }
}

static const RegionOps region_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .min_size = 1,
    .max_size = 4,
    .split = TRUE,
};

/* Bus */

static gboolean bus_plug(Bus *bus, Device *dev, GError **errp)
{
    VirtioMmio *m = bus->opaque;

    if (m->vacant) {
        return virtio_mmio_adopt(m, (VirtioDevice *)dev, errp);
    }
    virtio_port_plug(&m->port, (VirtioDevice *)dev);
    m->used = TRUE;
    tell_presence(m, TRUE);
    return TRUE;
}

static void bus_unplug(Bus *bus, Device *dev)
{
    VirtioMmio *m = bus->opaque;
    gboolean told = dev->unplug == DEVICE_UNPLUG_GOING; /* else the process ends */

    if (m->port.dev != (VirtioDevice *)dev) {
        return; /* it has never come so far */
    }
    if (told && virtio_mmio_vacate(m)) {
        return;
    }
    virtio_port_unplug(&m->port);
    if (told) {
        tell_presence(m, FALSE);
    }
}

/* The slot of the guest's disk n, if there are so many; vacated ones count. */
static VirtioMmio *nth_disk(guint64 n)
{
    for (GSList *l = slots; l; l = l->next) {
        VirtioMmio *m = l->data;
        if (m->port.device_id == VIRTIO_ID_BLOCK && n-- == 0) {
            return m;
        }
    }
    return NULL;
}

/* The slot that StratoVirt's addr= names for a disk; NULL: none that is there. */
static VirtioMmio *addressed(const DeviceClass *klass, ConfigNode *options)
{
    const ConfigNode *addr = config_map_peek(options, "addr");
    guint64 n;

    if (!dialect_get()->addr_is_disk || !addr ||
        ((const VirtioDeviceClass *)klass)->device_id != VIRTIO_ID_BLOCK ||
        !config_node_to_uint(addr, "addr", 0, G_MAXUINT32, &n, NULL)) {
        return NULL;
    }
    return nth_disk(n);
}

/*
 * First those that the guest has never met a device in. One whose driver has not let
 * go is for StratoVirt's hot-replace only, which names it.
 */
static BusFit bus_fits(const Bus *bus, const DeviceClass *klass, ConfigNode *options)
{
    const VirtioMmio *wanted = addressed(klass, options), *m = bus->opaque;

    if (wanted) {
        return wanted == m ? BUS_SUITS : BUS_REFUSES;
    }
    if (m->vacant) {
        return BUS_REFUSES;
    }
    return m->used ? BUS_LAST_CHOICE : BUS_SUITS;
}

/* The guest cannot be asked. */
static gboolean bus_request_unplug(Bus *bus, Device *dev, GError **errp)
{
    const VirtioPort *port = &((VirtioMmio *)bus->opaque)->port;

    if (port->status && port->device_id != VIRTIO_ID_BLOCK) {
        return error_set(errp,
                         "Device '%s' (%s) is in use by the guest's driver, and cannot "
                         "be unplugged on this machine",
                         dev->id ? dev->id : bus->name, dev->klass->name);
    }
    device_unplug(dev);
    return TRUE;
}

static gboolean bus_pre_plug(Bus *bus, Device *dev, GError **errp)
{
    ((VirtioDevice *)dev)->no_messages = "virtio-mmio";
    return TRUE;
}

static const BusClass bus_class = {
    .type = VIRTIO_BUS_TYPE,
    .max_devices = 1,
    .pre_plug = bus_pre_plug,
    .plug = bus_plug,
    .unplug = bus_unplug,
    .fits = bus_fits,
    .request_unplug = bus_request_unplug,
};

/* Device */

static gboolean mmio_realize(Device *device, GError **errp)
{
    VirtioMmio *m = (VirtioMmio *)device;
    g_autofree char *name = g_strdup_printf("virtio-mmio-bus.%u", m->slot);

    m->region = region_new_io(name, VIRTIO_MMIO_SIZE, &region_ops, m);
    if (!address_map_put(address_map_memory(), &m->region, m->addr, errp)) {
        return FALSE;
    }
    m->bus = bus_new(&bus_class, name, device, m);
    virtio_port_init(&m->port, &transport_ops, device, dma_space_memory(), m->bus->name);
    irq_line_set_pending(m->irq, irq_pending, m);
    slots = g_slist_append(slots, m);
    return TRUE;
}

static void mmio_unrealize(Device *device)
{
    VirtioMmio *m = (VirtioMmio *)device;

    slots = g_slist_remove(slots, m);
    virtio_mmio_drop_vacant(m);
    virtio_port_finalize(&m->port);
    irq_line_set_pending(m->irq, NULL, NULL);
    address_map_take(&m->region);
    bus_free(m->bus);
}

static void mmio_reset(Device *device)
{
    VirtioMmio *m = (VirtioMmio *)device;

    m->device_features_sel = m->driver_features_sel = m->queue_sel = 0;
    drop_vacant(m);
    m->used = m->port.dev != NULL;
    virtio_port_reset(&m->port);
}

static void mmio_quiesce(Device *device, void (*done)(void *opaque), void *opaque)
{
    virtio_port_quiesce(&((VirtioMmio *)device)->port, done, opaque);
}

static gboolean is_vacant(void *opaque)
{
    return ((VirtioMmio *)opaque)->vacant;
}

static gboolean mmio_post_load(void *opaque, guint32 version, GError **errp)
{
    VirtioMmio *m = opaque;

    drop_vacant(m); /* of a stream that was not taken in the end */
    if (!virtio_mmio_load_vacant(m, errp) || !virtio_port_post_load(&m->port, errp)) {
        return FALSE;
    }
    if (m->vacant) {
        tell_presence(m, TRUE);
    }
    return TRUE;
}

static const StateField state_fields[] = {
    STATE_FIELD("device_features_sel", STATE_U32, VirtioMmio, device_features_sel),
    STATE_FIELD("driver_features_sel", STATE_U32, VirtioMmio, driver_features_sel),
    STATE_FIELD("queue_sel", STATE_U32, VirtioMmio, queue_sel),
    STATE_FIELD("used", STATE_BOOL, VirtioMmio, used, .optional = TRUE),
    STATE_FIELD("vacancy", STATE_STRUCT, VirtioMmio, vacancy, .needed = is_vacant,
                .nested = &virtio_vacancy_state, .stride = sizeof(VirtioVacancy)),
    STATE_FIELD("port", STATE_STRUCT, VirtioMmio, port, .nested = &virtio_port_state,
                .stride = sizeof(VirtioPort)),
    { NULL },
};

static const StateDesc mmio_state = {
    .name = "virtio-mmio",
    .version = 1,
    .fields = state_fields,
    .post_load = mmio_post_load,
};

static char *mmio_boot_name(const Device *device)
{
    return g_strdup_printf("virtio-mmio@%016" G_GINT64_MODIFIER "x",
                           ((const VirtioMmio *)device)->addr);
}

const DeviceClass virtio_mmio_class = {
    .name = "virtio-mmio",
    .desc = "Virtio transport: a slot of the board",
    .instance_size = sizeof(VirtioMmio),
    .state = &mmio_state,
    .realize = mmio_realize,
    .unrealize = mmio_unrealize,
    .reset = mmio_reset,
    .quiesce = mmio_quiesce,
    .boot_name = mmio_boot_name,
};

gboolean virtio_mmio_create(unsigned slot, guint64 addr, IrqLine *irq, GError **errp)
{
    g_autoptr(Device) device = device_new(&virtio_mmio_class);
    VirtioMmio *m = (VirtioMmio *)device;

    device->path = g_strdup_printf("/machine/virtio-mmio[%u]", slot);
    m->slot = slot;
    m->addr = addr;
    m->irq = irq;
    return device_realize(device, NULL, errp);
}
