/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The codec, over every type of the protocol. */
#include <string.h>

#include "rpc-fill.h"
#include "rpc/protocol.h"
#include "xml/domain.h"
#include "util/vir-error.h"

static GByteArray *encode(const XdrType *type, const void *value)
{
    GByteArray *buf = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    xdr_encode(type, value, buf, &error);
    g_assert_no_error(error);
    return buf;
}

static void assert_refused(const XdrType *type, const void *data, gsize len,
                           const char *pattern)
{
    g_autofree void *value = g_malloc(type->size);
    g_autoptr(GError) error = NULL;

    g_assert_false(xdr_decode(type, data, len, value, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_RPC);
    if (!g_pattern_match_simple(pattern, error->message))
        g_error("'%s' is not '%s'", error->message, pattern);
}

/* Exactly len bytes of memory, so that ASan sees one too many. */
static gboolean decodes(const XdrType *type, const guint8 *data, gsize len, void *value)
{
    g_autofree guint8 *exact = g_memdup2(data, len);

    return xdr_decode(type, exact, len, value, NULL);
}

static void test_round_trip(void)
{
    g_autoptr(GPtrArray) types = rpc_all_types();
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);

    for (guint i = 0; i < types->len * 8; i++) {
        const XdrType *type = types->pdata[i % types->len];
        g_autofree void *value = g_malloc0(type->size);
        g_autofree void *again = g_malloc0(type->size);
        g_autoptr(GError) error = NULL;

        rpc_fill(type, value, rand);
        g_autoptr(GByteArray) a = encode(type, value);
        g_assert_cmpuint(a->len, >=, type->min_wire);
        g_assert_cmpuint(a->len % 4, ==, 0);
        xdr_decode(type, a->data, a->len, again, &error);
        g_assert_no_error(error);
        g_autoptr(GByteArray) b = encode(type, again);
        g_assert_cmpmem(a->data, a->len, b->data, b->len);
        xdr_clear(type, value);
        xdr_clear(type, again);
    }
}

static void test_truncated(void)
{
    g_autoptr(GPtrArray) types = rpc_all_types();
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);

    for (guint i = 0; i < types->len * 2; i++) {
        const XdrType *type = types->pdata[i % types->len];
        g_autofree void *value = g_malloc0(type->size);

        rpc_fill(type, value, rand);
        g_autoptr(GByteArray) buf = encode(type, value);
        xdr_clear(type, value);
        for (gsize len = 0; len < buf->len; len++)
            g_assert_false(decodes(type, buf->data, len, value));
        g_byte_array_append(buf, (const guint8 *)"\0\0\0", 4);
        assert_refused(type, buf->data, buf->len, "4 bytes too many after *");
    }
}

static void test_random(void)
{
    g_autoptr(GPtrArray) types = rpc_all_types();
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    guint8 data[256];

    for (guint i = 0; i < types->len * 200; i++) {
        const XdrType *type = types->pdata[i % types->len];
        g_autofree void *value = g_malloc(type->size);
        gsize len = g_rand_int_range(rand, 0, sizeof(data));

        /* Mostly zeros, so that lengths are small enough to get past them. */
        for (gsize k = 0; k < len; k++)
            data[k] = g_rand_int_range(rand, 0, 4) ? 0 : g_rand_int_range(rand, 0, 256);
        if (decodes(type, data, len, value))
            xdr_clear(type, value);
    }
}

