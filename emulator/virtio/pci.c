/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The function that carries a virtio device: identification, BARs and capabilities, its
 * life and its rows. Where QEMU has them: the legacy interface in BAR 0, MSI-X in BAR 1,
 * the structures in BAR 4.
 *
 * The port is down while the function may not master the bus, and while it is quiesced
 * for a function-level reset, a reset of the bus or an unplug.
 */
#include <linux/virtio_config.h>
#include <string.h>

#include "accel/topology.h"
#include "pci/bus.h"
#include "pci/express.h"
#include "pci/msix.h"
#include "util/error.h"
#include "virtio/pci-internal.h"

#define ALL_VECTORS    G_MAXUINT32 /* vectors= is not given */
#define REGISTERS_SIZE 0x4000

static void pci_ioeventfd(Device *transport, Virtqueue *vq, gboolean on)
{
    VirtioPci *v = (VirtioPci *)transport;
    gboolean legacy = v->port.legacy; /* as long as queues are live */
    Region *region = legacy ? v->legacy : v->regions[VIRTIO_PCI_STRUCTURES - 1];
    guint64 at =
        legacy ? VIRTIO_PCI_QUEUE_NOTIFY : (guint64)vq->index * VIRTIO_PCI_MULTIPLIER;

    if (v->ioeventfd && on) {
        region_add_eventfd(region, at, legacy ? 2 : 0, legacy, vq->index, vq->kick_fd);
    } else if (v->ioeventfd) {
        region_del_eventfd(region, at, legacy ? 2 : 0, legacy, vq->index, vq->kick_fd);
    }
}

static void pci_driver_reset(Device *transport)
{
    VirtioPci *v = (VirtioPci *)transport;

    virtio_pci_forget_vectors(v);
    virtio_pci_read_isr(v);
}

static gboolean pci_by_message(Device *transport)
{
    return msix_enabled((PciDevice *)transport);
}

static const VirtioTransportOps transport_ops = {
    .ioeventfd = pci_ioeventfd,
    .vector_get = virtio_pci_vector_get,
    .vector_put = virtio_pci_vector_put,
    .interrupt = virtio_pci_interrupt,
    .by_message = pci_by_message,
    .driver_reset = pci_driver_reset,
};

/* The part's bus */

static gboolean bus_plug(Bus *bus, Device *dev, GError **errp)
{
    virtio_port_plug(&((VirtioPci *)bus->opaque)->port, (VirtioDevice *)dev);
    return TRUE;
}

static void bus_unplug(Bus *bus, Device *dev)
{
    VirtioPort *port = &((VirtioPci *)bus->opaque)->port;

    if (port->dev == (VirtioDevice *)dev) { /* it may have failed before that */
        virtio_port_unplug(port);
    }
}

static const BusClass bus_class = {
    .type = VIRTIO_BUS_TYPE,
    .max_devices = 1,
    .internal = TRUE,
    .plug = bus_plug,
    .unplug = bus_unplug,
};

/* Making it */

static gboolean check_vectors(const VirtioPci *v, GError **errp)
{
    return v->vectors == ALL_VECTORS || v->vectors <= MSIX_MAX_VECTORS ||
           error_set(errp, "Property '%s.vectors' value '%u' is not supported",
                     v->pci.device.klass->name, v->vectors);
}

static guint8 add_capability(VirtioPci *v, guint8 type, guint32 offset, guint32 length,
                             guint8 more)
{
    guint8 size = (guint8)sizeof(struct virtio_pci_cap) + more;
    guint8 at = pci_add_capability(&v->pci, PCI_CAP_ID_VNDR, 0, size);

    pci_set(&v->pci, at + VIRTIO_PCI_CAP_LEN, 1, size);
    pci_set(&v->pci, at + VIRTIO_PCI_CAP_CFG_TYPE, 1, type);
    pci_set(&v->pci, at + VIRTIO_PCI_CAP_BAR, 1, length ? VIRTIO_PCI_REGISTERS_BAR : 0);
    pci_set(&v->pci, at + VIRTIO_PCI_CAP_OFFSET, 4, offset);
    pci_set(&v->pci, at + VIRTIO_PCI_CAP_LENGTH, 4, length);
    return at;
}

static void add_structure(VirtioPci *v, const VirtioPciStructure *s)
{
    gboolean notify = s->type == VIRTIO_PCI_CAP_NOTIFY_CFG;
    guint8 at = add_capability(v, s->type, s->offset, s->size, notify ? 4 : 0);

    if (notify) {
        pci_set(&v->pci, at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4, VIRTIO_PCI_MULTIPLIER);
    }
}

/* 4.1.4.9: its fields are the driver's. */
static void add_window(VirtioPci *v)
{
    v->window = add_capability(v, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 4);
    pci_set_writable(&v->pci, v->window + VIRTIO_PCI_CAP_BAR, 1, 0xff);
    for (unsigned i = VIRTIO_PCI_CAP_OFFSET; i < sizeof(struct virtio_pci_cfg_cap);
         i += 4) {
        pci_set_writable(&v->pci, v->window + i, 4, G_MAXUINT32);
    }
}

