/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pvpanic (QEMU's docs/specs/pvpanic): a register of a byte. Reading tells which events
 * the host understands, writing sends one: the guest has panicked, or it has, and its
 * crash kernel takes over.
 */
#ifndef VIREO_HW_PVPANIC_H
#define VIREO_HW_PVPANIC_H

#include "memory/region.h"

#define PVPANIC_PANICKED     0x01
#define PVPANIC_CRASH_LOADED 0x02
#define PVPANIC_ALL          (PVPANIC_PANICKED | PVPANIC_CRASH_LOADED)

/* A region of size bytes, all of them the register. events: that the guest may use; read
 * at each access, the device's own. */
Region *pvpanic_region_new(const char *name, guint64 size, const guint32 *events);

#endif
