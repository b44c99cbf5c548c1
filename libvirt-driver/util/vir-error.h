/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors as libvirt's clients know them: a GError whose code is a virErrorNumber
 * (libvirt/virterror.h) and whose message is the detail alone; the standard words
 * before it ("Domain not found: ") are added when the error is sent. A GError of any
 * other domain reaches the client as VIR_ERR_INTERNAL_ERROR.
 */
#pragma once
#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

G_BEGIN_DECLS

/* Codes of libvirt 11.2, which the headers of older ones lack. */
#define RPC_ERR_AGENT_COMMAND_TIMEOUT 112
#define RPC_ERR_AGENT_COMMAND_FAILED  113

#define RPC_ERROR rpc_error_quark()
GQuark rpc_error_quark(void);

/* A new error, owned by the caller. code: a virErrorNumber. */
GError *rpc_error_new(int code, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Sets *errp (which may be NULL) and returns FALSE, for "return rpc_error_set(...)". */
gboolean rpc_error_set(GError **errp, int code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* The same for an error of another virErrorDomain than the QEMU driver's. */
gboolean rpc_error_set_from(GError **errp, int domain, int code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* What an error of libvirt has besides code and message. */
typedef struct RpcErrorDetails {
    int domain; /* virErrorDomain */
    int level;  /* virErrorLevel */
    char *str[3];
    int int1, int2;
} RpcErrorDetails;

/*
 * An error as another daemon or a destination has given it, to be passed on as it is:
 * message is the whole one. details is copied.
 */
GError *rpc_error_new_details(int code, const char *message,
                              const RpcErrorDetails *details);

/* Those of any GError; strings are borrowed from it. */
void rpc_error_get_details(const GError *error, RpcErrorDetails *details);

/* The libvirt code of any GError. */
int rpc_error_code(const GError *error);

/* The whole message as a client shows it; owned by the caller. */
char *rpc_error_message(const GError *error);

G_END_DECLS
