/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/xdr.h"

#include <string.h>

#include "rpc/values.h"
#include "util/vir-error.h"

typedef struct Reader {
    const guint8 *data;
    gsize left;
    const char *where; /* the field being read, for messages */
} Reader;

/* In-memory and smallest wire size of one element, by kind; 0: its type says. */
static const struct {
    guint8 size, wire;
} kinds[] = {
    [XDR_INT] = { sizeof(gint32), 4 },
    [XDR_UINT] = { sizeof(guint32), 4 },
    [XDR_HYPER] = { sizeof(gint64), 8 },
    [XDR_UHYPER] = { sizeof(guint64), 8 },
    [XDR_DOUBLE] = { sizeof(double), 8 },
    [XDR_UCHAR] = { sizeof(guint8), 4 },
    [XDR_USHORT] = { sizeof(guint16), 4 },
    [XDR_CHAR] = { 1, 4 },
    [XDR_STRING] = { sizeof(char *), 4 },
    [XDR_OPAQUE] = { 1, 1 },
    [XDR_STRUCT] = { 0, 0 },
    [XDR_TYPED_PARAM] = { sizeof(RpcTypedParam), 12 },
};

static gboolean decode_struct(const XdrType *type, Reader *r, guint8 *value,
                              GError **errp);
static gboolean encode_struct(const XdrType *type, const guint8 *value, GByteArray *buf,
                              GError **errp);

static gsize element_size(const XdrField *f)
{
    return f->kind == XDR_STRUCT ? f->type->size : kinds[f->kind].size;
}

static gsize element_wire(const XdrField *f)
{
    return f->kind == XDR_STRUCT ? f->type->min_wire : kinds[f->kind].wire;
}

guint32 xdr_peek_u32(const guint8 *data)
{
    guint32 value;

    memcpy(&value, data, sizeof(value));
    return GUINT32_FROM_BE(value);
}

void xdr_poke_u32(guint8 *data, guint32 value)
{
    value = GUINT32_TO_BE(value);
    memcpy(data, &value, sizeof(value));
}

void xdr_append_u32(GByteArray *buf, guint32 value)
{
    value = GUINT32_TO_BE(value);
    g_byte_array_append(buf, (const guint8 *)&value, sizeof(value));
}

/* ---- decoding ---- */

static gboolean too_short(const Reader *r, GError **errp)
{
    return rpc_error_set(errp, VIR_ERR_RPC, "message is too short at '%s'", r->where);
}

static gboolean get_u32(Reader *r, guint32 *value, GError **errp)
{
    if (r->left < 4)
        return too_short(r, errp);
    *value = xdr_peek_u32(r->data);
    r->data += 4;
    r->left -= 4;
    return TRUE;
}

static gboolean get_u64(Reader *r, guint64 *value, GError **errp)
{
    guint32 high = 0, low = 0;

    if (!get_u32(r, &high, errp) || !get_u32(r, &low, errp))
        return FALSE;
    *value = (guint64)high << 32 | low;
    return TRUE;
}

/* Takes len bytes and their padding. */
static gboolean get_bytes(Reader *r, gsize len, const guint8 **bytes, GError **errp)
{
    gsize padded;

    if (__builtin_add_overflow(len, 3, &padded) || (padded &= ~(gsize)3) > r->left)
        return too_short(r, errp);
    *bytes = r->data;
    r->data += padded;
    r->left -= padded;
    return TRUE;
}

static gboolean get_string(Reader *r, guint32 max, char **value, GError **errp)
{
    guint32 len = 0;
    const guint8 *bytes = NULL;

    if (!get_u32(r, &len, errp))
        return FALSE;
    if (len > max)
        return rpc_error_set(errp, VIR_ERR_RPC,
                             "string '%s' has %u bytes, at most %u are allowed", r->where,
                             len, max);
    if (!get_bytes(r, len, &bytes, errp))
        return FALSE;
    if (len && memchr(bytes, 0, len))
        return rpc_error_set(errp, VIR_ERR_RPC, "string '%s' contains a zero byte",
                             r->where);
    *value = g_strndup((const char *)bytes, len);
    return TRUE;
}

static gboolean get_narrow(Reader *r, guint32 max, guint32 *value, GError **errp)
{
    if (!get_u32(r, value, errp))
        return FALSE;
    if (*value > max)
        return rpc_error_set(errp, VIR_ERR_RPC, "value %u of '%s' is out of range",
                             *value, r->where);
    return TRUE;
}

