/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: who has registered for what (procedures 316 and 317), and the sending.
 *
 * A client gets the messages of all its registrations in the order of the calls of
 * rpc_event_emit; call it at the change of state, under whatever lock orders changes. A
 * client that does not read its messages is disconnected when its queue is full: it
 * never misses one silently.
 */
#pragma once
#include "rpc/client.h"
#include "rpc/protocol.h"

G_BEGIN_DECLS

/*
 * Sends an event to every registration for event_id (a virDomainEventID, 0 to
 * REMOTE_N_EVENTS - 1) that has no domain or the same UUID. msg points to the event's
 * message structure in protocol.h, for example
 *     RemoteDomainEventCallbackLifecycleMsg msg = {
 *         .dom = ..., .event = VIR_DOMAIN_EVENT_STARTED, .detail = ... };
 *     rpc_event_emit(server, VIR_DOMAIN_EVENT_ID_LIFECYCLE, &msg);
 * callbackID is filled in here; msg stays the caller's. Never blocks; any thread.
 */
void rpc_event_emit(RpcServer *server, int event_id, const void *msg);

/* Passes on the frame of an event that another daemon has sent for client; takes frame.
 */
void rpc_event_pass(RpcClient *client, GByteArray *frame);

G_END_DECLS
