/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to one of libvirt's daemons for one client of ours. Its calls are sent on
 * as they are but for their serials, as many at a time as there are; replies go back the
 * same way, and so do the events that the client has registered for. All of that happens
 * on the server's I/O thread, without blocking; other threads only queue.
 */
#pragma once
#include <glib.h>

#include "forward/client.h"
#include "rpc/call.h"

G_BEGIN_DECLS

typedef struct ForwardRelay ForwardRelay;

/* The longest call that is passed on, in bytes. */
#define FORWARD_CALL_MAX (8 << 20)

typedef struct ForwardRelayOptions {
    RpcClient *client;  /* ours; referenced */
    const char *driver; /* static */
    const char *path;   /* of the daemon's socket, for errors; copied */
    /*
     * While calls wait, the silence after which the daemon is pinged; when several pings
     * have not been answered either, it is given up. 0: it may be silent for ever, for it
     * does not offer the messages.
     */
    gint64 keepalive_us;
} ForwardRelayOptions;

/* Takes the connection that client has opened, and frees client. */
ForwardRelay *forward_relay_new(ForwardClient *client,
                                const ForwardRelayOptions *options);

/*
 * Passes a call on and finishes it some day: with the reply, or with SYSTEM_ERROR when
 * the connection ends first. FALSE: it has ended already, and the call is still the
 * caller's.
 */
gboolean forward_relay_call(ForwardRelay *relay, RpcCall *call);

/* Ends the connection and drops the reference. */
void forward_relay_close(ForwardRelay *relay);

G_END_DECLS
