/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State rows: round trips, and streams that must be refused. */
#include "config.h"

#include <string.h>

#include "device/device.h"
#include "util/error.h"

#define UNREADABLE 0xbadu

typedef struct Queue {
    guint16 index;
    guint64 ring;
} Queue;

typedef struct Thing {
    guint8 a;
    guint16 b;
    guint32 c;
    guint64 d;
    gboolean on;
    guint8 bytes[8];
    guint32 n_words;
    guint16 words[4];
    Queue queues[2];
    guint32 n_more;
    Queue *more;
    gboolean has_extra;
    struct {
        guint32 value;
    } extra;
    gboolean refuse, unreadable;
    int saved, loaded;
} Thing;

static gboolean queue_pre_save(void *opaque, GError **errp)
{
    if (((Queue *)opaque)->ring == UNREADABLE) {
        return error_set(errp, "no such ring");
    }
    return TRUE;
}

static const StateField queue_fields[] = {
    { .name = "index",
      .type = STATE_U16,
      .offset = offsetof(Queue, index),
      .count = 1,
      .limit = 255 },
    { .name = "ring", .type = STATE_U64, .offset = offsetof(Queue, ring), .count = 1 },
    { NULL },
};
static const StateDesc queue_desc = {
    .name = "queue", .version = 1, .fields = queue_fields, .pre_save = queue_pre_save
};

static gboolean extra_needed(void *opaque)
{
    return ((Thing *)((guint8 *)opaque - offsetof(Thing, extra)))->has_extra;
}

static const StateField extra_fields[] = {
    { .name = "value", .type = STATE_U32, .offset = 0, .count = 1 },
    { NULL },
};
static const StateDesc extra_desc = {
    .name = "extra", .version = 1, .fields = extra_fields, .needed = extra_needed
};

static gboolean thing_pre_save(void *opaque, GError **errp)
{
    Thing *t = opaque;

    t->saved++;
    if (t->unreadable) {
        error_set(errp, "no such thing");
    }
    return !t->unreadable;
}

static gboolean thing_post_load(void *opaque, guint32 version, GError **errp)
{
    Thing *t = opaque;

    t->loaded++;
    if (t->refuse) {
        return error_set(errp, "refused in version %u", version);
    }
    return TRUE;
}

#define ROW(name_, type_, ...)                                                           \
    {                                                                                    \
        .name = #name_, .type = type_, .offset = offsetof(Thing, name_), .count = 1,     \
        __VA_ARGS__                                                                      \
    }

static const StateField thing_fields[] = {
    ROW(a, STATE_U8, .limit = 100),
    ROW(b, STATE_U16),
    ROW(c, STATE_U32),
    ROW(d, STATE_U64, .since = 2),
    ROW(on, STATE_BOOL),
    { .name = "bytes",
      .type = STATE_BYTES,
      .offset = offsetof(Thing, bytes),
      .count = 8 },
    { .name = "words",
      .type = STATE_U16,
      .offset = offsetof(Thing, words),
      .count = 4,
      .count_offset = offsetof(Thing, n_words) },
    { .name = "queues",
      .type = STATE_STRUCT,
      .offset = offsetof(Thing, queues),
      .count = 2,
      .nested = &queue_desc,
      .stride = sizeof(Queue) },
    { .name = "more",
      .type = STATE_STRUCT,
      .offset = offsetof(Thing, more),
      .count_offset = offsetof(Thing, n_more),
      .nested = &queue_desc,
      .stride = sizeof(Queue),
      .indirect = TRUE },
    { .name = "extra",
      .type = STATE_STRUCT,
      .offset = offsetof(Thing, extra),
      .count = 1,
      .nested = &extra_desc,
      .stride = sizeof(guint32) },
    { NULL },
};
static const StateDesc thing_desc = {
    .name = "thing",
    .version = 2,
    .fields = thing_fields,
    .pre_save = thing_pre_save,
    .post_load = thing_post_load,
};
/* The same as version 1 of it had been. */
static const StateField old_fields[] = { ROW(a, STATE_U8), ROW(b, STATE_U16), { NULL } };
static const StateField new_fields[] = {
    ROW(b, STATE_U16), ROW(a, STATE_U8), ROW(c, STATE_U32, .since = 2), { NULL }
};

