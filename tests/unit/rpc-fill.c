/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc-fill.h"

#include "rpc/protocol.h"
#include "rpc/qemu.h"

static char *random_string(GRand *rand)
{
    guint n = g_rand_int_range(rand, 0, 24);
    char *s = g_malloc(n + 1);

    for (guint i = 0; i < n; i++)
        s[i] = g_rand_int_range(rand, 1, 256);
    s[n] = 0;
    return s;
}

static void fill_param(RpcTypedParam *p, GRand *rand)
{
    p->field = random_string(rand);
    p->type = g_rand_int_range(rand, VIR_TYPED_PARAM_INT, VIR_TYPED_PARAM_STRING + 1);
    if (p->type == VIR_TYPED_PARAM_STRING)
        p->value.s = random_string(rand);
    else if (p->type == VIR_TYPED_PARAM_DOUBLE)
        p->value.d = g_rand_double_range(rand, -1e9, 1e9);
    else if (p->type == VIR_TYPED_PARAM_LLONG || p->type == VIR_TYPED_PARAM_ULLONG)
        p->value.ul = (guint64)g_rand_int(rand) << 32 | g_rand_int(rand);
    else
        p->value.ui = g_rand_int(rand);
}

static gsize element_size(const XdrField *f)
{
    switch (f->kind) {
    case XDR_INT:
    case XDR_UINT:
        return 4;
    case XDR_HYPER:
    case XDR_UHYPER:
    case XDR_DOUBLE:
    case XDR_STRING:
        return 8;
    case XDR_USHORT:
        return 2;
    case XDR_STRUCT:
        return f->type->size;
    case XDR_TYPED_PARAM:
        return sizeof(RpcTypedParam);
    default:
        return 1;
    }
}

static void fill_element(const XdrField *f, void *value, GRand *rand)
{
    if (f->kind == XDR_STRING)
        *(char **)value = random_string(rand);
    else if (f->kind == XDR_STRUCT)
        rpc_fill(f->type, value, rand);
    else if (f->kind == XDR_TYPED_PARAM)
        fill_param(value, rand);
    else
        for (gsize i = 0; i < element_size(f); i++)
            ((guint8 *)value)[i] = g_rand_int(rand);
}

static void fill_field(const XdrField *f, guint8 *value, GRand *rand)
{
    guint8 *at = value + f->offset;
    guint n = 1;

    if (f->shape == XDR_OPTIONAL && f->kind == XDR_STRING) {
        if (g_rand_boolean(rand))
            *(char **)(void *)at = random_string(rand);
        return;
    }
    if (f->shape == XDR_OPTIONAL) {
        n = g_rand_boolean(rand);
        at = *(void **)(void *)at = n ? g_malloc0(element_size(f)) : NULL;
    } else if (f->shape == XDR_FIXED) {
        n = f->max;
    } else if (f->shape == XDR_COUNTED) {
        n = g_rand_int_range(rand, 0, MIN(f->max, 5) + 1);
        *(guint32 *)(void *)(value + f->count_offset) = n;
        at = *(void **)(void *)at = n ? g_malloc0_n(n, element_size(f)) : NULL;
    }
    for (guint i = 0; i < n; i++)
        fill_element(f, at + i * element_size(f), rand);
}

void rpc_fill(const XdrType *type, void *value, GRand *rand)
{
    for (guint i = 0; i < type->n_fields; i++)
        fill_field(&type->fields[i], value, rand);
}

GPtrArray *rpc_all_types(void)
{
    GPtrArray *types = g_ptr_array_new();

    for (guint i = 0; i < REMOTE_N_PROCS; i++) {
        if (remote_procs[i].args)
            g_ptr_array_add(types, (void *)remote_procs[i].args);
        if (remote_procs[i].ret)
            g_ptr_array_add(types, (void *)remote_procs[i].ret);
    }
    for (guint i = 0; i < QEMU_N_PROCS; i++) {
        if (qemu_procs[i].args)
            g_ptr_array_add(types, (void *)qemu_procs[i].args);
        if (qemu_procs[i].ret)
            g_ptr_array_add(types, (void *)qemu_procs[i].ret);
    }
    for (guint i = 0; i < REMOTE_N_EVENTS; i++)
        g_ptr_array_add(types, (void *)remote_events[i].msg);
    g_ptr_array_add(types, (void *)&remote_error_xdr);
    return types;
}
