/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI functions: configuration space, base address registers, interrupts.
 * (PCI Local Bus 3.0, chapter 6; PCI Express Base 4.0, chapter 7.)
 *
 * A class that is derived from pci_device_class says what the header says. Its realize
 * calls pci_device_realize() first (it makes the configuration space), then adds
 * capabilities and BARs; its unrealize undoes its own and calls pci_device_unrealize()
 * last; its reset calls pci_device_reset() first. The bus gives the address before
 * realize, and shows the function to the guest after its reset.
 *
 * All of it under the machine lock.
 */
#ifndef VIREO_PCI_PCI_H
#define VIREO_PCI_PCI_H

#include <linux/pci.h> /* PCI_DEVFN(), PCI_SLOT(), PCI_FUNC(), register names */

#include "device/device.h"
#include "device/irq.h"
#include "device/msi.h"
#include "event/lock.h"
#include "memory/dma.h"

#define PCI_BUS_TYPE     "PCI"
#define PCI_CONFIG_SIZE  256
#define PCIE_CONFIG_SIZE 4096
#define PCI_BARS         6
#define PCI_BAR_ROM      PCI_BARS /* the expansion ROM's number among them */

#define PCI_VENDOR_REDHAT        0x1b36
#define PCI_VENDOR_REDHAT_VIRTIO 0x1af4 /* also of subsystems */
#define PCI_SUBSYSTEM_QEMU       0x1100 /* of PCI_VENDOR_REDHAT_VIRTIO */

typedef struct PciDevice PciDevice;
typedef struct PciBus PciBus;
/* pci/rom.c */
typedef struct PciRomFile PciRomFile;

typedef struct PciDeviceClass {
    DeviceClass device; /* .parent: &pci_device_class, or one derived from it */
    guint16 vendor_id, device_id;
    guint16 subsystem_vendor_id, subsystem_id; /* 0: QEMU's defaults; not of bridges */
    guint8 revision;
    guint32 class_code;  /* base class, sub-class, interface: 0x020000 */
    guint8 intx;         /* 1: INTA#; 0: no pin */
    gboolean bridge;     /* type 1 header */
    guint16 config_size; /* 0: PCI_CONFIG_SIZE */
    const char *romfile; /* its option ROM, where the host has it (pci/rom.h); or NULL */

    /*
     * The header has what is said above: where properties of the function say otherwise,
     * it is changed here, before the ROM is looked at. NULL: it is right.
     */
    void (*identify)(PciDevice *dev);
    /* The bytes of config at offset are about to be read. NULL: they are right. */
    void (*config_read)(PciDevice *dev, unsigned offset, unsigned size);
    /*
     * The guest has written there; masks and what this layer does are done. old: what
     * the same bytes were. NULL: nothing to do. An override calls its parent's.
     */
    void (*config_written)(PciDevice *dev, unsigned offset, unsigned size, guint32 old);
    /* All of it comes from a stream, and is checked. NULL: nothing follows from it. */
    void (*config_loaded)(PciDevice *dev);
    /*
     * Bus Master Enable or D0 went off: stop what reaches guest memory through pins, then
     * call done, now or later; the DMA space is closed then, unless it is on again. The
     * vCPU waits. NULL: nothing is ever pinned.
     */
    void (*stop_dma)(PciDevice *dev, void (*done)(void *opaque), void *opaque);
    /*
     * Bus mastering is on (the DMA space is open), after it was off; also while a stream
     * is loaded. NULL: nothing.
     */
    void (*start_dma)(PciDevice *dev);
    /*
     * MSI or MSI-X was switched on or off, also by a reset or a stream: see
     * pci_msi_enabled(), msix_enabled().
     */
    void (*interrupts_changed)(PciDevice *dev);
} PciDeviceClass;

extern const PciDeviceClass pci_device_class;

/* What a BAR decodes. */
typedef enum PciBarFlags {
    PCI_BAR_IO = 1,
    PCI_BAR_64 = 2, /* memory; takes the next register as well */
    PCI_BAR_PREFETCH = 4,
} PciBarFlags;

typedef struct PciBar {
    Region *region; /* NULL: none */
    guint64 size;   /* bytes, a power of two */
    guint8 flags;
} PciBar;

/* pci/msix.h */
typedef struct Msix {
    guint8 cap;                   /* offset of the capability; 0: none */
    guint32 n;                    /* vectors */
    guint32 table_size, pba_size; /* bytes */
    guint8 *table;
    guint8 *pba; /* as of loading and saving */
    MsiVector *vectors;
    Region *table_region, *pba_region;
    gboolean sends; /* enabled, not masked as a whole, and bus mastering is on */
} Msix;

/* pci/msi.h */
typedef struct PciMsi {
    guint8 cap;     /* 0: none */
    gboolean plain; /* no mask and pending bits */
    guint32 n;
    guint32 pending; /* as of loading and saving */
    MsiVector *vectors;
} PciMsi;

struct PciDevice {
    Device device;