static Thing *thing_new(Queue more[3])
{
    Thing *t = g_new0(Thing, 1);

    t->n_more = 3;
    t->more = more;
    return t;
}

static void fill(Thing *t)
{
    t->a = 99;
    t->b = 0xbeef;
    t->c = 0xdeadbeef;
    t->d = 0x0123456789abcdef;
    t->on = TRUE;
    memcpy(t->bytes, "12345678", 8);
    t->n_words = 3;
    t->words[0] = 7;
    t->words[2] = 0xffff;
    t->queues[1] = (Queue){ 255, G_MAXUINT64 };
    t->more[2] = (Queue){ 3, 4 };
    t->has_extra = TRUE;
    t->extra.value = 42;
}

static void test_round_trip(void)
{
    Queue from_more[3] = { { 0 } }, to_more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(from_more), *to = thing_new(to_more);
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GByteArray) again = g_byte_array_new();
    g_autoptr(GError) err = NULL;

    fill(from);
    g_assert_true(state_save(out, &thing_desc, from, NULL));
    g_assert_cmpint(from->saved, ==, 1);
    state_load(out->data, out->len, &thing_desc, to, &err);
    g_assert_no_error(err);
    g_assert_cmpint(to->loaded, ==, 1);
    g_assert_cmpuint(to->d, ==, 0x0123456789abcdef);
    g_assert_cmpuint(to->n_words, ==, 3);
    g_assert_cmpuint(to->words[2], ==, 0xffff);
    g_assert_cmpuint(to->queues[1].ring, ==, G_MAXUINT64);
    g_assert_cmpuint(to->more[2].index, ==, 3);
    g_assert_cmpuint(to->extra.value, ==, 42);
    to->has_extra = TRUE;
    g_assert_cmpuint(out->data[0], ==, 2);
    g_assert_true(state_save(again, &thing_desc, to, NULL));
    g_assert_cmpmem(out->data, out->len, again->data, again->len);
}

static void test_not_needed(void)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(more), *to = thing_new(more);
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;

    from->extra.value = 1;
    to->extra.value = 2;
    g_assert_true(state_save(out, &thing_desc, from, NULL));
    g_assert_null(memmem(out->data, out->len, "extra", 5));
    state_load(out->data, out->len, &thing_desc, to, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(to->extra.value, ==, 0); /* not what it was before */
}

/*
 * Every prefix of a stream is refused: a cut between two fields misses the rest. The last
 * one is seen to be missing by nobody: it can be left out.
 */
static void test_truncated(void)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(more);
    g_autoptr(GByteArray) out = g_byte_array_new();

    fill(from);
    g_assert_true(state_save(out, &thing_desc, from, NULL));
    gsize last = (guint8 *)memmem(out->data, out->len, "\5extra", 6) - out->data;
    for (guint len = 0; len < out->len; len++) {
        if (len == last) {
            continue;
        }
        g_autofree Thing *to = thing_new(more);
        g_autofree guint8 *copy = g_memdup2(out->data, len);
        g_autoptr(GError) err = NULL;

        g_assert_false(state_load(copy, len, &thing_desc, to, &err));
        g_assert_nonnull(strstr(err->message, "Section 'thing'"));
        g_assert_cmpint(to->loaded, ==, 0);
    }
}

/* Whatever one changed byte does, it is no crash, and limits hold. */
static void test_corrupted(void)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(more);
    g_autoptr(GByteArray) out = g_byte_array_new();

    fill(from);
    g_assert_true(state_save(out, &thing_desc, from, NULL));
    for (guint i = 0; i < out->len; i++) {
        for (guint bit = 0; bit < 8; bit++) {
            Queue to_more[3] = { { 0 } };
            g_autofree Thing *to = thing_new(to_more);

            out->data[i] ^= 1 << bit;
            if (state_load(out->data, out->len, &thing_desc, to, NULL)) {
                g_assert_cmpuint(to->a, <=, 100);
                g_assert_cmpuint(to->n_words, <=, 4);
                g_assert_cmpuint(to->n_more, ==, 3);
                g_assert_true(to->on == TRUE || to->on == FALSE);
                g_assert_cmpuint(to->queues[1].index, <=, 255);
            }
            out->data[i] ^= 1 << bit;
        }
    }
}

