/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest RAM and slots of the mmio transport in this process, whose registers a test
 * reaches as a vCPU would. With an iothread "io", and running.
 */
#pragma once
#include "event/loop.h"
#include "virtio-driver.h"

#define BASE      0xfeb00000ull
#define SLOT(n)   (BASE + 0x1000 * (n))
#define SLOTS_MAX 3
#define RINGS     0x100000

extern unsigned board_edges[SLOTS_MAX]; /* of the interrupt lines */
extern const GuestBus board_bus;

void bus_wait(void);
/* The same when it may happen in another thread. */
void bus_wait_some(void);
/* Of a vCPU, which goes on when nothing is held any more: *done. */
void bus_begin_write32(guint64 addr, guint32 value, gboolean *done);
void mem_read(guint64 addr, void *buf, gsize len);
void mem_write(guint64 addr, const void *buf, gsize len);

void board_make(unsigned slots);
void board_free(void);