static void test_limits(void)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();

    /* DOMAIN_LOOKUP_BY_NAME: a string too long, one with a zero byte, one without end. */
    xdr_append_u32(buf, XDR_STRING_MAX + 1);
    assert_refused(&remote_domain_lookup_by_name_args_xdr, buf->data, buf->len,
                   "string 'name' has 4194305 bytes, at most 4194304*");
    assert_refused(&remote_domain_lookup_by_name_args_xdr, "\0\0\0\3a\0b\0", 8,
                   "*zero byte*");
    assert_refused(&remote_domain_lookup_by_name_args_xdr, "\377\377\377\377abcd", 8,
                   "string 'name' has 4294967295 bytes*");
    assert_refused(&remote_domain_lookup_by_name_args_xdr, "\0\0\0\5abcd", 8,
                   "message is too short at 'name'");
    /* CONNECT_OPEN: neither present nor absent. */
    assert_refused(&remote_connect_open_args_xdr, "\0\0\0\2\0\0\0\0", 8, "value 2 of*");
    /* SET_IDENTITY: too many parameters, more than there are bytes, an unknown type. */
    assert_refused(&remote_connect_set_identity_args_xdr, "\0\0\0\25", 4,
                   "'params' has 21 elements, at most 20*");
    assert_refused(&remote_connect_set_identity_args_xdr, "\0\0\0\24\0\0\0\0", 8,
                   "message is too short at 'params'");
    assert_refused(&remote_connect_set_identity_args_xdr,
                   "\0\0\0\1\0\0\0\1a\0\0\0\0\0\0\10\0\0\0\0\0\0\0\0", 24,
                   "unknown type 8 of parameter 'a'");
    /* FINISH3_PARAMS: a cookie beyond its limit. */
    assert_refused(&remote_domain_migrate_finish3_params_args_xdr,
                   "\0\0\0\0\0\100\0\1\0\0\0\0\0\0\0\0", 16,
                   "'cookie_in' has 4194305 elements*");
    /* DOMAIN_GET_INFO: an unsigned char and an unsigned short have a range. */
    assert_refused(&remote_domain_get_info_ret_xdr, "\0\0\1\0", 4,
                   "value 256 of 'state'*");
}

