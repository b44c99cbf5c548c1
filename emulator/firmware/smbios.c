/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS structures. Sections are those of DSP0134, handles are as QEMU has them. */
#include "config.h"

#include "firmware/smbios.h"

#include <string.h>

#define KIB 1024u
#define MIB (1024u * 1024)
#define GIB (1024ull * MIB)

#define MAX_DIMM      (16 * GIB) /* RAM is told of in pieces of that, less than 32 */
#define NO_HANDLE     0xfffe     /* no error has been found */
#define UNKNOWN_WIDTH 0xffff
#define NO_CACHE      0xffff

/* Structures have the lowest of these handles and those after it. */
enum {
    HANDLE_BIOS = 0x0000,
    HANDLE_SYSTEM = 0x0100,
    HANDLE_BOARD = 0x0200,
    HANDLE_CHASSIS = 0x0300,
    HANDLE_PROCESSOR = 0x0400,
    HANDLE_PORT = 0x0800, /* QEMU 7.2's clash with the BIOS's */
    HANDLE_STRINGS = 0x0e00,
    HANDLE_ARRAY = 0x1000,
    HANDLE_DEVICE = 0x1100,
    HANDLE_MAPPED = 0x1300,
    HANDLE_BOOT = 0x2000,
    HANDLE_ONBOARD = 0x2900,
    HANDLE_END = 0x7f00,
};

#define ENTRY_SIZE     24
#define ENTRY_CHECKSUM 5

/* A structure under construction: its strings come after the fixed part. */
typedef struct Structure {
    GByteArray *out, *strings;
    guint start;
    guint8 n; /* strings */
} Structure;

static void put(Structure *s, guint64 value, unsigned n)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(s->out, (const guint8 *)&value, n);
}

static Structure begin(GByteArray *out, guint8 type, guint16 handle)
{
    Structure s = { .out = out, .strings = g_byte_array_new(), .start = out->len };
    put(&s, type, 1);
    put(&s, 0, 1); /* length */
    put(&s, handle, 2);
    return s;
}

/* A string's number (6.1.3); 0: there is none. */
static void put_string(Structure *s, const char *text)
{
    gboolean there = text && *text;
    if (there) {
        g_byte_array_append(s->strings, (const guint8 *)text, strlen(text) + 1);
    }
    put(s, there ? ++s->n : 0, 1);
}

/* length: of the fixed part in version 3.0. */
static void end(Structure *s, guint8 length)
{
    g_assert(s->out->len - s->start == length);
    s->out->data[s->start + 1] = length;
    g_byte_array_append(s->out, s->strings->data, s->strings->len);
    put(s, 0, s->n ? 1 : 2);
    g_byte_array_unref(s->strings);
}

/* 7.1. */
static void add_bios(GByteArray *out, const SmbiosInfo *info)
{
    Structure s = begin(out, 0, HANDLE_BIOS);
    put_string(&s, info->bios.vendor);
    put_string(&s, info->bios.version);
    put(&s, 0xe800, 2); /* segment */
    put_string(&s, info->bios.date);
    put(&s, 0, 1);    /* 64 KiB */
    put(&s, 0x08, 8); /* characteristics are not told */
    put(&s, 0, 1);
    put(&s, 0x14 | (info->bios.uefi ? 0x08 : 0), 1); /* of a virtual machine */
    put(&s, info->bios.major, 1);
    put(&s, info->bios.minor, 1);
    put(&s, 0xffff, 2); /* no embedded controller */
    end(&s, 0x18);
}

/* 7.2.1: the first three groups are little-endian. */
static void put_uuid(Structure *s, const guint8 uuid[16])
{
    static const guint8 order[] = {
        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
    };
    for (unsigned i = 0; i < sizeof(order); i++) {
        put(s, uuid[order[i]], 1);
    }
}