static GByteArray *save(const StateDesc *writer, Thing *from)
{
    GByteArray *out = g_byte_array_new();

    g_assert_true(state_save(out, writer, from, NULL));
    return out;
}

/* The version that a stream says that it has. */
static guint32 get_version(const GByteArray *out)
{
    guint32 version;

    memcpy(&version, out->data, sizeof(version));
    return GUINT32_FROM_LE(version);
}

static void set_version(GByteArray *out, guint32 version)
{
    version = GUINT32_TO_LE(version);
    memcpy(out->data, &version, sizeof(version));
}

static void expect_bytes_refused(const GByteArray *out, const StateDesc *reader,
                                 const char *text)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *to = thing_new(more);
    g_autoptr(GError) err = NULL;

    g_assert_false(state_load(out->data, out->len, reader, to, &err));
    g_assert_cmpstr(err->message, ==, text);
}

static void expect_refused(const StateDesc *writer, Thing *from, const StateDesc *reader,
                           const char *text)
{
    g_autoptr(GByteArray) out = save(writer, from);

    expect_bytes_refused(out, reader, text);
}

/* Elements behind a pointer, as many as there are: loading makes room for all. */
typedef struct Buffer {
    guint16 *data;
    guint32 len;
} Buffer;

static void test_made_room(void)
{
    const StateField fields[] = { { .name = "data",
                                    .type = STATE_U16,
                                    .offset = offsetof(Buffer, data),
                                    .count = 4,
                                    .count_offset = offsetof(Buffer, len),
                                    .indirect = TRUE },
                                  { NULL } };
    const StateDesc desc = { .name = "buffer", .version = 1, .fields = fields };
    guint16 data[5] = { 1, 2, 3 };
    Buffer from = { data, 3 }, none = { NULL }, to = { NULL };
    g_autoptr(GByteArray) out = g_byte_array_new(), empty = g_byte_array_new();
    g_autoptr(GByteArray) long_one = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    StateField longer[] = { fields[0], { NULL } };

    g_assert_true(state_save(out, &desc, &from, NULL));
    g_assert_true(state_save(empty, &desc, &none, NULL));
    g_assert_true(state_load(out->data, out->len, &desc, &to, NULL));
    g_assert_cmpmem(to.data, to.len * sizeof(guint16), data, 3 * sizeof(guint16));
    to.data[3] = 4;
    g_assert_true(state_load(out->data, out->len, &desc, &to, NULL));
    g_assert_cmpuint(to.data[3], ==, 0);
    g_assert_true(state_load(empty->data, empty->len, &desc, &to, NULL));
    g_assert_cmpuint(to.len, ==, 0);

    longer[0].count = from.len = 5;
    g_assert_true(state_save(long_one, &(StateDesc){ "buffer", 1, longer }, &from, NULL));
    g_assert_false(state_load(long_one->data, long_one->len, &desc, &to, &err));
    g_assert_cmpstr(err->message, ==,
                    "Section 'buffer', field 'data': 5 elements, more than 4");
    g_free(to.data);
}

