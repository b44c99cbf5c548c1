/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The legacy interface of virtio over PCI (virtio 1.2, 4.1.4.8 and 4.1.2.3): registers in
 * I/O space, IDs and a revision of their own. A function that has the modern interface,
 * too, is a transitional one. Registers are as wide as they are: what is read elsewhere
 * in between is ones, as QEMU's.
 */
#include <linux/virtio_ids.h>

#include "pci/bus.h"
#include "pci/msix.h"
#include "util/error.h"
#include "virtio/pci-internal.h"

#define LEGACY_REVISION 0

/* 4.1.2.1: IDs of transitional functions; the numbers of types are of later. */
static const struct {
    guint16 type, id;
} ids[] = {
    { VIRTIO_ID_NET, 0x1000 },     { VIRTIO_ID_BLOCK, 0x1001 },
    { VIRTIO_ID_BALLOON, 0x1002 }, { VIRTIO_ID_CONSOLE, 0x1003 },
    { VIRTIO_ID_SCSI, 0x1004 },    { VIRTIO_ID_RNG, 0x1005 },
    { VIRTIO_ID_9P, 0x1009 },
};

static guint32 type_of(const VirtioPci *v)
{
    return virtio_device_get_class((const VirtioDevice *)v->backend)->device_id;
}

static gboolean has_legacy(const VirtioPci *v)
{
    return v->disable_legacy == ON_OFF_AUTO_OFF;
}

/* 0: of a type that came later, and has no legacy interface. */
static guint16 transitional_id(const VirtioPci *v)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++) {
        if (ids[i].type == type_of(v)) {
            return ids[i].id;
        }
    }
    return 0;
}

void virtio_pci_identify(PciDevice *dev)
{
    VirtioPci *v = (VirtioPci *)dev;

    if (!has_legacy(v)) {
        return;
    }
    pci_set(dev, PCI_DEVICE_ID, 2, transitional_id(v));
    pci_set(dev, PCI_REVISION_ID, 1, LEGACY_REVISION);
    pci_set(dev, PCI_SUBSYSTEM_ID, 2, type_of(v));
}

/* Which there are */

void virtio_pci_init_transitional(Device *dev)
{
    VirtioPci *v = (VirtioPci *)dev;

    v->kind = VIRTIO_PCI_TRANSITIONAL;
    v->disable_legacy = ON_OFF_AUTO_OFF;
}

void virtio_pci_init_non_transitional(Device *dev)
{
    VirtioPci *v = (VirtioPci *)dev;

    v->kind = VIRTIO_PCI_NON_TRANSITIONAL;
    v->disable_legacy = ON_OFF_AUTO_ON;
}

/* QEMU's classes of these names do not have the properties; here they cannot differ. */
static gboolean check_kind(const VirtioPci *v, GError **errp)
{
    OnOffAuto wanted =
        v->kind == VIRTIO_PCI_TRANSITIONAL ? ON_OFF_AUTO_OFF : ON_OFF_AUTO_ON;
    const char *which = v->disable_modern                  ? "disable-modern"
                        : v->disable_legacy != (int)wanted ? "disable-legacy"
                                                           : NULL;

    return v->kind == VIRTIO_PCI_ANY || !which ||
           error_set(errp, "Property '%s.%s' not found: the device's name says it",
                     v->pci.device.klass->name, which);
}

gboolean virtio_pci_behind_port(const VirtioPci *v)
{
    return v->pci.bus->bridge && v->pci.bus->express;
}

gboolean virtio_pci_choose_interfaces(VirtioPci *v, GError **errp)
{
    if (!check_kind(v, errp)) {
        return FALSE;
    }
    if (v->disable_legacy == ON_OFF_AUTO_AUTO) { /* there is little I/O space for ports */
        v->disable_legacy = virtio_pci_behind_port(v) || !transitional_id(v)
                                ? ON_OFF_AUTO_ON
                                : ON_OFF_AUTO_OFF;
    }
    if (has_legacy(v) && !transitional_id(v)) {
        return error_set(errp, "%s: device is modern-only, use disable-legacy=on",
                         v->pci.device.klass->name);
    }
    if (v->disable_modern && !has_legacy(v)) {
        return error_set(errp,
                         "%s: device cannot work as neither modern nor legacy mode is "
                         "enabled; set either disable-modern or disable-legacy to off",
                         v->pci.device.klass->name);
    }
    return TRUE;
}

/* Registers: 4.1.4.8 */

