/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The q35's SMBIOS tables: what the board has, and what users say of it. */
#ifndef VIREO_MACHINE_Q35_SMBIOS_H
#define VIREO_MACHINE_Q35_SMBIOS_H

#include "firmware/smbios.h"
#include "machine/q35.h"

typedef struct Q35Smbios {
    SmbiosInfo said; /* by the options */
    SmbiosRange ram[2];
} Q35Smbios;

/*
 * `-smbios`, `-uuid`; creates nothing, but reads files. What there is when it fails,
 * q35_smbios_free() takes. All on the main thread, under the machine lock.
 */
gboolean q35_smbios_check(Q35Smbios *smbios, ConfigNode *config, GError **errp);
void q35_smbios_free(Q35Smbios *smbios);
/* The devices are there. direct: q35_smbios_load() will be called. */
gboolean q35_smbios_ready(Q35Smbios *smbios, const BoardMemory *memory, gboolean direct,
                          GError **errp);
/* For firmware, by fw_cfg; after q35_smbios_ready(). smbios outlives the device. */
gboolean q35_smbios_add_files(Q35Smbios *smbios, Device *fw_cfg, GError **errp);
/* Writes them to Q35_SMBIOS_BASE, for each boot of a kernel without firmware. */
gboolean q35_smbios_load(const Q35Smbios *smbios, GError **errp);

#endif
