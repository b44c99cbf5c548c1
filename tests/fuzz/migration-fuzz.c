/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is, by its first byte, a migration stream from the beginning, its records,
 * or a device's section alone. RAM is two small blocks; sections are of a description
 * with rows of every type.
 */
#include "fuzz/migration-fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device/device.h"
#include "event/lock.h"
#include "event/loop.h"
#include "memory/ram.h"
#include "migration/ram.h"
#include "migration/stream.h"

#define PAGES     64
#define INPUT_MAX 65536 /* fits into the socket */

typedef struct Inner {
    guint16 number;
    gboolean flag;
} Inner;

typedef struct Outer {
    guint8 u8;
    guint16 u16;
    guint32 u32, used, exact;
    guint64 u64;
    gboolean flag;
    guint8 bytes[32];
    Inner inner, many[4];
    Inner *elsewhere;
} Outer;

#define INNER(member, t)                                                                 \
    {                                                                                    \
        .name = #member, .type = t, .offset = offsetof(Inner, member), .count = 1        \
    }
static const StateField inner_fields[] = {
    INNER(number, STATE_U16),
    INNER(flag, STATE_BOOL),
    { .name = NULL },
};
static const StateDesc inner = { .name = "inner", .version = 1, .fields = inner_fields };

#define OUTER(member, t, ...)                                                            \
    {                                                                                    \
        .name = #member, .type = t, .offset = offsetof(Outer, member), __VA_ARGS__       \
    }
static const StateField outer_fields[] = {
    OUTER(u8, STATE_U8, .count = 1, .limit = 3),
    OUTER(u16, STATE_U16, .count = 1),
    OUTER(u32, STATE_U32, .count = 1),
    OUTER(u64, STATE_U64, .count = 1, .since = 2),
    OUTER(flag, STATE_BOOL, .count = 1),
    OUTER(bytes, STATE_BYTES, .count = 32),
    OUTER(inner, STATE_STRUCT, .count = 1, .nested = &inner, .stride = sizeof(Inner)),
    OUTER(many, STATE_STRUCT, .count = 4, .count_offset = offsetof(Outer, used),
          .nested = &inner, .stride = sizeof(Inner)),
    OUTER(elsewhere, STATE_STRUCT, .count = 1, .count_offset = offsetof(Outer, exact),
          .indirect = TRUE, .nested = &inner, .stride = sizeof(Inner)),
    { .name = NULL },
};
static const StateDesc outer = { .name = "outer", .version = 2, .fields = outer_fields };

static RamBlock *blocks[2];
static GPtrArray by_number = { (gpointer *)blocks, G_N_ELEMENTS(blocks) };

static void set_up(void)
{
    event_init();
    for (unsigned i = 0; i < G_N_ELEMENTS(blocks); i++) {
        blocks[i] = ram_block_new(i ? "fuzz1" : "fuzz0", PAGES * RAM_PAGE_SIZE, NULL);
        g_assert_true(ram_block_register(blocks[i], NULL));
    }
    machine_unlock(); /* as on the incoming thread */
}

/* A section is refused with a text, or taken with all of its limits kept. */
static void load_section(const uint8_t *data, size_t len)
{
    Inner elsewhere[3];
    Outer o = { .exact = G_N_ELEMENTS(elsewhere), .elsewhere = elsewhere };
    g_autoptr(GError) err = NULL;

    if (!state_load(data, len, &outer, &o, &err)) {
        g_assert_true(err && g_utf8_validate(err->message, -1, NULL));
        return;
    }
    g_assert_true(o.u8 <= 3 && o.used <= 4 && o.flag <= 1);
    g_autoptr(GByteArray) again = g_byte_array_new();
    g_assert_true(state_save(again, &outer, &o, NULL));
}

static gboolean read_payload(MigChannel *ch, const MigRecord *record, GError **errp)
{
    g_autoptr(GBytes) payload = mig_stream_read_payload(ch, record, errp);
    gsize len;

    if (payload) {
        const uint8_t *data = g_bytes_get_data(payload, &len);
        load_section(data, len);
    }
    return payload != NULL;
}

static void read_records(MigChannel *ch, GError **errp)
{
    MigRecord record;
    gboolean ok = TRUE;

    while (ok && mig_stream_read_record(ch, &record, errp)) {
        switch (record.type) {
        case MIG_RECORD_RAM:
            ok = ram_load(ch, &record, &by_number, NULL, errp);
            break;
        case MIG_RECORD_END:
            mig_stream_read_answer(ch, errp);
            return;
        default:
            ok = read_payload(ch, &record, errp);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    g_autoptr(GError) err = NULL;
    int fds[2];

    if (!blocks[0]) {
        set_up();
    }
    if (len < 1 || len > INPUT_MAX) {
        return 0;
    }
    if (data[0] % 4 == 0) {
        load_section(data + 1, len - 1);
        return 0;
    }
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_assert_cmpint(write(fds[0], data + 1, len - 1), ==, (ssize_t)len - 1);
    close(fds[0]);
    g_autoptr(MigChannel) ch = mig_channel_new(fds[1], NULL);
    if (data[0] % 4 != 1 || mig_stream_read_hello(ch, FALSE, &err)) {
        read_records(ch, &err);
    }
    g_assert_true(!err || g_utf8_validate(err->message, -1, NULL));
    for (unsigned i = 0; i < G_N_ELEMENTS(blocks); i++) {
        g_assert_cmpint(blocks[i]->refs, ==, 2); /* ours and the registry's */
    }
    return 0;
}
