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

/* Where a connector leads (type 8). */
typedef struct SmbiosPort {
    char *internal, *external;
    guint8 connector, port; /* numbers of 7.9.2 and 7.9.3 */
} SmbiosPort;

/* A device that is soldered to the board (type 41). */
typedef struct SmbiosOnboard {
    char *designation, *pcidev;
    int kind; /* from 0: the numbers of 7.42.2, less 1 */
    guint8 instance;
    guint8 bus, devfn; /* of pcidev */
} SmbiosOnboard;

#define SMBIOS_TYPES 256

/*
 * What users say by -smbios (smbios-options.h), and what the board says where they do
 * not. Strings that are NULL are not said, and empty ones are none.
 */
typedef struct SmbiosInfo {
    struct {
        char *vendor, *version, *date, *release;
        guint8 major, minor;
        gboolean uefi;
    } bios; /* only if told: firmware says for itself what it is */
    struct {
        char *manufacturer, *product, *version, *serial, *sku, *family, *uuid;
    } system;
    struct {
        char *manufacturer, *product, *version, *serial, *asset, *location;
    } board; /* only if told */
    struct {
        char *manufacturer, *version, *serial, *asset, *sku;
    } chassis;
    struct {
        char *socket_prefix; /* "CPU": CPU 0, CPU 1 ... */
        char *manufacturer, *version, *serial, *asset, *part;
        guint64 id; /* CPUID 1: EAX, above it EDX */
        guint16 max_mhz, current_mhz;
    } processor;
    struct {
        char *locator_prefix; /* "DIMM": DIMM 0, DIMM 1 ... */
        char *bank, *manufacturer, *serial, *asset, *part;
        guint16 speed; /* MT/s */
    } memory;
    GPtrArray *ports, *strings,
        *onboard;              /* SmbiosPort, char, SmbiosOnboard; NULL: none */
    GByteArray *loaded;        /* whole structures; NULL: none */
    guint8 told[SMBIOS_TYPES]; /* types of which there are fields, */
    guint8 has[SMBIOS_TYPES];  /* or a structure in `loaded` */

    /* The machine's. */
    guint8 uuid[16];                 /* as it is written; all zero: there is none */
    guint32 sockets, cores, threads; /* cores and threads: of one socket, in all */
    const SmbiosRange *ram;          /* by address; in all at least one byte */
    unsigned n_ram;
} SmbiosInfo;

/* "33db4d5b-1ff7-401c-9657-7441c03dd766"; FALSE: it is none. */
gboolean smbios_parse_uuid(const char *text, guint8 uuid[16]);
/* The structures. */
GByteArray *smbios_build(const SmbiosInfo *info);
/* The 64-bit entry point (5.2.2) of structures at this address. */
GByteArray *smbios_entry_point(const GByteArray *structures, guint64 address);
/* The same for firmware, which fills in address and checksum. */
GByteArray *smbios_anchor(const GByteArray *structures);
/* Both as they stand in memory from base on. */
GByteArray *smbios_place(const GByteArray *structures, guint64 base);

#endif
