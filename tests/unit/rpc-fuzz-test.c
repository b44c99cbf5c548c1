/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short, repeatable run of the fuzz target over damaged frames of every kind. */
#include "fuzz/rpc-fuzz.h"
#include "rpc-fill.h"
#include "rpc/message.h"
#include "rpc/protocol.h"

static GByteArray *seed(guint32 procedure, RpcType frame_type, const XdrType *type,
                        GRand *rand)
{
    RpcHeader header = { RPC_PROGRAM_REMOTE, 1, procedure, frame_type, 1, RPC_STATUS_OK };
    g_autofree void *value = g_malloc0(type->size);

    rpc_fill(type, value, rand);
    GByteArray *frame = rpc_frame_encode(&header, type, value, NULL);
    g_assert_nonnull(frame);
    xdr_clear(type, value);
    return frame;
}

static GPtrArray *seeds(GRand *rand)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);

    for (guint i = 0; i < REMOTE_N_PROCS; i++) {
        const RpcProc *p = &remote_procs[i];

        if (p->args)
            g_ptr_array_add(all, seed(p->number, RPC_TYPE_CALL, p->args, rand));
        if (p->ret)
            g_ptr_array_add(all, seed(p->number, RPC_TYPE_REPLY, p->ret, rand));
    }
    for (guint i = 0; i < REMOTE_N_EVENTS; i++)
        g_ptr_array_add(all, seed(remote_events[i].number, RPC_TYPE_MESSAGE,
                                  remote_events[i].msg, rand));
    return all;
}

static void mutate(GByteArray *data, GRand *rand)
{
    guint n = g_rand_int_range(rand, 1, 5);

    while (n-- && data->len) {
        guint at = g_rand_int_range(rand, 0, data->len);

        switch (g_rand_int_range(rand, 0, 5)) {
        case 0:
            data->data[at] = g_rand_int(rand);
            break;
        case 1:
            data->data[at] ^= 1 << g_rand_int_range(rand, 0, 8);
            break;
        case 2: /* lengths are words */
            data->data[at & ~3u] = 0xff;
            break;
        case 3:
            g_byte_array_set_size(data, at);
            break;
        case 4:
            g_byte_array_set_size(data, data->len + at);
            break;
        }
    }
}

static void test_damaged(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    g_autoptr(GPtrArray) all = seeds(rand);

    for (guint i = 0; i < 20000; i++) {
        const GByteArray *base = all->pdata[i % all->len];
        g_autoptr(GByteArray) data = g_byte_array_new();

        g_byte_array_append(data, base->data, base->len);
        if (i >= all->len)
            mutate(data, rand);
        /* Let most mutants pass the framing. */
        if (data->len >= 4 && g_rand_int_range(rand, 0, 8))
            xdr_poke_u32(data->data, data->len);
        g_autofree guint8 *exact = g_memdup2(data->data, data->len);
        LLVMFuzzerTestOneInput(exact, data->len);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/fuzz/damaged", test_damaged);
    return g_test_run();
}
