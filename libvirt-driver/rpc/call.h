/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call in progress, as its handler sees it.
 *
 * How a handler is written. protocol.def has a row for each procedure; protocol.h, made
 * from it, has the structures and the prototype:
 *
 *     gboolean remote_domain_get_state(RpcCall *call,
 *                                      const RemoteDomainGetStateArgs *args,
 *                                      RemoteDomainGetStateRet *ret, GError **errp);
 *
 *  - It runs on a worker thread, as straight-line code, and may block. Rows with the
 *    word "high" are run by the reserved workers too and must not wait long.
 *  - Before it runs, the dispatcher has checked: authentication and CONNECT_OPEN, the
 *    read-only rule, the limits of all arguments, unknown flags. What strings mean is
 *    the handler's to check.
 *  - args belongs to the dispatcher. ret comes zeroed; what the handler stores in it is
 *    allocated with g_malloc and friends and is freed by the dispatcher, also on
 *    failure. A string that is not "string?" must be set on success.
 *  - Failure: FALSE, with an error from util/vir-error.h. Its code is what clients act
 * on.
 *  - A procedure without arguments or results has no such parameter.
 *
 * Then set handler=domain in the row; until then it answers NO_SUPPORT.
 */
#pragma once
#include "rpc/client.h"
#include "rpc/proc.h"
#include "rpc/stream.h"
#include "util/vir-error.h"

G_BEGIN_DECLS

/* The connection that the call came on; borrowed, ref it to keep it. */
RpcClient *rpc_call_client(const RpcCall *call);

/* The server; rpc_server_get_driver gives what main.c registered for the handlers. */
RpcServer *rpc_call_server(const RpcCall *call);

/*
 * For rows with the word "stream": opens the stream that belongs to this call. It
 * starts to move data when the handler has succeeded and its reply is queued, and is
 * dropped when the handler fails. Returns a reference that the caller owns. At most
 * once per call.
 */
RpcStream *rpc_call_open_stream(RpcCall *call);

/*
 * The reply comes later: what the handler returns after this does not count, and no
 * worker waits. Whoever has been told of the call ends it with rpc_call_finish, from any
 * thread, maybe before the handler has returned; with the error (borrowed), or NULL for
 * success. Not for procedures with streams, nor with results that are encoded here.
 */
void rpc_call_defer(RpcCall *call);
void rpc_call_finish(RpcCall *call, const GError *error);

/*
 * For who forwards calls (rpc_server_set_forward): the row, and the frame as the client
 * has sent it, which is the call's and may be changed.
 */
const RpcProc *rpc_call_proc(const RpcCall *call);
GByteArray *rpc_call_frame(RpcCall *call);

/*
 * Ends a deferred call with the frame of a reply to it, whose serial is put right; takes
 * reply. Any thread.
 */
void rpc_call_finish_frame(RpcCall *call, GByteArray *reply);

/*
 * Calls fn(opaque) on this worker right after a successful reply was queued, so that
 * whatever fn sends follows the reply. destroy (may be NULL) is called on opaque in any
 * case, also when the call fails and fn is never called.
 */
void rpc_call_after_reply(RpcCall *call, void (*fn)(gpointer opaque), gpointer opaque,
                          GDestroyNotify destroy);

G_END_DECLS