static void test_refused(void)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(more);
    StateDesc one = { .name = "t", .version = 1, .fields = old_fields };
    StateDesc two = { .name = "t", .version = 2, .fields = new_fields };
    StateField limited[] = { ROW(a, STATE_U8, .limit = 5), ROW(b, STATE_U16), { NULL } };
    StateField wide[] = { ROW(a, STATE_U16), ROW(b, STATE_U16), { NULL } };
    StateField many[] = { { .name = "bytes", .type = STATE_BYTES, .count = 4 },
                          { NULL } };
    StateField few[] = { { .name = "bytes", .type = STATE_BYTES, .count = 3 }, { NULL } };
    StateField twice[] = {
        ROW(a, STATE_U8), ROW(b, STATE_U16), ROW(a, STATE_U8), { NULL }
    };
    StateField none[] = { ROW(b, STATE_U16), { NULL } };
    StateDesc other = one;

    g_autoptr(GByteArray) lying = NULL;

    from->a = 6;
    expect_refused(&two, from, &one, "Section 't', field 'c': unknown in version 1");
    lying = save(&one, from);
    set_version(lying, 0);
    expect_bytes_refused(lying, &one, "Section 't': version 0 is not known (up to 1 is)");
    set_version(lying, 2);
    expect_bytes_refused(lying, &one, "Section 't': version 2 is not known (up to 1 is)");
    expect_bytes_refused(lying, &two, "Section 't', field 'c': missing");
    g_byte_array_unref(lying);
    lying = save(&two, from);
    set_version(lying, 1);
    expect_bytes_refused(lying, &two, "Section 't', field 'c': unknown in version 1");
    other.fields = none;
    expect_refused(&other, from, &one, "Section 't', field 'a': missing");
    expect_refused(&one, from, &other, "Section 't', field 'a': unknown in version 1");
    other.fields = twice;
    expect_refused(&other, from, &one, "Section 't', field 'a': there twice");
    other.fields = wide;
    expect_refused(&other, from, &one, "Section 't', field 'a': type 1 instead of 0");
    other.fields = limited;
    expect_refused(&one, from, &other,
                   "Section 't', field 'a': 6 is above the limit of 5");
    one.fields = many;
    other.fields = few;
    expect_refused(&one, from, &other,
                   "Section 't', field 'bytes': 4 elements where there are 3");
    from->queues[0].index = 256;
    expect_refused(
        &thing_desc, from, &thing_desc,
        "Section 'thing', field 'queues': Section 'queue', field 'index': 256 is "
        "above the limit of 255");
}

static void test_versions(void)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(more), *to = thing_new(more);
    StateDesc one = { .name = "t", .version = 1, .fields = old_fields };
    StateDesc two = { .name = "t", .version = 2, .fields = new_fields };
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;

    from->a = 1;
    from->b = 2;
    to->c = 3;
    g_assert_true(state_save(out, &one, from, NULL));
    state_load(out->data, out->len, &two, to, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(to->a, ==, 1);
    g_assert_cmpuint(to->b, ==, 2);
    g_assert_cmpuint(to->c, ==, 0); /* whatever it was before */
}

/* What a later release may add, each in its own way. */

static gboolean d_needed(void *opaque)
{
    return ((Thing *)opaque)->on;
}

static const StateField next_fields[] = {
    ROW(a, STATE_U8),
    ROW(b, STATE_U16),
    ROW(c, STATE_U32, .since = 2, .optional = TRUE, .absent = 7),
    ROW(d, STATE_U64, .since = 3, .needed = d_needed, .absent = 5),
    { .name = "words",
      .type = STATE_U16,
      .offset = offsetof(Thing, words),
      .count = 4,
      .count_offset = offsetof(Thing, n_words),
      .since = 4,
      .optional = TRUE },
    { .name = "bytes",
      .type = STATE_BYTES,
      .offset = offsetof(Thing, bytes),
      .count = 8,
      .since = 5,
      .optional = TRUE,
      .may_skip = TRUE },
    { NULL },
};
static const StateDesc next_desc = { .name = "t", .version = 5, .fields = next_fields };
static const StateDesc old_desc = { .name = "t", .version = 1, .fields = old_fields };

static void load_next(const GByteArray *out, Thing *to)
{
    g_autoptr(GError) err = NULL;

    to->c = to->d = to->n_words = to->bytes[3] = 99;
    state_load(out->data, out->len, &next_desc, to, &err);
    g_assert_no_error(err);
}

/* A VM that does not need what is new goes both ways, with the bytes that it had. */
static void test_left_out(void)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(more), *to = thing_new(more);
    g_autoptr(GError) err = NULL;

    from->a = 1;
    from->c = 7;
    g_autoptr(GByteArray) new = save(&next_desc, from), old = save(&old_desc, from);
    g_assert_cmpmem(new->data, new->len, old->data, old->len);
    load_next(new, to);
    g_assert_cmpuint(to->a, ==, 1);
    g_assert_cmpuint(to->c, ==, 7);
    g_assert_cmpuint(to->d, ==, 5);
    g_assert_cmpuint(to->n_words, ==, 0);
    g_assert_cmpuint(to->bytes[3], ==, 0);

    to->c = to->d = to->n_words = to->bytes[3] = 99;
    g_assert_true(state_load_absent(&next_desc, to, &err));
    g_assert_cmpuint(to->a, ==, 0);
    g_assert_cmpuint(to->c, ==, 7);
    g_assert_cmpuint(to->d, ==, 5);
    g_assert_cmpuint(to->n_words, ==, 0);
}