/* 7.2. */
static void add_system(GByteArray *out, const SmbiosInfo *info)
{
    Structure s = begin(out, 1, HANDLE_SYSTEM);
    put_string(&s, info->system.manufacturer);
    put_string(&s, info->system.product);
    put_string(&s, info->system.version);
    put_string(&s, info->system.serial);
    put_uuid(&s, info->uuid);
    put(&s, 6, 1); /* woken up by the power switch */
    put_string(&s, info->system.sku);
    put_string(&s, info->system.family);
    end(&s, 0x1b);
}

/* 7.3. */
static void add_board(GByteArray *out, const SmbiosInfo *info)
{
    Structure s = begin(out, 2, HANDLE_BOARD);
    put_string(&s, info->board.manufacturer);
    put_string(&s, info->board.product);
    put_string(&s, info->board.version);
    put_string(&s, info->board.serial);
    put_string(&s, info->board.asset);
    put(&s, 1, 1); /* all is on it */
    put_string(&s, info->board.location);
    put(&s, HANDLE_CHASSIS, 2);
    put(&s, 10, 1); /* motherboard */
    put(&s, 0, 1);  /* objects on it */
    end(&s, 0x0f);
}

/* 7.4. */
static void add_chassis(GByteArray *out, const SmbiosInfo *info)
{
    Structure s = begin(out, 3, HANDLE_CHASSIS);
    put_string(&s, info->chassis.manufacturer);
    put(&s, 1, 1); /* type: other */
    put_string(&s, info->chassis.version);
    put_string(&s, info->chassis.serial);
    put_string(&s, info->chassis.asset);
    put(&s, 0x030303, 3); /* boot, power supply, temperature: safe */
    put(&s, 2, 1);        /* security: unknown */
    put(&s, 0, 4);        /* OEM's */
    put(&s, 0, 4);        /* height, cords, elements and their size: none */
    put_string(&s, info->chassis.sku);
    end(&s, 0x16);
}

/* 7.5: of one socket. */
static void add_processor(GByteArray *out, const SmbiosInfo *info, unsigned socket)
{
    const char *prefix = info->processor.socket_prefix;
    g_autofree char *name = g_strdup_printf("%s%2x", prefix ? prefix : "CPU", socket);
    guint32 cores = info->cores, threads = info->threads;
    Structure s = begin(out, 4, HANDLE_PROCESSOR + socket);
    put_string(&s, name);
    put(&s, 3, 1); /* a central processor */
    put(&s, 1, 1); /* family: other */
    put_string(&s, info->processor.manufacturer);
    put(&s, info->processor.id, 8);
    put_string(&s, info->processor.version);
    put(&s, 0, 1 + 2); /* voltage, external clock */
    put(&s, info->processor.max_mhz, 2);
    put(&s, info->processor.current_mhz, 2);
    put(&s, 0x41, 1); /* populated, enabled */
    put(&s, 1, 1);    /* upgrade: other */
    put(&s, NO_CACHE, 2);
    put(&s, NO_CACHE, 2);
    put(&s, NO_CACHE, 2);
    put_string(&s, info->processor.serial);
    put_string(&s, info->processor.asset);
    put_string(&s, info->processor.part);
    put(&s, MIN(cores, 255), 1); /* 255: see below */
    put(&s, MIN(cores, 255), 1); /* enabled */
    put(&s, MIN(threads, 255), 1);
    put(&s, 0x02, 2); /* characteristics: unknown */
    put(&s, 1, 2);    /* family: other */
    put(&s, cores, 2);
    put(&s, cores, 2);
    put(&s, threads, 2);
    end(&s, 0x30);
}

static guint64 ram_size(const SmbiosInfo *info)
{
    guint64 size = 0;
    for (unsigned i = 0; i < info->n_ram; i++) {
        size += info->ram[i].size;
    }
    return size;
}

/* 7.17. */
static void add_array(GByteArray *out, guint64 size, unsigned devices)
{
    gboolean large = size / KIB >= 0x80000000;
    Structure s = begin(out, 16, HANDLE_ARRAY);
    put(&s, 1, 1); /* location: other */
    put(&s, 3, 1); /* system memory */
    put(&s, 6, 1); /* corrects errors of several bits */
    put(&s, large ? 0x80000000 : size / KIB, 4);
    put(&s, NO_HANDLE, 2);
    put(&s, devices, 2);
    put(&s, large ? size : 0, 8);
    end(&s, 0x17);
}

