/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network back ends: `-netdev` makes them, by id.
 *
 * A back end has pairs of queues. While a NIC (net/nic.h) has it, the NIC opens the pairs
 * that it serves, each in the loop that it belongs to, and moves one packet with one
 * call, from and to guest memory: behind it is the descriptor of the pair, or operations
 * of the back end (net/backend.h). Packets have the virtio-net header in front that was
 * agreed on by net_backend_set_header(), or none where the back end has none.
 */
#ifndef VIREO_NET_NET_H
#define VIREO_NET_NET_H

#include <sys/uio.h>

#include "config/kind.h"
#include "event/loop.h"

#define NET_PACKET_MAX (65536 + 18) /* a frame with Ethernet and VLAN headers */
#define NET_PAIRS_MAX  256

typedef struct NetBackend NetBackend;

extern const Kind net_kind;

/* Main loop, under the machine lock. type=, id= and the type's options. */
NetBackend *net_backend_add(ConfigNode *node, GError **errp);
gboolean net_backend_del(const char *id, GError **errp);
NetBackend *net_backend_find(const char *id);
const char *net_backend_id(const NetBackend *net);
void net_cleanup(void);
/* Back ends that make sockets are refused from now on, and why; NULL: they are not. */
void net_deny(const char *why);
/* The command line's are there, and no filter yet: starts what serves them. */
gboolean net_serve(GError **errp);

/* What it can do: fixed when it was made. */
guint net_backend_pairs(const NetBackend *net);
gboolean net_backend_has_header(const NetBackend *net);
gboolean net_backend_has_offloads(const NetBackend *net);
/* The descriptor of a pair (a tap's), the back end's; -1: it has none. */
int net_backend_fd(const NetBackend *net, guint pair);
/* The same of a vhost device for it. */
int net_backend_vhost_fd(const NetBackend *net, guint pair);
/* Where these do not work the card is refused, rather than served here. */
gboolean net_backend_vhost_forced(const NetBackend *net);
/* The same of a card that can never be served by them. */
gboolean net_backend_vhost_required(const NetBackend *net);
gboolean net_backend_link_up(const NetBackend *net);

/*
 * For all pairs, under the machine lock: the length of the virtio-net header, and the
 * offloads (TUN_F_*) that the guest took. Nothing happens where there is no header.
 */
gboolean net_backend_set_header(NetBackend *net, unsigned length, unsigned offloads,
                                GError **errp);
/*
 * The host spreads what comes in over the first `active` pairs, of 1 to all. The others
 * get nothing, and what is sent by them may be lost. Under the machine lock. One that
 * fails leaves pair 0 as it was.
 */
gboolean net_backend_set_pairs(NetBackend *net, guint active, GError **errp);

/* One pair, of its loop's thread (main loop: or under the machine lock). */
typedef struct NetQueue NetQueue;
/* ready: what is possible of what was waited for; or an error, told as G_IO_ERR. */
typedef void (*NetReady)(void *opaque, GIOCondition ready);

NetQueue *net_queue_open(NetBackend *net, guint pair, EventLoop *loop, NetReady ready,
                         void *opaque);
/* What ready() is called for from now on, as long as it is so; 0: nothing. */
void net_queue_wait(NetQueue *q, GIOCondition want);
/* One packet, as readv(): what does not fit is lost. -1 with errno EAGAIN: none now. */
gssize net_queue_receive(NetQueue *q, const struct iovec *iov, guint n);
/* One packet, as writev(). -1 with errno EAGAIN: wait for G_IO_OUT. */
gssize net_queue_send(NetQueue *q, const struct iovec *iov, guint n);
void net_queue_close(NetQueue *q);

#endif
