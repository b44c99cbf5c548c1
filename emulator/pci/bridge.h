/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI-to-PCI bridges (PCI-to-PCI Bridge 1.2): bus numbers, windows, secondary bus reset.
 */
#ifndef VIREO_PCI_BRIDGE_H
#define VIREO_PCI_BRIDGE_H

#include "pci/bus.h"

/* An address range that a bridge passes on; limit is its last byte. base > limit: none.
 */
typedef struct PciRange {
    guint64 base, limit;
} PciRange;

typedef enum PciWindow {
    PCI_WINDOW_IO,
    PCI_WINDOW_MEM,
    PCI_WINDOW_PREF, /* prefetchable memory, 64-bit */
    PCI_WINDOWS,
    PCI_KEEP_BUSES = PCI_WINDOWS, /* what else the layout keeps */
    PCI_KEEPS,
} PciWindow;

/* What the layout keeps for devices to come; PCI_RESERVE_DEFAULT: as it likes. */
#define PCI_RESERVE_DEFAULT G_MAXUINT64
typedef struct PciReserve {
    guint64 bus;                 /* numbers */
    guint64 window[PCI_WINDOWS]; /* bytes */
    guint64 pref32;              /* bytes of the prefetchable window, below 4 GiB */
} PciReserve;

typedef struct PciBridge {
    PciDevice pci;
    PciBus *bus;
    PciReserve reserve;
    gboolean slotted; /* behind it is the slot `slot` of `chassis` */
    guint8 chassis;
    guint16 slot;
    gboolean offered;             /* the hook of pci_bridge_set_hotplug() knows the bus */
    guint64 kept[PCI_KEEPS];      /* the layout's: bytes, bus numbers */
    Region *windows[PCI_WINDOWS]; /* aliases of the bus's containers in the parent's */
    PciRange shown[PCI_WINDOWS];  /* as they stand in the aliases */
    guint resets;                 /* of the bus, that wait */
    struct PciSlot *native; /* the slot behind it by its registers: pci/slot.h; or NULL */
} PciBridge;

extern const PciDeviceClass pci_bridge_class; /* abstract: parent of bridges */

/* Of classes that have an init of their own. */
void pci_bridge_init(Device *device);
/*
 * As of the functions in pci.h. The bus has the bridge's id as its name, and `slots`
 * slots: 1 behind an Express port that has one, else PCI_SLOTS. express: of the bus.
 */
gboolean pci_bridge_realize(PciDevice *dev, unsigned slots, gboolean express,
                            GError **errp);
void pci_bridge_unrealize(Device *dev);
void pci_bridge_reset(Device *dev);

/* bridge-place.c, for realize: what stands in the way; FALSE: something does. */
gboolean pci_bridge_check_slot(const PciBridge *b, GError **errp);
gboolean pci_bridge_check_reserve(const PciBridge *b, GError **errp);
/* After pci_bridge_realize(): what firmware is to keep free, by a capability. */
void pci_bridge_add_reserve(PciBridge *b);

/* The rows of `reserve` in the structure type_, whose member bridge_ is a PciBridge. */
#define PCI_BRIDGE_RESERVE(type_, bridge_)                                               \
    PCI_BRIDGE_RESERVE_ROW("bus-reserve", type_, bridge_.reserve.bus,                    \
                           "Bus numbers to keep free behind it; auto if not given"),     \
        PCI_BRIDGE_RESERVE_ROW("io-reserve", type_,                                      \
                               bridge_.reserve.window[PCI_WINDOW_IO],                    \
                               "Bytes of ports to keep free; auto if not given"),        \
        PCI_BRIDGE_RESERVE_ROW("mem-reserve", type_,                                     \
                               bridge_.reserve.window[PCI_WINDOW_MEM],                   \
                               "Bytes of memory to keep free; auto if not given"),       \
        PCI_BRIDGE_RESERVE_ROW("pref32-reserve", type_, bridge_.reserve.pref32,          \
                               "Bytes of prefetchable memory below 4 GiB to keep free; " \
                               "auto if not given"),                                     \
        PCI_BRIDGE_RESERVE_ROW("pref64-reserve", type_,                                  \
                               bridge_.reserve.window[PCI_WINDOW_PREF],                  \
                               "Bytes of prefetchable memory to keep free; auto if not " \
                               "given")
#define PCI_BRIDGE_RESERVE_ROW(name_, type_, member_, help_)                             \
    {                                                                                    \
        name_, PROP_SIZE, offsetof(type_, member_), "18446744073709551615",              \
            .guest = TRUE, .help = help_                                                 \
    }

/*
 * Who is told of the bus of each bridge that takes devices at run time: when it is there,
 * and when it goes. FALSE: it is one too many. Before there are bridges; NULL: nobody.
 */
typedef gboolean (*PciBridgeChanged)(PciBus *bus, gboolean there, void *opaque);
void pci_bridge_set_hotplug(PciBridgeChanged changed, void *opaque);
gboolean pci_bridge_has_hotplug(void);
/* At the end of realize. FALSE: see there; unrealize undoes it. */
gboolean pci_bridge_offer(PciBridge *b, GError **errp);

/* What the registers say, enabled or not. */
PciRange pci_bridge_window(const PciDevice *bridge, PciWindow window);
/* FALSE: it does not fit the registers' grain. */
gboolean pci_bridge_set_window(PciDevice *bridge, PciWindow window, PciRange range);

#endif
