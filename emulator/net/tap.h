/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's tap devices (Documentation/networking/tuntap.rst). */
#ifndef VIREO_NET_TAP_H
#define VIREO_NET_TAP_H

#include <glib.h>

/*
 * A new descriptor of the interface, which is made if it does not exist. header: frames
 * have a virtio-net header; queues: it is one of several.
 */
int tap_open(const char *ifname, gboolean header, gboolean queues, GError **errp);
/*
 * Takes what a tap descriptor must be (a tap without packet information) for granted
 * from nobody. number: what the user calls it; NULL: it is ours. The interface's name is
 * the caller's to free. has_header: frames have a virtio-net header in front.
 */
gboolean tap_check(int fd, const char *number, char **ifname, gboolean *has_header,
                   GError **errp);
/* Whether it may be one of several queues of its interface: not, if that is for one. */
gboolean tap_takes_queues(int fd, GError **errp);
gboolean tap_set_header(int fd, unsigned length, unsigned offloads, GError **errp);
gboolean tap_has_offloads(int fd);
/* Whether packets go to this one of several queues; FALSE with errno. */
gboolean tap_attach(int fd, gboolean on);
/* Bytes that a queue may have on their way to the host; 0: no limit. */
gboolean tap_set_sndbuf(int fd, guint64 bytes, GError **errp);

#endif
