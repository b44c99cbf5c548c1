/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's driver of the legacy interface of virtio over PCI (virtio 1.2, 4.1.4.8): by
 * ports, with rings at a page. What is not of that interface is virtio-pci.h's.
 */
#pragma once
#include "tests/device/virtio-pci.h"

#define LEGACY_QUEUES 4
#define F_ON_EMPTY    (1u << 24)
#define F_ANY_LAYOUT  (1u << 27)
#define F_INDIRECT    (1u << 28)
#define F_EVENT_IDX   (1u << 29)
#define F_BAD         (1u << 30)

typedef struct LegacyDriver {
    VirtioPciDriver pci; /* its rings and its data, too */
    guint16 io;          /* BAR 0 */
    unsigned n_queues;
} LegacyDriver;

/* Registers, as wide as they are: 1, 2 or 4 bytes. */
guint32 legacy_get(const LegacyDriver *d, unsigned offset);
void legacy_put(const LegacyDriver *d, unsigned offset, guint32 value);
/* A byte of the device's configuration, which is where MSI-X lets it be. */
guint8 legacy_config(const LegacyDriver *d, unsigned offset);

/* Finds the function, which decodes and masters from then on. */
void legacy_find(LegacyDriver *d, QTest *q, const char *where);
/* 3.1.2, up to the features: what is offered of `features`, which it returns. */
guint32 legacy_negotiate(LegacyDriver *d, guint32 features);
/* vector: of MSI-X, where that is on; may be NO_VECTOR. */
void legacy_set_up_queue(LegacyDriver *d, unsigned i, guint16 vector);
/* All of it, with every queue; vectors as many as there are, the last ones shared. */
void legacy_start(LegacyDriver *d, guint32 features);
void legacy_kick(LegacyDriver *d, unsigned queue);
/* virtio-blk: a read of a sector that is good. */
void legacy_read_one(LegacyDriver *d, unsigned queue);
