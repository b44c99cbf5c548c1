/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resource templates in AML: what a device decodes, what a bridge hands down. */
#include "config.h"

#include "device/aml.h"

/* Address spaces (ACPI 6.5, 6.4.3.5). */
enum { SPACE_MEMORY, SPACE_IO, SPACE_BUS };

/* Descriptors; the large ones are followed by their length. */
enum {
    SMALL_IRQ = 0x22, /* without flags */
    SMALL_IO = 0x47,
    SMALL_END = 0x79,
    LARGE_MEMORY32_FIXED = 0x86,
    LARGE_DWORD_SPACE = 0x87,
    LARGE_WORD_SPACE = 0x88,
    LARGE_INTERRUPT = 0x89,
    LARGE_QWORD_SPACE = 0x8a,
};

#define SPACE_FIXED      0x0c /* minimum and maximum; decoded positively, handed down */
#define IO_ENTIRE_RANGE  0x03
#define MEMORY_WRITABLE  0x01
#define INTERRUPT_FLAGS  0x01 /* of the device that consumes it; active high */
#define INTERRUPT_EDGE   0x02
#define INTERRUPT_SHARED 0x08

struct AmlResources {
    GByteArray *bytes;
};

static void put(AmlResources *r, guint64 value, unsigned n)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(r->bytes, (const guint8 *)&value, n);
}

AmlResources *aml_resources_new(void)
{
    AmlResources *r = g_new0(AmlResources, 1);
    r->bytes = g_byte_array_new();
    return r;
}

void aml_resource_io(AmlResources *r, guint16 port, guint8 ports)
{
    put(r, SMALL_IO, 1);
    put(r, 0x01, 1); /* 16 address lines */
    put(r, port, 2);
    put(r, port, 2);
    put(r, 1, 1); /* alignment */
    put(r, ports, 1);
}

void aml_resource_irq(AmlResources *r, unsigned irq)
{
    put(r, SMALL_IRQ, 1);
    put(r, 1u << irq, 2);
}

void aml_resource_gsi(AmlResources *r, AmlTrigger trigger, const guint32 *gsis, guint8 n)
{
    put(r, LARGE_INTERRUPT, 1);
    put(r, 2 + 4 * n, 2);
    put(r,
        INTERRUPT_FLAGS | (trigger == AML_EDGE_HIGH ? INTERRUPT_EDGE : INTERRUPT_SHARED),
        1);
    put(r, n, 1);
    for (unsigned i = 0; i < n; i++) {
        put(r, gsis[i], 4);
    }
}

void aml_resource_memory(AmlResources *r, guint32 address, guint32 size)
{
    put(r, LARGE_MEMORY32_FIXED, 1);
    put(r, 9, 2);
    put(r, MEMORY_WRITABLE, 1);
    put(r, address, 4);
    put(r, size, 4);
}

/* size: bytes of an address, which the descriptor's kind says. */
static void put_space(AmlResources *r, guint8 descriptor, unsigned size, guint8 space,
                      guint8 flags, guint64 first, guint64 last)
{
    put(r, descriptor, 1);
    put(r, 3 + 5 * size, 2);
    put(r, space, 1);
    put(r, SPACE_FIXED, 1);
    put(r, flags, 1);
    put(r, 0, size); /* granularity */
    put(r, first, size);
    put(r, last, size);
    put(r, 0, size); /* no translation */
    put(r, last - first + 1, size);
}

void aml_resource_buses(AmlResources *r, guint8 first, guint8 last)
{
    put_space(r, LARGE_WORD_SPACE, 2, SPACE_BUS, 0, first, last);
}

void aml_resource_io_window(AmlResources *r, guint16 first, guint16 last)
{
    put_space(r, LARGE_WORD_SPACE, 2, SPACE_IO, IO_ENTIRE_RANGE, first, last);
}

void aml_resource_memory_window(AmlResources *r, guint64 first, guint64 last)
{
    if (last <= G_MAXUINT32) {
        put_space(r, LARGE_DWORD_SPACE, 4, SPACE_MEMORY, MEMORY_WRITABLE, first, last);
    } else {
        put_space(r, LARGE_QWORD_SPACE, 8, SPACE_MEMORY, MEMORY_WRITABLE, first, last);
    }
}

void aml_resources_end(AmlResources *r, Aml *out, const char *name)
{
    put(r, SMALL_END, 1);
    put(r, 0, 1); /* no checksum */
    guint start = aml_begin(out, "Name %s Buffer", name);
    aml_code(out, "%u", r->bytes->len);
    g_byte_array_append(out, r->bytes->data, r->bytes->len);
    aml_end(out, start);
    g_byte_array_unref(r->bytes);
    g_free(r);
}
