/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames, whole and in pieces. */
#include <string.h>

#include "rpc/message.h"
#include "rpc/protocol.h"
#include "util/vir-error.h"

static const RpcHeader header = { RPC_PROGRAM_REMOTE, 1,          23,
                                  RPC_TYPE_CALL,      0xf1234567, RPC_STATUS_OK };

static GByteArray *make_frame(void)
{
    RemoteDomainLookupByNameArgs args = { .name = (char *)"a domain" };
    g_autoptr(GError) error = NULL;
    GByteArray *frame =
        rpc_frame_encode(&header, &remote_domain_lookup_by_name_args_xdr, &args, &error);

    g_assert_no_error(error);
    return frame;
}

/* Feeds bytes, at most step at a time; returns the frames that came out. */
static GPtrArray *feed(RpcReader *reader, const guint8 *data, gsize len, gsize step)
{
    GPtrArray *frames =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);

    while (len) {
        g_autoptr(GError) error = NULL;
        GByteArray *frame;
        gsize room;
        guint8 *to = rpc_reader_want(reader, &room);
        gsize n = MIN(MIN(room, step), len);

        g_assert_cmpuint(room, >, 0);
        memcpy(to, data, n);
        g_assert_true(rpc_reader_got(reader, n, &frame, &error));
        g_assert_no_error(error);
        if (frame)
            g_ptr_array_add(frames, frame);
        data += n;
        len -= n;
    }
    return frames;
}

static void test_pieces(void)
{
    g_autoptr(GByteArray) one = make_frame();
    g_autoptr(GByteArray) two = g_byte_array_new();

    g_byte_array_append(two, one->data, one->len);
    g_byte_array_append(two, one->data, one->len);
    for (gsize step = 1; step <= two->len; step++) {
        RpcReader reader = { 0 };
        g_autoptr(GPtrArray) frames = feed(&reader, two->data, two->len, step);

        g_assert_cmpuint(frames->len, ==, 2);
        for (guint i = 0; i < 2; i++) {
            GByteArray *frame = frames->pdata[i];
            RpcHeader h = rpc_frame_header(frame);

            g_assert_cmpmem(frame->data, frame->len, one->data, one->len);
            g_assert_cmpmem(&h, sizeof(h), &header, sizeof(header));
        }
        rpc_reader_clear(&reader);
    }
}

/* Every split into two reads, and never a byte beyond the frame asked for. */
static void test_split(void)
{
    g_autoptr(GByteArray) frame = make_frame();

    for (gsize at = 0; at < frame->len; at++) {
        RpcReader reader = { 0 };
        gsize room;
        g_autoptr(GPtrArray) none = feed(&reader, frame->data, at, G_MAXSIZE);

        g_assert_cmpuint(none->len, ==, 0);
        rpc_reader_want(&reader, &room);
        g_assert_cmpuint(room, <=, frame->len - at);
        g_autoptr(GPtrArray) got =
            feed(&reader, frame->data + at, frame->len - at, G_MAXSIZE);
        g_assert_cmpuint(got->len, ==, 1);
        rpc_reader_clear(&reader);
    }
}

static void check_length(guint32 total, gboolean good)
{
    RpcReader reader = { 0 };
    GByteArray *frame;
    gsize room;
    g_autoptr(GError) error = NULL;

    xdr_poke_u32(rpc_reader_want(&reader, &room), total);
    g_assert_true(rpc_reader_got(&reader, 4, &frame, &error) == good);
    if (good) {
        /* The memory grows with what arrives, not with what is announced. */
        rpc_reader_want(&reader, &room);
        g_assert_cmpuint(reader.frame->len, <=, 64 * 1024);
    } else {
        g_assert_error(error, RPC_ERROR, VIR_ERR_RPC);
    }
    rpc_reader_clear(&reader);
}

static void test_lengths(void)
{
    check_length(0, FALSE);
    check_length(27, FALSE);
    check_length(28, TRUE);
    check_length(XDR_MESSAGE_MAX + 4, TRUE);
    check_length(XDR_MESSAGE_MAX + 5, FALSE);
    check_length(G_MAXUINT32, FALSE);
}

static void test_large(void)
{
    gsize len = 3 << 20;
    g_autofree guint8 *data = g_malloc0(len);
    RpcReader reader = { 0 };

    xdr_poke_u32(data, len);
    data[len - 1] = 42;
    g_autoptr(GPtrArray) frames = feed(&reader, data, len, 100000);
    g_assert_cmpuint(frames->len, ==, 1);
    g_assert_cmpmem(((GByteArray *)frames->pdata[0])->data, len, data, len);
    rpc_reader_clear(&reader);
}

static void test_error_frame(void)
{
    g_autoptr(GError) error = rpc_error_new(VIR_ERR_NO_DOMAIN, "nothing");
    g_autoptr(GError) rpc = rpc_error_new(VIR_ERR_RPC, "broken");
    g_autoptr(GByteArray) frame = rpc_frame_error(&header, RPC_TYPE_REPLY, error);
    g_autoptr(GByteArray) other = rpc_frame_error(&header, RPC_TYPE_REPLY, rpc);
    RpcHeader h = rpc_frame_header(frame);
    RemoteError value;

    g_assert_cmpuint(h.type, ==, RPC_TYPE_REPLY);
    g_assert_cmpuint(h.status, ==, RPC_STATUS_ERROR);
    g_assert_cmpuint(h.serial, ==, header.serial);
    g_assert_true(
        xdr_decode(&remote_error_xdr, frame->data + 28, frame->len - 28, &value, NULL));
    g_assert_cmpint(value.code, ==, VIR_ERR_NO_DOMAIN);
    g_assert_cmpint(value.domain, ==, VIR_FROM_QEMU);
    g_assert_cmpint(value.level, ==, VIR_ERR_ERROR);
    g_assert_cmpstr(value.message, ==, "Domain not found: nothing");
    xdr_clear(&remote_error_xdr, &value);
    g_assert_true(
        xdr_decode(&remote_error_xdr, other->data + 28, other->len - 28, &value, NULL));
    g_assert_cmpint(value.domain, ==, VIR_FROM_RPC);
    xdr_clear(&remote_error_xdr, &value);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/frame/pieces", test_pieces);
    g_test_add_func("/rpc/frame/split", test_split);
    g_test_add_func("/rpc/frame/lengths", test_lengths);
    g_test_add_func("/rpc/frame/large", test_large);
    g_test_add_func("/rpc/frame/error", test_error_frame);
    return g_test_run();
}