static void add_registers(VirtioPci *v)
{
    Region *bar = region_new_container("virtio-pci", REGISTERS_SIZE);

    address_map_begin();
    for (unsigned i = 0; i < VIRTIO_PCI_STRUCTURES; i++) {
        const VirtioPciStructure *s = &virtio_pci_structures[i];
        v->regions[i] = region_new_io(s->name, s->size, s->ops, v);
        region_add_over(bar, v->regions[i], s->offset, 0);
    }
    address_map_settle();
    pci_add_bar(&v->pci, VIRTIO_PCI_REGISTERS_BAR, PCI_BAR_64 | PCI_BAR_PREFETCH, bar,
                REGISTERS_SIZE);
    for (unsigned i = 0; i < VIRTIO_PCI_STRUCTURES; i++) {
        add_structure(v, &virtio_pci_structures[i]);
    }
    add_window(v);
}

static void free_registers(VirtioPci *v)
{
    address_map_begin();
    for (unsigned i = 0; i < VIRTIO_PCI_STRUCTURES && v->regions[i]; i++) {
        region_remove(v->regions[i]);
    }
    address_map_settle();
    for (unsigned i = 0; i < VIRTIO_PCI_STRUCTURES; i++) {
        region_free(g_steal_pointer(&v->regions[i]));
    }
    v->window = 0;
    v->legacy = NULL; /* it goes with the BAR */
}

/* Of the queues that the device has turned out to have. */
static void make_vectors(VirtioPci *v)
{
    v->n_vectors = v->port.n_queues + 1;
    if (v->vectors == ALL_VECTORS) {
        guint16 n = ((const VirtioDevice *)v->backend)->n_vectors;
        v->vectors = n ? n : v->n_vectors;
    }
    v->wanted = g_new(guint16, v->n_vectors);
    v->held = g_new(guint16, v->n_vectors);
    v->resetting = g_new0(gboolean, v->n_vectors);
    virtio_pci_forget_vectors(v);
    if (v->vectors) {
        msix_init_bar(&v->pci, v->vectors, 0, VIRTIO_PCI_MSIX_BAR);
    }
}

static void make_port(VirtioPci *v)
{
    Device *device = &v->pci.device;

    v->intx_fd = -1;
    v->bus = bus_new(&bus_class, "virtio-bus", device, v);
    virtio_port_init(&v->port, &transport_ops, device, &v->pci.dma,
                     device->id ? device->id : device->path);
    v->port.no_dma = TRUE;
    v->port.has_legacy = v->disable_legacy == ON_OFF_AUTO_OFF;
    v->port.features = v->queue_reset ? 1ull << VIRTIO_F_RING_RESET : 0;
}

static void free_port(VirtioPci *v)
{
    virtio_port_finalize(&v->port);
    g_clear_pointer(&v->bus, bus_free);
}

static gboolean virtio_pci_realize(Device *device, GError **errp)
{
    VirtioPci *v = (VirtioPci *)device;

    if (!check_vectors(v, errp) || !virtio_pci_choose_interfaces(v, errp) ||
        !pci_device_realize(device, errp)) {
        return FALSE;
    }
    make_port(v);
    VirtioDevice *dev = (VirtioDevice *)v->backend;
    dev->auto_queues = MIN(cpu_topology.cpus, VIRTIO_QUEUE_MAX);
    dev->no_messages = v->vectors ? NULL : "vectors=0";
    dev->no_modern = v->disable_modern;
    if (!device_realize_part(v->backend, v->bus, errp)) {
        free_port(v);
        pci_device_unrealize(device);
        return FALSE;
    }
    make_vectors(v);
    if (!v->disable_modern) {
        add_registers(v);
    }
    if (v->port.has_legacy) {
        virtio_pci_add_legacy(v);
    }
    /* as QEMU's: on the root bus, and without the modern interface, there are none */
    if (virtio_pci_behind_port(v) && !v->disable_modern) {
        pci_add_power_management(&v->pci, 0);
        pci_add_express_endpoint(&v->pci, 0);
    }
    return TRUE;
}

static void virtio_pci_unrealize(Device *device)
{
    VirtioPci *v = (VirtioPci *)device;

    free_port(v);
    free_registers(v);
    v->n_vectors = 0;
    g_clear_pointer(&v->wanted, g_free);
    g_clear_pointer(&v->held, g_free);
    g_clear_pointer(&v->resetting, g_free);
    pci_device_unrealize(device);
}

static void virtio_pci_reset(Device *device)
{
    VirtioPci *v = (VirtioPci *)device;

    pci_device_reset(device);
    v->port.no_dma = TRUE;
    v->device_feature_select = v->driver_feature_select = v->queue_select = 0;
    virtio_pci_forget_vectors(v);
    virtio_port_reset(&v->port);
}

static void virtio_pci_quiesce(Device *device, void (*done)(void *opaque), void *opaque)
{
    virtio_port_quiesce(&((VirtioPci *)device)->port, done, opaque);
}

