/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -smbios: what users say of the machine. */
#ifndef VIREO_FIRMWARE_SMBIOS_OPTIONS_H
#define VIREO_FIRMWARE_SMBIOS_OPTIONS_H

#include "config/kind.h"
#include "firmware/smbios.h"

extern const Kind smbios_kind; /* the types, and "file" */

/*
 * Reads the list tree["smbios"] (NULL: nothing is said) into info, which is all zero
 * before and owns what it then has: smbios_options_clear(), on failure, too. Files are
 * read at once. Main thread, at the start. Errors name the option.
 */
gboolean smbios_options_read(SmbiosInfo *info, ConfigNode *list, GError **errp);
void smbios_options_clear(SmbiosInfo *info);

#endif
