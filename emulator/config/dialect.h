/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dialects: where QEMU's and StratoVirt's users expect different answers. One
 * table holds each difference; everything else is the same code.
 */
#ifndef VIREO_CONFIG_DIALECT_H
#define VIREO_CONFIG_DIALECT_H

#include <glib.h>

typedef struct Dialect {
    const char *name;
    const char *default_machine;
    guint64 default_memory;          /* bytes */
    gboolean drive_direct;           /* -drive without cache= and direct= */
    gboolean drive_plugged;          /* -drive without if= is if=ide on a q35 */
    gboolean smp_prefers_sockets;    /* -smp N alone: N sockets, or N cores */
    const char *greeting_key;        /* of the version in QMP's greeting */
    guint version[3];                /* major, minor, micro */
    gboolean greeting_package;       /* the package string is filled in */
    gboolean event_data_always;      /* "data": {} in events without data */
    const char *netdev_type;         /* netdev_add without type; NULL: required */
    const char *blockdev_driver;     /* blockdev-add without driver; NULL: required */
    gboolean addr_is_disk; /* addr=N of a mmio disk: the guest's disk N, also to replace */
    const char *migrate_idle_status; /* query-migrate before any; NULL: no status */
} Dialect;

/* NULL when there is no such dialect. */
const Dialect *dialect_find(const char *name);
/* The dialect of this process: QEMU's until dialect_set(). */
const Dialect *dialect_get(void);
void dialect_set(const Dialect *dialect);
/* By the name that the program was called by: stratovirt*, else QEMU's. */
const Dialect *dialect_for_program(const char *argv0);

#endif
