/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a connection, what it negotiates, and what the dispatcher refuses. */
#include <string.h>
#include <unistd.h>

#include "rpc-peer.h"
#include "rpc/protocol.h"

typedef struct Fixture {
    RpcServer *server;
    Peer *peer;
} Fixture;

static gboolean handle_flags(RpcCall *call, const void *args, void *ret, GError **errp)
{
    return TRUE;
}

/* A name that this build's table cannot have. */
static const RpcProc extra[] = {
    { .number = 1000,
      .name = "TEST_FLAGS",
      .attributes = RPC_PROC_READ_ONLY,
      .args = &remote_domain_get_xml_desc_args_xdr,
      .flags_offset = offsetof(RemoteDomainGetXmlDescArgs, flags),
      .flags = 7,
      .rw_flags = 2,
      .acl = "test",
      .handler = handle_flags },
    { .number = 1001,
      .name = "TEST_RW",
      .flags_offset = -1,
      .acl = "test",
      .handler = handle_flags },
    { .number = 1002, .name = "TEST_NONE", .flags_offset = -1, .acl = "test" },
};

static void set_up(Fixture *f, gconstpointer flags)
{
    f->server = peer_server_new(extra, G_N_ELEMENTS(extra));
    rpc_server_start(f->server);
    f->peer = peer_new(f->server, GPOINTER_TO_UINT(flags));
}

static void tear_down(Fixture *f, gconstpointer flags)
{
    peer_free(f->peer);
    peer_server_free(f->server);
}

static int supports(Peer *peer, int feature)
{
    RemoteConnectSupportsFeatureArgs args = { feature };
    RemoteConnectSupportsFeatureRet ret;

    peer_do(peer, REMOTE_PROC_CONNECT_SUPPORTS_FEATURE,
            &remote_connect_supports_feature_args_xdr, &args,
            &remote_connect_supports_feature_ret_xdr, &ret);
    return ret.supported;
}

/* The path of the URI that a daemon of this user has. */
static const char *here(void)
{
    return geteuid() == 0 ? "/system" : "/session";
}

/* What virsh does, in its order. */
static void test_open(Fixture *f, gconstpointer flags)
{
    static const gboolean expected[] = { 0, 0, 0, 0, 0, 0, 1, 1, 0, 1,
                                         1, 1, 0, 1, 1, 1, 1, 0, 0 };
    RemoteAuthListRet auth;
    RemoteConnectGetUriRet uri;
    RemoteConnectGetTypeRet type;
    RemoteConnectGetLibVersionRet version;
    RemoteConnectIsSecureRet secure;
    RemoteConnectGetHostnameRet name;

    peer_do(f->peer, REMOTE_PROC_AUTH_LIST, NULL, NULL, &remote_auth_list_ret_xdr, &auth);
    g_assert_cmpuint(auth.n_types, ==, 1);
    g_assert_cmpint(auth.types[0], ==, 0);
    xdr_clear(&remote_auth_list_ret_xdr, &auth);
    g_assert_cmpint(supports(f->peer, 14), ==, 1);
    peer_open(f->peer, 6);
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmpint(supports(f->peer, i), ==, expected[i]);
    g_assert_cmpint(supports(f->peer, -1), ==, 0);

    peer_do(f->peer, REMOTE_PROC_CONNECT_GET_URI, NULL, NULL,
            &remote_connect_get_uri_ret_xdr, &uri);
    g_assert_true(g_str_has_prefix(uri.uri, "vireo:///"));
    g_assert_cmpstr(uri.uri + strlen("vireo://"), ==, here());
    xdr_clear(&remote_connect_get_uri_ret_xdr, &uri);
    peer_do(f->peer, REMOTE_PROC_CONNECT_GET_TYPE, NULL, NULL,
            &remote_connect_get_type_ret_xdr, &type);
    g_assert_cmpstr(type.type, ==, "QEMU");
    xdr_clear(&remote_connect_get_type_ret_xdr, &type);
    peer_do(f->peer, REMOTE_PROC_CONNECT_GET_LIB_VERSION, NULL, NULL,
            &remote_connect_get_lib_version_ret_xdr, &version);
    g_assert_cmpuint(version.lib_ver, >=, 9000000);
    peer_do(f->peer, REMOTE_PROC_CONNECT_IS_SECURE, NULL, NULL,
            &remote_connect_is_secure_ret_xdr, &secure);
    g_assert_cmpint(secure.secure, ==, 1);
    peer_do(f->peer, REMOTE_PROC_CONNECT_GET_HOSTNAME, NULL, NULL,
            &remote_connect_get_hostname_ret_xdr, &name);
    g_assert_cmpuint(strlen(name.hostname), >, 0);
    xdr_clear(&remote_connect_get_hostname_ret_xdr, &name);
    peer_do(f->peer, REMOTE_PROC_CONNECT_REGISTER_CLOSE_CALLBACK, NULL, NULL, NULL, NULL);

    peer_do(f->peer, REMOTE_PROC_CONNECT_CLOSE, NULL, NULL, NULL, NULL);
    peer_wait_closed(f->peer);
}

