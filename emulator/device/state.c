/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State rows <-> bytes. All numbers are little-endian.
 *
 *   description:  u32 version (of its newest field that is there), then its fields until
 *                 the end
 *   field:        u8 length of the name, name, u8 type (0x80: who does not know the name
 *                 may go on without it), u32 elements, u32 length of the payload, payload
 *   payload:      the numbers one after the other; of a structure, for each element
 *                 u32 length and its description
 *
 * Fields are found by name, so their order does not matter; each must be there exactly
 * once, unless it can be left out (util/state.h) or is newer than the stream's version.
 */
#include "config.h"

#include <string.h>

#include "device/device.h"
#include "util/error.h"

#define MAX_FIELDS    256
#define TYPE_MAY_SKIP 0x80

static const struct {
    guint8 size;   /* of an element in the stream; 0: a structure */
    guint8 member; /* in memory */
} types[] = {
    [STATE_U8] = { 1, 1 },
    [STATE_U16] = { 2, 2 },
    [STATE_U32] = { 4, 4 },
    [STATE_U64] = { 8, 8 },
    [STATE_BOOL] = { 1, sizeof(gboolean) },
    [STATE_BYTES] = { 1, 1 },
    [STATE_STRUCT] = { 0, 0 },
};

/* Bytes that are still to be read. */
typedef struct Reader {
    const guint8 *p;
    gsize left;
} Reader;

static size_t stride(const StateField *f)
{
    return f->type == STATE_STRUCT ? f->stride : types[f->type].member;
}

/* The stream says how many elements there are, up to count. */
static gboolean number_varies(const StateField *f)
{
    return f->count_offset && (!f->indirect || f->count);
}

static guint8 *elements(const StateField *f, void *opaque)
{
    guint8 *member = (guint8 *)opaque + f->offset;

    return f->indirect ? *(guint8 **)member : member;
}

/* The used number of elements. */
static guint32 used_count(const StateField *f, void *opaque)
{
    guint32 count = f->count;

    if (f->count_offset) {
        guint32 used = *(guint32 *)((guint8 *)opaque + f->count_offset);

        g_assert(!count || used <= count);
        return used;
    }
    return count ? count : 1;
}

static void put_u32(GByteArray *out, guint32 value)
{
    value = GUINT32_TO_LE(value);
    g_byte_array_append(out, (guint8 *)&value, sizeof(value));
}

/* Reserves a length; fill_length() sets it to what has been appended since. */
static guint begin_length(GByteArray *out)
{
    put_u32(out, 0);
    return out->len;
}

static void fill_length(GByteArray *out, guint start)
{
    guint32 len = GUINT32_TO_LE(out->len - start);

    memcpy(out->data + start - sizeof(len), &len, sizeof(len));
}

static guint64 get_member(const StateField *f, const guint8 *p)
{
    switch (types[f->type].member) {
    case 1:
        return *p;
    case 2:
        return *(const guint16 *)p;
    case 4:
        return f->type == STATE_BOOL ? *(const gboolean *)p != 0 : *(const guint32 *)p;
    default:
        return *(const guint64 *)p;
    }
}

static void set_member(const StateField *f, guint8 *p, guint64 value)
{
    switch (types[f->type].member) {
    case 1:
        *p = value;
        break;
    case 2:
        *(guint16 *)p = value;
        break;
    case 4:
        *(guint32 *)p = value;
        break;
    default:
        *(guint64 *)p = value;
    }
}

/* One structure that says itself whether it is needed. */
static gboolean asks_itself(const StateField *f)
{
    return f->type == STATE_STRUCT && !f->count_offset && f->count <= 1 &&
           f->nested->needed;
}

static gboolean can_be_left_out(const StateField *f)
{
    return f->needed || f->optional || asks_itself(f);
}