/* The version is what the fields need, and who cannot take one says which. */
static void test_needed(void)
{
    static const struct {
        guint32 version;
        const char *why;
    } cases[] = {
        { 2, "Section 't', field 'c': unknown in version 1" },
        { 3, "Section 't', field 'd': unknown in version 1" },
        { 4, "Section 't', field 'words': unknown in version 1" },
        { 1, NULL }, /* may be lost */
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Queue more[3] = { { 0 } };
        g_autofree Thing *from = thing_new(more), *to = thing_new(more);
        g_autoptr(GError) err = NULL;

        from->c = i == 0 ? 8 : 7;
        from->on = i == 1;
        from->d = i == 1 ? 6 : 1;
        from->n_words = i == 2 ? 2 : 0;
        from->words[1] = 12;
        from->bytes[3] = i == 3 ? 1 : 0;
        g_autoptr(GByteArray) out = save(&next_desc, from);
        g_assert_cmpuint(get_version(out), ==, cases[i].version);
        load_next(out, to);
        g_assert_cmpuint(to->c, ==, from->c);
        g_assert_cmpuint(to->d, ==, i == 1 ? 6 : 5);
        g_assert_cmpuint(to->n_words, ==, from->n_words);
        g_assert_cmpuint(to->words[1], ==, i == 2 ? 12 : 0);
        g_assert_cmpuint(to->bytes[3], ==, from->bytes[3]);
        if (cases[i].why) {
            expect_bytes_refused(out, &old_desc, cases[i].why);
        } else {
            state_load(out->data, out->len, &old_desc, to, &err);
            g_assert_no_error(err);
        }
    }
}

static void test_post_load(void)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(more), *to = thing_new(more);
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;

    to->refuse = TRUE;
    g_assert_true(state_save(out, &thing_desc, from, NULL));
    g_assert_false(state_load(out->data, out->len, &thing_desc, to, &err));
    g_assert_cmpstr(err->message, ==, "refused in version 2");
}

/* What cannot be read is not written, not even in part. */
static void test_pre_save(void)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(more);
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;

    g_byte_array_append(out, (const guint8 *)"kept", 4);
    from->unreadable = TRUE;
    g_assert_false(state_save(out, &thing_desc, from, &err));
    g_assert_cmpstr(err->message, ==, "no such thing");
    g_assert_cmpuint(out->len, ==, 4);
    g_clear_error(&err);
    from->unreadable = FALSE;
    more[2].ring = UNREADABLE;
    g_assert_false(state_save(out, &thing_desc, from, &err));
    g_assert_cmpstr(err->message, ==, "no such ring");
    g_assert_cmpmem(out->data, out->len, "kept", 4);
    more[2].ring = 0;
    g_assert_true(state_save(out, &thing_desc, from, NULL));
}

/* What realize has allocated decides how many there are. */
static void test_indirect_count(void)
{
    Queue more[3] = { { 0 } };
    g_autofree Thing *from = thing_new(more), *to = thing_new(more);
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;

    to->n_more = 2;
    g_assert_true(state_save(out, &thing_desc, from, NULL));
    g_assert_false(state_load(out->data, out->len, &thing_desc, to, &err));
    g_assert_cmpstr(err->message, ==,
                    "Section 'thing', field 'more': 3 elements where there are 2");
    g_assert_cmpuint(to->n_more, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device/state/round-trip", test_round_trip);
    g_test_add_func("/device/state/not-needed", test_not_needed);
    g_test_add_func("/device/state/truncated", test_truncated);
    g_test_add_func("/device/state/corrupted", test_corrupted);
    g_test_add_func("/device/state/made-room", test_made_room);
    g_test_add_func("/device/state/refused", test_refused);
    g_test_add_func("/device/state/versions", test_versions);
    g_test_add_func("/device/state/left-out", test_left_out);
    g_test_add_func("/device/state/needed", test_needed);
    g_test_add_func("/device/state/post-load", test_post_load);
    g_test_add_func("/device/state/pre-save", test_pre_save);
    g_test_add_func("/device/state/indirect-count", test_indirect_count);
    return g_test_run();
}