/* 7.18. */
static void add_device(GByteArray *out, const SmbiosInfo *info, unsigned n, guint64 size)
{
    const char *prefix = info->memory.locator_prefix;
    g_autofree char *name = g_strdup_printf("%s %u", prefix ? prefix : "DIMM", n);
    Structure s = begin(out, 17, HANDLE_DEVICE + n);
    put(&s, HANDLE_ARRAY, 2);
    put(&s, NO_HANDLE, 2);
    put(&s, UNKNOWN_WIDTH, 2); /* in all */
    put(&s, UNKNOWN_WIDTH, 2); /* of the data */
    put(&s, size / MIB, 2);
    put(&s, 9, 1); /* DIMM */
    put(&s, 0, 1); /* not in a set */
    put_string(&s, name);
    put_string(&s, info->memory.bank);
    put(&s, 7, 1); /* RAM */
    put(&s, 2, 2); /* other */
    put(&s, info->memory.speed, 2);
    put_string(&s, info->memory.manufacturer);
    put_string(&s, info->memory.serial);
    put_string(&s, info->memory.asset);
    put_string(&s, info->memory.part);
    put(&s, 0, 1);                  /* ranks */
    put(&s, 0, 4);                  /* size, of larger ones */
    put(&s, info->memory.speed, 2); /* as configured */
    put(&s, 0, 6);                  /* voltages */
    end(&s, 0x28);
}

/* 7.20: addresses of KiB where they fit, else of bytes. */
static void add_mapped(GByteArray *out, unsigned n, const SmbiosRange *range)
{
    guint64 last = range->start + range->size - 1;
    gboolean large = last / KIB >= G_MAXUINT32;
    Structure s = begin(out, 19, HANDLE_MAPPED + n);
    put(&s, large ? G_MAXUINT32 : range->start / KIB, 4);
    put(&s, large ? G_MAXUINT32 : last / KIB, 4);
    put(&s, HANDLE_ARRAY, 2);
    put(&s, 1, 1); /* devices that make up a row */
    put(&s, large ? range->start : 0, 8);
    put(&s, large ? last : 0, 8);
    end(&s, 0x1f);
}

static void add_memory(GByteArray *out, const SmbiosInfo *info)
{
    guint64 size = ram_size(info);
    unsigned devices = (size + MAX_DIMM - 1) / MAX_DIMM;
    if (!info->has[16]) {
        add_array(out, size, devices);
    }
    for (unsigned i = 0; i < devices && !info->has[17]; i++) {
        add_device(out, info, i, MIN(MAX_DIMM, size - i * MAX_DIMM));
    }
    for (unsigned i = 0; i < info->n_ram && !info->has[19]; i++) {
        add_mapped(out, i, &info->ram[i]);
    }
}

/* 7.9. */
static void add_port(GByteArray *out, unsigned n, const SmbiosPort *port)
{
    Structure s = begin(out, 8, HANDLE_PORT + n);
    put_string(&s, port->internal);
    put(&s, 0, 1); /* inside there is no connector */
    put_string(&s, port->external);
    put(&s, port->connector, 1);
    put(&s, port->port, 1);
    end(&s, 0x09);
}

/* 7.12. */
static void add_strings(GByteArray *out, const GPtrArray *strings)
{
    Structure s = begin(out, 11, HANDLE_STRINGS);
    put(&s, strings->len, 1);
    for (guint i = 0; i < strings->len; i++) {
        const char *text = strings->pdata[i];
        g_byte_array_append(s.strings, (const guint8 *)text, strlen(text) + 1);
        s.n++;
    }
    end(&s, 0x05);
}

