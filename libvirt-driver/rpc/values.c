/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/values.h"

struct RpcParams {
    GArray *array; /* of RpcTypedParam */
};

void rpc_typed_param_clear(RpcTypedParam *param)
{
    g_clear_pointer(&param->field, g_free);
    if (param->type == VIR_TYPED_PARAM_STRING)
        g_clear_pointer(&param->value.s, g_free);
}

static void clear_one(gpointer param)
{
    rpc_typed_param_clear(param);
}

RpcParams *rpc_params_new(void)
{
    RpcParams *params = g_new0(RpcParams, 1);

    params->array = g_array_new(FALSE, TRUE, sizeof(RpcTypedParam));
    g_array_set_clear_func(params->array, clear_one);
    return params;
}

void rpc_params_free(RpcParams *params)
{
    g_array_unref(params->array);
    g_free(params);
}

static RpcTypedParam *append(RpcParams *params, const char *field, int type)
{
    RpcTypedParam param = { .field = g_strdup(field), .type = type };

    g_array_append_val(params->array, param);
    return &g_array_index(params->array, RpcTypedParam, params->array->len - 1);
}

void rpc_params_add_int(RpcParams *params, const char *field, gint32 value)
{
    append(params, field, VIR_TYPED_PARAM_INT)->value.i = value;
}

void rpc_params_add_uint(RpcParams *params, const char *field, guint32 value)
{
    append(params, field, VIR_TYPED_PARAM_UINT)->value.ui = value;
}

void rpc_params_add_llong(RpcParams *params, const char *field, gint64 value)
{
    append(params, field, VIR_TYPED_PARAM_LLONG)->value.l = value;
}

void rpc_params_add_ullong(RpcParams *params, const char *field, guint64 value)
{
    append(params, field, VIR_TYPED_PARAM_ULLONG)->value.ul = value;
}

void rpc_params_add_double(RpcParams *params, const char *field, double value)
{
    append(params, field, VIR_TYPED_PARAM_DOUBLE)->value.d = value;
}

void rpc_params_add_boolean(RpcParams *params, const char *field, gboolean value)
{
    append(params, field, VIR_TYPED_PARAM_BOOLEAN)->value.b = !!value;
}

void rpc_params_add_string(RpcParams *params, const char *field, const char *value)
{
    append(params, field, VIR_TYPED_PARAM_STRING)->value.s = g_strdup(value);
}

RpcTypedParam *rpc_params_steal(RpcParams *params, guint32 *n)
{
    gsize len;
    RpcTypedParam *array = g_array_steal(params->array, &len);

    *n = len;
    return array;
}

/* Finds field, which must have the type; *found stays NULL when it is not there. */
static gboolean find(const RpcTypedParam *params, guint32 n, const char *field, int type,
                     const RpcTypedParam **found, GError **errp)
{
    *found = NULL;
    for (guint32 i = 0; i < n; i++) {
        if (!g_str_equal(params[i].field, field))
            continue;
        if (*found)
            return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                                 "parameter '%s' occurs multiple times", field);
        if (params[i].type != type)
            return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                                 "invalid type %d for parameter '%s', expected %d",
                                 params[i].type, field, type);
        *found = &params[i];
    }
    return TRUE;
}

gboolean rpc_params_get_string(const RpcTypedParam *params, guint32 n, const char *field,
                               const char **value, GError **errp)
{
    const RpcTypedParam *p;

    if (!find(params, n, field, VIR_TYPED_PARAM_STRING, &p, errp))
        return FALSE;
    if (p)
        *value = p->value.s;
    return TRUE;
}

gboolean rpc_params_get_int(const RpcTypedParam *params, guint32 n, const char *field,
                            gint32 *value, GError **errp)
{
    const RpcTypedParam *p;

    if (!find(params, n, field, VIR_TYPED_PARAM_INT, &p, errp))
        return FALSE;
    if (p)
        *value = p->value.i;
    return TRUE;
}

gboolean rpc_params_get_ullong(const RpcTypedParam *params, guint32 n, const char *field,
                               guint64 *value, GError **errp)
{
    const RpcTypedParam *p;

    if (!find(params, n, field, VIR_TYPED_PARAM_ULLONG, &p, errp))
        return FALSE;
    if (p)
        *value = p->value.ul;
    return TRUE;
}

gboolean rpc_params_check(const RpcTypedParam *params, guint32 n,
                          const char *const *known, GError **errp)
{
    for (guint32 i = 0; i < n; i++) {
        if (!g_strv_contains(known, params[i].field))
            return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                                 "parameter '%s' not supported", params[i].field);
    }
    return TRUE;
}