static gboolean is_absent(const StateField *f, void *opaque)
{
    guint32 count = used_count(f, opaque);
    const guint8 *p = count ? elements(f, opaque) : NULL;

    if (number_varies(f)) {
        return count == 0;
    }
    for (guint32 i = 0; i < count; i++, p += stride(f)) {
        if (get_member(f, p) != f->absent) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean field_needed(const StateField *f, void *opaque)
{
    if (f->needed) {
        return f->needed(opaque);
    }
    if (f->optional) {
        return !is_absent(f, opaque);
    }
    return !asks_itself(f) || f->nested->needed(elements(f, opaque));
}

/* After loading, a field that has not come. */
static void set_absent(const StateField *f, void *opaque)
{
    guint32 count;
    guint8 *p;

    if (number_varies(f)) {
        *(guint32 *)((guint8 *)opaque + f->count_offset) = 0;
        return;
    }
    count = used_count(f, opaque);
    p = count ? elements(f, opaque) : NULL;
    for (guint32 i = 0; i < count; i++, p += stride(f)) {
        if (f->type != STATE_STRUCT) {
            set_member(f, p, f->absent);
            continue;
        }
        for (const StateField *n = f->nested->fields; n->name; n++) {
            set_absent(n, p);
        }
    }
}

static gboolean save_field(GByteArray *out, const StateField *f, void *opaque,
                           GError **errp)
{
    guint8 name_len = strlen(f->name), type = f->type | (f->may_skip ? TYPE_MAY_SKIP : 0);
    guint32 count = used_count(f, opaque);
    guint8 *p = count ? elements(f, opaque) : NULL;
    guint start;

    g_byte_array_append(out, &name_len, 1);
    g_byte_array_append(out, (const guint8 *)f->name, name_len);
    g_byte_array_append(out, &type, 1);
    put_u32(out, count);
    start = begin_length(out);
    for (guint32 i = 0; i < count; i++, p += stride(f)) {
        if (f->type == STATE_STRUCT) {
            guint element = begin_length(out);

            if (!state_save(out, f->nested, p, errp)) {
                return FALSE;
            }
            fill_length(out, element);
        } else {
            guint64 value = GUINT64_TO_LE(get_member(f, p));

            g_byte_array_append(out, (guint8 *)&value, types[f->type].size);
        }
    }
    fill_length(out, start);
    return TRUE;
}

gboolean state_save(GByteArray *out, const StateDesc *desc, void *opaque, GError **errp)
{
    guint before = out->len;
    guint32 version = 1;

    if (desc->pre_save && !desc->pre_save(opaque, errp)) {
        return FALSE;
    }
    put_u32(out, 0);
    for (const StateField *f = desc->fields; f->name; f++) {
        if (!field_needed(f, opaque)) {
            continue;
        }
        if (!save_field(out, f, opaque, errp)) {
            g_byte_array_set_size(out, before);
            return FALSE;
        }
        version = MAX(version, f->may_skip ? 0 : f->since);
    }
    g_assert(version <= desc->version);
    version = GUINT32_TO_LE(version);
    memcpy(out->data + before, &version, sizeof(version));
    return TRUE;
}

G_GNUC_PRINTF(4, 5)
static gboolean refuse(GError **errp, const StateDesc *desc, const char *field,
                       const char *format, ...)
{
    g_autofree char *why = NULL;
    va_list ap;

    va_start(ap, format);
    why = g_strdup_vprintf(format, ap);
    va_end(ap);
    return error_set(errp, "Section '%s'%s%s%s: %s", desc->name, field ? ", field '" : "",
                     field ? field : "", field ? "'" : "", why);
}

static gboolean get_bytes(Reader *r, gsize n, const guint8 **out)
{
    if (r->left < n) {
        return FALSE;
    }
    *out = r->p;
    r->p += n;
    r->left -= n;
    return TRUE;
}

static gboolean get_u32(Reader *r, guint32 *out)
{
    const guint8 *p;

    if (!get_bytes(r, sizeof(*out), &p)) {
        return FALSE;
    }
    memcpy(out, p, sizeof(*out));
    *out = GUINT32_FROM_LE(*out);
    return TRUE;
}

static gboolean get_reader(Reader *r, Reader *out)
{
    guint32 len;

    if (!get_u32(r, &len) || !get_bytes(r, len, &out->p)) {
        return FALSE;
    }
    out->left = len;
    return TRUE;
}

static void make_room(const StateField *f, void *opaque)
{
    void **member = (void **)((guint8 *)opaque + f->offset);

    g_free(*member);
    *member = g_malloc0_n(f->count, stride(f));
}

static gboolean check_count(const StateDesc *desc, const StateField *f, void *opaque,
                            guint32 count, GError **errp)
{
    guint32 max = f->count ? f->count : 1;

    if (!number_varies(f)) {
        guint32 expected = f->indirect ? used_count(f, opaque) : max;

        return count == expected ||
               refuse(errp, desc, f->name, "%u elements where there are %u", count,
                      expected);
    }
    if (count > max) {
        return refuse(errp, desc, f->name, "%u elements, more than %u", count, max);
    }
    if (f->indirect) {
        make_room(f, opaque);
    }
    *(guint32 *)((guint8 *)opaque + f->count_offset) = count;
    return TRUE;
}

static gboolean load_number(const StateDesc *desc, const StateField *f, Reader *r,
                            guint8 *p, GError **errp)
{
    const guint8 *bytes;
    guint64 value = 0, limit = f->type == STATE_BOOL ? 1 : f->limit;

    if (!get_bytes(r, types[f->type].size, &bytes)) {
        return refuse(errp, desc, f->name, "cut off");
    }
    memcpy(&value, bytes, types[f->type].size);
    value = GUINT64_FROM_LE(value);
    if (limit && value > limit) {
        return refuse(errp, desc, f->name,
                      "%" G_GUINT64_FORMAT " is above the limit of %" G_GUINT64_FORMAT,
                      value, limit);
    }
    set_member(f, p, value);
    return TRUE;
}

static gboolean load_payload(const StateDesc *desc, const StateField *f, void *opaque,
                             guint32 count, Reader *r, GError **errp)
{
    guint8 *p = count ? elements(f, opaque) : NULL;

    for (guint32 i = 0; i < count; i++, p += stride(f)) {
        if (f->type == STATE_STRUCT) {
            Reader element;

            if (!get_reader(r, &element)) {
                return refuse(errp, desc, f->name, "cut off");
            }
            if (!state_load(element.p, element.left, f->nested, p, errp)) {
                g_prefix_error(errp, "Section '%s', field '%s': ", desc->name, f->name);
                return FALSE;
            }
        } else if (!load_number(desc, f, r, p, errp)) {
            return FALSE;
        }
    }
    if (r->left) {
        return refuse(errp, desc, f->name, "%" G_GSIZE_FORMAT " bytes too many", r->left);
    }
    return TRUE;
}

/* Index of the row with that name, or -1. */
static int find_field(const StateDesc *desc, const char *name, gsize len)
{
    for (int i = 0; desc->fields[i].name; i++) {
        const char *own = desc->fields[i].name;

        if (strlen(own) == len && memcmp(own, name, len) == 0) {
            return i;
        }
    }
    return -1;
}

/* A field as it is in the stream. */
typedef struct Field {
    const guint8 *name;
    guint8 name_len, type;
    guint32 count;
    Reader payload;
} Field;

static gboolean get_field(const StateDesc *desc, Reader *r, Field *field, GError **errp)
{
    const guint8 *len, *type;
    g_autofree char *shown = NULL;

    if (!get_bytes(r, 1, &len) || !get_bytes(r, *len, &field->name)) {
        return refuse(errp, desc, NULL, "cut off in a field's name");
    }
    field->name_len = *len;
    if (!get_bytes(r, 1, &type) || !get_u32(r, &field->count) ||
        !get_reader(r, &field->payload)) {
        shown = error_printable(field->name, field->name_len);
        return refuse(errp, desc, shown, "cut off");
    }
    field->type = *type;
    return TRUE;
}

static gboolean unknown_field(const StateDesc *desc, const Field *field, guint32 version,
                              GError **errp)
{
    g_autofree char *shown = error_printable(field->name, field->name_len);

    return refuse(errp, desc, shown, "unknown in version %u", version);
}

static gboolean load_field(const StateDesc *desc, void *opaque, guint32 version,
                           gboolean *seen, Reader *r, GError **errp)
{
    const StateField *f;
    Field field;
    int index;

    if (!get_field(desc, r, &field, errp)) {
        return FALSE;
    }
    index = find_field(desc, (const char *)field.name, field.name_len);
    if (index < 0 && (field.type & TYPE_MAY_SKIP)) {
        return TRUE;
    }
    if (index < 0 ||
        (desc->fields[index].since > version && !(field.type & TYPE_MAY_SKIP))) {
        return unknown_field(desc, &field, version, errp);
    }
    f = &desc->fields[index];
    if (seen[index]) {
        return refuse(errp, desc, f->name, "there twice");
    }
    seen[index] = TRUE;
    if ((field.type & ~TYPE_MAY_SKIP) != f->type) {
        return refuse(errp, desc, f->name, "type %u instead of %u",
                      field.type & ~TYPE_MAY_SKIP, f->type);
    }
    return check_count(desc, f, opaque, field.count, errp) &&
           load_payload(desc, f, opaque, field.count, &field.payload, errp);
}

/* Says what it is that a newer writer has and this reader has not. */
static gboolean refuse_version(const StateDesc *desc, guint32 version, Reader r,
                               GError **errp)
{
    while (version > desc->version && r.left) {
        Field field;

        if (!get_field(desc, &r, &field, errp)) {
            return FALSE;
        }
        if (find_field(desc, (const char *)field.name, field.name_len) < 0 &&
            !(field.type & TYPE_MAY_SKIP)) {
            return unknown_field(desc, &field, desc->version, errp);
        }
    }
    return refuse(errp, desc, NULL, "version %u is not known (up to %u is)", version,
                  desc->version);
}

gboolean state_load(const guint8 *buf, gsize len, const StateDesc *desc, void *opaque,
                    GError **errp)
{
    Reader r = { buf, len };
    gboolean seen[MAX_FIELDS] = { FALSE };
    guint32 version;

    if (!get_u32(&r, &version)) {
        return refuse(errp, desc, NULL, "cut off");
    }
    if (version == 0 || version > desc->version) {
        return refuse_version(desc, version, r, errp);
    }
    while (r.left) {
        if (!load_field(desc, opaque, version, seen, &r, errp)) {
            return FALSE;
        }
    }
    for (int i = 0; desc->fields[i].name; i++) {
        const StateField *f = &desc->fields[i];

        g_assert(i < MAX_FIELDS);
        if (seen[i]) {
            continue;
        }
        if (f->since <= version && !can_be_left_out(f)) {
            return refuse(errp, desc, f->name, "missing");
        }
        set_absent(f, opaque);
    }
    return !desc->post_load || desc->post_load(opaque, version, errp);
}

gboolean state_load_absent(const StateDesc *desc, void *opaque, GError **errp)
{
    for (const StateField *f = desc->fields; f->name; f++) {
        set_absent(f, opaque);
    }
    return !desc->post_load || desc->post_load(opaque, desc->version, errp);
}
