/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's end of a user network: sockets of 127.0.0.1, and a guest by hand. */
#pragma once
#include "tests/device/net-guest.h"

#define GUEST 0x0a00020f /* 10.0.2.15 */
#define HOST  0x0a000202

/* Bound to a port that was free, and waits for no more than a minute. */
int host_socket(int type, guint16 *port);
guint16 free_port(void);
/* errno of the attempt, 0: *fd is connected. */
int host_connect(guint16 port, int *fd);
/* The host connects, and what it says comes to the guest. */
void talk(NetGuest *d, guint16 port, guint16 guest_port);
/* Before the guest has said a word, it is asked for its address. */
void answer_arp(NetGuest *d, guint16 port);
