/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bus Master Enable (PCI 3.0, 6.2.2): without it, or in D3hot (PCI PM 1.2, 5.4.1), the
 * function reaches no memory, and sends no message. A device that has guest memory pinned
 * is stopped first, and the vCPU that has cleared the bit waits for that.
 */
#include "pci/internal.h"

gboolean pci_bus_master(const PciDevice *dev)
{
    return dev->bus_mastering;
}

typedef struct Stop {
    PciDevice *dev; /* a reference */
    AccessHold *hold;
} Stop;

static void start(PciDevice *dev)
{
    const PciDeviceClass *with = PCI_CLASS_WITH(dev, start_dma);
    dma_space_open(&dev->dma);
    if (with) {
        with->start_dma(dev);
    }
}

/* Meanwhile it may be on again, or reset, or gone. */
static void stopped(void *opaque)
{
    Stop *s = opaque;
    PciDevice *dev = s->dev;
    if (--dev->stopping == 0) {
        if (dev->bus_mastering) {
            start(dev);
        } else {
            dma_space_close(&dev->dma);
        }
    }
    access_release(s->hold);
    device_unref(&dev->device);
    g_free(s);
}

static void stop(PciDevice *dev)
{
    const PciDeviceClass *with = PCI_CLASS_WITH(dev, stop_dma);
    if (!with) {
        dma_space_close(&dev->dma);
        return;
    }
    Stop *s = g_new(Stop, 1);
    *s = (Stop){ .dev = dev, .hold = access_hold() };
    device_ref(&dev->device);
    dev->stopping++;
    with->stop_dma(dev, stopped, s);
}

void pci_master_update(PciDevice *dev)
{
    gboolean on =
        (pci_get(dev, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) && pci_power_state(dev) == 0;
    if (on == dev->bus_mastering) {
        return;
    }
    dev->bus_mastering = on;
    if (!on) {
        stop(dev);
    } else if (!dev->stopping) {
        start(dev);
    }
}

void pci_master_reset(PciDevice *dev)
{
    dev->bus_mastering = FALSE;
    dma_space_close(&dev->dma);
}