    /* Properties of all PCI devices. */
    gint32 addr; /* wanted devfn; -1: the first free slot */
    gboolean multifunction;
    char *romfile; /* "": no ROM; NULL: the class's */
    guint32 rombar, romsize;
    guint32 acpi_index;

    PciBus *bus; /* from pre_plug to unplug */
    guint8 devfn;
    guint32 config_size;
    guint8 *config;
    guint8 *write_mask;  /* bits that the guest sets and clears */
    guint8 *clear_mask;  /* bits that it clears by writing 1 */
    guint16 config_used; /* end of the last capability that was put somewhere */
    guint8 express;      /* offset of the Express capability; 0: none */
    guint8 power;        /* of the Power Management capability; 0: none */
    PciBar bars[PCI_BARS + 1];
    guint8 left_out;        /* the layout's: BARs that it has no room for */
    DmaSpace dma;           /* through which the function reaches guest memory */
    gboolean bus_mastering; /* as stop_dma and start_dma were told */
    guint stopping;         /* stop_dma is under way, so often */
    IrqSource intx;
    gboolean intx_level; /* the function's own wish */
    gboolean messages;   /* MSI or MSI-X is on, as interrupts_changed was told */
    Msix msix;
    PciMsi msi;
    PciRomFile *rom_file; /* of one that is plugged, until it is mapped */
    RamBlock *rom;        /* what its BAR shows; a reference. NULL: it has none */
    gboolean announced;   /* the guest sees it (but see pci_bus_find()) */
    gboolean unseen; /* it has been plugged, and not been looked at; not in the stream:
                        what was plugged before a migration is as if it had been */
    guint resetting; /* function resets under way: it answers nothing */
    /*
     * ns of the virtual clock, when the guest was; 0: not. Of this process, not in the
     * stream: after a migration it may be asked again at once, as with QEMU.
     */
    gint64 unplug_asked;
    guint8 *loaded; /* the stream's configuration space */
    guint32 loaded_size;
};

static inline const PciDeviceClass *pci_device_get_class(const PciDevice *dev)
{
    return (const PciDeviceClass *)dev->device.klass;
}

gboolean pci_device_realize(Device *dev, GError **errp);
void pci_device_unrealize(Device *dev);
/* Configuration space as after power-on; BARs off, no bus mastering, no interrupt. */
void pci_device_reset(Device *dev);

/* [offset, offset + size) and [at, at + n) have a byte in common. */
static inline gboolean pci_touches(unsigned offset, unsigned size, unsigned at,
                                   unsigned n)
{
    return offset < at + n && at < offset + size;
}

/* Little-endian fields of the configuration space. Not the guest's way: no masks. */
guint32 pci_get(const PciDevice *dev, unsigned offset, unsigned size);
void pci_set(PciDevice *dev, unsigned offset, unsigned size, guint32 value);
/* The bits that the guest may write, in addition to those that it may already. */
void pci_set_writable(PciDevice *dev, unsigned offset, unsigned size, guint32 mask);
void pci_set_write_clears(PciDevice *dev, unsigned offset, unsigned size, guint32 mask);
/* The guest's way: size 1, 2 or 4, within a naturally aligned dword. */
guint32 pci_config_read(PciDevice *dev, unsigned offset, unsigned size);
void pci_config_write(PciDevice *dev, unsigned offset, unsigned size, guint32 value);

/* Capabilities (PCI 3.0, 6.7). offset 0: the next free one. Returns where it is. */
guint8 pci_add_capability(PciDevice *dev, guint8 id, guint8 offset, guint8 size);
/* Offset of the first with this id; 0: none. */
guint8 pci_find_capability(const PciDevice *dev, guint8 id);
/*
 * PCI Power Management 1.2: D0 and D3hot, in which no BAR decodes, and the function
 * neither masters the bus nor interrupts (what happens is pending). It keeps its state.
 */
void pci_add_power_management(PciDevice *dev, guint8 offset);

/*
 * BAR `bar` is the region, that belongs to the function from now on and is freed with
 * it (what is in it has been taken out by then). size: a power of two, at least 16 for
 * memory and 4 for I/O; the region may be smaller.
 */
void pci_add_bar(PciDevice *dev, unsigned bar, unsigned flags, Region *region,
                 guint64 size);
/* Where the guest has put it, decoded or not. */
guint64 pci_bar_address(const PciDevice *dev, unsigned bar);
/* Its command register lets it decode, and it is in D0. */
gboolean pci_bar_enabled(const PciDevice *dev, unsigned bar);
/* Puts BARs where the registers say. */
void pci_update_mapping(PciDevice *dev);

/* The level of the function's INTx pin; interrupt status follows, the line if it may. */
void pci_set_intx(PciDevice *dev, gboolean level);
/* Enabled, and in D0. */
gboolean pci_bus_master(const PciDevice *dev);

/*
 * Function-level reset, also for what resets like it: quiesce, then reset. The vCPU
 * whose access asks for it waits.
 */
void pci_function_reset(PciDevice *dev);

/* "0000:00:1f.0": domain, the number of its bus now, slot, function. Free it. */
char *pci_device_name(const PciDevice *dev);

#endif