static gboolean decode_param(Reader *r, RpcTypedParam *p, GError **errp)
{
    guint32 type;

    if (!get_string(r, XDR_STRING_MAX, &p->field, errp) || !get_u32(r, &type, errp))
        return FALSE;
    switch (type) {
    case VIR_TYPED_PARAM_INT:
    case VIR_TYPED_PARAM_UINT:
    case VIR_TYPED_PARAM_BOOLEAN:
        if (!get_u32(r, &p->value.ui, errp))
            return FALSE;
        break;
    case VIR_TYPED_PARAM_LLONG:
    case VIR_TYPED_PARAM_ULLONG:
    case VIR_TYPED_PARAM_DOUBLE:
        if (!get_u64(r, &p->value.ul, errp))
            return FALSE;
        break;
    case VIR_TYPED_PARAM_STRING:
        if (!get_string(r, XDR_STRING_MAX, &p->value.s, errp))
            return FALSE;
        break;
    default:
        return rpc_error_set(errp, VIR_ERR_RPC, "unknown type %u of parameter '%s'", type,
                             p->field);
    }
    p->type = type;
    return TRUE;
}

static gboolean decode_element(const XdrField *f, Reader *r, guint8 *value, GError **errp)
{
    guint32 narrow;

    switch (f->kind) {
    case XDR_INT:
    case XDR_UINT:
        return get_u32(r, (guint32 *)(void *)value, errp);
    case XDR_HYPER:
    case XDR_UHYPER:
    case XDR_DOUBLE:
        return get_u64(r, (guint64 *)(void *)value, errp);
    case XDR_UCHAR:
        if (!get_narrow(r, G_MAXUINT8, &narrow, errp))
            return FALSE;
        *value = narrow;
        return TRUE;
    case XDR_CHAR: /* sign-extended by some writers: keep the low byte */
        if (!get_u32(r, &narrow, errp))
            return FALSE;
        *value = narrow;
        return TRUE;
    case XDR_USHORT:
        if (!get_narrow(r, G_MAXUINT16, &narrow, errp))
            return FALSE;
        *(guint16 *)(void *)value = narrow;
        return TRUE;
    case XDR_STRING:
        return get_string(r, XDR_STRING_MAX, (char **)(void *)value, errp);
    case XDR_STRUCT:
        return decode_struct(f->type, r, value, errp);
    case XDR_TYPED_PARAM:
        return decode_param(r, (RpcTypedParam *)(void *)value, errp);
    case XDR_OPAQUE:
        break; /* always an array: decode_array */
    }
    g_assert_not_reached();
}

static gboolean decode_array(const XdrField *f, guint32 n, Reader *r, guint8 *array,
                             GError **errp)
{
    if (f->kind == XDR_OPAQUE) {
        const guint8 *bytes = NULL;

        if (!get_bytes(r, n, &bytes, errp))
            return FALSE;
        if (n)
            memcpy(array, bytes, n);
        return TRUE;
    }
    for (guint32 i = 0; i < n; i++) {
        if (!decode_element(f, r, array + i * element_size(f), errp))
            return FALSE;
    }
    return TRUE;
}

static gboolean decode_counted(const XdrField *f, Reader *r, guint8 *value, GError **errp)
{
    guint32 n;

    if (!get_u32(r, &n, errp))
        return FALSE;
    if (n > f->max)
        return rpc_error_set(errp, VIR_ERR_RPC,
                             "'%s' has %u elements, at most %u are allowed", f->name, n,
                             f->max);
    if (n > r->left / element_wire(f))
        return too_short(r, errp);
    if (!n)
        return TRUE;
    guint8 *array = g_malloc0_n(n, element_size(f));
    *(guint32 *)(void *)(value + f->count_offset) = n;
    *(guint8 **)(void *)(value + f->offset) = array;
    return decode_array(f, n, r, array, errp);
}

static gboolean decode_optional(const XdrField *f, Reader *r, void **value, GError **errp)
{
    guint32 present;

    if (!get_narrow(r, 1, &present, errp))
        return FALSE;
    if (!present)
        return TRUE;
    if (f->kind == XDR_STRING)
        return get_string(r, f->max, (char **)value, errp);
    if (r->left < f->type->min_wire)
        return too_short(r, errp);
    *value = g_malloc0(f->type->size);
    return decode_struct(f->type, r, *value, errp);
}

