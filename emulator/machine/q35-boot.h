/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the q35's firmware is told of how to look for a system: by fw_cfg, and by CMOS
 * memory, as QEMU's is.
 */
#ifndef VIREO_MACHINE_Q35_BOOT_H
#define VIREO_MACHINE_Q35_BOOT_H

#include "config/boot.h"
#include "machine/q35.h"

typedef struct Q35Boot {
    BootOptions options;
    gboolean again; /* the first start, for which -boot once= is, is over */
} Q35Boot;

/* -boot; creates nothing. */
gboolean q35_boot_check(Q35Boot *boot, ConfigNode *config, GError **errp);
/* Its items of fw_cfg: all devices are there. incoming: the first start was elsewhere. */
gboolean q35_boot_fill(Q35Boot *boot, Q35Devices *q, gboolean incoming, GError **errp);
/*
 * At each start, before CMOS memory is written: what may have changed since the last one.
 */
void q35_boot_start(Q35Boot *boot, Q35Devices *q);

#endif
