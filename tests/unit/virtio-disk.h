/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks on that board, for tests of the transport by them: the backend "n" is below the
 * block driver "x-test". A random number generator has the backend "r".
 */
#pragma once
#include "block/block.h"
#include "device/device.h"
#include "virtio-board.h"

#define DISK_SIZE (1u << 20)

extern guint32 present_mask; /* of slots */
extern char *image;          /* of zeros */
extern char *image2;         /* twice as large, of 0x22 */

Device *add_device(GError **errp, const char *json);
void add_node(const char *name, const char *path, gboolean read_only);
/* Waits until the device has gone. */
void unplug(Device *dev);
void reset_machine(void);
void quiesce_all(void);

/* A disk on slot 0 with a driver. more: properties. */
Device *start_disk(VirtioDriver *d, const char *more);
void stop_disk(Device *dev);
/* As the guest sees it, in sectors. */
guint64 capacity(VirtioDriver *d);
/* Makes n writes available without waiting. */
void queue_writes(VirtioDriver *d, unsigned n);

/* A test /virtio/NAME/..., of a disk on the main loop and of one with an iothread; fn is
 * given the properties. */
void disk_test_add(const char *name, GTestDataFunc fn);
/* The program: add() adds its tests. */
int disk_test_main(int argc, char **argv, void (*add)(void));
