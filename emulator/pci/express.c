/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI Express capability: 7.5.3 of the specification, version 2 of the structure. */
#include "pci/express.h"

#include "pci/internal.h"

#define LINK_WIDTH  32
#define LINK_SPEED  4    /* 16 GT/s */
#define LINK_SPEEDS 0x1e /* of Link Capabilities 2: all up to that */
#define ASPM_L0S    1    /* of Link Capabilities: the form that all have */
#define PORT_SHIFT  24
#define MAX_PAYLOAD 0 /* 128 bytes */

#define DEVICE_CONTROL                                                                   \
    (PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE |                  \
     PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD |            \
     PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ)
#define DEVICE_STATUS                                                                    \
    (PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD)
#define LINK_CONTROL (PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES)
#define ROOT_CONTROL                                                                     \
    (PCI_EXP_RTCTL_SECEE | PCI_EXP_RTCTL_SENFEE | PCI_EXP_RTCTL_SEFEE |                  \
     PCI_EXP_RTCTL_PMEIE)

static void set_link(PciDevice *dev, guint8 at, guint8 number)
{
    guint32 link = (guint32)LINK_WIDTH << 4 | LINK_SPEED;
    pci_set(dev, at + PCI_EXP_LNKCAP, 4,
            (guint32)number << PORT_SHIFT | ASPM_L0S << 10 | link);
    pci_set(dev, at + PCI_EXP_LNKSTA, 2, link);
    pci_set_writable(dev, at + PCI_EXP_LNKCTL, 2, LINK_CONTROL);
    pci_set(dev, at + PCI_EXP_LNKCAP2, 4, LINK_SPEEDS);
    pci_set(dev, at + PCI_EXP_LNKCTL2, 2, LINK_SPEED);
}

static void add(PciDevice *dev, guint8 offset, unsigned type, guint32 device_caps)
{
    guint8 at = pci_add_capability(dev, PCI_CAP_ID_EXP, offset, PCI_EXPRESS_CAP_SIZE);
    dev->express = at;
    pci_set(dev, at + PCI_EXP_FLAGS, 2, type << 4 | 2);
    pci_set(dev, at + PCI_EXP_DEVCAP, 4, PCI_EXP_DEVCAP_RBER | MAX_PAYLOAD | device_caps);
    pci_set_writable(dev, at + PCI_EXP_DEVCTL, 2, DEVICE_CONTROL);
    pci_set_write_clears(dev, at + PCI_EXP_DEVSTA, 2, DEVICE_STATUS);
}

void pci_add_express_endpoint(PciDevice *dev, guint8 offset)
{
    gboolean integrated = !dev->bus->bridge;
    add(dev, offset, integrated ? PCI_EXP_TYPE_RC_END : PCI_EXP_TYPE_ENDPOINT,
        PCI_EXP_DEVCAP_FLR);
    pci_set_writable(dev, dev->express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
    if (!integrated) {
        set_link(dev, dev->express, 0);
    }
}

/* A port that a slot can be behind. */
static void add_port(PciDevice *dev, guint8 offset, unsigned type, guint8 number)
{
    add(dev, offset, type, 0);
    guint8 at = dev->express;
    set_link(dev, at, number);
    pci_set(dev, at + PCI_EXP_LNKCAP, 4,
            pci_get(dev, at + PCI_EXP_LNKCAP, 4) | PCI_EXP_LNKCAP_DLLLARC);
}

void pci_add_express_root_port(PciDevice *dev, guint8 offset, guint8 number)
{
    add_port(dev, offset, PCI_EXP_TYPE_ROOT_PORT, number);
    pci_set_writable(dev, dev->express + PCI_EXP_RTCTL, 2, ROOT_CONTROL);
    pci_set_write_clears(dev, dev->express + PCI_EXP_RTSTA, 4, PCI_EXP_RTSTA_PME);
}

void pci_add_express_downstream_port(PciDevice *dev, guint8 offset, guint8 number)
{
    add_port(dev, offset, PCI_EXP_TYPE_DOWNSTREAM, number);
}

void pci_add_express_upstream_port(PciDevice *dev, guint8 offset, guint8 number)
{
    add(dev, offset, PCI_EXP_TYPE_UPSTREAM, 0);
    set_link(dev, dev->express, number);
}

/* On a root bus it has no link, but its type says that it has. */
void pci_add_express_pci_bridge(PciDevice *dev, guint8 offset)
{
    add(dev, offset, PCI_EXP_TYPE_PCI_BRIDGE, 0);
    set_link(dev, dev->express, 0);
}

/* 7.5.3.11, 7.5.3.8: with the first function that the guest may see. */
void pci_express_set_present(PciDevice *port, gboolean present)
{
    guint8 at = port->express;
    guint32 slot = pci_get(port, at + PCI_EXP_SLTSTA, 2) & ~(guint32)PCI_EXP_SLTSTA_PDS;
    guint32 link = pci_get(port, at + PCI_EXP_LNKSTA, 2) & ~(guint32)PCI_EXP_LNKSTA_DLLLA;
    pci_set(port, at + PCI_EXP_SLTSTA, 2, slot | (present ? PCI_EXP_SLTSTA_PDS : 0));
    pci_set(port, at + PCI_EXP_LNKSTA, 2, link | (present ? PCI_EXP_LNKSTA_DLLLA : 0));
}

/* 6.6.2: the bit reads as zero. */
gboolean pci_express_written(PciDevice *dev, unsigned offset, unsigned size)
{
    unsigned at = dev->express + PCI_EXP_DEVCTL;
    if (!dev->express || !pci_touches(offset, size, at, 2)) {
        return FALSE;
    }
    guint32 control = pci_get(dev, at, 2);
    if (!(control & PCI_EXP_DEVCTL_BCR_FLR) ||
        !(dev->write_mask[at + 1] & (PCI_EXP_DEVCTL_BCR_FLR >> 8))) {
        return FALSE;
    }
    pci_set(dev, at, 2, control & ~(guint32)PCI_EXP_DEVCTL_BCR_FLR);
    return TRUE;
}
