/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CMOS memory of a PC. SeaBIOS and OVMF read these bytes where fw_cfg does not say it
 * better; the places are QEMU's and Bochs'.
 */
#include "config.h"

#include <string.h>

#include "hw/rtc.h"

#define KIB 1024u
#define MIB (1024u * KIB)

#define EQUIPMENT      0x14
#define BASE_MEMORY    0x15 /* KiB, 16 bits */
#define EXT_MEMORY     0x17 /* KiB above 1 MiB, 16 bits */
#define EXT_MEMORY2    0x30 /* the same as POST has found it */
#define EXT_MEMORY_16M 0x34 /* 64 KiB above 16 MiB, 16 bits */
#define BOOT_ORDER_3   0x38 /* bits 7 to 4; bit 0: no check of a floppy's signature */
#define BOOT_ORDER     0x3d /* two nibbles, the first one first */
#define HIGH_MEMORY    0x5b /* 64 KiB above 4 GiB, 24 bits */
#define CPUS           0x5f /* less one */

#define EQUIPMENT_FPU   0x02
#define EQUIPMENT_MOUSE 0x04

static void set_number(Device *dev, unsigned offset, unsigned bytes, guint64 value)
{
    value = MIN(value, (1ull << 8 * bytes) - 1);
    for (unsigned i = 0; i < bytes; i++) {
        rtc_set_memory(dev, offset + i, (guint8)(value >> (8 * i)));
    }
}

static guint64 above(guint64 size, guint64 start)
{
    return size > start ? size - start : 0;
}

/* What the BIOS is to boot from, by QEMU's letters; 0: nothing. */
static guint8 boot_nibble(char letter)
{
    static const char letters[] = "acdn"; /* floppy, disk, CD, network */
    const char *at = letter ? strchr(letters, letter == 'b' ? 'a' : letter) : NULL;

    return at ? (guint8)(at - letters + 1) : 0;
}

static void set_boot_order(Device *dev, const RtcPc *pc)
{
    guint8 nibbles[3] = { 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(nibbles) && pc->boot_order[i]; i++) {
        nibbles[i] = boot_nibble(pc->boot_order[i]);
    }
    rtc_set_memory(dev, BOOT_ORDER, (guint8)(nibbles[1] << 4 | nibbles[0]));
    rtc_set_memory(dev, BOOT_ORDER_3,
                   (guint8)(nibbles[2] << 4 | (pc->no_fd_check ? 1 : 0)));
}

void rtc_set_pc(Device *dev, const RtcPc *pc)
{
    set_number(dev, EQUIPMENT, 1, EQUIPMENT_FPU | EQUIPMENT_MOUSE);
    set_number(dev, BASE_MEMORY, 2, MIN(pc->low_ram / KIB, 640));
    set_number(dev, EXT_MEMORY, 2, above(pc->low_ram, MIB) / KIB);
    set_number(dev, EXT_MEMORY2, 2, above(pc->low_ram, MIB) / KIB);
    set_number(dev, EXT_MEMORY_16M, 2, above(pc->low_ram, 16 * MIB) / (64 * KIB));
    set_number(dev, HIGH_MEMORY, 3, pc->high_ram / (64 * KIB));
    set_number(dev, CPUS, 1, pc->cpus - 1);
    set_boot_order(dev, pc);
}
