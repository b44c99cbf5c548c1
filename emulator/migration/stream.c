/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migration/stream.h"

#include <string.h>

#include "util/error.h"

static const char magic[8] = MIG_MAGIC; /* no NUL */
#define FORMAT_VERSION 2

void mig_record_pack(guint8 out[MIG_RECORD_SIZE], MigRecordType type, guint32 aux,
                     guint64 length)
{
    guint32 head[2] = { GUINT32_TO_LE(type), GUINT32_TO_LE(aux) };
    guint64 tail = GUINT64_TO_LE(length);

    memcpy(out, head, sizeof(head));
    memcpy(out + sizeof(head), &tail, sizeof(tail));
}

gboolean mig_stream_send_hello(MigChannel *ch, GError **errp)
{
    guint8 buf[16];
    guint32 words[2] = { GUINT32_TO_LE(FORMAT_VERSION), 0 };

    memcpy(buf, magic, sizeof(magic));
    memcpy(buf + sizeof(magic), words, sizeof(words));
    return mig_channel_write(ch, buf, sizeof(buf), errp);
}

gboolean mig_stream_read_hello(MigChannel *ch, gboolean magic_read, GError **errp)
{
    gsize done = magic_read ? sizeof(magic) : 0;
    guint8 buf[16];
    guint32 words[2];

    memcpy(buf, magic, done);
    if (!mig_channel_read(ch, buf + done, sizeof(buf) - done, errp)) {
        return FALSE;
    }
    memcpy(words, buf + sizeof(magic), sizeof(words));
    if (memcmp(buf, magic, sizeof(magic)) != 0) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                            "Not a vireo migration stream");
        return FALSE;
    }
    if (GUINT32_FROM_LE(words[0]) != FORMAT_VERSION) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "Migration stream has format version %u, expected %u",
                    GUINT32_FROM_LE(words[0]), FORMAT_VERSION);
        return FALSE;
    }
    if (words[1] != 0) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "Migration stream starts with channel %u", GUINT32_FROM_LE(words[1]));
        return FALSE;
    }
    return TRUE;
}

gboolean mig_stream_send(MigChannel *ch, MigRecordType type, guint32 aux, GBytes *payload,
                         GError **errp)
{
    guint8 head[MIG_RECORD_SIZE];
    gsize len = 0;
    const void *data = payload ? g_bytes_get_data(payload, &len) : NULL;
    struct iovec iov[2] = {
        { .iov_base = head, .iov_len = sizeof(head) },
        { .iov_base = (void *)data, .iov_len = len },
    };

    g_assert(len <= MIG_PAYLOAD_MAX);
    mig_record_pack(head, type, aux, len);
    return mig_channel_writev(ch, iov, len ? 2 : 1, errp);
}

gboolean mig_stream_read_record(MigChannel *ch, MigRecord *record, GError **errp)
{
    guint8 head[MIG_RECORD_SIZE];
    guint32 words[2];

    if (!mig_channel_read(ch, head, sizeof(head), errp)) {
        return FALSE;
    }
    memcpy(words, head, sizeof(words));
    memcpy(&record->length, head + sizeof(words), sizeof(record->length));
    record->type = GUINT32_FROM_LE(words[0]);
    record->aux = GUINT32_FROM_LE(words[1]);
    record->length = GUINT64_FROM_LE(record->length);
    return TRUE;
}

GBytes *mig_stream_read_payload(MigChannel *ch, const MigRecord *record, GError **errp)
{
    g_autofree guint8 *data = NULL;

    if (record->length > MIG_PAYLOAD_MAX) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "Record of type %u has a length of %" G_GUINT64_FORMAT, record->type,
                    record->length);
        return NULL;
    }
    data = g_malloc(record->length);
    if (!mig_channel_read(ch, data, record->length, errp)) {
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&data), record->length);
}

gboolean mig_stream_send_answer(MigChannel *ch, const char *error, GError **errp)
{
    guint32 len = error ? MIN(strlen(error), MIG_ANSWER_MAX) : 0;
    guint32 le = GUINT32_TO_LE(len);
    struct iovec iov[2] = {
        { .iov_base = &le, .iov_len = sizeof(le) },
        { .iov_base = (void *)error, .iov_len = len },
    };

    return mig_channel_writev(ch, iov, len ? 2 : 1, errp);
}

gboolean mig_stream_read_answer(MigChannel *ch, GError **errp)
{
    g_autofree char *text = NULL, *printable = NULL;
    guint32 len;

    if (!mig_channel_read(ch, &len, sizeof(len), errp)) {
        return FALSE;
    }
    len = GUINT32_FROM_LE(len);
    if (len == 0) {
        return TRUE;
    }
    if (len > MIG_ANSWER_MAX) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "The destination's answer has a length of %u", len);
        return FALSE;
    }
    text = g_malloc0(len + 1);
    if (!mig_channel_read(ch, text, len, errp)) {
        return FALSE;
    }
    printable = error_printable(text, strlen(text));
    g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_REFUSED,
                "The destination says: %s", printable);
    return FALSE;
}
