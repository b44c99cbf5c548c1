/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands whose reply waits for the host, which does not answer while event/gate.c says
 * so: a VM with monitors of its own for them.
 */
#pragma once
#include "tests/device/monitor.h"
#include "tests/device/virtio-common.h"

#define MIB            (1u << 20)
#define LATE_CALLS_MAX 64 /* emulator/event/slow.c */
#define DONE           "{\"return\": {}}"

/* Of this program, while its tests run. */
extern char *late_dir, *late_image;

typedef struct Vm {
    QTest *q;
    Monitor b, c;
} Vm;

void late_open(Vm *vm, const char *more);
void late_close(Vm *vm);
void say_del(Monitor *m, const char *node);
/* How many wait for the host for the node. */
guint64 late_asked(Vm *vm, const char *node);
/* So many do for node "n". */
void until_asked(Vm *vm, guint64 n);
/* How often the VM has the image open. */
unsigned late_open_images(Vm *vm);
/* All else is served: the other monitors, and the guest. */
void assert_served(Vm *vm);
/* The tests, with a directory and an image in it. */
int late_run(void);