static void test_encode_limits(void)
{
    g_autofree char *longest = g_strnfill(XDR_STRING_MAX + 1, 'x');
    RemoteDomainLookupByNameArgs name = { .name = longest };
    RemoteAuthListRet types = { .n_types = 21 };
    g_autoptr(GByteArray) buf = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    g_assert_false(
        xdr_encode(&remote_domain_lookup_by_name_args_xdr, &name, buf, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_RPC);
    g_clear_error(&error);
    longest[XDR_STRING_MAX] = 0;
    g_assert_true(xdr_encode(&remote_domain_lookup_by_name_args_xdr, &name, buf, &error));
    g_assert_no_error(error);
    name.name = NULL;
    g_assert_false(
        xdr_encode(&remote_domain_lookup_by_name_args_xdr, &name, buf, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_INTERNAL_ERROR);
    g_clear_error(&error);
    g_assert_false(xdr_encode(&remote_auth_list_ret_xdr, &types, buf, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_RPC);
}

/* What libvirt puts on the wire, byte by byte. */
static void test_wire(void)
{
    RemoteDomainGetInfoRet info = { 1, 2, 3, 4, 5 };
    RemoteConnectOpenArgs open = { NULL, 1 };
    RemoteNodeGetInfoRet node = { .model = "x" };
    g_autoptr(GByteArray) a = encode(&remote_domain_get_info_ret_xdr, &info);
    g_autoptr(GByteArray) b = encode(&remote_connect_open_args_xdr, &open);
    g_autoptr(GByteArray) c = encode(&remote_node_get_info_ret_xdr, &node);
    RemoteDomainLookupByNameArgs name = { .name = (char *)"abcde" };
    g_autoptr(GByteArray) d = encode(&remote_domain_lookup_by_name_args_xdr, &name);

    g_assert_cmpmem(a->data, a->len,
                    "\0\0\0\1"
                    "\0\0\0\0\0\0\0\2"
                    "\0\0\0\0\0\0\0\3"
                    "\0\0\0\4"
                    "\0\0\0\0\0\0\0\5",
                    32);
    g_assert_cmpmem(b->data, b->len, "\0\0\0\0\0\0\0\1", 8);
    g_assert_cmpuint(c->len, ==, 32 * 4 + 8 + 6 * 4);
    g_assert_cmpmem(c->data, 8, "\0\0\0x\0\0\0\0", 8);
    g_assert_cmpmem(d->data, d->len, "\0\0\0\5abcde\0\0\0", 12);
}

static void test_params(void)
{
    g_autoptr(RpcParams) p = rpc_params_new();
    const char *const known[] = { "s", "n", "u", NULL };
    const char *s = NULL;
    guint64 u = 7;
    gint32 i = 7;
    guint32 n;
    g_autoptr(GError) error = NULL;

    rpc_params_add_string(p, "s", "text");
    rpc_params_add_ullong(p, "u", 1ull << 40);
    rpc_params_add_int(p, "n", -1);
    RpcTypedParam *params = rpc_params_steal(p, &n);
    g_assert_cmpuint(n, ==, 3);
    g_assert_true(rpc_params_get_string(params, n, "s", &s, &error));
    g_assert_cmpstr(s, ==, "text");
    g_assert_true(rpc_params_get_ullong(params, n, "u", &u, &error));
    g_assert_cmpuint(u, ==, 1ull << 40);
    g_assert_true(rpc_params_get_int(params, n, "absent", &i, &error));
    g_assert_cmpint(i, ==, 7);
    g_assert_true(rpc_params_check(params, n, known, &error));
    g_assert_false(rpc_params_check(params, n, known + 1, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_INVALID_ARG);
    g_clear_error(&error);
    g_assert_false(rpc_params_get_int(params, n, "s", &i, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_INVALID_ARG);
    for (guint32 k = 0; k < n; k++)
        rpc_typed_param_clear(&params[k]);
    g_free(params);
}

/* An error of another daemon passes through whole; one of ours has libvirt's usual rest.
 */
static void test_error_details(void)
{
    const RpcErrorDetails given = { .domain = VIR_FROM_POLKIT,
                                    .level = VIR_ERR_WARNING,
                                    .str = { (char *)"a", NULL, (char *)"c" },
                                    .int1 = 3,
                                    .int2 = -4 };
    g_autoptr(GError) error = rpc_error_new_details(79, "as it is", &given);
    g_autoptr(GError) copy = g_error_copy(error);
    g_autofree char *message = NULL;
    RpcErrorDetails details;

    g_clear_error(&error);
    rpc_error_get_details(copy, &details);
    message = rpc_error_message(copy);
    g_assert_cmpstr(message, ==, "as it is");
    g_assert_cmpint(rpc_error_code(copy), ==, 79);
    g_assert_cmpint(details.domain, ==, VIR_FROM_POLKIT);
    g_assert_cmpint(details.level, ==, VIR_ERR_WARNING);
    g_assert_cmpstr(details.str[0], ==, "a");
    g_assert_null(details.str[1]);
    g_assert_cmpstr(details.str[2], ==, "c");
    g_assert_cmpint(details.int1, ==, 3);
    g_assert_cmpint(details.int2, ==, -4);
    error = rpc_error_new(VIR_ERR_RPC, "x");
    rpc_error_get_details(error, &details);
    g_assert_cmpint(details.domain, ==, VIR_FROM_RPC);
    g_assert_cmpint(details.int1, ==, -1);
    g_clear_error(&error);
    error = g_error_new(XML_ERROR, VIR_ERR_XML_ERROR, "x");
    g_assert_cmpint(rpc_error_code(error), ==, VIR_ERR_XML_ERROR);
}

static void test_messages(void)
{
    g_autoptr(GError) a = rpc_error_new(VIR_ERR_NO_DOMAIN, "no domain '%s'", "x");
    g_autoptr(GError) b = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "no file");
    g_autofree char *text = rpc_error_message(a), *other = rpc_error_message(b);

    g_assert_cmpstr(text, ==, "Domain not found: no domain 'x'");
    g_assert_cmpint(rpc_error_code(b), ==, VIR_ERR_INTERNAL_ERROR);
    g_assert_cmpstr(other, ==, "internal error: no file");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/xdr/round-trip", test_round_trip);
    g_test_add_func("/rpc/xdr/truncated", test_truncated);
    g_test_add_func("/rpc/xdr/random", test_random);
    g_test_add_func("/rpc/xdr/limits", test_limits);
    g_test_add_func("/rpc/xdr/encode-limits", test_encode_limits);
    g_test_add_func("/rpc/xdr/wire", test_wire);
    g_test_add_func("/rpc/params", test_params);
    g_test_add_func("/rpc/error/messages", test_messages);
    g_test_add_func("/rpc/error/details", test_error_details);
    return g_test_run();
}
