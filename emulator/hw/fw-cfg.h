/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware configuration, "fw_cfg_io" (QEMU's docs/specs/fw_cfg): items that firmware, or
 * the guest after it, selects by a key at port 510h and reads byte by byte at 511h, or by
 * DMA. Some have numbers of their own; the rest are files, whose keys and sizes a
 * directory tells.
 *
 * All of it under the machine lock. Items are there before the guest runs; afterwards
 * only the contents of files change, those of a few also by the guest.
 */
#ifndef VIREO_HW_FW_CFG_H
#define VIREO_HW_FW_CFG_H

#include "device/device.h"

extern const DeviceClass fw_cfg_class;

#define FW_CFG_PORT  0x510
#define FW_CFG_PORTS 12 /* selector, data, DMA */

/* Keys. */
enum {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_KERNEL_ADDR = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_NUMA = 0x0d,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDR = 0x16,
    FW_CFG_SETUP_SIZE = 0x17,
    FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,

    FW_CFG_ARCH_LOCAL = 0x8000, /* of x86, from here on */
    FW_CFG_ACPI_TABLES = 0x8000,
    FW_CFG_IRQ0_OVERRIDE = 0x8002,
    FW_CFG_HPET = 0x8004,
};

#define FW_CFG_NAME_MAX 55 /* bytes of a file's name */
/*
 * Begins the names of files that one side of a migration may lack; of all others both
 * have the same.
 */
#define FW_CFG_CARD_ROMS "genroms/"

gboolean fw_cfg_has_dma(const Device *dev);
/* The machine's, realized; NULL: it has none. Borrowed. */
Device *fw_cfg_find(void);

/* An item with a key of its own (below FW_CFG_FILE_FIRST); replaces what there was. */
void fw_cfg_set_bytes(Device *dev, guint16 key, const void *data, gsize len); /* copies */
/* The same without a copy; takes the reference. At most G_MAXUINT32 bytes. */
void fw_cfg_take_bytes(Device *dev, guint16 key, GBytes *bytes);
/* The number, little-endian, in n bytes. */
void fw_cfg_set_number(Device *dev, guint16 key, guint64 value, unsigned n);

/*
 * A file; copies. Its name is new and has 1 to FW_CFG_NAME_MAX bytes, and there is a
 * limit to the number of files: errors name the file.
 */
gboolean fw_cfg_add_file(Device *dev, const char *name, const void *data, gsize len,
                         GError **errp);
/*
 * A file that is made when the guest first selects it after each reset, together with
 * all that have the same opaque; and once more for its size, when the guest reads the
 * directory before, or again after devices have come or gone. make returns a new array
 * of at most FW_CFG_MADE_MAX bytes.
 */
typedef GByteArray *(*FwCfgMake)(void *opaque);
gboolean fw_cfg_add_made_file(Device *dev, const char *name, FwCfgMake make, void *opaque,
                              GError **errp);
#define FW_CFG_MADE_MAX (2u << 20)
/*
 * A file of len bytes (at most FW_CFG_WRITABLE_MAX) that the guest reads and, by DMA,
 * writes: data is the caller's, who keeps it in his own state rows and takes the file
 * away before it goes. written is called after each request that wrote to it.
 */
typedef void (*FwCfgWritten)(void *opaque, guint32 offset, guint32 len);
gboolean fw_cfg_add_writable_file(Device *dev, const char *name, guint8 *data,
                                  guint32 len, FwCfgWritten written, void *opaque,
                                  GError **errp);
#define FW_CFG_WRITABLE_MAX 4096u
/* Of one that is there, and none that is made; those behind it get other keys. */
void fw_cfg_remove_file(Device *dev, const char *name);
/*
 * Other contents for a file that has been added and is none that is made; copies. What
 * the guest has selected stays as it is until it selects it again.
 */
void fw_cfg_set_file(Device *dev, const char *name, const void *data, gsize len);

#endif