static void virtio_pci_stop_dma(PciDevice *dev, void (*done)(void *opaque), void *opaque)
{
    VirtioPort *port = &((VirtioPci *)dev)->port;

    port->no_dma = TRUE;
    virtio_port_stop(port, done, opaque);
}

static void virtio_pci_start_dma(PciDevice *dev)
{
    VirtioPort *port = &((VirtioPci *)dev)->port;

    port->no_dma = FALSE;
    virtio_port_update(port);
}

/* Rows */

static gboolean virtio_pci_post_load(void *opaque, guint32 version, GError **errp)
{
    VirtioPci *v = opaque;

    for (unsigned i = 0; i < v->n_vectors; i++) {
        if (v->wanted[i] != VIRTIO_MSI_NO_VECTOR && v->wanted[i] >= v->pci.msix.n) {
            return error_set(errp, "%s: vector %u of %u", v->port.name, v->wanted[i],
                             v->pci.msix.n);
        }
    }
    if (!virtio_port_post_load(&v->port, errp)) {
        return FALSE;
    }
    if (v->disable_modern && !v->port.legacy && virtio_port_is_live(&v->port)) {
        return error_set(errp,
                         "%s: the source's driver uses the modern interface, not "
                         "here",
                         v->port.name);
    }
    return TRUE;
}

static const StateField state_fields[] = {
    STATE_FIELD("device_feature_select", STATE_U32, VirtioPci, device_feature_select,
                .optional = TRUE),
    STATE_FIELD("driver_feature_select", STATE_U32, VirtioPci, driver_feature_select,
                .optional = TRUE),
    STATE_FIELD("queue_select", STATE_U16, VirtioPci, queue_select, .optional = TRUE),
    STATE_COUNTED("vectors", STATE_U16, VirtioPci, wanted, 0, n_vectors,
                  .indirect = TRUE),
    STATE_FIELD("port", STATE_STRUCT, VirtioPci, port, .nested = &virtio_port_state,
                .stride = sizeof(VirtioPort)),
    { NULL },
};

static const StateDesc virtio_pci_state = {
    .name = "virtio-pci",
    .version = 1,
    .fields = state_fields,
    .post_load = virtio_pci_post_load,
};

#define FIELD(name) offsetof(VirtioPci, name)
#define OFF(name_)                                                                       \
    {                                                                                    \
        name_, PROP_BOOL, .def = "off", .ignored = TRUE, .only = "off",                  \
                          .help = "not there"                                            \
    }
static const Property properties[] = {
    { "vectors", PROP_U32, FIELD(vectors), "4294967295", .guest = TRUE,
      .help = "MSI-X vectors, 0: none; one for each queue and one if not given" },
    { "ioeventfd", PROP_BOOL, FIELD(ioeventfd), "on",
      .help = "notifications without an exit to the emulator" },
    { "queue_reset", PROP_BOOL, FIELD(queue_reset), "on", .guest = TRUE,
      .help = "offer VIRTIO_F_RING_RESET" },
    { "disable-legacy", PROP_AUTO, FIELD(disable_legacy), "auto", .guest = TRUE,
      .help = "no legacy interface; auto: none behind an Express port" },
    { "disable-modern", PROP_BOOL, FIELD(disable_modern), "off", .guest = TRUE,
      .help = "no interface of virtio 1.0 and later" },
    OFF("ats"),
    OFF("aer"),
    OFF("page-per-vq"),
    OFF("modern-pio-notify"),
    PROPERTY_ONLY("class", PROP_U32, "0"),
    PROPERTY_ONLY("migrate-extra", PROP_BOOL, "on"),
    PROPERTY_ONLY("virtio-pci-bus-master-bug-migration", PROP_BOOL, "off"),
    PROPERTY_ONLY("x-ats-page-aligned", PROP_BOOL, "on|off"), /* of ATS */
    PROPERTY_ONLY("x-disable-pcie", PROP_BOOL, "off"),
    PROPERTY_ONLY("x-ignore-backend-features", PROP_BOOL, "off"),
    PROPERTY_ONLY("x-pcie-deverr-init", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-pcie-flr-init", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-pcie-lnkctl-init", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-pcie-pm-init", PROP_BOOL, "on"),
    { NULL },
};

const PciDeviceClass virtio_pci_class = {
    .device = {
        .name = "virtio-pci",
        .abstract = TRUE,
        .bus = PCI_BUS_TYPE,
        .desc = "Virtio over PCI",
        .parent = &pci_device_class.device,
        .instance_size = sizeof(VirtioPci),
        .properties = properties,
        .state = &virtio_pci_state,
        .realize = virtio_pci_realize,
        .unrealize = virtio_pci_unrealize,
        .reset = virtio_pci_reset,
        .quiesce = virtio_pci_quiesce,
    },
    .identify = virtio_pci_identify,
    .config_read = virtio_pci_window_read,
    .config_written = virtio_pci_window_written,
    .stop_dma = virtio_pci_stop_dma,
    .start_dma = virtio_pci_start_dma,
    .interrupts_changed = virtio_pci_interrupts_changed,
};
