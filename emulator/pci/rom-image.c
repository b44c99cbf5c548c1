/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an option ROM says of itself (PCI 3.0, 6.3.1). */
#include <string.h>

#include "pci/internal.h"

#define SIGNATURE    0xaa55
#define CHECKSUM     6 /* a byte that nobody uses: it makes the sum of a BIOS image 0 */
#define DATA_POINTER 0x18
#define DATA_SIZE    0x18 /* of the structure that it points to: "PCIR" */
#define DATA_VENDOR  4
#define DATA_DEVICE  6

static void put_le16(guint8 *at, guint16 value)
{
    value = GUINT16_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

static guint16 get_le16(const guint8 *at)
{
    guint16 value;

    memcpy(&value, at, sizeof(value));
    return GUINT16_FROM_LE(value);
}

static guint8 sum_of(guint16 value)
{
    return (guint8)(value + (value >> 8));
}

gboolean pci_rom_set_ids(guint8 *image, guint64 size, guint16 vendor, guint16 device)
{
    if (size < DATA_POINTER + 2 || get_le16(image) != SIGNATURE) {
        return FALSE;
    }
    guint16 at = get_le16(image + DATA_POINTER);
    if (at < DATA_POINTER + 2 || size < DATA_SIZE || at > size - DATA_SIZE ||
        memcmp(image + at, "PCIR", 4) != 0) {
        return FALSE;
    }
    guint8 *old_vendor = image + at + DATA_VENDOR, *old_device = image + at + DATA_DEVICE;
    if (get_le16(old_vendor) == vendor && get_le16(old_device) == device) {
        return FALSE;
    }
    image[CHECKSUM] =
        (guint8)(image[CHECKSUM] + sum_of(get_le16(old_vendor)) - sum_of(vendor) +
                 sum_of(get_le16(old_device)) - sum_of(device));
    put_le16(old_vendor, vendor);
    put_le16(old_device, device);
    return TRUE;
}
