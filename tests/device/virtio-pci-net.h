/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of virtio-net over PCI share: a tap in a network namespace of its own, its
 * other end, frames that are known again, the control queue.
 */
#pragma once
#include "tests/device/virtio-pci.h"

#define ETHERTYPE 0x88b5
#define HEADER    12
#define BUFFERS   32 /* of each pair */
#define BYTES     0x800u
#define FRAME     100

/* TRUE: this process is in a namespace of its own, and may make taps. */
gboolean net_has_namespace(void);
/* The other end: a packet socket on the interface, which is brought up. */
int host_end(const char *ifname);
/* A frame that is known again by its last byte; vlan: or -1. */
void host_sends(int host, const guint8 *to, gint vlan, guint8 seed);
/* n flows of UDP over IPv4, which the host spreads over the queues; seeds 0 to n - 1. */
void send_flows(int host, unsigned n);

/* Receive buffers of a pair. */
guint64 net_buffer(const VirtioPciDriver *d, unsigned pair, unsigned i);
void offer(VirtioPciDriver *d, unsigned pair, unsigned n);
/* The next frame of a pair: its seed, or -1 when it is none of ours: the kernel's. */
int take_frame(VirtioPciDriver *d, unsigned pair);
int next_seed(VirtioPciDriver *d, unsigned pair);
/* A frame has come to that pair and was not taken yet. */
gboolean has_frame(VirtioPciDriver *d, unsigned pair);
void guest_sends(VirtioPciDriver *d, guint8 seed);

/* A command by the control queue; returns what the device says. */
guint8 net_command(VirtioPciDriver *d, unsigned queue, guint8 class, guint8 cmd,
                   const void *data, gsize len);
guint8 net_set_pairs(VirtioPciDriver *d, unsigned queue, guint16 pairs);
