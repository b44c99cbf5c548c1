/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port with a transport and a device of the tests' own, for those of ports: an
 * interrupt for each queue, queues of two loops, more queues than a word has bits. One at
 * a time has a driver.
 */
#pragma once
#include "virtio-board.h"
#include "virtio/port-internal.h"

#define QUEUES_MAX 33
#define NUM        8
#define LIVE       15 /* status of a driver that has set everything up */
#define NONE       -1

/* A transport that counts. */
typedef struct Transport {
    Device device;
    VirtioPort port;
    int fds[QUEUES_MAX + 1]; /* the last one: of the configuration */
    unsigned got[QUEUES_MAX + 1];
    gboolean unwanted[QUEUES_MAX + 1]; /* the driver has no vector for it */
    int refuses;                       /* this one, or NONE */
    guint64 ioeventfds;                /* of the queues that have one */
    unsigned interrupts;               /* by the control plane, of the configuration */
    unsigned resets;
} Transport;

/* A device that answers when it may. */
typedef struct TestDevice {
    VirtioDevice dev;
    gboolean two_loops; /* odd queues are the iothread's */
    gint hold;          /* atomic: requests stay in flight */
    VirtqElement elems[QUEUES_MAX];
    gboolean held[QUEUES_MAX];
    gint starts, stops, handled, wrong_thread; /* atomic */
} TestDevice;

extern GuestRing port_rings[QUEUES_MAX];

/* Its queues are the main loop's; or those of odd numbers the iothread's. */
TestDevice *plug(Transport **transport, unsigned n, gboolean two_loops);
void set_done(void *opaque); /* a gboolean */
/* Down, for good. */
void quiesce(Transport *t);
/* As unplug does: the transport may end with it. */
void take_off(void *opaque);
void unplug(Transport *t);
void assert_down(const Transport *t);
/* Interrupts that the data plane has made since the last call. */
guint64 interrupts(Transport *t, unsigned i);

/* The driver: all but DRIVER_OK, and with it. */
void set_up(Transport *t);
void go(Transport *t);
void add_request(unsigned queue);
/* In the queue's loop: what it holds is done. */
void release(void *opaque);
void wait_for(gint *counter, gint n);
/* The tests, on a board. */
int port_run(void);
