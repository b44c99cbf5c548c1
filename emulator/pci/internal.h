/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of pci/. */
#ifndef VIREO_PCI_INTERNAL_H
#define VIREO_PCI_INTERNAL_H

#include "pci/bus.h"

/* The class itself or the nearest ancestor in pci/ whose member is set; NULL: none. */
#define PCI_CLASS_WITH(dev_, member)                                                     \
    ({                                                                                   \
        const PciDeviceClass *k_ = pci_device_get_class(dev_);                           \
        while (k_ && !k_->member) {                                                      \
            k_ = pci_class_parent(k_);                                                   \
        }                                                                                \
        k_;                                                                              \
    })

static inline const PciDeviceClass *pci_class_parent(const PciDeviceClass *klass)
{
    return klass == &pci_device_class ? NULL
                                      : (const PciDeviceClass *)klass->device.parent;
}

/* config.c: everything that follows from the registers. */
void pci_config_apply(PciDevice *dev);
extern const StateDesc pci_device_state;

/* slots.c: the address that addr= names, or a free one; dev->bus stays until the next. */
gboolean pci_bus_take_address(PciBus *bus, PciDevice *dev, GError **errp);
void pci_bus_give_address(PciBus *bus, PciDevice *dev);

/* bus.c: the guest has been asked to let go of it, and has some time to do so. */
gboolean pci_unplug_too_early(const PciDevice *dev, GError **errp);
void pci_unplug_asked(PciDevice *dev);

/* bridge.c: the bus behind it is held in reset. NULL: no. */
gboolean pci_bridge_resets(const PciDevice *bridge);
/* Resets what is on the bus behind it; the vCPU waits, and nothing answers meanwhile. */
void pci_bridge_reset_bus(PciDevice *bridge);

/* bar.c */
unsigned pci_bar_register(const PciDevice *dev, unsigned bar);
void pci_bars_free(PciDevice *dev);

/* rom.c: with its BAR, or with nothing where it has no ROM; after its BARs are gone. */
gboolean pci_rom_add(PciDevice *dev, GError **errp);
void pci_rom_remove(PciDevice *dev);
/*
 * rom-image.c: a class's ROM is one for several devices that differ in their IDs, and
 * says of itself that it is for this one, as firmware looks. FALSE: nothing has been
 * written; it says so already, or is no such image. The file is the host's, but any.
 */
gboolean pci_rom_set_ids(guint8 *image, guint64 size, guint16 vendor, guint16 device);
void pci_rom_acquire(Device *dev, DeviceChanged done, void *opaque);
void pci_rom_release(Device *dev, DeviceChanged done, void *opaque);

/* master.c: the DMA space follows Bus Master Enable. */
void pci_master_update(PciDevice *dev);
void pci_master_reset(PciDevice *dev); /* nothing is in flight */

/* intx.c */
/* Where the pin of a function that has one arrives: slot and pin (0: INTA#) there. */
const PciBus *pci_intx_at_root(const PciDevice *dev, unsigned *slot, unsigned *pin);
void pci_intx_update(PciDevice *dev);
void pci_intx_connect(PciDevice *dev);
void pci_intx_disconnect(PciDevice *dev);

/* msi.c, msix.c: as the registers say; and the vectors' state for a stream. */
void pci_msi_update(PciDevice *dev);
void pci_msi_reset(PciDevice *dev);
void pci_msi_free(PciDevice *dev);
void pci_msi_config_read(PciDevice *dev, unsigned offset, unsigned size);
void pci_msi_save(PciDevice *dev);
void pci_msi_load(PciDevice *dev);
void msix_update(PciDevice *dev);
void msix_reset(PciDevice *dev);
void msix_free(PciDevice *dev);
void msix_save(PciDevice *dev);
void msix_load(PciDevice *dev);

/* express.c: a write to the capability; TRUE: the guest asks for a function reset. */
gboolean pci_express_written(PciDevice *dev, unsigned offset, unsigned size);

/* capability.c: the power state that the guest has set; 0: D0. */
unsigned pci_power_state(const PciDevice *dev);
void pci_power_written(PciDevice *dev, guint16 old);

/* Changes of regions in one transaction that nobody refuses. */
void pci_map_begin(void);
void pci_map_end(void);

#endif
