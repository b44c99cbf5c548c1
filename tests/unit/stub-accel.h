/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An accelerator that keeps what it is given: for tests of what raises interrupts. Its
 * irqfds are KVM's: one that has a count when it is attached fires, and keeps the count.
 */
#ifndef TESTS_UNIT_STUB_ACCEL_H
#define TESTS_UNIT_STUB_ACCEL_H

#include "accel/accel.h"

#define STUB_GSIS 80 /* of them 64 pins */

extern gboolean stub_has_irqfd; /* TRUE at first */
extern GArray *stub_sent;       /* MsiMessage: by send_msi() and by irqfds, in order */
extern GArray *stub_edges;      /* guint: GSIs without a route that an irqfd raised */
extern guint stub_commits;      /* that had something to do */
extern guint stub_added;        /* irqfds */
extern gboolean stub_race;      /* the data plane signals just before an irqfd is added */
extern gboolean stub_pic;       /* the 8259's output */

/* A message that a commit refuses. */
#define STUB_BAD_ADDRESS 0x1fee00000ull

/* event_init(), and the stub is the accelerator. */
void stub_accel_init(void);
/* What a data plane does: writes to the eventfd. */
void stub_signal(int fd);
/* The committed route; NULL: none. */
const MsiMessage *stub_route(unsigned gsi);
guint stub_routes(void);
guint stub_irqfds(void);
/* The number of messages sent since the last call, all of which must be this one. */
guint stub_take(guint32 data);

#endif
