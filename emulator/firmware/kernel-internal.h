/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the loaders: where boot data lies below 1 MiB, and the image in parts. */
#ifndef VIREO_FIRMWARE_KERNEL_INTERNAL_H
#define VIREO_FIRMWARE_KERNEL_INTERNAL_H

#include "firmware/kernel.h"

#define BOOT_GDT         0x00500
#define BOOT_START_INFO  0x06000 /* PVH: start info, modules, memory map */
#define BOOT_ZERO_PAGE   0x07000 /* bzImage */
#define BOOT_STACK       0x08ff0
#define BOOT_PAGE_TABLES 0x09000
#define BOOT_CMDLINE     0x20000
#define BOOT_CMDLINE_MAX 0x10000
#define BOOT_LOW_END     0x9fc00  /* RAM as PCs have it */
#define BOOT_RESERVED    0xa0000  /* ... up to 1 MiB */
#define BOOT_HIGH_START  0x100000 /* kernels from here on */
#define FOUR_GIB         0x100000000ull

/* A part of the file that goes to memory; what exceeds file_size is zeroed. */
typedef struct Segment {
    guint64 file_offset, file_size;
    guint64 address, memory_size;
} Segment;

struct Kernel {
    BootMemory memory;
    char *path, *initrd_path, *cmdline;
    char *told;        /* cmdline with what kernel_tell_tsc() added; NULL: nothing */
    int fd, initrd_fd; /* -1: none */
    guint64 size, initrd_size;
    GArray *segments; /* Segment */
    guint64 entry;
    guint64 end;          /* first byte that neither kernel nor its start need */
    guint64 initrd_max;   /* highest address of an initrd's last byte */
    guint64 initrd_addr;  /* 0: none */
    guint64 cmdline_max;  /* bytes without the terminator */
    GBytes *setup_header; /* bzImage: what goes to the zero page, from 0x1f1 on */
};

/* What `-kernel` is; the first 1 KiB (or less) of the file is given. */
gboolean bzimage_probe(const guint8 *head, gsize len);
gboolean bzimage_open(Kernel *kernel, const guint8 *head, gsize len, GError **errp);
gboolean bzimage_start(const Kernel *kernel, BootState *boot, GError **errp);

gboolean pvh_probe(const guint8 *head, gsize len);
gboolean pvh_open(Kernel *kernel, const guint8 *head, gsize len, GError **errp);
gboolean pvh_start(const Kernel *kernel, BootState *boot, GError **errp);

/* The memory map as both protocols number it: 1 RAM, 2 reserved. */
typedef struct E820Entry {
    guint64 address, size;
    guint32 type;
} E820Entry;
#define E820_MAX 5
unsigned e820_build(const BootMemory *memory, E820Entry entries[E820_MAX]);

/* How long the command line may be, without the terminator. */
guint64 kernel_cmdline_limit(const Kernel *kernel);
gboolean kernel_write(guint64 address, const void *data, gsize len, GError **errp);
/* Exactly len bytes of the kernel file at offset; FALSE names the file. */
gboolean kernel_pread(const Kernel *kernel, void *buf, gsize len, guint64 offset,
                      GError **errp);

#endif
