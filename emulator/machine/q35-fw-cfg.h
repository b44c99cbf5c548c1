/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a q35 tells firmware by fw_cfg (hw/fw-cfg.h): the items that QEMU's has. */
#ifndef VIREO_MACHINE_Q35_FW_CFG_H
#define VIREO_MACHINE_Q35_FW_CFG_H

#include "machine/q35.h"

/* What the items are made of; borrowed, and there as long as the machine. */
typedef struct Q35FwCfg {
    /* q35_fw_cfg_check()'s */
    GPtrArray *files; /* of -fw_cfg */

    /* The board's, before q35_fw_cfg_fill(). */
    Q35Devices *devices;
    const Q35Choice *choice;
    const BoardMemory *memory;
    const guint8 *uuid; /* as it is written */
    gboolean acpi;
    gboolean graphics; /* firmware may use a screen, not only a serial port */
    gboolean direct;   /* a kernel is started without firmware: PCI is laid out */
} Q35FwCfg;

/* -fw_cfg; reads the files, creates nothing. */
gboolean q35_fw_cfg_check(Q35FwCfg *f, ConfigNode *config, GError **errp);
/* All devices are there: all items. */
gboolean q35_fw_cfg_fill(Q35FwCfg *f, GError **errp);
void q35_fw_cfg_free(Q35FwCfg *f);

#endif
