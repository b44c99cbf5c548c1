/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest may say to libslirp: Ethernet frames of ARP, IPv4 and IPv6; and of IPv4
 * only whole packets, since the library's reassembly (4.7.0) follows pointers that a
 * guest has written when fragments do not come in order, overlap, or have options.
 *
 * Fragments are put together here, as RFC 791 has it, for who sends them as all systems
 * do: in order and without options. Others are lost.
 */
#ifndef VIREO_NET_USER_FRAGMENTS_H
#define VIREO_NET_USER_FRAGMENTS_H

#include <glib.h>

typedef struct UserFragments UserFragments;

UserFragments *user_fragments_new(void);
void user_fragments_free(UserFragments *f);

/*
 * A frame of *len bytes from the guest. Returns what the library is to see, whose bytes
 * are *len: the same frame, or a packet that is whole now (which stays until the next
 * call); NULL: nothing.
 */
const guint8 *user_fragments_take(UserFragments *f, const guint8 *frame, gsize *len);

#endif
