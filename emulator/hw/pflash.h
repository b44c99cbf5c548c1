/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parallel flash with Intel's command set, "cfi.pflash01": firmware and its variables,
 * as QEMU's PCs have it (one chip, a byte wide, blocks of 4 KiB).
 */
#ifndef VIREO_HW_PFLASH_H
#define VIREO_HW_PFLASH_H

#include "device/device.h"
#include "memory/ram.h"

#define PFLASH_BLOCK_SIZE 4096u

extern const DeviceClass pflash_class;

/*
 * Before realize, with the device's name set: the block node (by its drive=), whose size
 * is a multiple of PFLASH_BLOCK_SIZE, and where it is seen in memory.
 */
void pflash_set_address(Device *dev, guint64 address);
/* Its content; from realize on, borrowed. */
RamBlock *pflash_ram(Device *dev);

#endif
