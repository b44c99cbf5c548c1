/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/message.h"

#include <string.h>

#include "rpc/protocol.h"
#include "util/vir-error.h"

enum {
    READ_STEP = 64 * 1024, /* room made for a frame before its bytes arrive */
};

GByteArray *rpc_frame_new(const RpcHeader *header)
{
    GByteArray *frame = g_byte_array_sized_new(RPC_FRAME_MIN + 64);

    xdr_append_u32(frame, 0);
    xdr_append_u32(frame, header->program);
    xdr_append_u32(frame, header->version);
    xdr_append_u32(frame, header->procedure);
    xdr_append_u32(frame, header->type);
    xdr_append_u32(frame, header->serial);
    xdr_append_u32(frame, header->status);
    return frame;
}

gboolean rpc_frame_finish(GByteArray *frame, GError **errp)
{
    if (frame->len > RPC_FRAME_MAX)
        return rpc_error_set(errp, VIR_ERR_RPC, "reply of %u bytes is too long",
                             frame->len);
    xdr_poke_u32(frame->data, frame->len);
    return TRUE;
}

GByteArray *rpc_frame_encode(const RpcHeader *header, const XdrType *type,
                             const void *value, GError **errp)
{
    g_autoptr(GByteArray) frame = rpc_frame_new(header);

    if (type && !xdr_encode(type, value, frame, errp))
        return NULL;
    if (!rpc_frame_finish(frame, errp))
        return NULL;
    return g_steal_pointer(&frame);
}

GByteArray *rpc_frame_raw(const RpcHeader *header, const void *data, gsize len)
{
    GByteArray *frame = rpc_frame_new(header);

    g_assert(len <= RPC_STREAM_CHUNK);
    if (len)
        g_byte_array_append(frame, data, len);
    rpc_frame_finish(frame, NULL);
    return frame;
}

GByteArray *rpc_frame_error(const RpcHeader *call, RpcType type, const GError *error)
{
    RpcHeader header = *call;
    int code = rpc_error_code(error);
    g_autofree char *message = rpc_error_message(error);
    RpcErrorDetails details;

    rpc_error_get_details(error, &details);
    RemoteError value = { .code = code,
                          .domain = details.domain,
                          .message = message,
                          .level = details.level,
                          .str1 = details.str[0],
                          .str2 = details.str[1],
                          .str3 = details.str[2],
                          .int1 = details.int1,
                          .int2 = details.int2 };

    header.type = type;
    header.status = RPC_STATUS_ERROR;
    if (strlen(message) > XDR_STRING_MAX)
        message[XDR_STRING_MAX] = 0;
    GByteArray *frame = rpc_frame_encode(&header, &remote_error_xdr, &value, NULL);
    g_assert(frame);
    return frame;
}

RpcHeader rpc_frame_header(const GByteArray *frame)
{
    const guint8 *p = frame->data;
    RpcHeader header = {
        xdr_peek_u32(p + 4),  xdr_peek_u32(p + 8),  xdr_peek_u32(p + 12),
        xdr_peek_u32(p + 16), xdr_peek_u32(p + 20), xdr_peek_u32(p + 24)
    };

    return header;
}

void rpc_frame_set_serial(GByteArray *frame, guint32 serial)
{
    xdr_poke_u32(frame->data + 20, serial);
}

guint8 *rpc_reader_want(RpcReader *reader, gsize *len)
{
    gsize goal = reader->total ? reader->total : RPC_FRAME_MIN;
    gsize room = MIN(goal, MAX(2 * reader->have, READ_STEP));

    if (!reader->frame)
        reader->frame = g_byte_array_new();
    if (reader->frame->len < room)
        g_byte_array_set_size(reader->frame, room);
    *len = room - reader->have;
    return reader->frame->data + reader->have;
}

gboolean rpc_reader_got(RpcReader *reader, gsize len, GByteArray **frame, GError **errp)
{
    *frame = NULL;
    reader->have += len;
    if (!reader->total && reader->have >= 4) {
        guint32 total = xdr_peek_u32(reader->frame->data);

        if (total < RPC_FRAME_MIN || total > RPC_FRAME_MAX)
            return rpc_error_set(errp, VIR_ERR_RPC,
                                 "a frame of %u bytes, expected %d to %u", total,
                                 RPC_FRAME_MIN, RPC_FRAME_MAX);
        reader->total = total;
    }
    if (reader->total && reader->have == reader->total) {
        *frame = g_steal_pointer(&reader->frame);
        reader->have = reader->total = 0;
    }
    return TRUE;
}

void rpc_reader_clear(RpcReader *reader)
{
    g_clear_pointer(&reader->frame, g_byte_array_unref);
    reader->have = reader->total = 0;
}