static guint64 legacy_read(void *opaque, guint64 offset, unsigned size)
{
    VirtioPci *v = opaque;
    gboolean msix = msix_enabled(&v->pci);
    const Virtqueue *vq = virtio_port_queue(&v->port, v->queue_select);

    if (offset >= VIRTIO_PCI_CONFIG_OFF(msix)) {
        return virtio_port_config_read(
            &v->port, (unsigned)offset - VIRTIO_PCI_CONFIG_OFF(msix), size);
    }
    switch (offset) {
    case VIRTIO_PCI_HOST_FEATURES:
        return virtio_port_legacy_features(&v->port);
    case VIRTIO_PCI_GUEST_FEATURES:
        return (guint32)v->port.driver_features;
    case VIRTIO_PCI_QUEUE_PFN:
        return virtio_port_legacy_page(&v->port, v->queue_select);
    case VIRTIO_PCI_QUEUE_NUM: /* 0: there is no such queue */
        return vq ? vq->num_max : 0;
    case VIRTIO_PCI_QUEUE_SEL:
        return v->queue_select;
    case VIRTIO_PCI_QUEUE_NOTIFY:
        return 0;
    case VIRTIO_PCI_STATUS:
        return virtio_port_legacy_status(&v->port);
    case VIRTIO_PCI_ISR:
        return virtio_pci_read_isr(v);
    case VIRTIO_MSI_CONFIG_VECTOR:
        return v->wanted[v->n_vectors - 1];
    case VIRTIO_MSI_QUEUE_VECTOR:
        return vq ? v->wanted[vq->index] : VIRTIO_MSI_NO_VECTOR;
    default:
        return G_MAXUINT32;
    }
}

/*
 * Drivers of before Linux 2.6.34 leave bus mastering off; QEMU switches it on for them
 * when they say that they are there.
 */
static void write_status(VirtioPci *v, guint8 status)
{
    if (status == (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)) {
        guint32 command = pci_get(&v->pci, PCI_COMMAND, 2);
        pci_config_write(&v->pci, PCI_COMMAND, 2, command | PCI_COMMAND_MASTER);
    }
    virtio_port_legacy_write_status(&v->port, status);
}

static void write_vector(VirtioPci *v, guint64 offset, guint16 vector)
{
    const Virtqueue *vq = virtio_port_queue(&v->port, v->queue_select);

    if (offset == VIRTIO_MSI_CONFIG_VECTOR) {
        virtio_pci_set_vector(v, v->n_vectors - 1, vector);
    } else if (vq) {
        virtio_pci_set_vector(v, vq->index, vector);
    }
}

static void legacy_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    VirtioPci *v = opaque;
    gboolean msix = msix_enabled(&v->pci);

    if (offset >= VIRTIO_PCI_CONFIG_OFF(msix)) {
        virtio_port_config_write(&v->port, (unsigned)offset - VIRTIO_PCI_CONFIG_OFF(msix),
                                 size, (guint32)value);
        return;
    }
    switch (offset) {
    case VIRTIO_PCI_GUEST_FEATURES:
        virtio_port_legacy_write_features(&v->port, (guint32)value);
        break;
    case VIRTIO_PCI_QUEUE_PFN:
        virtio_port_legacy_write_page(&v->port, v->queue_select, (guint32)value);
        break;
    case VIRTIO_PCI_QUEUE_SEL:
        v->queue_select = (guint16)value;
        break;
    case VIRTIO_PCI_QUEUE_NOTIFY:
        virtio_port_legacy_notify(&v->port, (guint16)value);
        break;
    case VIRTIO_PCI_STATUS:
        write_status(v, (guint8)value);
        break;
    case VIRTIO_MSI_CONFIG_VECTOR:
    case VIRTIO_MSI_QUEUE_VECTOR:
        write_vector(v, offset, (guint16)value);
        break;
    default:
        break;
    }
}

static const RegionOps legacy_ops = { legacy_read, legacy_write, 1, 4, TRUE };

static guint64 power_of_two_from(guint64 size)
{
    guint64 power = 1;

    while (power < size) {
        power *= 2;
    }
    return power;
}

void virtio_pci_add_legacy(VirtioPci *v)
{
    guint8 space[VIRTIO_CONFIG_MAX] = { 0 };
    VirtioDevice *dev = (VirtioDevice *)v->backend;
    unsigned config = virtio_device_get_class(dev)->config(dev, space);
    guint64 size = power_of_two_from(VIRTIO_PCI_CONFIG_OFF(v->pci.msix.cap) + config);

    v->legacy = region_new_io("virtio-pci-legacy", size, &legacy_ops, v);
    pci_add_bar(&v->pci, VIRTIO_PCI_LEGACY_BAR, PCI_BAR_IO, v->legacy, size);
}