static void test_not_open(Fixture *f, gconstpointer flags)
{
    RemoteConnectOpenArgs args = { NULL, 0 };

    g_assert_cmpint(peer_fail(f->peer, REMOTE_PROC_CONNECT_GET_TYPE, NULL, NULL), ==,
                    VIR_ERR_INTERNAL_ERROR);
    peer_open(f->peer, 0);
    g_assert_cmpint(peer_fail(f->peer, REMOTE_PROC_CONNECT_OPEN,
                              &remote_connect_open_args_xdr, &args),
                    ==, VIR_ERR_INTERNAL_ERROR);
    g_assert_cmpint(peer_fail(f->peer, REMOTE_PROC_AUTH_POLKIT, NULL, NULL), ==,
                    VIR_ERR_AUTH_FAILED);
}

static void test_names(Fixture *f, gconstpointer flags)
{
    const char *mine = here(), *others = geteuid() == 0 ? "/session" : "/system";
    const struct {
        const char *scheme, *path, *more;
        int error;
    } names[] = {
        { "xen://", mine, "", VIR_ERR_NO_CONNECT },
        { "vireo", "", "", VIR_ERR_NO_CONNECT },
        { "vireo:", mine, "", VIR_ERR_NO_CONNECT },
        { "+vireo://", mine, "", VIR_ERR_NO_CONNECT },
        { "vireo://", "/", "", VIR_ERR_INTERNAL_ERROR },
        { "vireo://", "/other", "", VIR_ERR_INTERNAL_ERROR },
        { "vireo://", others, "", VIR_ERR_INTERNAL_ERROR },
        { "vireo+unix://", others, "?socket=/s", VIR_ERR_INTERNAL_ERROR },
        { "vireo://host", mine, "", VIR_ERR_INTERNAL_ERROR },
        { NULL, NULL, NULL, 0 },
        { "", "", "", 0 },
        { "vireo://", mine, "", 0 },
        { "qemu://", mine, "", 0 },
        { "qemu+unix://", mine, "?socket=/s", 0 },
        { "vireo+unix://", mine, "", 0 },
        { "vireo://", mine, "?x=y", 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name =
            names[i].scheme
                ? g_strconcat(names[i].scheme, names[i].path, names[i].more, NULL)
                : NULL;
        RemoteConnectOpenArgs args = { name, 0 };
        Peer *peer = peer_new(f->server, 0);

        if (names[i].error)
            g_assert_cmpint(peer_fail(peer, REMOTE_PROC_CONNECT_OPEN,
                                      &remote_connect_open_args_xdr, &args),
                            ==, names[i].error);
        else
            peer_do(peer, REMOTE_PROC_CONNECT_OPEN, &remote_connect_open_args_xdr, &args,
                    NULL, NULL);
        peer_free(peer);
    }
}

static void test_auth(Fixture *f, gconstpointer flags)
{
    RemoteConnectOpenArgs args = { NULL, 0 };
    RemoteAuthListRet auth;

    peer_do(f->peer, REMOTE_PROC_AUTH_LIST, NULL, NULL, &remote_auth_list_ret_xdr, &auth);
    xdr_clear(&remote_auth_list_ret_xdr, &auth);
    g_assert_cmpint(peer_fail(f->peer, REMOTE_PROC_CONNECT_OPEN,
                              &remote_connect_open_args_xdr, &args),
                    ==, VIR_ERR_RPC);
}

static void test_read_only(Fixture *f, gconstpointer flags)
{
    RemoteDomainGetXmlDescArgs args = { .dom.name = (char *)"x", .flags = 5 };

    /* Either the socket or the flag of CONNECT_OPEN makes it so. */
    peer_open(f->peer,
              GPOINTER_TO_UINT(flags) & RPC_LISTEN_READ_ONLY ? 0 : VIR_CONNECT_RO);
    g_assert_cmpint(peer_fail(f->peer, 1001, NULL, NULL), ==, VIR_ERR_OPERATION_DENIED);
    peer_do(f->peer, 1000, &remote_domain_get_xml_desc_args_xdr, &args, NULL, NULL);
    args.flags = 2;
    g_assert_cmpint(peer_fail(f->peer, 1000, &remote_domain_get_xml_desc_args_xdr, &args),
                    ==, VIR_ERR_OPERATION_DENIED);
}

static gboolean is_implemented(guint32 number)
{
    for (guint i = 0; i < REMOTE_N_PROCS; i++) {
        if (remote_procs[i].number == number)
            return remote_procs[i].handler != NULL;
    }
    return FALSE;
}

/*
 * Whatever is not implemented is answered, with the code that clients' fallbacks look
 * for; libvirt 11.3 has procedures up to 453. Arguments do not matter: they are not read.
 */
static void test_no_support(Fixture *f, gconstpointer flags)
{
    static const guint8 junk[12] = { 0xff, 0xff, 0xff, 0xff };
    guint n = 0;

    peer_open(f->peer, 0);
    for (guint32 number = 0; number < 600; number++) {
        RpcHeader header = { RPC_PROGRAM_REMOTE, 1,      number,
                             RPC_TYPE_CALL,      number, RPC_STATUS_OK };

        if (is_implemented(number))
            continue;
        peer_send(f->peer, &header, junk, n++ % 2 ? sizeof(junk) : 0);
        g_assert_cmpint(peer_error(f->peer, number), ==, VIR_ERR_NO_SUPPORT);
    }
    g_assert_cmpuint(n, >, 300);
}

static void test_refused(Fixture *f, gconstpointer flags)
{
    RemoteDomainGetXmlDescArgs args = { .dom.name = (char *)"x", .flags = 2 };
    RpcHeader header = { 0x00068000, 1, 1, RPC_TYPE_CALL, 77, RPC_STATUS_OK };

    peer_open(f->peer, 0);
    peer_do(f->peer, 1001, NULL, NULL, NULL, NULL);
    peer_do(f->peer, 1000, &remote_domain_get_xml_desc_args_xdr, &args, NULL, NULL);
    args.flags = 9;
    g_assert_cmpint(peer_fail(f->peer, 1000, &remote_domain_get_xml_desc_args_xdr, &args),
                    ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(peer_fail(f->peer, 1002, NULL, NULL), ==, VIR_ERR_NO_SUPPORT);
    g_assert_cmpint(peer_fail(f->peer, 4711, NULL, NULL), ==, VIR_ERR_NO_SUPPORT);
    /* Bytes too many, with and without arguments; bytes too few. */
    g_assert_cmpint(peer_fail(f->peer, 1001, &remote_connect_open_args_xdr,
                              &(RemoteConnectOpenArgs){ 0 }),
                    ==, VIR_ERR_RPC);
    g_assert_cmpint(peer_fail(f->peer, 1000, NULL, NULL), ==, VIR_ERR_RPC);
    /* Another program, another version; any serial comes back. */
    peer_send(f->peer, &header, NULL, 0);
    g_assert_cmpint(peer_error(f->peer, 77), ==, VIR_ERR_RPC);
    header = (RpcHeader){ RPC_PROGRAM_REMOTE, 2, 1, RPC_TYPE_CALL, 0xf1234567, 0 };
    peer_send(f->peer, &header, NULL, 0);
    g_assert_cmpint(peer_error(f->peer, 0xf1234567), ==, VIR_ERR_RPC);
}

static void test_identity(Fixture *f, gconstpointer flags)
{
    RpcTypedParam param = { .field = (char *)"user-name",
                            .type = VIR_TYPED_PARAM_STRING,
                            .value.s = (char *)"somebody" };
    RemoteConnectSetIdentityArgs args = { 1, &param, 0 };

    peer_open(f->peer, 0);
    if (geteuid() != 0) {
        g_assert_cmpint(peer_fail(f->peer, REMOTE_PROC_CONNECT_SET_IDENTITY,
                                  &remote_connect_set_identity_args_xdr, &args),
                        ==, VIR_ERR_ACCESS_DENIED);
        return;
    }
    peer_do(f->peer, REMOTE_PROC_CONNECT_SET_IDENTITY,
            &remote_connect_set_identity_args_xdr, &args, NULL, NULL);
    param.field = (char *)"unknown";
    g_assert_cmpint(peer_fail(f->peer, REMOTE_PROC_CONNECT_SET_IDENTITY,
                              &remote_connect_set_identity_args_xdr, &args),
                    ==, VIR_ERR_INVALID_ARG);
}

static void test_broken_frames(Fixture *f, gconstpointer flags)
{
    static const struct {
        guint32 length, type;
    } frames[] = {
        { 4, RPC_TYPE_CALL },
        { G_MAXUINT32, RPC_TYPE_CALL },
        { 28, RPC_TYPE_CALL_WITH_FDS },
        { 28, RPC_TYPE_REPLY },
        { 28, 99 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(frames); i++) {
        Peer *peer = peer_new(f->server, 0);
        RpcHeader header = { RPC_PROGRAM_REMOTE, 1, 1, frames[i].type, 1, 0 };
        g_autoptr(GByteArray) frame = rpc_frame_new(&header);

        xdr_poke_u32(frame->data, frames[i].length);
        peer_write(peer, frame->data, frame->len);
        peer_wait_closed(peer);
        peer_free(peer);
    }
    peer_open(f->peer, 0);
}

/* A connection that ends in the middle of a frame, at every byte. */
static void test_cut(Fixture *f, gconstpointer flags)
{
    RpcHeader header = { RPC_PROGRAM_REMOTE, 1, 66, RPC_TYPE_CALL, 1, 0 };
    g_autoptr(GByteArray) frame = rpc_frame_raw(&header, "abcd", 4);

    for (guint len = 0; len < frame->len; len++) {
        Peer *peer = peer_new(f->server, 0);

        peer_write(peer, frame->data, len);
        peer_free(peer);
    }
    peer_open(f->peer, 0);
}

static void add(const char *path, void (*fn)(Fixture *, gconstpointer), guint flags)
{
    g_test_add(path, Fixture, GUINT_TO_POINTER(flags), set_up, fn, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/rpc/connect/open", test_open, 0);
    add("/rpc/connect/not-open", test_not_open, 0);
    add("/rpc/connect/names", test_names, 0);
    add("/rpc/connect/auth", test_auth, RPC_LISTEN_AUTH);
    add("/rpc/connect/read-only-flag", test_read_only, 0);
    add("/rpc/connect/read-only-socket", test_read_only, RPC_LISTEN_READ_ONLY);
    add("/rpc/connect/refused", test_refused, 0);
    add("/rpc/connect/no-support", test_no_support, 0);
    add("/rpc/connect/no-support-read-only", test_no_support, RPC_LISTEN_READ_ONLY);
    add("/rpc/connect/identity", test_identity, 0);
    add("/rpc/connect/broken-frames", test_broken_frames, 0);
    add("/rpc/connect/cut", test_cut, 0);
    return g_test_run();
}
