/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clients ask of libvirt's other drivers (rpc/forward.def): each of ours gets a
 * connection of its own to each daemon that it needs, at the first call, read-only if it
 * is so itself; it ends with the client. A daemon that has gone is looked for again at
 * the next call.
 */
#pragma once
#include <glib.h>

#include "rpc/server.h"

G_BEGIN_DECLS

typedef struct ForwardService ForwardService;

typedef struct ForwardServiceOptions {
    const char *dir;     /* of the daemons' sockets; copied */
    guint open_ms;       /* what it may take to connect to one; 0: the default */
    gint64 keepalive_us; /* see ForwardRelayOptions; 0: the default */
} ForwardServiceOptions;

/* Forwards the calls of server's clients from here on; before it starts. */
ForwardService *forward_service_new(RpcServer *server,
                                    const ForwardServiceOptions *options);

/* After the server has stopped, or if it has never been started. */
void forward_service_free(ForwardService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardService, forward_service_free)

G_END_DECLS
