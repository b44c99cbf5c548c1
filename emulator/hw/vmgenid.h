/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VM generation ID, "vmgenid" (Microsoft's "Virtual Machine Generation ID", QEMU's
 * docs/specs/vmgenid): 16 bytes in guest memory that are others in every VM that goes on
 * from the same state. A guest that finds them changed makes new random numbers, and
 * stops believing that nobody else has its identity.
 *
 * The board places a page with the ID where a table tells the guest (firmware/acpi.h);
 * firmware that places it says where by a fw_cfg file. A VM that comes in with another ID
 * than this one has it is given this one, and an ACPI event.
 *
 * All of it under the machine lock.
 */
#ifndef VIREO_HW_VMGENID_H
#define VIREO_HW_VMGENID_H

#include "device/device.h"

#define VMGENID_GPE 5 /* of GPE0 */

/* The page, as QEMU's firmware knows it: OVMF must not take it for a table. */
#define VMGENID_PAGE_SIZE    4096
#define VMGENID_PAGE_GUID    40
#define VMGENID_SIZE         16
#define VMGENID_PAGE_FILE    "etc/vmgenid_guid"
#define VMGENID_ADDRESS_FILE "etc/vmgenid_addr"

extern const DeviceClass vmgenid_class;

/* The one that there is; NULL: none. Borrowed. */
Device *vmgenid_find(void);
/* VMGENID_SIZE bytes as they are in guest memory; borrowed. */
const guint8 *vmgenid_bytes(const Device *dev);
/* As text; owned. */
char *vmgenid_text(const Device *dev);
/* Files for firmware that places the page. */
gboolean vmgenid_add_files(Device *dev, Device *fw_cfg, GError **errp);
/* Where the page is; 0: nowhere. Until the next reset. */
void vmgenid_set_address(Device *dev, guint64 address);
/* Tells the guest that the ID in its memory has changed. */
void vmgenid_set_event(Device *dev, void (*changed)(void *opaque), void *opaque);

#endif
