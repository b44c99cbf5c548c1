/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many events a guest can make clients hear of: so many a second as the event's row
 * says, of those that are alike; of more the last one is kept, and sent when the second
 * is over, or before an event that has no limit, so that these follow what they follow
 * from. Those are alike that have the same name and the same strings in their data (a
 * device, a slot, an action); what differs in numbers says how it stands with the same
 * thing, and the last word counts. The second is the host's; under qtest the virtual
 * clock's, as QEMU's. Main loop or vCPU, under the machine lock.
 */
#ifndef VIREO_MONITOR_EVENT_LIMIT_H
#define VIREO_MONITOR_EVENT_LIMIT_H

#include "config/node.h"

typedef void (*EventSend)(ConfigNode *message);

/* Sends it now, or keeps it. data is borrowed; send stays the same one. */
void event_limit_emit(const char *name, ConfigNode *data, EventSend send);
/* The end: what is kept is sent, and nothing is left. */
void event_limit_flush(void);

#endif
