/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/vir-error.h"

#include <string.h>

#define XML_QUARK "xml - error - quark" /* of the layer above, which has the same codes  \
                                         */

/* What G_DEFINE_EXTENDED_ERROR keeps beside each error. */
typedef struct RpcErrorPrivate {
    RpcErrorDetails details;
    gboolean given;
    int domain; /* virErrorDomain, or 0 */
} RpcErrorPrivate;

static void rpc_error_private_init(RpcErrorPrivate *priv)
{
    priv->details = (RpcErrorDetails){ 0 };
}

static void rpc_error_private_copy(const RpcErrorPrivate *from, RpcErrorPrivate *to)
{
    *to = *from;
    for (guint i = 0; i < G_N_ELEMENTS(to->details.str); i++) {
        to->details.str[i] = g_strdup(from->details.str[i]);
    }
}

static void rpc_error_private_clear(RpcErrorPrivate *priv)
{
    for (guint i = 0; i < G_N_ELEMENTS(priv->details.str); i++) {
        g_free(priv->details.str[i]);
    }
}

G_DEFINE_EXTENDED_ERROR(RpcError, rpc_error)

/* What users of libvirt see before the detail. */
static const struct {
    int code;
    const char *words;
} error_words[] = {
    { VIR_ERR_INTERNAL_ERROR, "internal error: " },
    { VIR_ERR_NO_MEMORY, "out of memory: " },
    { VIR_ERR_NO_SUPPORT, "this function is not supported by the connection driver: " },
    { VIR_ERR_NO_CONNECT, "no connection driver available for " },
    { VIR_ERR_INVALID_CONN, "invalid connection pointer in " },
    { VIR_ERR_INVALID_DOMAIN, "invalid domain pointer in " },
    { VIR_ERR_INVALID_ARG, "invalid argument: " },
    { VIR_ERR_OPERATION_FAILED, "operation failed: " },
    { VIR_ERR_OS_TYPE, "unknown OS type " },
    { VIR_ERR_XML_ERROR, "XML error: " },
    { VIR_ERR_OPERATION_DENIED, "operation forbidden: " },
    { VIR_ERR_NO_DOMAIN, "Domain not found: " },
    { VIR_ERR_AUTH_FAILED, "authentication failed: " },
    { VIR_ERR_OPERATION_INVALID, "Requested operation is not valid: " },
    { VIR_ERR_OPERATION_TIMEOUT, "Timed out during operation: " },
    { VIR_ERR_CONFIG_UNSUPPORTED, "unsupported configuration: " },
    { VIR_ERR_ARGUMENT_UNSUPPORTED, "argument unsupported: " },
    { VIR_ERR_OPERATION_ABORTED, "operation aborted: " },
    { VIR_ERR_OPERATION_UNSUPPORTED, "Operation not supported: " },
    { VIR_ERR_MIGRATE_UNSAFE, "Unsafe migration: " },
    { VIR_ERR_MIGRATE_FINISH_OK, "migration successfully aborted: " },
    { VIR_ERR_OVERFLOW, "numerical overflow: " },
    { VIR_ERR_RESOURCE_BUSY, "resource busy: " },
    { VIR_ERR_ACCESS_DENIED, "access denied: " },
    { VIR_ERR_NO_DOMAIN_METADATA, "metadata not found: " },
    { VIR_ERR_NO_DOMAIN_SNAPSHOT, "Domain snapshot not found: " },
    { VIR_ERR_XML_INVALID_SCHEMA, "XML document failed to validate against schema: " },
    { VIR_ERR_DEVICE_MISSING, "device not found: " },
    { VIR_ERR_AGENT_UNRESPONSIVE, "Guest agent is not responding: " },
    { VIR_ERR_AGENT_UNSYNCED,
      "guest agent replied with wrong id to guest-sync command: " },
    { RPC_ERR_AGENT_COMMAND_TIMEOUT, "guest agent command timed out: " },
    { RPC_ERR_AGENT_COMMAND_FAILED, "guest agent command failed: " },
};

static GError *new_valist(int code, const char *format, va_list ap)
{
    return g_error_new_valist(RPC_ERROR, code, format, ap);
}

GError *rpc_error_new(int code, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    GError *error = new_valist(code, format, ap);
    va_end(ap);
    return error;
}

gboolean rpc_error_set(GError **errp, int code, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_propagate_error(errp, new_valist(code, format, ap));
    va_end(ap);
    return FALSE;
}

gboolean rpc_error_set_from(GError **errp, int domain, int code, const char *format, ...)
{
    GError *error;
    va_list ap;

    va_start(ap, format);
    error = new_valist(code, format, ap);
    va_end(ap);
    rpc_error_get_private(error)->domain = domain;
    g_propagate_error(errp, error);
    return FALSE;
}

GError *rpc_error_new_details(int code, const char *message,
                              const RpcErrorDetails *details)
{
    GError *error = g_error_new_literal(RPC_ERROR, code, message);
    RpcErrorPrivate *priv = rpc_error_get_private(error);
    RpcErrorPrivate given = { .details = *details, .given = TRUE };

    rpc_error_private_copy(&given, priv);
    return error;
}

/*
 * Most errors are of the QEMU driver's domain: clients test for it, and there is none for
 * a new driver. What is wrong with a definition is said by the code for definitions.
 */
static int error_domain(const GError *error, const RpcErrorPrivate *priv)
{
    if (error->domain == g_quark_try_string(XML_QUARK) &&
        error->code != VIR_ERR_DEVICE_MISSING &&
        error->code != VIR_ERR_OPERATION_INVALID) {
        return VIR_FROM_DOMAIN;
    }
    if (priv && priv->domain) {
        return priv->domain;
    }
    return rpc_error_code(error) == VIR_ERR_RPC ? VIR_FROM_RPC : VIR_FROM_QEMU;
}

void rpc_error_get_details(const GError *error, RpcErrorDetails *details)
{
    const RpcErrorPrivate *priv =
        error->domain == RPC_ERROR ? rpc_error_get_private(error) : NULL;

    if (priv && priv->given) {
        *details = priv->details;
        return;
    }
    *details = (RpcErrorDetails){
        .domain = error_domain(error, priv),
        .level = VIR_ERR_ERROR,
        .int1 = -1,
        .int2 = -1,
    };
}

int rpc_error_code(const GError *error)
{
    return error->domain == RPC_ERROR || error->domain == g_quark_try_string(XML_QUARK)
               ? error->code
               : VIR_ERR_INTERNAL_ERROR;
}

char *rpc_error_message(const GError *error)
{
    int code = rpc_error_code(error);
    const RpcErrorPrivate *priv =
        error->domain == RPC_ERROR ? rpc_error_get_private(error) : NULL;

    for (guint i = 0; !(priv && priv->given) && i < G_N_ELEMENTS(error_words); i++) {
        if (error_words[i].code == code)
            return g_strconcat(error_words[i].words, error->message, NULL);
    }
    return g_strdup(error->message);
}
