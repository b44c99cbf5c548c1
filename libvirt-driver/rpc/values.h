/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed parameters: libvirt's way to pass named values in calls, replies and events. */
#pragma once
#include <glib.h>

#include "util/vir-error.h"

G_BEGIN_DECLS

typedef struct RpcTypedParam {
    char *field;
    gint32 type; /* virTypedParameterType; it says which member of value holds */
    union {
        gint32 i;
        guint32 ui;
        gint64 l;
        guint64 ul;
        double d;
        gint32 b;
        char *s;
    } value;
} RpcTypedParam;

/* Frees what one parameter owns, not the parameter. */
void rpc_typed_param_clear(RpcTypedParam *param);

/*
 * Collects parameters for a reply or an event:
 *     g_autoptr(RpcParams) p = rpc_params_new();
 *     rpc_params_add_ullong(p, VIR_DOMAIN_JOB_TIME_ELAPSED, ms);
 *     ret->params = rpc_params_steal(p, &ret->n_params);
 */
typedef struct RpcParams RpcParams;
RpcParams *rpc_params_new(void);
void rpc_params_free(RpcParams *params);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RpcParams, rpc_params_free)
void rpc_params_add_int(RpcParams *params, const char *field, gint32 value);
void rpc_params_add_uint(RpcParams *params, const char *field, guint32 value);
void rpc_params_add_llong(RpcParams *params, const char *field, gint64 value);
void rpc_params_add_ullong(RpcParams *params, const char *field, guint64 value);
void rpc_params_add_double(RpcParams *params, const char *field, double value);
void rpc_params_add_boolean(RpcParams *params, const char *field, gboolean value);
void rpc_params_add_string(RpcParams *params, const char *field, const char *value);
/* The array, now the caller's (NULL when empty); *n gets its length. */
RpcTypedParam *rpc_params_steal(RpcParams *params, guint32 *n);

/*
 * Reading: each sets *value and returns TRUE when the field is there, leaves *value
 * alone and returns TRUE when it is not, and fails with VIR_ERR_INVALID_ARG when it has
 * another type or occurs twice. Strings are borrowed from params.
 */
gboolean rpc_params_get_string(const RpcTypedParam *params, guint32 n, const char *field,
                               const char **value, GError **errp);
gboolean rpc_params_get_int(const RpcTypedParam *params, guint32 n, const char *field,
                            gint32 *value, GError **errp);
gboolean rpc_params_get_ullong(const RpcTypedParam *params, guint32 n, const char *field,
                               guint64 *value, GError **errp);

/*
 * Refuses every field that is not among known (NULL-terminated) with
 * VIR_ERR_INVALID_ARG, naming it.
 */
gboolean rpc_params_check(const RpcTypedParam *params, guint32 n,
                          const char *const *known, GError **errp);

G_END_DECLS
