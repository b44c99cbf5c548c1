/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that firmware loads: a bzImage whose parts, with initrd and command line, are
 * items of fw_cfg (the x86 boot protocol in 16-bit mode, and its EFI entry). The files are
 * read once; hostile input.
 */
#ifndef VIREO_FIRMWARE_KERNEL_ITEMS_H
#define VIREO_FIRMWARE_KERNEL_ITEMS_H

#include "device/device.h"

typedef struct KernelItems KernelItems;

/*
 * Reads kernel and initrd (NULL: none) and checks them; cmdline NULL: empty. low_ram:
 * bytes from 0 on. Errors name option and value.
 */
KernelItems *kernel_items_new(const char *path, const char *initrd, const char *cmdline,
                              guint64 low_ram, GError **errp);
void kernel_items_free(KernelItems *items); /* NULL: nothing */
/* The keys FW_CFG_KERNEL_*, _INITRD_*, _CMDLINE_*, _SETUP_*. */
void kernel_items_set(const KernelItems *items, Device *fw_cfg);

#endif
