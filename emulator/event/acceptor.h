/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accepts connections on the main loop. A connection that waits while the host has no
 * descriptor or memory for it would wake the loop again and again: then a timer tries
 * once in a while instead.
 */
#ifndef VIREO_EVENT_ACCEPTOR_H
#define VIREO_EVENT_ACCEPTOR_H

#include <glib.h>

typedef struct Acceptor Acceptor;

/* fd: the caller's now; non-blocking, close-on-exec. May free the acceptor. */
typedef void (*AcceptorFn)(int fd, void *opaque);

/* The listening descriptor, which is non-blocking, stays the caller's. */
Acceptor *acceptor_new(int listener, AcceptorFn fn, void *opaque);
void acceptor_free(Acceptor *acceptor);
/* Of one accept(): whether it is no use to try again at once. */
gboolean acceptor_exhausted(int error);

#endif
