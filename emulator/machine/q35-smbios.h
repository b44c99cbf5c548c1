/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The q35's SMBIOS tables. */
#ifndef VIREO_MACHINE_Q35_SMBIOS_H
#define VIREO_MACHINE_Q35_SMBIOS_H

#include "machine/q35.h"

/* Writes them to Q35_SMBIOS_BASE, at each boot; the vCPUs have been made. uuid: as it is
 * written, all zero: there is none. */
gboolean q35_load_smbios(const BoardMemory *memory, const guint8 uuid[16], GError **errp);

#endif