static gboolean decode_field(const XdrField *f, Reader *r, guint8 *value, GError **errp)
{
    r->where = f->name;
    switch (f->shape) {
    case XDR_ONE:
        return decode_element(f, r, value + f->offset, errp);
    case XDR_OPTIONAL:
        return decode_optional(f, r, (void **)(void *)(value + f->offset), errp);
    case XDR_FIXED:
        return decode_array(f, f->max, r, value + f->offset, errp);
    case XDR_COUNTED:
        return decode_counted(f, r, value, errp);
    }
    g_assert_not_reached();
}

static gboolean decode_struct(const XdrType *type, Reader *r, guint8 *value,
                              GError **errp)
{
    for (guint32 i = 0; i < type->n_fields; i++) {
        if (!decode_field(&type->fields[i], r, value, errp))
            return FALSE;
    }
    return TRUE;
}

gboolean xdr_decode(const XdrType *type, const void *data, gsize len, void *value,
                    GError **errp)
{
    Reader r = { data, len, type->name };

    memset(value, 0, type->size);
    if (decode_struct(type, &r, value, errp)) {
        if (!r.left)
            return TRUE;
        rpc_error_set(errp, VIR_ERR_RPC, "%" G_GSIZE_FORMAT " bytes too many after %s",
                      r.left, type->name);
    }
    xdr_clear(type, value);
    return FALSE;
}

/* ---- encoding ---- */

static void put_u64(GByteArray *buf, guint64 value)
{
    value = GUINT64_TO_BE(value);
    g_byte_array_append(buf, (const guint8 *)&value, sizeof(value));
}

static gboolean put_bytes(GByteArray *buf, const char *name, const void *bytes, gsize len,
                          GError **errp)
{
    static const guint8 zeros[3];

    if (len > XDR_MESSAGE_MAX - MIN(buf->len, XDR_MESSAGE_MAX))
        return rpc_error_set(errp, VIR_ERR_RPC, "message is too long at '%s'", name);
    if (len)
        g_byte_array_append(buf, bytes, len);
    g_byte_array_append(buf, zeros, -len & 3);
    return TRUE;
}

static gboolean put_string(GByteArray *buf, const char *name, const char *value,
                           guint32 max, GError **errp)
{
    if (!value)
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "'%s' is missing", name);
    gsize len = strlen(value);
    if (len > max)
        return rpc_error_set(errp, VIR_ERR_RPC,
                             "string '%s' has %" G_GSIZE_FORMAT
                             " bytes, at most %u are allowed",
                             name, len, max);
    xdr_append_u32(buf, len);
    return put_bytes(buf, name, value, len, errp);
}

static gboolean encode_param(const RpcTypedParam *p, GByteArray *buf, GError **errp)
{
    if (!put_string(buf, "field", p->field, XDR_STRING_MAX, errp))
        return FALSE;
    xdr_append_u32(buf, p->type);
    switch (p->type) {
    case VIR_TYPED_PARAM_INT:
    case VIR_TYPED_PARAM_UINT:
    case VIR_TYPED_PARAM_BOOLEAN:
        xdr_append_u32(buf, p->value.ui);
        return TRUE;
    case VIR_TYPED_PARAM_LLONG:
    case VIR_TYPED_PARAM_ULLONG:
    case VIR_TYPED_PARAM_DOUBLE:
        put_u64(buf, p->value.ul);
        return TRUE;
    case VIR_TYPED_PARAM_STRING:
        return put_string(buf, p->field, p->value.s, XDR_STRING_MAX, errp);
    }
    return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                         "unknown type %d of parameter '%s'", p->type, p->field);
}

static gboolean encode_element(const XdrField *f, const guint8 *value, GByteArray *buf,
                               GError **errp)
{
    switch (f->kind) {
    case XDR_INT:
    case XDR_UINT:
        xdr_append_u32(buf, *(const guint32 *)(const void *)value);
        return TRUE;
    case XDR_HYPER:
    case XDR_UHYPER:
    case XDR_DOUBLE:
        put_u64(buf, *(const guint64 *)(const void *)value);
        return TRUE;
    case XDR_UCHAR:
        xdr_append_u32(buf, *value);
        return TRUE;
    case XDR_CHAR:
        xdr_append_u32(buf, (guint32)(gint32)(gint8)*value);
        return TRUE;
    case XDR_USHORT:
        xdr_append_u32(buf, *(const guint16 *)(const void *)value);
        return TRUE;
    case XDR_STRING:
        return put_string(buf, f->name, *(char *const *)(const void *)value,
                          XDR_STRING_MAX, errp);
    case XDR_STRUCT:
        return encode_struct(f->type, value, buf, errp);
    case XDR_TYPED_PARAM:
        return encode_param((const RpcTypedParam *)(const void *)value, buf, errp);
    case XDR_OPAQUE:
        break; /* always an array: encode_array */
    }
    g_assert_not_reached();
}

