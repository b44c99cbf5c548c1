/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PC's firmware: a BIOS (`-bios`, or SeaBIOS where nothing else is said), or flash with
 * the code (`-drive if=pflash,unit=0`, `-machine pflash0=`) and its variables (unit 1).
 * It ends at 4 GiB, where the reset vector is, and its last 128 KiB are seen below 1 MiB,
 * too. Or there is none: then the board starts the kernel, and does for it what firmware
 * would have done.
 *
 * All under the machine lock, on the main thread. Errors name option and value.
 */
#ifndef VIREO_MACHINE_FIRMWARE_H
#define VIREO_MACHINE_FIRMWARE_H

#include "block/block.h"
#include "device/device.h"
#include "memory/region.h"

#define FIRMWARE_FLASHES 2          /* code, variables */
#define FIRMWARE_MAX     0x1000000u /* what is fixed below it begins at 0xfec00000 */

typedef struct BoardFirmware {
    guint64 max_flash; /* before the check: bytes, of both flashes */

    gboolean direct; /* there is none; with a kernel, or with none under qtest */

    char *bios;                         /* -bios, or its default; NULL: none */
    GBytes *image;                      /* its content */
    BlockNode *nodes[FIRMWARE_FLASHES]; /* of the flashes; NULL: none */
    Device *flashes[FIRMWARE_FLASHES];  /* references */
    RamBlock *rom;                      /* the BIOS, or a copy of the flash's end */
    Region *below_4g;                   /* of the BIOS; NULL: not there */
} BoardFirmware;

/*
 * What the options say; creates nothing, but reads the BIOS. pflash: the values of
 * -machine pflash0= and pflash1=. Says in `direct` whether there is any.
 */
gboolean board_firmware_check(BoardFirmware *firmware, char *const *pflash,
                              ConfigNode *config, GError **errp);
/*
 * On the memory map; below 1 MiB it is PCI's. What there is when it fails,
 * board_firmware_free() takes.
 */
gboolean board_firmware_create(BoardFirmware *firmware, Device *pci_host, GError **errp);
/* Devices are unrealized. */
void board_firmware_free(BoardFirmware *firmware);

#endif
