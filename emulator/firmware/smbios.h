/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS tables (DMTF DSP0134, version 3.0): what a guest says of the machine it is on.
 * What the board has goes in, and out come structures that do not depend on where in
 * memory they will be. Firmware places them itself; for a kernel that starts without any,
 * smbios_place() does, with the entry point that it looks for in 0xf0000-0xfffff.
 */
#ifndef VIREO_FIRMWARE_SMBIOS_H
#define VIREO_FIRMWARE_SMBIOS_H

#include <glib.h>

#define SMBIOS_ALIGN 16 /* of the entry point */

/* RAM in the guest's memory. */
typedef struct SmbiosRange {
    guint64 start, size; /* bytes */
} SmbiosRange;

/* Strings are borrowed; NULL: not said. */
typedef struct SmbiosInfo {
    struct {
        const char *vendor; /* NULL: firmware says for itself (type 0) what it is */
        const char *version, *date;
        guint8 major, minor;
        gboolean uefi;
    } bios;
    struct {
        const char *manufacturer, *product, *version, *serial, *sku, *family;
        guint8 uuid[16]; /* as it is written; all zero: there is none */
    } system;
    struct {
        const char *manufacturer; /* NULL: no such structure (type 2) */
        const char *product, *version, *serial, *asset, *location;
    } board;
    struct {
        const char *manufacturer, *version, *serial, *asset, *sku;
    } chassis;
    struct {
        const char *socket_prefix; /* "CPU": CPU 0, CPU 1 ... */
        const char *manufacturer, *version, *serial, *asset, *part;
        guint64 id; /* CPUID 1: EAX, above it EDX */
        guint16 max_mhz, current_mhz;
        guint32 sockets, cores, threads; /* cores and threads: of one socket, in all */
    } processor;
    const char *memory_manufacturer;
    const SmbiosRange *ram; /* by address; in all at least one byte */
    unsigned n_ram;
} SmbiosInfo;

/* "33db4d5b-1ff7-401c-9657-7441c03dd766"; FALSE: it is none. */
gboolean smbios_parse_uuid(const char *text, guint8 uuid[16]);
/* The structures. */
GByteArray *smbios_build(const SmbiosInfo *info);
/* The 64-bit entry point (5.2.2) of structures at this address. */
GByteArray *smbios_entry_point(const GByteArray *structures, guint64 address);
/* Both as they stand in memory from base on. */
GByteArray *smbios_place(const GByteArray *structures, guint64 base);

#endif