static gboolean encode_array(const XdrField *f, guint32 n, const guint8 *array,
                             GByteArray *buf, GError **errp)
{
    if (f->kind == XDR_OPAQUE)
        return put_bytes(buf, f->name, array, n, errp);
    for (guint32 i = 0; i < n; i++) {
        if (!encode_element(f, array + i * element_size(f), buf, errp))
            return FALSE;
        if (buf->len > XDR_MESSAGE_MAX)
            return rpc_error_set(errp, VIR_ERR_RPC, "message is too long at '%s'",
                                 f->name);
    }
    return TRUE;
}

static gboolean encode_field(const XdrField *f, const guint8 *value, GByteArray *buf,
                             GError **errp)
{
    const guint8 *at = value + f->offset;
    const void *pointer;

    switch (f->shape) {
    case XDR_ONE:
        return encode_element(f, at, buf, errp);
    case XDR_FIXED:
        return encode_array(f, f->max, at, buf, errp);
    case XDR_OPTIONAL:
        pointer = *(void *const *)(const void *)at;
        xdr_append_u32(buf, pointer != NULL);
        if (!pointer)
            return TRUE;
        if (f->kind == XDR_STRING)
            return put_string(buf, f->name, pointer, f->max, errp);
        return encode_struct(f->type, pointer, buf, errp);
    case XDR_COUNTED: {
        guint32 n = *(const guint32 *)(const void *)(value + f->count_offset);

        if (n > f->max)
            return rpc_error_set(errp, VIR_ERR_RPC,
                                 "'%s' has %u elements, at most %u are allowed", f->name,
                                 n, f->max);
        xdr_append_u32(buf, n);
        return encode_array(f, n, *(guint8 *const *)(const void *)at, buf, errp);
    }
    }
    g_assert_not_reached();
}

static gboolean encode_struct(const XdrType *type, const guint8 *value, GByteArray *buf,
                              GError **errp)
{
    for (guint32 i = 0; i < type->n_fields; i++) {
        if (!encode_field(&type->fields[i], value, buf, errp))
            return FALSE;
    }
    return TRUE;
}

gboolean xdr_encode(const XdrType *type, const void *value, GByteArray *buf,
                    GError **errp)
{
    return encode_struct(type, value, buf, errp);
}

/* ---- releasing ---- */

static void clear_struct(const XdrType *type, guint8 *value);

static void clear_element(const XdrField *f, guint8 *value)
{
    if (f->kind == XDR_STRING)
        g_clear_pointer((char **)(void *)value, g_free);
    else if (f->kind == XDR_STRUCT)
        clear_struct(f->type, value);
    else if (f->kind == XDR_TYPED_PARAM)
        rpc_typed_param_clear((RpcTypedParam *)(void *)value);
}

static void clear_field(const XdrField *f, guint8 *value)
{
    guint8 *at = value + f->offset;
    void **pointer = (void **)(void *)at;
    guint32 n = 1;

    switch (f->shape) {
    case XDR_ONE:
        clear_element(f, at);
        return;
    case XDR_FIXED:
        for (guint32 i = 0; i < f->max; i++)
            clear_element(f, at + i * element_size(f));
        return;
    case XDR_OPTIONAL:
        if (*pointer && f->kind == XDR_STRUCT)
            clear_struct(f->type, *pointer);
        break;
    case XDR_COUNTED:
        n = *(guint32 *)(void *)(value + f->count_offset);
        for (guint32 i = 0; *pointer && i < n; i++)
            clear_element(f, (guint8 *)*pointer + i * element_size(f));
        break;
    }
    g_clear_pointer(pointer, g_free);
}

static void clear_struct(const XdrType *type, guint8 *value)
{
    for (guint32 i = 0; i < type->n_fields; i++)
        clear_field(&type->fields[i], value);
}

void xdr_clear(const XdrType *type, void *value)
{
    if (!type)
        return;
    clear_struct(type, value);
    memset(value, 0, type->size);
}
