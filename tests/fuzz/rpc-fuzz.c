/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes from a client: frames are put together from pieces, their payload is decoded as
 * the header says, and what decodes must survive encoding and decoding again.
 * Built as a libFuzzer target with --enable-fuzzers, and run by rpc-fuzz-test.
 */
#include "fuzz/rpc-fuzz.h"

#include <string.h>

#include "rpc/message.h"
#include "rpc/protocol.h"

static const XdrType *payload_type(const RpcHeader *h)
{
    if (h->status == RPC_STATUS_ERROR)
        return &remote_error_xdr;
    for (guint i = 0; i < REMOTE_N_PROCS; i++) {
        if (remote_procs[i].number == h->procedure)
            return h->type == RPC_TYPE_CALL ? remote_procs[i].args : remote_procs[i].ret;
    }
    for (guint i = 0; i < REMOTE_N_EVENTS; i++) {
        if (remote_events[i].number == h->procedure)
            return remote_events[i].msg;
    }
    return NULL;
}

static void check_payload(const XdrType *type, const guint8 *data, gsize len)
{
    g_autofree void *value = g_malloc(type->size);
    g_autoptr(GByteArray) first = g_byte_array_new(), second = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    if (!xdr_decode(type, data, len, value, &error)) {
        g_assert_nonnull(error);
        return;
    }
    g_assert_no_error(error);
    g_assert_true(xdr_encode(type, value, first, NULL));
    xdr_clear(type, value);
    g_assert_cmpuint(first->len, ==, len);
    g_assert_true(xdr_decode(type, first->data, first->len, value, NULL));
    g_assert_true(xdr_encode(type, value, second, NULL));
    g_assert_cmpmem(first->data, first->len, second->data, second->len);
    xdr_clear(type, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    RpcReader reader = { 0 };
    gsize step = len ? data[len - 1] + 1u : 1;

    while (len) {
        g_autoptr(GByteArray) frame = NULL;
        g_autoptr(GError) error = NULL;
        gsize room;
        guint8 *to = rpc_reader_want(&reader, &room);
        gsize n = MIN(MIN(room, step), len);

        memcpy(to, data, n);
        data += n;
        len -= n;
        if (!rpc_reader_got(&reader, n, &frame, &error))
            break;
        if (!frame)
            continue;
        RpcHeader h = rpc_frame_header(frame);
        const XdrType *type = payload_type(&h);
        if (type)
            check_payload(type, frame->data + RPC_FRAME_MIN, frame->len - RPC_FRAME_MIN);
    }
    rpc_reader_clear(&reader);
    return 0;
}
