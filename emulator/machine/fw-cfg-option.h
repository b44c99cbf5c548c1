/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -fw_cfg name=NAME,file=FILE|string=TEXT, for boards that have a fw_cfg. */
#ifndef VIREO_MACHINE_FW_CFG_OPTION_H
#define VIREO_MACHINE_FW_CFG_OPTION_H

#include "device/device.h"

GPtrArray *fw_cfg_option_new(void); /* what it holds goes with it */
/* Appends what the options say, files read; creates nothing. */
gboolean fw_cfg_option_check(GPtrArray *files, ConfigNode *config, GError **errp);
/* Names that are there already are refused. */
gboolean fw_cfg_option_add(const GPtrArray *files, Device *dev, GError **errp);

#endif
