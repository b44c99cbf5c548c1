/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test driver of tests/unit over qtest, and where the microvm has things. */
#pragma once
#include "tests/device/qtest.h"
#include "tests/unit/virtio-driver.h"

#define SLOT(n)     (0xfeb00000ull + 0x1000 * (n))
#define SLOT_PIN(n) (16 + (n)) /* of the I/O APIC */
#define GED_PRESENT 0xfea00004u
#define RINGS       0x400000 /* behind what the machine puts into RAM */

/* Whom the driver talks to. */
extern const GuestBus qtest_bus;
void qtest_bus_set(QTest *q);

/* A file in q's directory, or in dir without q. Free the path. */
char *make_image(const char *dir, const char *name, gsize size, int fill);
/* QMP commands whose return value does not matter. */
void qmp(QTest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
void wait_event(QTest *q, const char *name);
/* Capacity of a disk, in sectors. */
guint64 blk_capacity(VirtioDriver *d);

/* A command to a node of the driver x-test (block/testing.h): "NODE hold" ... */
void block_testing(QTest *q, const char *command);
/* How many requests the node holds now; how many have come to it in all. */
guint64 blocks_held(QTest *q, const char *node);
guint64 blocks_seen(QTest *q, const char *node);
