/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XDR (RFC 4506) as libvirt's protocol uses it, driven by descriptions of C structures
 * that gen-protocol.py makes from protocol.def.
 *
 * What is decoded comes from a client and may be anything: every length is checked
 * against its limit and against the bytes that are left before anything is allocated,
 * so a decoded structure is never more than a small multiple of its message. Strings
 * may not contain NUL. Errors have the code VIR_ERR_RPC.
 */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define XDR_STRING_MAX  4194304u  /* bytes of a string */
#define XDR_MESSAGE_MAX 33554432u /* bytes of a message without its length word */

typedef enum XdrKind {
    XDR_INT,
    XDR_UINT,
    XDR_HYPER,
    XDR_UHYPER,
    XDR_DOUBLE,
    XDR_UCHAR,  /* four bytes on the wire */
    XDR_USHORT, /* four bytes on the wire */
    XDR_CHAR,   /* four bytes on the wire each */
    XDR_STRING,
    XDR_OPAQUE,
    XDR_STRUCT,
    XDR_TYPED_PARAM,
} XdrKind;

typedef enum XdrShape {
    XDR_ONE,
    XDR_OPTIONAL, /* a pointer, NULL when absent */
    XDR_FIXED,    /* an array of max in the structure */
    XDR_COUNTED,  /* a pointer, and a guint32 that counts */
} XdrShape;

typedef struct XdrType XdrType;

typedef struct XdrField {
    const char *name;
    XdrKind kind;
    XdrShape shape;
    guint32 offset;       /* in the structure */
    guint32 count_offset; /* for XDR_COUNTED */
    guint32 max;          /* elements; for a single string, bytes */
    const XdrType *type;  /* for XDR_STRUCT */
} XdrField;

struct XdrType {
    const char *name;
    guint32 size;     /* of the C structure */
    guint32 min_wire; /* bytes on the wire at least */
    guint32 n_fields;
    const XdrField *fields;
};

/*
 * Decodes the whole of data into *value (of type->size bytes, contents ignored). Bytes
 * left over are an error. On success the caller releases it with xdr_clear; on failure
 * there is nothing to release.
 */
gboolean xdr_decode(const XdrType *type, const void *data, gsize len, void *value,
                    GError **errp);

/*
 * Appends the encoded *value to buf. Fails when something exceeds its limit or a
 * required string is NULL; buf then has an undefined tail.
 */
gboolean xdr_encode(const XdrType *type, const void *value, GByteArray *buf,
                    GError **errp);

/* Frees what *value owns and zeroes it. NULL-safe for type. */
void xdr_clear(const XdrType *type, void *value);

/* Big-endian words, for headers. */
void xdr_append_u32(GByteArray *buf, guint32 value);
guint32 xdr_peek_u32(const guint8 *data);
void xdr_poke_u32(guint8 *data, guint32 value);

G_END_DECLS
