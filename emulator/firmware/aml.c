/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AML builder: opcodes, package lengths, resource descriptors. */
#include "config.h"

#include "firmware/aml.h"

#include <string.h>

enum {
    OP_ZERO = 0x00,
    OP_ONE = 0x01,
    OP_NAME = 0x08,
    OP_BYTE = 0x0a,
    OP_WORD = 0x0b,
    OP_DWORD = 0x0c,
    OP_STRING = 0x0d,
    OP_QWORD = 0x0e,
    OP_SCOPE = 0x10,
    OP_BUFFER = 0x11,
    OP_PACKAGE = 0x12,
    OP_METHOD = 0x14,
    OP_EXT = 0x5b,
    OP_EXT_REGION = 0x80,
    OP_EXT_FIELD = 0x81,
    OP_EXT_DEVICE = 0x82,
    OP_DUAL_NAME = 0x2e,
    OP_MULTI_NAME = 0x2f,
};

void aml_op(Aml *out, guint8 op)
{
    g_byte_array_append(out, &op, 1);
}

/* Little-endian, n bytes. */
static void put(GByteArray *out, guint64 value, unsigned n)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&value, n);
}

void aml_int(Aml *out, guint64 value)
{
    static const struct {
        guint8 op;
        guint8 size;
    } forms[] = { { OP_BYTE, 1 }, { OP_WORD, 2 }, { OP_DWORD, 4 }, { OP_QWORD, 8 } };
    unsigned i = 0;

    if (value <= 1) {
        aml_op(out, value ? OP_ONE : OP_ZERO);
        return;
    }
    while (forms[i].size < 8 && value >> (8 * forms[i].size)) {
        i++;
    }
    aml_op(out, forms[i].op);
    put(out, value, forms[i].size);
}

/* One segment, padded with '_'. */
static void name_seg(Aml *out, const char *seg, gsize len)
{
    char padded[4] = { '_', '_', '_', '_' };

    g_assert(len > 0 && len <= sizeof(padded));
    memcpy(padded, seg, len);
    g_byte_array_append(out, (const guint8 *)padded, sizeof(padded));
}

void aml_path(Aml *out, const char *path)
{
    g_auto(GStrv) segs = NULL;
    guint n;

    if (*path == '\\') {
        aml_op(out, *path++);
    }
    segs = g_strsplit(path, ".", -1);
    n = g_strv_length(segs);
    if (n == 2) {
        aml_op(out, OP_DUAL_NAME);
    } else if (n > 2) {
        aml_op(out, OP_MULTI_NAME);
        aml_op(out, n);
    }
    for (guint i = 0; i < n; i++) {
        name_seg(out, segs[i], strlen(segs[i]));
    }
}

void aml_eisa_id(Aml *out, const char *id)
{
    guint32 letters = (id[0] - 0x40) << 10 | (id[1] - 0x40) << 5 | (id[2] - 0x40);
    guint32 digits = g_ascii_xdigit_value(id[3]) << 12 |
                     g_ascii_xdigit_value(id[4]) << 8 | g_ascii_xdigit_value(id[5]) << 4 |
                     g_ascii_xdigit_value(id[6]);

    aml_op(out, OP_DWORD);
    put(out, GUINT32_SWAP_LE_BE(letters << 16 | digits), 4);
}

void aml_name_int(Aml *out, const char *name, guint64 value)
{
    aml_op(out, OP_NAME);
    aml_path(out, name);
    aml_int(out, value);
}

void aml_name_string(Aml *out, const char *name, const char *value)
{
    aml_op(out, OP_NAME);
    aml_path(out, name);
    aml_op(out, OP_STRING);
    g_byte_array_append(out, (const guint8 *)value, strlen(value) + 1);
}

void aml_name_eisa_id(Aml *out, const char *name, const char *id)
{
    aml_op(out, OP_NAME);
    aml_path(out, name);
    aml_eisa_id(out, id);
}

guint aml_scope(Aml *out, const char *path)
{
    guint start;

    aml_op(out, OP_SCOPE);
    start = out->len;
    aml_path(out, path);
    return start;
}

guint aml_device(Aml *out, const char *name)
{
    guint start;

    aml_op(out, OP_EXT);
    aml_op(out, OP_EXT_DEVICE);
    start = out->len;
    aml_path(out, name);
    return start;
}

