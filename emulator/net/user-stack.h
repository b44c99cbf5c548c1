/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User networks by libslirp, a TCP/IP stack that speaks for the guest with sockets of the
 * host.
 *
 * Theory of operation. Each network is at the other end of a cable: a pair of packet
 * sockets, whose near end is the back end's descriptor and carries Ethernet frames
 * without a header, as a tap would. One thread owns all networks (the library has state
 * that they share) and is started when all are made, before the process has its filter:
 * so only this thread may make connections, and a guest that gets hold of the library
 * gains what the thread's filter allows. It has a table of descriptors of its own: however
 * many connections there are, the emulator does not run out of them. A network ends when its cable's near end is
 * closed. A frame that does not fit into the cable is lost, as on any other. What the
 * library is not to be trusted with (net/user-fragments.h) does not come to it.
 */
#ifndef VIREO_NET_USER_STACK_H
#define VIREO_NET_USER_STACK_H

#include "net/user-address.h"

typedef struct UserStack UserStack;

typedef struct UserConfig {
    UserAddresses addresses;
    gboolean restricted; /* nothing but forwarded ports */
    const char *hostname, *domainname;
    char **dnssearch; /* NULL: none */
} UserConfig;

/*
 * Main thread, before user_stacks_start(). Loads the library. The caller owns the near
 * end of the cable, which is non-blocking: closing it frees the network.
 */
UserStack *user_stack_new(const UserConfig *config, int *near, GError **errp);
/* Listens on the host's port. Main thread, before user_stacks_start(). */
gboolean user_stack_forward(UserStack *stack, const UserForward *forward, GError **errp);
/* Of one that is not served yet: its cable's near end is closed, too. */
void user_stack_abandon(UserStack *stack);

/* Serves the networks that there are, until their cables are closed. */
gboolean user_stacks_start(GError **errp);
/* Their cables are closed: waits for the thread. */
void user_stacks_stop(void);

#endif