/* 7.42. */
static void add_onboard(GByteArray *out, unsigned n, const SmbiosOnboard *device)
{
    Structure s = begin(out, 41, HANDLE_ONBOARD + n);
    put_string(&s, device->designation);
    put(&s, 0x80 | (device->kind + 1), 1); /* enabled */
    put(&s, device->instance, 1);
    put(&s, 0, 2); /* segment */
    put(&s, device->bus, 1);
    put(&s, device->devfn, 1);
    end(&s, 0x0b);
}

/* 7.33: no errors were found. */
static void add_boot(GByteArray *out)
{
    Structure s = begin(out, 32, HANDLE_BOOT);
    put(&s, 0, 6);
    put(&s, 0, 1);
    end(&s, 0x0b);
}

static guint length(const GPtrArray *array)
{
    return array ? array->len : 0;
}

static void add_machine(GByteArray *out, const SmbiosInfo *info)
{
    if (info->told[0]) {
        add_bios(out, info);
    }
    if (!info->has[1]) {
        add_system(out, info);
    }
    if (info->told[2]) {
        add_board(out, info);
    }
    if (!info->has[3]) {
        add_chassis(out, info);
    }
    for (unsigned i = 0; i < info->sockets && !info->has[4]; i++) {
        add_processor(out, info, i);
    }
}

/* In QEMU's order. */
GByteArray *smbios_build(const SmbiosInfo *info)
{
    GByteArray *out = g_byte_array_new();
    if (info->loaded) {
        g_byte_array_append(out, info->loaded->data, info->loaded->len);
    }
    add_machine(out, info);
    for (guint i = 0; i < length(info->ports); i++) {
        add_port(out, i, info->ports->pdata[i]);
    }
    if (length(info->strings)) {
        add_strings(out, info->strings);
    }
    add_memory(out, info);
    if (!info->has[32]) {
        add_boot(out);
    }
    for (guint i = 0; i < length(info->onboard); i++) {
        add_onboard(out, i, info->onboard->pdata[i]);
    }
    Structure s = begin(out, 127, HANDLE_END);
    end(&s, 0x04);
    return out;
}

gboolean smbios_parse_uuid(const char *text, guint8 uuid[16])
{
    static const guint8 places[] = { 0,  2,  4,  6,  9,  11, 14, 16,
                                     19, 21, 24, 26, 28, 30, 32, 34 };
    if (!g_uuid_string_is_valid(text)) {
        return FALSE;
    }
    for (unsigned i = 0; i < sizeof(places); i++) {
        const char *p = text + places[i];
        uuid[i] = g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]);
    }
    return TRUE;
}

static GByteArray *entry_point(const GByteArray *structures, guint64 address)
{
    GByteArray *out = g_byte_array_new();
    Structure s = { .out = out };
    g_byte_array_append(out, (const guint8 *)"_SM3_", 5);
    put(&s, 0, 1); /* checksum */
    put(&s, ENTRY_SIZE, 1);
    put(&s, 3, 1); /* version 3.0 of the specification, its first edition */
    put(&s, 0, 2);
    put(&s, 1, 1); /* revision of the entry point */
    put(&s, 0, 1);
    put(&s, structures->len, 4);
    put(&s, address, 8);
    g_assert(out->len == ENTRY_SIZE);
    return out;
}

GByteArray *smbios_anchor(const GByteArray *structures)
{
    return entry_point(structures, 0);
}

GByteArray *smbios_entry_point(const GByteArray *structures, guint64 address)
{
    GByteArray *out = entry_point(structures, address);
    guint8 sum = 0;
    for (guint i = 0; i < out->len; i++) {
        sum += out->data[i];
    }
    out->data[ENTRY_CHECKSUM] = -sum;
    return out;
}

GByteArray *smbios_place(const GByteArray *structures, guint64 base)
{
    static const guint8 zeros[SMBIOS_ALIGN];
    guint begin_of_structures = (ENTRY_SIZE + SMBIOS_ALIGN - 1) & ~(SMBIOS_ALIGN - 1);
    GByteArray *out = smbios_entry_point(structures, base + begin_of_structures);
    g_byte_array_append(out, zeros, begin_of_structures - out->len);
    g_byte_array_append(out, structures->data, structures->len);
    return out;
}