guint aml_method(Aml *out, const char *name, unsigned args, gboolean serialized)
{
    guint start;

    aml_op(out, OP_METHOD);
    start = out->len;
    aml_path(out, name);
    aml_op(out, args | (serialized ? 0x08 : 0));
    return start;
}

guint aml_if(Aml *out)
{
    aml_op(out, AML_IF);
    return out->len;
}

guint aml_else(Aml *out)
{
    aml_op(out, AML_ELSE);
    return out->len;
}

guint aml_name_package(Aml *out, const char *name, guint8 n)
{
    guint start;

    aml_op(out, OP_NAME);
    aml_path(out, name);
    aml_op(out, OP_PACKAGE);
    start = out->len;
    aml_op(out, n);
    return start;
}

/* PkgLength counts itself: 1 byte up to 63, else 2 to 4 with 4 bits in the first. */
static unsigned encode_length(guint32 content, guint8 out[4])
{
    for (unsigned n = 1; n <= 4; n++) {
        guint32 length = content + n;

        if (n == 1 && length < 1u << 6) {
            out[0] = length;
            return 1;
        }
        if (n > 1 && length < 1u << (4 + 8 * (n - 1))) {
            out[0] = (n - 1) << 6 | (length & 0x0f);
            for (unsigned i = 1; i < n; i++) {
                out[i] = length >> (8 * i - 4);
            }
            return n;
        }
    }
    g_assert_not_reached();
}

void aml_end(Aml *out, guint start)
{
    guint content = out->len - start;
    guint8 length[4];
    unsigned n = encode_length(content, length);

    g_byte_array_set_size(out, out->len + n);
    memmove(out->data + start + n, out->data + start, content);
    memcpy(out->data + start, length, n);
}

void aml_memory_region(Aml *out, const char *name, guint32 address, guint32 size)
{
    aml_op(out, OP_EXT);
    aml_op(out, OP_EXT_REGION);
    aml_path(out, name);
    aml_op(out, 0); /* SystemMemory */
    aml_int(out, address);
    aml_int(out, size);
}

void aml_field32(Aml *out, const char *region, const char *const names[], unsigned n)
{
    guint start;

    aml_op(out, OP_EXT);
    aml_op(out, OP_EXT_FIELD);
    start = out->len;
    aml_path(out, region);
    aml_op(out, 0x03); /* DWordAcc, NoLock, Preserve */
    for (unsigned i = 0; i < n; i++) {
        guint8 bits[4];
        unsigned len = encode_length(32 - 1, bits); /* 32 bits, without itself */

        name_seg(out, names[i], strlen(names[i]));
        g_byte_array_append(out, bits, len);
    }
    aml_end(out, start);
}

AmlCrs aml_crs_begin(void)
{
    return (AmlCrs){ g_byte_array_new() };
}

void aml_crs_io(AmlCrs *crs, guint16 port, guint8 ports)
{
    aml_op(crs->bytes, 0x47); /* I/O port descriptor */
    aml_op(crs->bytes, 0x01); /* 16 address lines */
    put(crs->bytes, port, 2);
    put(crs->bytes, port, 2);
    aml_op(crs->bytes, 1); /* alignment */
    aml_op(crs->bytes, ports);
}

void aml_crs_memory32(AmlCrs *crs, guint32 address, guint32 size)
{
    aml_op(crs->bytes, 0x86); /* 32-bit fixed memory range */
    put(crs->bytes, 9, 2);
    aml_op(crs->bytes, 0x01); /* read-write */
    put(crs->bytes, address, 4);
    put(crs->bytes, size, 4);
}

void aml_crs_interrupt(AmlCrs *crs, guint32 gsi)
{
    aml_op(crs->bytes, 0x89); /* extended interrupt */
    put(crs->bytes, 6, 2);
    aml_op(crs->bytes, 0x03); /* consumer, edge, active high, exclusive */
    aml_op(crs->bytes, 1);
    put(crs->bytes, gsi, 4);
}

void aml_crs_end(Aml *out, AmlCrs *crs)
{
    guint start;

    aml_op(crs->bytes, 0x79); /* end tag, no checksum */
    aml_op(crs->bytes, 0x00);
    aml_op(out, OP_NAME);
    aml_path(out, "_CRS");
    aml_op(out, OP_BUFFER);
    start = out->len;
    aml_int(out, crs->bytes->len);
    g_byte_array_append(out, crs->bytes->data, crs->bytes->len);
    aml_end(out, start);
    g_clear_pointer(&crs->bytes, g_byte_array_unref);
}
