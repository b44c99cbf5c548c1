/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the dispatch table that gen-protocol.py makes consists of. */
#pragma once
#include <glib.h>

#include "rpc/xdr.h"

G_BEGIN_DECLS

typedef struct RpcCall RpcCall;

enum {
    RPC_PROC_READ_ONLY = 1 << 0,   /* allowed on read-only connections */
    RPC_PROC_PRIORITY = 1 << 1,    /* reserved workers serve it too; never waits long */
    RPC_PROC_BEFORE_AUTH = 1 << 2, /* allowed before authentication */
    RPC_PROC_BEFORE_OPEN = 1 << 3, /* allowed before CONNECT_OPEN */
    RPC_PROC_STREAM = 1 << 4,      /* the handler opens a stream */
};

typedef struct RpcProc {
    guint32 number;
    const char *name;
    guint32 attributes;
    const XdrType *args, *ret; /* NULL: none */
    int flags_offset;          /* of "flags" in the arguments; -1: not checked here */
    guint32 flags;             /* the bits that are accepted */
    guint32 rw_flags;          /* the bits refused on read-only connections */
    const char *acl;           /* permissions, separated by spaces */
    const char *driver;        /* of libvirt that gets the call as it is, or NULL */
    /* NULL: the call goes to driver; where there is none it is refused by its name. */
    gboolean (*handler)(RpcCall *call, const void *args, void *ret, GError **errp);
} RpcProc;

typedef struct RpcEvent {
    guint32 number; /* of the message's procedure */
    const char *name;
    const XdrType *msg; /* its first field is the callback's ID */
    gsize dom_offset;   /* of the domain in msg */
} RpcEvent;

/* What libvirt calls a procedure that is not in the table, or NULL. */
const char *rpc_proc_name(guint32 number);

G_END_DECLS
