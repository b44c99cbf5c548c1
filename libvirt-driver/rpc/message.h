/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames on the wire: a length word that counts itself, a header of six words, and a
 * payload.
 */
#pragma once
#include <glib.h>

#include "rpc/xdr.h"

G_BEGIN_DECLS

enum {
    RPC_PROGRAM_REMOTE = 0x20008086,
    RPC_PROGRAM_QEMU = 0x20008087,
    RPC_PROGRAM_KEEPALIVE = 0x6b656570,
    RPC_PROGRAM_VERSION = 1, /* of each */

    RPC_KEEPALIVE_PING = 1,
    RPC_KEEPALIVE_PONG = 2,

    RPC_FRAME_MIN = 28, /* length word and header */

    /* The payload of a stream frame that every client takes. */
    RPC_STREAM_CHUNK = 262120,
};
#define RPC_FRAME_MAX (XDR_MESSAGE_MAX + 4)

typedef enum RpcType {
    RPC_TYPE_CALL = 0,
    RPC_TYPE_REPLY = 1,
    RPC_TYPE_MESSAGE = 2,
    RPC_TYPE_STREAM = 3,
    RPC_TYPE_CALL_WITH_FDS = 4,
    RPC_TYPE_REPLY_WITH_FDS = 5,
    RPC_TYPE_STREAM_HOLE = 6,
} RpcType;

typedef enum RpcStatus {
    RPC_STATUS_OK = 0,
    RPC_STATUS_ERROR = 1,
    RPC_STATUS_CONTINUE = 2,
} RpcStatus;

typedef struct RpcHeader {
    guint32 program, version, procedure, type, serial, status;
} RpcHeader;

/* A frame with its header and no payload yet; the caller owns it. */
GByteArray *rpc_frame_new(const RpcHeader *header);

/* Sets the length word when the payload is complete. Fails when it is too long. */
gboolean rpc_frame_finish(GByteArray *frame, GError **errp);

/* A whole frame with value (of type; NULL: no payload). NULL on failure. */
GByteArray *rpc_frame_encode(const RpcHeader *header, const XdrType *type,
                             const void *value, GError **errp);

/* A whole frame with raw payload, at most RPC_STREAM_CHUNK. */
GByteArray *rpc_frame_raw(const RpcHeader *header, const void *data, gsize len);

/*
 * A whole frame with status ERROR that carries error. type: RPC_TYPE_REPLY or
 * RPC_TYPE_STREAM.
 */
GByteArray *rpc_frame_error(const RpcHeader *call, RpcType type, const GError *error);

/* Reads the header of a whole frame. */
RpcHeader rpc_frame_header(const GByteArray *frame);

/* Changes the serial of a whole frame. */
void rpc_frame_set_serial(GByteArray *frame, guint32 serial);

/*
 * Puts frames together from pieces of any size, never asking for a byte beyond the end
 * of the frame (file descriptors would be lost), and never holding much more memory
 * than has arrived.
 */
typedef struct RpcReader {
    GByteArray *frame; /* what there is of it, and room */
    gsize have;        /* bytes of it that have arrived */
    gsize total;       /* 0: not known yet */
} RpcReader;

/* Makes room; returns where to read to, and in *len how much at most (never 0). */
guint8 *rpc_reader_want(RpcReader *reader, gsize *len);

/* len bytes have arrived there. *frame: a complete frame, the caller's; or NULL. */
gboolean rpc_reader_got(RpcReader *reader, gsize len, GByteArray **frame, GError **errp);

void rpc_reader_clear(RpcReader *reader);

G_END_DECLS
