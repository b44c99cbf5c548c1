/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that leave the VM ("SHUTDOWN", "DEVICE_DELETED", ...): devices and the
 * machine emit them, the monitor subscribes. Under the machine lock.
 */
#ifndef VIREO_EVENT_VM_EVENT_H
#define VIREO_EVENT_VM_EVENT_H

#include "config/node.h"

/* name: QMP's event name. data: its members, consumed; NULL for none. */
void vm_event_emit(const char *name, ConfigNode *data);
typedef void (*VmEventFn)(const char *name, ConfigNode *data, void *opaque);
void vm_event_subscribe(VmEventFn fn, void *opaque);
void vm_event_unsubscribe(VmEventFn fn, void *opaque);

#endif
