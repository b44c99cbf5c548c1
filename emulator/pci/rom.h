/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option ROMs (PCI 3.0, 6.3): code of a function for firmware, from a file of the host
 * (config/data-file.h). It is mapped, not read: its pages are the host's until the guest
 * looks at them, and all VMs have the same ones. To a migration it is RAM.
 *
 * A card has the ROM that romfile= names, none with romfile= alone, or else that of its
 * class, where the host has it. With rombar=0 firmware loads it from fw_cfg.
 *
 * All under the machine lock, main thread.
 */
#ifndef VIREO_PCI_ROM_H
#define VIREO_PCI_ROM_H

#include "pci/bus.h"

/*
 * Opens the ROMs that classes have by themselves, also for cards to come: these are
 * plugged when no file can be opened any more. Before any card is realized; a second time
 * it does nothing.
 */
void pci_rom_open_defaults(void);
void pci_rom_close_defaults(void);

/*
 * Calls fn for each ROM of a card that has no BAR for it, once for a file that several
 * have. name: of the file, without directories. FALSE: fn's error, or that it cannot be
 * read.
 */
typedef gboolean (*PciRomFn)(const char *name, GBytes *image, void *opaque,
                             GError **errp);
gboolean pci_rom_foreach_without_bar(PciRomFn fn, void *opaque, GError **errp);

#endif
